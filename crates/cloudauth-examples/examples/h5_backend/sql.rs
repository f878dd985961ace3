//! The store in SQLite or PostgreSQL. Every change is a single statement, so no transactions are needed.

use std::sync::Arc;

use cloudauth_hyper::CertifyId;
use cloudauth_hyper::proto::codes;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Client, Sensitive, UnixTime};
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::{AnyPool, Row};

use super::store::{CLAIM_SECONDS, Claim, LookupKey, Result, State, Store, Verification};

/// The columns of a [`Verification`].
const COLUMNS: &str = "order_no, state, certify_id, origin, page, sub_code, opened";

/// Number of verifications claimed at once: few enough to be processed while the claim lasts.
const BATCH_SIZE: i64 = 16;

pub(crate) struct SqlStore {
    pool: AnyPool,
    client: Arc<Client>,
}

impl SqlStore {
    /// Connects to `sqlite:file?mode=rwc` or `postgres://user:password@host/name`, and creates missing
    /// tables.
    pub(crate) async fn open(url: &str, client: Arc<Client>) -> Result<Self> {
        install_default_drivers();
        // SQLite has one writer at a time anyway.
        let is_sqlite = url.starts_with("sqlite:");
        let connections = if is_sqlite { 1 } else { 8 };
        let pool = AnyPoolOptions::new().max_connections(connections);
        let pool = pool.connect(url).await?;
        let schema = include_str!("schema.sql");
        if sqlx::raw_sql(schema).execute(&pool).await.is_err() {
            // Two instances that start at once may both try to create the tables.
            sqlx::raw_sql(schema).execute(&pool).await?;
        }
        Ok(Self { pool, client })
    }

    /// One line for each verification: order number, state, certify ID, `SubCode`, `deleted` or nothing.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        let all = "select order_no, state, coalesce(certify_id, ''), sub_code, \
            case when deleted = 1 then 'deleted' else '' end from verification order by opened";
        let rows = sqlx::query(all).fetch_all(&self.pool).await?;
        let line = |row: &AnyRow| {
            let texts: sqlx::Result<Vec<String>> =
                (0..row.len()).map(|at| row.try_get(at)).collect();
            Ok(texts?.join("\t"))
        };
        rows.iter().map(line).collect()
    }

    /// Generates the unique ID of a claim.
    fn claim_id(&self) -> String {
        self.client.entropy().nonce().as_str().to_owned()
    }
}

impl Store for SqlStore {
    async fn insert(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> Result<bool> {
        let done = sqlx::query(
            "insert into verification (order_no, visit, person, state, opened) \
             values ($1, $2, $3, 'opening', $4) on conflict do nothing",
        )
        .bind(order.as_str())
        .bind(visit)
        .bind(person)
        .bind(seconds(now))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn record_open(
        &self,
        order: &OuterOrderNo,
        id: &CertifyId,
        page: &Sensitive,
    ) -> Result<()> {
        let origin = id.origin().map(ToString::to_string).unwrap_or_default();
        sqlx::query(
            "update verification set state = 'open', certify_id = $2, origin = $3, page = $4 \
             where order_no = $1",
        )
        .bind(order.as_str())
        .bind(id.as_str())
        .bind(origin)
        .bind(page.expose())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn record_not_open(&self, order: &OuterOrderNo, state: State, code: &str) -> Result<()> {
        sqlx::query("update verification set state = $2, sub_code = $3 where order_no = $1 and state = 'opening'")
            .bind(order.as_str())
            .bind(state.name())
            .bind(code)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn find(&self, key: LookupKey<'_>) -> Result<Option<Verification>> {
        let (column, value) = match key {
            LookupKey::Order(order) => ("order_no", order.as_str()),
            LookupKey::Visit(visit) => ("visit", visit),
            LookupKey::CertifyId(id) => ("certify_id", id.as_str()),
        };
        let text = format!("select {COLUMNS} from verification where {column} = $1");
        let found = sqlx::query(&text).bind(value).fetch_optional(&self.pool);
        found.await?.map(|row| verification(&row)).transpose()
    }

    async fn record_event(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        code: &str,
        now: UnixTime,
    ) -> Result<()> {
        sqlx::query(
            "insert into event (order_no, kind, code, at) values ($1, $2, $3, $4) \
             on conflict do nothing",
        )
        .bind(order.as_str())
        .bind(kind)
        .bind(code)
        .bind(seconds(now))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn claim(&self, order: &OuterOrderNo, now: UnixTime) -> Result<Option<Claim>> {
        let id = self.claim_id();
        let text = format!(
            "update verification set claim = $1, claimed_until = $2 \
             where order_no = $3 and state in ('open', 'expired') and claimed_until <= $4 \
             returning {COLUMNS}"
        );
        let claimed = sqlx::query(&text)
            .bind(&id)
            .bind(seconds(now) + CLAIM_SECONDS.cast_signed())
            .bind(order.as_str())
            .bind(seconds(now))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = claimed else { return Ok(None) };
        let verification = verification(&row)?;
        Ok(Some(Claim { id, verification }))
    }

    async fn claim_due(&self, before: UnixTime, now: UnixTime) -> Result<Vec<Claim>> {
        let id = self.claim_id();
        // `claimed_until` is checked again in the outer query, after another instance's update.
        let text = format!(
            "update verification set claim = $1, claimed_until = $2 \
             where claimed_until <= $3 and order_no in ( \
                 select order_no from verification where claimed_until <= $3 and ( \
                     (state in ('opening', 'open') and opened <= $4) \
                     or (state in ('passed', 'failed') and deleted = 0) \
                 ) order by opened limit $5 \
             ) returning {COLUMNS}"
        );
        let claimed = sqlx::query(&text)
            .bind(&id)
            .bind(seconds(now) + CLAIM_SECONDS.cast_signed())
            .bind(seconds(now))
            .bind(seconds(before))
            .bind(BATCH_SIZE)
            .fetch_all(&self.pool)
            .await?;
        let claims = claimed.iter().map(|row| {
            let (id, verification) = (id.clone(), verification(row)?);
            Ok(Claim { id, verification })
        });
        claims.collect()
    }

    async fn release(&self, claim: &Claim, from: UnixTime) -> Result<()> {
        sqlx::query(
            "update verification set claimed_until = $1 where order_no = $2 and claim = $3",
        )
        .bind(seconds(from))
        .bind(claim.verification.order.as_str())
        .bind(&claim.id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn finish(&self, claim: &Claim, state: State, sub_code: &str) -> Result<bool> {
        let done = sqlx::query(
            "update verification set state = $1, sub_code = $2, page = '' \
             where order_no = $3 and claim = $4 and state in ('opening', 'open', 'expired')",
        )
        .bind(state.name())
        .bind(sub_code)
        .bind(claim.verification.order.as_str())
        .bind(&claim.id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn record_deleted(&self, claim: &Claim) -> Result<()> {
        sqlx::query("update verification set deleted = 1 where order_no = $1 and claim = $2")
            .bind(claim.verification.order.as_str())
            .bind(&claim.id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn seconds(time: UnixTime) -> i64 {
    time.seconds().cast_signed()
}

fn verification(row: &AnyRow) -> Result<Verification> {
    let text = |column| row.try_get::<String, _>(column);
    let origin = text("origin")?;
    let id: Option<String> = row.try_get("certify_id")?;
    let id = id.map(CertifyId::new).map(|id| match origin.parse() {
        Ok(origin) => id.with_origin(origin),
        Err(_) => id,
    });
    let page = Some(text("page")?).filter(|page| !page.is_empty());
    let state = State::from_name(&text("state")?).ok_or("unknown state in the store")?;
    let code = Some(text("sub_code")?).filter(|_| state == State::Refused);
    Ok(Verification {
        order: OuterOrderNo::new(text("order_no")?.as_str())?,
        state,
        refusal: code.and_then(|code| codes::code_of("InitFaceVerify", &code)),
        certify_id: id,
        page: page.map(Sensitive::new),
        opened: UnixTime::from_seconds(row.try_get::<i64, _>("opened")?.cast_unsigned()),
    })
}

//! The ledger in SQLite or PostgreSQL. Every change is one statement, so there are no transactions.

use std::sync::Arc;

use cloudauth_hyper::ops::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Client, Sensitive, UnixTime};
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::{AnyPool, Row};

use super::ledger::{By, Claim, Entry, LEASE, Ledger, Result, State};

/// What an [`Entry`] is made of.
const COLUMNS: &str = "order_no, state, certify_id, home, page, opened";

/// How many are claimed at once: few enough to be dealt with while the claim lasts.
const AT_ONCE: i64 = 16;

pub(crate) struct SqlLedger {
    pool: AnyPool,
    client: Arc<Client>,
}

impl SqlLedger {
    /// `sqlite:file?mode=rwc` or `postgres://user:password@host/name`; tables are made if needed.
    pub(crate) async fn open(url: &str, client: Arc<Client>) -> Result<Self> {
        install_default_drivers();
        // SQLite has one writer at a time anyway.
        let is_sqlite = url.starts_with("sqlite:");
        let connections = if is_sqlite { 1 } else { 8 };
        let pool = AnyPoolOptions::new().max_connections(connections);
        let pool = pool.connect(url).await?;
        let schema = include_str!("schema.sql");
        if sqlx::raw_sql(schema).execute(&pool).await.is_err() {
            // Two instances that begin at once may both try to make the tables.
            sqlx::raw_sql(schema).execute(&pool).await?;
        }
        Ok(Self { pool, client })
    }

    /// What is kept, a line for each verification: order, state, certify id, `SubCode`, whether it is
    /// erased.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        let all = "select order_no, state, coalesce(certify_id, ''), sub_code, \
            case when erased = 1 then 'erased' else '' end from verification order by opened";
        let rows = sqlx::query(all).fetch_all(&self.pool).await?;
        let line = |row: &AnyRow| {
            let texts: sqlx::Result<Vec<String>> =
                (0..row.len()).map(|at| row.try_get(at)).collect();
            Ok(texts?.join("\t"))
        };
        rows.iter().map(line).collect()
    }

    /// A name for a claim that nobody else has.
    fn name(&self) -> String {
        self.client.entropy().nonce().as_str().to_owned()
    }
}

impl Ledger for SqlLedger {
    async fn intend(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> Result<bool> {
        let done = sqlx::query(
            "insert into verification (order_no, visit, person, state, opened) \
             values ($1, $2, $3, 'asked', $4) on conflict do nothing",
        )
        .bind(order.as_str())
        .bind(visit)
        .bind(person)
        .bind(seconds(now))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn opened(&self, order: &OuterOrderNo, id: &CertifyId, page: &Sensitive) -> Result<()> {
        let home = id.home().map(ToString::to_string).unwrap_or_default();
        sqlx::query(
            "update verification set state = 'open', certify_id = $2, home = $3, page = $4 \
             where order_no = $1",
        )
        .bind(order.as_str())
        .bind(id.as_str())
        .bind(home)
        .bind(page.expose())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn not_opened(&self, order: &OuterOrderNo, state: State) -> Result<()> {
        sqlx::query("update verification set state = $2 where order_no = $1 and state = 'asked'")
            .bind(order.as_str())
            .bind(state.name())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn find(&self, by: By<'_>) -> Result<Option<Entry>> {
        let (column, value) = match by {
            By::Order(order) => ("order_no", order.as_str()),
            By::Visit(visit) => ("visit", visit),
            By::CertifyId(id) => ("certify_id", id.as_str()),
        };
        let text = format!("select {COLUMNS} from verification where {column} = $1");
        let found = sqlx::query(&text).bind(value).fetch_optional(&self.pool);
        found.await?.map(|row| entry(&row)).transpose()
    }

    async fn hint(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        said: &str,
        now: UnixTime,
    ) -> Result<()> {
        sqlx::query(
            "insert into hint (order_no, kind, said, at) values ($1, $2, $3, $4) \
             on conflict do nothing",
        )
        .bind(order.as_str())
        .bind(kind)
        .bind(said)
        .bind(seconds(now))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn claim(&self, order: &OuterOrderNo, now: UnixTime) -> Result<Option<Claim>> {
        let by = self.name();
        let text = format!(
            "update verification set claim = $1, claimed_until = $2 \
             where order_no = $3 and state in ('open', 'lapsed') and claimed_until <= $4 \
             returning {COLUMNS}"
        );
        let claimed = sqlx::query(&text)
            .bind(&by)
            .bind(seconds(now) + LEASE.cast_signed())
            .bind(order.as_str())
            .bind(seconds(now))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = claimed else { return Ok(None) };
        let entry = entry(&row)?;
        Ok(Some(Claim { by, entry }))
    }

    async fn claim_due(&self, before: UnixTime, now: UnixTime) -> Result<Vec<Claim>> {
        let by = self.name();
        // Whoever waited for another instance's update looks at `claimed_until` again after it.
        let text = format!(
            "update verification set claim = $1, claimed_until = $2 \
             where claimed_until <= $3 and order_no in ( \
                 select order_no from verification where claimed_until <= $3 and ( \
                     (state in ('asked', 'open') and opened <= $4) \
                     or (state in ('passed', 'failed') and erased = 0) \
                 ) order by opened limit $5 \
             ) returning {COLUMNS}"
        );
        let claimed = sqlx::query(&text)
            .bind(&by)
            .bind(seconds(now) + LEASE.cast_signed())
            .bind(seconds(now))
            .bind(seconds(before))
            .bind(AT_ONCE)
            .fetch_all(&self.pool)
            .await?;
        let claims = claimed.iter().map(|row| {
            let (by, entry) = (by.clone(), entry(row)?);
            Ok(Claim { by, entry })
        });
        claims.collect()
    }

    async fn release(&self, claim: &Claim, from: UnixTime) -> Result<()> {
        sqlx::query(
            "update verification set claimed_until = $1 where order_no = $2 and claim = $3",
        )
        .bind(seconds(from))
        .bind(claim.entry.order.as_str())
        .bind(&claim.by)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn settle(&self, claim: &Claim, state: State, sub_code: &str) -> Result<bool> {
        let done = sqlx::query(
            "update verification set state = $1, sub_code = $2, page = '' \
             where order_no = $3 and claim = $4 and state in ('asked', 'open', 'lapsed')",
        )
        .bind(state.name())
        .bind(sub_code)
        .bind(claim.entry.order.as_str())
        .bind(&claim.by)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn erased(&self, claim: &Claim) -> Result<()> {
        sqlx::query("update verification set erased = 1 where order_no = $1 and claim = $2")
            .bind(claim.entry.order.as_str())
            .bind(&claim.by)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn seconds(time: UnixTime) -> i64 {
    time.seconds().cast_signed()
}

fn entry(row: &AnyRow) -> Result<Entry> {
    let text = |column| row.try_get::<String, _>(column);
    let home = text("home")?;
    let id: Option<String> = row.try_get("certify_id")?;
    let id = id.map(CertifyId::new).map(|id| match home.parse() {
        Ok(home) => id.of(home),
        Err(_) => id,
    });
    let page = Some(text("page")?).filter(|page| !page.is_empty());
    Ok(Entry {
        order: OuterOrderNo::new(text("order_no")?.as_str())?,
        state: State::named(&text("state")?).ok_or("the ledger has a state that is not known")?,
        certify_id: id,
        page: page.map(Sensitive::new),
        opened: UnixTime::from_seconds(row.try_get::<i64, _>("opened")?.cast_unsigned()),
    })
}

//! The five steps, the verdict and the sweep, without HTTP and HTML.

use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use cloudauth_hyper::CertifyId;
use cloudauth_hyper::ops::{DeleteFaceVerifyResult, DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::verify::{
    Callback, CallbackKey, IdentityCard, Model, OuterOrderNo, PollVerdict, Redirect, SceneId,
    TokenError, Verdict, YesNo,
};
use cloudauth_hyper::{Client, Sensitive, UnixTime};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::hash::PersonHasher;
use super::site::Site;
use super::store::{Claim, LookupKey, Result, State, Store, Verification};

/// Settings of a deployment.
pub(crate) struct Settings {
    /// Scene ID, from the console.
    pub(crate) scene: i64,
    /// URL at which browsers reach this program, and their cookies.
    pub(crate) site: Site,
    /// URL that the service calls. Used only if it is https.
    pub(crate) callback_url: String,
    /// Whether the service is a simulator. Then the vendor's script is not loaded.
    pub(crate) is_simulated: bool,
    /// How long a verification may have no verdict before it is queried a last time.
    pub(crate) verdict_timeout: Duration,
}

impl Settings {
    /// The lifetime of a verification, half an hour, and a minute for clocks that differ.
    pub(crate) const VERDICT_TIMEOUT: Duration =
        CertifyId::LIFETIME.saturating_add(Duration::from_secs(60));
}

/// The person to be verified, from the form of the start page.
pub(crate) struct Person {
    pub(crate) card: IdentityCard,
    pub(crate) meta_info: Sensitive,
}

/// Seconds after which a verification that is still being opened counts as unknown: longer than a call to
/// the service with all its attempts.
const MAX_CALL_SECONDS: u64 = 60;

/// Minimum seconds before the next try after an error.
const MIN_RETRY_SECONDS: u64 = 60;

/// Minimum seconds between two queries for one verdict, however often the result page is loaded. The page
/// reloads by itself after three.
const MIN_QUERY_SECONDS: u64 = 2;

/// How often a callback tries to query the verdict, once a second, while that is being done or was done a
/// moment ago.
const CALLBACK_TRIES: u32 = 10;

pub(crate) struct Backend<S> {
    client: Arc<Client>,
    pub(crate) store: S,
    pub(crate) settings: Settings,
    callbacks: CallbackKey,
    people: PersonHasher,
}

impl<S: Store> Backend<S> {
    /// `secret` has at least 32 bytes, and all instances share it.
    pub(crate) fn new(
        client: Arc<Client>,
        store: S,
        settings: Settings,
        secret: &[u8],
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            client,
            store,
            settings,
            callbacks: CallbackKey::new(secret)?,
            people: PersonHasher::new(secret),
        }))
    }

    /// Generates the ID of a new visit.
    pub(crate) fn new_visit(&self) -> String {
        self.client.entropy().nonce().as_str().to_owned()
    }

    /// Step 1: opens one verification per visit, however often the form is sent. The store then has the
    /// state of the visit.
    pub(crate) async fn open(self: Arc<Self>, visit: String, person: Person) -> Result<()> {
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        let (card, now) = (person.card, now());
        let hash = self.people.hash(card.name.expose(), card.number.expose());
        if !self.store.insert(&order, &visit, &hash, now).await? {
            return Ok(());
        }
        let url = self.settings.site.url();
        // Callbacks may arrive after the lifetime of the verification.
        let expires = UnixTime::from_seconds(now.seconds() + 2 * CertifyId::LIFETIME.as_secs());
        let mut init = InitFaceVerify::id_pro_h5(
            SceneId(self.settings.scene),
            order.clone(),
            card,
            format!("{url}/back"),
            person.meta_info,
        )
        .model(Model::MoveAction);
        if self.settings.callback_url.starts_with("https:") {
            let token = self.callbacks.token(&order, expires);
            init = init.callback_url(&*self.settings.callback_url);
            init = init.callback_token(token.expose());
        }
        match self.client.call(&init).await.map(|reply| reply.value) {
            Ok(opened) => match opened.certify_url {
                Some(page) => {
                    let id = &opened.certify_id;
                    self.store.record_open(&order, id, &page).await
                }
                // The service returns no page if `MetaInfo` did not come from its script.
                None => self.store.record_not_open(&order, State::Unknown, "").await,
            },
            Err(error) => {
                log(&order, &error);
                let state = if error.may_have_been_carried_out() {
                    State::Unknown
                } else {
                    State::Refused
                };
                let code = error.code().unwrap_or_default();
                self.store.record_not_open(&order, state, code).await
            }
        }
    }

    /// Finds the verification of a visit.
    pub(crate) async fn find(&self, visit: &str) -> Result<Option<Verification>> {
        let mut found = self.store.find(LookupKey::Visit(visit)).await?;
        // The program ended before the response arrived.
        if let Some(verification) = &mut found
            && verification.state == State::Opening
            && now().seconds() > verification.opened.seconds() + MAX_CALL_SECONDS
        {
            verification.state = State::Unknown;
        }
        Ok(found)
    }

    /// Step 3: a hint to query the verdict now. Returns the HTTP status of the response.
    pub(crate) async fn callback(self: &Arc<Self>, query: &str) -> Result<u16> {
        let Ok(callback) = Callback::parse(query) else {
            return Ok(400);
        };
        let id = callback.certify_id();
        let checked = self.callbacks.check(&callback, now());
        let (key, kind) = match &checked {
            Ok(order) => (LookupKey::Order(order), "callback"),
            Err(TokenError::Expired(order)) => (LookupKey::Order(order), "late_callback"),
            Err(_) => (LookupKey::CertifyId(id), "forged_callback"),
        };
        let found = self.store.find(key).await?;
        let status = if kind == "forged_callback" { 403 } else { 200 };
        let Some(verification) = found else {
            return Ok(status);
        };
        let kind = match &verification.certify_id {
            Some(own) if own.as_str() != id.as_str() => "mismatched_callback",
            _ => kind,
        };
        let code = callback.meaning().map_or("other", |meaning| meaning.code);
        let order = verification.order;
        self.store.record_event(&order, kind, code, now()).await?;
        let can_change = matches!(verification.state, State::Open | State::Expired);
        if kind == "callback" && can_change {
            // In a task of its own: the service waits three seconds for the response.
            tokio::spawn(Arc::clone(self).poll_after_callback(order));
        }
        Ok(status)
    }

    /// Step 4: also a hint. Returns whether the person has finished, according to the query string. The
    /// visit is identified by its cookie.
    pub(crate) async fn redirected(
        &self,
        verification: &Verification,
        query: &str,
    ) -> Result<bool> {
        let returned = Redirect::parse(query);
        let code = returned.as_ref().ok().and_then(Redirect::meaning);
        let code = code.map_or("other", |meaning| meaning.code);
        let id = |id: Option<&CertifyId>| id.map(|id| id.as_str().to_owned());
        let (kind, has_finished) = match &returned {
            Err(_) => ("invalid_redirect", true),
            Ok(it) if id(it.certify_id()) != id(verification.certify_id.as_ref()) => {
                ("mismatched_redirect", true)
            }
            Ok(it) => ("redirect", it.has_finished()),
        };
        let order = &verification.order;
        self.store.record_event(order, kind, code, now()).await?;
        Ok(has_finished)
    }

    /// Step 5: queries the verdict, unless another task or instance is doing so, or did so a moment ago.
    /// Returns whether it did.
    pub(crate) async fn poll(self: Arc<Self>, order: OuterOrderNo) -> bool {
        match self.store.claim(&order, now()).await {
            Ok(Some(claim)) => {
                self.process(claim).await;
                true
            }
            Ok(None) => false,
            Err(error) => {
                log(&order, &*error);
                false
            }
        }
    }

    /// Queries the verdict after what is querying it now, which may be too early for the verdict that the
    /// callback announces.
    async fn poll_after_callback(self: Arc<Self>, order: OuterOrderNo) {
        for _ in 0..CALLBACK_TRIES {
            if Arc::clone(&self).poll(order.clone()).await {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Processes verifications whose browser was not redirected back, until none is due.
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<()> {
        loop {
            let timeout = self.settings.verdict_timeout.as_secs();
            let before = UnixTime::from_seconds(now().seconds().saturating_sub(timeout));
            let claims = self.store.claim_due(before, now()).await?;
            if claims.is_empty() {
                return Ok(());
            }
            let mut tasks = JoinSet::new();
            for claim in claims {
                let backend = Arc::clone(self);
                tasks.spawn(async move { backend.process(claim).await });
            }
            tasks.join_all().await;
        }
    }

    /// Sweeps at this interval, forever.
    pub(crate) async fn sweep_forever(self: Arc<Self>, interval: Duration) {
        loop {
            if let Err(error) = self.sweep().await {
                super::log_error(&format!("sweep: {error}"));
            }
            sleep(interval).await;
        }
    }

    async fn process(&self, claim: Claim) {
        // After an error the claim expires.
        if let Err(error) = self.try_to_process(&claim).await {
            log(&claim.verification.order, &*error);
        }
    }

    async fn try_to_process(&self, claim: &Claim) -> Result<()> {
        let verification = &claim.verification;
        let age = now()
            .seconds()
            .saturating_sub(verification.opened.seconds());
        let is_late = age >= self.settings.verdict_timeout.as_secs();
        // The older a verification, the longer the backoff after an error.
        let backoff = MIN_RETRY_SECONDS.max(age / 2);
        let backoff_unless = |is_done| if is_done { 0 } else { backoff };
        let wait = match (verification.state, &verification.certify_id) {
            (State::Passed | State::Failed, Some(id)) => {
                backoff_unless(self.delete(claim, id).await?)
            }
            (_, Some(id)) => {
                let query = DescribeFaceVerify::new(self.settings.scene, id.clone());
                match self.client.run(PollVerdict::once(query)).await {
                    Ok(Some(verdict)) => {
                        let is_first = self.record_verdict(claim, &verdict).await?;
                        backoff_unless(is_first && self.delete(claim, id).await?)
                    }
                    Ok(None) if is_late => {
                        self.store.finish(claim, State::Expired, "").await?;
                        MIN_QUERY_SECONDS
                    }
                    Ok(None) => MIN_QUERY_SECONDS,
                    Err(error) => {
                        log(&verification.order, &error);
                        // A browser that is waiting causes the next query.
                        if is_late { backoff } else { MIN_QUERY_SECONDS }
                    }
                }
            }
            (_, None) => backoff_unless(self.store.finish(claim, State::Unknown, "").await?),
        };
        let from = UnixTime::from_seconds(now().seconds() + wait);
        self.store.release(claim, from).await
    }

    /// Records the verdict that the service returned. It returns `true` exactly once per verification:
    /// what a verdict entails for the application belongs here.
    async fn record_verdict(&self, claim: &Claim, verdict: &Verdict) -> Result<bool> {
        let state = match verdict {
            Verdict::Passed(_) => State::Passed,
            Verdict::NotPassed(_) => State::Failed,
        };
        let response = &verdict.reply().response().value;
        let sub_code = response.sub_code.as_deref().unwrap_or_default();
        let is_first = self.store.finish(claim, state, sub_code).await?;
        if is_first {
            let (order, state) = (&claim.verification.order, state.name());
            super::print(&format!("verdict {order} {state} {sub_code}"));
        }
        Ok(is_first)
    }

    /// Deletes pictures and videos at the service; with the verdict recorded, they are not needed.
    async fn delete(&self, claim: &Claim, id: &CertifyId) -> Result<bool> {
        let delete = DeleteFaceVerifyResult::new().certify_id(id.clone());
        match self.client.call(&delete).await {
            Ok(reply) => {
                let reply = reply.value;
                let is_deleted = match reply.fail_reason.as_deref() {
                    // A deletion whose response was lost.
                    Some("NOT_DELETE_REPEATEDLY") => true,
                    _ => reply.delete_result == Some(YesNo::Yes),
                };
                if is_deleted {
                    self.store.record_deleted(claim).await?;
                }
                Ok(is_deleted)
            }
            Err(error) => {
                log(&claim.verification.order, &error);
                Ok(false)
            }
        }
    }
}

/// Logs an error with its order number. Errors of the driver hold no personal data.
fn log(order: &OuterOrderNo, error: &(impl core::fmt::Display + ?Sized)) {
    super::log_error(&format!("{order}: {error}"));
}

fn now() -> UnixTime {
    SystemTime::now().into()
}

//! The five steps, the verdict and the sweep. What stands here knows nothing of HTML.

use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use cloudauth_hyper::ops::{CertifyId, DeleteFaceVerifyResult, DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::verify::{
    CallbackKey, IdentityCard, Model, Notice, OuterOrderNo, Returned, SceneId, TokenError,
    Verified, Watch,
};
use cloudauth_hyper::{Client, Sensitive, UnixTime};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::hash::Key;
use super::ledger::{By, Claim, Entry, Ledger, Result, State};

/// What differs from one place to another.
pub(crate) struct Settings {
    /// The scene, from the console.
    pub(crate) scene: i64,
    /// Under which browsers reach this program; no slash at the end.
    pub(crate) url: String,
    /// What the service calls; https, or it calls nothing.
    pub(crate) callback_url: String,
    /// Whether a simulator stands in for the service: then nothing of the vendor's is loaded.
    pub(crate) is_simulated: bool,
    /// How long a verification may stay without a verdict before it is asked for a last time.
    pub(crate) patience: Duration,
}

impl Settings {
    /// The half hour, and a minute for clocks that differ.
    pub(crate) const PATIENCE: Duration =
        CertifyId::LIFETIME.saturating_add(Duration::from_secs(60));
}

/// Who is to be verified, as the start page's form says.
pub(crate) struct Person {
    pub(crate) card: IdentityCard,
    pub(crate) meta_info: Sensitive,
}

/// Longer than a call to the service takes, with everything that is tried. Whoever has waited so long
/// for one begins again.
const LONGEST_CALL: u64 = 60;

/// After an error, not at once again.
const PAUSE: u64 = 60;

pub(crate) struct Backend<L> {
    client: Arc<Client>,
    pub(crate) ledger: L,
    pub(crate) settings: Settings,
    callbacks: CallbackKey,
    key: Key,
}

impl<L: Ledger> Backend<L> {
    /// With a secret of at least 32 bytes, which all instances share.
    pub(crate) fn new(
        client: Arc<Client>,
        ledger: L,
        settings: Settings,
        secret: &[u8],
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            client,
            ledger,
            settings,
            callbacks: CallbackKey::new(secret)?,
            key: Key::new(secret),
        }))
    }

    /// A cookie for a new visit.
    pub(crate) fn cookie(&self) -> String {
        self.client.entropy().nonce().as_str().to_owned()
    }

    /// Step 1: opens the verification of a visit, once, however often the form is sent. Then the
    /// ledger tells where the visit stands.
    pub(crate) async fn open(self: Arc<Self>, visit: String, person: Person) -> Result<()> {
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        let (card, now) = (person.card, now());
        let hash = self.key.person(card.name.expose(), card.number.expose());
        if !self.ledger.intend(&order, &visit, &hash, now).await? {
            return Ok(());
        }
        let url = &self.settings.url;
        // Callbacks may come a little later than the half hour.
        let expires = UnixTime::from_seconds(now.seconds() + 2 * CertifyId::LIFETIME.as_secs());
        let mut init = InitFaceVerify::id_pro(
            SceneId(self.settings.scene),
            order.clone(),
            Model::MoveAction,
            card,
            format!("{url}/back"),
            person.meta_info,
        );
        if self.settings.callback_url.starts_with("https:") {
            let token = self.callbacks.token(&order, expires);
            init = init.callback_url(&*self.settings.callback_url);
            init = init.callback_token(token.expose());
        }
        match self.client.call(&init).await.map(|reply| reply.value) {
            Ok(opened) => match opened.certify_url {
                Some(page) => {
                    let id = &opened.certify_id;
                    self.ledger.opened(&order, id, &page).await
                }
                // What was made up for `MetaInfo` is answered so.
                None => self.ledger.not_opened(&order, State::Lost).await,
            },
            Err(error) => {
                report(&order, &error);
                let state = if error.may_have_been_carried_out() {
                    State::Lost
                } else {
                    State::Refused
                };
                self.ledger.not_opened(&order, state).await
            }
        }
    }

    /// Where a visit stands.
    pub(crate) async fn standing(&self, visit: &str) -> Result<Option<Entry>> {
        let mut entry = self.ledger.find(By::Visit(visit)).await?;
        // The program ended before the answer came.
        if let Some(entry) = &mut entry
            && entry.state == State::Asked
            && now().seconds() > entry.opened.seconds() + LONGEST_CALL
        {
            entry.state = State::Lost;
        }
        Ok(entry)
    }

    /// Step 3: a hint to ask now, and the HTTP status for whoever sent it.
    pub(crate) async fn called_back(self: &Arc<Self>, query: &str) -> Result<u16> {
        let Ok(notice) = Notice::parse(query) else {
            return Ok(400);
        };
        let id = notice.certify_id();
        let (found, kind) = match self.callbacks.check(&notice, now()) {
            Ok(order) => (self.ledger.find(By::Order(&order)).await?, "callback"),
            Err(TokenError::Expired(order)) => {
                let found = self.ledger.find(By::Order(&order)).await?;
                (found, "late callback")
            }
            Err(_) => {
                let found = self.ledger.find(By::CertifyId(id)).await?;
                (found, "forged callback")
            }
        };
        let status = if kind == "forged callback" { 403 } else { 200 };
        let Some(entry) = found else {
            return Ok(status);
        };
        let kind = match &entry.certify_id {
            Some(own) if own.as_str() != id.as_str() => "crossed callback",
            _ => kind,
        };
        let said = notice.meaning().map_or("other", |meaning| meaning.code);
        self.ledger.hint(&entry.order, kind, said, now()).await?;
        if kind == "callback" {
            // Answered first: the service waits for three seconds.
            tokio::spawn(Arc::clone(self).ask(entry.order));
        }
        Ok(status)
    }

    /// Step 4: a hint, too. Whose it is tells the cookie; whether the person says to have finished.
    pub(crate) async fn came_back(&self, entry: &Entry, query: &str) -> Result<bool> {
        let returned = Returned::parse(query);
        let said = returned.as_ref().ok().and_then(Returned::meaning);
        let said = said.map_or("other", |meaning| meaning.code);
        let id = |id: Option<&CertifyId>| id.map(|id| id.as_str().to_owned());
        let (kind, has_finished) = match &returned {
            Err(_) => ("broken return", true),
            Ok(it) if id(it.certify_id()) != id(entry.certify_id.as_ref()) => {
                ("crossed return", true)
            }
            Ok(it) => ("return", it.has_finished()),
        };
        self.ledger.hint(&entry.order, kind, said, now()).await?;
        Ok(has_finished)
    }

    /// Step 5: asks for the verdict, unless somebody else is asking.
    pub(crate) async fn ask(self: Arc<Self>, order: OuterOrderNo) {
        match self.ledger.claim(&order, now()).await {
            Ok(Some(claim)) => self.deal(claim).await,
            Ok(None) => {}
            Err(error) => report(&order, &*error),
        }
    }

    /// Deals with what nobody came back for, until nothing is due.
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<()> {
        loop {
            let patience = self.settings.patience.as_secs();
            let before = UnixTime::from_seconds(now().seconds().saturating_sub(patience));
            let claims = self.ledger.claim_due(before, now()).await?;
            if claims.is_empty() {
                return Ok(());
            }
            let mut dealing = JoinSet::new();
            for claim in claims {
                let backend = Arc::clone(self);
                dealing.spawn(async move { backend.deal(claim).await });
            }
            dealing.join_all().await;
        }
    }

    /// Sweeps again and again.
    pub(crate) async fn keep_sweeping(self: Arc<Self>, pause: Duration) {
        loop {
            if let Err(error) = self.sweep().await {
                super::complain(&format!("sweep: {error}"));
            }
            sleep(pause).await;
        }
    }

    async fn deal(&self, claim: Claim) {
        // If that fails, the claim ends by itself.
        if let Err(error) = self.try_to_deal(&claim).await {
            report(&claim.entry.order, &*error);
        }
    }

    async fn try_to_deal(&self, claim: &Claim) -> Result<()> {
        let entry = &claim.entry;
        let age = now().seconds().saturating_sub(entry.opened.seconds());
        let is_late = age >= self.settings.patience.as_secs();
        let done = match (entry.state, &entry.certify_id) {
            (State::Passed | State::Failed, Some(id)) => self.erase(claim, id).await?,
            (_, Some(id)) => {
                let question = DescribeFaceVerify::new(self.settings.scene, id.clone());
                match self.client.run(Watch::once(question)).await {
                    Ok(Some(verified)) => {
                        self.keep(claim, &verified).await? && self.erase(claim, id).await?
                    }
                    Ok(None) if is_late => {
                        self.ledger.settle(claim, State::Lapsed, "").await?;
                        true
                    }
                    Ok(None) => true,
                    Err(error) => {
                        report(&entry.order, &error);
                        // Somebody who waits may ask again at once.
                        !is_late
                    }
                }
            }
            (_, None) => self.ledger.settle(claim, State::Lost, "").await?,
        };
        // What does not work is tried ever more seldom.
        let pause = if done { 0 } else { PAUSE.max(age / 2) };
        let from = UnixTime::from_seconds(now().seconds() + pause);
        self.ledger.release(claim, from).await
    }

    /// Only what the service answered gets here. Whoever is told `true` is the only one: what follows
    /// from a verdict is to be done there.
    async fn keep(&self, claim: &Claim, verified: &Verified) -> Result<bool> {
        let state = if verified.has_passed() {
            State::Passed
        } else {
            State::Failed
        };
        let sub_code = verified.reply().value.sub_code.as_deref();
        let sub_code = sub_code.unwrap_or_default();
        let is_first = self.ledger.settle(claim, state, sub_code).await?;
        if is_first {
            let (order, state) = (&claim.entry.order, state.name());
            super::say(&format!("verdict {order} {state} {sub_code}"));
        }
        Ok(is_first)
    }

    /// The verdict was taken, so pictures and videos are no longer needed.
    async fn erase(&self, claim: &Claim, id: &CertifyId) -> Result<bool> {
        let erase = DeleteFaceVerifyResult::new().certify_id(id.clone());
        match self.client.call(&erase).await {
            Ok(_) => {
                self.ledger.erased(claim).await?;
                Ok(true)
            }
            Err(error) => {
                report(&claim.entry.order, &error);
                Ok(false)
            }
        }
    }
}

/// An error of the driver names no person; the order is found in the ledger.
fn report(order: &OuterOrderNo, error: &(impl core::fmt::Display + ?Sized)) {
    super::complain(&format!("{order}: {error}"));
}

fn now() -> UnixTime {
    SystemTime::now().into()
}

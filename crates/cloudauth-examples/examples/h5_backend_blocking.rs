//! The five steps of a verification in the browser: open it, send the browser to its page, receive the
//! callback, receive the redirected browser, query the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINTS=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-examples --example h5_backend_blocking
//! ```
//!
//! Then open <http://127.0.0.1:8080/>. To use the service instead of the simulator, leave
//! `CLOUDAUTH_ENDPOINTS` unset, and set `CLOUDAUTH_SCENE_ID` and `PUBLIC_URL`, the https URL at which the
//! browser and the service reach this program. `LISTEN` is the address to listen on.
//!
//! Every step is a function from a request to a page, and blocks while it calls the service. The server
//! around them has one thread, and a pool of [`THREADS`] for the steps that call.
//!
//! Verifications are kept in memory for an hour, and lost when the program ends. A real backend stores
//! them, or people who passed must verify again: the example `h5_backend` does, and four of its
//! files are used here.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and the clock, and prints"
)]

#[path = "h5_backend/listener.rs"]
pub(crate) mod listener;
#[path = "h5_backend/pages.rs"]
mod pages;
#[path = "h5_backend/site.rs"]
mod site;
#[path = "h5_backend/visits.rs"]
mod visits;

use core::convert::Infallible;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

use cloudauth_ureq::CertifyId;
use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::verify::{
    Callback, CallbackKey, IdNumber, IdentityCard, Model, OuterOrderNo, PollVerdict, Redirect,
    SceneId, Verdict, clean_text,
};
use cloudauth_ureq::{Client, Options, Sensitive, UnixTime};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

pub(crate) use site::Site;
use visits::now;
pub(crate) use visits::{Inserted, Stage, Visits};

type Error = Box<dyn core::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let var = |name: &str| std::env::var(name).ok();
    let scene = var("CLOUDAUTH_SCENE_ID").unwrap_or_else(|| "1000000006".into());
    let client = Client::new(Options::from_env()?)?;
    // A new secret for each start, as the verifications are lost, too.
    let secret = client.entropy().nonce();
    runtime()?.block_on(async {
        let listen = var("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
        let listener = listener::bind(&listen)?;
        let url = var("PUBLIC_URL").unwrap_or(format!("http://{}", listener.local_addr()?));
        let site = Site::new(&url, secret.as_str().as_bytes());
        let site = site.map_err(|error| format!("PUBLIC_URL: {error}"))?;
        println!("{}", site.url());
        let endpoints = var("CLOUDAUTH_ENDPOINTS");
        let is_simulated = endpoints.is_some_and(|it| it.starts_with("http:"));
        let key = CallbackKey::new(secret.as_str().as_bytes())?;
        let backend = Backend::new(client, SceneId(scene.parse()?), site, key, is_simulated);
        match serve(listener, backend).await {}
    })
}

/// Number of threads for calls to the service, each of which blocks its thread.
const THREADS: usize = 8;

/// How long a step waits for a thread. Then the response to the form is 503, and no verdict is queried.
const MAX_WAIT: Duration = Duration::from_secs(3);

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(THREADS).build()
}

pub(crate) async fn serve(listener: TcpListener, backend: Arc<Backend>) -> Infallible {
    let server = Server {
        backend,
        free: Arc::new(Semaphore::new(THREADS)),
    };
    let handle = move |request| {
        let server = server.clone();
        async move { Ok(server.respond(request).await) }
    };
    listener::serve(listener, handle).await
}

#[derive(Clone)]
struct Server {
    backend: Arc<Backend>,
    free: Arc<Semaphore>,
}

impl Server {
    async fn respond(&self, request: Request<Bytes>) -> Page {
        let backend = &self.backend;
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => backend.start(&request),
            (&Method::POST, "/open") => {
                let page = self.run(move |backend| backend.open(&request));
                page.await.unwrap_or_else(|| pages::unavailable(503))
            }
            (&Method::GET, "/callback") => {
                let (page, order) = backend.callback(&request);
                if let Some(order) = order {
                    // In a task of its own: the service waits three seconds for the response.
                    tokio::spawn(self.clone().query_after_callback(order));
                }
                page
            }
            (&Method::GET, "/back") => backend.redirected(&request),
            (&Method::GET, "/result") => {
                if let Some(order) = backend.visit(&request)
                    && backend.visits.can_query(&order, now())
                {
                    self.run(move |backend| backend.query(&order)).await;
                }
                backend.result(&request)
            }
            (&Method::GET, "/style.css") => pages::style(),
            _ => pages::not_found(),
        }
    }

    /// Runs a step that calls the service. `None` if no thread is free in time.
    async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Backend) -> T + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.free).acquire_owned();
        let permit = timeout(MAX_WAIT, permit).await.ok()?.ok()?;
        let backend = Arc::clone(&self.backend);
        let done = spawn_blocking(move || {
            let _permit = permit;
            step(&backend)
        });
        done.await.ok()
    }

    /// Queries the verdict after what is querying it now, which may be too early for the verdict that the
    /// callback announces.
    async fn query_after_callback(self, order: OuterOrderNo) {
        for _ in 0..10 {
            let order = order.clone();
            if self.run(move |backend| backend.query(&order)).await == Some(true) {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

type Page = Response<Full<Bytes>>;

/// A client, and the visits.
pub(crate) struct Backend {
    client: Client,
    scene: SceneId,
    site: Site,
    key: CallbackKey,
    is_simulated: bool,
    visits: Visits,
}

impl Backend {
    pub(crate) fn new(
        client: Client,
        scene: SceneId,
        site: Site,
        key: CallbackKey,
        is_simulated: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            client,
            scene,
            site,
            key,
            is_simulated,
            visits: Visits::default(),
        })
    }

    /// Before step 1: the form. A visit that has not passed starts again, with a new cookie.
    fn start(&self, request: &Request<Bytes>) -> Page {
        let stage = self
            .visit(request)
            .and_then(|order| self.visits.stage(&order));
        if let Some(Stage::Opening | Stage::Open(..) | Stage::Passed) = stage {
            return pages::redirect("/result");
        }
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        pages::start(self.is_simulated, &self.site.set_cookie(order.as_str()))
    }

    /// Steps 1 and 2: opens one verification per visit, however often the form is sent.
    fn open(&self, request: &Request<Bytes>) -> Page {
        let Some(order) = self.visit(request) else {
            return pages::redirect("/");
        };
        let (card, meta_info) = match person(request.body()) {
            Ok(person) => person,
            Err(page) => return page(),
        };
        match self.visits.insert(&order, now()) {
            Inserted::New => {}
            Inserted::Known(Stage::Open(_, page)) => return pages::redirect(page.expose()),
            Inserted::Known(_) => return pages::redirect("/result"),
            Inserted::Refused => return pages::unavailable(503),
        }
        let back = format!("{}/back", self.site.url());
        let mut init = InitFaceVerify::id_pro_h5(self.scene, order.clone(), card, back, meta_info)
            .model(Model::MoveAction);
        if self.site.is_https() {
            let expires = UnixTime::from_seconds(now().seconds() + 3_600);
            init = init.callback_url(format!("{}/callback", self.site.url()));
            init = init.callback_token(self.key.token(&order, expires).expose());
        }
        let opened = self.client.call(&init).map(|reply| reply.value);
        let opened = opened.inspect_err(|error| eprintln!("{order}: {error}"));
        let opened = opened.ok().map(|it| (it.certify_id, it.certify_url));
        pages::redirect(self.visits.record_opened(&order, opened).expose())
    }

    /// Step 3: a hint to query the verdict now. It is not trusted: the verdict is what the query returns.
    /// Returns the order whose verdict is to be queried.
    fn callback(&self, request: &Request<Bytes>) -> (Page, Option<OuterOrderNo>) {
        let Ok(callback) = Callback::parse(query_of(request)) else {
            return (pages::empty(400), None);
        };
        let Ok(order) = self.key.check(&callback, now()) else {
            return (pages::empty(403), None);
        };
        let is_open = matches!(self.visits.stage(&order), Some(Stage::Open(id, _))
            if id.as_str() == callback.certify_id().as_str());
        (pages::empty(200), is_open.then_some(order))
    }

    /// Step 4: also a hint. The query string is not trusted, and the cookie identifies the visit.
    fn redirected(&self, request: &Request<Bytes>) -> Page {
        let stage = self
            .visit(request)
            .and_then(|order| self.visits.stage(&order));
        if let Some(Stage::Open(_, page)) = stage
            && Redirect::parse(query_of(request)).is_ok_and(|it| !it.has_finished())
        {
            return pages::unfinished(page.expose());
        }
        pages::redirect("/result")
    }

    /// Step 5: the verdict on the verification of this visit, and on no other.
    fn result(&self, request: &Request<Bytes>) -> Page {
        match self
            .visit(request)
            .and_then(|order| self.visits.stage(&order))
        {
            None => pages::redirect("/"),
            Some(Stage::Opening) => pages::waiting(None),
            Some(Stage::Open(_, page)) => pages::waiting(Some(page.expose())),
            Some(Stage::Unavailable) => pages::unavailable(200),
            Some(Stage::Expired) => pages::expired(),
            Some(Stage::Passed) => pages::passed(),
            Some(Stage::Failed) => pages::failed(),
        }
    }

    /// Queries the verdict, and records it if there is one. Returns `false` if that is being done, or was a
    /// moment ago.
    fn query(&self, order: &OuterOrderNo) -> bool {
        let Some(id) = self.visits.claim_query(order, now()) else {
            return false;
        };
        let query = PollVerdict::once(DescribeFaceVerify::new(self.scene, id));
        let verdict = self.client.run(query);
        let verdict = verdict.inspect_err(|error| eprintln!("{order}: {error}"));
        let verdict = verdict.as_ref().map(Option::as_ref);
        if self.visits.record_query(order, verdict, now()) {
            // What a verdict entails for the application belongs here.
        }
        true
    }

    /// The visit of the browser, if this program issued its cookie.
    fn visit(&self, request: &Request<Bytes>) -> Option<OuterOrderNo> {
        OuterOrderNo::new(self.site.visit(request.headers())?).ok()
    }
}

/// The person and `MetaInfo` in the form, or the page that says what to correct.
fn person(form: &[u8]) -> Result<(IdentityCard, Sensitive), fn() -> Page> {
    let form: HashMap<_, _> = form_urlencoded::parse(form).collect();
    let field = |name: &str| form.get(name).map_or("", |it| it.trim());
    let (name, number, meta) = (field("name"), field("number"), field("meta"));
    if [name, number, meta].contains(&"") || field("consent") != "yes" {
        return Err(pages::incomplete);
    }
    // A mistyped number would be billed, and so would a name with a character that nobody sees.
    let (Ok(name), Ok(number)) = (clean_text(name), IdNumber::new(number)) else {
        return Err(pages::mistyped);
    };
    let card = IdentityCard {
        name: name.into(),
        number: number.into(),
    };
    Ok((card, meta.into()))
}

fn query_of(request: &Request<Bytes>) -> &str {
    request.uri().query().unwrap_or_default()
}

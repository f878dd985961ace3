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
//! them, or people who passed must verify again: the example `h5_backend` does, and some of its
//! files are used here.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program")]

#[path = "h5_backend/shared.rs"]
pub(crate) mod shared;

use core::convert::Infallible;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::proto::codes::Responsible;
use cloudauth_ureq::verify::{
    Callback, IdNumber, IdentityCard, Model, OuterOrderNo, PollVerdict, Redirect, clean_text,
};
use cloudauth_ureq::{CertifyId, Client, Options, Sensitive, UnixTime};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use shared::{Inserted, Stage, listener, pages};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

fn main() -> Result<(), shared::Error> {
    let client = Client::new(Options::from_env()?)?;
    runtime()?.block_on(async {
        let secret = client.entropy().nonce();
        let (app, listener) = App::from_env(client, secret.as_str())?;
        println!("{}", app.site.url());
        match serve(listener, app).await {}
    })
}

type App = shared::App<Client>;

/// Number of threads for calls to the service, each of which blocks its thread.
const THREADS: usize = 8;

/// How long a step waits for a thread. Then the response to the form is 503, and no verdict is queried.
const MAX_WAIT: Duration = Duration::from_secs(3);

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(THREADS).build()
}

pub(crate) async fn serve(listener: TcpListener, app: App) -> Infallible {
    let server = Server {
        app: Arc::new(app),
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
    app: Arc<App>,
    free: Arc<Semaphore>,
}

impl Server {
    async fn respond(&self, request: Request<Bytes>) -> Page {
        let app = &self.app;
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => app.start(&request),
            (&Method::POST, "/open") => {
                let page = self.run(move |app| app.open(&request));
                page.await.unwrap_or_else(|| pages::unavailable(503))
            }
            (&Method::GET, "/callback") => {
                let (page, order) = app.callback(&request);
                if let Some(order) = order {
                    // In a task of its own: the service waits three seconds for the response.
                    tokio::spawn(self.clone().query_after_callback(order));
                }
                page
            }
            (&Method::GET, "/back") => app.redirected(&request),
            (&Method::GET, "/result") => {
                if let Some(order) = app.visit(request.headers())
                    && app.visits.can_query(&order, UnixTime::now())
                {
                    self.run(move |app| app.query(&order)).await;
                }
                app.result(&request)
            }
            (&Method::GET, "/style.css") => pages::style(),
            _ => pages::not_found(),
        }
    }

    /// Runs a step that calls the service. `None` if no thread is free in time.
    async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&App) -> T + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.free).acquire_owned();
        let permit = timeout(MAX_WAIT, permit).await.ok()?.ok()?;
        let app = Arc::clone(&self.app);
        let done = spawn_blocking(move || {
            let _permit = permit;
            step(&app)
        });
        done.await.ok()
    }

    /// Queries the verdict after what is querying it now, which may be too early for the verdict that the
    /// callback announces.
    async fn query_after_callback(self, order: OuterOrderNo) {
        for _ in 0..10 {
            let order = order.clone();
            if self.run(move |app| app.query(&order)).await == Some(true) {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

type Page = Response<Full<Bytes>>;

impl App {
    /// Before step 1: the form. A visit that has not passed starts again, with a new cookie.
    fn start(&self, request: &Request<Bytes>) -> Page {
        let stage = self.stage(request.headers());
        if let Some(Stage::Opening | Stage::Open(..) | Stage::Passed) = stage {
            return pages::redirect("/result");
        }
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        pages::start(self.is_simulated, &self.site.set_cookie(order.as_str()))
    }

    /// Steps 1 and 2: opens one verification per visit, however often the form is sent.
    fn open(&self, request: &Request<Bytes>) -> Page {
        let Some(order) = self.visit(request.headers()) else {
            return pages::redirect("/");
        };
        let (card, meta_info) = match person(request.body()) {
            Ok(person) => person,
            Err(page) => return page(),
        };
        match self.visits.insert(&order, UnixTime::now()) {
            Inserted::New => {}
            Inserted::Known(stage) => return pages::redirect(stage.url()),
            Inserted::Refused => return pages::unavailable(503),
        }
        let url = self.site.url();
        let back = format!("{url}/back");
        let mut init = InitFaceVerify::id_pro_h5(self.scene, order.clone(), card, back, meta_info)
            .model(Model::MoveAction);
        if self.site.is_https() {
            let expires = UnixTime::now() + 2 * CertifyId::LIFETIME;
            let token = self.key.token(&order, expires);
            init = init.callback_url(format!("{url}/callback"));
            init = init.callback_token(token.expose());
        }
        let stage = match self.client.call(&init).map(|reply| reply.value) {
            Ok(opened) => Stage::opened(opened.certify_id, opened.certify_url),
            Err(error) => match error.meaning() {
                Some(it) if it.responsible == Responsible::Person => Stage::Refused(it),
                _ => {
                    eprintln!("{order}: {error}"); // an alert; errors hold no personal data
                    Stage::Unavailable
                }
            },
        };
        self.visits.record_opened(&order, stage.clone());
        pages::redirect(stage.url())
    }

    /// Step 3: a hint to query the verdict now. It is not trusted: the verdict is what the query returns.
    /// Returns the order whose verdict is to be queried.
    fn callback(&self, request: &Request<Bytes>) -> (Page, Option<OuterOrderNo>) {
        let Ok(callback) = Callback::parse(query_of(request)) else {
            return (pages::empty(400), None);
        };
        let Ok(order) = self.key.check(&callback, UnixTime::now()) else {
            return (pages::empty(403), None);
        };
        let is_open = matches!(self.visits.stage(&order), Some(Stage::Open(id, _))
            if id.as_str() == callback.certify_id().as_str());
        (pages::empty(200), is_open.then_some(order))
    }

    /// Step 4: also a hint. The query string is not trusted, and the cookie identifies the visit.
    fn redirected(&self, request: &Request<Bytes>) -> Page {
        if let Some(Stage::Open(_, page)) = self.stage(request.headers())
            && Redirect::parse(query_of(request)).is_ok_and(|it| !it.has_finished())
        {
            return pages::unfinished(page.expose());
        }
        pages::redirect("/result")
    }

    /// Step 5: the verdict on the verification of this visit, and on no other.
    fn result(&self, request: &Request<Bytes>) -> Page {
        self.stage(request.headers())
            .map_or_else(|| pages::redirect("/"), |stage| stage.page())
    }

    /// Queries the verdict, and records it if there is one. Returns `false` if that is being done, or was a
    /// moment ago.
    fn query(&self, order: &OuterOrderNo) -> bool {
        let Some(id) = self.visits.claim_query(order, UnixTime::now()) else {
            return false;
        };
        let query = PollVerdict::once(DescribeFaceVerify::new(self.scene, id));
        let verdict = self.client.run(query);
        let verdict = verdict.inspect_err(|error| eprintln!("{order}: {error}"));
        if self.visits.record_query(order, &verdict, UnixTime::now()) {
            // What a verdict entails for the application belongs here.
        }
        true
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

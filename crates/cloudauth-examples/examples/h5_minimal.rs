//! The five steps of a verification in the browser, without a database: the handlers to copy first.
//!
//! Started as `h5_backend` is, with `CLOUDAUTH_ENDPOINTS`, `CLOUDAUTH_SCENE_ID`, `LISTEN` and `PUBLIC_URL`.
//! Visits are kept in memory for an hour and lost when the program ends; `h5_backend` has a database, finds
//! verdicts for which no browser returns, and deletes pictures at the service. Of its files these are used here:
//! `pages.rs`, and what an application may have already: sessions (`site.rs`, `visits.rs`) and limits of
//! connections (`listener.rs`).
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program"
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
use std::env::var;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, State};
use axum::http::{HeaderMap, Request};
use axum::routing::{get, post};
use axum::{Router, body::Body, response::Response};
use cloudauth_hyper::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::verify::{
    Callback, CallbackKey, IdNumber, IdentityCard, Model, OuterOrderNo, PollVerdict, Redirect,
    SceneId, Verdict, clean_text,
};
use cloudauth_hyper::{CertifyId, Client, Options, Sensitive, UnixTime};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tower::ServiceExt as _;

pub(crate) use site::Site;
use visits::now;
pub(crate) use visits::{Inserted, Stage, Visits};

pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) scene: SceneId,
    pub(crate) site: Site,
    pub(crate) key: CallbackKey,
    pub(crate) is_simulated: bool,
    pub(crate) visits: Visits,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
    let client = Client::new(Options::from_env()?)?;
    let secret = client.entropy().nonce();
    let listen = var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let listener = listener::bind(&listen)?;
    let url = var("PUBLIC_URL").unwrap_or(format!("http://{}", listener.local_addr()?));
    let app = App {
        client,
        scene: SceneId(var("CLOUDAUTH_SCENE_ID").map_or(Ok(1_000_000_006), |it| it.parse())?),
        site: Site::new(&url, secret.as_str().as_bytes())
            .map_err(|it| format!("PUBLIC_URL: {it}"))?,
        key: CallbackKey::new(secret.as_str().as_bytes())?,
        is_simulated: var("CLOUDAUTH_ENDPOINTS").is_ok_and(|it| it.starts_with("http:")),
        visits: Visits::default(),
    };
    println!("{}", app.site.url());
    match serve(listener, Arc::new(app)).await {}
}

pub(crate) async fn serve(listener: TcpListener, app: Arc<App>) -> Infallible {
    let router = Router::new()
        .route("/", get(start))
        .route("/open", post(open))
        .route("/callback", get(callback))
        .route("/back", get(redirected))
        .route("/result", get(result))
        .route("/style.css", get(async || pages::style::<Body>()))
        .fallback(async || pages::not_found::<Body>())
        .with_state(app);
    let handle = move |request: Request<_>| router.clone().oneshot(request.map(Body::from));
    listener::serve(listener, handle).await
}

/// Before step 1: the form, with a cookie for a new visit.
async fn start(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(Stage::Opening | Stage::Open(..) | Stage::Passed) = app.stage(&headers) {
        return pages::redirect("/result");
    }
    let order = OuterOrderNo::generate(&mut app.client.entropy());
    pages::start(app.is_simulated, &app.site.set_cookie(order.as_str()))
}

#[derive(serde::Deserialize)]
struct Fields {
    name: String,
    number: String,
    meta: String,
    consent: String,
}

/// Steps 1 and 2: opens one verification per visit, and sends the browser to its page.
async fn open(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let Some(order) = app.visit(&headers) else {
        return pages::redirect("/");
    };
    let Ok(Form(form)) = form else {
        return pages::incomplete();
    };
    let (name, number, meta) = (form.name.trim(), form.number.trim(), form.meta.trim());
    if name.is_empty() || number.is_empty() || meta.is_empty() || form.consent != "yes" {
        return pages::incomplete();
    }
    // A mistyped number would be billed, and so would a name with a character that nobody sees.
    let (Ok(name), Ok(number)) = (clean_text(name), IdNumber::new(number)) else {
        return pages::mistyped();
    };
    match app.visits.insert(&order, now()) {
        Inserted::New => {}
        // The form was sent before.
        Inserted::Known(Stage::Open(_, page)) => return pages::redirect(page.expose()),
        Inserted::Known(_) => return pages::redirect("/result"),
        Inserted::Refused => return pages::unavailable(503),
    }
    let card = IdentityCard {
        name: name.into(),
        number: number.into(),
    };
    let url = app.site.url();
    let back = format!("{url}/back");
    let mut init = InitFaceVerify::id_pro_h5(app.scene, order.clone(), card, back, meta)
        .model(Model::MoveAction);
    if app.site.is_https() {
        let expires = UnixTime::from_seconds(now().seconds() + 3_600);
        init = init.callback_url(format!("{url}/callback"));
        init = init.callback_token(app.key.token(&order, expires).expose());
    }
    // In a task of its own, because a browser that submits the form twice drops the first request.
    let opened = tokio::spawn(async move {
        let opened = app.client.call(&init).await.map(|reply| reply.value);
        let opened = opened.inspect_err(|error| eprintln!("{order}: {error}"));
        let opened = opened.ok().map(|it| (it.certify_id, it.certify_url));
        app.visits.record_opened(&order, opened)
    });
    opened.await.map_or_else(
        |_| pages::unavailable(500),
        |url| pages::redirect(url.expose()),
    )
}

/// Step 3: a hint that there is a verdict. It is not trusted.
async fn callback(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let Ok(callback) = Callback::parse(&query.unwrap_or_default()) else {
        return pages::empty(400);
    };
    let Ok(order) = app.key.check(&callback, now()) else {
        return pages::empty(403);
    };
    // In a task of its own: the service waits three seconds for the response. A query that is under way may
    // be too early for the verdict.
    tokio::spawn(async move {
        while let Some(Stage::Open(..)) = app.visits.stage(&order)
            && !app.query(&order).await
        {
            sleep(Duration::from_secs(1)).await;
        }
    });
    pages::empty(200)
}

/// Step 4: also a hint. The visit is that of the cookie.
async fn redirected(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    match app.stage(&headers) {
        Some(Stage::Open(_, page))
            if Redirect::parse(&query.unwrap_or_default()).is_ok_and(|it| !it.has_finished()) =>
        {
            pages::unfinished(page.expose())
        }
        _ => pages::redirect("/result"),
    }
}

/// Step 5: the verdict on the verification of this visit, and on no other.
async fn result(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(order) = app.visit(&headers) else {
        return pages::redirect("/");
    };
    if app.visits.can_query(&order, now()) {
        // In a task of its own, because a browser that reloads the page drops the first request.
        let (app, order) = (Arc::clone(&app), order.clone());
        let _ = tokio::spawn(async move { app.query(&order).await }).await;
    }
    match app.visits.stage(&order) {
        None => pages::redirect("/"),
        Some(Stage::Opening) => pages::waiting(None),
        Some(Stage::Open(_, page)) => pages::waiting(Some(page.expose())),
        Some(Stage::Unavailable) => pages::unavailable(200),
        Some(Stage::Expired) => pages::expired(),
        Some(Stage::Passed) => pages::passed(),
        Some(Stage::Failed) => pages::failed(),
    }
}

impl App {
    /// Queries the verdict of an open verification, unless that is being done or was done a moment ago.
    /// Returns whether it did.
    async fn query(&self, order: &OuterOrderNo) -> bool {
        let Some(id) = self.visits.claim_query(order, now()) else {
            return false;
        };
        let query = PollVerdict::once(DescribeFaceVerify::new(self.scene, id));
        let verdict = self.client.run(query).await;
        let verdict = verdict.inspect_err(|error| eprintln!("{order}: {error}"));
        let verdict = verdict.as_ref().map(Option::as_ref);
        if self.visits.record_query(order, verdict, now()) {
            // What a verdict entails for the application belongs here.
        }
        true
    }

    /// The visit of the browser, if this program issued its cookie.
    fn visit(&self, headers: &HeaderMap) -> Option<OuterOrderNo> {
        OuterOrderNo::new(self.site.visit(headers)?).ok()
    }

    /// How far the visit of the browser is.
    fn stage(&self, headers: &HeaderMap) -> Option<Stage> {
        self.visits.stage(&self.visit(headers)?)
    }
}

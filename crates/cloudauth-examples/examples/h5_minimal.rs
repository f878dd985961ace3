//! The five steps of a verification in the browser, without a database: the handlers to copy first.
//!
//! Started as `h5_backend` is, with `CLOUDAUTH_ENDPOINTS`, `CLOUDAUTH_SCENE_ID`, `LISTEN` and `PUBLIC_URL`.
//! That has a database, finds verdicts for which no browser returns, and deletes pictures at the service; here
//! visits are in memory. What is not about verification is in `shared.rs`: cookies, visits, pages, settings, and
//! limits of heads, bodies and connections.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program")]

#[path = "h5_backend/shared.rs"]
pub(crate) mod shared;

use core::{convert::Infallible, time::Duration};
use std::sync::Arc;

use axum::extract::{Form, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Response, Result};
use axum::routing::{get, post};
use axum::{Router, body::Body};
use cloudauth_hyper::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::proto::codes::Responsible;
use cloudauth_hyper::verify::{Callback, IdNumber, IdentityCard, Model, OuterOrderNo};
use cloudauth_hyper::verify::{PollVerdict, Redirect, clean_text};
use cloudauth_hyper::{CertifyId, Client, Options, Sensitive, UnixTime};
use shared::{Inserted, Stage, listener, pages};
use tokio::{net::TcpListener, time::sleep};
use tower::ServiceExt as _;

type App = shared::App<Client>;
type Shared = State<Arc<App>>;

#[tokio::main]
async fn main() -> Result<(), shared::Error> {
    let client = Client::new(Options::from_env()?)?;
    let secret = client.entropy().nonce();
    let (app, listener) = App::from_env(client, secret.as_str())?;
    println!("{}", app.site.url());
    match serve(listener, app).await {}
}

pub(crate) async fn serve(listener: TcpListener, app: App) -> Infallible {
    let router = Router::new()
        .route("/", get(start))
        .route("/open", post(open))
        .route("/callback", get(callback))
        .route("/back", get(back))
        .route("/result", get(result))
        .route("/style.css", get(async || pages::style::<Body>()))
        .fallback(async || pages::not_found::<Body>())
        .layer(from_fn(detach))
        .with_state(Arc::new(app));
    let handle = move |request: Request| router.clone().oneshot(request);
    listener::serve(listener, handle).await
}

/// Runs a request to its end even if the browser drops it, as it does when a person reloads or submits twice.
async fn detach(request: Request, next: Next) -> Response {
    let response = tokio::spawn(next.run(request)).await;
    response.unwrap_or_else(|_| pages::unavailable(500))
}

/// Before step 1: the form, with a cookie for a new visit.
async fn start(State(app): Shared, headers: HeaderMap) -> Response {
    if let Some(Stage::Opening | Stage::Open(..) | Stage::Passed) = app.stage(&headers) {
        return pages::redirect("/result");
    }
    let order = OuterOrderNo::generate(&mut app.client.entropy());
    pages::start(app.is_simulated, &app.site.set_cookie(order.as_str()))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Input {
    name: Sensitive,
    number: Sensitive,
    meta: Sensitive,
    consent: String,
}

/// Steps 1 and 2: opens one verification per visit, and sends the browser to its page.
async fn open(State(app): Shared, headers: HeaderMap, Form(form): Form<Input>) -> Result<Response> {
    let order = app.visit(&headers);
    let order = order.ok_or_else(|| pages::redirect::<Body>("/"))?;
    // A mistyped number would be billed, and so would a name with a character that nobody sees.
    let name = clean_text(form.name.expose()).map_err(|_| pages::mistyped::<Body>())?;
    let number = IdNumber::new(form.number.expose()).map_err(|_| pages::mistyped::<Body>())?;
    if name.is_empty() || form.meta.expose().is_empty() || form.consent != "yes" {
        return Ok(pages::incomplete());
    }
    match app.visits.insert(&order, UnixTime::now()) {
        Inserted::New => {}
        Inserted::Known(stage) => return Ok(pages::redirect(stage.url())), // submitted twice
        Inserted::Refused => return Ok(pages::unavailable(503)),
    }
    let (name, number, url) = (name.into(), number.into(), app.site.url());
    let (card, back) = (IdentityCard { name, number }, format!("{url}/back"));
    let mut init = InitFaceVerify::id_pro_h5(app.scene, order.clone(), card, back, form.meta)
        .model(Model::MoveAction);
    if app.site.is_https() {
        let expires = UnixTime::now() + 2 * CertifyId::LIFETIME;
        init = init.callback_url(format!("{url}/callback"));
        init = init.callback_token(app.key.token(&order, expires).expose());
    }
    let stage = match app.client.call(&init).await.map(|reply| reply.value) {
        Ok(opened) => Stage::opened(opened.certify_id, opened.certify_url),
        Err(error) => match error.meaning() {
            Some(meaning) if meaning.responsible == Responsible::Person => Stage::Refused(meaning),
            _ => {
                eprintln!("{order}: {error}"); // an alert; errors hold no personal data
                Stage::Unavailable
            }
        },
    };
    app.visits.record_opened(&order, stage.clone());
    Ok(pages::redirect(stage.url()))
}

/// Step 3: a hint that there is a verdict. It is not trusted.
async fn callback(State(app): Shared, RawQuery(query): RawQuery) -> Result<()> {
    let callback = Callback::parse(&query.unwrap_or_default());
    let callback = callback.map_err(|_| StatusCode::BAD_REQUEST)?;
    let order = app.key.check(&callback, UnixTime::now());
    let order = order.map_err(|_| StatusCode::FORBIDDEN)?;
    // The service waits three seconds for the response. A query under way may be too early for the verdict.
    tokio::spawn(async move {
        while let Some(Stage::Open(..)) = app.visits.stage(&order)
            && !app.query(&order).await
        {
            sleep(Duration::from_secs(1)).await;
        }
    });
    Ok(())
}

/// Step 4: also a hint. The visit is that of the cookie.
async fn back(State(app): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let returned = Redirect::parse(&query.unwrap_or_default());
    match app.stage(&headers) {
        Some(Stage::Open(_, page)) if returned.is_ok_and(|it| !it.has_finished()) => {
            pages::unfinished(page.expose())
        }
        _ => pages::redirect("/result"),
    }
}

/// Step 5: the verdict on the verification of this visit, and on no other.
async fn result(State(app): Shared, headers: HeaderMap) -> Response {
    if let Some(order) = app.visit(&headers)
        && app.visits.can_query(&order, UnixTime::now())
    {
        app.query(&order).await;
    }
    let stage = app.stage(&headers);
    stage.map_or_else(|| pages::redirect("/"), |stage| stage.page())
}

impl App {
    /// Queries the verdict of an open verification, unless that is being done or was done a moment ago.
    /// Returns whether it did.
    async fn query(&self, order: &OuterOrderNo) -> bool {
        let Some(id) = self.visits.claim_query(order, UnixTime::now()) else {
            return false;
        };
        let query = PollVerdict::once(DescribeFaceVerify::new(self.scene, id));
        let verdict = self.client.run(query).await;
        let verdict = verdict.inspect_err(|error| eprintln!("{order}: {error}"));
        if self.visits.record_query(order, &verdict, UnixTime::now()) {
            // What a verdict entails for the application belongs here.
        }
        true
    }
}

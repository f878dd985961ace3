//! The routes, and the cookie that binds every step to the browser that began.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY,
    SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cloudauth_hyper::verify::IdentityCard;
use serde::Deserialize;

use super::backend::{Backend, Person};
use super::ledger::{Entry, Ledger, Result, State as Standing};
use super::{hash, pages};

pub(crate) fn router<L: Ledger>(backend: Arc<Backend<L>>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/open", post(open))
        .route("/callback", get(called_back))
        .route("/back", get(came_back))
        .route("/result", get(result))
        .route("/style.css", get(style))
        .layer(DefaultBodyLimit::max(64 << 10))
        .fallback(async || html(404, pages::nothing_here()))
        .with_state(backend)
}

type Shared<L> = State<Arc<Backend<L>>>;

/// A page, or why there is none: that is for the log and not for people.
struct Trouble;

impl<E: core::fmt::Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        super::complain(&error.to_string());
        Self
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        html(500, pages::trouble())
    }
}

type Answer = core::result::Result<Response, Trouble>;

/// Who has a verification under way, or has passed, sees that; others begin, with a new cookie.
async fn start<L: Ledger>(State(backend): Shared<L>, headers: HeaderMap) -> Answer {
    let entry = standing(&backend, &headers).await?;
    if let Some(Standing::Asked | Standing::Open | Standing::Passed) = entry.map(|it| it.state) {
        return Ok(see("/result"));
    }
    let settings = &backend.settings;
    let mut page = html(200, pages::start(settings.is_simulated));
    if !settings.is_simulated {
        // What the vendor's script loads is not documented.
        let policy = HeaderValue::from_static("base-uri 'none'; frame-ancestors 'none'");
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    // `__Host-`: no other host can set it.
    let (name, secure) = if settings.url.starts_with("https:") {
        ("__Host-visit", "; Secure")
    } else {
        ("visit", "")
    };
    let value = backend.cookie();
    let cookie = format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/{secure}");
    page.headers_mut().insert(SET_COOKIE, cookie.parse()?);
    Ok(page)
}

#[derive(Deserialize)]
struct Filled {
    name: String,
    number: String,
    meta: String,
    consent: String,
}

/// Steps 1 and 2.
async fn open<L: Ledger>(
    State(backend): Shared<L>,
    headers: HeaderMap,
    form: core::result::Result<Form<Filled>, FormRejection>,
) -> Answer {
    let Some(visit) = visit(&headers) else {
        return Ok(see("/"));
    };
    let person = form.ok().and_then(|Form(filled)| person(&filled));
    let Some(person) = person else {
        return Ok(html(400, pages::incomplete()));
    };
    // On its own, because a browser that sends the form twice hangs up on the first.
    tokio::spawn(Arc::clone(&backend).open(visit.clone(), person)).await??;
    let entry = backend.standing(&visit).await?;
    Ok(match entry {
        Some(Entry {
            state: Standing::Open,
            page: Some(page),
            ..
        }) => see(page.expose()),
        _ => see("/result"),
    })
}

fn person(filled: &Filled) -> Option<Person> {
    let field = |text: &str| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let card = IdentityCard {
        name: field(&filled.name)?.into(),
        number: field(&filled.number)?.into(),
    };
    let meta_info = field(&filled.meta)?.into();
    (filled.consent == "yes").then_some(Person { card, meta_info })
}

/// Step 3.
async fn called_back<L: Ledger>(State(backend): Shared<L>, RawQuery(query): RawQuery) -> Answer {
    let status = backend.called_back(&query.unwrap_or_default()).await?;
    Ok(html(status, String::new()))
}

/// Step 4.
async fn came_back<L: Ledger>(
    State(backend): Shared<L>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let Some(entry) = standing(&backend, &headers).await? else {
        return Ok(see("/"));
    };
    let has_finished = backend
        .came_back(&entry, &query.unwrap_or_default())
        .await?;
    Ok(match &entry.page {
        Some(page) if !has_finished => html(200, pages::unfinished(page)),
        _ => see("/result"),
    })
}

/// Step 5: the verdict on this visit's verification, and on no other.
async fn result<L: Ledger>(State(backend): Shared<L>, headers: HeaderMap) -> Answer {
    let mut entry = standing(&backend, &headers).await?;
    if let Some(Entry {
        state: Standing::Open,
        order,
        ..
    }) = entry
    {
        // On its own: somebody who leaves must not leave a claim behind.
        tokio::spawn(Arc::clone(&backend).ask(order)).await?;
        entry = standing(&backend, &headers).await?;
    }
    let Some(entry) = entry else {
        return Ok(see("/"));
    };
    let page = match entry.state {
        Standing::Asked | Standing::Open => pages::waiting(entry.page.as_ref()),
        Standing::Passed => pages::passed(),
        Standing::Failed => pages::failed(),
        Standing::Lapsed => pages::lapsed(),
        Standing::Refused | Standing::Lost => pages::trouble(),
    };
    Ok(html(200, page))
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE).into_response()
}

async fn standing<L: Ledger>(backend: &Backend<L>, headers: &HeaderMap) -> Result<Option<Entry>> {
    match visit(headers) {
        Some(visit) => backend.standing(&visit).await,
        None => Ok(None),
    }
}

/// The hash of the cookie, if it is one of ours.
fn visit(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let cookies = cookies.filter_map(|it| it.to_str().ok());
    let mut pairs = cookies
        .flat_map(|it| it.split("; "))
        .filter_map(|it| it.split_once('='));
    let (_, value) = pairs.find(|(name, _)| matches!(*name, "visit" | "__Host-visit"))?;
    let is_ours = value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit());
    is_ours.then(|| hash::visit(value))
}

fn html(status: u16, text: String) -> Response {
    let policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
        frame-ancestors 'none'";
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, headers, text).into_response()
}

fn see(url: &str) -> Response {
    let mut page = html(303, String::new());
    match HeaderValue::from_str(url) {
        Ok(url) => drop(page.headers_mut().insert(LOCATION, url)),
        Err(_) => *page.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    page
}

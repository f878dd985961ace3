//! The routes, and the cookie that binds every step to the browser that started.

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
use cloudauth_hyper::verify::{IdNumber, IdentityCard, clean_text};
use serde::Deserialize;

use super::backend::{Backend, Person};
use super::store::{self, Result, Store, Verification};
use super::{hash, pages};

pub(crate) fn router<S: Store>(backend: Arc<Backend<S>>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/open", post(open))
        .route("/callback", get(callback))
        .route("/back", get(redirected))
        .route("/result", get(result))
        .route("/style.css", get(style))
        .layer(DefaultBodyLimit::max(64 << 10))
        .fallback(async || html(404, pages::not_found()))
        .with_state(backend)
}

type Shared<S> = State<Arc<Backend<S>>>;

/// An internal error. Its cause is logged and not shown.
struct InternalError;

impl<E: core::fmt::Display> From<E> for InternalError {
    fn from(error: E) -> Self {
        super::log_error(&error.to_string());
        Self
    }
}

impl IntoResponse for InternalError {
    fn into_response(self) -> Response {
        html(500, pages::unavailable())
    }
}

type PageResult = core::result::Result<Response, InternalError>;

/// Redirects a browser whose verification is open or passed to its result. Others get the form and a new
/// cookie.
async fn start<S: Store>(State(backend): Shared<S>, headers: HeaderMap) -> PageResult {
    let found = find(&backend, &headers).await?;
    let state = found.map(|it| it.state);
    if let Some(store::State::Opening | store::State::Open | store::State::Passed) = state {
        return Ok(redirect("/result"));
    }
    let settings = &backend.settings;
    let mut page = html(200, pages::start(settings.is_simulated));
    if !settings.is_simulated {
        // The vendor's script loads other resources, which are not documented.
        let policy = HeaderValue::from_static("base-uri 'none'; frame-ancestors 'none'");
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    // With the prefix `__Host-` no other host can set the cookie.
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
struct StartForm {
    name: String,
    number: String,
    meta: String,
    consent: String,
}

/// Steps 1 and 2.
async fn open<S: Store>(
    State(backend): Shared<S>,
    headers: HeaderMap,
    form: core::result::Result<Form<StartForm>, FormRejection>,
) -> PageResult {
    let Some(visit) = visit(&headers) else {
        return Ok(redirect("/"));
    };
    let person = match form {
        Ok(Form(form)) => person(form),
        Err(_) => Err(pages::incomplete()),
    };
    let person = match person {
        Ok(person) => person,
        Err(page) => return Ok(html(400, page)),
    };
    // In a task of its own, because a browser that submits the form twice drops the first request.
    tokio::spawn(Arc::clone(&backend).open(visit.clone(), person)).await??;
    Ok(match backend.find(&visit).await? {
        Some(Verification {
            state: store::State::Open,
            page: Some(page),
            ..
        }) => redirect(page.expose()),
        _ => redirect("/result"),
    })
}

/// The person in the form, or the page that says what to correct. A mistyped number would be billed.
fn person(form: StartForm) -> core::result::Result<Person, String> {
    let name = clean_text(&form.name).map_err(|_| pages::mistyped())?;
    let (number, meta_info) = (form.number.trim(), form.meta.trim());
    if [name, number, meta_info].contains(&"") || form.consent != "yes" {
        return Err(pages::incomplete());
    }
    let number = IdNumber::new(number).map_err(|_| pages::mistyped())?;
    let card = IdentityCard {
        name: name.into(),
        number: number.into(),
    };
    let meta_info = meta_info.into();
    Ok(Person { card, meta_info })
}

/// Step 3.
async fn callback<S: Store>(State(backend): Shared<S>, RawQuery(query): RawQuery) -> PageResult {
    let status = backend.callback(&query.unwrap_or_default()).await?;
    Ok(html(status, String::new()))
}

/// Step 4.
async fn redirected<S: Store>(
    State(backend): Shared<S>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> PageResult {
    let Some(verification) = find(&backend, &headers).await? else {
        return Ok(redirect("/"));
    };
    let has_finished = backend
        .redirected(&verification, &query.unwrap_or_default())
        .await?;
    Ok(match &verification.page {
        Some(page) if !has_finished => html(200, pages::unfinished(page)),
        _ => redirect("/result"),
    })
}

/// Step 5: the verdict on the verification of this visit, and on no other.
async fn result<S: Store>(State(backend): Shared<S>, headers: HeaderMap) -> PageResult {
    let mut found = find(&backend, &headers).await?;
    if let Some(Verification {
        state: store::State::Open,
        order,
        ..
    }) = found
    {
        // In a task of its own, so that its claim is released even if the browser disconnects.
        tokio::spawn(Arc::clone(&backend).poll(order)).await?;
        found = find(&backend, &headers).await?;
    }
    let Some(verification) = found else {
        return Ok(redirect("/"));
    };
    let page = match verification.state {
        store::State::Opening | store::State::Open => pages::waiting(verification.page.as_ref()),
        store::State::Passed => pages::passed(),
        store::State::Failed => pages::failed(),
        store::State::Expired => pages::expired(),
        store::State::Refused | store::State::Unknown => pages::unavailable(),
    };
    Ok(html(200, page))
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE).into_response()
}

/// Finds the verification of the browser's visit.
async fn find<S: Store>(backend: &Backend<S>, headers: &HeaderMap) -> Result<Option<Verification>> {
    match visit(headers) {
        Some(visit) => backend.find(&visit).await,
        None => Ok(None),
    }
}

/// The hash of the visit's cookie, if the browser sent one in the right format.
fn visit(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let cookies = cookies.filter_map(|it| it.to_str().ok());
    let mut pairs = cookies
        .flat_map(|it| it.split("; "))
        .filter_map(|it| it.split_once('='));
    let (_, value) = pairs.find(|(name, _)| matches!(*name, "visit" | "__Host-visit"))?;
    let is_valid = value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit());
    is_valid.then(|| hash::visit(value))
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

fn redirect(url: &str) -> Response {
    let mut page = html(303, String::new());
    match HeaderValue::from_str(url) {
        Ok(url) => drop(page.headers_mut().insert(LOCATION, url)),
        Err(_) => *page.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    page
}

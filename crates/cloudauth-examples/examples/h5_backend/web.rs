//! The routes.

use core::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cloudauth_hyper::Sensitive;
use cloudauth_hyper::proto::codes::Responsible;
use cloudauth_hyper::verify::{IdNumber, IdentityCard, clean_text};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::backend::{Backend, Person};
use super::store::{self, Result, Store, Verification};
use super::{hash, listener, pages};

/// Serves requests forever.
pub(crate) async fn serve<S: Store>(listener: TcpListener, backend: Arc<Backend<S>>) -> Infallible {
    let router = router(backend);
    listener::serve(listener, move |request: Request| {
        router.clone().oneshot(request)
    })
    .await
}

fn router<S: Store>(backend: Arc<Backend<S>>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/open", post(open))
        .route("/callback", get(callback))
        .route("/back", get(redirected))
        .route("/result", get(result))
        .route("/style.css", get(async || pages::style::<Body>()))
        .fallback(async || pages::not_found::<Body>())
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
        pages::unavailable(500)
    }
}

type PageResult = core::result::Result<Response, InternalError>;

/// Redirects a browser whose verification is open or passed to its result. Others get the form and a new
/// cookie.
async fn start<S: Store>(State(backend): Shared<S>, headers: HeaderMap) -> PageResult {
    let found = find(&backend, &headers).await?;
    let state = found.map(|it| it.state);
    if let Some(store::State::Opening | store::State::Open | store::State::Passed) = state {
        return Ok(pages::redirect("/result"));
    }
    let settings = &backend.settings;
    let cookie = settings.site.set_cookie(&backend.new_visit());
    Ok(pages::start(settings.is_simulated, &cookie))
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
    let Some(visit) = visit(&backend, &headers) else {
        return Ok(pages::redirect("/"));
    };
    let person = match form {
        Ok(Form(form)) => person(&form),
        Err(_) => Err(pages::incomplete as fn() -> _),
    };
    let person = match person {
        Ok(person) => person,
        Err(page) => return Ok(page()),
    };
    // In a task of its own, because a browser that submits the form twice drops the first request.
    tokio::spawn(Arc::clone(&backend).open(visit.clone(), person)).await??;
    Ok(match backend.find(&visit).await? {
        Some(Verification {
            state: store::State::Open,
            page: Some(page),
            ..
        }) => pages::redirect(page.expose()),
        _ => pages::redirect("/result"),
    })
}

/// The person in the form, or the page that says what to correct. A mistyped number would be billed.
fn person(form: &StartForm) -> core::result::Result<Person, fn() -> Response> {
    let name = clean_text(&form.name).map_err(|_| pages::mistyped as fn() -> _)?;
    let (number, meta_info) = (form.number.trim(), form.meta.trim());
    if [name, number, meta_info].contains(&"") || form.consent != "yes" {
        return Err(pages::incomplete);
    }
    let number = IdNumber::new(number).map_err(|_| pages::mistyped as fn() -> _)?;
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
    Ok(pages::empty(status))
}

/// Step 4.
async fn redirected<S: Store>(
    State(backend): Shared<S>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> PageResult {
    let Some(verification) = find(&backend, &headers).await? else {
        return Ok(pages::redirect("/"));
    };
    let has_finished = backend
        .redirected(&verification, &query.unwrap_or_default())
        .await?;
    Ok(match &verification.page {
        Some(page) if !has_finished => pages::unfinished(page.expose()),
        _ => pages::redirect("/result"),
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
        return Ok(pages::redirect("/"));
    };
    Ok(match verification.state {
        store::State::Opening | store::State::Open => {
            pages::waiting(verification.page.as_ref().map(Sensitive::expose))
        }
        store::State::Passed => pages::passed(),
        store::State::Failed => pages::failed(),
        store::State::Expired => pages::expired(),
        store::State::Refused | store::State::Unknown => match verification.refusal {
            Some(meaning) if meaning.responsible == Responsible::Person => {
                pages::problem(200, meaning.chinese, meaning.english)
            }
            _ => pages::unavailable(200),
        },
    })
}

/// Finds the verification of the browser's visit.
async fn find<S: Store>(backend: &Backend<S>, headers: &HeaderMap) -> Result<Option<Verification>> {
    match visit(backend, headers) {
        Some(visit) => backend.find(&visit).await,
        None => Ok(None),
    }
}

/// The hash of the browser's visit.
fn visit<S: Store>(backend: &Backend<S>, headers: &HeaderMap) -> Option<String> {
    let visit = backend.settings.site.visit(headers)?;
    Some(hash::visit(&visit))
}

//! The simulated page behind a `CertifyUrl`.
//!
//! The real page verifies a face; this one offers a choice of results. A finished page still links to
//! the return URL: our choice, so that a double click does not strand the person.

mod html;
mod i18n;
mod outcome;

use self::html::{HtmlPage, Icon};
pub(crate) use self::i18n::Language;
use self::outcome::{FormChoice, PageOutcome};
use crate::callbacks::CallbackQueue;
use crate::http::{IncomingRequest, OutgoingResponse};
use crate::orders::{FinishError, Order, OrderState, Orders};

/// The path of all pages; the certify ID follows.
pub(crate) const PATH: &str = "/verify/";

/// The documented `ReturnUrl` for a page in a frame: the result is posted to the parent.
const IN_FRAME: &str = "iframe";

/// Handles a request to the page of an order.
pub(crate) fn respond(
    request: &IncomingRequest,
    orders: &mut Orders,
    callbacks: &mut CallbackQueue,
    now_unix: u64,
) -> OutgoingResponse {
    let language = Language::of(request);
    let texts = language.texts();
    let certify_id = request.path().strip_prefix(PATH).unwrap_or_default();
    let order = match orders.unfinished(certify_id, now_unix) {
        Ok(order) => order,
        Err(error) => {
            let order = orders.get(certify_id);
            return unavailable(error, order, certify_id, language).into_response(now_unix);
        }
    };
    match request.method.as_str() {
        "GET" | "HEAD" => {
            let page = html::form(order, certify_id, language, now_unix);
            if request.method == "GET" {
                order.state = OrderState::Opened;
            }
            page.into_response(now_unix)
        }
        "POST" => match FormChoice::parse(request) {
            Some(choice) => submit(certify_id, &choice, language, orders, callbacks, now_unix),
            None => HtmlPage::message(language, Icon::Warning, texts.no_choice, None)
                .with_status(400)
                .into_response(now_unix),
        },
        _ => HtmlPage::message(language, Icon::Warning, texts.wrong_method, None)
            .with_status(405)
            .into_response(now_unix)
            .with_header("allow", "GET, HEAD, POST"),
    }
}

fn submit(
    certify_id: &str,
    choice: &FormChoice,
    language: Language,
    orders: &mut Orders,
    callbacks: &mut CallbackQueue,
    now_unix: u64,
) -> OutgoingResponse {
    let texts = language.texts();
    let outcome = match choice.outcome {
        PageOutcome::Verdict(verdict) => {
            orders
                .submit(certify_id, verdict, now_unix)
                .map(|submission| {
                    let verdict = submission.verdict;
                    if let Some(target) = submission.callback {
                        let faults = &choice.callback_faults;
                        callbacks.schedule(certify_id, target, verdict, faults, now_unix);
                    }
                    PageOutcome::Verdict(verdict)
                })
        }
        abandoned @ PageOutcome::Abandoned(_) => {
            orders.unfinished(certify_id, now_unix).map(|order| {
                order.state = OrderState::Abandoned;
                abandoned
            })
        }
    };
    let order = orders.get(certify_id);
    let (Ok(outcome), Some(order)) = (outcome, order) else {
        let error = FinishError::Unknown;
        return unavailable(error, order, certify_id, language).into_response(now_unix);
    };
    if order.return_url == IN_FRAME {
        let response = outcome.response(certify_id);
        return HtmlPage::post_to_parent(language, &response).into_response(now_unix);
    }
    match outcome.location(&order.return_url, certify_id) {
        Some(location) => {
            HtmlPage::message(language, Icon::Done, texts.going_back, Some(&location))
                .with_status(303)
                .into_response(now_unix)
                .with_header("location", location)
        }
        None => HtmlPage::message(language, Icon::Done, texts.done, None).into_response(now_unix),
    }
}

/// The page of an order that cannot be submitted.
fn unavailable(
    error: FinishError,
    order: Option<&Order>,
    certify_id: &str,
    language: Language,
) -> HtmlPage {
    let texts = language.texts();
    let (status, icon, message) = match error {
        FinishError::Unknown => (404, Icon::Warning, texts.unknown),
        FinishError::Expired => (410, Icon::Warning, texts.expired),
        FinishError::Used => (410, Icon::Done, texts.used),
    };
    let back = order.and_then(|order| {
        let verdict = order.verdict().filter(|_| error == FinishError::Used)?;
        PageOutcome::Verdict(verdict).location(&order.return_url, certify_id)
    });
    HtmlPage::message(language, icon, message, back.as_deref()).with_status(status)
}

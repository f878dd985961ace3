//! The outcome of a page: what the form submits, and what the browser returns.
//!
//! The codes are documented for a related product, and third-party programs handle them.

use serde_json::{Value, json};

use crate::callbacks::CallbackFault;
use crate::http::IncomingRequest;
use crate::http::percent::{self, header_safe};
use crate::verdict::Verdict;

#[derive(Clone, Copy)]
pub(super) enum PageOutcome {
    Verdict(Verdict),
    /// The person left, with the page's code for the reason.
    Abandoned(&'static str),
}

/// The codes for abandoning the page, the most common one first. Their meanings are in
/// `cloudauth_proto::codes`.
pub(super) const ABANDON_CODES: [&str; 6] = ["Z5055", "Z5054", "Z5053", "Z5052", "Z5056", "Z5057"];

/// A submitted form.
pub(super) struct FormChoice {
    pub(super) outcome: PageOutcome,
    pub(super) callback_faults: Vec<CallbackFault>,
}

impl FormChoice {
    /// Parses a form. `outcome` is `pass`, `fail` (with `sub_code`), `abandon` (with `page_code`, by
    /// default `Z5055`), or the `SubCode` of a failure.
    pub(super) fn parse(request: &IncomingRequest) -> Option<Self> {
        let form = core::str::from_utf8(&request.body).ok()?;
        let pairs = percent::pairs(form)?;
        let field = |name: &str| {
            let found = pairs.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str())
        };
        let failure = |sub_code: &str| {
            Verdict::from_sub_code(sub_code)
                .filter(|verdict| !verdict.passed())
                .map(PageOutcome::Verdict)
        };
        let outcome = match field("outcome")? {
            "pass" => PageOutcome::Verdict(Verdict::Passed),
            "fail" => failure(field("sub_code")?)?,
            "abandon" => {
                let code = field("page_code").unwrap_or(ABANDON_CODES[0]);
                PageOutcome::Abandoned(ABANDON_CODES.into_iter().find(|known| *known == code)?)
            }
            sub_code => failure(sub_code)?,
        };
        let faults = pairs.iter().filter(|(name, _)| name == "callback");
        let faults = faults.map(|(_, value)| match value.as_str() {
            "repeated" => Some(CallbackFault::Repeated),
            "held_back" => Some(CallbackFault::HeldBack),
            "forged" => Some(CallbackFault::Forged),
            _ => None,
        });
        Some(Self {
            outcome,
            callback_faults: faults.collect::<Option<_>>()?,
        })
    }
}

impl PageOutcome {
    /// The object in the `response` parameter.
    pub(super) fn response(self, certify_id: &str) -> Value {
        let (code, sub_code, reason) = match self {
            Self::Verdict(verdict) if verdict.passed() => (1000, "Z5050", "passed"),
            Self::Verdict(_) => (2006, "Z5051", "failed"),
            Self::Abandoned(sub_code) => (1003, sub_code, "interrupted"),
        };
        json!({
            "code": code,
            "subCode": sub_code,
            "reason": reason,
            "extInfo": { "certifyId": certify_id },
        })
    }

    /// The URL to redirect to: `ReturnUrl` with a `response` parameter before any fragment.
    ///
    /// `None` if `ReturnUrl` is not an http or https URL. Where the service puts the parameter for a
    /// hash-routed page is not documented.
    pub(super) fn location(self, return_url: &str, certify_id: &str) -> Option<String> {
        let (scheme, rest) = return_url.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        if !is_web || rest.is_empty() {
            return None;
        }
        let response = percent::encode(&self.response(certify_id).to_string());
        let before = percent::extensible(return_url);
        let fragment = return_url.split_once('#').map(|(_, fragment)| fragment);
        let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
        Some(header_safe(&format!(
            "{before}response={response}{fragment}"
        )))
    }
}

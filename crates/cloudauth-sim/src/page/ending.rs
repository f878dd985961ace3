//! How a visit ends, and what the browser takes back to the page that sent it.
//!
//! The codes are a sister product's, and several programs handle them.

use serde_json::{Value, json};

use crate::callbacks::CallbackFault;
use crate::percent::{self, header_safe};
use crate::request::Incoming;
use crate::verdict::Verdict;

#[derive(Clone, Copy)]
pub(super) enum Ending {
    Verdict(Verdict),
    /// Broken off, with the page's own code for why.
    Left(&'static str),
}

/// Why a visit is broken off, the usual reason first. The meanings are in `cloudauth_proto::codes`.
pub(super) const LEAVING: [&str; 6] = ["Z5055", "Z5054", "Z5053", "Z5052", "Z5056", "Z5057"];

/// What the form says.
pub(super) struct Choice {
    pub(super) ending: Ending,
    pub(super) faults: Vec<CallbackFault>,
}

impl Choice {
    /// `outcome` is `pass`, `fail` (because of `sub_code`), `abandon` (because of `page_code`, or else because the
    /// person left), or a `SubCode` that is no pass.
    pub(super) fn read(request: &Incoming) -> Option<Self> {
        let form = core::str::from_utf8(&request.body).ok()?;
        let pairs = percent::pairs(form)?;
        let value = |name: &str| {
            let found = pairs.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let failed = |sub_code: &str| {
            Verdict::from_sub_code(sub_code)
                .filter(|verdict| !verdict.passed())
                .map(Ending::Verdict)
        };
        let ending = match value("outcome")? {
            "pass" => Ending::Verdict(Verdict::Passed),
            "fail" => failed(value("sub_code")?)?,
            "abandon" => {
                let reason = value("page_code").unwrap_or("Z5055");
                Ending::Left(LEAVING.into_iter().find(|known| *known == reason)?)
            }
            sub_code => failed(sub_code)?,
        };
        let faults = pairs.iter().filter(|(name, _)| name == "callback");
        let faults = faults.map(|(_, value)| match value.as_str() {
            "repeated" => Some(CallbackFault::Repeated),
            "held-back" => Some(CallbackFault::HeldBack),
            "forged" => Some(CallbackFault::Forged),
            _ => None,
        });
        Some(Self {
            ending,
            faults: faults.collect::<Option<_>>()?,
        })
    }
}

impl Ending {
    /// The object that `response` carries.
    pub(super) fn response(self, certify_id: &str) -> Value {
        let (code, sub_code, reason) = match self {
            Self::Verdict(verdict) if verdict.passed() => (1000, "Z5050", "passed"),
            Self::Verdict(_) => (2006, "Z5051", "failed"),
            Self::Left(sub_code) => (1003, sub_code, "interrupted"),
        };
        json!({
            "code": code,
            "subCode": sub_code,
            "reason": reason,
            "extInfo": { "certifyId": certify_id },
        })
    }

    /// Where the browser goes afterwards: `ReturnUrl` with a `response` parameter, before any fragment.
    ///
    /// `None` if it is not a URL to go to. Where the parameter goes for a hash-routed page is not known to us.
    pub(super) fn location(self, return_url: &str, certify_id: &str) -> Option<String> {
        let (scheme, rest) = return_url.split_once("://")?;
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        if !web || rest.is_empty() {
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

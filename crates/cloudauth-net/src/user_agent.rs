//! What a client calls itself.

use cloudauth_proto::Request;

use crate::options::OptionsError;

/// What is added to the `User-Agent` of every request; it is never signed.
#[derive(Clone, Debug, Default)]
pub struct UserAgent(Option<String>);

impl UserAgent {
    pub(crate) fn new(suffix: Option<String>) -> Result<Self, OptionsError> {
        let bad = |problem| Err(OptionsError::new("user_agent", problem));
        match &suffix {
            Some(text) if text.trim().is_empty() => bad("is empty"),
            Some(text) if !text.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                bad("has other characters than printable ASCII")
            }
            Some(_) | None => Ok(Self(suffix)),
        }
    }

    /// The request, with that added.
    #[must_use]
    pub fn on(&self, mut request: Request) -> Request {
        if let Some(suffix) = &self.0 {
            let headers = request.headers.iter_mut();
            for (_, value) in headers.filter(|(name, _)| *name == "user-agent") {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(suffix);
            }
        }
        request
    }
}

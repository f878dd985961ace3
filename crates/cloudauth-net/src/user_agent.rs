//! The `User-Agent` header.

use cloudauth_proto::driver::Request;

use crate::error::OptionsError;

/// The suffix that an application adds to the `User-Agent` of every request.
///
/// The header is not part of the signature.
#[derive(Clone, Debug, Default)]
pub struct UserAgent(Option<String>);

impl UserAgent {
    pub(crate) fn new(suffix: Option<String>) -> Result<Self, OptionsError> {
        let bad = |problem| Err(OptionsError::new("user_agent", problem));
        match &suffix {
            Some(text) if text.trim().is_empty() => bad("must not be empty"),
            Some(text) if !text.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                bad("must be printable ASCII")
            }
            Some(_) | None => Ok(Self(suffix)),
        }
    }

    /// Appends the suffix to the `User-Agent` of a request.
    #[must_use]
    pub fn append_to(&self, mut request: Request) -> Request {
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

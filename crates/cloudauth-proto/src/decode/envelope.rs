//! The envelope of every response: `Code`, `Message` and `RequestId`.

use alloc::string::String;

use serde::de::Error;

use super::contradiction;
use super::scalar::Scalar;
use super::xml::XmlRefusal;
use crate::http::Head;
use crate::secret::Sensitive;

/// The envelope's own fields.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) code: Option<String>,
    /// Can quote parameters, so it is not printed. What cannot be read of it is U+FFFD.
    pub(crate) message: Option<Sensitive>,
    pub(crate) request_id: Option<String>,
}

impl Envelope {
    pub(super) fn of_xml(refusal: XmlRefusal) -> Self {
        Self {
            code: Some(printable(refusal.code)),
            message: refusal.message,
            request_id: refusal.request_id.map(printable),
        }
    }

    /// Whether the operation succeeded: `Code` is `"200"` (documented), `"Success"` (documented for four
    /// operations), or missing.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.code.as_deref(), None | Some("200" | "Success"))
    }

    /// Takes the value of a field. A code decides, so it must be readable, and a second one must be the
    /// same. Of the other fields, the first that says something is taken.
    pub(super) fn take<E: Error>(&mut self, field: EnvelopeField, value: Scalar) -> Result<(), E> {
        match field {
            EnvelopeField::Code => {
                if matches!(value, Scalar::Nested) {
                    return Err(E::custom("a list or an object for `Code`"));
                }
                if let Some(code) = value.into_text().map(printable) {
                    match &mut self.code {
                        Some(other) if code.is_empty() || *other == code => {}
                        Some(other) if !other.is_empty() => return Err(contradiction("Code")),
                        slot => *slot = Some(code),
                    }
                }
            }
            EnvelopeField::Message if self.message.is_none() => {
                let message = value.into_text().filter(|message| !message.is_empty());
                self.message = message.map(Sensitive::new);
            }
            EnvelopeField::RequestId if self.request_id.is_none() => {
                let id = value.into_text().filter(|id| !id.is_empty());
                self.request_id = id.map(printable);
            }
            EnvelopeField::Message | EnvelopeField::RequestId => {}
        }
        Ok(())
    }
}

/// A field of the envelope.
#[derive(Clone, Copy)]
pub(super) enum EnvelopeField {
    Code,
    Message,
    RequestId,
}

impl EnvelopeField {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Code" | "code" => Self::Code,
            "Message" | "message" => Self::Message,
            "RequestId" | "requestId" => Self::RequestId,
            _ => return None,
        })
    }
}

/// The request ID in the gateway's header (inferred: other products of the vendor have it; it is not
/// documented for this one).
pub(crate) fn request_id_of(head: &Head) -> Option<String> {
    let id = head.header("x-acs-request-id");
    id.map(|id| printable(id.into()))
}

/// Codes and request IDs are printed, so they are reduced to printable ASCII and a limited length.
fn printable(text: String) -> String {
    const LONGEST: usize = 128;
    // Without a branch for each byte, this is vectorised.
    let is_graphic = |all: bool, byte: u8| all & byte.is_ascii_graphic();
    if text.len() <= LONGEST && text.bytes().fold(true, is_graphic) {
        return text;
    }
    text.chars()
        .take(LONGEST)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

//! Refusals in XML, which gateways send although JSON was requested.

use alloc::string::String;

use crate::secret::Sensitive;

/// What a refusal in XML says.
#[derive(Debug)]
pub(crate) struct XmlRefusal {
    pub(crate) code: String,
    pub(crate) message: Option<Sensitive>,
    pub(crate) request_id: Option<String>,
}

/// Reads `<Error><Code>...</Code>...</Error>`; `None` for any other body.
///
/// It looks for the strings between four tags, as the vendor's runtime does (recorded), and is no XML
/// parser.
pub(crate) fn refusal(body: &[u8]) -> Option<XmlRefusal> {
    if !body.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let body = String::from_utf8_lossy(body);
    let (_, error) = body.split_once("<Error>")?;
    Some(XmlRefusal {
        code: between(error, "<Code>", "</Code>")?,
        message: between(error, "<Message>", "</Message>").map(Sensitive::from),
        request_id: between(error, "<RequestId>", "</RequestId>"),
    })
}

/// The text between two tags, without the five references that XML has of itself.
fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let (value, _) = rest.split_once(end)?;
    let value = value.trim().replace("&lt;", "<").replace("&gt;", ">");
    let value = value.replace("&quot;", "\"").replace("&apos;", "'");
    Some(value.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_message_and_request_id_of_a_refusal_are_read() {
        let body = b"<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>A1B2</RequestId>\
            <HostId>cloudauth.aliyuncs.com</HostId><Code>Throttling.User</Code>\
            <Message>m</Message></Error>";
        let read = refusal(body).unwrap();
        assert_eq!(read.code, "Throttling.User");
        assert_eq!(read.request_id.as_deref(), Some("A1B2"));
        assert_eq!(read.message.unwrap().expose(), "m");
    }

    #[test]
    fn other_markup_is_no_refusal() {
        for body in [
            "<html><body><Code>200</Code></body></html>",
            "<Error>no code</Error>",
            "<Error><Code>cut",
            "",
            "{\"Message\":\"<Error><Code>X</Code></Error>\"}",
        ] {
            assert!(refusal(body.as_bytes()).is_none(), "{body}");
        }
    }
}

//! The envelope of every response: `Code`, `Message`, `RequestId`, and a payload in one of its fields.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer};
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::DecodeErrorKind;
use super::lenient;
use super::xml::{self, XmlRefusal};
use crate::http::Head;
use crate::secret::Sensitive;

/// The envelope's own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    #[serde(alias = "code", rename = "Code", deserialize_with = "lenient::text")]
    pub(crate) code: Option<String>,
    /// Can quote parameters, so it is not printed.
    #[serde(
        alias = "message",
        rename = "Message",
        deserialize_with = "lenient::sensitive"
    )]
    pub(crate) message: Option<Sensitive>,
    #[serde(
        alias = "requestId",
        rename = "RequestId",
        deserialize_with = "lenient::text"
    )]
    pub(crate) request_id: Option<String>,
}

impl Envelope {
    /// Decodes the envelope of a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, DecodeErrorKind> {
        let body = without_mark(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(DecodeErrorKind::Empty);
        }
        if let Some(refusal) = xml::refusal(body) {
            let XmlRefusal {
                code,
                message,
                request_id,
            } = refusal;
            let code = Some(code);
            return Ok(Self {
                code,
                message,
                request_id,
            }
            .printable());
        }
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = lenient::Object::<Self>::new()
            .deserialize(&mut json)
            .and_then(|envelope| json.end().map(|()| envelope));
        Ok(read
            .map_err(|e| unreadable(&e))?
            .unwrap_or_default()
            .printable())
    }

    fn printable(mut self) -> Self {
        self.code = self.code.map(printable);
        self.request_id = self.request_id.map(printable);
        self
    }

    /// Whether the operation succeeded: `Code` is `"200"` (documented), `"Success"` (documented for four
    /// operations), or missing.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.code.as_deref(), None | Some("200" | "Success"))
    }
}

/// The request ID in the gateway's header (inferred: other products of the vendor have it; it is not
/// documented for this one).
pub(crate) fn request_id_of(head: &Head) -> Option<String> {
    let id = head.header("x-acs-request-id");
    id.map(|id| printable(id.into()))
}

/// Decodes the payload: the field `container` of the body, or the whole body.
///
/// A payload that is missing or `null` is decoded as an empty one. A payload that occurs twice is an
/// error, since two verdicts contradict each other.
pub(crate) fn payload<R: DeserializeOwned>(
    body: &[u8],
    container: Option<&str>,
) -> Result<R, DecodeErrorKind> {
    let Some(container) = container else {
        return whole(body);
    };
    let mut json = serde_json::Deserializer::from_slice(without_mark(body));
    let outer = Outer {
        container,
        payload: PhantomData::<R>,
    };
    let read = json
        .deserialize_map(outer)
        .and_then(|payload| json.end().map(|()| payload));
    match read.map_err(|e| unreadable(&e))? {
        Some(payload) => Ok(payload),
        None => R::deserialize(MapDeserializer::<_, ValueError>::new(core::iter::empty::<(
            &str,
            &str,
        )>()))
        .map_err(|e| DecodeErrorKind::Shape(without_values(&alloc::format!("{e}"), container))),
    }
}

/// Says what is wrong with the body of a success that lacks the field that the operation is for.
pub(crate) fn lacks(field: &str, container: Option<&str>, body: &[u8]) -> Option<DecodeErrorKind> {
    let path = [container, Some(field)];
    let path: Vec<&str> = path.into_iter().flatten().collect();
    let mut json = serde_json::Deserializer::from_slice(without_mark(body));
    // An error is told when the reply is decoded.
    let is_there = Find(&path).deserialize(&mut json).unwrap_or(true);
    (!is_there).then(|| DecodeErrorKind::Shape(alloc::format!("missing field `{field}`")))
}

/// Whether there is a value at a path of fields; `null` and an empty string are none.
struct Find<'p>(&'p [&'p str]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<bool, M::Error> {
        let mut is_there = self.0.is_empty();
        while let Some(lenient::FieldName(key)) = map.next_key()? {
            match self.0.split_first() {
                Some((field, rest)) if key == *field => {
                    is_there |= map.next_value_seed(Find(rest))?;
                }
                Some(_) | None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(is_there)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<bool, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.0.is_empty())
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.is_empty() && !text.is_empty())
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(self.0.is_empty())
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(self.0.is_empty())
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(self.0.is_empty())
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(self.0.is_empty())
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Decodes the whole body, which is an object.
fn whole<R: DeserializeOwned>(body: &[u8]) -> Result<R, DecodeErrorKind> {
    let mut json = serde_json::Deserializer::from_slice(without_mark(body));
    let read = lenient::Object::<R>::new()
        .deserialize(&mut json)
        .and_then(|read| json.end().map(|()| read));
    let read = read.map_err(|e| unreadable(&e))?;
    read.ok_or_else(|| DecodeErrorKind::Shape("null where an object is required".into()))
}

struct Outer<'c, R> {
    container: &'c str,
    payload: PhantomData<R>,
}

impl<'de, R: DeserializeOwned> Visitor<'de> for Outer<'_, R> {
    type Value = Option<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(lenient::FieldName(key)) = map.next_key()? {
            if key != self.container {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(M::Error::custom("duplicate field `payload`"));
            } else {
                found = Some(map.next_value_seed(lenient::Object::new())?);
            }
        }
        Ok(found.flatten())
    }
}

/// The error of serde without the values that it quotes.
fn unreadable(error: &serde_json::Error) -> DecodeErrorKind {
    if error.is_data() {
        DecodeErrorKind::Shape(without_values(&alloc::format!("{error}"), "the response"))
    } else {
        DecodeErrorKind::NotJson
    }
}

/// Keeps the messages that quote only names of fields, which are this crate's.
fn without_values(message: &str, otherwise: &str) -> String {
    let quotes_names_only = ["missing field", "duplicate field", "an empty string"]
        .iter()
        .any(|start| message.starts_with(start));
    if quotes_names_only {
        message.into()
    } else {
        alloc::format!("a value of the wrong type in {otherwise}")
    }
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Codes and request IDs are printed, so they are reduced to printable ASCII and a limited length.
fn printable(text: String) -> String {
    const LONGEST: usize = 128;
    if text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic()) {
        return text;
    }
    text.chars()
        .take(LONGEST)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the table makes public types")]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;
    use crate::certify_id::CertifyId;
    use crate::decode::replies;

    replies! {
        /// A part of a verdict.
        Verdict {
            passed: Option<String> = "Passed",
        }

        /// A verification that was opened.
        Session {
            certify_id: CertifyId = "CertifyId",
        }
    }

    fn verdict(body: &str) -> Result<Verdict, DecodeErrorKind> {
        payload(body.as_bytes(), Some("ResultObject"))
    }

    fn session(body: &str) -> Result<Session, DecodeErrorKind> {
        payload(body.as_bytes(), Some("ResultObject"))
    }

    #[test]
    fn numbers_booleans_and_nulls_are_decoded_as_strings() {
        for (value, read) in [
            (r#""T""#, Some("T")),
            ("1000", Some("1000")),
            ("-1", Some("-1")),
            ("2.5", Some("2.5")),
            ("true", Some("true")),
            ("null", None),
        ] {
            let body = format!(r#"{{"ResultObject":{{"Passed":{value},"New":[1]}},"Other":{{}}}}"#);
            assert_eq!(verdict(&body).unwrap().passed.as_deref(), read, "{value}");
        }
    }

    #[test]
    fn a_payload_may_be_missing_or_null() {
        for body in ["{}", r#"{"ResultObject":null}"#, "\u{feff}{}"] {
            assert_eq!(verdict(body).unwrap().passed, None, "{body}");
        }
    }

    #[test]
    fn an_error_names_the_missing_field() {
        for body in [
            "{}",
            r#"{"ResultObject":null}"#,
            r#"{"ResultObject":{"certifyid":"x"}}"#,
        ] {
            let error = session(body).unwrap_err().to_string();
            assert!(error.contains("missing field `CertifyId`"), "{error}");
        }
        let empty = session(r#"{"ResultObject":{"CertifyId":""}}"#);
        assert!(empty.unwrap_err().to_string().contains("empty"));
        let found = session(r#"{"ResultObject":{"CertifyId":7}}"#).unwrap();
        assert_eq!(found.certify_id.as_str(), "7");
    }

    #[test]
    fn a_verdict_that_occurs_twice_is_an_error() {
        for body in [
            r#"{"ResultObject":{"Passed":"F","Passed":"T"}}"#,
            r#"{"ResultObject":{"Passed":"F"},"ResultObject":{"Passed":"T"}}"#,
        ] {
            let error = verdict(body).unwrap_err().to_string();
            assert!(error.contains("duplicate field"), "{error}");
        }
    }

    #[test]
    fn errors_do_not_quote_the_response() {
        for body in [
            r#"{"ResultObject":"zhang san"}"#,
            r#"{"ResultObject":{"Passed":{"zhang san":1}}}"#,
            r#"{"ResultObject":["zhang san"]}"#,
            r#""zhang san""#,
            "zhang san",
            r#"{"ResultObject":{"Passed":"T"}} zhang san"#,
        ] {
            let error = verdict(body).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("zhang"), "{error}");
        }
    }

    #[test]
    fn endless_nesting_is_refused() {
        let body = format!(r#"{{"ResultObject":{}"#, "[".repeat(1_000_000));
        assert!(verdict(&body).is_err());
        assert!(Envelope::read(body.as_bytes()).is_err());
    }

    #[test]
    fn codes_and_request_ids_are_reduced_to_printable_ascii() {
        let body = "{\"Code\":500,\"RequestId\":\"a\\u001b[31m\\nb\u{202e}\",\"Message\":\"m\"}";
        let envelope = Envelope::read(body.as_bytes()).unwrap();
        assert_eq!(envelope.code.as_deref(), Some("500"));
        assert_eq!(envelope.request_id.as_deref(), Some("a?[31m?b?"));
        assert!(!envelope.is_success());
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        assert!(verdict(r#"{"ResultObject":["T"]}"#).is_err());
        assert!(verdict(r#"["T"]"#).is_err());
        assert!(Envelope::read(br#"["200","","id"]"#).is_err());
    }

    #[test]
    fn an_empty_body_is_distinguished_from_a_malformed_one() {
        assert_eq!(Envelope::read(b" \n").unwrap_err(), DecodeErrorKind::Empty);
        assert_eq!(
            Envelope::read(b"<html>").unwrap_err(),
            DecodeErrorKind::NotJson
        );
        assert_eq!(
            Envelope::read(br#"{"Code":"200""#).unwrap_err(),
            DecodeErrorKind::NotJson
        );
    }
}

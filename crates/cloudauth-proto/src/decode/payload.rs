//! The body of a response: its envelope, and a payload in one of its fields.

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

use serde::de::value::{
    BorrowedStrDeserializer, MapAccessDeserializer, MapDeserializer, StringDeserializer,
};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};
use serde_json::Value;

use super::envelope::{Envelope, EnvelopeField};
use super::error::DecodeErrorKind;
use super::lenient::FieldName;
use super::repair::{tolerant, tolerant_bytes, without_mark};
use super::scalar::{Scalar, Scalars, is_damaged};
use super::{contradiction, xml};

/// A response, read in one pass.
pub(crate) struct Decoded<R> {
    pub(crate) envelope: Envelope,
    /// The payload, or what is wrong with it.
    pub(crate) payload: Result<R, DecodeErrorKind>,
}

/// Decodes the envelope of a response.
pub(crate) fn envelope(body: &[u8]) -> Result<Envelope, DecodeErrorKind> {
    Ok(read::<IgnoredAny>(body, None, None)?.envelope)
}

/// Decodes a response: its envelope, and its payload, which is the field `container` of the body, or the
/// whole body. Fails if not even the envelope can be decoded.
///
/// A payload that is missing, `null` or an empty string is decoded as an empty one. A payload without a
/// value of its field `result_field` is an error, and so are two payloads that differ, since two verdicts
/// contradict each other.
pub(crate) fn read<R: DeserializeOwned>(
    body: &[u8],
    container: Option<&str>,
    result_field: Option<&str>,
) -> Result<Decoded<R>, DecodeErrorKind> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Some(refusal) = xml::refusal(body) {
        return Ok(Decoded {
            envelope: Envelope::of_xml(refusal),
            payload: Err(DecodeErrorKind::Xml),
        });
    }
    let (mut envelope, mut found) = (Envelope::default(), None);
    let read = tolerant_bytes(body, |json| {
        (envelope, found) = (Envelope::default(), None);
        json.deserialize_any(Outer {
            container,
            result_field,
            envelope: &mut envelope,
            payload: &mut found,
        })
    });
    match read {
        Ok(()) => {
            let payload = match found {
                Some(payload) => Ok(payload),
                None => empty(container, result_field),
            };
            Ok(Decoded { envelope, payload })
        }
        // The payload is not what it should be; the envelope may still be.
        Err(error) if error.is_data() => {
            let kind = shape(&error, container);
            let payload = match container {
                Some(name) if kind == DecodeErrorKind::Contradictory(name.into()) => {
                    repeated(body, name, result_field)
                }
                Some(_) | None => Err(kind),
            };
            let read = tolerant_bytes(body, |json| {
                envelope = Envelope::default();
                json.deserialize_any(Outer {
                    container: None,
                    result_field: None,
                    envelope: &mut envelope,
                    payload: &mut None::<IgnoredAny>,
                })
            });
            read.map_err(|error| shape(&error, None))?;
            Ok(Decoded { envelope, payload })
        }
        Err(error) => Err(DecodeErrorKind::of(body, error.is_eof())),
    }
}

/// The body: an object whose fields are those of the envelope, and the payload.
struct Outer<'o, R> {
    /// The field that holds the payload; without one, the payload is the object itself.
    container: Option<&'o str>,
    result_field: Option<&'o str>,
    envelope: &'o mut Envelope,
    payload: &'o mut Option<R>,
}

impl<'de, R: DeserializeOwned> Visitor<'de> for Outer<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Some(container) = self.container else {
            let payload = Payload {
                envelope: Some(self.envelope),
                result_field: self.result_field,
                found: self.payload,
            };
            return payload.visit_map(map);
        };
        while let Some(FieldName(name)) = map.next_key()? {
            if name == container {
                if self.payload.is_none() {
                    map.next_value_seed(Payload {
                        envelope: None,
                        result_field: self.result_field,
                        found: self.payload,
                    })?;
                } else if !map
                    .next_value_seed(Scalars { keeps_json: false })?
                    .is_blank()
                {
                    return Err(contradiction(container));
                }
            } else if let Some(field) = EnvelopeField::named(&name) {
                let value = map.next_value_seed(Scalars { keeps_json: false })?;
                self.envelope.take(field, value)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The payload: an object, also one in a string; or nothing.
struct Payload<'o, R> {
    /// The envelope, if its fields are among those of the payload.
    envelope: Option<&'o mut Envelope>,
    result_field: Option<&'o str>,
    found: &'o mut Option<R>,
}

impl<'de, R: DeserializeOwned> DeserializeSeed<'de> for Payload<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, R: DeserializeOwned> Visitor<'de> for Payload<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        let mut has_result = false;
        let inspected = InspectedMap {
            map,
            envelope: self.envelope,
            result_field: self.result_field,
            has_result: &mut has_result,
            name: None,
        };
        *self.found = Some(R::deserialize(MapAccessDeserializer::new(inspected))?);
        match self.result_field {
            Some(field) if !has_result => Err(missing(field)),
            Some(_) | None => Ok(()),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if without_mark(text).is_empty() {
            return Ok(());
        }
        let Self {
            result_field,
            found,
            ..
        } = self;
        let read = tolerant(text, |json| {
            json.deserialize_any(Payload {
                envelope: None,
                result_field,
                found,
            })
        });
        read.map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An object of which some values are looked at on their way to the type that is decoded from it.
struct InspectedMap<'o, 'de, M> {
    map: M,
    envelope: Option<&'o mut Envelope>,
    result_field: Option<&'o str>,
    has_result: &'o mut bool,
    /// The name of the current field, if its value is looked at.
    name: Option<Cow<'de, str>>,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for InspectedMap<'_, 'de, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, M::Error> {
        let Some(FieldName(name)) = self.map.next_key()? else {
            return Ok(None);
        };
        let is_envelope = self.envelope.is_some() && EnvelopeField::named(&name).is_some();
        if is_envelope || self.result_field == Some(&*name) {
            self.name = Some(name.clone());
        }
        let key = match name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
        };
        key.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        let Some(name) = self.name.take() else {
            return self.map.next_value_seed(seed);
        };
        let value: Value = self.map.next_value()?;
        if let (Some(envelope), Some(field)) = (&mut self.envelope, EnvelopeField::named(&name)) {
            let scalar = Scalar::read(&value, false).map_err(M::Error::custom)?;
            envelope.take(field, scalar)?;
        }
        if self.result_field == Some(&*name) {
            *self.has_result |= match &value {
                Value::String(text) => !text.is_empty() && !is_damaged(text),
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            };
        }
        seed.deserialize(value).map_err(M::Error::custom)
    }
}

/// Decodes a payload that occurs more than once, if each time it is the same.
fn repeated<R: DeserializeOwned>(
    body: &[u8],
    container: &str,
    result_field: Option<&str>,
) -> Result<R, DecodeErrorKind> {
    struct Payloads<'c>(&'c str);

    impl<'de> Visitor<'de> for Payloads<'_> {
        type Value = Option<Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<Value>, M::Error> {
            let mut same = None;
            while let Some((FieldName(name), value)) = map.next_entry::<_, Value>()? {
                if name != self.0 || value.is_null() || value == "" {
                    continue;
                }
                if same.get_or_insert_with(|| value.clone()) != &value {
                    return Err(contradiction(self.0));
                }
            }
            Ok(same)
        }
    }

    let mut found = None;
    let read = tolerant_bytes(body, |json| json.deserialize_any(Payloads(container)));
    let read = read.and_then(|payload| {
        Payload {
            envelope: None,
            result_field,
            found: &mut found,
        }
        .deserialize(payload.unwrap_or_default())
    });
    read.map_err(|error| shape(&error, Some(container)))?;
    found.map_or_else(|| empty(Some(container), result_field), Ok)
}

/// Decodes a payload that is missing.
fn empty<R: DeserializeOwned>(
    container: Option<&str>,
    result_field: Option<&str>,
) -> Result<R, DecodeErrorKind> {
    let nothing = core::iter::empty::<(&str, &str)>();
    let read = R::deserialize(MapDeserializer::<_, serde_json::Error>::new(nothing));
    let read = read.and_then(|payload| match result_field {
        Some(field) => Err(missing(field)),
        None => Ok(payload),
    });
    read.map_err(|error| shape(&error, container))
}

fn missing<E: Error>(field: &str) -> E {
    E::custom(format_args!("missing field `{field}`"))
}

/// What an error of serde says, without the values that it quotes. Names of fields are this crate's.
fn shape(error: &serde_json::Error, container: Option<&str>) -> DecodeErrorKind {
    let message = format!("{error}");
    if let Some(rest) = message.strip_prefix("contradictory field `") {
        let (field, _) = rest.split_once('`').unwrap_or((rest, ""));
        return DecodeErrorKind::Contradictory(field.into());
    }
    let quotes_names_only = [
        "missing field",
        "an empty string",
        "a list or an object for",
    ]
    .iter()
    .any(|start| message.starts_with(start));
    DecodeErrorKind::Shape(if quotes_names_only {
        message
    } else {
        let place = container.unwrap_or("the response");
        format!("a value of the wrong type in {place}")
    })
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the table makes public types")]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

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
        read(body.as_bytes(), Some("ResultObject"), None)?.payload
    }

    fn session(body: &str) -> Result<Session, DecodeErrorKind> {
        read(body.as_bytes(), Some("ResultObject"), None)?.payload
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
        let error = empty.unwrap_err().to_string();
        assert!(error.contains("missing field `CertifyId`"), "{error}");
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
            assert!(error.contains("contradictory"), "{error}");
        }
    }

    #[test]
    fn errors_do_not_quote_the_response() {
        for body in [
            r#"{"ResultObject":"zhang san"}"#,
            r#"{"ResultObject":{"Passed":"zhang san","Passed":"T"}}"#,
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
        assert!(envelope(body.as_bytes()).is_err());
    }

    #[test]
    fn codes_and_request_ids_are_reduced_to_printable_ascii() {
        let body = "{\"Code\":500,\"RequestId\":\"a\\u001b[31m\\nb\u{202e}\",\"Message\":\"m\"}";
        let envelope = envelope(body.as_bytes()).unwrap();
        assert_eq!(envelope.code.as_deref(), Some("500"));
        assert_eq!(envelope.request_id.as_deref(), Some("a?[31m?b?"));
        assert!(!envelope.is_success());
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        assert!(verdict(r#"{"ResultObject":["T"]}"#).is_err());
        assert!(verdict(r#"["T"]"#).is_err());
        assert!(envelope(br#"["200","","id"]"#).is_err());
    }

    #[test]
    fn an_empty_body_is_distinguished_from_a_malformed_one() {
        assert_eq!(envelope(b" \n").unwrap_err(), DecodeErrorKind::Empty);
        assert_eq!(envelope(b"<html>").unwrap_err(), DecodeErrorKind::Html);
        assert_eq!(
            envelope(br#"{"Code":"200""#).unwrap_err(),
            DecodeErrorKind::Cut
        );
    }
}

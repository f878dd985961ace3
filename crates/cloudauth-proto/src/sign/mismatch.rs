//! Why the service computed another signature.
//!
//! When it refuses a signature its message holds the text that it signed itself. The shapes are not
//! documented; they were seen in public reports (NewFuture/DDNS issue 57, dromara/SMS4J issue 34,
//! aliyun/alibabacloud-csharp-sdk issue 40) and in the vendor's Go SDK, which compares the first one
//! as a whole:
//!
//! * RPC 1.0: `server string to sign is:` and the text to the end. Certain.
//! * ACS3: `server StringToSign is [` text `]`, often followed by `server CanonicalRequest is [`
//!   text `]`. The first is certain; the second was seen in code that strips it from messages.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Draft, Scheme, Stamp};
use crate::clock::UnixTime;
use crate::credentials::{Credentials, Key};
use crate::secret::Secret;

/// The first difference between what was signed and what the service signed.
///
/// It holds names of what was sent, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Both signed the same text, so the secret belongs to another key.
    Key,
    /// A parameter did not arrive as it was signed.
    Parameter {
        /// Its name, percent-encoded.
        name: String,
    },
    /// A signed header did not arrive as it was signed: a proxy changed it.
    Header {
        /// Its name.
        name: String,
    },
    /// The service saw a parameter or a header that was not signed.
    Added,
    /// The time.
    Clock {
        /// The time stamp of the request.
        signed: UnixTime,
        /// What the service's clock said, if it said so.
        service: Option<UnixTime>,
    },
    /// The body did not arrive as it was signed.
    Payload,
    /// The method or the path did not arrive as it was signed.
    Target,
    /// The service did not show what it signed, or not where it differs.
    Unknown,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("the service signed the same text: the secret is wrong"),
            Self::Parameter { name } => write!(f, "the parameter {name} arrived changed"),
            Self::Header { name } => write!(f, "the header {name} was changed on the way"),
            Self::Added => f.write_str("something was added to the request on the way"),
            Self::Clock {
                signed,
                service: None,
            } => write!(f, "the time stamp {signed} arrived changed"),
            Self::Clock {
                signed,
                service: Some(service),
            } => write!(
                f,
                "the clock is wrong: it said {signed} when the service's said {service}"
            ),
            Self::Payload => f.write_str("the body was changed on the way"),
            Self::Target => f.write_str("the method or the path was changed on the way"),
            Self::Unknown => f.write_str("the service did not show where its text differs"),
        }
    }
}

impl Scheme {
    /// Compares what [`sign`](Self::sign) signed with what the service says it signed in the
    /// `message` of its `SignatureDoesNotMatch`.
    #[must_use]
    pub fn mismatch(
        self,
        draft: &Draft<'_>,
        credentials: &Credentials,
        stamp: &Stamp,
        message: &str,
    ) -> Mismatch {
        if matches!(credentials.key(), Key::Bearer(_)) {
            return Mismatch::Unknown;
        }
        let token = credentials.security_token().map(Secret::expose);
        let ours = self.explain_with(draft, credentials, token, stamp);
        let found = if let Self::RpcHmacSha1 = self {
            let theirs = message.split_once("server string to sign is:");
            theirs.map(|(_, theirs)| strings_to_sign(&ours.string_to_sign, theirs.trim()))
        } else {
            let theirs = message.split_once("server StringToSign is [");
            theirs.map(|(_, theirs)| {
                let (to_sign, rest) = theirs.split_once(']').unwrap_or((theirs, ""));
                let canonical = rest.split_once("server CanonicalRequest is [");
                // A header's value can hold a bracket; the last one closes.
                let canonical = canonical.and_then(|(_, text)| text.rsplit_once(']'));
                match canonical {
                    _ if to_sign == ours.string_to_sign => Difference::None,
                    Some((theirs, _)) => canonical_requests(&ours.canonical, theirs),
                    None => Difference::Hidden,
                }
            })
        };
        match found.unwrap_or(Difference::Hidden) {
            Difference::None => Mismatch::Key,
            Difference::In("Timestamp", Kind::Parameter) | Difference::In("x-acs-date", _) => {
                Mismatch::Clock {
                    signed: stamp.at,
                    service: None,
                }
            }
            Difference::In("x-acs-content-sha256", _) | Difference::Payload => Mismatch::Payload,
            Difference::In(name, Kind::Parameter) => Mismatch::Parameter {
                name: name.to_string(),
            },
            Difference::In(name, Kind::Header) => Mismatch::Header {
                name: name.to_string(),
            },
            Difference::Added => Mismatch::Added,
            Difference::Target => Mismatch::Target,
            Difference::Hidden => Mismatch::Unknown,
        }
    }
}

enum Difference<'a> {
    None,
    In(&'a str, Kind),
    Added,
    Payload,
    Target,
    Hidden,
}

#[derive(Clone, Copy)]
enum Kind {
    Parameter,
    Header,
}

/// Of RPC 1.0: `POST&%2F&` and the pairs, encoded once more.
fn strings_to_sign<'a>(ours: &'a str, theirs: &str) -> Difference<'a> {
    if ours == theirs {
        return Difference::None;
    }
    let parts = |text: &'a str| -> Option<(&'a str, &'a str)> {
        let at = text.match_indices('&').nth(1)?.0;
        Some((&text[..at], &text[at + 1..]))
    };
    let Some((our_target, our_pairs)) = parts(ours) else {
        return Difference::Hidden;
    };
    let Some(at) = theirs.match_indices('&').nth(1) else {
        return Difference::Hidden;
    };
    if our_target != &theirs[..at.0] {
        return Difference::Target;
    }
    // What is escaped within a pair is escaped twice: these can only stand between.
    let pairs = Lists {
        ours: our_pairs.split("%26"),
        theirs: theirs[at.0 + 1..].split("%26"),
        between: "%3D",
    };
    pairs.compare(Kind::Parameter).unwrap_or(Difference::Hidden)
}

/// Of ACS3: method, path, query, headers, an empty line, their names, the payload's hash.
fn canonical_requests<'a>(ours: &'a str, theirs: &str) -> Difference<'a> {
    let (Some(ours), Some(theirs)) = (Canonical::read(ours), Canonical::read(theirs)) else {
        return Difference::Hidden;
    };
    if ours.target != theirs.target {
        return Difference::Target;
    }
    let headers = Lists {
        ours: ours.headers.lines(),
        theirs: theirs.headers.lines(),
        between: ":",
    };
    let query = Lists {
        ours: ours.query.split('&'),
        theirs: theirs.query.split('&'),
        between: "=",
    };
    let found = query.compare(Kind::Parameter);
    let found = found.or_else(|| headers.compare(Kind::Header));
    found.unwrap_or(if ours.payload_hash == theirs.payload_hash {
        Difference::Hidden
    } else {
        Difference::Payload
    })
}

struct Canonical<'a> {
    target: (&'a str, &'a str),
    query: &'a str,
    headers: &'a str,
    payload_hash: &'a str,
}

impl<'a> Canonical<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (method, rest) = text.split_once('\n')?;
        let (path, rest) = rest.split_once('\n')?;
        let (query, rest) = rest.split_once('\n')?;
        let (headers, rest) = rest.split_once("\n\n")?;
        let (_, payload_hash) = rest.split_once('\n')?;
        Some(Self {
            target: (method, path),
            query,
            headers,
            payload_hash: payload_hash.trim_end(),
        })
    }
}

struct Lists<'a, 't, O, T>
where
    O: Iterator<Item = &'a str>,
    T: Iterator<Item = &'t str>,
{
    ours: O,
    theirs: T,
    /// What stands between a name and its value.
    between: &'static str,
}

impl<'a, 't, O, T> Lists<'a, 't, O, T>
where
    O: Iterator<Item = &'a str>,
    T: Iterator<Item = &'t str>,
{
    /// Finds the first of ours that theirs lack or have otherwise. Only names of ours are told:
    /// nobody knows what stands in theirs.
    fn compare(self, kind: Kind) -> Option<Difference<'a>> {
        let between = self.between;
        let mut theirs: BTreeMap<&str, &str> = self
            .theirs
            .map(|pair| pair.split_once(between).unwrap_or((pair, "")))
            .collect();
        for pair in self.ours {
            let (name, value) = pair.split_once(between).unwrap_or((pair, ""));
            if theirs.remove(name) != Some(value) {
                return Some(Difference::In(name, kind));
            }
        }
        (!theirs.is_empty()).then_some(Difference::Added)
    }
}

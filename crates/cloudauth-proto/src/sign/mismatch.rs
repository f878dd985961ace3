//! The comparison of our string to sign with that of the service, after it has refused a signature.
//!
//! The message of the refusal contains the string that the service signed itself. Its forms are not
//! documented (inferred: from public reports, namely NewFuture/DDNS issue 57, dromara/SMS4J issue 34 and
//! aliyun/alibabacloud-csharp-sdk issue 40, and from the vendor's Go SDK, which compares the first one as
//! a whole):
//!
//! * RPC 1.0: `server string to sign is:`, then the string up to the end of the message. Certain.
//! * ACS3: `server StringToSign is [` string `]`, often followed by `server CanonicalRequest is [` string
//!   `]`. The first is certain; the second was found in code that strips it from messages.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::Scheme;
use super::draft::{Draft, Stamp};
use crate::clock::UnixTime;
use crate::credentials::{Credentials, SigningKey};
use crate::secret::Secret;

/// The cause of a refused signature: the first difference between the strings that were signed here and by
/// the service.
///
/// [`ServiceError::mismatch`](crate::ServiceError::mismatch) has it for every call whose signature the service refused,
/// and [`Scheme::mismatch`] computes it for programs that sign on their own. Most causes lie between the
/// two, such as a proxy that rewrites requests. It contains names of parameters and headers that were sent, never
/// a value.
///
/// ```
/// use cloudauth_proto::Error;
/// use cloudauth_proto::sign::Mismatch;
///
/// fn advice(error: &Error) -> Option<&'static str> {
///     let Error::Service(refusal) = error else { return None };
///     Some(match refusal.mismatch.as_ref()? {
///         Mismatch::Key => "check the access key secret",
///         Mismatch::Clock { service: Some(_), .. } => "set the clock",
///         _ => "find the proxy that changes requests",
///     })
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Both sides signed the same string, so the secret does not belong to the access key ID.
    Key,
    /// A parameter was changed or removed in transit.
    Parameter {
        /// The name of the parameter, percent-encoded.
        name: String,
    },
    /// A signed header was changed or removed in transit.
    Header {
        /// The name of the header.
        name: String,
    },
    /// A parameter or a signed header was added in transit. It is not named, since its name comes from
    /// elsewhere.
    Added,
    /// The time stamp was refused or changed.
    Clock {
        /// The time stamp of the request.
        signed: UnixTime,
        /// The time of the service's clock if it refused the time stamp. `None` if the time stamp was
        /// changed in transit.
        service: Option<UnixTime>,
    },
    /// The body was changed in transit.
    Payload,
    /// The method or the path was changed in transit.
    Target,
    /// The service did not report the string that it signed, or not the part that is different.
    Unknown,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => {
                f.write_str("the service signed the same string, so the access key secret is wrong")
            }
            Self::Parameter { name } => write!(f, "parameter {name} was changed in transit"),
            Self::Header { name } => write!(f, "header {name} was changed in transit"),
            Self::Added => f.write_str("a parameter or a header was added in transit"),
            Self::Clock {
                signed,
                service: None,
            } => write!(f, "the time stamp {signed} was changed in transit"),
            Self::Clock {
                signed,
                service: Some(service),
            } => write!(
                f,
                "the local clock is wrong: it showed {signed} when the service's clock showed {service}"
            ),
            Self::Payload => f.write_str("the body was changed in transit"),
            Self::Target => f.write_str("the method or the path was changed in transit"),
            Self::Unknown => f.write_str("the service did not report what is different"),
        }
    }
}

impl Scheme {
    /// Compares the string that [`sign`](Self::sign) has signed with the one that the service reports in
    /// the `Message` of its refusal `SignatureDoesNotMatch`.
    ///
    /// The arguments must be those of the refused request. The result is [`Mismatch::Unknown`] if the
    /// message has no such string, or with a bearer token.
    #[must_use]
    pub fn mismatch(
        self,
        draft: &Draft<'_>,
        credentials: &Credentials,
        stamp: &Stamp,
        message: &str,
    ) -> Mismatch {
        if matches!(credentials.key(), SigningKey::Bearer(_)) {
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
                // A header's value can contain a bracket; the last one is the closing one.
                let canonical = canonical.and_then(|(_, text)| text.rsplit_once(']'));
                match canonical {
                    _ if to_sign == ours.string_to_sign => Difference::None,
                    Some((theirs, _)) => canonical_requests(&ours.canonical, theirs),
                    None => Difference::Unknown,
                }
            })
        };
        match found.unwrap_or(Difference::Unknown) {
            Difference::None => Mismatch::Key,
            Difference::Changed("Timestamp", SignedPart::Parameter)
            | Difference::Changed("x-acs-date", _) => Mismatch::Clock {
                signed: stamp.at,
                service: None,
            },
            Difference::Changed("x-acs-content-sha256", _) | Difference::Payload => {
                Mismatch::Payload
            }
            Difference::Changed(name, SignedPart::Parameter) => Mismatch::Parameter {
                name: name.to_string(),
            },
            Difference::Changed(name, SignedPart::Header) => Mismatch::Header {
                name: name.to_string(),
            },
            Difference::Added => Mismatch::Added,
            Difference::Target => Mismatch::Target,
            Difference::Unknown => Mismatch::Unknown,
        }
    }
}

enum Difference<'a> {
    None,
    Changed(&'a str, SignedPart),
    Added,
    Payload,
    Target,
    Unknown,
}

#[derive(Clone, Copy)]
enum SignedPart {
    Parameter,
    Header,
}

/// Compares strings to sign of RPC 1.0: `POST&%2F&`, then the pairs, encoded once more.
fn strings_to_sign<'a>(ours: &'a str, theirs: &str) -> Difference<'a> {
    if ours == theirs {
        return Difference::None;
    }
    let parts = |text: &'a str| -> Option<(&'a str, &'a str)> {
        let at = text.match_indices('&').nth(1)?.0;
        Some((&text[..at], &text[at + 1..]))
    };
    let Some((our_target, our_pairs)) = parts(ours) else {
        return Difference::Unknown;
    };
    let Some(at) = theirs.match_indices('&').nth(1) else {
        return Difference::Unknown;
    };
    if our_target != &theirs[..at.0] {
        return Difference::Target;
    }
    // Within a pair everything is encoded twice, so this only occurs between pairs.
    let pairs = PairLists {
        ours: our_pairs,
        theirs: &theirs[at.0 + 1..],
        between: "%26",
        separator: "%3D",
    };
    pairs
        .compare(SignedPart::Parameter)
        .unwrap_or(Difference::Unknown)
}

/// Compares canonical requests of ACS3: method, path, query, headers, an empty line, the names of the
/// headers, the hash of the payload.
fn canonical_requests<'a>(ours: &'a str, theirs: &str) -> Difference<'a> {
    let (Some(ours), Some(theirs)) = (CanonicalRequest::read(ours), CanonicalRequest::read(theirs))
    else {
        return Difference::Unknown;
    };
    if ours.target != theirs.target {
        return Difference::Target;
    }
    let headers = PairLists {
        ours: ours.headers,
        theirs: theirs.headers,
        between: "\n",
        separator: ":",
    };
    let query = PairLists {
        ours: ours.query,
        theirs: theirs.query,
        between: "&",
        separator: "=",
    };
    let found = query.compare(SignedPart::Parameter);
    let found = found.or_else(|| headers.compare(SignedPart::Header));
    found.unwrap_or(if ours.payload_hash == theirs.payload_hash {
        Difference::Unknown
    } else {
        Difference::Payload
    })
}

struct CanonicalRequest<'a> {
    target: (&'a str, &'a str),
    query: &'a str,
    headers: &'a str,
    payload_hash: &'a str,
}

impl<'a> CanonicalRequest<'a> {
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

struct PairLists<'a, 't> {
    ours: &'a str,
    theirs: &'t str,
    /// The separator between pairs.
    between: &'static str,
    /// The separator between a name and its value.
    separator: &'static str,
}

impl<'a> PairLists<'a, '_> {
    /// Finds the first pair of ours that is missing or different in theirs. The result contains names of
    /// ours only, since those of theirs could be anything.
    fn compare(self, part: SignedPart) -> Option<Difference<'a>> {
        // Ours are few, and a map would add 20 kB to a module for wasm.
        let mut theirs: Vec<(&str, &str)> = self.pairs(self.theirs).collect();
        for (name, value) in self.pairs(self.ours) {
            let Some(at) = theirs.iter().position(|pair| *pair == (name, value)) else {
                return Some(Difference::Changed(name, part));
            };
            theirs.swap_remove(at);
        }
        (!theirs.is_empty()).then_some(Difference::Added)
    }

    fn pairs<'l>(&self, list: &'l str) -> impl Iterator<Item = (&'l str, &'l str)> + use<'l> {
        let separator = self.separator;
        let pairs = list.split(self.between).filter(|pair| !pair.is_empty());
        pairs.map(move |pair| pair.split_once(separator).unwrap_or((pair, "")))
    }
}

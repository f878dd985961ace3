//! ACS3-HMAC-SHA256, the signature of the vendor's current SDKs for this product, and ACS3-HMAC-SM3,
//! which they offer as an option.

use std::collections::{BTreeMap, BTreeSet};

use ::hmac::{Hmac, KeyInit as _, Mac as _};
use ring::{digest, hmac};
use sm3::{Digest as _, Sm3};

use super::{VerifiedRequest, canonical_query, check_timestamp, form, secret_for, unique};
use crate::http::{IncomingRequest, Params, Refusal};
use crate::ids::{hex, unhex};

/// The hash of a signature, and of the body in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sm3,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sm3];

    /// The name at the beginning of `Authorization`.
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::Sha256 => "ACS3-HMAC-SHA256",
            Self::Sm3 => "ACS3-HMAC-SM3",
        }
    }

    /// The hash in lower-case hex. Under SM3 too it is in the header `x-acs-content-sha256` (recorded
    /// from the vendor's SDK).
    pub(super) fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(digest::digest(&digest::SHA256, bytes).as_ref()),
            Self::Sm3 => hex(&Sm3::digest(bytes)),
        }
    }
}

/// Headers that must be signed if they are sent (documented as required).
const ALWAYS_SIGNED: [&str; 5] = [
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-version",
];

pub(super) fn verify(
    request: &IncomingRequest,
    query: Params,
    authorization: &str,
    secret_of: impl Fn(&str) -> Option<String>,
    now_unix: u64,
) -> Result<VerifiedRequest, Refusal> {
    let authorization = Authorization::parse(authorization)?;
    let headers = request.merged_headers();
    let signed = authorization.signed_headers(&headers, !request.body.is_empty())?;
    let header = |name: &str| signed.get(name).cloned();
    let required = |name: &str| {
        header(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                let message = format!("The header {name} is missing.");
                Refusal::new(400, "MissingParameter", message)
            })
    };

    required("host")?;
    let action = required("x-acs-action")?;
    let version = required("x-acs-version")?;
    let signed_at_unix = check_timestamp(&required("x-acs-date")?, now_unix)?;
    let claimed_hash = required("x-acs-content-sha256")?;
    let secret = secret_for(authorization.access_key_id, secret_of)?;

    let algorithm = authorization.algorithm;
    let body_hash = algorithm.hash(&request.body);
    let canonical = canonical_request(
        &request.method,
        request.path(),
        &canonical_query(&query),
        &signed,
        &body_hash,
    );
    let to_sign = string_to_sign(algorithm, &canonical);
    let matches = signature_matches(algorithm, &secret, &to_sign, authorization.signature);
    if !matches || claimed_hash != body_hash {
        let message = format!(
            "The signature is not the one that the server computed. \
             server StringToSign is [{to_sign}] server CanonicalRequest is [{canonical}]"
        );
        return Err(Refusal::new(400, "SignatureDoesNotMatch", message));
    }

    let format = query.get("Format").cloned();
    Ok(VerifiedRequest {
        access_key_id: authorization.access_key_id.to_owned(),
        // An empty one is none.
        security_token: header("x-acs-security-token").filter(|token| !token.is_empty()),
        action,
        version,
        nonce: header("x-acs-signature-nonce"),
        signed_at_unix,
        format,
        params: unique(form(request)?, query)?,
        scheme: algorithm.scheme(),
    })
}

/// The fields of an `Authorization` header.
pub(super) struct Authorization<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) access_key_id: &'a str,
    /// Names separated by `;`.
    pub(super) signed_headers: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn parse(authorization: &'a str) -> Result<Self, Refusal> {
        let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        let mut algorithms = Algorithm::ALL.into_iter();
        let algorithm = algorithms.find(|algorithm| algorithm.scheme() == scheme);
        let algorithm = algorithm.ok_or_else(|| {
            let message = "The simulator supports ACS3-HMAC-SHA256 and ACS3-HMAC-SM3 only.";
            Refusal::new(400, "InvalidSignatureMethod", message)
        })?;
        let field = |name: &str| {
            let mut values = rest
                .split(',')
                .filter_map(|field| field.strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty());
            match (values.next(), values.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(Refusal::new(
                    400,
                    "IncompleteSignature",
                    format!("Authorization needs exactly one {name}."),
                )),
            }
        };
        Ok(Self {
            algorithm,
            access_key_id: field("Credential")?,
            signed_headers: field("SignedHeaders")?,
            signature: field("Signature")?,
        })
    }

    /// The signed headers with their values, after checking that all headers that must be signed are
    /// among them.
    fn signed_headers(
        &self,
        headers: &BTreeMap<String, String>,
        has_body: bool,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let named: BTreeSet<&str> = self.signed_headers.split(';').collect();
        for name in ALWAYS_SIGNED {
            if headers.contains_key(name) && !named.contains(name) {
                return Err(incomplete(name, "is not among the signed headers"));
            }
        }
        for name in headers.keys() {
            // With the vendor's Python SDK, async, the HTTP library adds a type for an empty body
            // after signing.
            let matters = name.starts_with("x-acs-") || name == "content-type" && has_body;
            if matters && !named.contains(name.as_str()) {
                return Err(incomplete(name, "is not among the signed headers"));
            }
        }
        named
            .into_iter()
            .map(|name| match headers.get(name) {
                Some(value) => Ok((name.to_owned(), value.clone())),
                None => Err(incomplete(name, "is named as signed but absent")),
            })
            .collect()
    }
}

fn incomplete(header: &str, problem: &str) -> Refusal {
    let message = format!("The header {header} {problem}.");
    Refusal::new(400, "IncompleteSignature", message)
}

/// The string whose hash is signed. `query` is canonical; `headers` are the signed ones, merged, by
/// lower-case name.
pub(super) fn canonical_request(
    method: &str,
    path: &str,
    query: &str,
    headers: &BTreeMap<String, String>,
    body_hash: &str,
) -> String {
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let lines = lines.concat();
    let names: Vec<&str> = headers.keys().map(String::as_str).collect();
    let names = names.join(";");
    format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{body_hash}")
}

pub(super) fn string_to_sign(algorithm: Algorithm, canonical_request: &str) -> String {
    let hash = algorithm.hash(canonical_request.as_bytes());
    format!("{}\n{hash}", algorithm.scheme())
}

/// Compares in constant time. Upper-case hex is not the documented form and does not match.
pub(super) fn signature_matches(
    algorithm: Algorithm,
    secret: &str,
    string_to_sign: &str,
    signature: &str,
) -> bool {
    let Some(tag) = unhex(signature) else {
        return false;
    };
    match algorithm {
        Algorithm::Sha256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            hmac::verify(&key, string_to_sign.as_bytes(), &tag).is_ok()
        }
        Algorithm::Sm3 => Hmac::<Sm3>::new_from_slice(secret.as_bytes())
            .is_ok_and(|mac| mac.chain_update(string_to_sign).verify_slice(&tag).is_ok()),
    }
}

/// The scheme of a request with a token in place of a signature.
const BEARER: &str = "BEARERTOKEN";

/// Reads a request with a bearer token, which has the headers of ACS3 and no `Authorization` (recorded
/// from the vendor's SDK). The code for a wrong token is invented.
pub(super) fn bearer(
    request: &IncomingRequest,
    query: Params,
    now_unix: u64,
) -> Result<VerifiedRequest, Refusal> {
    let headers = request.merged_headers();
    let required = |name: &str| {
        let value = headers.get(name).filter(|value| !value.is_empty());
        value.cloned().ok_or_else(|| {
            let message = format!("The header {name} is missing.");
            Refusal::new(400, "MissingParameter", message)
        })
    };
    let action = required("x-acs-action")?;
    let version = required("x-acs-version")?;
    let token = headers.get("x-acs-bearer-token");
    let token = token.ok_or_else(|| {
        let message = "There is neither an Authorization header nor a bearer token.";
        Refusal::new(400, "MissingSignature", message)
    })?;
    if token != super::BEARER_TOKEN {
        let message = "The bearer token is not the one that the simulator knows.";
        return Err(Refusal::new(400, "InvalidBearerToken", message));
    }
    let signed_at_unix = check_timestamp(&required("x-acs-date")?, now_unix)?;
    let mut params = unique(form(request)?, query)?;
    params.remove("SignatureType");
    Ok(VerifiedRequest {
        access_key_id: BEARER.to_owned(),
        security_token: None,
        action,
        version,
        nonce: headers.get("x-acs-signature-nonce").cloned(),
        signed_at_unix,
        format: params.remove("Format"),
        params,
        scheme: BEARER,
    })
}

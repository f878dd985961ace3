//! Requests to sign, read from fuzz input.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use cloudauth_proto::driver::{Method, Request};
use cloudauth_proto::operation::{ParamLocation, Params};
use cloudauth_proto::sign::Nonce;
use cloudauth_proto::sign::{Draft, Retry, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Scheme, UnixTime};

pub(crate) const SECRET: &str = "testsecret";
pub(crate) const TOKEN: &str = "t0ken+/=";
pub(crate) static ENDPOINT: Endpoint = Endpoint::SHANGHAI;

/// Created once, since preparing a key takes as long as a signature.
pub(crate) static KEY: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::access_key("testid", SECRET).unwrap());
static TEMPORARY_KEY: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::temporary("testid", SECRET, TOKEN).unwrap());

/// All signature schemes.
pub(crate) const SCHEMES: [Scheme; 3] = [
    Scheme::Acs3HmacSha256,
    Scheme::RpcHmacSha1,
    Scheme::Acs3HmacSm3,
];
/// The schemes that the simulator's verifier implements.
pub(crate) const SCHEMES_OF_SIM: [Scheme; 2] = [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1];

/// Strings that are known to break encoders.
const SPECIAL: [&str; 12] = [
    "\r\n",
    "&",
    "=",
    "\0",
    "%",
    "+",
    "*",
    "~",
    "😀",
    "%2",
    "\r\nx-acs-action: y",
    "é",
];

/// Structured input beyond this is ignored, or else a fuzzer would prefer ever longer and slower inputs.
const MAX_BYTES: usize = 512;
const MAX_PARAMS: usize = 8;

/// Reads a structured input.
pub(crate) fn read<'b, T: Arbitrary<'b>>(bytes: &'b [u8]) -> Option<T> {
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}

/// Selects one input in `many`, by a hash. If a single byte of the input decided, the fuzzer would find
/// and keep it.
pub(crate) fn is_one_of(many: u32, bytes: &[u8]) -> bool {
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    (bytes.iter().fold(0x811c_9dc5, fnv) >> 8) % many == 0
}

/// A request to sign.
pub(crate) struct SigningInput {
    pub(crate) scheme: Scheme,
    pub(crate) has_token: bool,
    pub(crate) is_get: bool,
    pub(crate) at: u32,
    nonce: u32,
    /// Set for a second attempt.
    pub(crate) retry: Option<Retry>,
    params: Vec<(String, String, bool)>,
}

#[derive(Arbitrary)]
struct RawInput<'b> {
    scheme: u8,
    has_token: bool,
    is_get: bool,
    at: u32,
    nonce: u32,
    retry: Option<(u8, u32)>,
    params: Vec<RawParam<'b>>,
}

#[derive(Arbitrary)]
struct RawParam<'b> {
    name: &'b str,
    value: &'b str,
    is_form: bool,
    special: u8,
}

impl SigningInput {
    /// Reads a request to sign by one of `schemes`.
    pub(crate) fn read(bytes: &[u8], schemes: &[Scheme]) -> Option<Self> {
        let drawn: RawInput<'_> = read(bytes)?;
        // The encoder and the hashes handle long values by other code.
        let repeat = if is_one_of(256, bytes) { 200 } else { 1 };
        let params = drawn.params.iter().take(MAX_PARAMS).enumerate();
        let params = params.map(|(i, param)| {
            let special = SPECIAL[usize::from(param.special) % SPECIAL.len()];
            let value = [param.value, special].concat().repeat(repeat);
            (format!("{}.{i}", param.name), value, param.is_form)
        });
        Some(Self {
            scheme: schemes[usize::from(drawn.scheme) % schemes.len()],
            has_token: drawn.has_token,
            is_get: drawn.is_get,
            at: drawn.at,
            nonce: drawn.nonce,
            retry: drawn.retry.map(|(attempts, delay)| Retry {
                attempts: attempts.into(),
                delay: Duration::from_millis(delay.into()),
            }),
            params: params.collect(),
        })
    }

    /// A request with these values, alternately in the form and in the query.
    pub(crate) fn of(scheme: Scheme, values: &[String]) -> Self {
        let values = values.iter().enumerate();
        let params = values.map(|(i, value)| (format!("p{i}"), value.clone(), i % 2 == 0));
        Self {
            scheme,
            has_token: false,
            is_get: false,
            at: 1_800_000_000,
            nonce: 1,
            retry: None,
            params: params.collect(),
        }
    }

    /// Names and values, and whether they are in the form. The names are unique, since they end in
    /// different digits, and none is reserved.
    pub(crate) fn params(&self) -> &[(String, String, bool)] {
        &self.params
    }

    pub(crate) fn encoded(params: &[(String, String, bool)]) -> Params {
        let mut encoded = Params::new();
        for (name, value, is_form) in params {
            let place = if *is_form {
                ParamLocation::Form
            } else {
                ParamLocation::Query
            };
            encoded.push(name.clone(), value, place);
        }
        encoded
    }

    /// The parameters of the form, or those of the query.
    pub(crate) fn part(&self, form: bool) -> BTreeMap<String, String> {
        let part = self.params.iter();
        let part = part.filter(|(_, _, is_form)| *is_form == form);
        part.map(|(name, value, _)| (name.clone(), value.clone()))
            .collect()
    }

    pub(crate) fn credentials(&self) -> &'static Credentials {
        if self.has_token { &TEMPORARY_KEY } else { &KEY }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            at: UnixTime::from_seconds(self.at.into()),
            nonce: Nonce::new(format!("{:08x}", self.nonce)).unwrap(),
            retry: self.retry,
        }
    }

    pub(crate) fn draft<'p>(&self, params: &'p Params) -> Draft<'p> {
        let method = if self.is_get {
            Method::Get
        } else {
            Method::Post
        };
        Draft::new(method, "InitFaceVerify", "2019-03-07", &ENDPOINT, params).unwrap()
    }

    pub(crate) fn sign(&self) -> Request {
        let params = Self::encoded(&self.params);
        let draft = self.draft(&params);
        self.scheme.sign(&draft, self.credentials(), &self.stamp())
    }
}

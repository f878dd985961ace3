//! What is signed, drawn from bytes.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use cloudauth_proto::sign::{Draft, Retry, Stamp};
use cloudauth_proto::{
    Credentials, Endpoint, Method, Nonce, Params, Place, Request, Scheme, UnixTime,
};

pub(crate) const SECRET: &str = "testsecret";
pub(crate) const TOKEN: &str = "t0ken+/=";
pub(crate) static ENDPOINT: Endpoint = Endpoint::SHANGHAI;

/// Keys are prepared once: that takes as long as a signature.
pub(crate) static KEY: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::access_key("testid", SECRET).unwrap());
static TEMPORARY_KEY: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::temporary("testid", SECRET, TOKEN).unwrap());

/// All schemes, and those that the simulator's verifier knows.
pub(crate) const SCHEMES: [Scheme; 3] = [
    Scheme::Acs3HmacSha256,
    Scheme::RpcHmacSha1,
    Scheme::Acs3HmacSm3,
];
pub(crate) const SCHEMES_OF_SIM: [Scheme; 2] = [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1];

/// Texts that have broken encoders.
const NASTY: [&str; 12] = [
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

/// What a structured input has beyond these bytes is not read: a fuzzer would make its inputs ever
/// longer, and ever slower.
const MOST_BYTES: usize = 512;
const MOST_PARAMS: usize = 8;

pub(crate) fn read<'b, T: Arbitrary<'b>>(bytes: &'b [u8]) -> Option<T> {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}

/// One input of `many` is a large one. A hash decides, not a byte of the input, or else the fuzzer
/// would find that byte, and keep it.
pub(crate) fn is_one_of(many: u32, bytes: &[u8]) -> bool {
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    (bytes.iter().fold(0x811c_9dc5, fnv) >> 8) % many == 0
}

pub(crate) struct ToSign {
    pub(crate) scheme: Scheme,
    pub(crate) has_token: bool,
    pub(crate) is_get: bool,
    pub(crate) at: u32,
    nonce: u32,
    /// That it is not the first attempt.
    pub(crate) retry: Option<Retry>,
    params: Vec<(String, String, bool)>,
}

#[derive(Arbitrary)]
struct Drawn<'b> {
    scheme: u8,
    has_token: bool,
    is_get: bool,
    at: u32,
    nonce: u32,
    retry: Option<(u8, u32)>,
    params: Vec<Param<'b>>,
}

#[derive(Arbitrary)]
struct Param<'b> {
    name: &'b str,
    value: &'b str,
    is_form: bool,
    nasty: u8,
}

impl ToSign {
    /// Signed with one of these schemes.
    pub(crate) fn read(bytes: &[u8], schemes: &[Scheme]) -> Option<Self> {
        let drawn: Drawn<'_> = read(bytes)?;
        // Long values take other ways through the encoder and the hashes.
        let repeat = if is_one_of(256, bytes) { 200 } else { 1 };
        let params = drawn.params.iter().take(MOST_PARAMS).enumerate();
        let params = params.map(|(i, param)| {
            let nasty = NASTY[usize::from(param.nasty) % NASTY.len()];
            let value = [param.value, nasty].concat().repeat(repeat);
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

    /// With these values, in the form and in the query by turns.
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

    /// Names and values, and whether they are in the form. No two names are the same, since they end
    /// in different digits, and none is a reserved one.
    pub(crate) fn params(&self) -> &[(String, String, bool)] {
        &self.params
    }

    pub(crate) fn encoded(params: &[(String, String, bool)]) -> Params {
        let mut encoded = Params::new();
        for (name, value, is_form) in params {
            let place = if *is_form { Place::Form } else { Place::Query };
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

//! What is signed, drawn from bytes.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{
    Credentials, Endpoint, Entropy, Method, Params, Place, Request, Scheme, UnixTime,
};

pub(crate) const SECRET: &str = "testsecret";
pub(crate) const TOKEN: &str = "t0ken+/=";
pub(crate) static ENDPOINT: Endpoint = Endpoint::SHANGHAI;

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

#[derive(Arbitrary, Debug)]
pub(crate) struct ToSign {
    pub(crate) is_rpc: bool,
    pub(crate) has_token: bool,
    pub(crate) is_get: bool,
    pub(crate) at: u32,
    pub(crate) seed: [u8; 32],
    params: Vec<Param>,
}

#[derive(Arbitrary, Debug)]
struct Param {
    name: String,
    value: String,
    is_form: bool,
    nasty: u8,
    /// How often the value is repeated, so that there are long ones.
    repeat: u8,
}

impl ToSign {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        Self::arbitrary_take_rest(Unstructured::new(bytes)).ok()
    }

    /// Names and values, and whether they are in the form. No two names are the same, none is a
    /// reserved one.
    pub(crate) fn params(&self) -> Vec<(String, String, bool)> {
        let params = self.params.iter().take(40).enumerate();
        params
            .map(|(i, param)| {
                let nasty = NASTY[usize::from(param.nasty) % NASTY.len()];
                let value = format!("{}{nasty}", param.value);
                let repeat = match param.repeat {
                    255 => 2_000,
                    250..255 => usize::from(param.repeat),
                    _ => 1,
                };
                let value = value.repeat(repeat);
                (format!("p{i}.{}", param.name), value, param.is_form)
            })
            .collect()
    }

    pub(crate) fn encoded(params: &[(String, String, bool)]) -> Params {
        let mut encoded = Params::new();
        for (name, value, is_form) in params {
            let place = if *is_form { Place::Form } else { Place::Query };
            encoded.push(name.clone(), value, place);
        }
        encoded
    }

    pub(crate) fn of(params: &[(String, String, bool)], form: bool) -> BTreeMap<String, String> {
        let of = params.iter().filter(|(_, _, is_form)| *is_form == form);
        of.map(|(name, value, _)| (name.clone(), value.clone()))
            .collect()
    }

    pub(crate) fn credentials(&self) -> Credentials {
        if self.has_token {
            Credentials::temporary("testid", SECRET, TOKEN).unwrap()
        } else {
            Credentials::access_key("testid", SECRET).unwrap()
        }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            at: UnixTime::from_seconds(self.at.into()),
            nonce: Entropy::from_seed(self.seed).nonce(),
            retry: None,
        }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        if self.is_rpc {
            Scheme::RpcHmacSha1
        } else {
            Scheme::Acs3HmacSha256
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

    pub(crate) fn sign(&self, params: &Params) -> Request {
        let draft = self.draft(params);
        self.scheme()
            .sign(&draft, &self.credentials(), &self.stamp())
    }
}

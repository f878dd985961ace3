//! The bodies of the fuzz targets: each takes bytes, and panics if what it claims is not so.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{
    Credentials, Endpoint, Entropy, Method, Params, Place, Profile, ProfileFormat, Scheme,
    Settings, UnixTime, Vars,
};
use cloudauth_sim::{Incoming, verify};

#[derive(Arbitrary, Debug)]
struct ToSign {
    is_rpc: bool,
    has_token: bool,
    at: u32,
    seed: [u8; 32],
    /// Name, value, whether in the form.
    params: Vec<(String, String, bool)>,
}

/// Whatever stands in names and values, the independent verifier accepts the signature and reads
/// the same names and values.
///
/// # Panics
///
/// If it does not.
#[expect(
    clippy::unwrap_used,
    reason = "a target panics where its claim is wrong"
)]
pub fn sim_accepts_what_we_sign(bytes: &[u8]) {
    let Ok(input) = ToSign::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    let credentials = if input.has_token {
        Credentials::temporary("testid", "testsecret", "t0ken+/=")
    } else {
        Credentials::access_key("testid", "testsecret")
    };
    let credentials = credentials.unwrap();
    let mut params = Params::new();
    let mut pushed = BTreeMap::new();
    for (i, (name, value, is_form)) in input.params.into_iter().enumerate() {
        // Unique, and none of the reserved names.
        let name = format!("p{i}.{name}");
        let place = if is_form { Place::Form } else { Place::Query };
        params.push(name.clone(), &value, place);
        pushed.insert(name, value);
    }
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        Method::Post,
        "InitFaceVerify",
        "2019-03-07",
        &endpoint,
        &params,
    );
    let scheme = if input.is_rpc {
        Scheme::RpcHmacSha1
    } else {
        Scheme::Acs3HmacSha256
    };
    let stamp = Stamp {
        at: UnixTime::from_seconds(input.at.into()),
        nonce: Entropy::from_seed(input.seed).nonce(),
        retry: None,
    };
    let request = scheme.sign(&draft.unwrap(), &credentials, &stamp);
    let secret = |id: &str| (id == "testid").then(|| "testsecret".to_owned());
    let verified = verify(&Incoming::from(&request), secret, input.at.into()).unwrap();
    assert_eq!(verified.params, pushed);
    assert_eq!(verified.nonce.as_deref(), Some(stamp.nonce.as_str()));
}

/// A file of profiles is read to a source or to a reason, whatever stands in it; and what is made of
/// it shows no secret. Secrets are what holds `s3cret`.
///
/// # Panics
///
/// If one is shown.
pub fn profiles_are_read(bytes: &[u8]) {
    for format in [ProfileFormat::Cli, ProfileFormat::Ini] {
        for name in [None, Some("p".to_owned())] {
            let settings = Settings::new(&Vars::default());
            let profile = Profile::new(format, "/f", name, settings);
            match profile.parse(bytes) {
                Ok(source) => assert!(!format!("{source:?}").contains("s3cret")),
                Err(reason) => assert!(!format!("{reason} {reason:?}").contains("s3cret")),
            }
        }
    }
}

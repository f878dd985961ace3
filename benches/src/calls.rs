//! The two requests that are built and signed: a call with 21 parameters, and a picture.

use cloudauth_proto::driver::{Method, Request};
use cloudauth_proto::operation::{ParamLocation, Params};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::{Draft, Explanation, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Operation, Scheme, UnixTime};

/// The access key ID.
pub const ACCESS_KEY_ID: &str = "LTAI0EXAMPLEKEYID";
/// The access key secret.
pub const ACCESS_KEY_SECRET: &str = "exampleSecret";

const META_INFO: &str = r#"{"zimVer":"3.0.0","appVersion":"1","bioMetaInfo":"4.1.0:11501568,0","appName":"com.example","deviceType":"ios","osVersion":"iOS 10.3.2","apdidToken":"","deviceModel":"iPhone9,1"}"#;

/// InitFaceVerify with 21 made-up parameters.
#[must_use]
pub fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "e0c34a77f5ac40a5aa5e6ed20c353888", "ID_PRO")
        .model("MULTI_ACTION")
        .auth_id("a27c1f0e5d")
        .crop("T")
        .callback_token("NMjvQanQgplBSaEI0sL86WnQplB")
        .callback_url("https://www.example.com/called")
        .camera_selection("Y")
        .cert_name("张先生")
        .cert_no("330103199001011230")
        .cert_type("IDENTITY_CARD")
        .certify_url_style("L")
        .certify_url_type("H5")
        .ip("114.55.0.1")
        .meta_info(META_INFO)
        .mobile("13800000000")
        .need_multi_face_check("Y")
        .procedure_priority("url")
        .rarely_characters("N")
        .return_url("https://www.example.com/back?order=1")
}

/// A string like the base64 of a picture: every character is equally likely.
#[must_use]
pub fn picture(length: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[usize::from(state.to_be_bytes()[2] % 64)])
    };
    (0..length).map(|_| next()).collect()
}

/// Signs with a fixed access key, time and nonce.
#[derive(Debug)]
pub struct Signer {
    credentials: Credentials,
    stamp: Stamp,
}

impl Signer {
    /// Creates a signer.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a bench")]
    pub fn new() -> Self {
        Self {
            credentials: Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap(),
            stamp: Stamp {
                at: UnixTime::from_seconds(1_800_000_000),
                nonce: Entropy::from_seed([1; 32]).nonce(),
                retry: None,
            },
        }
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        self.stamp.nonce.as_str()
    }

    /// Encodes and signs an operation.
    #[must_use]
    pub fn build(&self, scheme: Scheme, operation: &InitFaceVerify) -> Request {
        let mut params = Params::new();
        operation.encode(&mut params);
        self.sign(scheme, &params)
    }

    /// Encodes and signs a picture, as the only parameter.
    #[must_use]
    pub fn build_picture(&self, scheme: Scheme, picture: &str) -> Request {
        self.sign(scheme, &picture_params(picture))
    }

    /// Signs encoded parameters, as a second attempt does.
    #[must_use]
    pub fn sign(&self, scheme: Scheme, params: &Params) -> Request {
        scheme.sign(&draft(params), &self.credentials, &self.stamp)
    }

    /// The strings that are signed.
    #[must_use]
    pub fn explain(&self, scheme: Scheme, params: &Params) -> Explanation {
        scheme.explain(&draft(params), &self.credentials, &self.stamp)
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

/// A picture as the only parameter.
#[must_use]
pub fn picture_params(picture: &str) -> Params {
    let mut params = Params::new();
    params.push("FaceContrastPicture", picture, ParamLocation::Form);
    params
}

#[expect(clippy::unwrap_used, reason = "a bench")]
fn draft(params: &Params) -> Draft<'_> {
    static ENDPOINT: Endpoint = Endpoint::SHANGHAI;
    let endpoint = &ENDPOINT;
    Draft::new(
        Method::Post,
        "InitFaceVerify",
        "2019-03-07",
        endpoint,
        params,
    )
    .unwrap()
}

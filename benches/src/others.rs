//! Signers of other crates, on a request with the same parameters in its query.
//!
//! They sign for AWS, with SHA-256 as ACS3 does. The signed strings differ, and each signer does some
//! work that the others do not, such as deriving a key from the date or parsing a URL. They show the
//! usual order of magnitude of signing.
#![expect(clippy::unwrap_used, reason = "a bench")]

use core::hint::black_box;
use core::time::Duration;
use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use reqsign_aws_v4::{Credential, RequestSigner};
use reqsign_core::{Context, SignRequest};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use crate::calls::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

const FORM: &str = "application/x-www-form-urlencoded";

/// aws-sigv4, from an encoded URL to a signed `http::Request`.
pub fn aws_sigv4<'a>(target: &'a str, body: &'a str) -> impl FnMut() + 'a {
    let identity: Identity =
        AwsCredentials::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET, None, None, "bench").into();
    move || {
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("cn-north-1")
            .name("bench")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = format!("https://example.com{}", black_box(target));
        let headers = [("content-type", FORM)].into_iter();
        let body_bytes = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", &uri, headers, body_bytes).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let request = http::Request::post(&uri).header("content-type", FORM);
        let mut request = request.body(body.to_owned()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        black_box(request);
    }
}

/// rusty-s3, from unencoded parameters to a signed URL.
pub fn rusty_s3(params: &BTreeMap<String, String>) -> impl FnMut() + '_ {
    let endpoint = "https://example.com".parse().unwrap();
    let bucket = Bucket::new(endpoint, UrlStyle::Path, "bucket", "cn-north-1").unwrap();
    let credentials = Credentials::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
    move || {
        let mut action = bucket.put_object(Some(&credentials), "InitFaceVerify");
        for (name, value) in black_box(params) {
            action.query_mut().insert(name.as_str(), value.as_str());
        }
        black_box(action.sign(Duration::from_secs(60)));
    }
}

/// reqsign, from an encoded URL to signed `http::request::Parts`.
pub fn reqsign(target: &str) -> impl FnMut() + '_ {
    let (signing, context) = (RequestSigner::new("bench", "cn-north-1"), Context::new());
    let credential = Credential {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: ACCESS_KEY_SECRET.to_owned(),
        ..Credential::default()
    };
    move || {
        let uri = format!("https://example.com{}", black_box(target));
        let request = http::Request::post(uri).header("content-type", FORM);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let done = signing.sign_request(&context, &mut parts, Some(&credential), None);
        pollster::block_on(done).unwrap();
        black_box(parts);
    }
}

//! Building and signing InitFaceVerify, beside the hash work alone over the same bytes.
#![expect(clippy::unwrap_used, reason = "a bench")]

use core::hint::black_box;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{
    Credentials, Endpoint, Entropy, Method, Operation, Params, Scheme, UnixTime,
};
use criterion::{Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

const META_INFO: &str = r#"{"zimVer":"3.0.0","appVersion":"1","bioMetaInfo":"4.1.0:11501568,0","appName":"com.example","deviceType":"ios","osVersion":"iOS 10.3.2","apdidToken":"","deviceModel":"iPhone9,1"}"#;

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "e0c34a77f5ac40a5aa5e6ed20c353888", "ID_PRO")
        .model("MULTI_ACTION")
        .cert_type("IDENTITY_CARD")
        .cert_name("张先生")
        .cert_no("330103199001011234")
        .return_url("https://www.example.com/back?order=1")
        .meta_info(META_INFO)
        .callback_url("https://www.example.com/called")
        .callback_token("NMjvQanQgplBSaEI0sL86WnQplB")
        .certify_url_type("H5")
}

fn sign(c: &mut Criterion) {
    let credentials = Credentials::access_key("LTAI0EXAMPLEKEYID", "exampleSecret").unwrap();
    let stamp = Stamp {
        at: UnixTime::from_seconds(1_800_000_000),
        nonce: Entropy::from_seed([1; 32]).nonce(),
        retry: None,
    };
    let operation = init();
    let sign = |scheme: Scheme| {
        let mut params = Params::new();
        black_box(&operation).encode(&mut params);
        let endpoint = &Endpoint::SHANGHAI;
        let draft = Draft::new(
            Method::Post,
            "InitFaceVerify",
            "2019-03-07",
            endpoint,
            &params,
        );
        scheme.sign(&draft.unwrap(), &credentials, &stamp)
    };
    let explain = |scheme: Scheme| {
        let mut params = Params::new();
        operation.encode(&mut params);
        let endpoint = &Endpoint::SHANGHAI;
        let draft = Draft::new(
            Method::Post,
            "InitFaceVerify",
            "2019-03-07",
            endpoint,
            &params,
        );
        scheme.explain(&draft.unwrap(), &credentials, &stamp)
    };

    let rpc = explain(Scheme::RpcHmacSha1).string_to_sign;
    c.bench_function("RPC 1.0, the HMAC alone", |b| {
        b.iter(|| {
            let mut mac = Hmac::<Sha1>::new_from_slice(b"exampleSecret&").unwrap();
            mac.update(black_box(rpc.as_bytes()));
            mac.finalize()
        });
    });
    c.bench_function("RPC 1.0, build and sign", |b| {
        b.iter(|| sign(Scheme::RpcHmacSha1));
    });

    let acs3 = explain(Scheme::Acs3HmacSha256);
    c.bench_function("ACS3, the hashes alone", |b| {
        b.iter(|| {
            let payload = Sha256::digest(black_box(b"Model=MULTI_ACTION"));
            let canonical = Sha256::digest(black_box(acs3.canonical.as_bytes()));
            let mut mac = Hmac::<Sha256>::new_from_slice(b"exampleSecret").unwrap();
            mac.update(black_box(acs3.string_to_sign.as_bytes()));
            (payload, canonical, mac.finalize())
        });
    });
    c.bench_function("ACS3, build and sign", |b| {
        b.iter(|| sign(Scheme::Acs3HmacSha256));
    });
}

criterion_group!(benches, sign);
criterion_main!(benches);

//! Certificates that are refused although their root is trusted.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoints};
use cloudauth_sim::conformance::limits;
use rcgen::{Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::driver::{Async, Blocking, Driver, both, options};

both! {
    a_valid_certificate_is_accepted => valid;
    a_certificate_for_another_host_is_refused => other_host;
    an_expired_certificate_is_refused => expired;
    a_certificate_that_is_not_valid_yet_is_refused => early;
    a_self_signed_certificate_is_refused => self_signed;
}

const BODY: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1"}}"#;

/// Contents of a certificate.
struct CertificateContents {
    host: &'static str,
    years: [i32; 2],
    is_self_signed: bool,
}

const VALID: CertificateContents = CertificateContents {
    host: "127.0.0.1",
    years: [2_000, 2_100],
    is_self_signed: false,
};

/// A certificate, its private key, and the root that issued it.
pub(crate) struct IssuedCertificate {
    pub(crate) leaf: Certificate,
    pub(crate) key: KeyPair,
    pub(crate) root: CertifiedIssuer<'static, KeyPair>,
}

impl IssuedCertificate {
    /// A valid certificate for 127.0.0.1.
    pub(crate) fn valid() -> Self {
        issue(&VALID)
    }

    /// The private key, in the type of rustls.
    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    /// The configuration of a server with this certificate, without client authentication.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.leaf.der().clone()], self.private_key())
            .unwrap();
        Arc::new(config)
    }
}

fn issue(contents: &CertificateContents) -> IssuedCertificate {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![contents.host.to_owned()]).unwrap();
    leaf.not_before = date_time_ymd(contents.years[0], 1, 1);
    leaf.not_after = date_time_ymd(contents.years[1], 1, 1);
    let leaf = if contents.is_self_signed {
        leaf.self_signed(&key).unwrap()
    } else {
        leaf.signed_by(&key, &root).unwrap()
    };
    IssuedCertificate { leaf, key, root }
}

/// Starts a server with this certificate. Returns its URL and the root for the client to trust.
fn server(contents: &CertificateContents) -> (String, String) {
    let issued = issue(contents);
    let config = issued.server_config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            // Clients that accept the certificate get a response.
            if matches!(tls.read(&mut [0; 8_192]), Ok(n) if n > 0) {
                let length = BODY.len();
                let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BODY}");
                let _ = tls.write_all(response.as_bytes());
            }
        }
    });
    (url, issued.root.pem())
}

#[expect(clippy::unwrap_in_result, reason = "the error is what is tested")]
fn call<D: Driver>(contents: &CertificateContents) -> Result<(), String> {
    let (url, root) = server(contents);
    let options = options(limits(), Endpoints::only(url.parse().unwrap()));
    let client = D::new(options.max_attempts(1).root_certificates(root));
    let called = client.call(
        &InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
            .user_id("7")
            .meta_info("{}"),
    );
    called.map(drop).map_err(|error| {
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(
            matches!(attempt.outcome, AttemptOutcome::NotSent(_)),
            "{error}"
        );
        error.to_string()
    })
}

#[track_caller]
fn refused<D: Driver>(contents: &CertificateContents, message: &str) {
    let error = call::<D>(contents).unwrap_err();
    assert!(error.contains(message), "{error}");
}

fn valid<D: Driver>() {
    call::<D>(&VALID).unwrap();
}

fn other_host<D: Driver>() {
    let host = "cloudauth.example.com";
    refused::<D>(&CertificateContents { host, ..VALID }, "not valid for");
}

fn expired<D: Driver>() {
    let years = [2_000, 2_020];
    refused::<D>(&CertificateContents { years, ..VALID }, "expired");
}

fn early<D: Driver>() {
    let years = [2_090, 2_100];
    refused::<D>(&CertificateContents { years, ..VALID }, "not valid yet");
}

fn self_signed<D: Driver>() {
    let is_self_signed = true;
    refused::<D>(
        &CertificateContents {
            is_self_signed,
            ..VALID
        },
        "invalid peer certificate",
    );
}

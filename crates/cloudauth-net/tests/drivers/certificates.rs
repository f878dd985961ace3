//! Certificates that must not be trusted, although their root is.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Outcome};
use cloudauth_sim::conformance::limits;
use rcgen::{Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::subjects::{Async, Blocking, Driver, both, options};

both! {
    a_good_certificate_is_trusted => good;
    a_certificate_for_another_host_is_refused => other_host;
    a_certificate_that_has_expired_is_refused => expired;
    a_certificate_that_is_not_valid_yet_is_refused => early;
    a_certificate_that_signed_itself_is_refused => self_signed;
}

const BODY: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1"}}"#;

/// What a certificate says.
struct Claim {
    host: &'static str,
    years: [i32; 2],
    is_self_signed: bool,
}

const GOOD: Claim = Claim {
    host: "127.0.0.1",
    years: [2_000, 2_100],
    is_self_signed: false,
};

/// What was made for a test: a certificate, its key, and the root that vouches for it.
pub(crate) struct Issued {
    pub(crate) leaf: Certificate,
    pub(crate) key: KeyPair,
    pub(crate) root: CertifiedIssuer<'static, KeyPair>,
}

impl Issued {
    /// A good one for 127.0.0.1.
    pub(crate) fn good() -> Self {
        issue(&GOOD)
    }

    /// The key, as rustls takes it.
    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    /// A server that shows it, and asks nobody for a certificate.
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

fn issue(claim: &Claim) -> Issued {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![claim.host.to_owned()]).unwrap();
    leaf.not_before = date_time_ymd(claim.years[0], 1, 1);
    leaf.not_after = date_time_ymd(claim.years[1], 1, 1);
    let leaf = if claim.is_self_signed {
        leaf.self_signed(&key).unwrap()
    } else {
        leaf.signed_by(&key, &root).unwrap()
    };
    Issued { leaf, key, root }
}

/// A server with such a certificate, as a URL, and the root that the client is to trust.
fn server(claim: &Claim) -> (String, String) {
    let issued = issue(claim);
    let config = issued.server_config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            // Whoever trusts it gets an answer.
            if matches!(tls.read(&mut [0; 8_192]), Ok(n) if n > 0) {
                let length = BODY.len();
                let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BODY}");
                let _ = tls.write_all(reply.as_bytes());
            }
        }
    });
    (url, issued.root.pem())
}

#[expect(clippy::unwrap_in_result, reason = "the error is what is tested")]
fn call<D: Driver>(claim: &Claim) -> Result<(), String> {
    let (url, root) = server(claim);
    let options = options(limits(), Endpoints::only(url.parse().unwrap()));
    let client = D::new(options.max_attempts(1).root_certificates(root));
    let called = client.call(&InitFaceVerify::new(1_000_000_006, "order1", "LR_FR"));
    called.map(drop).map_err(|error| {
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(matches!(attempt.outcome, Outcome::NotSent(_)), "{error}");
        error.to_string()
    })
}

#[track_caller]
fn refused<D: Driver>(claim: &Claim, told: &str) {
    let error = call::<D>(claim).unwrap_err();
    assert!(error.contains(told), "{error}");
}

fn good<D: Driver>() {
    call::<D>(&GOOD).unwrap();
}

fn other_host<D: Driver>() {
    let host = "cloudauth.example.com";
    refused::<D>(&Claim { host, ..GOOD }, "not valid for");
}

fn expired<D: Driver>() {
    let years = [2_000, 2_020];
    refused::<D>(&Claim { years, ..GOOD }, "expired");
}

fn early<D: Driver>() {
    let years = [2_090, 2_100];
    refused::<D>(&Claim { years, ..GOOD }, "not valid yet");
}

fn self_signed<D: Driver>() {
    let is_self_signed = true;
    refused::<D>(
        &Claim {
            is_self_signed,
            ..GOOD
        },
        "invalid peer certificate",
    );
}

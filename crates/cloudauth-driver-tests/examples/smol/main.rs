//! A driver on smol, with TLS, in less than 200 lines: those of `driver`. It opens a verification:
//!
//! ```text
//! cargo run -p cloudauth-driver-tests --example smol -- https://cloudauth.aliyuncs.com ID SECRET
//! ```
#![expect(clippy::print_stdout, reason = "a command")]

mod driver;

use core::error::Error;
use std::env;
use std::sync::Arc;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Endpoints, Session};
use driver::Client;
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::{ClientConfig, RootCertStore};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [endpoint, id, secret] = &arguments[..] else {
        return Err("usage: smol ENDPOINT ACCESS_KEY_ID ACCESS_KEY_SECRET".into());
    };
    let credentials = Credentials::access_key(id.as_str(), secret.as_str())?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let session = Session::new(credentials, seed).endpoints(Endpoints::only(endpoint.parse()?));
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::new(session, Arc::new(tls));
    let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info(r#"{"deviceType":"h5"}"#);
    let opened = smol::block_on(client.run(Call::new(&init, CallOptions::new())?))?;
    println!("{}", opened.value.certify_id);
    Ok(())
}

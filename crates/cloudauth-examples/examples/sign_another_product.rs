//! Signs a request for another product of the vendor, here `GetCallerIdentity` of STS, and sends it with an HTTP
//! client of the application's own.
//!
//! ```text
//! cloudauth sim    # in another terminal; paste the lines that it prints into this one
//! cargo run -p cloudauth-examples --example sign_another_product -- http://127.0.0.1:8733    # the simulator's STS
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_proto::driver::Method;
use cloudauth_proto::operation::Params;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Endpoint, Entropy, Scheme, UnixTime};
use cloudauth_ureq::proto::WhoAmI;
use cloudauth_ureq::{Client, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint: Endpoint = match std::env::args().nth(1) {
        Some(url) => url.parse()?,
        None => Endpoint::STS, // https: needs the feature `rustls` of ureq
    };
    // The same credentials as a client's.
    let client = Client::new(Options::from_env()?)?;
    let key = client.run(WhoAmI::new())?.credentials;

    let params = Params::new();
    let draft = Draft::new(
        Method::Post,
        "GetCallerIdentity",
        "2015-04-01",
        &endpoint,
        &params,
    )?;
    let mut entropy: Entropy = client.entropy();
    let stamp = Stamp {
        at: UnixTime::now(),
        nonce: entropy.nonce(), // accepted once
        retry: None,
    };
    let request = Scheme::Acs3HmacSha256.sign(&draft, &key, &stamp);
    let request = request.into_http(|body| {
        let (shared, own) = body.into_parts();
        [shared.as_ref(), &own].concat()
    })?;
    let mut response = ureq::agent().run(request)?;
    println!("{}", response.body_mut().read_to_string()?);
    Ok(())
}

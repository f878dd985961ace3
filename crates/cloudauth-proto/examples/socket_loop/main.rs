//! Opens a verification with a driver that needs nothing but the core and the standard library:
//!
//! ```text
//! cloudauth sim serve
//! cargo run -p cloudauth-proto --example socket_loop -- http://127.0.0.1:8081 testid testsecret
//! ```
#![expect(clippy::print_stdout, reason = "a command")]

mod driver;

use core::error::Error;
use std::env;
use std::fs::File;
use std::io::Read;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Endpoints, Session};
use driver::Client;

/// Random bytes of the system. Everything secret about requests derives from them.
fn seed() -> std::io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [endpoint, id, secret] = &arguments[..] else {
        return Err("usage: socket_loop ENDPOINT ACCESS_KEY_ID ACCESS_KEY_SECRET".into());
    };
    let credentials = Credentials::access_key(id.as_str(), secret.as_str())?;
    let session = Session::new(credentials, seed()?);
    let client = Client::new(session.endpoints(Endpoints::only(endpoint.parse()?)));
    let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info(r#"{"deviceType":"h5"}"#);
    let opened = client.run(Call::new(&init, CallOptions::new())?)?;
    println!("{}", opened.value.certify_id);
    Ok(())
}

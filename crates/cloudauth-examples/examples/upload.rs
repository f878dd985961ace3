//! Checks the picture of an ID card: the file is uploaded, then the operation is called, as one flow.
//!
//! ```text
//! cargo run -p cloudauth-examples --example upload -- card.jpg
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_ureq::ops::Id2MetaVerifyWithOCR;
use cloudauth_ureq::{Client, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let mut options = Options::from_env()?;
    // The platform for uploads and the object store are hosts of their own; a simulator plays both itself.
    let simulator = match options.endpoint_list() {
        [first, ..] if first.authority().starts_with("127.0.0.1:") => Some(first.clone()),
        _ => None,
    };
    options = options.total_timeout(core::time::Duration::from_secs(60));
    let client = Client::new(options)?;
    let mut upload = Id2MetaVerifyWithOCR::new().with_cert_file(std::fs::read(path)?);
    if let Some(simulator) = simulator {
        upload = upload.platform(simulator.clone()).store(simulator);
    }
    // The grant for the upload, the upload and the operation have time limits and retries of their own.
    let reply = client.run(upload)?;
    println!("BizCode: {:?}", reply.value.biz_code);
    Ok(())
}

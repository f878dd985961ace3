//! Checks the picture of an ID card: the file is uploaded, then the operation is called, as one flow.
//!
//! ```text
//! cargo run -p cloudauth-examples --example upload -- card.jpg [SIMULATOR]
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_ureq::ops::Id2MetaVerifyWithOCR;
use cloudauth_ureq::{Client, Endpoint, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let picture = std::fs::read(args.next().ok_or("which file?")?)?;
    let client = Client::new(Options::from_env()?)?;
    let mut upload = Id2MetaVerifyWithOCR::new().with_cert_file(picture);
    // The platform that grants uploads and the object store are hosts of their own; a simulator plays both.
    if let Some(url) = args.next() {
        let simulator: Endpoint = url.parse()?;
        upload = upload.platform(simulator.clone()).store(simulator);
    }
    // The grant for the upload, the upload and the operation each have time limits and retries of their own.
    let reply = client.run(upload)?;
    println!("BizCode: {:?}", reply.value.biz_code);
    Ok(())
}

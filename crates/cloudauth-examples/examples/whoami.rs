//! Prints which credentials a client signs with, and the sources of the chain that were skipped.
//!
//! ```text
//! cargo run -p cloudauth-examples --example whoami
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_ureq::proto::WhoAmI;
use cloudauth_ureq::{Client, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Options::from_env()?)?;
    // Fetches credentials if they have to be; the verification service itself is not asked.
    let found = client.run(WhoAmI::new())?;
    println!("source: {}", found.source);
    println!(
        "access key: {}",
        found.credentials.masked_id().as_deref().unwrap_or("none")
    );
    if let Some(expires) = found.expires {
        println!("expires: {expires}");
    }
    for source in &found.skipped {
        println!("skipped: {source}");
    }
    Ok(())
}

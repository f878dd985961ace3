//! Keys from a source of the application's own, here a file that stands for a vault.
//!
//! ```text
//! cargo run -p cloudauth-examples --example credentials_source -- FILE     # "ID SECRET" in one line
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;
use core::time::Duration;

use cloudauth_ureq::proto::WhoAmI;
use cloudauth_ureq::proto::credentials::{CustomSource, ProvidedCredentials, SupplyError};
use cloudauth_ureq::{Client, Credentials, Options, UnixTime};

/// Runs on a thread of its own, one at a time, for at most `_time_left`.
fn read_the_vault(path: &str, _time_left: Duration) -> Result<ProvidedCredentials, SupplyError> {
    let found = std::fs::read_to_string(path).map_err(|_| SupplyError::Missing)?;
    let (id, secret) = found.trim().split_once(' ').ok_or(SupplyError::Failed)?;
    Ok(ProvidedCredentials {
        credentials: Credentials::access_key(id, secret).map_err(|_| SupplyError::Failed)?,
        // When a quarter of this time, at most 15 minutes, is left, a call fetches new keys; other calls do not
        // wait for it.
        expires: Some(UnixTime::now() + Duration::from_secs(3_600)),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let vault = CustomSource::new("vault").timeout(Duration::from_secs(5));
    let options = Options::from_env()?
        .custom_source(&vault, move |time_left| read_the_vault(&path, time_left))
        .credentials(vault);
    let client = Client::new(options)?;
    let found = client.run(WhoAmI::new())?;
    println!("{:?} of {}", found.credentials.masked_id(), found.source);
    Ok(())
}

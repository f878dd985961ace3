//! The five steps of a verification in the browser, with a ledger that outlives the program: open it,
//! send the browser away, be called back, take the browser back, ask for the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINT=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-hyper --example h5_backend
//! ```
//!
//! Then <http://127.0.0.1:8080/>. Against the service: no `CLOUDAUTH_ENDPOINT`, `CLOUDAUTH_SCENE_ID`,
//! and `PUBLIC_URL`, the https URL under which the browser and the service reach this program.
//!
//! | variable | default | |
//! |---|---|---|
//! | `LISTEN` | `127.0.0.1:8080` | port 0: a free one |
//! | `CALLBACK_URL` | `PUBLIC_URL` with `/callback` | what the service calls, if that begins with https |
//! | `LEDGER` | `sqlite:h5_backend.db?mode=rwc` | or `postgres://user@host/name`, for several instances |
//! | `SECRET` | kept in `h5_backend.key` | at least 32 bytes; the same for all instances |
//! | `PATIENCE` | 1860 | seconds until a verification without a verdict is asked for a last time |
//! | `SWEEP` | 60 | seconds between looks for such ones |
//!
//! `h5_backend list` prints the ledger.
//!
//! | file | |
//! |---|---|
//! | `web.rs` | routes, and the cookie that binds every step to a browser |
//! | `pages.rs`, `style.css` | what people see |
//! | `backend.rs` | the steps, the verdict, the sweep |
//! | `ledger.rs` | what is kept |
//! | `sql.rs`, `schema.sql` | where |
//! | `hash.rs` | so that no name and no number is kept |
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and the clock, and prints"
)]

mod backend;
mod hash;
pub(crate) mod ledger;
mod pages;
mod sql;
mod web;

use core::time::Duration;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;

use cloudauth_hyper::{Client, Endpoints, Options};
use tokio::net::TcpListener;

pub(crate) use backend::{Backend, Settings};
pub(crate) use ledger::Result;
pub(crate) use sql::SqlLedger;
pub(crate) use web::router;

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::new();
    let endpoint = var("CLOUDAUTH_ENDPOINT");
    if let Some(endpoint) = &endpoint {
        options = options.endpoints(Endpoints::only(endpoint.parse()?));
    }
    let client = Arc::new(Client::new(options)?);
    let ledger = var("LEDGER").unwrap_or_else(|| "sqlite:h5_backend.db?mode=rwc".into());
    let ledger = SqlLedger::open(&ledger, Arc::clone(&client)).await?;
    if std::env::args().nth(1).as_deref() == Some("list") {
        for line in ledger.list().await? {
            say(&line);
        }
        return Ok(());
    }
    let listen = var("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let url = var("PUBLIC_URL").unwrap_or_else(|| format!("http://{address}"));
    let settings = Settings {
        scene: number("CLOUDAUTH_SCENE_ID")?
            .unwrap_or(1_000_000_006)
            .try_into()?,
        callback_url: var("CALLBACK_URL").unwrap_or_else(|| format!("{url}/callback")),
        url,
        is_simulated: endpoint.is_some_and(|it| it.starts_with("http://")),
        patience: number("PATIENCE")?.map_or(Settings::PATIENCE, Duration::from_secs),
    };
    let secret = match var("SECRET") {
        Some(secret) => secret,
        None => kept_secret("h5_backend.key", &client)?,
    };
    let backend = Backend::new(client, ledger, settings, secret.as_bytes())?;
    let pause = Duration::from_secs(number("SWEEP")?.unwrap_or(60));
    tokio::spawn(Arc::clone(&backend).keep_sweeping(pause));
    say(&backend.settings.url);
    Ok(axum::serve(listener, router(backend)).await?)
}

/// The secret must outlive the program, or callbacks on their way are taken for forged.
fn kept_secret(path: &str, client: &Client) -> Result<String> {
    if let Ok(secret) = fs::read_to_string(path) {
        return Ok(secret);
    }
    let secret = client.entropy().nonce().as_str().to_owned();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(secret.as_bytes())?;
    Ok(secret)
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Result<Option<u64>> {
    let number = var(name).map(|text| text.parse());
    Ok(number
        .transpose()
        .map_err(|_| format!("{name} must be a number"))?)
}

pub(crate) fn say(text: &str) {
    println!("{text}");
}

pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

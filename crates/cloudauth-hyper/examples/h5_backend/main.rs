//! The five steps of a verification in the browser, with a store that outlives the program: open it,
//! send the browser to its page, receive the callback, receive the redirected browser, query the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINT=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-hyper --example h5_backend
//! ```
//!
//! Then open <http://127.0.0.1:8080/>. To use the service instead of the simulator, leave
//! `CLOUDAUTH_ENDPOINT` unset, and set `CLOUDAUTH_SCENE_ID` and `PUBLIC_URL`, the https URL at which the
//! browser and the service reach this program.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `LISTEN` | `127.0.0.1:8080` | address to listen on; port 0 selects a free one |
//! | `CALLBACK_URL` | `PUBLIC_URL` with `/callback` | the URL that the service calls; used only if it is https |
//! | `DATABASE_URL` | `sqlite:h5_backend.db?mode=rwc` | or `postgres://user@host/name`, for several instances |
//! | `SECRET` | generated, in `h5_backend.key` | at least 32 bytes, the same for all instances |
//! | `VERDICT_TIMEOUT` | 1860 | seconds until a verification without a verdict is queried a last time |
//! | `SWEEP_INTERVAL` | 60 | seconds between searches for such verifications |
//!
//! `h5_backend list` prints the verifications in the store.
//!
//! | file | contents |
//! |---|---|
//! | `web.rs` | routes, and the cookie that binds every step to a browser |
//! | `pages.rs`, `style.css` | HTML pages |
//! | `backend.rs` | the five steps, the verdict, the sweep |
//! | `store.rs` | the data, and the interface of a store |
//! | `sql.rs`, `schema.sql` | the store in a database |
//! | `hash.rs` | hashes, so that no name and no ID number is stored |
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and the clock, and prints"
)]

mod backend;
mod hash;
mod pages;
mod sql;
pub(crate) mod store;
mod web;

use core::time::Duration;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;

use cloudauth_hyper::{Client, Endpoints, Options};
use tokio::net::TcpListener;

pub(crate) use backend::{Backend, Settings};
pub(crate) use sql::SqlStore;
pub(crate) use store::Result;
pub(crate) use web::router;

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::new();
    let endpoint = var("CLOUDAUTH_ENDPOINT");
    if let Some(endpoint) = &endpoint {
        options = options.endpoints(Endpoints::only(endpoint.parse()?));
    }
    let client = Arc::new(Client::new(options)?);
    let database = var("DATABASE_URL").unwrap_or_else(|| "sqlite:h5_backend.db?mode=rwc".into());
    let store = SqlStore::open(&database, Arc::clone(&client)).await?;
    if std::env::args().nth(1).as_deref() == Some("list") {
        for line in store.list().await? {
            print(&line);
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
        verdict_timeout: number("VERDICT_TIMEOUT")?
            .map_or(Settings::VERDICT_TIMEOUT, Duration::from_secs),
    };
    let secret = match var("SECRET") {
        Some(secret) => secret,
        None => stored_secret("h5_backend.key", &client)?,
    };
    let backend = Backend::new(client, store, settings, secret.as_bytes())?;
    let interval = Duration::from_secs(number("SWEEP_INTERVAL")?.unwrap_or(60));
    tokio::spawn(Arc::clone(&backend).sweep_forever(interval));
    print(&backend.settings.url);
    Ok(axum::serve(listener, router(backend)).await?)
}

/// Reads the secret, or generates and writes it. It must outlive the program, or callbacks of open
/// verifications count as forged.
fn stored_secret(path: &str, client: &Client) -> Result<String> {
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

pub(crate) fn print(text: &str) {
    println!("{text}");
}

pub(crate) fn log_error(text: &str) {
    eprintln!("{text}");
}

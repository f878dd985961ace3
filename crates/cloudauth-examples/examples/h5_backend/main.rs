//! The five steps of a verification in the browser, with a store that outlives the program: open it,
//! send the browser to its page, receive the callback, receive the redirected browser, query the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINTS=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-examples --example h5_backend
//! ```
//!
//! Then open <http://127.0.0.1:8080/>. To use the service instead of the simulator, leave
//! `CLOUDAUTH_ENDPOINTS` unset, and set `CLOUDAUTH_SCENE_ID` and `PUBLIC_URL`, the https URL at which the
//! browser and the service reach this program.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `LISTEN` | `127.0.0.1:8080` | address to listen on; port 0 selects a free one |
//! | `PUBLIC_URL` | `http://` and the address | URL without a path, with or without a slash at the end |
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
//! | `web.rs` | routes |
//! | `site.rs` | public URL, and the cookie that binds every step to a browser |
//! | `listener.rs` | connections, and the limits of heads, bodies and connections |
//! | `pages.rs`, `style.css` | HTML pages |
//! | `backend.rs` | the five steps, the verdict, the sweep |
//! | `store.rs` | the data, and the interface of a store |
//! | `sql.rs`, `schema.sql` | the store in a database |
//! | `hash.rs` | hashes, so that no name and no ID number is stored |
//! | `key_file.rs` | the generated secret |
//! | `shared.rs`, `visits.rs` | for the examples without a database |
//!
//! `h5_minimal.rs` beside this folder is the same without a database: the place to start reading.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and the clock, and prints"
)]

mod backend;
mod hash;
pub(crate) mod key_file;
pub(crate) mod listener;
pub(crate) mod pages;
mod site;
mod sql;
pub(crate) mod store;
mod web;

use core::fmt::Display;
use core::str::FromStr;
use core::time::Duration;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use cloudauth_hyper::{Client, Options};

pub(crate) use backend::{Backend, Settings};
pub(crate) use site::Site;
pub(crate) use sql::SqlStore;
pub(crate) use store::Result;
pub(crate) use web::serve;

#[tokio::main]
async fn main() -> Result<()> {
    let endpoints: Option<String> = var("CLOUDAUTH_ENDPOINTS")?;
    let is_simulated = endpoints.is_some_and(|it| it.trim_start().starts_with("http:"));
    let client = Arc::new(Client::new(Options::from_env()?)?);
    let database: Option<String> = var("DATABASE_URL")?;
    let database = database.unwrap_or_else(|| "sqlite:h5_backend.db?mode=rwc".into());
    let store = SqlStore::open(&database, Arc::clone(&client)).await;
    let store = store.map_err(|error| format!("DATABASE_URL: {error}"))?;
    if std::env::args().nth(1).as_deref() == Some("list") {
        for line in store.list().await? {
            print(&line);
        }
        return Ok(());
    }
    let secret = match var::<String>("SECRET")? {
        Some(secret) if secret.len() < key_file::MIN_BYTES => {
            return Err("SECRET: must have at least 32 bytes".into());
        }
        Some(secret) => secret.into_bytes(),
        None => key_file::read_or_create(Path::new("h5_backend.key"), &client)?,
    };
    let listen: Option<String> = var("LISTEN")?;
    let listener = listener::bind(listen.as_deref().unwrap_or("127.0.0.1:8080"));
    let listener = listener.map_err(|error| format!("LISTEN: {error}"))?;
    let url: Option<String> = var("PUBLIC_URL")?;
    let url = url.unwrap_or(format!("http://{}", listener.local_addr()?));
    let site = Site::new(&url, &secret).map_err(|error| format!("PUBLIC_URL: {error}"))?;
    let callback_url: Option<String> = var("CALLBACK_URL")?;
    let settings = Settings {
        scene: var("CLOUDAUTH_SCENE_ID")?.unwrap_or(1_000_000_006),
        callback_url: callback_url.unwrap_or_else(|| format!("{}/callback", site.url())),
        site,
        is_simulated,
        verdict_timeout: var("VERDICT_TIMEOUT")?
            .map_or(Settings::VERDICT_TIMEOUT, Duration::from_secs),
    };
    let backend = Backend::new(client, store, settings, &secret)?;
    let interval = Duration::from_secs(var("SWEEP_INTERVAL")?.unwrap_or(60).max(1));
    tokio::spawn(Arc::clone(&backend).sweep_forever(interval));
    print(backend.settings.site.url());
    match serve(listener, backend).await {}
}

/// Reads a variable, if it is set. An error names it, and does not show its value.
fn var<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>> {
    let text = std::env::var_os(name).map(OsString::into_string);
    let text = text
        .transpose()
        .map_err(|_| format!("{name}: is not UTF-8"))?;
    let value = text.map(|it| it.parse());
    Ok(value
        .transpose()
        .map_err(|error| format!("{name}: {error}"))?)
}

pub(crate) fn print(text: &str) {
    println!("{text}");
}

pub(crate) fn log_error(text: &str) {
    eprintln!("{text}");
}

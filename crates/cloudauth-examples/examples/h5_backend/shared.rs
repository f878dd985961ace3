//! What the example backends without a database share: all but the steps of a verification.
#![expect(clippy::disallowed_methods, reason = "a program reads its environment")]

pub(crate) mod listener;
pub(crate) mod pages;
mod site;
mod visits;

use std::env::var;

use cloudauth_proto::verify::{CallbackKey, OuterOrderNo, SceneId};
use hyper::HeaderMap;
use tokio::net::TcpListener;

pub(crate) use site::Site;
pub(crate) use visits::{Inserted, Stage, Visits};

pub(crate) type Error = Box<dyn core::error::Error + Send + Sync>;

/// The state of a backend, with the client of its driver.
pub(crate) struct App<C> {
    pub(crate) client: C,
    /// Scene ID, from the console.
    pub(crate) scene: SceneId,
    /// URL at which browsers and the service reach this program, and the cookies of browsers.
    pub(crate) site: Site,
    /// Signs the tokens of callbacks.
    pub(crate) key: CallbackKey,
    /// Whether the service is a simulator. Then the vendor's script is not loaded.
    pub(crate) is_simulated: bool,
    pub(crate) visits: Visits,
}

impl<C> App<C> {
    /// Reads the environment, and listens. `secret` signs cookies and tokens. It is random and new at each
    /// start, as visits are lost, too.
    pub(crate) fn from_env(client: C, secret: &str) -> Result<(Self, TcpListener), Error> {
        let listen = var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".into());
        let listener = listener::bind(&listen)?;
        let url = var("PUBLIC_URL").unwrap_or(format!("http://{}", listener.local_addr()?));
        let site = Site::new(&url, secret.as_bytes());
        let app = Self {
            client,
            scene: SceneId(var("CLOUDAUTH_SCENE_ID").map_or(Ok(1_000_000_006), |it| it.parse())?),
            site: site.map_err(|error| format!("PUBLIC_URL: {error}"))?,
            key: CallbackKey::new(secret.as_bytes())?,
            is_simulated: var("CLOUDAUTH_ENDPOINTS").is_ok_and(|it| it.starts_with("http:")),
            visits: Visits::default(),
        };
        Ok((app, listener))
    }

    /// The visit of a browser, if this program issued its cookie.
    pub(crate) fn visit(&self, headers: &HeaderMap) -> Option<OuterOrderNo> {
        OuterOrderNo::new(self.site.visit(headers)?).ok()
    }

    /// How far the visit of a browser is.
    pub(crate) fn stage(&self, headers: &HeaderMap) -> Option<Stage> {
        self.visits.stage(&self.visit(headers)?)
    }
}

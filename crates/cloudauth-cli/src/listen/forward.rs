//! Forwarding of callbacks to an application.

use core::time::Duration;

use hyper::{StatusCode, Uri};
use ureq::Agent;

/// Time for the whole exchange; the service's own limit for callbacks is not documented.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The URL that callbacks are sent on to, with their query.
#[derive(Clone, Debug)]
pub(super) struct Target(String);

impl Target {
    /// Parses the argument.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let problem = "must be http://HOST[:PORT][/PATH], without a query";
        let uri: Uri = url.parse().map_err(|_| problem)?;
        let is_plain =
            uri.scheme_str() == Some("http") && uri.host().is_some_and(|it| !it.is_empty());
        let authority = uri.authority().map_or("", |it| it.as_str());
        if is_plain && uri.query().is_none() && !authority.contains('@') && !url.contains('#') {
            Ok(Self(url.to_owned()))
        } else {
            Err(problem)
        }
    }

    /// Sends a callback on; returns the status of the response.
    pub(super) async fn send(&self, query: &str) -> Result<StatusCode, String> {
        let url = format!("{}?{query}", self.0);
        let sent = tokio::task::spawn_blocking(move || send(&url)).await;
        match sent {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(problem)) => Err(problem.to_owned()),
            Err(_) => Err("not sent".to_owned()),
        }
    }
}

/// The error never contains the URL, which has a token in it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what else fails has no HTTP response"
)]
fn send(url: &str) -> Result<StatusCode, &'static str> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    let response = agent.get(url).call().map_err(|error| match error {
        ureq::Error::Timeout(_) => "timed out",
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => {
            "cannot connect, or the connection was lost"
        }
        _ => "no HTTP response",
    })?;
    StatusCode::from_u16(response.status().as_u16()).map_err(|_| "no HTTP response")
}

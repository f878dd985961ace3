//! Two exchanges of a call at once.

use core::time::Duration;
use std::sync::mpsc::channel;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoints};

use super::deadlines::timed;
use super::server::{MockServer, response};
use super::{Capability, Check, DriverUnderTest, KitCall, Maker, Row, Setup, ensure};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    let hedging = &[Capability::Hedging];
    vec![
        Row::new("a query without a response is hedged", hedging, hedged),
        Row::new(
            "an exchange that is superseded is dropped",
            hedging,
            dropped,
        ),
    ]
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;

/// Queries a verdict from two endpoints, of which the first is silent. Returns how long that took, and
/// after it, within a second, whether the first has seen the end of its connection.
fn query<D: DriverUnderTest>(make: &Maker<D>) -> Result<(Duration, bool), super::Problem> {
    let (ended, wait) = channel();
    let silent = MockServer::new(move |mut connection| {
        connection.read_request();
        connection.hold_open();
        let _ = ended.send(());
    })?;
    let prompt = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(VERDICT));
        }
    })?;
    let endpoints = Endpoints::only(silent.url().parse()?).then(prompt.url().parse()?);
    let mut setup = Setup::new(endpoints)?;
    setup.policy.read_timeout = Duration::from_secs(4);
    let driver = make(setup);
    let query = DescribeFaceVerify::new(1_000_000_006, "sha1");
    let call = KitCall::new(&query, Some(Duration::from_millis(50)))?;
    let (reply, took) = timed(|| driver.run(call));
    let attempts = reply?.attempts;
    let superseded = |it: &_| matches!(it, AttemptOutcome::Superseded);
    let is_hedged = attempts.iter().any(|attempt| superseded(&attempt.outcome));
    ensure(is_hedged, || {
        format!("no exchange was superseded: {attempts:?}")
    })?;
    driver.idle(Duration::from_millis(100));
    let has_ended = wait.recv_timeout(Duration::from_secs(1)).is_ok();
    drop(driver);
    Ok((took, has_ended))
}

fn hedged<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (took, _) = query(make)?;
    ensure(took < Duration::from_secs(2), || {
        format!("the second exchange is due after 50 ms, the call took {took:?}")
    })
}

fn dropped<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (_, has_ended) = query(make)?;
    ensure(has_ended, || {
        "its connection is still open after a second".into()
    })
}

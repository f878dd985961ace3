//! Credentials: refreshes, files, programs, sources of the caller's own.

use core::time::Duration;
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use cloudauth_proto::credentials::{
    CustomSource, External, Profile, ProfileFormat, ProvidedCredentials, Settings,
};
use cloudauth_proto::{Credentials, Error, Source};

use super::deadlines::timed;
use super::exchanges::{init, setup};
use super::server::{MockServer, OPENED, response};
use super::{Capability, Check, DriverUnderTest, Maker, Problem, Row, Setup, call, ensure};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    use Capability::{CustomSources, Files, Programs, Refresh, RefreshBesideCalls};
    vec![
        Row::new("credentials are fetched", &[Refresh], fetched),
        Row::new("calls that wait for a refresh are woken", &[Refresh], woken),
        Row::new(
            "a refresh outlives its call",
            &[Refresh, RefreshBesideCalls],
            outlives,
        ),
        Row::new("a file is read", &[Refresh, Files], file),
        #[cfg(unix)]
        Row::new("a program is run", &[Refresh, Programs], program),
        Row::new(
            "a source of the caller's own provides credentials",
            &[Refresh, CustomSources],
            custom,
        ),
    ]
}

pub(super) const ISSUED: &str = r#"{"Code":"Success","AccessKeyId":"issued","AccessKeySecret":"secret",
    "SecurityToken":"token","Expiration":"2099-01-01T00:00:00Z"}"#;

/// A server that issues the key `issued` after a delay, and the URL to fetch it from.
fn issuer(delay: Duration) -> Result<(MockServer, String), Problem> {
    let server = MockServer::new(move |mut connection| {
        while connection.read_request() {
            thread::sleep(delay);
            connection.send(&response(ISSUED));
        }
    })?;
    let url = format!("{}/credentials", server.url());
    Ok((server, url))
}

/// A service, and the heads of the requests to it.
pub(super) fn service() -> Result<(MockServer, Receiver<String>), Problem> {
    let (sender, heads) = channel();
    let server = MockServer::new(move |mut connection| {
        while let Some(head) = connection.read_head() {
            let _ = sender.send(head);
            connection.send(&response(OPENED));
        }
    })?;
    Ok((server, heads))
}

/// Checks that a call with this source is signed with the key of this ID.
fn signs<D: DriverUnderTest>(
    make: &Maker<D>,
    id: &str,
    change: impl FnOnce(&mut Setup) -> Check,
) -> Check {
    let (service, heads) = service()?;
    let mut setup = setup(&service)?;
    change(&mut setup)?;
    call(&make(setup), &init())?;
    let head = heads.recv()?;
    let key = format!("credential={id},");
    ensure(head.contains(&key), || {
        format!("it is not signed with the key {id}")
    })
}

fn fetched<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (server, url) = issuer(Duration::ZERO)?;
    signs(make, "issued", |setup| setup.fetch_credentials(url))?;
    // One is enough; on a busy machine the connection of the first may not be there in time.
    let requests = server.requests();
    ensure(requests <= 2, || {
        format!("{requests} requests for one set of credentials")
    })
}

/// Calls of several threads, which begin at once. One refreshes, the others wait.
fn woken<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (server, url) = issuer(Duration::from_millis(300))?;
    let (service, _heads) = service()?;
    let mut setup = setup(&service)?;
    setup.fetch_credentials(url)?;
    setup.policy.read_timeout = Duration::from_secs(4);
    setup.policy.total_timeout = Duration::from_secs(10);
    let driver = Arc::new(make(setup));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let driver = Arc::clone(&driver);
            thread::spawn(move || timed(|| call(&*driver, &init()).map(drop)))
        })
        .collect();
    for caller in callers {
        let (called, took) = caller.join().map_err(|_| "the driver panicked")?;
        called?;
        ensure(took < Duration::from_secs(2), || {
            format!("the refresh took 300 ms, and a call that waited {took:?}")
        })?;
    }
    let requests = server.requests();
    ensure(requests < 4, || "each call has refreshed for itself".into())
}

/// Calls of 300 ms, and credentials that take 600 ms.
fn outlives<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (server, url) = issuer(Duration::from_millis(600))?;
    let (service, _heads) = service()?;
    let mut setup = setup(&service)?;
    setup.fetch_credentials(url)?;
    setup.policy.read_timeout = Duration::from_secs(4);
    setup.policy.total_timeout = Duration::from_millis(300);
    let driver = make(setup);
    let first = call(&driver, &init());
    let is_early = matches!(first, Err(Error::Credentials(_)));
    ensure(is_early, || {
        format!("the first call has no credentials yet: {first:?}")
    })?;
    driver.idle(Duration::from_millis(800));
    let second = call(&driver, &init());
    ensure(second.is_ok(), || {
        format!("the credentials arrived 500 ms ago: {second:?}")
    })?;
    // One is enough; on a busy machine the connection of the first may not be there in time.
    let requests = server.requests();
    ensure(requests <= 2, || {
        format!("{requests} requests for one set of credentials")
    })
}

fn file<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    // No other test has its port.
    let server = MockServer::new(drop)?;
    let (_, port) = server.url().rsplit_once(':').unwrap_or_default();
    let path = std::env::temp_dir().join(format!("cloudauth-driver-kit-{port}.ini"));
    let key = "type = access_key\naccess_key_id = infile\naccess_key_secret = secret\n";
    fs::write(&path, format!("[default]\n{key}"))?;
    let name = path.to_string_lossy().into_owned();
    let profile = Profile::new(ProfileFormat::Ini, name, None, Settings::default());
    let signed = signs(make, "infile", |setup| {
        setup.credentials = Source::Profile(profile);
        Ok(())
    });
    fs::remove_file(&path)?;
    signed
}

#[cfg(unix)]
fn program<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let key = r#"{"mode":"AK","access_key_id":"printed","access_key_secret":"secret"}"#;
    let program = External::new(&format!("/bin/echo '{key}'"))?;
    signs(make, "printed", |setup| {
        setup.credentials = Source::External(program);
        Ok(())
    })
}

fn custom<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let source = CustomSource::new("vault");
    let provided = ProvidedCredentials {
        credentials: Credentials::access_key("provided", "secret")?,
        expires: None,
    };
    signs(make, "provided", |setup| {
        setup.credentials = Source::Custom(source.clone());
        setup.custom_source = Some((source, provided));
        Ok(())
    })
}

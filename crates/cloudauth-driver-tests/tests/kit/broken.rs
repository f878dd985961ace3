//! For each row of the kit a driver that is broken in just that way: it fails in this row.

use core::pin::Pin;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cloudauth_proto::driver::{Delivery, Exchange, Failure, Request, Response, Timeouts};
use cloudauth_proto::{Error, Flow};
use cloudauth_sim::driver_kit::{
    Capability, DriverKit, DriverUnderTest, OPENED, RowOutcome, Setup,
};
use futures_rustls::TlsConnector;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use smol::channel::{Receiver, bounded};

use crate::drivers;
use crate::reference::Reference;
use crate::smol_driver::exchange::exchange;

/// A way in which a driver is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Defect {
    AcceptsCompression,
    AddsHeaders,
    CallsEmptyBodiesFailures,
    CallsErrorStatusFailures,
    CallsLongBodiesFailures,
    CallsRefusedConnectionsSent,
    CallsResetsNotSent,
    DecodesNoChunks,
    DropsBodies,
    FollowsRedirects,
    HasNoConnectTimeout,
    HasNoDeadlines,
    HasNoLimit,
    HasNoReadTimeout,
    IgnoresRefreshes,
    IgnoresRoots,
    KeepsAbandonedExchanges,
    KeepsDroppedExchanges,
    KeepsDroppedProbes,
    KeepsDroppedRefreshes,
    KeepsLateResponses,
    OneExchangeAtATime,
    ProvidesNothing,
    ReadsNothing,
    ReadsOnlyAfterSending,
    RefreshesInline,
    Resends,
    RunsNothing,
    SendsNothing,
    ShowsUrls,
    TakesCutResponses,
    TrustsEveryone,
    UsesClosedConnections,
    WakesNobody,
}

/// Each defect, and the rows that it fails in.
const DEFECTS: &[(Defect, &[&str])] = &[
    (Defect::SendsNothing, &["no faults"]),
    (
        Defect::CallsRefusedConnectionsSent,
        &[
            "the first region refuses connections",
            "both regions refuse connections",
            "the first region refuses, the second resets connections",
        ],
    ),
    (
        Defect::CallsResetsNotSent,
        &[
            "the first region resets connections",
            "both regions reset connections",
            "the first region resets one connection",
        ],
    ),
    (
        Defect::HasNoReadTimeout,
        &[
            "the first region never responds",
            "both regions never respond",
            "a trickling response ends with the read timeout",
        ],
    ),
    (
        Defect::TakesCutResponses,
        &[
            "the first region truncates responses",
            "a response that is cut off is no response",
        ],
    ),
    (
        Defect::CallsErrorStatusFailures,
        &[
            "the first region responds 500",
            "the first region responds 503",
            "the first region throttles",
            "the first region responds 403",
            "both regions respond 503",
        ],
    ),
    (
        Defect::DropsBodies,
        &[
            "the first region responds with code 500",
            "the first region responds with HTML",
            "the first region responds with code 401",
            "both regions respond with code 500",
        ],
    ),
    (
        Defect::CallsEmptyBodiesFailures,
        &[
            "the first region responds with an empty body",
            "the first region redirects",
        ],
    ),
    (
        Defect::CallsLongBodiesFailures,
        &["the first region responds with an oversized body"],
    ),
    (Defect::AddsHeaders, &["a request is sent as it was signed"]),
    (
        Defect::AcceptsCompression,
        &["no response is to be compressed"],
    ),
    (Defect::FollowsRedirects, &["a redirect is not followed"]),
    (
        Defect::DecodesNoChunks,
        &["a response is read in every framing"],
    ),
    (
        Defect::HasNoLimit,
        &["no more of a body is read than its limit"],
    ),
    (
        Defect::ReadsOnlyAfterSending,
        &["a response that comes before the request is sent is read"],
    ),
    (Defect::ShowsUrls, &["no error shows the URL"]),
    (Defect::Resends, &["a request is sent once"]),
    (
        Defect::UsesClosedConnections,
        &["an idle connection that was closed is replaced"],
    ),
    (
        Defect::KeepsLateResponses,
        &["a late response is not that of the next request"],
    ),
    (
        Defect::IgnoresRoots,
        &["a certificate of a trusted root is accepted"],
    ),
    (
        Defect::TrustsEveryone,
        &["a certificate of an unknown root is refused"],
    ),
    (
        Defect::HasNoConnectTimeout,
        &["connecting ends with the connect timeout"],
    ),
    (Defect::HasNoDeadlines, &["the total timeout ends a call"]),
    (
        Defect::OneExchangeAtATime,
        &["a query without a response is hedged"],
    ),
    (
        Defect::KeepsAbandonedExchanges,
        &["an exchange that is superseded is dropped"],
    ),
    (Defect::IgnoresRefreshes, &["credentials are fetched"]),
    (
        Defect::WakesNobody,
        &["calls that wait for a refresh are woken"],
    ),
    (Defect::RefreshesInline, &["a refresh outlives its call"]),
    (Defect::ReadsNothing, &["a file is read"]),
    (Defect::RunsNothing, &["a program is run"]),
    (
        Defect::ProvidesNothing,
        &["a source of the caller's own provides credentials"],
    ),
    (
        Defect::KeepsDroppedExchanges,
        &["a call that is dropped closes its connection"],
    ),
    (
        Defect::KeepsDroppedProbes,
        &["a probe that is dropped is released"],
    ),
    (
        Defect::KeepsDroppedRefreshes,
        &["a refresh that is dropped is released"],
    ),
];

/// The exchanges of the reference driver, with what is broken about them.
pub(crate) struct Exchanges {
    defect: Option<Defect>,
    tls: TlsConnector,
    started: AtomicUsize,
    /// The response that came too late for its exchange.
    late: Arc<Mutex<Option<Receiver<Result<Response, Failure>>>>>,
}

type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl Exchanges {
    pub(crate) fn new(setup: &Setup, defect: Option<Defect>) -> Self {
        let mut setup = setup.clone();
        if defect == Some(Defect::IgnoresRoots) {
            setup.root_certificate = None;
        }
        let mut tls = drivers::tls(&setup);
        if defect == Some(Defect::TrustsEveryone) {
            let mut config = ClientConfig::clone(&tls);
            config
                .dangerous()
                .set_certificate_verifier(Arc::new(TrustEveryone));
            tls = Arc::new(config);
        }
        Self {
            defect,
            tls: tls.into(),
            started: AtomicUsize::new(0),
            late: Arc::default(),
        }
    }

    pub(crate) fn start(&self, sent: &Exchange) -> ExchangeFuture {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let (request, timeouts) = (sent.sign(), sent.timeouts());
        let one = OneExchange {
            defect: self.defect,
            tls: self.tls.clone(),
            number,
            late: Arc::clone(&self.late),
            limit: sent.response_limit(),
            timeouts,
        };
        // For what sends a request twice.
        let again = sent.sign();
        Box::pin(one.run(request, again))
    }
}

struct OneExchange {
    defect: Option<Defect>,
    tls: TlsConnector,
    number: usize,
    late: Arc<Mutex<Option<Receiver<Result<Response, Failure>>>>>,
    limit: usize,
    timeouts: Timeouts,
}

impl OneExchange {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        exchange(self.tls.clone(), request, self.timeouts, self.limit).await
    }

    async fn run(mut self, mut request: Request, again: Request) -> Result<Response, Failure> {
        let long = Duration::from_secs(60);
        let fail = |text: &str| Err(Failure::new(Delivery::MaybeSent, text));
        let Some(defect) = self.defect else {
            return self.send(request).await;
        };
        match defect {
            Defect::SendsNothing => Err(Failure::new(Delivery::NotSent, "nothing is sent")),
            Defect::AddsHeaders => {
                request.headers.push(("expect", "100-continue".into()));
                self.send(request).await
            }
            Defect::AcceptsCompression => {
                let headers = request.headers.iter_mut();
                for (_, value) in headers.filter(|(name, _)| *name == "accept-encoding") {
                    *value = "gzip".into();
                }
                self.send(request).await
            }
            Defect::HasNoConnectTimeout => {
                self.timeouts.connect = self.timeouts.total;
                self.send(request).await
            }
            Defect::HasNoReadTimeout | Defect::HasNoDeadlines => {
                self.timeouts = Timeouts::new(self.timeouts.connect, long, long);
                self.send(request).await
            }
            Defect::HasNoLimit => {
                self.limit = usize::MAX - 1;
                self.send(request).await
            }
            Defect::CallsRefusedConnectionsSent => {
                self.send(request).await.map_err(|mut failure| {
                    failure.delivery = Delivery::MaybeSent;
                    failure
                })
            }
            Defect::CallsResetsNotSent => self.send(request).await.map_err(|mut failure| {
                failure.delivery = Delivery::NotSent;
                failure
            }),
            Defect::TakesCutResponses => match self.send(request).await {
                Err(Failure {
                    head: Some(head), ..
                }) => Ok(Response::new(head, OPENED.into())),
                other => other,
            },
            Defect::CallsErrorStatusFailures => match self.send(request).await {
                Ok(response) if response.head.status >= 400 => fail("a status that is an error"),
                other => other,
            },
            Defect::CallsEmptyBodiesFailures => match self.send(request).await {
                Ok(response) if response.body.is_empty() => fail("there is no body"),
                other => other,
            },
            Defect::CallsLongBodiesFailures => match self.send(request).await {
                Ok(response) if response.body.len() > self.limit => {
                    Err(Failure::after_head(response.head, "the body is too long"))
                }
                other => other,
            },
            Defect::DropsBodies => {
                let response = self.send(request).await?;
                Ok(Response::new(response.head, Vec::new()))
            }
            Defect::DecodesNoChunks => {
                let mut response = self.send(request).await?;
                let headers = response.head.headers.iter();
                if headers
                    .into_iter()
                    .any(|(name, _)| name == "transfer-encoding")
                {
                    response.body.splice(0..0, *b"14\r\n");
                }
                Ok(response)
            }
            Defect::FollowsRedirects => self.follow(request, again).await,
            Defect::ReadsOnlyAfterSending if request.body.len() > 1_000_000 => {
                fail("the request could not be written")
            }
            Defect::ShowsUrls => {
                let url = request.url();
                self.send(request)
                    .await
                    .map_err(|failure| match failure.head {
                        Some(head) => Failure::after_head(head, url),
                        None => Failure::new(failure.delivery, url),
                    })
            }
            Defect::Resends => match self.send(request).await {
                Err(_) => self.send(again).await,
                sent => sent,
            },
            Defect::UsesClosedConnections if self.number > 0 => fail("the connection was closed"),
            Defect::KeepsLateResponses => {
                let earlier = self.late.lock().unwrap().take();
                if let Some(earlier) = earlier {
                    return earlier.recv().await.unwrap();
                }
                let (sender, receiver) = bounded(1);
                let read = self.timeouts.read;
                let late = Arc::clone(&self.late);
                self.timeouts = Timeouts::new(self.timeouts.connect, long, long);
                smol::spawn(async move {
                    let _ = sender.send(self.send(request).await).await;
                })
                .detach();
                let in_time = async { Some(receiver.recv().await.unwrap()) };
                let too_late = async {
                    smol::Timer::after(read).await;
                    None
                };
                let ended = smol::future::or(in_time, too_late).await;
                ended.unwrap_or_else(|| {
                    *late.lock().unwrap() = Some(receiver.clone());
                    fail("timed out")
                })
            }
            _ => self.send(request).await,
        }
    }

    /// Sends the request again, to where the response says. The core reads no `location`, so this one does.
    async fn follow(&self, request: Request, mut again: Request) -> Result<Response, Failure> {
        let mut bytes = Vec::new();
        request.write_http1(&mut bytes);
        let mut stream = TcpStream::connect(&*request.authority).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut head = vec![0; 1_000];
        let n = stream.read(&mut head).unwrap();
        let head = String::from_utf8_lossy(&head[..n]).into_owned();
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("location: http://"));
        again.authority = location.unwrap().trim_end_matches('/').to_owned().into();
        self.send(again).await
    }
}

/// Accepts every certificate.
#[derive(Debug)]
struct TrustEveryone;

impl ServerCertVerifier for TrustEveryone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_SHA256,
        ]
    }
}

fn kit(defect: Option<Defect>) -> DriverKit<Reference> {
    DriverKit::new(format!("{defect:?}"), move |setup| {
        Reference::new(&setup, defect)
    })
}

#[test]
fn the_reference_driver_passes_the_kit() {
    drivers::passes(&kit(None));
}

#[test]
fn each_row_fails_for_a_driver_that_is_broken_in_just_that_way() {
    let tested: BTreeSet<&str> = DEFECTS
        .iter()
        .flat_map(|(_, rows)| *rows)
        .copied()
        .collect();
    let all: BTreeSet<&str> = kit(None).names().into_iter().collect();
    assert_eq!(tested, all);
    let passed = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((defect, rows)) = DEFECTS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let report = kit(Some(*defect)).run_rows(|name| rows.contains(&name));
                    println!("{report}");
                    for (name, outcome) in report.rows {
                        if !matches!(outcome, RowOutcome::Failed(_)) {
                            passed.lock().unwrap().insert(name, *defect);
                        }
                    }
                }
            });
        }
    });
    let passed = passed.into_inner().unwrap();
    assert!(
        passed.is_empty(),
        "these drivers are broken, and no row says so: {passed:#?}"
    );
}

/// A driver in which a step of a flow is missing.
struct Unfinished;

impl DriverUnderTest for Unfinished {
    fn run<F: Flow<Output: Send> + Send>(&self, _: F) -> Result<F::Output, Error> {
        unimplemented!("a step of a flow")
    }
}

#[test]
fn a_driver_that_panics_fails_and_what_it_declares_to_lack_is_not_run() {
    let kit = DriverKit::new("unfinished", |_| Unfinished).lacks(Capability::Files, "no files");
    let rows = ["no faults", "a file is read"];
    let report = kit.run_rows(|name| rows.contains(&name));
    assert_eq!(
        report.to_string(),
        "unfinished: 2 rows, 1 failed
  FAILED         no faults: the driver panicked
  not supported  a file is read: no files
"
    );
}

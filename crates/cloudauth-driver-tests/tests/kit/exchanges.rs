//! The exchanges of the reference driver, with what is broken about them.

use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use cloudauth_proto::driver::{Delivery, Exchange, Failure, Request, Response, Timeouts};
use cloudauth_sim::driver_kit::{OPENED, Setup};
use futures_rustls::TlsConnector;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use smol::Timer;
use smol::channel::{Receiver, bounded};
use smol::future::or;

use crate::broken::Defect;
use crate::drivers;
use crate::smol_driver::exchange::exchange;

type ExchangeResult = Result<Response, Failure>;
type LateResponse = Arc<Mutex<Option<Receiver<ExchangeResult>>>>;

/// Longer than a row takes.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Exchanges {
    defect: Option<Defect>,
    tls: TlsConnector,
    started: AtomicUsize,
    /// The response that came too late for its exchange.
    late: LateResponse,
}

impl Exchanges {
    pub(crate) fn new(setup: &Setup, defect: Option<Defect>) -> Self {
        let mut setup = setup.clone();
        if defect == Some(Defect::IgnoresRoots) {
            setup.root_certificate = None;
        }
        let mut tls = drivers::tls(&setup);
        if defect == Some(Defect::TrustsEveryone) {
            let mut config = ClientConfig::clone(&tls);
            let verifier = Arc::new(TrustEveryone);
            config.dangerous().set_certificate_verifier(verifier);
            tls = Arc::new(config);
        }
        Self {
            defect,
            tls: tls.into(),
            started: AtomicUsize::new(0),
            late: Arc::default(),
        }
    }

    pub(crate) fn start(
        &self,
        sent: &Exchange,
    ) -> Pin<Box<dyn Future<Output = ExchangeResult> + Send>> {
        let one = OneExchange {
            defect: self.defect,
            tls: self.tls.clone(),
            number: self.started.fetch_add(1, Ordering::SeqCst),
            late: Arc::clone(&self.late),
            limit: sent.response_limit(),
            timeouts: sent.timeouts(),
        };
        // The second is for a driver that sends a request twice.
        Box::pin(one.run(sent.sign(), sent.sign()))
    }
}

struct OneExchange {
    defect: Option<Defect>,
    tls: TlsConnector,
    number: usize,
    late: LateResponse,
    limit: usize,
    timeouts: Timeouts,
}

impl OneExchange {
    async fn run(mut self, mut request: Request, mut again: Request) -> ExchangeResult {
        let Some(defect) = self.defect else {
            return self.send(request).await;
        };
        self.change(defect, &mut request);
        let lost = |text: &str| Err(Failure::new(Delivery::MaybeSent, text));
        if defect == Defect::SendsNothing {
            return Err(Failure::new(Delivery::NotSent, "nothing is sent"));
        }
        if defect == Defect::ReadsOnlyAfterSending && request.body.len() > 1_000_000 {
            return lost("the request could not be written");
        }
        if defect == Defect::UsesClosedConnections && self.number > 0 {
            return lost("the connection was closed");
        }
        if defect == Defect::KeepsLateResponses {
            return self.send_late(request).await;
        }
        if defect == Defect::FollowsRedirects {
            again.authority = location(&request).into();
            return self.send(again).await;
        }
        let url = request.url();
        let result = self.send(request).await;
        if defect == Defect::Resends && result.is_err() {
            return self.send(again).await;
        }
        match result {
            Ok(response) => self.misread(defect, response),
            Err(failure) => misreport(defect, failure, url),
        }
    }

    async fn send(&self, request: Request) -> ExchangeResult {
        exchange(self.tls.clone(), request, self.timeouts, self.limit).await
    }

    /// Changes what is sent, and how.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other defects are elsewhere"
    )]
    fn change(&mut self, defect: Defect, request: &mut Request) {
        let Timeouts { connect, total, .. } = self.timeouts;
        match defect {
            Defect::AddsHeaders => request.headers.push(("expect", "100-continue".into())),
            Defect::AcceptsCompression => {
                let headers = request.headers.iter_mut();
                for (_, value) in headers.filter(|(name, _)| *name == "accept-encoding") {
                    *value = "gzip".into();
                }
            }
            Defect::HasNoConnectTimeout => self.timeouts.connect = total,
            Defect::HasNoReadTimeout | Defect::HasNoDeadlines => {
                self.timeouts = Timeouts::new(connect, LONG, LONG);
            }
            Defect::HasNoLimit => self.limit = usize::MAX - 1,
            _ => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other defects are elsewhere"
    )]
    fn misread(&self, defect: Defect, mut response: Response) -> ExchangeResult {
        let lost = |text: &str| Err(Failure::new(Delivery::MaybeSent, text));
        match defect {
            Defect::CallsErrorStatusFailures if response.head.status >= 400 => {
                return lost("a status that is an error");
            }
            Defect::CallsEmptyBodiesFailures if response.body.is_empty() => {
                return lost("there is no body");
            }
            Defect::CallsLongBodiesFailures if response.body.len() > self.limit => {
                return Err(Failure::after_head(response.head, "the body is too long"));
            }
            Defect::DropsBodies => response.body.clear(),
            Defect::DecodesNoChunks => {
                let mut headers = response.head.headers.iter();
                if headers.any(|(name, _)| name == "transfer-encoding") {
                    response.body.splice(0..0, *b"14\r\n");
                }
            }
            _ => {}
        }
        Ok(response)
    }

    /// Reads a response after its time, and takes it for that of the next request.
    async fn send_late(mut self, request: Request) -> ExchangeResult {
        let earlier = self.late.lock().unwrap().take();
        if let Some(earlier) = earlier {
            return earlier.recv().await.unwrap();
        }
        let (sender, receiver) = bounded(1);
        let Timeouts { connect, read, .. } = self.timeouts;
        let late = Arc::clone(&self.late);
        self.timeouts = Timeouts::new(connect, LONG, LONG);
        smol::spawn(async move {
            let _ = sender.send(self.send(request).await).await;
        })
        .detach();
        let in_time = async { Some(receiver.recv().await.unwrap()) };
        let too_late = async {
            Timer::after(read).await;
            None
        };
        let ended = or(in_time, too_late).await;
        ended.unwrap_or_else(|| {
            *late.lock().unwrap() = Some(receiver.clone());
            Err(Failure::new(Delivery::MaybeSent, "timed out"))
        })
    }
}

fn misreport(defect: Defect, mut failure: Failure, url: String) -> ExchangeResult {
    match (defect, failure.head) {
        (Defect::CallsRefusedConnectionsSent, _) => failure.delivery = Delivery::MaybeSent,
        (Defect::CallsResetsNotSent, _) => failure.delivery = Delivery::NotSent,
        (Defect::TakesCutResponses, Some(head)) => return Ok(Response::new(head, OPENED.into())),
        (Defect::ShowsUrls, None) => return Err(Failure::new(failure.delivery, url)),
        (Defect::ShowsUrls, Some(head)) => return Err(Failure::after_head(head, url)),
        (_, Some(head)) => return Err(Failure::after_head(head, failure.source)),
        (_, None) => {}
    }
    Err(Failure::new(failure.delivery, failure.source))
}

/// Sends a request, and returns the host of the redirect.
fn location(request: &Request) -> String {
    let mut bytes = Vec::new();
    request.write_http1(&mut bytes);
    let mut stream = TcpStream::connect(&*request.authority).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut head = vec![0; 1_000];
    let n = stream.read(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head[..n]);
    let mut lines = head.lines();
    let found = lines.find_map(|line| line.strip_prefix("location: http://"));
    found.unwrap().trim_end_matches('/').to_owned()
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

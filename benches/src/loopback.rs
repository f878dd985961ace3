//! The server that the drivers are measured against. It runs in a process of its own and sends the
//! same response to every request.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use crate::Result;

/// The argument that makes a process the server.
const SERVE: &str = "serve";

/// The body of a response that is valid for both InitFaceVerify and DescribeFaceVerify.
pub const BODY: &str = r#"{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","Message":"success","Code":"200","ResultObject":{"CertifyId":"91707dc296d469ad38e4c5efa6a0f24b","CertifyUrl":"https://t.aliyun.com/ocALEGHyTUVAc2yfUFYeVrsphBWuP3oQHVsERmEGwmyzuCVh","Passed":"T","SubCode":"200","DeviceToken":"McozS1ZWRcRZStlERcZZo_QOytx5jcgZoZJEoRLOxxxxxxx"}}"#;

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
    Date: Thu, 15 Jan 2026 08:00:00 GMT\r\n\
    Content-Type: application/json;charset=utf-8\r\n\
    Connection: keep-alive\r\n\
    Keep-Alive: timeout=25\r\n\
    Access-Control-Allow-Origin: *\r\n\
    Access-Control-Expose-Headers: *\r\n\
    x-acs-request-id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E\r\n\
    x-acs-trace-id: 7a1e0b6c5b3f0c1e9a1f2d3c4b5a6978\r\n\
    ETag: 1Xz1Xz1Xz1Xz1Xz1Xz1Xz1g0\r\n";

/// A server process, which runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Kept open, since the server may still be writing the last line.
    _output: BufReader<ChildStdout>,
    /// The URL over plain HTTP.
    pub plain: String,
    /// The URL over TLS.
    pub tls: String,
    /// The root certificate of the TLS server, as PEM.
    pub root: String,
}

impl Server {
    /// Starts a server that responds to batches of `hold` requests, when all of a batch have arrived.
    pub fn start(hold: usize) -> Result<Self> {
        Self::with_body(hold, BODY)
    }

    /// Starts a server as [`Self::start`] does, with another body of the response.
    pub fn with_body(hold: usize, body: &str) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([SERVE, &hold.to_string(), body])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let (mut plain, mut tls, mut root) = <(String, String, String)>::default();
        output.read_line(&mut plain)?;
        output.read_line(&mut tls)?;
        while !root.contains("END CERTIFICATE") && output.read_line(&mut root)? > 0 {}
        let [plain, tls] = [plain, tls].map(|url| url.trim().to_owned());
        Ok(Self {
            process,
            _output: output,
            plain,
            tls,
            root,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server ends when its input is closed.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Runs the server if this process was started as one. Returns whether it was.
///
/// The server prints its two URLs and its root certificate, and exits when its input is closed.
#[expect(clippy::print_stdout, reason = "the parent process reads the URLs")]
pub fn serve_if_requested() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(SERVE) {
        return Ok(false);
    }
    let hold = arguments.next().map_or(Ok(1), |hold| hold.parse())?;
    let body = arguments.next().unwrap_or_else(|| BODY.to_owned());
    raise_socket_limit()?;
    let (root, config) = certificate()?;
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (plain, tls) = runtime.block_on(async {
        let any = ("127.0.0.1", 0);
        Ok::<_, std::io::Error>((TcpListener::bind(any).await?, TcpListener::bind(any).await?))
    })?;
    println!(
        "http://{}\nhttps://{}\n{root}",
        plain.local_addr()?,
        tls.local_addr()?
    );
    std::io::stdout().flush()?;
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    runtime.block_on(accept(plain, tls, config, hold, &body));
    Ok(true)
}

/// Raises the limit of open files to the highest that this process may set. Returns the new limit.
pub fn raise_socket_limit() -> Result<u64> {
    let most = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Nofile, all)?;
    Ok(most.unwrap_or(u64::MAX))
}

fn certificate() -> Result<(String, Arc<ServerConfig>)> {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let leaf = CertificateParams::new(names)?.signed_by(&key, &root)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der())?,
        )?;
    Ok((root.pem(), Arc::new(config)))
}

async fn accept(
    plain: TcpListener,
    tls: TcpListener,
    config: Arc<ServerConfig>,
    hold: usize,
    body: &str,
) {
    let acceptor = TlsAcceptor::from(config);
    let response: Arc<str> = format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()).into();
    let barrier = Arc::new(Barrier::new(hold.max(1)));
    loop {
        let (response, barrier) = (Arc::clone(&response), Arc::clone(&barrier));
        tokio::select! {
            Ok((stream, _)) = plain.accept() => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(async move { respond(stream, &response, &barrier).await });
            }
            Ok((stream, _)) = tls.accept() => {
                let _ = stream.set_nodelay(true);
                let handshake = acceptor.accept(stream);
                tokio::spawn(async move {
                    if let Ok(stream) = handshake.await {
                        respond(stream, &response, &barrier).await;
                    }
                });
            }
        }
    }
}

async fn respond(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    response: &str,
    barrier: &Barrier,
) {
    let mut read = Vec::with_capacity(8_192);
    while matches!(stream.read_buf(&mut read).await, Ok(n) if n > 0) {
        while let Some(length) = request_length(&read) {
            read.drain(..length);
            barrier.wait().await;
            if stream.write_all(response.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// The length of the first request in `read`, if it is complete.
fn request_length(read: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(read) else {
        return None;
    };
    let is_length =
        |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("content-length");
    let length = request.headers.iter().find(is_length);
    let length = length.and_then(|header| core::str::from_utf8(header.value).ok()?.parse().ok());
    let length = head + length.unwrap_or(0);
    (read.len() >= length).then_some(length)
}

//! `listen`: receives callbacks and checks them.

mod check;
mod forward;

use core::convert::Infallible;
use core::time::Duration;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use cloudauth_proto::verify::Callback;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use self::check::{Checks, TokenCheck};
use self::forward::Target;
use crate::clock::now;
use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::output::{Output, OutputField};

/// Receive callbacks on this machine and check their tokens
///
/// Prints for each callback whether it is genuine, repeated, late or forged. A callback is a hint to
/// query the verdict, never the verdict.
///
/// Listens on 127.0.0.1 over http. The service calls https URLs only, and needs one that leads here: that
/// of a tunnel, or of a reverse proxy with a certificate. Give that URL to
/// `cloudauth init --callback-url`. The simulator needs no tunnel: start it with the option that is
/// printed as `sim_option`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
#[command(after_help = "\
Example:
  cloudauth listen --key callback.key --forward-to http://127.0.0.1:3000/callback
  cloudauth sim --callbacks shop.example=http://127.0.0.1:8733
  cloudauth init --callback-url https://shop.example/callback --callback-key callback.key ...")]
pub(crate) struct ListenArgs {
    /// Port; 0 picks a free one
    #[arg(long, default_value_t = 8733)]
    port: u16,
    /// File with the key of at least 32 bytes that was given to `cloudauth init --callback-key`
    #[arg(long, value_name = "FILE", group = "secret")]
    key: Option<PathBuf>,
    /// File with the one token that all callbacks carry
    #[arg(long, value_name = "FILE", group = "secret")]
    token: Option<PathBuf>,
    /// Send the callbacks that are not forged on to this http:// URL, and its status back
    #[arg(long, value_name = "URL", value_parser = Target::parse)]
    forward_to: Option<Target>,
}

pub(crate) fn run(args: &ListenArgs, output: &Output) -> CommandResult {
    let check = match (&args.key, &args.token) {
        (Some(file), _) => TokenCheck::Key(input::callback_key(Source::file("--key", file))?),
        (None, Some(file)) => TokenCheck::Token(input::token(Source::file("--token", file))?),
        (None, None) => return Err(usage("missing: --key or --token")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    LocalSet::new().block_on(&runtime, async {
        let port = args.port;
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.map_err(|error| {
            let hint = "choose another with --port, or 0 for a free one";
            failed(format!(
                "cannot listen on port {port} of 127.0.0.1: {error}; {hint}"
            ))
        })?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let sim_option = format!("--callbacks HOST={url}");
        output.event(&[("listening", json!(url)), ("sim_option", json!(sim_option))]);
        let receiver = Rc::new(Receiver {
            checks: Checks::new(check),
            forward_to: args.forward_to.clone(),
            output: output.clone(),
            is_unread: Notify::new(),
        });
        spawn_local(accept(listener, Rc::clone(&receiver)));
        receiver.is_unread.notified().await;
        Ok(Exit::Success)
    })
}

/// Time for a connection: request, response of `--forward-to`, response.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits the memory: further connections wait.
const MAX_CONNECTIONS: usize = 100;

/// Delay after a failed `accept`, which fails at once as long as too many files are open.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

async fn accept(listener: TcpListener, receiver: Rc<Receiver>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let receiver = Rc::clone(&receiver);
                spawn_local(async move {
                    // An error is that of the caller; the service repeats its callbacks.
                    let _ = timeout(CONNECTION_TIMEOUT, serve(stream, receiver)).await;
                    drop(slot);
                });
            }
            Err(_) => sleep(ACCEPT_RETRY).await,
        }
    }
}

async fn serve(stream: TcpStream, receiver: Rc<Receiver>) -> hyper::Result<()> {
    let service = service_fn(|request| {
        let receiver = Rc::clone(&receiver);
        async move { Ok::<_, Infallible>(receiver.respond(&request).await) }
    });
    // A body is never read, however large it is.
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

struct Receiver {
    checks: Checks,
    forward_to: Option<Target>,
    output: Output,
    /// Notified when the output cannot be written any more.
    is_unread: Notify,
}

impl Receiver {
    async fn respond(&self, request: &Request<Incoming>) -> Response<Empty<&'static [u8]>> {
        let (status, fields) = self.receive(request).await;
        self.output.event(&fields);
        if self.output.has_failed() {
            self.is_unread.notify_one();
        }
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        response
    }

    /// The status of the response, and the fields to print.
    async fn receive(&self, request: &Request<Incoming>) -> (StatusCode, Vec<OutputField>) {
        let unreadable =
            |problem: String| vec![("callback", json!("unreadable")), ("error", json!(problem))];
        if request.method() != Method::GET {
            let fields = unreadable("the method is not GET".to_owned());
            return (StatusCode::METHOD_NOT_ALLOWED, fields);
        }
        let query = request.uri().query().unwrap_or_default();
        let callback = match Callback::parse(query) {
            Ok(callback) => callback,
            Err(error) => return (StatusCode::BAD_REQUEST, unreadable(error.to_string())),
        };
        let checked = self.checks.check(&callback, now());
        let mut status = checked.status;
        let mut fields = checked.fields(&callback);
        if let Some(target) = self
            .forward_to
            .as_ref()
            .filter(|_| status == StatusCode::OK)
        {
            match target.send(query).await {
                Ok(forwarded) => {
                    status = forwarded;
                    fields.push(("forwarded", json!(forwarded.as_u16())));
                    fields.push(("forward_error", json!(null)));
                }
                Err(problem) => {
                    // The service repeats the callback.
                    status = StatusCode::BAD_GATEWAY;
                    fields.push(("forwarded", json!(null)));
                    fields.push(("forward_error", json!(problem)));
                }
            }
        }
        (status, fields)
    }
}

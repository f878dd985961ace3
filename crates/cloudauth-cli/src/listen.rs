//! `listen`: receives callbacks and checks them.

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::ready;
use core::time::Duration;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use cloudauth_proto::verify::{Callback, CallbackKey, OuterOrderNo, TokenError};
use cloudauth_proto::{Secret, UnixTime};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::clock::now;
use crate::error::CommandResult;
use crate::input;
use crate::output::{self, OutputArgs, OutputField};

/// Receive callbacks on this machine and check their tokens
///
/// Prints for each callback whether it is genuine, repeated, late or forged. A callback is a hint to
/// query the verdict, never the verdict. Listens on 127.0.0.1; the service needs an https URL that
/// leads here, for example through a tunnel.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
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
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub(crate) fn run(args: &ListenArgs) -> CommandResult {
    let check = match (&args.key, &args.token) {
        (Some(file), _) => TokenCheck::Key(input::callback_key(file)?),
        (None, Some(file)) => TokenCheck::Token(input::token(file)?),
        (None, None) => return Err("set --key or --token".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(("127.0.0.1", args.port))
            .await
            .map_err(|e| format!("cannot listen on 127.0.0.1:{}: {e}", args.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        output::event(&[("listening", json!(url))], args.output);
        let receiver = Receiver {
            check,
            seen: RefCell::default(),
            output: args.output,
        };
        accept(&listener, &Rc::new(receiver)).await
    })
}

/// A client that sends nothing must not hold a connection for ever.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Delay after a failed `accept`, which fails at once as long as too many files are open.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

async fn accept(listener: &TcpListener, receiver: &Rc<Receiver>) -> ! {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                spawn_local(serve(stream, receiver.clone()));
            }
            Err(_) => sleep(ACCEPT_RETRY).await,
        }
    }
}

async fn serve(stream: TcpStream, receiver: Rc<Receiver>) {
    let service = service_fn(|request| ready(Ok::<_, Infallible>(receiver.respond(&request))));
    // A broken connection is the caller's problem; the service repeats its callbacks.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

struct Receiver {
    check: TokenCheck,
    seen: RefCell<Seen>,
    output: OutputArgs,
}

impl Receiver {
    fn respond(&self, request: &Request<Incoming>) -> Response<Empty<&'static [u8]>> {
        let (status, fields) = if request.method() == Method::GET {
            let query = request.uri().query().unwrap_or_default();
            receive(query, &self.check, &mut self.seen.borrow_mut(), now())
        } else {
            let error = json!("the method is not GET");
            let fields = vec![("callback", json!("unreadable")), ("error", error)];
            (StatusCode::METHOD_NOT_ALLOWED, fields)
        };
        output::event(&fields, self.output);
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        response
    }
}

/// How callbacks are authenticated.
enum TokenCheck {
    /// By a token of their own, made with this key.
    Key(CallbackKey),
    /// By one token for all.
    Token(Secret),
}

/// IDs of recent verifications with a genuine callback.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    /// Bounds the memory; repeated callbacks come within minutes.
    const CAPACITY: usize = 100_000;

    /// Whether this is the first callback of the verification.
    fn insert(&mut self, certify_id: &str) -> bool {
        if self.0.len() >= Self::CAPACITY {
            self.0.clear();
        }
        self.0.insert(certify_id.to_owned())
    }
}

/// HTTP status of the response to a callback, and the fields to print.
fn receive(
    query: &str,
    check: &TokenCheck,
    seen: &mut Seen,
    now: UnixTime,
) -> (StatusCode, Vec<OutputField>) {
    let callback = match Callback::parse(query) {
        Ok(callback) => callback,
        Err(error) => {
            let fields = vec![
                ("callback", json!("unreadable")),
                ("error", json!(error.to_string())),
            ];
            return (StatusCode::BAD_REQUEST, fields);
        }
    };
    let checked = match check {
        TokenCheck::Key(key) => key.check(&callback, now).map(Some),
        TokenCheck::Token(token) if callback.has_token(token) => Ok(None),
        TokenCheck::Token(_) => Err(TokenError::Forged),
    };
    let certify_id = callback.certify_id().as_str();
    let (status, class, order) = match checked {
        Ok(order) if seen.insert(certify_id) => (StatusCode::OK, "genuine", order),
        Ok(order) => (StatusCode::OK, "repeated", order),
        Err(TokenError::Expired(order)) => (StatusCode::OK, "late", Some(order)),
        Err(_) => (StatusCode::FORBIDDEN, "forged", None),
    };
    let order = order.as_ref().map(OuterOrderNo::as_str);
    let fields = vec![
        ("callback", json!(class)),
        ("CertifyId", json!(certify_id)),
        ("Passed", json!(callback.passed())),
        ("hint", json!(callback.meaning().map(|it| it.english))),
        ("OuterOrderNo", json!(order)),
    ];
    (status, fields)
}

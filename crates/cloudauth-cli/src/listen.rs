//! `listen`: receives callbacks, and says what each is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cloudauth_proto::verify::{CallbackKey, Notice, OuterOrderNo, TokenError};
use cloudauth_proto::{Secret, UnixTime};
use serde_json::{Value, json};
use tiny_http::{Method, Response, Server};

use crate::args::ListenArgs;
use crate::person::text;
use crate::verify::now;
use crate::{Outcome, output};

pub(crate) fn run(args: &ListenArgs) -> Outcome {
    let secret = match (&args.key, &args.token) {
        (Some(file), _) => Expected::Key(key(file)?),
        (None, Some(file)) => Expected::Token(token(file)?),
        (None, None) => return Err("either --key or --token is needed".into()),
    };
    let server = Server::http(("127.0.0.1", args.port))
        .map_err(|e| format!("cannot listen on 127.0.0.1:{}: {e}", args.port))?;
    let url = format!("http://{}", server.server_addr());
    output::event(&[("Listening", json!(url))], args.json);
    let mut seen = Seen::default();
    for request in server.incoming_requests() {
        let query = request.url().split_once('?').map_or("", |(_, query)| query);
        let (status, fields) = if *request.method() == Method::Get {
            said(query, &secret, &mut seen, now())
        } else {
            (405, vec![("Callback", json!("not a GET"))])
        };
        // Whoever asked may be gone by now.
        let _ = request.respond(Response::empty(status));
        output::event(&fields, args.json);
    }
    Ok(())
}

/// What tells a genuine callback.
enum Expected {
    Key(CallbackKey),
    Token(Secret),
}

/// Reads the key that tokens are made with.
pub(crate) fn key(file: &Path) -> Result<CallbackKey, String> {
    let called = file.display();
    let bytes = fs::read(file).map_err(|e| format!("cannot read {called}: {e}"))?;
    CallbackKey::new(&bytes).map_err(|e| format!("{called} cannot be used: {e}"))
}

fn token(file: &Path) -> Result<Secret, String> {
    let read = text(Some(file))?;
    let token = read.expose().trim();
    if token.is_empty() {
        return Err(format!("{} is empty", file.display()));
    }
    Ok(Secret::new(token))
}

/// The genuine callbacks that came lately.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    const MOST: usize = 100_000;

    /// Whether it is the first of this verification.
    fn is_first(&mut self, certify_id: &str) -> bool {
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(certify_id.to_owned())
    }
}

/// What a callback is: the status to answer, and what to print. Nothing of it is a verdict.
fn said(
    query: &str,
    expected: &Expected,
    seen: &mut Seen,
    now: UnixTime,
) -> (u16, Vec<(&'static str, Value)>) {
    let notice = match Notice::parse(query) {
        Ok(notice) => notice,
        Err(error) => {
            let fields = vec![
                ("Callback", json!("unreadable")),
                ("Problem", json!(error.to_string())),
            ];
            return (400, fields);
        }
    };
    let checked = match expected {
        Expected::Key(key) => key.check(&notice, now).map(Some),
        Expected::Token(token) if notice.bears(token) => Ok(None),
        Expected::Token(_) => Err(TokenError::Forged),
    };
    let certify_id = notice.certify_id().as_str();
    let (status, word, order) = match checked {
        Ok(order) if seen.is_first(certify_id) => (200, "genuine", order),
        Ok(order) => (200, "repeated", order),
        Err(TokenError::Expired(order)) => (200, "late", Some(order)),
        Err(_) => (403, "forged", None),
    };
    let fields = vec![
        ("Callback", json!(word)),
        ("CertifyId", json!(certify_id)),
        ("Passed", json!(notice.passed())),
        ("Hint", json!(notice.meaning().map(|it| it.english))),
        (
            "OuterOrderNo",
            json!(order.as_ref().map(OuterOrderNo::as_str)),
        ),
    ];
    (status, fields)
}

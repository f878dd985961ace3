//! Two handlers of an axum application: one opens a verification, the other queries its verdict. `h5_minimal` has the
//! callback and the redirected browser, too, and cookies that say whose verification it is.
#![expect(clippy::print_stdout, reason = "a program prints")]

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Form, Router};
use cloudauth_hyper::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::verify::{IdentityCard, OuterOrderNo, PollVerdict, Verdict};
use cloudauth_hyper::{Client, Options, Sensitive};
use serde::Deserialize;

const SCENE: i64 = 1_000_000_006;
type Reply = Result<(StatusCode, String), (StatusCode, String)>;

#[derive(Deserialize)]
struct Person {
    name: Sensitive,
    number: Sensitive,
    meta_info: Sensitive,
}

async fn open(State(client): State<Client>, Form(person): Form<Person>) -> Reply {
    let order = OuterOrderNo::generate(&mut client.entropy()); // the application stores it
    let (name, number) = (person.name, person.number);
    let card = IdentityCard { name, number };
    let back = "https://shop.example/back";
    let open = InitFaceVerify::id_pro_h5(SCENE, order, card, back, person.meta_info);
    let opened = client.call(&open).await.map_err(failed)?.value;
    let url = opened.certify_url.ok_or_else(|| failed("no CertifyUrl"))?;
    Ok((StatusCode::CREATED, url.expose().to_owned()))
}

async fn verdict(State(client): State<Client>, Path(id): Path<String>) -> Reply {
    let query = DescribeFaceVerify::new(SCENE, id);
    let verdict = client.run(PollVerdict::once(query)).await;
    Ok(match verdict.map_err(failed)? {
        Some(Verdict::Passed(_)) => (StatusCode::OK, "passed".into()),
        Some(Verdict::NotPassed(_)) => (StatusCode::OK, "not passed".into()),
        None => (StatusCode::ACCEPTED, "not finished".into()),
    })
}

/// The response to a failure. Its text has neither a name nor a number.
fn failed(error: impl Into<Box<dyn core::error::Error>>) -> (StatusCode, String) {
    (StatusCode::BAD_GATEWAY, error.into().to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let client = Client::new(Options::from_env()?)?; // one for the whole application
    let routes = Router::new()
        .route("/verifications", post(open))
        .route("/verifications/{id}", get(verdict))
        .with_state(client);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

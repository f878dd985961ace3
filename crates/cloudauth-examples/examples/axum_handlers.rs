//! Two handlers of an axum application: one opens a verification, the other queries its verdict.
//!
//! `h5_minimal` beside this file has the callback and the redirected browser, too, and cookies that say whose
//! verification it is.
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Form, Router};
use cloudauth_hyper::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_hyper::verify::{IdentityCard, OuterOrderNo, PollVerdict, Verdict};
use cloudauth_hyper::{Client, Options, Sensitive};
use serde::Deserialize;

const SCENE: i64 = 1_000_000_006;

#[derive(Deserialize)]
struct Person {
    name: Sensitive,
    number: Sensitive,
    meta_info: Sensitive,
}

async fn open(State(client): State<Client>, Form(person): Form<Person>) -> (StatusCode, String) {
    let order = OuterOrderNo::generate(&mut client.entropy()); // the application stores it
    let card = IdentityCard {
        name: person.name,
        number: person.number,
    };
    let back = "https://shop.example/back";
    let open = InitFaceVerify::id_pro_h5(SCENE, order, card, back, person.meta_info);
    match client
        .call(&open)
        .await
        .map(|reply| reply.value.certify_url)
    {
        Ok(Some(url)) => (StatusCode::CREATED, url.expose().to_owned()),
        Ok(None) => (StatusCode::BAD_GATEWAY, "no CertifyUrl".into()),
        // Neither a name nor a number is in the text of an error.
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

async fn verdict(State(client): State<Client>, Path(id): Path<String>) -> (StatusCode, String) {
    let query = DescribeFaceVerify::new(SCENE, id);
    match client.run(PollVerdict::once(query)).await {
        Ok(Some(Verdict::Passed(_))) => (StatusCode::OK, "passed".into()),
        Ok(Some(Verdict::NotPassed(_))) => (StatusCode::OK, "not passed".into()),
        Ok(None) => (StatusCode::ACCEPTED, "not finished".into()),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Options::from_env()?)?; // one for the whole application
    let routes = Router::new()
        .route("/verifications", post(open))
        .route("/verifications/{id}", get(verdict))
        .with_state(client);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}

//! Requests for credentials in forms that only the vendor's packages send.

use cloudauth_sim::{CredentialService, INSTANCE_ROLE, IncomingRequest, OIDC_TOKEN, World};

use crate::client::{Response, expect_response};

/// 2023-11-14T22:13:20Z.
const NOW: u64 = 1_700_000_000;

const OIDC: &str = "Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01&DurationSeconds=3600\
    &RoleArn=acs%3Aram%3A%3A1%3Arole%2Fa&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fa\
    &RoleSessionName=s&Timestamp=2023-11-14T22%3A13%3A20Z&OIDCToken=";

fn send(service: CredentialService, method: &str, target: String) -> Response {
    let request = IncomingRequest::new(method, target, Vec::new(), *b"");
    assert_eq!(CredentialService::of(&request), Some(service));
    expect_response(World::new().handle_credential_service(service, &request, NOW))
}

#[test]
fn sts_accepts_an_oidc_token_in_the_url_of_a_get() {
    let token = OIDC_TOKEN.replace('+', "%2B");
    let response = send(CredentialService::Sts, "GET", format!("/?{OIDC}{token}"));
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(response.json()["Credentials"]["SecurityToken"].is_string());
    let wrong = send(CredentialService::Sts, "GET", format!("/?{OIDC}{token}%0A"));
    assert_eq!(wrong.code(), "AuthenticationFail.OIDCToken.Invalid");
    let stale = OIDC.replace("22%3A13", "21%3A13");
    let stale = send(CredentialService::Sts, "GET", format!("/?{stale}{token}"));
    assert_eq!(stale.code(), "InvalidTimeStamp.Expired");
}

#[test]
fn the_role_name_is_the_whole_body() {
    let path = "/latest/meta-data/ram/security-credentials/";
    let role = send(CredentialService::Metadata, "GET", path.to_owned()).text();
    assert_eq!(role, INSTANCE_ROLE);
    let credentials = send(CredentialService::Metadata, "GET", format!("{path}{role}"));
    assert_eq!(credentials.json()["Code"], "Success");
}

//! Requests for credentials in forms that only the vendor's packages send.

use cloudauth_sim::{CredentialService, INSTANCE_ROLE, IncomingRequest, OIDC_TOKEN, World};

use crate::client::{Call, Response, expect_response};

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
fn sts_names_the_caller_of_a_valid_key() {
    let identify = |call: Call| {
        let request = call.set("Version", "2015-04-01").sign();
        assert_eq!(
            CredentialService::of(&request),
            Some(CredentialService::Sts)
        );
        let mut world = World::new();
        world.add_sts_key("STS.1", "secret", "token");
        expect_response(world.handle_credential_service(CredentialService::Sts, &request, NOW))
    };
    let call = || Call::new("GetCallerIdentity", NOW);
    let user = identify(call()).json();
    assert_eq!(user["IdentityType"], "RAMUser");
    assert!(user["Arn"].as_str().unwrap().starts_with("acs:ram::"));
    let role = identify(
        call()
            .with_key("STS.1", "secret")
            .set("SecurityToken", "token"),
    );
    assert_eq!(role.json()["IdentityType"], "AssumedRoleUser");
    let wrong = identify(call().with_key("testid", "wrong"));
    assert_eq!(wrong.code(), "SignatureDoesNotMatch");
}

#[test]
fn the_oldest_metadata_token_is_removed_when_there_are_too_many() {
    let mut world = World::new();
    let mut send = |method: &str, target: &str, header: (&str, &str)| {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        let request = IncomingRequest::new(method, target, headers, *b"");
        let service = CredentialService::Metadata;
        expect_response(world.handle_credential_service(service, &request, NOW))
    };
    let mut tokens = Vec::new();
    for _ in 0..=1_000 {
        let lifetime = ("x-aliyun-ecs-metadata-token-ttl-seconds", "600");
        tokens.push(send("PUT", "/latest/api/token", lifetime).text());
    }
    let mut status = |token: &str| {
        let header = ("x-aliyun-ecs-metadata-token", token);
        send("GET", "/latest/meta-data/ram/security-credentials/", header).status
    };
    assert_eq!(status(&tokens[0]), 403);
    assert_eq!(status(&tokens[1]), 200);
    assert_eq!(status(&tokens[1_000]), 200);
}

#[test]
fn the_role_name_is_the_whole_body() {
    let path = "/latest/meta-data/ram/security-credentials/";
    let role = send(CredentialService::Metadata, "GET", path.to_owned()).text();
    assert_eq!(role, INSTANCE_ROLE);
    let credentials = send(CredentialService::Metadata, "GET", format!("{path}{role}"));
    assert_eq!(credentials.json()["Code"], "Success");
}

//! Requests for credentials as the vendor's packages make them, where ours differ.

use cloudauth_sim::{INSTANCE_ROLE, Incoming, OIDC_TOKEN, Office, World};

use crate::client::{Answer, answered};

/// 2023-11-14T22:13:20Z.
const NOW: u64 = 1_700_000_000;

const OIDC: &str = "Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01&DurationSeconds=3600\
    &RoleArn=acs%3Aram%3A%3A1%3Arole%2Fa&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fa\
    &RoleSessionName=s&Timestamp=2023-11-14T22%3A13%3A20Z&OIDCToken=";

fn visit(office: Office, method: &str, target: String) -> Answer {
    let request = Incoming::new(method, target, Vec::new(), *b"");
    assert_eq!(Office::of(&request), Some(office));
    answered(World::new().visit(office, &request, NOW))
}

#[test]
fn sts_takes_a_token_in_the_url_of_a_get() {
    let token = OIDC_TOKEN.replace('+', "%2B");
    let answer = visit(Office::Sts, "GET", format!("/?{OIDC}{token}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["Credentials"]["SecurityToken"].is_string());
    let wrong = visit(Office::Sts, "GET", format!("/?{OIDC}{token}%0A"));
    assert_eq!(wrong.code(), "AuthenticationFail.OIDCToken.Invalid");
    let stale = OIDC.replace("22%3A13", "21%3A13");
    let stale = visit(Office::Sts, "GET", format!("/?{stale}{token}"));
    assert_eq!(stale.code(), "InvalidTimeStamp.Expired");
}

#[test]
fn the_name_of_the_role_is_the_whole_answer() {
    let path = "/latest/meta-data/ram/security-credentials/";
    let role = visit(Office::Metadata, "GET", path.to_owned()).text();
    assert_eq!(role, INSTANCE_ROLE);
    let asked = visit(Office::Metadata, "GET", format!("{path}{role}"));
    assert_eq!(asked.json()["Code"], "Success");
}

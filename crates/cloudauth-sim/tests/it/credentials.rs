//! Credentials in simulated time.

use core::time::Duration;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{
    AssumeRole, Call, CallOptions, Credentials, EcsRole, Endpoint, Error, External, MonoTime, Oidc,
    Profile, ProfileFormat, Role, Session, Settings, Source, Unsupplied, Uri, Vars, WhoAmI,
};
use cloudauth_sim::simulation::{Simulation, Trouble, Weather, What};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, Fault, OAUTH_TOKEN, OIDC_TOKEN, Office,
    SSO_TOKEN, Times, World,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const CONFIG: &str = "/home/u/.aliyun/config.json";

pub(crate) fn settings() -> Settings {
    Settings::new(&Vars::default())
}

pub(crate) fn role() -> Role {
    Role::new("acs:ram::1:role/r", "test")
}

pub(crate) fn key() -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap()
}

fn sts() -> Endpoint {
    Endpoint::STS
}

pub(crate) fn assumed() -> Source {
    Source::AssumeRole(Box::new(AssumeRole::new(key().into(), role(), sts())))
}

pub(crate) fn oidc() -> Source {
    let oidc = Oidc::new("/token", "acs:ram::1:oidc-provider/p", role(), sts());
    Source::Oidc(Box::new(oidc))
}

pub(crate) fn ecs() -> Source {
    Source::EcsRole(EcsRole::new(None, &settings()))
}

pub(crate) fn uri() -> Source {
    let url = format!("https://127.0.0.1{CREDENTIALS_PATH}");
    Source::Uri(Uri::new(&url).unwrap())
}

/// A profile of the CLI's whose mode and fields are these.
pub(crate) fn profile() -> Source {
    let profile = Profile::new(ProfileFormat::Cli, CONFIG, None, settings());
    Source::Profile(profile)
}

pub(crate) fn config(fields: &str) -> String {
    format!(r#"{{"current":"p","profiles":[{{"name":"p",{fields}}}]}}"#)
}

pub(crate) fn sso_config() -> String {
    config(&format!(
        r#""mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.example.com/login",
        "cloud_sso_account_id":"151","cloud_sso_access_config":"ac-1",
        "access_token":"{SSO_TOKEN}","cloud_sso_access_token_expire":1900000000"#
    ))
}

pub(crate) fn oauth_config() -> String {
    config(&format!(
        r#""mode":"OAuth","oauth_access_token":"{OAUTH_TOKEN}",
        "oauth_access_token_expire":1900000000"#
    ))
}

pub(crate) fn with(source: Source) -> Simulation {
    let mut simulation = Simulation::new(Session::new(source, [1; 32]), World::new());
    simulation
        .world
        .teach("DescribeFaceVerify", serde_json::json!({"Passed": "T"}));
    simulation.put_file("/token", format!("{OIDC_TOKEN}\n"));
    simulation
}

pub(crate) fn describe() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha0"), CallOptions::new()).unwrap()
}

/// Whether the service took the call's signature; what it thinks of the question does not matter.
pub(crate) fn is_signed<T>(result: Option<Result<T, Error>>) -> bool {
    match result.unwrap() {
        Ok(_) => true,
        Err(Error::Service(fault)) => fault.code.as_deref() == Some("406"),
        Err(_) => false,
    }
}

pub(crate) fn call_at(simulation: &mut Simulation, at: Duration) -> bool {
    let handle = simulation.start(at, describe());
    simulation.run_until(at + 31 * SECOND);
    assert!(
        simulation.breaches().is_empty(),
        "{:?}",
        simulation.breaches()
    );
    is_signed(handle.take())
}

fn told(simulation: &mut Simulation) -> String {
    simulation.call(describe()).unwrap_err().to_string()
}

#[test]
fn a_program_s_credentials_live_the_same_life() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    simulation.world.add_sts_key("STS.x", "s", "t");
    let printed = |expires: &str| {
        let text = format!(
            r#"{{"mode":"StsToken","access_key_id":"STS.x","access_key_secret":"s",
            "sts_token":"t","expiration":"{expires}"}}"#
        );
        Ok(text.into_bytes())
    };
    simulation.program(2 * SECOND, printed("2027-01-15T09:00:00Z"));
    let calls: Vec<_> = (0..1_000)
        .map(|_| simulation.start(Duration::ZERO, describe()))
        .collect();
    simulation.run();
    assert!(calls.into_iter().all(|it| is_signed(it.take())));
    assert_eq!(simulation.most_refreshes(), 1);
    let refreshes = simulation.all_told().map(|it| it.refreshes).sum::<usize>();
    assert_eq!(refreshes, 1);

    // It hangs near the end of their life: no call fails, and none waits long.
    simulation.program(HOUR, Err(Unsupplied::Failed));
    let near = simulation.start(59 * MINUTE, describe());
    simulation.run();
    assert!(is_signed(near.take()));
    // 7.5 s are a quarter of what a call has.
    assert!(simulation.told(&near).took().unwrap() < 8 * SECOND);
    let after = simulation.start(HOUR + MINUTE, describe());
    simulation.run();
    let error = after.take().unwrap().unwrap_err().to_string();
    assert_eq!(
        error,
        "no credentials: external: the program did not end in time"
    );
    assert_eq!(simulation.told(&after).took(), Some(30 * SECOND));
}

#[test]
fn a_program_s_junk_is_told_without_a_word_of_it() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    for (ends, reason) in [
        (
            Ok(b"s3cret".to_vec()),
            "the program's output: the reply is not JSON",
        ),
        (
            Ok(
                br#"{"mode":"s3cret","access_key_id":"s3cret","access_key_secret":"s3cret"}"#
                    .to_vec(),
            ),
            "the program's output: the mode is neither AK nor StsToken",
        ),
        (
            Ok(br#"{"mode":"AK","access_key_id":"s3cret"}"#.to_vec()),
            "the program's output: missing field `access_key_secret`",
        ),
        (
            Ok(
                br#"{"mode":"StsToken","access_key_id":"a","access_key_secret":"b","sts_token":"c",
                "expiration":"2020-01-01T00:00:00Z"}"#
                    .to_vec(),
            ),
            "what it gave is out of date",
        ),
        (
            Err(Unsupplied::Exited(Some(3))),
            "the program ended with status 3",
        ),
        (Err(Unsupplied::Missing), "the program does not exist"),
    ] {
        simulation.program(SECOND, ends);
        let error = told(&mut simulation);
        assert!(
            error.starts_with(&format!("no credentials: external: {reason}")),
            "{error}"
        );
        assert!(!error.contains("s3cret"), "{error}");
        // Until nothing is remembered of it.
        let at = simulation.now().mono.saturating_since(MonoTime::default()) + MINUTE;
        let gone = simulation.start(at, describe());
        simulation.drop_at(at + SECOND / 2, &gone);
        simulation.run();
    }
}

#[test]
fn a_refresher_that_vanishes_keeps_nobody_waiting_for_ever() {
    let mut simulation = with(assumed());
    let slow = Weather::calm().takes(3 * SECOND, 3 * SECOND);
    simulation.weather_of_offices(Duration::ZERO, slow);
    let first = simulation.start(Duration::ZERO, describe());
    let others: Vec<_> = (1..50)
        .map(|n| simulation.start(Duration::from_millis(n), describe()))
        .collect();
    simulation.drop_at(SECOND, &first);
    simulation.run();
    assert!(simulation.breaches().is_empty());
    for other in others {
        assert!(is_signed(other.take()));
        // The place was held for as long as the exchange could take, 20 s, and a second.
        assert!(simulation.told(&other).took().unwrap() < 26 * SECOND);
    }
    let refreshes = simulation.all_told().map(|it| it.refreshes).sum::<usize>();
    assert_eq!((refreshes, simulation.most_refreshes()), (2, 1));
}

#[test]
fn nobody_waits_past_his_own_deadline() {
    let mut simulation = with(assumed());
    let slow = Weather::calm().takes(9 * SECOND, 9 * SECOND);
    simulation.weather_of_offices(Duration::ZERO, slow);
    let patient = simulation.start(Duration::ZERO, describe());
    let options = CallOptions::new().total_timeout(2 * SECOND);
    let hasty = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let hasty = simulation.start(SECOND, hasty);
    simulation.run();
    let error = hasty.take().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no credentials before the call's time was over"
    );
    assert_eq!(simulation.told(&hasty).took(), Some(2 * SECOND));
    assert!(is_signed(patient.take()));
}

#[test]
fn a_hasty_caller_does_not_fail_the_patient_ones() {
    let mut simulation = with(assumed());
    let slow = Weather::calm().takes(3 * SECOND, 3 * SECOND);
    simulation.weather_of_offices(Duration::ZERO, slow);
    let options = CallOptions::new().total_timeout(SECOND);
    let hasty = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let hasty = simulation.start(Duration::ZERO, hasty);
    let patient = simulation.start(SECOND / 2, describe());
    simulation.run();
    assert!(hasty.take().unwrap().is_err());
    assert!(is_signed(patient.take()));
    assert!(simulation.told(&patient).took().unwrap() < 5 * SECOND);
}

#[test]
fn a_failure_is_remembered_for_a_short_while() {
    let mut simulation = with(assumed());
    simulation
        .world
        .inject_at(Office::Sts, Fault::Status(403), Times::Always);
    let calls: Vec<_> = (0..200)
        .map(|n| simulation.start(SECOND / 10 * n, describe()))
        .collect();
    simulation.run_until(20 * SECOND);
    for call in calls {
        let error = call.take().unwrap().unwrap_err().to_string();
        let expected = "no credentials: ram_role_arn/static_ak: refused: Forbidden.RAM (HTTP 403)";
        assert_eq!(error, expected);
    }
    // Pauses of about 1, 2, 4 and 8 s.
    let asked = simulation.world.asked(Office::Sts);
    assert!((4..=7).contains(&asked), "{asked}");
    simulation.world.clear_faults_at(Office::Sts);
    assert!(call_at(&mut simulation, 31 * SECOND));
}

#[test]
fn credentials_that_the_service_refuses_are_replaced_once() {
    let mut simulation = with(assumed());
    assert!(call_at(&mut simulation, Duration::ZERO));
    simulation.world.revoke_issued();
    let call = simulation.start(MINUTE, describe());
    simulation.run_until(MINUTE + 2 * SECOND);
    assert!(is_signed(call.take()));
    assert_eq!(simulation.told(&call).sends, 2);
    assert_eq!(simulation.world.issued(), 2);

    // Refused as soon as they were given: to ask for others at once would be in vain.
    simulation.world.revoke_issued();
    let soon = simulation.start(MINUTE + 5 * SECOND, describe());
    simulation.run();
    let error = soon.take().unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Service(fault)
        if fault.code.as_deref() == Some("InvalidSecurityToken.Expired")),
        "{error}"
    );
    assert_eq!(simulation.told(&soon).sends, 1);

    // What cannot be replaced is not asked for again.
    let fixed = Credentials::temporary(ACCESS_KEY_ID, ACCESS_KEY_SECRET, "wrong").unwrap();
    let mut simulation = with(fixed.into());
    let call = simulation.start(Duration::ZERO, describe());
    simulation.run();
    assert!(matches!(call.take().unwrap(), Err(Error::Service(_))));
    assert_eq!(simulation.told(&call).sends, 1);
}

#[test]
fn a_chain_takes_the_first_that_gives_and_stays_with_it() {
    let chain = Source::Chain(vec![oidc(), ecs(), uri()]);
    let mut simulation = with(chain);
    simulation.put_file("/token", "wrong");
    let found = simulation.call(WhoAmI::new()).unwrap();
    assert_eq!(found.source, "ecs_ram_role");
    let trail: Vec<_> = found.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        trail,
        ["oidc_role_arn: refused: AuthenticationFail.OIDCToken.Invalid (HTTP 400)"]
    );
    // The role in front of it would work by now; the instance's is kept.
    simulation.put_file("/token", OIDC_TOKEN);
    let later = simulation.start(50 * MINUTE, WhoAmI::new());
    simulation.run();
    let found = later.take().unwrap().unwrap();
    assert_eq!(
        (found.source.as_str(), simulation.world.issued()),
        ("ecs_ram_role", 2)
    );
    assert_eq!(found.passed_over.len(), 1);
}

#[test]
fn a_chain_that_fails_as_a_whole_is_gone_through_again() {
    let mut simulation = with(Source::Chain(vec![oidc(), uri()]));
    simulation.put_file("/token", "");
    simulation
        .world
        .inject_at(Office::Uri, Fault::Garbage, Times::Once);
    assert_eq!(
        told(&mut simulation),
        "no credentials: oidc_role_arn: the token in /token cannot be used; \
         credentials_uri: the reply is not JSON"
    );
    simulation.put_file("/token", OIDC_TOKEN);
    let later = simulation.start(MINUTE, WhoAmI::new());
    simulation.run();
    assert_eq!(later.take().unwrap().unwrap().source, "oidc_role_arn");
}

#[test]
fn the_metadata_service_s_token_is_used_for_its_life() {
    let mut simulation = with(ecs());
    for hours in 0..6 {
        assert!(call_at(&mut simulation, HOUR * hours));
    }
    // The token once, then for each of six refreshes the name and the keys.
    assert_eq!(simulation.world.asked(Office::Metadata), 1 + 6 * 2);
    simulation.world.forget_metadata_tokens();
    assert!(call_at(&mut simulation, HOUR * 5 + 50 * MINUTE));
    // A refused question, another token, two answers.
    assert_eq!(simulation.world.asked(Office::Metadata), 13 + 1 + 1 + 2);
}

#[test]
fn the_first_version_is_asked_only_where_the_second_never_answered() {
    let mut simulation = with(ecs());
    simulation.world.set_metadata_versions(true, false);
    assert!(call_at(&mut simulation, Duration::ZERO));

    let mut simulation = with(ecs());
    assert!(call_at(&mut simulation, Duration::ZERO));
    simulation.world.set_metadata_versions(true, false);
    assert!(!call_at(&mut simulation, 7 * HOUR));

    let mut strict = EcsRole::new(None, &settings());
    strict.allows_v1 = false;
    let mut simulation = with(Source::EcsRole(strict));
    simulation.world.set_metadata_versions(true, false);
    let error = told(&mut simulation);
    assert_eq!(
        error,
        "no credentials: ecs_ram_role: refused: NotFound (HTTP 404)"
    );
}

#[test]
fn what_is_no_answer_is_told_by_its_kind() {
    for (fault, reason) in [
        (Fault::Garbage, "the reply is not JSON"),
        (Fault::Empty, "the reply is empty"),
        (Fault::Refuse, "cannot connect"),
        (Fault::Reset, "no reply"),
        (Fault::Truncate, "no reply"),
        (
            Fault::Status(404),
            "refused: InvalidApi.NotFound (HTTP 404)",
        ),
        (Fault::Code500, "refused: InternalError (HTTP 200)"),
        (
            Fault::Custom {
                status: 200,
                body: br#"{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"b",
                    "SecurityToken":"c","Expiration":"2020-01-01T00:00:00Z"}"#
                    .to_vec(),
            },
            "what it gave is out of date",
        ),
        (
            Fault::Custom {
                status: 200,
                body: br#"{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"s3cret"}"#
                    .to_vec(),
            },
            "missing field `SecurityToken`",
        ),
    ] {
        let mut simulation = with(uri());
        simulation
            .world
            .inject_at(Office::Uri, fault.clone(), Times::Always);
        let error = told(&mut simulation);
        let expected = format!("no credentials: credentials_uri: {reason}");
        assert!(error.starts_with(&expected), "{fault:?}: {error}");
    }
    // Off an instance: one refused connection, and no more.
    let mut simulation = with(ecs());
    let nobody = Weather::calm().always(Trouble::BlackHole);
    simulation.weather_of_offices(Duration::ZERO, nobody);
    let call = simulation.start(Duration::ZERO, describe());
    simulation.run();
    let error = call.take().unwrap().unwrap_err().to_string();
    assert_eq!(error, "no credentials: ecs_ram_role: cannot connect");
    assert_eq!(simulation.told(&call).took(), Some(SECOND));
}

#[test]
fn a_login_that_is_out_of_date_is_told_so() {
    let mut simulation = with(profile());
    for text in [
        sso_config().replace("1900000000", "1700000000"),
        oauth_config().replace("1900000000", "1700000000"),
    ] {
        simulation.put_file(CONFIG, text);
        let error = told(&mut simulation);
        assert!(
            error.ends_with("the stored login is out of date: log in again with the CLI"),
            "{error}"
        );
        let mut fresh = with(profile());
        core::mem::swap(&mut simulation, &mut fresh);
    }
}

#[test]
fn a_stored_browser_login_is_used_while_it_is_valid() {
    let mut simulation = with(profile());
    simulation.world.add_sts_key("STS.stored", "s", "t");
    simulation.put_file(
        CONFIG,
        config(
            r#""mode":"OAuth","access_key_id":"STS.stored","access_key_secret":"s",
            "sts_token":"t","sts_expiration":1800003600"#,
        ),
    );
    assert!(call_at(&mut simulation, Duration::ZERO));
    assert!(call_at(&mut simulation, 59 * MINUTE));
    assert!(!call_at(&mut simulation, HOUR + 2 * MINUTE));
    assert_eq!(simulation.world.asked(Office::OAuth), 0);
}

#[test]
fn credentials_are_asked_for_before_the_call_and_not_with_each() {
    let mut simulation = with(assumed());
    assert!(call_at(&mut simulation, Duration::ZERO));
    assert!(call_at(&mut simulation, MINUTE));
    let events = simulation.trace().events().iter();
    let kinds: Vec<_> = events
        .filter_map(|event| match event.what {
            What::Authenticates => Some("authenticates"),
            What::Asks { .. } => Some("asks"),
            What::Authenticated { .. } => Some("has"),
            What::Sends { .. } => Some("sends"),
            What::Starts
            | What::CarriedOut { .. }
            | What::Met { .. }
            | What::Abandons { .. }
            | What::Ends(_)
            | What::IsDropped
            | _ => None,
        })
        .collect();
    assert_eq!(kinds, ["authenticates", "asks", "has", "sends", "sends"]);
}

#[test]
fn a_token_file_that_is_not_there_is_told() {
    let oidc = Oidc::new("/gone", "acs:ram::1:oidc-provider/p", role(), sts());
    let error = told(&mut with(Source::Oidc(Box::new(oidc))));
    let expected = "no credentials: oidc_role_arn: /gone does not exist";
    assert_eq!(error, expected);
}

#[test]
fn a_metadata_service_that_answers_pages_is_told() {
    for (fault, reason) in [
        (Fault::Garbage, "not one word where one is needed"),
        (
            Fault::Custom {
                status: 200,
                body: b"<html>s3cret</html>".to_vec(),
            },
            "the name of the role is none",
        ),
    ] {
        let mut simulation = with(ecs());
        simulation
            .world
            .inject_at(Office::Metadata, fault, Times::Always);
        let error = told(&mut simulation);
        let expected = format!("no credentials: ecs_ram_role: {reason}");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_program_that_hangs_is_ended_after_a_minute() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    simulation.program(HOUR, Err(Unsupplied::Failed));
    let options = CallOptions::new().total_timeout(5 * MINUTE);
    let call = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let call = simulation.start(Duration::ZERO, call);
    simulation.run();
    let error = call.take().unwrap().unwrap_err().to_string();
    let expected = "no credentials: external: the program did not end in time";
    assert_eq!(error, expected);
    assert_eq!(simulation.told(&call).took(), Some(MINUTE));
}

fn chain(set: &'static [(&str, &str)]) -> Source {
    Source::default_chain(&Vars::read(|name| {
        let found = set.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| (*value).to_owned())
    }))
}

fn off_an_instance(source: Source) -> String {
    let mut simulation = with(source);
    let nobody = Weather::calm().always(Trouble::BlackHole);
    simulation.weather_of_offices(Duration::ZERO, nobody);
    told(&mut simulation)
}

#[test]
fn the_default_chain_tells_each_source_in_the_vendor_s_order() {
    assert_eq!(
        off_an_instance(chain(&[("HOME", "/home/u")])),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
         oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
         cli_profile: /home/u/.aliyun/config.json does not exist; \
         profile: /home/u/.alibabacloud/credentials does not exist; \
         profile: /home/u/.alibabacloud/credentials.ini does not exist; \
         ecs_ram_role: cannot connect; \
         credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
    );
    let turned_off = chain(&[
        ("HOME", "/home/u"),
        ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "True"),
        ("ALIBABA_CLOUD_CREDENTIALS_FILE", "/mine"),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ]);
    assert_eq!(
        off_an_instance(turned_off),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
         oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
         cli_profile: turned off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED; \
         profile: /mine does not exist; \
         ecs_ram_role: turned off by ALIBABA_CLOUD_ECS_METADATA_DISABLED; \
         credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
    );
}

#[test]
fn a_key_in_the_variables_that_cannot_be_used_ends_the_search() {
    let mistyped = chain(&[
        ("HOME", "/home/u"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI s3cret"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret"),
    ]);
    // An instance's role would be there.
    let error = told(&mut with(mistyped));
    let expected = "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID cannot be used";
    assert_eq!(error, expected);
}

#[test]
fn credentials_end_where_they_were_given_however_long_their_reply_took() {
    let mut simulation = with(uri());
    simulation.world.set_life(60);
    let slow = Weather::calm().takes(9 * SECOND, 9 * SECOND);
    simulation.weather_of_offices(Duration::ZERO, slow);
    let first = simulation.start(Duration::ZERO, describe());
    simulation.run_until(20 * SECOND);
    assert!(is_signed(first.take()));
    let gone = Weather::calm().always(Trouble::Lost);
    simulation.weather_of_offices(20 * SECOND, gone);
    // They were given after 4.5 s and got after 9 s.
    let sooner = simulation.start(61 * SECOND, describe());
    let late = simulation.start(65 * SECOND, describe());
    simulation.run();
    let error = late.take().unwrap().unwrap_err();
    assert!(matches!(error, Error::Credentials(_)), "{error}");
    for call in [sooner, late] {
        assert_eq!(simulation.told(&call).sends, 0);
    }
}

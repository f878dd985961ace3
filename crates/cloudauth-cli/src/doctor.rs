//! `doctor`: finds out whether the service can be used from here, and what to do if not.

use core::error::Error as StdError;
use std::io;

use cloudauth_proto::codes::Responsible;
use cloudauth_proto::driver::UriScheme;
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::sign::Mismatch;
use cloudauth_proto::{AttemptOutcome, CallOptions, Endpoint, Error, ServiceError, WhoAmI};
use cloudauth_ureq::{Client, TransportError};
use serde_json::{Value, json};

use crate::error::CommandResult;
use crate::exit::Exit;
use crate::output::{Output, one_line};
use crate::service::ServiceArgs;

/// Check credentials and endpoints: name, connection, certificate, clock, signature, permission
///
/// Queries at each endpoint the verdict of a CertifyId that cannot exist, which is free of charge and
/// only reads. Says for each failure what to do. Succeeds if every endpoint can be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cloudauth doctor
  cloudauth doctor --network vpc --profile staging")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

/// What is checked at an endpoint, in the order in which it is used.
const CHECKS: [&str; 6] = [
    "name",
    "connection",
    "certificate",
    "clock",
    "signature",
    "permission",
];

/// No verification has this ID: those of the service have no hyphen (inferred from its examples).
const IMPOSSIBLE_ID: &str = "cloudauth-doctor";

/// The check that failed, why, and what to do.
struct Finding {
    check: &'static str,
    detail: String,
    advice: &'static str,
    exit: Exit,
}

pub(crate) fn run(args: &DoctorArgs, output: &Output) -> CommandResult {
    let options = args.service.options()?.max_attempts(1);
    let endpoints = options.endpoint_list().to_vec();
    let client = Client::new(options)?;
    let mut rows = Vec::new();
    let mut exit = Exit::Success;
    match client.run(WhoAmI::new()) {
        Ok(resolved) => rows.push(row("", "credentials", "ok", &resolved.source, "")),
        Err(error) => {
            let advice = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or configure \
                          a profile; `cloudauth whoami` shows the sources";
            rows.push(row("", "credentials", "failed", &error.to_string(), advice));
            exit = Exit::NoCredentials;
        }
    }
    for endpoint in &endpoints {
        if exit == Exit::NoCredentials {
            for check in CHECKS {
                rows.push(row(&endpoint.to_string(), check, "not_checked", "", ""));
            }
            continue;
        }
        let finding = examine(&client, endpoint);
        let mut result = "ok";
        for check in CHECKS {
            match &finding {
                Some(finding) if finding.check == check => {
                    let url = endpoint.to_string();
                    rows.push(row(&url, check, "failed", &finding.detail, finding.advice));
                    result = "not_checked";
                }
                // There is none over http.
                Some(_) | None
                    if check == "certificate" && endpoint.scheme() == UriScheme::Http =>
                {
                    rows.push(row(&endpoint.to_string(), check, "not_checked", "", ""));
                }
                Some(_) | None => rows.push(row(&endpoint.to_string(), check, result, "", "")),
            }
        }
        if let Some(finding) = finding
            && exit == Exit::Success
        {
            exit = finding.exit;
        }
    }
    output.rows(&["endpoint", "check", "result", "detail", "advice"], &rows);
    Ok(exit)
}

fn row(endpoint: &str, check: &str, result: &str, detail: &str, advice: &str) -> Vec<Value> {
    let text = |text: &str| json!(Some(one_line(text)).filter(|text| !text.is_empty()));
    vec![
        text(endpoint),
        text(check),
        text(result),
        text(detail),
        text(advice),
    ]
}

/// Sends the query; `None` if the service has judged it like any other.
fn examine(client: &Client, endpoint: &Endpoint) -> Option<Finding> {
    let query = DescribeFaceVerify::new(1, IMPOSSIBLE_ID);
    let options = CallOptions::new().endpoint(endpoint.clone());
    let error = client.call_with(&query, options).err()?;
    let exit = Exit::of(&error);
    let (check, detail, advice) = if let Error::Service(refusal) = &error {
        refused(refusal)?
    } else {
        unreached(&error)
    };
    Some(Finding {
        check,
        detail,
        advice,
        exit,
    })
}

type Cause = (&'static str, String, &'static str);

/// Why the service refused; `None` if it refused the ID, as it must.
fn refused(refusal: &ServiceError) -> Option<Cause> {
    let code = refusal.code.as_deref().unwrap_or("no code");
    // A result code of the operation itself (three digits) comes after all checks of the gateway.
    let is_result = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let meaning = refusal.meaning();
    if is_result && meaning.is_none_or(|it| it.responsible != Responsible::Account) {
        return None;
    }
    let meaning = meaning.map_or("", |meaning| meaning.english);
    let detail = match &refusal.mismatch {
        Some(mismatch) => format!("{code}: {mismatch}"),
        None => format!("{code}: {meaning}"),
    };
    let is_clock = matches!(refusal.mismatch, Some(Mismatch::Clock { .. }));
    Some(if is_clock || code.starts_with("InvalidTimeStamp") {
        ("clock", detail, "set the clock of this machine; use NTP")
    } else if code.starts_with("SignatureDoesNotMatch") {
        let advice = "correct the access key secret, or the proxy that changes requests; `cloudauth sign` \
                      shows what is signed";
        ("signature", detail, advice)
    } else if code.starts_with("InvalidAccessKeyId") || code.starts_with("InvalidSecurityToken") {
        let advice = "use an access key that exists and is enabled, or get a new token; `cloudauth whoami` \
                      shows which one is used";
        ("signature", detail, advice)
    } else {
        let advice = "activate the service for the account, and grant its RAM user \
                      AliyunAntCloudAuthFullAccess";
        ("permission", detail, advice)
    })
}

/// Why there is no response.
fn unreached(error: &Error) -> Cause {
    let outcome = error.attempts().last().map(|attempt| &attempt.outcome);
    let detail = outcome.map_or_else(|| error.to_string(), ToString::to_string);
    let cause: Option<&(dyn StdError + 'static)> = match outcome {
        Some(AttemptOutcome::NotSent(cause) | AttemptOutcome::NoResponse { cause, .. }) => {
            Some(&**cause)
        }
        Some(_) | None => None,
    };
    let text = detail.to_ascii_lowercase();
    let is_timeout = matches!(
        cause.and_then(|cause| cause.downcast_ref()),
        Some(TransportError::ConnectTimeout)
    );
    if text.contains("certificate") || text.contains("unknownissuer") {
        let advice = "set the clock if it is wrong; trust the CA of your network with --ca FILE or \
                      SSL_CERT_FILE; check that nothing else has this host name";
        ("certificate", detail, advice)
    } else if is_name_failure(cause) {
        let advice = "check the host name and the DNS of this machine; names of the vpc network resolve \
                      within the VPC only";
        ("name", detail, advice)
    } else if is_timeout {
        let advice = "open the firewall to this host and port, or set HTTPS_PROXY or --proxy";
        ("connection", detail, advice)
    } else {
        let advice = "check the port, the firewall and the proxy (HTTPS_PROXY, --proxy)";
        ("connection", detail, advice)
    }
}

/// Whether a chain of errors says that a name has no address.
fn is_name_failure(cause: Option<&(dyn StdError + 'static)>) -> bool {
    let mut next = cause;
    while let Some(error) = next {
        let text = error.to_string().to_ascii_lowercase();
        let is_lookup = [
            "lookup",
            "resolve",
            "name or service",
            "name resolution",
            "host not found",
        ];
        if is_lookup.iter().any(|part| text.contains(part)) {
            return true;
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

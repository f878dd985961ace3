//! Random scripts of drivers.

use core::time::Duration;

use cloudauth_proto::AttemptOutcome;
use cloudauth_proto::driver::{Delivery, Failure, Head, Response};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// An action of a driver.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Poll,
    /// Moves the clock to the time of the last `Wait`.
    Wait,
    Advance(Duration),
    /// Moves the monotonic clock backwards.
    GoBack(Duration),
    SetUnix(u64),
    /// Reports the end of an exchange in flight, which is successful if it is `None`.
    Report(Index, Option<End>),
    /// Reports the end of an exchange that is over, or of another flow.
    ReportStale(Index, End),
    /// Supplies a file or an output, whether it was requested or not.
    Supply(Option<&'static str>),
}

/// The end of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    NotSent,
    Lost,
    CutOff,
    Responds(u16, &'static str),
    /// Status 200 with a JPEG.
    Picture,
}

impl End {
    pub(crate) fn result(self) -> Result<Response, Failure> {
        match self {
            Self::NotSent => Err(Failure::new(Delivery::NotSent, "refused")),
            Self::Lost => Err(Failure::new(Delivery::MaybeSent, "lost")),
            Self::CutOff => Err(Failure::after_head(Head::new(200, Vec::new()), "cut off")),
            Self::Picture => {
                let jpeg = b"\xff\xd8\xff\xe0".to_vec();
                Ok(Response::new(Head::new(200, Vec::new()), jpeg))
            }
            Self::Responds(status, body) => {
                let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
                let date = header("date", "Fri, 15 Jan 2027 09:00:00 GMT");
                let wait = header("x-acs-retry-after", "1500");
                Ok(Response::new(
                    Head::new(status, vec![date, wait]),
                    body.into(),
                ))
            }
        }
    }

    /// Whether an attempt ended like this.
    pub(crate) fn is(self, outcome: &AttemptOutcome) -> bool {
        match (self, outcome) {
            (Self::NotSent, AttemptOutcome::NotSent(_))
            | (Self::Lost, AttemptOutcome::NoResponse { status: None, .. })
            | (
                Self::CutOff,
                AttemptOutcome::NoResponse {
                    status: Some(200), ..
                },
            ) => true,
            (Self::Responds(sent, _), AttemptOutcome::Response { status, .. }) => sent == *status,
            (Self::Picture, AttemptOutcome::Response { status, .. }) => *status == 200,
            _ => false,
        }
    }
}

const OK: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","Passed":"T"}}"#;
const GRANT: &str = r#"{"AccessKeyId":"a","Bucket":"b","EncodedPolicy":"p","Endpoint":"e.example",
    "ObjectKey":"k","Signature":"s"}"#;
const KEYS: &str = r#"{"Code":"Success","AccessKeyId":"STS.sts1","AccessKeySecret":"s",
    "SecurityToken":"t","Expiration":"2027-01-15T10:00:00Z"}"#;
const STS: &str = r#"{"Credentials":{"AccessKeyId":"STS.sts1","AccessKeySecret":"s",
    "SecurityToken":"t","Expiration":"2027-01-15T10:00:00Z"}}"#;

const FAILURES: [End; 13] = [
    End::NotSent,
    End::Lost,
    End::CutOff,
    End::Responds(200, r#"{"Code":"500"}"#),
    End::Responds(200, r#"{"Code":"406"}"#),
    End::Responds(400, r#"{"Code":"Throttling.User"}"#),
    End::Responds(400, r#"{"Code":"SignatureNonceUsed"}"#),
    End::Responds(400, r#"{"Code":"InvalidTimeStamp.Expired"}"#),
    End::Responds(
        400,
        r#"{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:"}"#,
    ),
    End::Responds(403, r#"{"Code":"Forbidden.RAM"}"#),
    End::Responds(403, r#"{"Code":"InvalidSecurityToken.Expired"}"#),
    End::Responds(429, ""),
    End::Responds(503, "<html>"),
];

/// The successful end of an exchange with this request.
pub(crate) fn success(request: &[u8]) -> End {
    let request = String::from_utf8_lossy(request);
    let is_about = |text| request.contains(text);
    if is_about("AuthorizeFileUpload") {
        End::Responds(200, GRANT)
    } else if is_about("host: b.oss.aliyuncs.com") {
        End::Picture
    } else if is_about("host: b.e.example") {
        End::Responds(201, "")
    } else if is_about("Action=AssumeRole") || is_about("x-acs-action: AssumeRole") {
        End::Responds(200, STS)
    } else if is_about("/latest/api/token") || is_about("/security-credentials/ HTTP") {
        End::Responds(200, "MyRole")
    } else if is_about("/security-credentials/") || is_about("host: 127.0.0.1") {
        End::Responds(200, KEYS)
    } else {
        End::Responds(200, OK)
    }
}

pub(crate) const FILE: &str =
    "[default]\ntype = access_key\naccess_key_id = id\naccess_key_secret = s\n";
pub(crate) const OUTPUT: &str = r#"{"mode":"AK","access_key_id":"id","access_key_secret":"s"}"#;

const SUPPLIES: [Option<&str>; 4] = [None, Some("jwt"), Some(FILE), Some(OUTPUT)];

pub(crate) fn script() -> impl Strategy<Value = Vec<Action>> {
    let end = || select(&FAILURES[..]);
    let millis = |most: u64| (0..most).prop_map(Duration::from_millis);
    let action = prop_oneof![
        8 => Just(Action::Poll),
        3 => Just(Action::Wait),
        2 => millis(12_000).prop_map(Action::Advance),
        2 => millis(100_000).prop_map(Action::GoBack),
        1 => prop_oneof![1_799_000_000..1_801_000_000_u64, any::<u64>()].prop_map(Action::SetUnix),
        4 => any::<Index>().prop_map(|index| Action::Report(index, None)),
        4 => (any::<Index>(), end()).prop_map(|(index, end)| Action::Report(index, Some(end))),
        2 => (any::<Index>(), end()).prop_map(|(index, end)| Action::ReportStale(index, end)),
        3 => select(&SUPPLIES[..]).prop_map(Action::Supply),
    ];
    prop::collection::vec(action, 0..60)
}

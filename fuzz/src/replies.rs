//! Responses to every operation and to every source of credentials.

use core::fmt::Debug;
use core::marker::PhantomData;
use std::sync::LazyLock;

use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::{
    CredentialsError, Environment, Profile, ProfileFormat, Settings, SourceError, Uri,
};
use cloudauth_proto::driver::{Head, MonoTime, Now, Response, SupplyError};
use cloudauth_proto::operation::{InvalidField, Listed, OperationMetadata, Params};
use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::{
    AttemptOutcome, Call, CallOptions, Endpoint, Error, Flow, Operation, Reply, Scheme, Session,
    Source, Step, UnixTime,
};

use crate::input::KEY;

const NOW: Now = Now {
    mono: MonoTime::new(core::time::Duration::ZERO),
    unix: UnixTime::from_seconds(1_800_000_000),
};

/// The response to every request of a flow.
pub(crate) struct CannedResponse<'b> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'b [u8],
}

impl CannedResponse<'_> {
    fn response(&self) -> Response {
        let head = Head::new(self.status, self.headers.clone());
        Response::new(head, self.body.to_vec())
    }

    /// Calls an operation and responds to it.
    pub(crate) fn to<O: Operation>(
        &self,
        operation: &O,
        scheme: Scheme,
    ) -> Result<Reply<O::Response>, Error> {
        let call = Call::new(operation, CallOptions::new())?;
        let mut session = Session::new(KEY.clone(), [1; 32]).scheme(scheme);
        self.run(call, &mut session)
    }

    /// Fetches credentials from a source and responds to it.
    fn to_source(&self, source: Source) -> Result<(), Error> {
        let mut session = Session::new(source, [1; 32]);
        let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, NOW) else {
            panic!("no refresh is requested");
        };
        self.run(
            cloudauth_proto::driver::Refresh::inline(ticket),
            &mut session,
        )
        .map(drop)
    }

    fn run<F: Flow>(&self, mut flow: F, session: &mut Session) -> Result<F::Output, Error> {
        let mut now = NOW;
        loop {
            match flow.poll(session, now) {
                Step::Send(exchange) => {
                    flow.report(session, exchange.id(), Ok(self.response()), now);
                }
                Step::Wait(until) => now.mono = until,
                Step::Abandon(_) => {}
                Step::Read { .. } | Step::Run { .. } => flow.supply(Ok(self.body.to_vec())),
                Step::Provide { .. } => flow.provide(Err(SupplyError::Missing)),
                Step::Authenticate(_) => panic!("an access key needs no refresh"),
                Step::Done(result) => return result,
            }
        }
    }
}

const STATUSES: [u16; 6] = [200, 400, 403, 404, 429, 503];
const NAMES: [&str; 4] = [
    "date",
    "retry-after",
    "x-acs-retry-after",
    "x-acs-request-id",
];
/// Marks personal data in the input, which must not be shown.
const PERSON: &str = "3301031990";

/// Any response gives a reply or an error, and the error shows no personal data. The first byte chooses
/// the operation or the source of credentials, the next ones the status and a header.
pub fn decode_never_panics(bytes: &[u8]) {
    let Some(([which, status, header], body)) = bytes.split_first_chunk() else {
        return;
    };
    let value = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let name = NAMES[usize::from(*header) % NAMES.len()].to_owned();
    let response = CannedResponse {
        status: STATUSES[usize::from(*status) % STATUSES.len()],
        headers: vec![(name, value)],
        body,
    };
    let which = usize::from(*which) % (ops::ALL.len() + SOURCES.len());
    match which.checked_sub(ops::ALL.len()) {
        Some(which) => assert_hides_personal_data(&response.to_source(SOURCES[which].clone())),
        None => ops::visit(&mut Nth {
            before: Some(which),
            response,
        }),
    }
}

/// Calls the operation with this index among all.
struct Nth<'b> {
    /// The number of operations before it. `None` after it.
    before: Option<usize>,
    response: CannedResponse<'b>,
}

impl Visitor for Nth<'_> {
    fn operation<O: Listed + Sync>(&mut self) {
        if self.before == Some(0) {
            let operation = WithoutParameters::<O>(PhantomData);
            assert_hides_personal_data(&self.response.to(&operation, Scheme::default()));
        }
        self.before = self.before.and_then(|before| before.checked_sub(1));
    }
}

/// An operation with the response of `O`, but without parameters.
struct WithoutParameters<O>(PhantomData<O>);

impl<O: Listed> Operation for WithoutParameters<O> {
    type Response = O::Response;

    fn metadata(&self) -> OperationMetadata {
        let mut metadata = OperationMetadata::new(O::METADATA.action, O::METADATA.effect);
        metadata.payload = O::METADATA.payload;
        metadata.has_result_code = O::METADATA.has_result_code;
        metadata.unknown_codes = O::METADATA.unknown_codes;
        metadata
    }

    fn set_origin(response: &mut Self::Response, endpoint: &Endpoint) {
        O::set_origin(response, endpoint);
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, _: &mut Params) {}
}

const PROFILES: &str = r#"{"profiles":[
    {"name":"ram","mode":"RamRoleArn","access_key_id":"id","access_key_secret":"s",
     "ram_role_arn":"acs:ram::1:role/r"},
    {"name":"ecs","mode":"EcsRamRole"},
    {"name":"named ecs","mode":"EcsRamRole","ram_role_name":"r"},
    {"name":"oidc","mode":"OIDC","oidc_token_file":"/token",
     "oidc_provider_arn":"acs:ram::1:oidc-provider/p","ram_role_arn":"acs:ram::1:role/r"},
    {"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"https://sign.in/x",
     "cloud_sso_account_id":"1","cloud_sso_access_config":"a","access_token":"t",
     "cloud_sso_access_token_expire":4000000000},
    {"name":"oauth","mode":"OAuth","oauth_access_token":"t",
     "oauth_access_token_expire":4000000000},
    {"name":"external","mode":"External","process_command":"/program"}]}"#;

/// One source of each kind that sends a request, reads a file or runs a program.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let settings = Settings::new(&Environment::default());
    let profile = |name: &str| {
        let name = Some(name.to_owned());
        Profile::new(ProfileFormat::Cli, "/f", name, settings.clone())
    };
    let names = [
        "ram",
        "ecs",
        "named ecs",
        "oidc",
        "sso",
        "oauth",
        "external",
    ];
    let parsed = names.map(|name| profile(name).parse(PROFILES.as_bytes()).unwrap());
    let mut sources = Vec::from(parsed);
    sources.push(Source::Profile(profile("p")));
    sources.push(Source::Uri(Uri::new("https://uri/x").unwrap()));
    sources
});

/// Asserts that an error shows nothing of the response but codes and request IDs.
fn assert_hides_personal_data<T: Debug>(result: &Result<T, Error>) {
    match result {
        Ok(reply) => drop(format!("{reply:?}")),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(PERSON) || may_be_shown(error), "{shown}");
        }
    }
}

fn may_be_shown(error: &Error) -> bool {
    let is_person = |text: &str| text.contains(PERSON);
    let is_in_attempts = error.attempts().iter().any(|attempt| {
        matches!(&attempt.outcome, AttemptOutcome::Response { code: Some(code), .. } if is_person(code))
    });
    let is_in_refusal = matches!(error, Error::Credentials(error)
        if matches!(&**error, CredentialsError::NoneFound(sources)
            if sources.iter().any(|source| matches!(&source.reason,
                SourceError::Refused { code: Some(code), .. } if is_person(code)))));
    is_in_attempts || is_in_refusal || error.request_id().is_some_and(is_person)
}

//! Whatever a peer answers, there is a reply or a typed error, and neither prints what it said.

use core::fmt::Debug;
use core::marker::PhantomData;
use std::sync::LazyLock;

use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::{
    Call, CallOptions, CredentialsError, Endpoint, Error, Flow, Head, Listed, MonoTime, Now,
    Operation, Outcome, Params, Problem, Profile, ProfileFormat, Reason, Response, Scheme, Session,
    Settings, Source, Step, Terms, UnixTime, Uri, Vars, WhoAmI,
};

use crate::input::KEY;

const NOW: Now = Now {
    mono: MonoTime::new(core::time::Duration::ZERO),
    unix: UnixTime::from_seconds(1_800_000_000),
};

/// What is answered, each time.
pub(crate) struct Answer<'b> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'b [u8],
}

impl Answer<'_> {
    fn response(&self) -> Response {
        let head = Head::new(self.status, self.headers.clone());
        Response::new(head, self.body.to_vec())
    }

    /// Asks, and answers this.
    pub(crate) fn to<O: Operation>(
        &self,
        operation: &O,
        scheme: Scheme,
    ) -> Result<O::Response, Error> {
        let call = Call::new(operation, CallOptions::new())?;
        let mut session = Session::new(KEY.clone(), [1; 32]).scheme(scheme);
        self.run(call, &mut session).map(|reply| reply.value)
    }

    /// Looks for credentials in this source, and answers this.
    fn to_source(&self, source: Source) -> Result<(), Error> {
        let mut session = Session::new(source, [1; 32]);
        let Step::Authenticate(refresh) = WhoAmI::new().poll(&mut session, NOW) else {
            panic!("credentials are needed");
        };
        self.run(*refresh, &mut session).map(drop)
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
                Step::Read(_) | Step::Run { .. } => flow.supply(Ok(self.body.to_vec())),
                Step::Authenticate(_) => panic!("the key was given"),
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
/// Stands in the input for something that must not be printed.
const PERSON: &str = "3301031990";

/// Every type of reply: of each operation, and of each source of credentials.
pub fn decode_never_panics(bytes: &[u8]) {
    let Some(([which, status, header], body)) = bytes.split_first_chunk() else {
        return;
    };
    let value = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let name = NAMES[usize::from(*header) % NAMES.len()].to_owned();
    let answer = Answer {
        status: STATUSES[usize::from(*status) % STATUSES.len()],
        headers: vec![(name, value)],
        body,
    };
    let which = usize::from(*which) % (ops::ALL.len() + SOURCES.len());
    match which.checked_sub(ops::ALL.len()) {
        Some(which) => quiet(&answer.to_source(SOURCES[which].clone())),
        None => ops::visit(&mut Nth {
            before: Some(which),
            answer,
        }),
    }
}

/// Asks for one operation of all.
struct Nth<'b> {
    before: Option<usize>,
    answer: Answer<'b>,
}

impl Visitor for Nth<'_> {
    fn operation<O: Listed + Sync>(&mut self) {
        if self.before == Some(0) {
            let asked = Asked::<O>(PhantomData);
            quiet(&self.answer.to(&asked, Scheme::default()));
        }
        self.before = self.before.and_then(|before| before.checked_sub(1));
    }
}

/// An operation without parameters, which is answered as `O` is.
struct Asked<O>(PhantomData<O>);

impl<O: Listed> Operation for Asked<O> {
    type Response = O::Response;

    fn terms(&self) -> Terms {
        let mut terms = Terms::new(O::INFO.action.into(), O::INFO.effect);
        terms.payload = O::INFO.payload;
        terms.is_judged_by_code = O::INFO.is_judged_by_code;
        terms.unknown_codes = O::INFO.unknown_codes;
        terms
    }

    fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
        O::came_from(response, endpoint);
    }

    fn check(&self) -> Vec<Problem> {
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

/// One of each kind that asks, reads or runs something.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let settings = Settings::new(&Vars::default());
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

/// A code, a request id and the names that ours have may be printed; the rest of a reply may not.
fn quiet<T: Debug>(result: &Result<T, Error>) {
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
    let answered = error.attempts().iter().any(|attempt| {
        matches!(&attempt.outcome, Outcome::Answered { code: Some(code), .. } if is_person(code))
    });
    let refused = matches!(error, Error::Credentials(error)
        if matches!(&**error, CredentialsError::NoneFound(sources)
            if sources.iter().any(|source| matches!(&source.reason,
                Reason::Refused { code: Some(code), .. } if is_person(code)))));
    answered || refused || error.request_id().is_some_and(is_person)
}

//! Requests of every operation: the simulator's verifier reads the same parameters, and the vendor's
//! SDK sent the same ones for the same values (recorded).

use std::collections::BTreeMap;

use cloudauth_proto::driver::{Delivery, Failure, Request};
use cloudauth_proto::operation::{Field, FieldKind, Listed, ParamLocation};
use cloudauth_proto::ops::{
    self, BlackListStrategy, ControlStrategy, FlowStrategy, ModifyBlackListStrategy,
    ModifyControlStrategy, ModifyCustomizeFlowStrategyList, Raw, Visitor,
};
use cloudauth_proto::{Call, CallOptions, Effect, Error, Flow, Operation, Reply, Scheme, Step};
use cloudauth_sim::{IncomingRequest, verify};
use percent_encoding::percent_decode_str;

use crate::common::{generated, is_left_out, now, sample, session};

type Pairs = BTreeMap<String, String>;

fn sent<O: Operation>(operation: &O, scheme: Scheme) -> Request {
    let mut call = Call::new(operation, CallOptions::new()).unwrap();
    let Step::Send(exchange) = call.poll(&mut session().scheme(scheme), now()) else {
        panic!("the call does not send");
    };
    exchange.sign()
}

fn expected<O: Listed>() -> Pairs {
    let action = O::METADATA.action;
    let fields = O::METADATA.fields.iter();
    let filled = fields.filter(|field| !is_left_out(&action, field));
    filled
        .map(|field| (field.name.into(), sample(&action, field)))
        .collect()
}

#[derive(Default)]
struct Accepted {
    operations: usize,
    parameters: usize,
    left_out: usize,
}

impl Visitor for Accepted {
    fn operation<O: Listed + Sync>(&mut self) {
        let expected = expected::<O>();
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            let request = sent(&generated::<O>(), scheme);
            let secret = |id: &str| (id == "testid").then(|| "testsecret".to_owned());
            let verified = verify(&IncomingRequest::from(&request), secret, 1_800_000_000).unwrap();
            assert_eq!(verified.action, O::METADATA.action);
            assert_eq!(verified.version, "2019-03-07");
            assert_eq!(verified.params, expected, "{}", O::METADATA.action);
            if scheme == Scheme::Acs3HmacSha256 {
                assert_eq!(request.method, O::METADATA.method);
                let (query, form) = halves(&request);
                for (place, pairs) in [(ParamLocation::Query, query), (ParamLocation::Form, form)] {
                    for name in pairs.keys() {
                        let field = O::METADATA.fields.iter().find(|field| field.name == name);
                        assert_eq!(field.unwrap().place, place, "{name}");
                    }
                }
            }
        }
        self.operations += 1;
        self.parameters += expected.len();
        self.left_out += O::METADATA.fields.len() - expected.len();
    }
}

#[test]
fn the_simulator_s_verifier_accepts_every_operation_and_reads_the_same_parameters() {
    let mut accepted = Accepted::default();
    ops::visit(&mut accepted);
    let Accepted {
        operations,
        parameters,
        left_out,
    } = accepted;
    println!("accepted under both schemes: {operations} operations, {parameters} parameters");
    println!("unset, since another picture is set: {left_out}");
    assert_eq!((operations, parameters + left_out), (101, 546));
}

fn pairs(text: &str) -> Pairs {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn halves(request: &Request) -> (Pairs, Pairs) {
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let (shared, own) = request.body.parts();
    let form = String::from_utf8([shared, own].concat()).unwrap();
    (pairs(query), pairs(&form))
}

struct Recording {
    action: String,
    has_content_type: bool,
    query: Pairs,
    form: Pairs,
    is_used: bool,
}

impl Recording {
    fn read(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let target = head.split(' ').nth(1).unwrap();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_owned())
        };
        Self {
            action: header("x-acs-action").unwrap(),
            has_content_type: header("content-type").is_some(),
            query: pairs(target.split_once('?').map_or("", |(_, query)| query)),
            form: pairs(body.trim_end()),
            is_used: false,
        }
    }
}

impl Visitor for Recording {
    fn operation<O: Listed + Sync>(&mut self) {
        if O::METADATA.action != self.action {
            return;
        }
        // The vendor's Python SDK writes booleans with capitals, its other SDKs do not (recorded).
        for field in O::METADATA
            .fields
            .iter()
            .filter(|it| it.kind == FieldKind::Boolean)
        {
            for pairs in [&mut self.query, &mut self.form] {
                if let Some(value) = pairs.get_mut(field.name) {
                    *value = value.to_ascii_lowercase();
                }
            }
        }
        let all: Pairs = self
            .query
            .clone()
            .into_iter()
            .chain(self.form.clone())
            .collect();
        let read = |field: &'static Field| all.get(field.name).cloned();
        let mut params = cloudauth_proto::operation::Params::new();
        O::from_texts(read).unwrap().encode(&mut params);
        let endpoint = cloudauth_proto::Endpoint::SHANGHAI;
        let metadata = O::METADATA;
        let draft = cloudauth_proto::sign::Draft::new(
            metadata.method,
            metadata.action.clone(),
            "2019-03-07",
            &endpoint,
            &params,
        );
        let credentials = cloudauth_proto::Credentials::access_key("testid", "testsecret").unwrap();
        let stamp = cloudauth_proto::sign::Stamp {
            at: now().unix,
            nonce: cloudauth_proto::sign::Nonce::new("1").unwrap(),
            retry: None,
        };
        let ours = Scheme::Acs3HmacSha256.sign(&draft.unwrap(), &credentials, &stamp);
        assert_eq!(
            halves(&ours),
            (self.query.clone(), self.form.clone()),
            "{}",
            self.action
        );
        let has_content_type = ours.headers.iter().any(|(name, _)| *name == "content-type");
        assert_eq!(has_content_type, self.has_content_type, "{}", self.action);
        self.is_used = true;
    }
}

#[test]
fn the_vendor_s_sdk_sends_the_same_parameters_in_the_same_locations() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/core/recordings");
    let mut compared = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut recording = Recording::read(&text);
        ops::visit(&mut recording);
        assert!(recording.is_used, "unknown operation {}", recording.action);
        compared += 1;
    }
    println!("recordings of the vendor's SDK: {compared} of {compared} equal");
    assert_eq!(compared, 12);
}

#[test]
fn a_reply_of_another_shape_is_kept_in_the_error() {
    let body = r#"{"Code":"200","ResultObject":["1"]}"#;
    let error = Reply::from_json(&ops::Id2MetaVerify::new(), body).unwrap_err();
    let Error::Decode(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.raw, body.as_bytes());
}

#[test]
fn a_raw_operation_is_sent_and_its_response_is_not_printed() {
    let raw = Raw::new("DescribeSomethingNew", Effect::ReadOnly)
        .version("2030-01-01")
        .param("SceneId", "1", ParamLocation::Query)
        .param("CertName", "张三", ParamLocation::Form);
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let request = sent(&raw, scheme);
        let secret = |_: &str| Some("testsecret".to_owned());
        let verified = verify(&IncomingRequest::from(&request), secret, 1_800_000_000).unwrap();
        assert_eq!(verified.action, "DescribeSomethingNew");
        assert_eq!(verified.version, "2030-01-01");
        assert_eq!(verified.params["CertName"], "张三");
    }
    let body = r#"{"Code":"200","RequestId":"R","New":{"Name":"张三"}}"#;
    let reply = Reply::from_json(&raw, body).unwrap();
    assert_eq!(reply.value.expose()["New"]["Name"], "张三");
    assert!(!format!("{reply:?}").contains("张三"));
    let list = Reply::from_json(&raw, r#"["200"]"#);
    assert!(matches!(list, Err(Error::Decode(_))), "{list:?}");
}

#[test]
fn a_raw_operation_cannot_set_parameters_of_the_signature_or_one_twice() {
    let raw = Raw::new("New", Effect::NotIdempotent)
        .param("Action", "Other", ParamLocation::Query)
        .param("A", "1", ParamLocation::Query)
        .param("A", "2", ParamLocation::Form);
    let fields: Vec<_> = raw.check().iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["Action", "a parameter"]);
    assert!(Call::new(&Raw::new("N w", Effect::NotIdempotent), CallOptions::new()).is_err());
}

/// How often a call is sent if each time the connection is lost.
fn sends<O: Listed>(operation: &O) -> usize {
    let mut session = session();
    let mut call = Call::new(operation, CallOptions::new()).unwrap();
    let mut now = now();
    let mut sends = 0;
    loop {
        match call.poll(&mut session, now) {
            Step::Send(exchange) => {
                sends += 1;
                let lost = Err(Failure::new(Delivery::MaybeSent, "connection lost"));
                call.report(&mut session, exchange.id(), lost, now);
            }
            Step::Wait(until) => now.mono = until,
            Step::Done(_) => return sends,
            step @ (Step::Abandon(_)
            | Step::Authenticate(_)
            | Step::Read { .. }
            | Step::Run { .. }
            | Step::Provide { .. }) => panic!("{step:?}"),
        }
    }
}

#[test]
fn changing_a_rule_is_repeated_and_adding_one_is_not() {
    let rule = || BlackListStrategy::new().biz_key("ip");
    let black_list = |rule: BlackListStrategy| {
        let modify = ModifyBlackListStrategy::new().black_list_strategy(rule);
        (modify.metadata().effect, sends(&modify))
    };
    assert_eq!(black_list(rule()), (Effect::NotIdempotent, 1));
    let (effect, sent) = black_list(rule().id(7));
    assert!(effect == Effect::Idempotent && sent > 1);
    let nothing = ModifyBlackListStrategy::new();
    assert_eq!(nothing.metadata().effect, Effect::NotIdempotent);

    // One rule without an ID among those of a list is enough.
    let rule = || FlowStrategy::new().api_name("ID_PRO");
    for (rules, effect) in [
        (vec![rule().id(1), rule().id(2)], Effect::Idempotent),
        (vec![rule().id(1), rule()], Effect::NotIdempotent),
    ] {
        let modify = ModifyCustomizeFlowStrategyList::new().strategy_object(rules);
        assert_eq!(modify.metadata().effect, effect);
    }
    let rule = || ControlStrategy::new().api_name("ID_PRO");
    for (rules, effect) in [
        (vec![rule().id(1)], Effect::Idempotent),
        (vec![rule()], Effect::NotIdempotent),
    ] {
        let modify = ModifyControlStrategy::new().control_strategy_list(rules);
        assert_eq!(modify.metadata().effect, effect);
    }
}

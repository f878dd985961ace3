//! Callbacks: contents, retries and faults, without sockets and (in [`sockets`]) with them.

mod sockets;

use cloudauth_sim::{
    Callback, CallbackFault, CallbackKind, CallbackOutcome, IncomingRequest, Region, Verdict, World,
};

use crate::client::{Call, NOW, expect_response, get_page, submit_page};

const OK: CallbackOutcome = CallbackOutcome::Response(200);

fn open_with(world: &mut World, call: Call) -> String {
    let response = expect_response(world.handle(Region::Shanghai, &call.sign(), NOW));
    let certify_id = &response.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn with_callback(url: &str, token: &str) -> Call {
    Call::init(NOW)
        .set("CallbackUrl", url)
        .set("CallbackToken", token)
}

fn open(world: &mut World) -> String {
    open_with(
        world,
        with_callback("https://shop.example/called?a=1#b", "t&1"),
    )
}

fn urls(callbacks: &[Callback]) -> Vec<&str> {
    callbacks.iter().map(Callback::url).collect()
}

/// Takes all due callbacks with the outcome 200, until none is due; returns the URLs in order.
fn deliver_all(world: &mut World, now: u64) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let due = world.take_due_callbacks(now);
        if due.is_empty() {
            return seen;
        }
        for callback in due {
            seen.push(callback.url().to_owned());
            world.record_callback_outcome(&callback, OK, now);
        }
    }
}

#[test]
fn every_verdict_has_a_callback_with_its_sub_code_and_the_token() {
    for verdict in Verdict::ALL {
        let mut world = World::new();
        let id = open(&mut world);
        world.finish(&id, verdict, NOW).unwrap();
        let expected = format!(
            "https://shop.example/called?a=1&callbackToken=t%261&certifyId={id}&passed={}",
            verdict.sub_code()
        );
        let due = world.take_due_callbacks(NOW);
        assert_eq!(urls(&due), [expected]);
        assert!(!format!("{due:?}").contains("t%261"));
        world.record_callback_outcome(&due[0], OK, NOW);
        assert_eq!(world.pending_callbacks(), 0);
        let log: Vec<_> = world.callbacks().collect();
        assert_eq!(log.len(), 1);
        assert_eq!(
            (&log[0].certify_id, log[0].passed),
            (&id, verdict.sub_code())
        );
        assert_eq!((log[0].kind, log[0].attempt), (CallbackKind::Genuine, 1));
        assert_eq!(log[0].address, "https://shop.example/called");
        assert_eq!(log[0].outcome, OK);
    }
}

#[test]
fn without_a_callback_token_none_is_sent() {
    let mut world = World::new();
    let id = open_with(&mut world, with_callback("https://shop.example", ""));
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let expected = format!("https://shop.example?certifyId={id}&passed=200");
    assert_eq!(deliver_all(&mut world, NOW), [expected]);
}

#[test]
fn only_a_completed_verification_has_a_callback() {
    let mut world = World::new();
    let silent = open_with(&mut world, Call::init(NOW));
    let id = open(&mut world);
    let page = |world: &mut World, request: &IncomingRequest, now| {
        expect_response(world.handle_page(request, now)).status
    };
    assert_eq!(page(&mut world, &get_page(&id), NOW), 200);
    assert_eq!(page(&mut world, &submit_page(&id, "abandon"), NOW), 303);
    assert_eq!(page(&mut world, &submit_page(&id, "nonsense"), NOW), 400);
    assert_eq!(page(&mut world, &submit_page(&id, "pass"), NOW + 1801), 410);
    assert_eq!(page(&mut world, &submit_page(&silent, "pass"), NOW), 303);
    assert_eq!(world.pending_callbacks(), 0, "none of these");

    assert_eq!(page(&mut world, &submit_page(&id, "205"), NOW), 303);
    assert_eq!(page(&mut world, &submit_page(&id, "pass"), NOW), 410);
    let sent = deliver_all(&mut world, NOW);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].ends_with("&passed=205"));
}

#[test]
fn a_callback_is_sent_again_until_the_response_is_200() {
    let mut world = World::new();
    world.set_callback_retries(vec![1, 2, 3, 4]);
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let outcomes = [
        CallbackOutcome::Response(500),
        CallbackOutcome::Response(204),
        CallbackOutcome::NoResponse("connection refused"),
        OK,
    ];
    for (at, outcome) in [0, 1, 3, 6].into_iter().zip(outcomes.clone()) {
        if at > 0 {
            assert_eq!(
                world.take_due_callbacks(NOW + at - 1),
                [],
                "too early at {at}"
            );
        }
        let due = world.take_due_callbacks(NOW + at);
        assert_eq!(due.len(), 1, "at {at}");
        assert!(
            due[0]
                .url()
                .ends_with(&format!("certifyId={id}&passed=200"))
        );
        world.record_callback_outcome(&due[0], outcome, NOW + at);
    }
    assert_eq!(world.pending_callbacks(), 0);
    let log: Vec<_> = world.callbacks().collect();
    assert_eq!(
        log.iter().map(|it| it.attempt).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert!(log.iter().map(|it| &it.outcome).eq(&outcomes));
}

#[test]
fn by_default_a_callback_is_sent_twice_within_three_seconds() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let mut at = Vec::new();
    for second in 0..60 {
        for callback in world.take_due_callbacks(NOW + second) {
            at.push(second);
            world.record_callback_outcome(&callback, CallbackOutcome::Response(404), NOW + second);
        }
    }
    assert_eq!(at, [0, 2]);
    assert_eq!(world.pending_callbacks(), 0);
}

#[test]
fn a_callback_without_an_outcome_is_not_sent_again() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let due = world.take_due_callbacks(NOW);
    assert_eq!(world.take_due_callbacks(NOW + 100), []);
    world.record_callback_outcome(&due[0], OK, NOW);
    world.record_callback_outcome(&due[0], CallbackOutcome::Response(500), NOW);
    assert_eq!(world.callbacks().count(), 1, "an outcome is recorded once");
}

#[test]
fn a_repeated_callback_is_sent_twice_although_it_succeeded() {
    let mut world = World::new();
    let id = open(&mut world);
    let faults = [CallbackFault::Repeated];
    world
        .finish_with_callback_faults(&id, Verdict::Passed, &faults, NOW)
        .unwrap();
    let sent = deliver_all(&mut world, NOW);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    let log: Vec<_> = world.callbacks().map(|it| (it.kind, it.attempt)).collect();
    assert_eq!(
        log,
        [(CallbackKind::Genuine, 1), (CallbackKind::Repeated, 1)]
    );
}

#[test]
fn a_held_back_callback_is_sent_after_that_of_another_order() {
    let mut world = World::new();
    let (first, second) = (open(&mut world), open(&mut world));
    let faults = [CallbackFault::HeldBack];
    world
        .finish_with_callback_faults(&first, Verdict::Passed, &faults, NOW)
        .unwrap();
    assert_eq!(deliver_all(&mut world, NOW + 1).len(), 0);
    world
        .finish(&second, Verdict::FaceMismatch, NOW + 1)
        .unwrap();
    let sent = deliver_all(&mut world, NOW + 1);
    assert!(
        sent[0].contains(&second) && sent[1].contains(&first),
        "{sent:?}"
    );

    let alone = open(&mut world);
    world
        .finish_with_callback_faults(&alone, Verdict::Passed, &faults, NOW)
        .unwrap();
    assert_eq!(deliver_all(&mut world, NOW + 29).len(), 0);
    assert_eq!(deliver_all(&mut world, NOW + 30).len(), 1);
}

#[test]
fn a_forged_callback_is_sent_first_with_the_contrary_verdict_and_another_token() {
    for (verdict, untrue) in [(Verdict::LivenessRisk, "200"), (Verdict::Passed, "204")] {
        let mut world = World::new();
        let id = open(&mut world);
        let faults = [CallbackFault::Forged];
        world
            .finish_with_callback_faults(&id, verdict, &faults, NOW)
            .unwrap();
        let forged = world.take_due_callbacks(NOW);
        let start = "https://shop.example/called?a=1&callbackToken=";
        let end = format!("&certifyId={id}&passed={untrue}");
        assert_eq!(urls(&forged), [format!("{start}forged{end}")]);
        // A forged callback is not sent again.
        world.record_callback_outcome(&forged[0], CallbackOutcome::Response(403), NOW);
        let end = format!("&certifyId={id}&passed={}", verdict.sub_code());
        assert_eq!(deliver_all(&mut world, NOW), [format!("{start}t%261{end}")]);
        let kinds: Vec<_> = world.callbacks().map(|it| it.kind).collect();
        assert_eq!(kinds, [CallbackKind::Forged, CallbackKind::Genuine]);
    }
}

#[test]
fn the_form_of_the_page_selects_callback_faults() {
    let mut world = World::new();
    let id = open(&mut world);
    let form = "fail&sub_code=206&callback=repeated&callback=forged&page_code=Z5054";
    let response = expect_response(world.handle_page(&submit_page(&id, form), NOW));
    assert_eq!(response.status, 303);
    let passed: Vec<_> = deliver_all(&mut world, NOW)
        .into_iter()
        .map(|url| url.rsplit('=').next().unwrap().to_owned())
        .collect();
    assert_eq!(passed, ["200", "206", "206"]);

    let id = open(&mut world);
    let odd = submit_page(&id, "pass&callback=everything");
    assert_eq!(expect_response(world.handle_page(&odd, NOW)).status, 400);
    let held = submit_page(&id, "pass&callback=held_back");
    assert_eq!(expect_response(world.handle_page(&held, NOW)).status, 303);
    assert_eq!(world.take_due_callbacks(NOW), []);
    assert_eq!(world.pending_callbacks(), 1);
}

#[test]
fn an_exposed_simulator_calls_this_machine_back_only_by_a_route() {
    let mut world = World::new();
    let mut due = |change: fn(&mut World)| {
        change(&mut world);
        let call = Call::init(NOW)
            .set("CallbackUrl", "http://localhost:9/")
            .sign();
        let response = expect_response(world.handle(Region::Shanghai, &call, NOW)).json();
        let id = response["ResultObject"]["CertifyId"].as_str().unwrap();
        world.finish(id, Verdict::Passed, NOW).unwrap();
        format!("{:?}", world.take_due_callbacks(NOW))
    };
    let due_here = due(|_| {});
    assert!(due_here.contains("Ok("), "{due_here}");
    let exposed = due(|world| world.call_back_to_routes_only(true));
    assert!(exposed.contains("Err(Exposed)"), "{exposed}");
    let routed = due(|world| world.route_callbacks("localhost", "http://127.0.0.1:9"));
    assert!(routed.contains("Ok("), "{routed}");
}

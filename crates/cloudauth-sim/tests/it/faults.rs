//! Every fault over real sockets.

use core::time::Duration;
use std::io::ErrorKind;

use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::client::{Answer, Call, Wire, ask, clock, stopwatch};

const HERE: Region = Region::Shanghai;

fn started(fault: Fault) -> Simulator {
    let simulator = Simulator::start().unwrap();
    simulator.inject(HERE, fault, Times::Once);
    simulator
}

fn init(simulator: &Simulator) -> std::io::Result<Answer> {
    ask(&simulator.url(HERE), &Call::init(clock()).sign())
}

/// How often `InitFaceVerify` was carried out, and whether the next request is served again.
fn aftermath(simulator: &Simulator) -> usize {
    let executions = simulator.world().executions("InitFaceVerify");
    assert_eq!(init(simulator).unwrap().code(), "200");
    executions
}

fn eventually(holds: impl Fn() -> bool) {
    let held = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        holds()
    });
    assert!(held, "not within five seconds");
}

#[test]
fn a_refused_region_refuses_until_it_is_healed() {
    let simulator = Simulator::start().unwrap();
    let mut pooled = Wire::open(&simulator.url(HERE)).unwrap();
    pooled.send(&Call::init(clock()).sign()).unwrap();
    assert_eq!(pooled.receive().unwrap().code(), "200");
    let mut unused = Wire::open(&simulator.url(HERE)).unwrap();

    simulator.inject(HERE, Fault::Refuse, Times::Always);
    for _ in 0..3 {
        let error = init(&simulator).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    let tls = simulator
        .tls_url(HERE)
        .replace("https://localhost", "http://127.0.0.1");
    let error = ask(&tls, &Call::init(clock()).sign()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    for wire in [&mut pooled, &mut unused] {
        // Writing may still succeed, a reply cannot come.
        let _ = wire.send(&Call::init(clock()).sign());
        assert!(wire.receive().is_err());
    }
    let other = simulator.url(Region::Beijing);
    assert_eq!(
        ask(&other, &Call::init(clock()).sign()).unwrap().code(),
        "200"
    );

    let before = simulator.url(HERE);
    simulator.heal(HERE).unwrap();
    assert_eq!(simulator.url(HERE), before);
    assert_eq!(init(&simulator).unwrap().code(), "200");
    assert_eq!(simulator.world().executions("InitFaceVerify"), 3);
}

#[test]
fn a_region_can_go_down_and_up_many_times() {
    let simulator = Simulator::start().unwrap();
    for _ in 0..20 {
        simulator.inject(HERE, Fault::Refuse, Times::Always);
        assert!(init(&simulator).is_err());
        // Twice is the same as once.
        simulator.inject(HERE, Fault::Refuse, Times::Always);
        simulator.heal(HERE).unwrap();
        simulator.heal(HERE).unwrap();
        assert_eq!(init(&simulator).unwrap().code(), "200");
    }
}

#[test]
fn idle_connections_do_not_hold_a_region_up() {
    let simulator = Simulator::start().unwrap();
    let fastest = (0..5).map(|_| {
        let mut idle = Wire::open(&simulator.url(HERE)).unwrap();
        idle.send(&Call::init(clock()).sign()).unwrap();
        idle.receive().unwrap();
        let took = stopwatch(|| simulator.inject(HERE, Fault::Refuse, Times::Always));
        simulator.heal(HERE).unwrap();
        took
    });
    assert!(fastest.min().unwrap() < Duration::from_millis(80));
}

#[test]
fn a_script_can_take_a_region_down_after_a_reply() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(HERE, Fault::Status(503), Times::Once);
    simulator.inject(HERE, Fault::Refuse, Times::Always);
    let mut wire = Wire::open(&simulator.url(HERE)).unwrap();
    wire.send(&Call::init(clock()).sign()).unwrap();
    assert_eq!(wire.receive().unwrap().status, 503);
    // The reply may arrive a moment before the port closes.
    let refused = || init(&simulator).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused);
    eventually(refused);
}

#[test]
fn a_reset_is_a_real_one_and_the_order_exists() {
    let simulator = started(Fault::Reset);
    let error = init(&simulator).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(aftermath(&simulator), 1);
}

#[test]
fn a_hanging_request_gets_no_answer_and_the_order_exists() {
    let simulator = started(Fault::Hang);
    let mut wire = Wire::open(&simulator.url(HERE)).unwrap();
    let patience = Some(Duration::from_millis(300));
    wire.stream.set_read_timeout(patience).unwrap();
    wire.send(&Call::init(clock()).sign()).unwrap();
    let kind = wire.receive().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(aftermath(&simulator), 1);

    // Stopping ends it.
    wire.stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    drop(simulator);
    let kind = wire.receive().unwrap_err().kind();
    assert!(matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    ));
}

#[test]
fn a_region_that_goes_down_ends_a_hanging_request() {
    let simulator = started(Fault::Hang);
    let mut wire = Wire::open(&simulator.url(HERE)).unwrap();
    wire.send(&Call::init(clock()).sign()).unwrap();
    eventually(|| simulator.world().executions("InitFaceVerify") == 1);
    simulator.inject(HERE, Fault::Refuse, Times::Always);
    let kind = wire.receive().unwrap_err().kind();
    assert!(matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    ));
}

#[test]
fn a_status_comes_with_the_gateways_envelope_and_no_order() {
    for (status, code) in [
        (503, "ServiceUnavailable"),
        (500, "InternalError"),
        (429, "Throttling.User"),
        (403, "Forbidden.RAM"),
        (404, "InvalidApi.NotFound"),
        (400, "InvalidParameter"),
    ] {
        let simulator = started(Fault::Status(status));
        let answer = init(&simulator).unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert!(answer.json()["RequestId"].is_string());
        assert_eq!(aftermath(&simulator), 0);
    }
}

#[test]
fn the_services_own_error_is_inside_a_200_and_opens_no_order() {
    let simulator = started(Fault::Code500);
    let answer = init(&simulator).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (200, "500"));
    assert_eq!(aftermath(&simulator), 0);
}

#[test]
fn garbage_hides_an_order() {
    let simulator = started(Fault::Garbage);
    let answer = init(&simulator).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with("<html>"));
    assert_eq!(aftermath(&simulator), 1);
}

#[test]
fn an_empty_reply_hides_an_order() {
    let simulator = started(Fault::Empty);
    let answer = init(&simulator).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(aftermath(&simulator), 1);
}

#[test]
fn half_a_reply_hides_an_order() {
    use std::io::Read as _;
    let simulator = started(Fault::Truncate);
    let mut wire = Wire::open(&simulator.url(HERE)).unwrap();
    wire.send(&Call::init(clock()).sign()).unwrap();
    let mut received = Vec::new();
    wire.stream.read_to_end(&mut received).unwrap();
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert_eq!(body.len(), length / 2);
    assert!(body.starts_with('{'));
    assert_eq!(aftermath(&simulator), 1);
}

#[test]
fn an_oversized_reply_has_the_size_that_was_asked_for() {
    let simulator = started(Fault::Oversize(5_000_000));
    let answer = init(&simulator).unwrap();
    assert_eq!(
        (answer.body.len(), answer.code().as_str()),
        (5_000_000, "200")
    );
    assert_eq!(aftermath(&simulator), 1);

    let small = started(Fault::Oversize(1));
    assert_eq!(init(&small).unwrap().code(), "200");
}

#[test]
fn a_custom_answer_is_sent_as_it_is() {
    let (status, body) = (418, b"\x00\xff".to_vec());
    let simulator = started(Fault::Custom { status, body });
    let answer = init(&simulator).unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (418, &b"\x00\xff"[..])
    );
    assert_eq!(aftermath(&simulator), 0);

    let impossible = started(Fault::Custom {
        status: 1,
        body: Vec::new(),
    });
    assert_eq!(init(&impossible).unwrap().status, 500);
}

#[test]
fn a_fault_for_one_action_leaves_others_alone() {
    let simulator = Simulator::start().unwrap();
    simulator
        .world()
        .inject_on(HERE, "DescribeFaceVerify", Fault::Code500, Times::Always);
    assert_eq!(init(&simulator).unwrap().code(), "200");
    let describe = Call::describe("sha0", clock()).sign();
    let url = simulator.url(HERE);
    assert_eq!(ask(&url, &describe).unwrap().code(), "500");
    simulator.heal(HERE).unwrap();
    assert_eq!(ask(&url, &describe).unwrap().code(), "406");
    let world = simulator.world();
    let outcomes: Vec<&str> = world
        .requests()
        .iter()
        .map(|r| r.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["200", "fault: code 500", "406"]);
}

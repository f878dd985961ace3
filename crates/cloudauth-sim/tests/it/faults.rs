//! Every fault over sockets.

use core::time::Duration;
use std::io::{ErrorKind, Read as _};

use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::client::{Call, Connection, Response, clock, send, stopwatch};

const HERE: Region = Region::Shanghai;

fn started(fault: Fault) -> Simulator {
    let simulator = Simulator::start().unwrap();
    simulator.inject(HERE, fault, Times::Once);
    simulator
}

fn init(simulator: &Simulator) -> std::io::Result<Response> {
    send(&simulator.url(HERE), &Call::init(clock()).sign())
}

/// Checks that the next request succeeds; returns how often `InitFaceVerify` was carried out before.
fn executions_before_recovery(simulator: &Simulator) -> usize {
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
fn a_region_refuses_connections_until_it_is_restored() {
    let simulator = Simulator::start().unwrap();
    let mut pooled = Connection::open(&simulator.url(HERE)).unwrap();
    pooled.send(&Call::init(clock()).sign()).unwrap();
    assert_eq!(pooled.receive().unwrap().code(), "200");
    let mut unused = Connection::open(&simulator.url(HERE)).unwrap();

    simulator.inject(HERE, Fault::Refuse, Times::Always);
    for _ in 0..3 {
        let error = init(&simulator).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    let tls = simulator
        .tls_url(HERE)
        .replace("https://localhost", "http://127.0.0.1");
    let error = send(&tls, &Call::init(clock()).sign()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    for connection in [&mut pooled, &mut unused] {
        // Writing may still succeed, but there is no response.
        let _ = connection.send(&Call::init(clock()).sign());
        assert!(connection.receive().is_err());
    }
    let other = simulator.url(Region::Beijing);
    assert_eq!(
        send(&other, &Call::init(clock()).sign()).unwrap().code(),
        "200"
    );

    let before = simulator.url(HERE);
    simulator.restore(HERE).unwrap();
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
        // Closing and opening twice is the same as once.
        simulator.inject(HERE, Fault::Refuse, Times::Always);
        simulator.restore(HERE).unwrap();
        simulator.restore(HERE).unwrap();
        assert_eq!(init(&simulator).unwrap().code(), "200");
    }
}

#[test]
fn idle_connections_do_not_delay_a_region_going_down() {
    let simulator = Simulator::start().unwrap();
    let fastest = (0..5).map(|_| {
        let mut idle = Connection::open(&simulator.url(HERE)).unwrap();
        idle.send(&Call::init(clock()).sign()).unwrap();
        idle.receive().unwrap();
        let took = stopwatch(|| simulator.inject(HERE, Fault::Refuse, Times::Always));
        simulator.restore(HERE).unwrap();
        took
    });
    assert!(fastest.min().unwrap() < Duration::from_millis(80));
}

#[test]
fn a_script_can_take_a_region_down_after_a_response() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(HERE, Fault::Status(503), Times::Once);
    simulator.inject(HERE, Fault::Refuse, Times::Always);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    connection.send(&Call::init(clock()).sign()).unwrap();
    assert_eq!(connection.receive().unwrap().status, 503);
    // The response may arrive just before the port closes.
    let refused = || init(&simulator).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused);
    eventually(refused);
}

#[test]
fn a_reset_is_a_tcp_reset_and_the_order_exists() {
    let simulator = started(Fault::Reset);
    let error = init(&simulator).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(executions_before_recovery(&simulator), 1);
}

#[test]
fn a_hanging_request_has_no_response_and_the_order_exists() {
    let simulator = started(Fault::Hang);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    let short = Some(Duration::from_millis(300));
    connection.stream.set_read_timeout(short).unwrap();
    connection.send(&Call::init(clock()).sign()).unwrap();
    let kind = connection.receive().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(executions_before_recovery(&simulator), 1);

    // Stopping the simulator ends the request.
    connection
        .stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    drop(simulator);
    let kind = connection.receive().unwrap_err().kind();
    assert!(matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    ));
}

#[test]
fn a_region_that_goes_down_ends_a_hanging_request() {
    let simulator = started(Fault::Hang);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    connection.send(&Call::init(clock()).sign()).unwrap();
    eventually(|| simulator.world().executions("InitFaceVerify") == 1);
    simulator.inject(HERE, Fault::Refuse, Times::Always);
    let kind = connection.receive().unwrap_err().kind();
    assert!(matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    ));
}

#[test]
fn a_status_has_the_gateways_envelope_and_opens_no_order() {
    for (status, code) in [
        (503, "ServiceUnavailable"),
        (500, "InternalError"),
        (429, "Throttling.User"),
        (403, "Forbidden.RAM"),
        (404, "InvalidApi.NotFound"),
        (400, "InvalidParameter"),
    ] {
        let simulator = started(Fault::Status(status));
        let response = init(&simulator).unwrap();
        assert_eq!((response.status, response.code().as_str()), (status, code));
        assert!(response.json()["RequestId"].is_string());
        assert_eq!(executions_before_recovery(&simulator), 0);
    }
}

#[test]
fn the_service_s_system_error_has_http_status_200_and_opens_no_order() {
    let simulator = started(Fault::Code500);
    let response = init(&simulator).unwrap();
    assert_eq!((response.status, response.code().as_str()), (200, "500"));
    assert_eq!(executions_before_recovery(&simulator), 0);
}

#[test]
fn an_html_response_hides_an_opened_order() {
    let simulator = started(Fault::Garbage);
    let response = init(&simulator).unwrap();
    assert_eq!(response.status, 200);
    assert!(response.text().starts_with("<html>"));
    assert_eq!(executions_before_recovery(&simulator), 1);
}

#[test]
fn an_empty_response_hides_an_opened_order() {
    let simulator = started(Fault::Empty);
    let response = init(&simulator).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(executions_before_recovery(&simulator), 1);
}

#[test]
fn a_truncated_response_hides_an_opened_order() {
    let simulator = started(Fault::Truncate);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    connection.send(&Call::init(clock()).sign()).unwrap();
    let mut received = Vec::new();
    connection.stream.read_to_end(&mut received).unwrap();
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert_eq!(body.len(), length / 2);
    assert!(body.starts_with('{'));
    assert_eq!(executions_before_recovery(&simulator), 1);
}

#[test]
fn an_oversized_response_has_the_stated_size() {
    let simulator = started(Fault::Oversize(5_000_000));
    let response = init(&simulator).unwrap();
    assert_eq!(
        (response.body.len(), response.code().as_str()),
        (5_000_000, "200")
    );
    assert_eq!(executions_before_recovery(&simulator), 1);

    let small = started(Fault::Oversize(1));
    assert_eq!(init(&small).unwrap().code(), "200");
}

#[test]
fn a_custom_response_is_sent_unchanged() {
    let (status, body) = (418, b"\x00\xff".to_vec());
    let simulator = started(Fault::Custom { status, body });
    let response = init(&simulator).unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (418, &b"\x00\xff"[..])
    );
    assert_eq!(executions_before_recovery(&simulator), 0);

    let impossible = started(Fault::Custom {
        status: 1,
        body: Vec::new(),
    });
    assert_eq!(init(&impossible).unwrap().status, 500);
}

#[test]
fn a_fault_for_one_action_does_not_apply_to_others() {
    let simulator = Simulator::start().unwrap();
    simulator
        .world()
        .inject_for_action(HERE, "DescribeFaceVerify", Fault::Code500, Times::Always);
    assert_eq!(init(&simulator).unwrap().code(), "200");
    let describe = Call::describe("sha0", clock()).sign();
    let url = simulator.url(HERE);
    assert_eq!(send(&url, &describe).unwrap().code(), "500");
    simulator.restore(HERE).unwrap();
    assert_eq!(send(&url, &describe).unwrap().code(), "406");
    let world = simulator.world();
    let outcomes: Vec<&str> = world
        .requests()
        .iter()
        .map(|r| r.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["200", "fault: code_500", "406"]);
}

#[test]
fn a_trickled_response_is_slow() {
    let simulator = started(Fault::Trickle);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    let call = Call::init(clock()).without("SceneId");
    let took = stopwatch(|| {
        connection.send(&call.sign()).unwrap();
        let mut head = vec![0; 512];
        let mut read = 0;
        // The head, then byte by byte.
        while !head[..read].ends_with(b"{\"Co") && read < head.len() {
            read += connection.stream.read(&mut head[read..]).unwrap();
        }
    });
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert_eq!(simulator.world().requests()[0].outcome, "fault: trickle");
}

#[test]
fn a_connection_closes_after_its_response_unannounced() {
    let simulator = started(Fault::Close);
    let mut connection = Connection::open(&simulator.url(HERE)).unwrap();
    connection.send(&Call::init(clock()).sign()).unwrap();
    let response = connection.receive().unwrap();
    assert_eq!(response.code(), "200");
    assert_eq!(
        response.header("connection"),
        None,
        "the end is not announced"
    );
    assert_eq!(connection.stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn skew_and_wrong_types_apply_once() {
    let simulator = started(Fault::Skew(3600));
    simulator.inject(HERE, Fault::WrongType, Times::Once);
    let response = init(&simulator).unwrap();
    assert_eq!(response.code(), "InvalidTimeStamp.Expired");
    let wrong = init(&simulator).unwrap().json();
    assert!(wrong["Code"].is_array() && wrong["ResultObject"].is_string());
    assert!(wrong["RequestId"].is_string());
    assert_eq!(init(&simulator).unwrap().code(), "200");
}

//! Callbacks: what is sent, when again, what goes wrong on demand; and over real sockets.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use cloudauth_sim::{
    Callback, CallbackFault, CallbackKind, CallbackOutcome, Incoming, NotSent, Region, Simulator,
    Verdict, World,
};

use crate::client::{Call, NOW, answered, ask, clock, press, visit};

const ANSWERED: CallbackOutcome = CallbackOutcome::Answered(200);

fn open_with(world: &mut World, call: Call) -> String {
    let answer = answered(world.handle(Region::Shanghai, &call.sign(), NOW));
    let certify_id = &answer.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn called(url: &str, token: &str) -> Call {
    Call::init(NOW)
        .set("CallbackUrl", url)
        .set("CallbackToken", token)
}

fn open(world: &mut World) -> String {
    open_with(world, called("https://shop.example/called?a=1#b", "t&1"))
}

fn urls(callbacks: &[Callback]) -> Vec<&str> {
    callbacks.iter().map(Callback::url).collect()
}

/// Takes everything that is due and answers it with 200, until nothing is; the URLs in order.
fn answer_all(world: &mut World, now: u64) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let due = world.due_callbacks(now);
        if due.is_empty() {
            return seen;
        }
        for callback in due {
            seen.push(callback.url().to_owned());
            world.called_back(&callback, ANSWERED, now);
        }
    }
}

#[test]
fn every_verdict_is_called_back_with_its_sub_code_and_the_token() {
    for verdict in Verdict::ALL {
        let mut world = World::new();
        let id = open(&mut world);
        world.finish(&id, verdict, NOW).unwrap();
        let expected = format!(
            "https://shop.example/called?a=1&callbackToken=t%261&certifyId={id}&passed={}",
            verdict.sub_code()
        );
        let due = world.due_callbacks(NOW);
        assert_eq!(urls(&due), [expected]);
        assert!(!format!("{due:?}").contains("t%261"));
        world.called_back(&due[0], ANSWERED, NOW);
        assert_eq!(world.callbacks_to_come(), 0);
        let log: Vec<_> = world.callbacks().collect();
        assert_eq!(log.len(), 1);
        assert_eq!(
            (&log[0].certify_id, log[0].passed),
            (&id, verdict.sub_code())
        );
        assert_eq!((log[0].kind, log[0].attempt), (CallbackKind::Genuine, 1));
        assert_eq!(log[0].address, "https://shop.example/called");
        assert_eq!(log[0].outcome, ANSWERED);
    }
}

#[test]
fn without_a_token_none_is_sent() {
    let mut world = World::new();
    let id = open_with(&mut world, called("https://shop.example", ""));
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let expected = format!("https://shop.example?certifyId={id}&passed=200");
    assert_eq!(answer_all(&mut world, NOW), [expected]);
}

#[test]
fn only_a_completed_verification_is_called_back() {
    let mut world = World::new();
    let silent = open_with(&mut world, Call::init(NOW));
    let id = open(&mut world);
    let page =
        |world: &mut World, request: &Incoming, now| answered(world.page(request, now)).status;
    assert_eq!(page(&mut world, &visit(&id), NOW), 200);
    assert_eq!(page(&mut world, &press(&id, "abandon"), NOW), 303);
    assert_eq!(page(&mut world, &press(&id, "nonsense"), NOW), 400);
    assert_eq!(page(&mut world, &press(&id, "pass"), NOW + 1801), 410);
    assert_eq!(page(&mut world, &press(&silent, "pass"), NOW), 303);
    assert_eq!(world.callbacks_to_come(), 0, "none of these");

    assert_eq!(page(&mut world, &press(&id, "205"), NOW), 303);
    assert_eq!(page(&mut world, &press(&id, "pass"), NOW), 410);
    let sent = answer_all(&mut world, NOW);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].ends_with("&passed=205"));
}

#[test]
fn a_callback_comes_again_until_it_is_answered_with_200() {
    let mut world = World::new();
    world.repeat_callbacks_after(vec![1, 2, 3, 4]);
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let outcomes = [
        CallbackOutcome::Answered(500),
        CallbackOutcome::Answered(204),
        CallbackOutcome::Unanswered("the connection was refused"),
        ANSWERED,
    ];
    for (at, outcome) in [0, 1, 3, 6].into_iter().zip(outcomes.clone()) {
        if at > 0 {
            assert_eq!(world.due_callbacks(NOW + at - 1), [], "too early at {at}");
        }
        let due = world.due_callbacks(NOW + at);
        assert_eq!(due.len(), 1, "at {at}");
        assert!(
            due[0]
                .url()
                .ends_with(&format!("certifyId={id}&passed=200"))
        );
        world.called_back(&due[0], outcome, NOW + at);
    }
    assert_eq!(world.callbacks_to_come(), 0);
    let log: Vec<_> = world.callbacks().collect();
    assert_eq!(
        log.iter().map(|it| it.attempt).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert!(log.iter().map(|it| &it.outcome).eq(&outcomes));
}

#[test]
fn nobody_is_called_more_than_twice_in_three_seconds_by_default() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let mut at = Vec::new();
    for second in 0..60 {
        for callback in world.due_callbacks(NOW + second) {
            at.push(second);
            world.called_back(&callback, CallbackOutcome::Answered(404), NOW + second);
        }
    }
    assert_eq!(at, [0, 2]);
    assert_eq!(world.callbacks_to_come(), 0);
}

#[test]
fn a_callback_without_an_outcome_is_not_sent_again() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let due = world.due_callbacks(NOW);
    assert_eq!(world.due_callbacks(NOW + 100), []);
    world.called_back(&due[0], ANSWERED, NOW);
    world.called_back(&due[0], CallbackOutcome::Answered(500), NOW);
    assert_eq!(world.callbacks().count(), 1, "an outcome is said once");
}

#[test]
fn a_repeated_callback_comes_twice_although_it_was_answered() {
    let mut world = World::new();
    let id = open(&mut world);
    let faults = [CallbackFault::Repeated];
    world
        .finish_with(&id, Verdict::Passed, &faults, NOW)
        .unwrap();
    let sent = answer_all(&mut world, NOW);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    let log: Vec<_> = world.callbacks().map(|it| (it.kind, it.attempt)).collect();
    assert_eq!(
        log,
        [(CallbackKind::Genuine, 1), (CallbackKind::Repeated, 1)]
    );
}

#[test]
fn a_callback_that_is_held_back_is_overtaken_by_another_order_s() {
    let mut world = World::new();
    let (first, second) = (open(&mut world), open(&mut world));
    let faults = [CallbackFault::HeldBack];
    world
        .finish_with(&first, Verdict::Passed, &faults, NOW)
        .unwrap();
    assert_eq!(answer_all(&mut world, NOW + 1).len(), 0);
    world
        .finish(&second, Verdict::FaceMismatch, NOW + 1)
        .unwrap();
    let sent = answer_all(&mut world, NOW + 1);
    assert!(
        sent[0].contains(&second) && sent[1].contains(&first),
        "{sent:?}"
    );

    let alone = open(&mut world);
    world
        .finish_with(&alone, Verdict::Passed, &faults, NOW)
        .unwrap();
    assert_eq!(answer_all(&mut world, NOW + 29).len(), 0);
    assert_eq!(answer_all(&mut world, NOW + 30).len(), 1);
}

#[test]
fn a_forged_callback_comes_first_says_the_contrary_and_has_another_token() {
    for (verdict, untrue) in [(Verdict::LivenessRisk, "200"), (Verdict::Passed, "204")] {
        let mut world = World::new();
        let id = open(&mut world);
        let faults = [CallbackFault::Forged];
        world.finish_with(&id, verdict, &faults, NOW).unwrap();
        let forged = world.due_callbacks(NOW);
        let start = "https://shop.example/called?a=1&callbackToken=";
        let end = format!("&certifyId={id}&passed={untrue}");
        assert_eq!(urls(&forged), [format!("{start}forged{end}")]);
        // A forger does not try again.
        world.called_back(&forged[0], CallbackOutcome::Answered(403), NOW);
        let end = format!("&certifyId={id}&passed={}", verdict.sub_code());
        assert_eq!(answer_all(&mut world, NOW), [format!("{start}t%261{end}")]);
        let kinds: Vec<_> = world.callbacks().map(|it| it.kind).collect();
        assert_eq!(kinds, [CallbackKind::Forged, CallbackKind::Genuine]);
    }
}

#[test]
fn the_page_s_form_orders_the_faults() {
    let mut world = World::new();
    let id = open(&mut world);
    let form = "fail&sub_code=206&callback=repeated&callback=forged&page_code=Z5054";
    let answer = answered(world.page(&press(&id, form), NOW));
    assert_eq!(answer.status, 303);
    let passed: Vec<_> = answer_all(&mut world, NOW)
        .into_iter()
        .map(|url| url.rsplit('=').next().unwrap().to_owned())
        .collect();
    assert_eq!(passed, ["200", "206", "206"]);

    let id = open(&mut world);
    let odd = press(&id, "pass&callback=everything");
    assert_eq!(answered(world.page(&odd, NOW)).status, 400);
    let held = press(&id, "pass&callback=held-back");
    assert_eq!(answered(world.page(&held, NOW)).status, 303);
    assert_eq!(world.due_callbacks(NOW), []);
    assert_eq!(world.callbacks_to_come(), 1);
}

/// A web server that answers each request with the next status and tells its first line.
struct Shop {
    url: String,
    lines: Receiver<String>,
}

impl Shop {
    fn open(statuses: &'static [u16]) -> Self {
        Self::serving(statuses, |stream, status| {
            let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        })
    }

    fn serving(
        statuses: &'static [u16],
        answer: impl Fn(&mut TcpStream, u16) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, lines) = channel();
        thread::spawn(move || {
            for status in statuses {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read_exact(&mut byte).is_err() {
                        break;
                    }
                    head.push(byte[0]);
                }
                let _ = tell.send(String::from_utf8(head).unwrap());
                answer(&mut stream, *status);
            }
        });
        Self { url, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn open_at(simulator: &Simulator, call: Call) -> String {
    let answer = ask(&simulator.url(Region::Shanghai), &call.sign()).unwrap();
    let certify_id = &answer.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn init(callback_url: &str) -> Call {
    Call::init(clock())
        .set("CallbackUrl", callback_url)
        .set("CallbackToken", "secret")
}

/// Waits until every callback has its outcome; the outcomes.
fn outcomes(simulator: &Simulator) -> Vec<CallbackOutcome> {
    for _ in 0..1_000 {
        let world = simulator.world();
        if world.callbacks_to_come() == 0 {
            return world.callbacks().map(|it| it.outcome.clone()).collect();
        }
        drop(world);
        thread::sleep(Duration::from_millis(10));
    }
    panic!("callbacks are still to come");
}

#[test]
fn a_running_simulator_calls_until_200_and_no_further() {
    let simulator = Simulator::start().unwrap();
    simulator.world().repeat_callbacks_after(vec![0; 5]);
    let shop = Shop::open(&[503, 302, 200, 200]);
    let id = open_at(&simulator, init(&format!("{}/called", shop.url)));
    let answer = ask(simulator.page_url(), &press(&id, "204")).unwrap();
    assert_eq!(answer.status, 303);
    let expected =
        format!("GET /called?callbackToken=secret&certifyId={id}&passed=204 HTTP/1.1\r\n");
    for _ in 0..3 {
        let head = shop.next();
        assert!(head.starts_with(&expected), "{head}");
        let host = shop.url.strip_prefix("http://").unwrap();
        assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
    }
    assert_eq!(
        outcomes(&simulator),
        [503, 302, 200].map(CallbackOutcome::Answered)
    );
    assert!(shop.lines.try_recv().is_err(), "there was a fourth");
}

#[test]
fn a_shop_that_never_answers_delays_neither_the_page_nor_another_shop() {
    let simulator = Simulator::start().unwrap();
    simulator.world().repeat_callbacks_after(Vec::new());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_url = format!("http://{}/called", mute.local_addr().unwrap());
    let shop = Shop::open(&[200]);
    let stuck = open_at(&simulator, init(&mute_url));
    let other = open_at(&simulator, init(&shop.url));
    for id in [&stuck, &other] {
        let answer = ask(simulator.page_url(), &press(id, "pass")).unwrap();
        assert_eq!(answer.status, 303);
    }
    // Had anybody waited for the mute one, it would have been given up first.
    let late = CallbackOutcome::Unanswered("no answer in time");
    assert_eq!(outcomes(&simulator), [ANSWERED, late]);
}

#[test]
fn a_shop_that_answers_oddly_is_recorded_and_nothing_else() {
    let simulator = Simulator::start().unwrap();
    simulator.world().repeat_callbacks_after(Vec::new());
    let broken = CallbackOutcome::Unanswered("the connection broke");

    // A body without an end: only the status is waited for.
    let endless = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8_192]).is_ok() {}
    });
    // A head without an end.
    let headers = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x: y\r\n").is_ok() {}
    });
    let garbage = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"hello\r\n\r\n");
    });
    let silent = Shop::serving(&[200], |_, _| {});
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let refused = CallbackOutcome::Unanswered("the connection was refused");
    // Somebody who speaks first, and no TLS.
    let greeter = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = format!("https://{}", greeter.local_addr().unwrap());
    thread::spawn(move || greeter.accept().unwrap().0.write_all(b"220 hello\r\n"));
    let tls_failed = CallbackOutcome::Unanswered("TLS failed");
    for (url, expected) in [
        (&endless.url, &ANSWERED),
        (&headers.url, &broken),
        (&garbage.url, &broken),
        (&silent.url, &broken),
        (&closed, &refused),
        (&no_tls, &tls_failed),
    ] {
        let id = open_at(&simulator, init(url));
        simulator
            .world()
            .finish(&id, Verdict::Passed, clock())
            .unwrap();
        assert_eq!(outcomes(&simulator).last(), Some(expected), "{url}");
    }
}

#[test]
fn a_callback_over_https_needs_no_certificate_that_anybody_knows() {
    let (simulator, shop) = (Simulator::start().unwrap(), Simulator::start().unwrap());
    simulator.world().repeat_callbacks_after(Vec::new());
    // A page of another simulator is something that answers with 200 over https.
    let page = open_at(&shop, Call::init(clock()));
    let url = format!("{}/verify/{page}", shop.tls_url(Region::Shanghai));
    let id = open_at(&simulator, init(&url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    assert_eq!(outcomes(&simulator), [ANSWERED]);
}

#[test]
fn another_machine_is_called_only_along_a_route() {
    let simulator = Simulator::start().unwrap();
    let url = "https://shop.example/called?a=1";
    let id = open_at(&simulator, init(url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    let elsewhere = CallbackOutcome::NotSent(NotSent::Elsewhere);
    assert_eq!(outcomes(&simulator), [elsewhere]);

    let shop = Shop::open(&[200]);
    simulator.world().route_callbacks("shop.example", &shop.url);
    let id = open_at(&simulator, init(url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    let head = shop.next();
    let line = format!("GET /called?a=1&callbackToken=secret&certifyId={id}&passed=200 HTTP/1.1");
    assert!(head.starts_with(&line), "{head}");
    assert!(head.contains("\r\nhost: shop.example\r\n"), "{head}");
    assert_eq!(outcomes(&simulator).last(), Some(&ANSWERED));
}

#[test]
fn duplicates_forgery_and_reordering_arrive_in_that_order() {
    let simulator = Simulator::start().unwrap();
    let shop = Shop::open(&[200; 5]);
    let (late, other) = (
        open_at(&simulator, init(&shop.url)),
        open_at(&simulator, init(&shop.url)),
    );
    let form = "pass&callback=held-back";
    ask(simulator.page_url(), &press(&late, form)).unwrap();
    let form = "fail&sub_code=205&callback=forged&callback=repeated";
    ask(simulator.page_url(), &press(&other, form)).unwrap();
    let arrived: Vec<_> = (0..4).map(|_| shop.next()).collect();
    let of = |id: &str| -> Vec<_> {
        let lines = arrived.iter().filter(|head| head.contains(id));
        lines.map(|head| head.split(' ').nth(1).unwrap()).collect()
    };
    let url = |token: &str, passed: &str| {
        format!("/?callbackToken={token}&certifyId={other}&passed={passed}")
    };
    let expected = [
        url("forged", "200"),
        url("secret", "205"),
        url("secret", "205"),
    ];
    assert_eq!(of(&other), expected);
    assert_eq!(of(&late).len(), 1);
    let position = arrived
        .iter()
        .position(|head| head.contains(&late))
        .unwrap();
    assert!(position >= 2, "the held one came before the genuine one");
}

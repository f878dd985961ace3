//! The example backends without a database, used by ordinary browsers and by hostile ones. The same tests for
//! both drivers: `start` is the driver's.

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::SystemTime;

use cloudauth_proto::verify::{CallbackKey, OuterOrderNo};
use cloudauth_proto::{CertifyId, Entropy, UnixTime};
use cloudauth_sim::{CallbackFault, Fault, Region, Simulator, Times, Verdict};
use ureq::Agent;

use super::{Inserted, Site, Stage, Visits, attacks, start};

pub(crate) const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// A simulator and a backend connected to it.
pub(crate) struct Fixture {
    pub(crate) simulator: Simulator,
    /// The URL at which the tests reach the backend.
    pub(crate) url: String,
}

impl Fixture {
    /// Starts a backend with this public URL, or with the URL at which the tests reach it.
    pub(crate) fn new(public_url: Option<&str>) -> Self {
        let simulator = Simulator::start().unwrap();
        let address = start(
            simulator.url(Region::Shanghai).parse().unwrap(),
            |address| {
                let own = format!("http://{address}");
                Site::new(public_url.unwrap_or(&own), SECRET).unwrap()
            },
        );
        let url = format!("http://{address}");
        simulator.world().route_callbacks("shop.example", &url);
        Self { simulator, url }
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        let agent = Agent::config_builder().proxy(None).max_redirects(0);
        let agent = agent.http_status_as_error(false).build().into();
        let mut browser = Browser {
            fixture: self,
            agent,
            cookie: String::new(),
        };
        let (status, _, cookie) = browser.get("/");
        assert_eq!(status, 200);
        browser.cookie.push_str(cookie.split(';').next().unwrap());
        browser
    }

    fn executed(&self, action: &str) -> usize {
        self.simulator.world().executions(action)
    }

    /// Finishes the verification with this verdict; the browser is not redirected.
    fn finish(&self, page: &str, verdict: Verdict, faults: &[CallbackFault]) {
        let now = self.simulator.now_unix();
        let mut world = self.simulator.world();
        let finished = world.finish_with_callback_faults(certify_id(page), verdict, faults, now);
        finished.unwrap();
    }
}

/// Strings on result pages.
const WAITING: &str = "There is no result yet";
const PASSED: &str = ">Passed<";
const FAILED: &str = ">Not passed<";

pub(crate) struct Browser<'f> {
    fixture: &'f Fixture,
    agent: Agent,
    cookie: String,
}

impl Browser<'_> {
    /// Returns the status, the location or the body, and the new cookie.
    fn get(&self, path: &str) -> (u16, String, String) {
        let url = format!("{}{path}", self.fixture.url);
        let mut response = self
            .agent
            .get(&url)
            .header("cookie", &self.cookie)
            .call()
            .unwrap();
        let header = |name| {
            let value = response.headers().get(name);
            value.map(|it| it.to_str().unwrap().to_owned())
        };
        let (location, cookie) = (header("location"), header("set-cookie"));
        let text = response.body_mut().read_to_string().unwrap();
        let status = response.status().as_u16();
        (status, location.unwrap_or(text), cookie.unwrap_or_default())
    }

    /// Submits the form. Returns the status and the location.
    fn open(&self) -> (u16, String) {
        self.open_with("330103199001011230")
    }

    fn open_with(&self, number: &str) -> (u16, String) {
        let url = format!("{}/open", self.fixture.url);
        let form = [
            ("name", "张三"),
            ("number", number),
            ("meta", "{}"),
            ("consent", "yes"),
        ];
        let response = self
            .agent
            .post(&url)
            .header("cookie", &self.cookie)
            .send_form(form)
            .unwrap();
        let location = response
            .headers()
            .get("location")
            .map(|it| it.to_str().unwrap());
        (
            response.status().as_u16(),
            location.unwrap_or_default().to_owned(),
        )
    }

    /// Submits the service's page with this outcome. Returns the path that it redirects to.
    fn press(&self, page: &str, outcome: &str) -> String {
        let response = self
            .agent
            .post(page)
            .send_form([("outcome", outcome)])
            .unwrap();
        let location = response.headers()["location"].to_str().unwrap();
        location[location.find("/back").unwrap()..].to_owned()
    }

    fn result(&self) -> String {
        self.get("/result").1
    }

    /// The result page with a verdict; until there is one, the page reloads itself.
    fn verdict(&self) -> String {
        for _ in 0..250 {
            let text = self.result();
            if !text.contains("http-equiv=\"refresh\"") {
                return text;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("there is no verdict");
    }

    /// The value of the cookie.
    fn value(&self) -> &str {
        self.cookie.split_once('=').unwrap().1
    }
}

/// The certify ID in the URL of a page.
fn certify_id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

#[test]
fn a_person_passes_and_another_does_not() {
    let fixture = Fixture::new(None);
    for (outcome, text) in [("pass", PASSED), ("204", FAILED)] {
        let browser = fixture.browser();
        let (status, page) = browser.open();
        assert_eq!(status, 303);
        assert!(browser.result().contains(WAITING));
        let back = browser.press(&page, outcome);
        assert!(back.starts_with("/back?response="));
        assert_eq!(browser.get(&back).1, "/result");
        for _ in 0..2 {
            assert!(browser.verdict().contains(text), "{text}");
        }
        // The form is submitted again.
        assert_eq!(browser.open(), (303, "/result".into()));
    }
    assert_eq!(fixture.executed("InitFaceVerify"), 2);
}

#[test]
fn a_visit_does_not_pass_with_another_visit_s_verdict() {
    let fixture = Fixture::new(None);
    let (one, two) = (fixture.browser(), fixture.browser());
    let (page_one, page_two) = (one.open().1, two.open().1);
    let back_one = one.press(&page_one, "pass");
    // The second browser is redirected with the first one's query string.
    assert_eq!(two.get(&back_one).1, "/result");
    assert!(two.result().contains(WAITING));
    let back_two = two.press(&page_two, "205");
    two.get(&back_two);
    assert!(two.verdict().contains(FAILED));
    assert!(one.verdict().contains(PASSED));
}

#[test]
fn without_its_cookie_a_browser_sees_nothing() {
    let fixture = Fixture::new(None);
    let mut browser = fixture.browser();
    let (_, page) = browser.open();
    browser.press(&page, "pass");
    browser.cookie = String::new();
    assert_eq!(browser.get("/result").1, "/");
    assert_eq!(browser.open(), (303, "/".into()));
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn a_form_submitted_many_times_opens_one_verification() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(browser.open().0, 303));
        }
    });
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(browser.get("/").1, "/result");
}

#[test]
fn an_abandoned_verification_can_be_continued() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let back = browser.press(&page, "abandon");
    let (status, text, _) = browser.get(&back);
    assert_eq!(status, 200);
    assert!(
        text.contains("not finished") && text.contains(&page),
        "{text}"
    );
    browser.press(&page, "pass");
    assert!(browser.verdict().contains(PASSED));
}

#[test]
fn callbacks_get_a_response_and_determine_nothing() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let id = certify_id(&page);
    let key = CallbackKey::new(SECRET).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tokens expire in real time")]
    let now = UnixTime::from(SystemTime::now()).seconds();
    let token = |order: &str, end: u64| {
        let order = OuterOrderNo::new(order).unwrap();
        let token = key.token(&order, UnixTime::from_seconds(end));
        token.expose().to_owned()
    };
    for (status, query) in [
        (403, format!("certifyId={id}&passed=200")),
        (403, format!("certifyId={id}&passed=200&callbackToken=1")),
        (
            403,
            format!(
                "certifyId={id}&passed=200&callbackToken={}",
                token("order1", now - 1)
            ),
        ),
        // A valid token of another order.
        (
            200,
            format!(
                "certifyId={id}&passed=200&callbackToken={}",
                token("order1", now + 9)
            ),
        ),
        (
            200,
            format!(
                "certifyId=sha0&passed=200&callbackToken={}",
                token("order1", now + 9)
            ),
        ),
        (400, "passed=200".into()),
        // Longer than the head of a request may be.
        (431, format!("certifyId={id}&x={}", "x".repeat(60_000))),
    ] {
        for _ in 0..2 {
            assert_eq!(browser.get(&format!("/callback?{query}")).0, status);
        }
    }
    for broken in ["response=", "response=%7b", "response=[", "x"] {
        assert_eq!(browser.get(&format!("/back?{broken}")).1, "/result");
    }
    assert!(browser.result().contains(WAITING));
}

#[test]
fn a_callback_suffices_for_the_verdict_also_right_after_a_query() {
    let fixture = Fixture::new(Some("https://shop.example/"));
    let browser = fixture.browser();
    let (_, page) = browser.open();
    assert!(browser.result().contains(WAITING));
    fixture.finish(&page, Verdict::Passed, &[]);
    while fixture.simulator.world().pending_callbacks() > 0 {
        thread::sleep(Duration::from_millis(10));
    }
    let queried = || fixture.executed("DescribeFaceVerify");
    for _ in 0..200 {
        if queried() == 2 {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(queried(), 2);
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(queried(), 2, "the browser caused none");
}

#[test]
fn a_result_page_that_is_reloaded_does_not_query_the_service_each_time() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    let (_, page) = browser.open();
    for _ in 0..20 {
        assert!(browser.result().contains(WAITING));
    }
    let queries = fixture.executed("DescribeFaceVerify");
    assert!((1..=2).contains(&queries), "{queries}");
    browser.press(&page, "pass");
    browser.verdict();
    let queries = fixture.executed("DescribeFaceVerify");
    for _ in 0..20 {
        assert!(browser.result().contains(PASSED));
    }
    assert_eq!(fixture.executed("DescribeFaceVerify"), queries);
}

#[test]
fn a_browser_that_disconnects_while_the_verdict_is_queried_gets_it_later() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    let (_, page) = browser.open();
    fixture.finish(&page, Verdict::Passed, &[]);
    // The query takes a while, because it needs a second attempt.
    let simulator = &fixture.simulator;
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    let mut socket = TcpStream::connect(fixture.address()).unwrap();
    let cookie = &browser.cookie;
    let request = format!("GET /result HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(50));
    drop(socket);
    assert!(browser.verdict().contains(PASSED));
}

#[test]
fn a_service_outage_is_reported_and_a_new_visit_can_be_started() {
    let fixture = Fixture::new(None);
    let browser = fixture.browser();
    fixture
        .simulator
        .inject(Region::Shanghai, Fault::Refuse, Times::Always);
    assert_eq!(browser.open(), (303, "/result".into()));
    assert!(browser.result().contains("Verification is not available"));
    fixture.simulator.restore(Region::Shanghai).unwrap();
    // The order number of the visit was used: whether the service takes it twice is not documented.
    assert_eq!(browser.open(), (303, "/result".into()));
    let (status, _, cookie) = browser.get("/");
    assert_eq!(status, 200);
    assert_ne!(cookie.split(';').next().unwrap(), browser.cookie);
    assert!(fixture.browser().open().1.contains("/verify/"));
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

/// Magic numbers of the simulator: the service refuses the person, and the application.
const REFUSED: &str = "110101190001024176";
const NOT_CONFIGURED: &str = "110101190001024029";

#[test]
fn a_person_whom_the_service_refuses_sees_the_reason() {
    let fixture = Fixture::new(None);
    for number in [REFUSED, NOT_CONFIGURED] {
        let browser = fixture.browser();
        assert_eq!(browser.open_with(number), (303, "/result".into()));
        let text = browser.result();
        let is_shown = text.contains("the person can use another way to identify");
        assert_eq!(is_shown, number == REFUSED, "{text}");
        let is_asked_to_wait = text.contains("please try again later");
        assert_eq!(is_asked_to_wait, number == NOT_CONFIGURED, "{text}");
        assert_eq!(browser.get("/").0, 200);
    }
}

#[test]
fn a_form_that_is_incomplete_or_mistyped_opens_nothing() {
    let fixture = Fixture::new(None);
    let address = fixture.address();
    let cookie = fixture.browser().cookie;
    for form in [
        "",
        "name=a&number=1&meta=%7B%7D",
        "name=a&number=1&meta=%7B%7D&consent=no",
        "name=+&number=1&meta=%7B%7D&consent=yes",
        "name=a&meta=%7B%7D&consent=yes",
        "name=a&number=1&consent=yes",
        "%FF",
        // Mistyped, and with a character that nobody sees.
        "name=a&number=330103199001011231&meta=%7B%7D&consent=yes",
        "name=a%E2%80%8B&number=330103199001011230&meta=%7B%7D&consent=yes",
    ] {
        let request = format!(
            "POST /open HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncookie: {cookie}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        assert_eq!(attacks::send(address, &request).status, 400, "{form}");
    }
    assert_eq!(fixture.executed("InitFaceVerify"), 0);
}

/// The cookies of a visit that has passed, of another one, and of another backend.
fn check_cookies(fixture: &Fixture, is_https: bool) {
    let passed = fixture.browser();
    let (_, page) = passed.open();
    passed.press(&page, "pass");
    assert!(passed.verdict().contains(PASSED));
    let foreign = Site::new("http://a", &[7; 32]).unwrap();
    let foreign = foreign.set_cookie(&"0".repeat(32));
    let (_, foreign) = foreign.split(';').next().unwrap().split_once('=').unwrap();
    let (passed, other) = (passed.value(), fixture.browser());
    let address = fixture.address();
    attacks::only_issued_cookies_count(address, is_https, passed, other.value(), foreign);
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn over_http_only_cookies_that_the_backend_issued_count() {
    check_cookies(&Fixture::new(None), false);
}

#[test]
fn over_https_only_cookies_with_the_host_prefix_that_the_backend_issued_count() {
    check_cookies(&Fixture::new(Some("https://shop.example")), true);
}

#[test]
fn nobody_is_kept_out_by_idle_connections_half_heads_and_stalled_bodies() {
    let fixture = Fixture::new(None);
    attacks::nobody_is_kept_out(fixture.address(), &fixture.browser().cookie);
    assert!(fixture.browser().open().1.contains("/verify/"));
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn requests_that_are_too_large_or_lie_about_their_length_are_refused() {
    let fixture = Fixture::new(None);
    let cookie = fixture.browser().cookie;
    attacks::oversized_and_lying_requests_are_refused(fixture.address(), &cookie);
    assert!(fixture.executed("InitFaceVerify") == 0);
}

#[test]
fn requests_that_are_too_slow_end() {
    let fixture = Fixture::new(None);
    attacks::slow_requests_end(fixture.address(), &fixture.browser().cookie);
}

#[test]
fn while_the_service_hangs_people_get_the_other_pages() {
    let fixture = Fixture::new(None);
    let open = fixture.browser();
    open.open();
    let simulator = &fixture.simulator;
    simulator.inject(Region::Shanghai, Fault::Hang, Times::Always);
    let browsers: Vec<_> = (0..40).map(|_| fixture.browser()).collect();
    thread::scope(|scope| {
        for browser in &browsers {
            scope.spawn(|| browser.open());
        }
        thread::sleep(Duration::from_millis(200));
        attacks::others_are_served(fixture.address(), "calls that hang");
        // What has been opened before is known, although its verdict cannot be queried.
        assert!(open.result().contains(WAITING));
    });
}

const fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

#[test]
fn visits_are_bounded_and_forgotten_after_an_hour() {
    let (visits, mut entropy) = (Visits::default(), Entropy::from_seed([7; 32]));
    let mut insert = |now| visits.insert(&OuterOrderNo::generate(&mut entropy), at(now));
    for _ in 0..10_000 {
        assert!(matches!(insert(0), Inserted::New));
    }
    assert!(matches!(insert(3_599), Inserted::Refused));
    assert!(matches!(insert(3_600), Inserted::New));
}

#[test]
fn a_verdict_is_queried_by_one_at_a_time_and_not_again_at_once() {
    let visits = Visits::default();
    let order = OuterOrderNo::new("order1").unwrap();
    let can = |now| visits.can_query(&order, at(now));
    let claim = |now| visits.claim_query(&order, at(now)).is_some();
    let record = |returned, now| visits.record_query::<()>(&order, &returned, at(now));
    assert!(matches!(visits.insert(&order, at(0)), Inserted::New));
    assert!(!can(0) && !claim(0), "it is being opened");
    let stage = Stage::opened(CertifyId::new("sha1"), Some("https://page".into()));
    assert_eq!(stage.url(), "https://page");
    visits.record_opened(&order, stage);
    assert!(matches!(
        visits.insert(&order, at(0)),
        Inserted::Known(Stage::Open(..))
    ));
    assert!(can(10) && claim(10));
    assert!(!can(69) && !claim(69), "it is being queried");
    assert!(claim(70), "a query that never returns blocks nothing");
    assert!(!record(Ok(None), 71));
    assert!(!claim(72));
    assert!(claim(73));
    // An error is no reason to say that it has expired, and no verdict by then is one.
    assert!(!record(Err(()), 1_861));
    assert!(matches!(visits.stage(&order), Some(Stage::Open(..))));
    assert!(!record(Ok(None), 1_860));
    assert!(matches!(visits.stage(&order), Some(Stage::Open(..))));
    assert!(!record(Ok(None), 1_861));
    assert!(matches!(visits.stage(&order), Some(Stage::Expired)));
    assert!(!claim(3_000));
}

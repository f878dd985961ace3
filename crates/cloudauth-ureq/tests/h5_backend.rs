//! The example backend, used by ordinary browsers and by hostile ones.
#![expect(clippy::unwrap_used, reason = "a test")]

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/h5_backend.rs"]
mod h5_backend;

use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use cloudauth_proto::verify::{CallbackKey, OuterOrderNo};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Simulator, Times};
use cloudauth_ureq::{Client, Credentials, Endpoints, Options, Proxies, UnixTime};
use h5_backend::{Backend, serve};
use tiny_http::Server;
use ureq::Agent;

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// A simulator and a backend connected to it.
struct Fixture {
    simulator: Simulator,
    url: String,
}

impl Fixture {
    fn new() -> Self {
        let simulator = Simulator::start().unwrap();
        let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
        let options = Options::new()
            .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
            .endpoints(Endpoints::only(endpoint))
            .proxies(Proxies::none());
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr());
        let client = Client::new(options).unwrap();
        let key = CallbackKey::new(KEY).unwrap();
        let backend = Backend::new(client, 1_000_000_006, url.clone(), key);
        thread::spawn(move || serve(&server, &backend));
        Self { simulator, url }
    }

    fn browser(&self) -> Browser<'_> {
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

    fn opened(&self) -> usize {
        self.simulator.world().executions("InitFaceVerify")
    }
}

struct Browser<'f> {
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
        let url = format!("{}/open", self.fixture.url);
        let form = [
            ("name", "张三"),
            ("number", "330103199001011230"),
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
        location.strip_prefix(&self.fixture.url).unwrap().to_owned()
    }

    fn result(&self) -> String {
        self.get("/result").1
    }
}

/// The certify ID in the URL of a page.
fn certify_id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

#[test]
fn a_person_passes_and_another_does_not() {
    let fixture = Fixture::new();
    for (outcome, text) in [("pass", "<b>Passed.</b>"), ("204", "<b>Not passed.</b>")] {
        let browser = fixture.browser();
        let (status, page) = browser.open();
        assert_eq!(status, 303);
        assert!(browser.result().contains("no result yet"));
        let back = browser.press(&page, outcome);
        assert!(back.starts_with("/back?response="));
        assert_eq!(browser.get(&back).1, "/result");
        for _ in 0..2 {
            assert!(browser.result().contains(text), "{}", browser.result());
        }
        // The form is submitted again.
        assert_eq!(browser.open(), (303, "/result".into()));
    }
    assert_eq!(fixture.opened(), 2);
}

#[test]
fn a_visit_does_not_pass_with_another_visit_s_verdict() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.browser(), fixture.browser());
    let (page_one, page_two) = (one.open().1, two.open().1);
    let back_one = one.press(&page_one, "pass");
    // The second browser is redirected with the first one's query string.
    assert_eq!(two.get(&back_one).1, "/result");
    assert!(two.result().contains("no result yet"));
    let back_two = two.press(&page_two, "205");
    two.get(&back_two);
    assert!(two.result().contains("Not passed."));
    assert!(one.result().contains("<b>Passed.</b>"));
}

#[test]
fn without_its_cookie_a_browser_sees_nothing() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    let (_, page) = browser.open();
    browser.press(&page, "pass");
    browser.cookie = "visit=other".into();
    assert_eq!(browser.get("/result").1, "/");
    browser.cookie = String::new();
    assert_eq!(browser.get("/result").0, 404);
    assert_eq!(browser.open().0, 404);
}

#[test]
fn a_form_submitted_many_times_opens_one_verification() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(browser.open().0, 303));
        }
    });
    assert_eq!(fixture.opened(), 1);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(browser.get("/").1, "/result");
}

#[test]
fn an_abandoned_verification_can_be_continued() {
    let fixture = Fixture::new();
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
    assert!(browser.result().contains("<b>Passed.</b>"));
}

#[test]
fn callbacks_get_a_response_and_determine_nothing() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let id = certify_id(&page);
    let key = CallbackKey::new(KEY).unwrap();
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
        (400, format!("certifyId={id}&x={}", "x".repeat(60_000))),
    ] {
        for _ in 0..2 {
            assert_eq!(browser.get(&format!("/callback?{query}")).0, status);
        }
    }
    for broken in ["response=", "response=%7b", "response=[", "x"] {
        assert_eq!(browser.get(&format!("/back?{broken}")).1, "/result");
    }
    assert!(browser.result().contains("no result yet"));
}

#[test]
fn a_service_outage_is_reported_and_the_form_can_be_submitted_again() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    fixture
        .simulator
        .inject(Region::Shanghai, Fault::Refuse, Times::Always);
    assert_eq!(browser.open().0, 502);
    fixture.simulator.restore(Region::Shanghai).unwrap();
    assert_eq!(browser.open().0, 303);
    assert_eq!(fixture.opened(), 1);
}

//! The example backend, walked by browsers that mean well and by others.
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

/// A service, a backend, and what is known of both.
struct Scene {
    simulator: Simulator,
    url: String,
}

impl Scene {
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
            scene: self,
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

struct Browser<'s> {
    scene: &'s Scene,
    agent: Agent,
    cookie: String,
}

impl Browser<'_> {
    /// The status, then the text or where it leads, then a cookie.
    fn get(&self, path: &str) -> (u16, String, String) {
        let url = format!("{}{path}", self.scene.url);
        let mut reply = self
            .agent
            .get(&url)
            .header("cookie", &self.cookie)
            .call()
            .unwrap();
        let header = |name| {
            let value = reply.headers().get(name);
            value.map(|it| it.to_str().unwrap().to_owned())
        };
        let (location, cookie) = (header("location"), header("set-cookie"));
        let text = reply.body_mut().read_to_string().unwrap();
        let status = reply.status().as_u16();
        (status, location.unwrap_or(text), cookie.unwrap_or_default())
    }

    /// Sends the form; the status, and where it leads.
    fn open(&self) -> (u16, String) {
        let url = format!("{}/open", self.scene.url);
        let form = [
            ("name", "张三"),
            ("number", "330103199001011234"),
            ("meta", "{}"),
            ("consent", "yes"),
        ];
        let reply = self
            .agent
            .post(&url)
            .header("cookie", &self.cookie)
            .send_form(form)
            .unwrap();
        let location = reply
            .headers()
            .get("location")
            .map(|it| it.to_str().unwrap());
        (
            reply.status().as_u16(),
            location.unwrap_or_default().to_owned(),
        )
    }

    /// Does on the service's page what the person does; the way back to the backend.
    fn press(&self, page: &str, outcome: &str) -> String {
        let reply = self
            .agent
            .post(page)
            .send_form([("outcome", outcome)])
            .unwrap();
        let location = reply.headers()["location"].to_str().unwrap();
        location.strip_prefix(&self.scene.url).unwrap().to_owned()
    }

    fn result(&self) -> String {
        self.get("/result").1
    }
}

/// The verification behind a page.
fn certify_id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

#[test]
fn a_person_passes_and_another_does_not() {
    let scene = Scene::new();
    for (outcome, told) in [("pass", "<b>Passed.</b>"), ("204", "<b>Not passed.</b>")] {
        let browser = scene.browser();
        let (status, page) = browser.open();
        assert_eq!(status, 303);
        assert!(browser.result().contains("no verdict yet"));
        let back = browser.press(&page, outcome);
        assert!(back.starts_with("/back?response="));
        assert_eq!(browser.get(&back).1, "/result");
        for _ in 0..2 {
            assert!(browser.result().contains(told), "{}", browser.result());
        }
        // The back button, and the form once more.
        assert_eq!(browser.open(), (303, "/result".into()));
    }
    assert_eq!(scene.opened(), 2);
}

#[test]
fn somebody_else_s_verdict_does_not_pass_here() {
    let scene = Scene::new();
    let (one, two) = (scene.browser(), scene.browser());
    let (page_one, page_two) = (one.open().1, two.open().1);
    let back_one = one.press(&page_one, "pass");
    // The second browser comes with what the first one got.
    assert_eq!(two.get(&back_one).1, "/result");
    assert!(two.result().contains("no verdict yet"));
    let back_two = two.press(&page_two, "205");
    two.get(&back_two);
    assert!(two.result().contains("Not passed."));
    assert!(one.result().contains("<b>Passed.</b>"));
}

#[test]
fn who_has_no_cookie_sees_nothing() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    let (_, page) = browser.open();
    browser.press(&page, "pass");
    browser.cookie = "visit=other".into();
    assert_eq!(browser.get("/result").1, "/");
    browser.cookie = String::new();
    assert_eq!(browser.get("/result").0, 404);
    assert_eq!(browser.open().0, 404);
}

#[test]
fn a_form_that_is_sent_many_times_opens_one_verification() {
    let scene = Scene::new();
    let browser = scene.browser();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(browser.open().0, 303));
        }
    });
    assert_eq!(scene.opened(), 1);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(browser.get("/").1, "/result");
}

#[test]
fn who_leaves_can_go_on() {
    let scene = Scene::new();
    let browser = scene.browser();
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
fn callbacks_are_answered_and_decide_nothing() {
    let scene = Scene::new();
    let browser = scene.browser();
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
        // A good token of another order.
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
    assert!(browser.result().contains("no verdict yet"));
}

#[test]
fn a_service_that_is_down_is_said_and_tried_again() {
    let scene = Scene::new();
    let browser = scene.browser();
    scene
        .simulator
        .inject(Region::Shanghai, Fault::Refuse, Times::Always);
    assert_eq!(browser.open().0, 502);
    scene.simulator.heal(Region::Shanghai).unwrap();
    assert_eq!(browser.open().0, 303);
    assert_eq!(scene.opened(), 1);
}

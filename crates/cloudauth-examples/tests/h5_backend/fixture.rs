//! A simulator, a backend connected to it, browsers, and a comparison of what both sides have stored.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs, process, thread};

use cloudauth_hyper::ops::DescribeVerifySearchPageList;
use cloudauth_hyper::{Client, Credentials, Endpoints, Options, Proxies};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CallbackFault, Region, Simulator, Verdict};
use sqlx::{AnyPool, Row};
use tokio::runtime::Runtime;
use ureq::Agent;

use crate::crashing::{Countdown, CrashingStore};
use crate::h5_backend::{Backend, Settings, Site, SqlStore, listener, serve};

pub(crate) const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
pub(crate) const NAME: &str = "张三";
pub(crate) const NUMBER: &str = "330103199001011230";

/// Strings on result pages.
pub(crate) const WAITING: &str = "There is no result yet";
pub(crate) const PASSED: &str = ">Passed<";
pub(crate) const FAILED: &str = ">Not passed<";

/// The certify ID in the URL of a page.
pub(crate) fn certify_id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

type TestBackend = Backend<CrashingStore<SqlStore>>;

pub(crate) struct Fixture {
    pub(crate) simulator: Simulator,
    pub(crate) url: String,
    public_url: String,
    address: String,
    pub(crate) folder: PathBuf,
    running: Option<(Runtime, Arc<TestBackend>)>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(Countdown::never())
    }

    /// The backend crashes at the end of the countdown.
    pub(crate) fn with(countdown: Countdown) -> Self {
        Self::at(None, countdown)
    }

    /// Browsers reach it at this URL, through a proxy that speaks TLS; the tests do not.
    pub(crate) fn behind_https(public_url: &str) -> Self {
        Self::at(Some(public_url), Countdown::never())
    }

    fn at(public_url: Option<&str>, countdown: Countdown) -> Self {
        static FIXTURES: AtomicU32 = AtomicU32::new(0);
        let turn = FIXTURES.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("h5-backend-{}-{turn}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        let mut fixture = Self {
            simulator: Simulator::start().unwrap(),
            url: format!("http://{address}"),
            public_url: public_url.map_or_else(|| format!("http://{address}"), ToOwned::to_owned),
            address,
            folder,
            running: None,
        };
        drop(free);
        let mut world = fixture.simulator.world();
        world.route_callbacks("shop.example", &fixture.url);
        drop(world);
        fixture.start(countdown);
        fixture
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn client(&self) -> Arc<Client> {
        let endpoint = self.simulator.url(Region::Shanghai).parse().unwrap();
        let options = Options::new()
            .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
            .endpoints(Endpoints::only(endpoint))
            .total_timeout(Duration::from_secs(8))
            .proxies(Proxies::none());
        Arc::new(Client::new(options).unwrap())
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.join("store.db")
    }

    pub(crate) async fn open_store(&self) -> SqlStore {
        let url = format!("sqlite:{}?mode=rwc", self.database_file().display());
        SqlStore::open(&url, self.client()).await.unwrap()
    }

    async fn backend(&self, countdown: Countdown) -> Arc<TestBackend> {
        let (client, store) = (self.client(), self.open_store().await);
        let settings = Settings {
            scene: 1_000_000_006,
            site: Site::new(&self.public_url, SECRET).unwrap(),
            callback_url: "https://shop.example/callback".into(),
            is_simulated: true,
            verdict_timeout: Settings::VERDICT_TIMEOUT,
        };
        Backend::new(client, CrashingStore(store, countdown), settings, SECRET).unwrap()
    }

    fn start(&mut self, countdown: Countdown) {
        let runtime = Runtime::new().unwrap();
        let backend = runtime.block_on(self.backend(countdown));
        let served = Arc::clone(&backend);
        let address = self.address.clone();
        let listener = runtime.block_on(async { listener::bind(&address).unwrap() });
        runtime.spawn(async move { match serve(listener, served).await {} });
        self.running = Some((runtime, backend));
    }

    /// Kills the backend at whatever point it is, and starts it again.
    pub(crate) fn restart(&mut self) {
        if let Some((runtime, _)) = self.running.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        self.start(Countdown::never());
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.running.as_ref().unwrap().0.block_on(future)
    }

    pub(crate) fn sweep(&self) {
        let (_, backend) = self.running.as_ref().unwrap();
        self.run(backend.sweep()).unwrap();
    }

    /// Lets two instances sweep at once.
    pub(crate) fn sweep_twice_at_once(&self) {
        let (_, one) = self.running.as_ref().unwrap();
        self.run(async {
            let two = self.backend(Countdown::never()).await;
            let (one, two) = tokio::join!(one.sweep(), two.sweep());
            one.and(two).unwrap();
        });
    }

    /// Makes everything in the store an hour older.
    pub(crate) fn age_store_by_an_hour(&self) {
        self.sql(
            "update verification set opened = opened - 3600, claimed_until = claimed_until - 3600",
        );
    }

    /// Runs a query whose columns are all text.
    pub(crate) fn sql(&self, text: &str) -> Vec<Vec<String>> {
        self.run(async {
            let url = format!("sqlite:{}", self.database_file().display());
            let pool = AnyPool::connect(&url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&pool).await.unwrap();
            let texts = |row: &sqlx::any::AnyRow| (0..row.len()).map(|at| row.get(at)).collect();
            rows.iter().map(texts).collect()
        })
    }

    /// The state of the only verification.
    pub(crate) fn state(&self) -> String {
        let rows = self.sql("select state from verification");
        assert_eq!(rows.len(), 1);
        rows[0][0].clone()
    }

    /// The recorded events, as `kind code`.
    pub(crate) fn events(&self) -> BTreeSet<String> {
        let rows = self.sql("select kind, code from event");
        rows.iter().map(|row| row.join(" ")).collect()
    }

    pub(crate) fn executed(&self, action: &str) -> usize {
        self.simulator.world().executions(action)
    }

    /// Finishes the verification with this verdict; the browser is not redirected.
    pub(crate) fn finish(&self, page: &str, verdict: Verdict, faults: &[CallbackFault]) {
        let now = self.simulator.now_unix();
        let mut world = self.simulator.world();
        let finished = world.finish_with_callback_faults(certify_id(page), verdict, faults, now);
        finished.unwrap();
    }

    /// Waits until the service has delivered all callbacks.
    pub(crate) fn wait_for_callbacks(&self) {
        while self.simulator.world().pending_callbacks() > 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the backend has changed the state to this.
    pub(crate) fn wait_for_state(&self, state: &str) {
        for _ in 0..200 {
            if self.state() == state {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the state is not {state} but {}", self.state());
    }

    /// Whether no verification is claimed.
    pub(crate) fn is_idle(&self) -> bool {
        let now = self.simulator.now_unix();
        let busy = format!("select order_no from verification where claimed_until > {now}");
        self.sql(&busy).is_empty()
    }

    pub(crate) fn wait_until_idle(&self) {
        for _ in 0..200 {
            if self.is_idle() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("a claim was not released");
    }

    /// Every verification of the service is in the store, with its verdict, and deleted if it has one. Those
    /// in the store that the service does not have were never open.
    pub(crate) fn assert_store_matches_service(&self) {
        self.wait_until_idle();
        let query = DescribeVerifySearchPageList::new()
            .current_page("1")
            .page_size("100");
        let found = self.run(self.client().call(&query)).unwrap().value;
        assert!(found.items.len() < 100);
        let rows = self.sql(
            "select order_no, state, coalesce(certify_id, ''), sub_code, \
             case when deleted = 1 then 'deleted' else '' end from verification",
        );
        let world = self.simulator.world();
        let mut stored: BTreeMap<_, _> = rows.iter().map(|row| (row[0].as_str(), row)).collect();
        for order in &found.items {
            let row = stored.remove(order.outer_order_no.as_deref().unwrap());
            let row = row.expect("it was stored before it was opened");
            // The service has forgotten the verdict when it was deleted.
            let verdict = world.verdict(order.certify_id.as_deref().unwrap());
            match row[1].as_str() {
                "passed" => assert!(verdict.unwrap().passed()),
                "failed" => assert!(!verdict.unwrap().passed()),
                "expired" | "unknown" => assert_eq!(verdict, None),
                other => panic!("{other} is not a final state"),
            }
            assert_eq!(row[3], verdict.map_or("", Verdict::sub_code));
            assert_eq!(row[4] == "deleted", verdict.is_some());
            assert_eq!(order.passed, None, "it was deleted");
            if row[1] != "unknown" {
                assert_eq!(Some(row[2].as_str()), order.certify_id.as_deref());
            }
        }
        for row in stored.values() {
            assert!(matches!(row[1].as_str(), "refused" | "unknown"), "{row:?}");
        }
    }

    /// A browser that has loaded the start page.
    pub(crate) fn browser(&self) -> Browser {
        let mut browser = Browser::new(&self.url);
        assert_eq!(browser.start(), 200);
        browser
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some((runtime, _)) = self.running.take() {
            runtime.shutdown_background();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) struct Browser {
    agent: Agent,
    url: String,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        let agent = Agent::config_builder().proxy(None).max_redirects(0);
        let agent = agent.http_status_as_error(false).build().into();
        Self {
            agent,
            url: url.to_owned(),
            cookie: String::new(),
        }
    }

    /// Loads the start page and stores its cookie. Returns the status.
    pub(crate) fn start(&mut self) -> u16 {
        let request = self.agent.get(format!("{}/", self.url));
        let response = request.header("cookie", &self.cookie).call().unwrap();
        if let Some(cookie) = response.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; SameSite=Lax; Path=/"));
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
        response.status().as_u16()
    }

    /// Returns the status, and the location or the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let request = self.agent.get(format!("{}{path}", self.url));
        let mut response = request.header("cookie", &self.cookie).call().unwrap();
        let location = response.headers().get("location");
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), location.unwrap_or(text))
    }

    /// Submits the form. Returns the status and the location.
    pub(crate) fn open(&self) -> (u16, String) {
        self.submit(&[
            ("name", NAME),
            ("number", NUMBER),
            ("meta", "{}"),
            ("consent", "yes"),
        ])
    }

    pub(crate) fn submit(&self, form: &[(&str, &str)]) -> (u16, String) {
        let request = self.agent.post(format!("{}/open", self.url));
        let request = request.header("cookie", &self.cookie);
        let response = request.send_form(form.iter().copied()).unwrap();
        let location = response.headers().get("location");
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    }

    /// Submits the service's page with this outcome. Returns the path that it redirects to.
    pub(crate) fn press(&self, page: &str, outcome: &str) -> String {
        let url = self.press_for_url(page, outcome);
        url[url.find("/back").unwrap()..].to_owned()
    }

    /// As [`Self::press`], but returns the URL.
    pub(crate) fn press_for_url(&self, page: &str, outcome: &str) -> String {
        let request = self.agent.post(page);
        let response = request.send_form([("outcome", outcome)]).unwrap();
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    pub(crate) fn result(&self) -> String {
        self.get("/result").1
    }

    /// The result page with a verdict; until there is one, the page reloads itself.
    pub(crate) fn verdict(&self) -> String {
        for _ in 0..250 {
            let text = self.result();
            if !text.contains("http-equiv=\"refresh\"") {
                return text;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("there is no verdict");
    }
}

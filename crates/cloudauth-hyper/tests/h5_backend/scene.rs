//! A service, a backend, people with browsers, and what both sides know in the end.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs, process, thread};

use cloudauth_hyper::ops::DescribeVerifySearchPageList;
use cloudauth_hyper::{Client, Credentials, Endpoints, Options, Proxies};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
use sqlx::{AnyPool, Row};
use tokio::runtime::Runtime;
use ureq::Agent;

use crate::dying::{Dying, Fuse};
use crate::h5_backend::{Backend, Settings, SqlLedger, router};

pub(crate) const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
pub(crate) const NAME: &str = "张三";
pub(crate) const NUMBER: &str = "330103199001011234";

type TestBackend = Backend<Dying<SqlLedger>>;

pub(crate) struct Scene {
    pub(crate) simulator: Simulator,
    pub(crate) url: String,
    address: String,
    folder: PathBuf,
    running: Option<(Runtime, Arc<TestBackend>)>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(Fuse::never())
    }

    /// The backend is killed when the fuse has burnt.
    pub(crate) fn with(fuse: Fuse) -> Self {
        static SCENES: AtomicU32 = AtomicU32::new(0);
        let turn = SCENES.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("h5-backend-{}-{turn}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        let mut scene = Self {
            simulator: Simulator::start().unwrap(),
            url: format!("http://{address}"),
            address,
            folder,
            running: None,
        };
        drop(free);
        let mut world = scene.simulator.world();
        world.route_callbacks("shop.example", &scene.url);
        drop(world);
        scene.start(fuse);
        scene
    }

    pub(crate) fn client(&self) -> Arc<Client> {
        let endpoint = self.simulator.url(Region::Shanghai).parse().unwrap();
        let options = Options::new()
            .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
            .endpoints(Endpoints::only(endpoint))
            .proxies(Proxies::none());
        Arc::new(Client::new(options).unwrap())
    }

    pub(crate) fn ledger_file(&self) -> PathBuf {
        self.folder.join("ledger.db")
    }

    pub(crate) async fn open_ledger(&self) -> SqlLedger {
        let url = format!("sqlite:{}?mode=rwc", self.ledger_file().display());
        SqlLedger::open(&url, self.client()).await.unwrap()
    }

    async fn backend(&self, fuse: Fuse) -> Arc<TestBackend> {
        let (client, ledger) = (self.client(), self.open_ledger().await);
        let settings = Settings {
            scene: 1_000_000_006,
            url: self.url.clone(),
            callback_url: "https://shop.example/callback".into(),
            is_simulated: true,
            patience: Settings::PATIENCE,
        };
        Backend::new(client, Dying(ledger, fuse), settings, SECRET).unwrap()
    }

    fn start(&mut self, fuse: Fuse) {
        let runtime = Runtime::new().unwrap();
        let backend = runtime.block_on(self.backend(fuse));
        let app = router(Arc::clone(&backend));
        let address = self.address.clone();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address));
        let listener = listener.unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        self.running = Some((runtime, backend));
    }

    /// Ends the backend wherever it is, and starts it again.
    pub(crate) fn restart(&mut self) {
        if let Some((runtime, _)) = self.running.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        self.start(Fuse::never());
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.running.as_ref().unwrap().0.block_on(future)
    }

    pub(crate) fn sweep(&self) {
        let (_, backend) = self.running.as_ref().unwrap();
        self.run(backend.sweep()).unwrap();
    }

    /// Two instances sweep at once.
    pub(crate) fn two_sweep(&self) {
        let (_, one) = self.running.as_ref().unwrap();
        self.run(async {
            let two = self.backend(Fuse::never()).await;
            let (one, two) = tokio::join!(one.sweep(), two.sweep());
            one.and(two).unwrap();
        });
    }

    /// For what is written in the ledger.
    pub(crate) fn an_hour_passes(&self) {
        self.sql(
            "update verification set opened = opened - 3600, claimed_until = claimed_until - 3600",
        );
    }

    /// Rows of texts.
    pub(crate) fn sql(&self, text: &str) -> Vec<Vec<String>> {
        self.run(async {
            let url = format!("sqlite:{}", self.ledger_file().display());
            let pool = AnyPool::connect(&url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&pool).await.unwrap();
            let texts = |row: &sqlx::any::AnyRow| (0..row.len()).map(|at| row.get(at)).collect();
            rows.iter().map(texts).collect()
        })
    }

    /// The one verification's state.
    pub(crate) fn state(&self) -> String {
        let rows = self.sql("select state from verification");
        assert_eq!(rows.len(), 1);
        rows[0][0].clone()
    }

    /// What came from outside, as `kind said`.
    pub(crate) fn hints(&self) -> BTreeSet<String> {
        let rows = self.sql("select kind, said from hint");
        rows.iter().map(|row| row.join(" ")).collect()
    }

    pub(crate) fn executed(&self, action: &str) -> usize {
        self.simulator.world().executions(action)
    }

    /// Waits until the service has called back.
    pub(crate) fn settle(&self) {
        while self.simulator.world().callbacks_to_come() > 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the backend makes of its own accord is waited for.
    pub(crate) fn wait_for_state(&self, state: &str) {
        for _ in 0..200 {
            if self.state() == state {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("waited in vain for {state}: {}", self.state());
    }

    /// Whether nobody deals with anything.
    pub(crate) fn is_idle(&self) -> bool {
        let now = self.simulator.now_unix();
        let busy = format!("select order_no from verification where claimed_until > {now}");
        self.sql(&busy).is_empty()
    }

    pub(crate) fn idle(&self) {
        for _ in 0..200 {
            if self.is_idle() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("something is claimed and not let go");
    }

    /// Every verification of the service is in the ledger, with its verdict, and erased if it has one;
    /// those of the ledger that the service does not have were never open.
    pub(crate) fn assert_both_know_the_same(&self) {
        self.idle();
        let question = DescribeVerifySearchPageList::new()
            .current_page("1")
            .page_size("100");
        let found = self.run(self.client().call(&question)).unwrap().value;
        assert!(found.items.len() < 100);
        let rows = self.sql(
            "select order_no, state, coalesce(certify_id, ''), sub_code, \
             case when erased = 1 then 'erased' else '' end from verification",
        );
        let mut ledger: BTreeMap<_, _> = rows.iter().map(|row| (row[0].as_str(), row)).collect();
        for order in &found.items {
            let row = ledger.remove(order.outer_order_no.as_deref().unwrap());
            let row = row.expect("it was written before it was opened");
            let passed = order.passed.as_deref();
            match row[1].as_str() {
                "passed" => assert_eq!(passed, Some("T")),
                "failed" => assert_eq!(passed, Some("F")),
                "lapsed" | "lost" => assert_eq!(passed, None),
                other => panic!("{other} is no end"),
            }
            assert_eq!(row[3], order.sub_code.clone().unwrap_or_default());
            assert_eq!(row[4] == "erased", passed.is_some());
            if row[1] != "lost" {
                assert_eq!(Some(row[2].as_str()), order.certify_id.as_deref());
            }
        }
        for row in ledger.values() {
            assert!(matches!(row[1].as_str(), "refused" | "lost"), "{row:?}");
        }
    }

    /// A browser that has seen the start page.
    pub(crate) fn browser(&self) -> Browser {
        let mut browser = Browser::new(&self.url);
        assert_eq!(browser.start(), 200);
        browser
    }
}

impl Drop for Scene {
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

    /// Goes to the start page, and keeps the cookie that it gets there.
    pub(crate) fn start(&mut self) -> u16 {
        let request = self.agent.get(format!("{}/", self.url));
        let reply = request.header("cookie", &self.cookie).call().unwrap();
        if let Some(cookie) = reply.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; SameSite=Lax; Path=/"));
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
        reply.status().as_u16()
    }

    /// The status, and the text or where it leads.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let request = self.agent.get(format!("{}{path}", self.url));
        let mut reply = request.header("cookie", &self.cookie).call().unwrap();
        let location = reply.headers().get("location");
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        let text = reply.body_mut().read_to_string().unwrap();
        (reply.status().as_u16(), location.unwrap_or(text))
    }

    /// Sends the form; the status, and where it leads.
    pub(crate) fn open(&self) -> (u16, String) {
        self.send(&[
            ("name", NAME),
            ("number", NUMBER),
            ("meta", "{}"),
            ("consent", "yes"),
        ])
    }

    pub(crate) fn send(&self, form: &[(&str, &str)]) -> (u16, String) {
        let request = self.agent.post(format!("{}/open", self.url));
        let request = request.header("cookie", &self.cookie);
        let reply = request.send_form(form.iter().copied()).unwrap();
        let location = reply.headers().get("location");
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        (reply.status().as_u16(), location.unwrap_or_default())
    }

    /// Does on the service's page what the person does; the way back to the backend.
    pub(crate) fn press(&self, page: &str, outcome: &str) -> String {
        let request = self.agent.post(page);
        let reply = request.send_form([("outcome", outcome)]).unwrap();
        let location = reply.headers()["location"].to_str().unwrap();
        location.strip_prefix(&self.url).unwrap().to_owned()
    }

    pub(crate) fn result(&self) -> String {
        self.get("/result").1
    }

    /// The result, when there is one: until then the page comes again by itself.
    pub(crate) fn verdict(&self) -> String {
        for _ in 0..100 {
            let text = self.result();
            if !text.contains("http-equiv=refresh") {
                return text;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("waited in vain for a verdict");
    }
}

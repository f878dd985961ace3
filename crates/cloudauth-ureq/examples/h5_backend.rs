//! The five steps of a verification in the browser: open it, send the browser away, be called back,
//! take the browser back, ask for the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINT=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-ureq --example h5_backend_blocking
//! ```
//!
//! Then <http://127.0.0.1:8080/>. Against the service: no `CLOUDAUTH_ENDPOINT`, `CLOUDAUTH_SCENE_ID`,
//! and `PUBLIC_URL`, the https URL under which the browser and the service reach this program. What
//! is known of verifications is kept in memory and lost with the program; a real backend keeps it,
//! or people who passed must do it again.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and the clock, and prints"
)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::SystemTime;

use cloudauth_ureq::ops::{CertifyId, DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::verify::{
    CallbackKey, IdentityCard, Model, Notice, OuterOrderNo, Returned, SceneId, Verified, Watch,
};
use cloudauth_ureq::{Client, Endpoints, Options, Sensitive, UnixTime};
use tiny_http::{Header, Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
    let var = |name: &str| std::env::var(name).ok();
    let mut options = Options::new();
    if let Some(endpoint) = var("CLOUDAUTH_ENDPOINT") {
        options = options.endpoints(Endpoints::only(endpoint.parse()?));
    }
    let scene = var("CLOUDAUTH_SCENE_ID").unwrap_or_else(|| "1000000006".into());
    let url = var("PUBLIC_URL").unwrap_or_else(|| "http://127.0.0.1:8080".into());
    let client = Client::new(options)?;
    let key = CallbackKey::new(client.entropy().nonce().as_str().as_bytes())?;
    println!("{url}");
    let backend = Backend::new(client, scene.parse()?, url, key);
    serve(&Arc::new(Server::http("127.0.0.1:8080")?), &backend);
    Ok(())
}

/// Answers requests on eight threads: a call to the service blocks the one that it is made on.
pub(crate) fn serve(server: &Arc<Server>, backend: &Arc<Backend>) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    let _ = backend.answer(request); // who asked may be gone
                }
            });
        }
    });
}

type Page = Response<Cursor<Vec<u8>>>;

/// What a browser session has come to.
#[derive(Clone)]
enum Visit {
    /// The service is being asked.
    Opening,
    /// The person is away, at the page of this verification.
    Away(OuterOrderNo, CertifyId, Sensitive),
    /// The verdict.
    Over(bool),
}

/// The backend: a client, and the visits by the cookie of their browsers.
pub(crate) struct Backend {
    client: Client,
    scene: i64,
    url: String,
    key: CallbackKey,
    visits: Mutex<HashMap<String, Visit>>,
}

impl Backend {
    pub(crate) fn new(client: Client, scene: i64, url: String, key: CallbackKey) -> Arc<Self> {
        let visits = Mutex::default();
        Arc::new(Self {
            client,
            scene,
            url,
            key,
            visits,
        })
    }

    pub(crate) fn answer(self: &Arc<Self>, mut request: Request) -> io::Result<()> {
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let session = session(&request);
        let page = match (request.method(), path, &session) {
            (Method::Get, "/", session) => self.start(session.as_deref()),
            (Method::Get, "/callback", _) => self.called_back(query),
            (Method::Post, "/open", Some(session)) => {
                let mut form = String::new();
                request
                    .as_reader()
                    .take(64 << 10)
                    .read_to_string(&mut form)?;
                self.open(session, &form)
            }
            (Method::Get, "/back", Some(session)) => self.came_back(session, query),
            (Method::Get, "/result", Some(session)) => self.result(session),
            _ => html(404, "There is nothing here. <a href=/>Start</a>"),
        };
        request.respond(page)
    }

    /// Before step 1: who is it? A visit that did not pass begins again, as another one.
    fn start(&self, session: Option<&str>) -> Page {
        if let Some(Visit::Opening | Visit::Away(..) | Visit::Over(true)) =
            session.and_then(|session| self.visit(session))
        {
            return see("/result");
        }
        let session = self.client.entropy().nonce().as_str().to_owned();
        let secure = if self.url.starts_with("https:") {
            "; Secure"
        } else {
            ""
        };
        let cookie = format!("visit={session}; HttpOnly; SameSite=Lax; Path=/{secure}");
        with(html(200, START), "Set-Cookie", &cookie)
    }

    /// Steps 1 and 2: opens the verification once, however often the form is sent.
    fn open(self: &Arc<Self>, session: &str, form: &str) -> Page {
        let form: HashMap<_, _> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| {
            form.get(name)
                .map(|it| it.trim())
                .filter(|it| !it.is_empty())
        };
        let (Some(name), Some(number), Some(meta), Some("yes")) = (
            field("name"),
            field("number"),
            field("meta"),
            field("consent"),
        ) else {
            return html(
                400,
                "Name, number and consent are needed. <a href=/>Again</a>",
            );
        };
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        match self.visits().entry(session.to_owned()) {
            Entry::Vacant(visit) => visit.insert(Visit::Opening),
            Entry::Occupied(visit) => {
                return match visit.get() {
                    Visit::Away(_, _, page) => see(page.expose()),
                    Visit::Opening | Visit::Over(_) => see("/result"),
                };
            }
        };
        let card = IdentityCard {
            name: name.into(),
            number: number.into(),
        };
        let (scene, back) = (SceneId(self.scene), format!("{}/back", self.url));
        let mut init =
            InitFaceVerify::id_pro(scene, order.clone(), Model::MoveAction, card, back, meta);
        if self.url.starts_with("https:") {
            let expires = UnixTime::from_seconds(now().seconds() + 3_600);
            init = init.callback_url(format!("{}/callback", self.url));
            init = init.callback_token(self.key.token(&order, expires).expose());
        }
        let opened = self.client.call(&init).map(|reply| reply.value);
        let opened = opened.inspect_err(|error| eprintln!("{error}")).ok();
        let Some((id, page)) = opened.and_then(|it| Some((it.certify_id, it.certify_url?))) else {
            // It may be open all the same; nobody has its page, so it comes to nothing.
            self.visits().remove(session);
            return html(502, "That did not work. <a href=/>Again</a>");
        };
        let visit = Visit::Away(order, id.clone(), page.clone());
        self.visits().insert(session.to_owned(), visit);
        let (backend, session) = (Arc::clone(self), session.to_owned());
        thread::spawn(move || {
            backend.ask(&session, Watch::new(backend.question(id)));
            // Who did not finish within the half hour begins again.
            let is_away = |visit: &Visit| matches!(visit, Visit::Away(..));
            backend
                .visits()
                .retain(|other, visit| *other != session || !is_away(visit));
        });
        see(page.expose())
    }

    /// Step 3: a hint to ask now. Whoever sends it, the verdict is the service's.
    fn called_back(self: &Arc<Self>, query: &str) -> Page {
        let Ok(notice) = Notice::parse(query) else {
            return html(400, "This is no callback.");
        };
        let Ok(order) = self.key.check(&notice, now()) else {
            return html(403, "This callback is not the service's.");
        };
        let is_it = |visit: &Visit| {
            matches!(visit, Visit::Away(own, id, _)
                if *own == order && id.as_str() == notice.certify_id().as_str())
        };
        let visits = self.visits();
        if let Some((session, _)) = visits.iter().find(|(_, visit)| is_it(visit)) {
            // Answered first: the service waits for three seconds.
            let (backend, session) = (Arc::clone(self), session.clone());
            thread::spawn(move || backend.ask_once(&session));
        }
        html(200, "Thank you.")
    }

    /// Step 4: a hint, too. What the browser brings is not believed; whose it is tells the cookie.
    fn came_back(&self, session: &str, query: &str) -> Page {
        if let Some(Visit::Away(_, _, page)) = self.visit(session)
            && Returned::parse(query).is_ok_and(|it| !it.has_finished())
        {
            let again = format!(
                "You have not finished. <a href=\"{}\">Go on</a>",
                escape(page.expose())
            );
            return html(200, &again);
        }
        see("/result")
    }

    /// Step 5: the verdict on this session's verification, and on no other.
    fn result(&self, session: &str) -> Page {
        self.ask_once(session);
        match self.visit(session) {
            Some(Visit::Over(true)) => html(200, "<b>Passed.</b>"),
            Some(Visit::Over(false)) => html(200, "<b>Not passed.</b> <a href=/>Again</a>"),
            Some(Visit::Away(_, _, page)) => html(
                200,
                &format!("{WAIT} <a href=\"{}\">Go on</a>", escape(page.expose())),
            ),
            Some(Visit::Opening) => html(200, WAIT),
            None => see("/"),
        }
    }

    fn question(&self, id: CertifyId) -> DescribeFaceVerify {
        DescribeFaceVerify::new(self.scene, id)
    }

    fn ask_once(&self, session: &str) {
        if let Some(Visit::Away(_, id, _)) = self.visit(session) {
            self.ask(session, Watch::once(self.question(id)));
        }
    }

    /// Asks, and keeps the verdict if there is one.
    fn ask(&self, session: &str, watch: Watch) {
        match self.client.run(watch) {
            Ok(Some(verified)) => self.keep(session, &verified),
            Ok(None) => {} // not yet, or never
            Err(error) => eprintln!("{error}"),
        }
    }

    fn keep(&self, session: &str, verified: &Verified) {
        let mut visits = self.visits();
        if let Some(visit) = visits.get_mut(session)
            && matches!(visit, Visit::Away(_, id, _) if id == verified.certify_id())
        {
            *visit = Visit::Over(verified.has_passed());
        }
    }

    fn visit(&self, session: &str) -> Option<Visit> {
        self.visits().get(session).cloned()
    }

    fn visits(&self) -> MutexGuard<'_, HashMap<String, Visit>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The browser's session, from its cookie.
fn session(request: &Request) -> Option<String> {
    let cookies = request
        .headers()
        .iter()
        .filter(|it| it.field.equiv("Cookie"));
    let mut cookies = cookies.flat_map(|it| it.value.as_str().split("; "));
    cookies
        .find_map(|it| it.strip_prefix("visit="))
        .map(ToOwned::to_owned)
}

fn html(status: u16, text: &str) -> Page {
    let head = "<!doctype html><meta name=viewport content=\"width=device-width\">";
    let page = Response::from_string(format!("{head}{text}")).with_status_code(status);
    let page = with(page, "Content-Type", "text/html; charset=utf-8");
    with(page, "Cache-Control", "no-store")
}

fn see(url: &str) -> Page {
    with(html(303, ""), "Location", url)
}

fn with(page: Page, name: &str, value: &str) -> Page {
    match Header::from_bytes(name, value) {
        Ok(header) => page.with_header(header),
        Err(()) => page.with_status_code(500),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

fn now() -> UnixTime {
    SystemTime::now().into()
}

const WAIT: &str = "<meta http-equiv=refresh content=3>There is no verdict yet.";

/// The vendor's script makes `MetaInfo` in the person's browser; the simulator takes any JSON.
const START: &str = r#"
<title>Who are you? / 实人认证</title>
<form method=post action=/open autocomplete=off>
<p><label>Name / 姓名 <input name=name required></label>
<p><label>ID number / 身份证号 <input name=number required></label>
<p><label><input type=checkbox name=consent value=yes required>
My face may be compared with my ID photo / 同意进行人脸核验</label>
<input type=hidden name=meta value="{}">
<p><button>Go on / 下一步</button>
</form>
<script src="https://o.alicdn.com/yd-cloudauth/cloudauth-cdn/jsvm_all.js"></script>
<script>
if (window.getMetaInfo) document.forms[0].meta.value = JSON.stringify(getMetaInfo());
</script>
"#;

//! The five steps of a verification in the browser: open it, send the browser to its page, receive the
//! callback, receive the redirected browser, query the verdict.
//!
//! ```text
//! cloudauth sim                                    # prints the key to export, in another terminal
//! CLOUDAUTH_ENDPOINT=http://127.0.0.1:8731 \
//!     cargo run -p cloudauth-ureq --example h5_backend_blocking
//! ```
//!
//! Then open <http://127.0.0.1:8080/>. To use the service instead of the simulator, leave
//! `CLOUDAUTH_ENDPOINT` unset, and set `CLOUDAUTH_SCENE_ID` and `PUBLIC_URL`, the https URL at which the
//! browser and the service reach this program. Verifications are kept in memory and lost when the program
//! ends; a real backend stores them, or people who passed must verify again.
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

use cloudauth_ureq::CertifyId;
use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::verify::{
    Callback, CallbackKey, IdNumber, IdentityCard, Model, OuterOrderNo, PollVerdict, Redirect,
    SceneId, Verdict, clean_text,
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

/// Serves requests on eight threads, because a call to the service blocks its thread.
pub(crate) fn serve(server: &Arc<Server>, backend: &Arc<Backend>) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    let _ = backend.handle(request); // the browser may have disconnected
                }
            });
        }
    });
}

type Page = Response<Cursor<Vec<u8>>>;

/// The state of a visit: one browser session, with at most one verification.
#[derive(Clone)]
enum Visit {
    /// The service is being called.
    Opening,
    /// The verification is open, at the page with this URL.
    Open(OuterOrderNo, CertifyId, Sensitive),
    /// There is a verdict; `true` if the person passed.
    Finished(bool),
}

/// The backend: a client, and the visits by the browsers' cookies.
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

    pub(crate) fn handle(self: &Arc<Self>, mut request: Request) -> io::Result<()> {
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let session = session(&request);
        let page = match (request.method(), path, &session) {
            (Method::Get, "/", session) => self.start(session.as_deref()),
            (Method::Get, "/callback", _) => self.callback(query),
            (Method::Post, "/open", Some(session)) => {
                let mut form = String::new();
                request
                    .as_reader()
                    .take(64 << 10)
                    .read_to_string(&mut form)?;
                self.open(session, &form)
            }
            (Method::Get, "/back", Some(session)) => self.redirected(session, query),
            (Method::Get, "/result", Some(session)) => self.result(session),
            _ => html(404, "Page not found. <a href=/>Start</a>"),
        };
        request.respond(page)
    }

    /// Before step 1: the form. A visit that has not passed starts again, with a new cookie.
    fn start(&self, session: Option<&str>) -> Page {
        if let Some(Visit::Opening | Visit::Open(..) | Visit::Finished(true)) =
            session.and_then(|session| self.visit(session))
        {
            return redirect("/result");
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

    /// Steps 1 and 2: opens one verification per visit, however often the form is sent.
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
                "Please enter your name and ID number and give your consent. <a href=/>Back</a>",
            );
        };
        // A mistyped number would be billed, and so would a name with a character that nobody sees.
        let (Ok(name), Ok(number)) = (clean_text(name), IdNumber::new(number)) else {
            return html(
                400,
                "Please check your name and ID number. <a href=/>Back</a>",
            );
        };
        let order = OuterOrderNo::generate(&mut self.client.entropy());
        match self.visits().entry(session.to_owned()) {
            Entry::Vacant(visit) => visit.insert(Visit::Opening),
            Entry::Occupied(visit) => {
                return match visit.get() {
                    Visit::Open(_, _, page) => redirect(page.expose()),
                    Visit::Opening | Visit::Finished(_) => redirect("/result"),
                };
            }
        };
        let card = IdentityCard {
            name: name.into(),
            number: number.into(),
        };
        let (scene, back) = (SceneId(self.scene), format!("{}/back", self.url));
        let mut init = InitFaceVerify::id_pro_h5(scene, order.clone(), card, back, meta)
            .model(Model::MoveAction);
        if self.url.starts_with("https:") {
            let expires = UnixTime::from_seconds(now().seconds() + 3_600);
            init = init.callback_url(format!("{}/callback", self.url));
            init = init.callback_token(self.key.token(&order, expires).expose());
        }
        let opened = self.client.call(&init).map(|reply| reply.value);
        let opened = opened.inspect_err(|error| eprintln!("{error}")).ok();
        let Some((id, page)) = opened.and_then(|it| Some((it.certify_id, it.certify_url?))) else {
            // It may be open nevertheless, but nobody has the URL of its page, so it will expire.
            self.visits().remove(session);
            return html(
                502,
                "Verification could not be started. <a href=/>Try again</a>",
            );
        };
        let visit = Visit::Open(order, id.clone(), page.clone());
        self.visits().insert(session.to_owned(), visit);
        let (backend, session) = (Arc::clone(self), session.to_owned());
        thread::spawn(move || {
            backend.poll(&session, PollVerdict::new(backend.query(id)));
            // Without a verdict within half an hour the verification has expired.
            let is_open = |visit: &Visit| matches!(visit, Visit::Open(..));
            backend
                .visits()
                .retain(|other, visit| *other != session || !is_open(visit));
        });
        redirect(page.expose())
    }

    /// Step 3: a hint to query the verdict now. It is not trusted: the verdict is what the query returns.
    fn callback(self: &Arc<Self>, query: &str) -> Page {
        let Ok(callback) = Callback::parse(query) else {
            return html(400, "This is not a valid callback.");
        };
        let Ok(order) = self.key.check(&callback, now()) else {
            return html(403, "The callback token is not valid.");
        };
        let is_it = |visit: &Visit| {
            matches!(visit, Visit::Open(own, id, _)
                if *own == order && id.as_str() == callback.certify_id().as_str())
        };
        let visits = self.visits();
        if let Some((session, _)) = visits.iter().find(|(_, visit)| is_it(visit)) {
            // On another thread: the service waits three seconds for the response.
            let (backend, session) = (Arc::clone(self), session.clone());
            thread::spawn(move || backend.poll_once(&session));
        }
        html(200, "OK")
    }

    /// Step 4: also a hint. The query string is not trusted, and the cookie identifies the visit.
    fn redirected(&self, session: &str, query: &str) -> Page {
        if let Some(Visit::Open(_, _, page)) = self.visit(session)
            && Redirect::parse(query).is_ok_and(|it| !it.has_finished())
        {
            let page = format!(
                "Your verification is not finished. <a href=\"{}\">Continue</a>",
                escape(page.expose())
            );
            return html(200, &page);
        }
        redirect("/result")
    }

    /// Step 5: the verdict on the verification of this visit, and on no other.
    fn result(&self, session: &str) -> Page {
        self.poll_once(session);
        match self.visit(session) {
            Some(Visit::Finished(true)) => html(200, "<b>Passed.</b>"),
            Some(Visit::Finished(false)) => html(200, "<b>Not passed.</b> <a href=/>Try again</a>"),
            Some(Visit::Open(_, _, page)) => html(
                200,
                &format!("{WAIT} <a href=\"{}\">Continue</a>", escape(page.expose())),
            ),
            Some(Visit::Opening) => html(200, WAIT),
            None => redirect("/"),
        }
    }

    fn query(&self, id: CertifyId) -> DescribeFaceVerify {
        DescribeFaceVerify::new(self.scene, id)
    }

    fn poll_once(&self, session: &str) {
        if let Some(Visit::Open(_, id, _)) = self.visit(session) {
            self.poll(session, PollVerdict::once(self.query(id)));
        }
    }

    /// Queries the verdict, once or repeatedly, and stores it if there is one.
    fn poll(&self, session: &str, poll: PollVerdict) {
        match self.client.run(poll) {
            Ok(Some(verdict)) => self.store(session, &verdict),
            Ok(None) => {} // no verdict yet
            Err(error) => eprintln!("{error}"),
        }
    }

    fn store(&self, session: &str, verdict: &Verdict) {
        let mut visits = self.visits();
        if let Some(visit) = visits.get_mut(session)
            && matches!(visit, Visit::Open(_, id, _) if id == verdict.reply().certify_id())
        {
            *visit = Visit::Finished(matches!(verdict, Verdict::Passed(_)));
        }
    }

    fn visit(&self, session: &str) -> Option<Visit> {
        self.visits().get(session).cloned()
    }

    fn visits(&self) -> MutexGuard<'_, HashMap<String, Visit>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of the browser's cookie.
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

fn redirect(url: &str) -> Page {
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

const WAIT: &str = "<meta http-equiv=refresh content=3>There is no result yet.";

/// The vendor's script generates `MetaInfo` in the browser; the simulator accepts any JSON.
const START: &str = r#"
<title>Identity verification / 实人认证</title>
<form method=post action=/open autocomplete=off>
<p><label>Name / 姓名 <input name=name required></label>
<p><label>ID number / 身份证号 <input name=number required></label>
<p><label><input type=checkbox name=consent value=yes required>
I agree to the comparison of my face with my ID photo / 我同意将我的人脸与身份证照片比对</label>
<input type=hidden name=meta value="{}">
<p><button>Continue / 下一步</button>
</form>
<script src="https://o.alicdn.com/yd-cloudauth/cloudauth-cdn/jsvm_all.js"></script>
<script>
if (window.getMetaInfo) document.forms[0].meta.value = JSON.stringify(getMetaInfo());
</script>
"#;

//! A minimal shop that verifies its customers: a start page, a callback, a return page.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::{Client, Credentials, Endpoints, Options};

const SCENE_ID: i64 = 1_000_000_006;

/// The head of the shop's pages.
const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title>\
    <meta name=viewport content='width=device-width'><link rel=icon href='data:,'>";

/// https, as the service requires; the simulator delivers callbacks to the shop.
const CALLBACK_URL: &str = "https://shop.example/called";

pub(crate) struct Shop {
    pub(crate) url: String,
    pub(crate) simulator: Simulator,
    client: Arc<Client>,
    called: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let simulator = Simulator::start().unwrap();
        let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
        let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
        let options = Options::new()
            .credentials(key)
            .endpoints(Endpoints::only(endpoint));
        let client = Arc::new(Client::new(options).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        simulator.world().route_callbacks("shop.example", &url);
        let called = Arc::default();
        let shop = Self {
            url,
            simulator,
            client,
            called,
        };
        let server = Arc::new(ShopServer {
            url: shop.url.clone(),
            port,
            client: Arc::clone(&shop.client),
            called: Arc::clone(&shop.called),
        });
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = Arc::clone(&server);
                // A thread each, because browsers open connections in advance and send nothing.
                thread::spawn(move || server.serve(stream));
            }
        });
        shop
    }

    /// Opens a verification: its certify ID and URL.
    pub(crate) fn opened(&self, return_url: &str) -> (String, String) {
        open(&self.client, return_url)
    }

    /// `Passed` and `SubCode`, or the error code if there is no verdict.
    pub(crate) fn verdict(&self, certify_id: &str) -> Result<(bool, String), String> {
        match self
            .client
            .call(&DescribeFaceVerify::new(SCENE_ID, certify_id))
        {
            Ok(reply) => Ok((reply.value.has_passed(), reply.value.sub_code.unwrap())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits for outstanding callbacks. Returns the query strings of all callbacks.
    pub(crate) fn called(&self) -> Vec<String> {
        while self.simulator.world().pending_callbacks() > 0 {
            thread::sleep(core::time::Duration::from_millis(20));
        }
        self.called.lock().unwrap().clone()
    }
}

fn open(client: &Client, return_url: &str) -> (String, String) {
    let order = InitFaceVerify::new(SCENE_ID, "order1", "ID_PRO")
        .model("LIVENESS")
        .cert_type("IDENTITY_CARD")
        .cert_name("张三")
        .cert_no("330103199001011230")
        .meta_info(r#"{"deviceType":"h5"}"#)
        .callback_url(CALLBACK_URL)
        .callback_token("secret")
        .return_url(return_url);
    let opened = client.call(&order).unwrap().value;
    let url = opened.certify_url.unwrap();
    (
        opened.certify_id.as_str().to_owned(),
        url.expose().to_string(),
    )
}

/// The HTTP server of the shop.
struct ShopServer {
    url: String,
    port: u16,
    client: Arc<Client>,
    called: Arc<Mutex<Vec<String>>>,
}

impl ShopServer {
    fn serve(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let Some(first) = lines.next() else {
            return;
        };
        let _ = lines.take_while(|line| !line.is_empty()).count();
        let target = first.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let response = match path {
            "/" => page("<h1>Shop</h1><p><a class=start href=/start>Verify me</a>"),
            "/start" => redirect(&open(&self.client, &format!("{}/back?a=1", self.url)).1),
            // Redirects to another origin, as shops with a login do.
            "/back" => redirect(&format!("http://localhost:{}/done?{query}", self.port)),
            "/done" => page("<h1>Welcome back</h1>"),
            "/frame" => {
                let (id, url) = open(&self.client, "iframe");
                page(&format!(
                    "<h1>Shop</h1><script>onmessage = (event) => window.received = event</script>\
                     <iframe id={id} src='{url}' width=380 height=700></iframe>"
                ))
            }
            "/called" => {
                self.called.lock().unwrap().push(query.to_owned());
                page("")
            }
            _ => "HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        let _ = stream.write_all(response.as_bytes());
    }
}

fn page(body: &str) -> String {
    let text = format!("{HEAD}{body}");
    let length = text.len();
    format!("HTTP/1.1 200 X\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{text}")
}

fn redirect(url: &str) -> String {
    format!("HTTP/1.1 303 X\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n")
}

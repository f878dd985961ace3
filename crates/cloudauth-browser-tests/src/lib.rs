//! A browser for tests: headless Chromium, driven over the DevTools protocol.
//!
//! The browser resolves no host name except `localhost`. Every failure is a panic that names what was waited for. The
//! tests are in `tests/`. They are ignored by default, because not every machine has Chromium:
//!
//! ```sh
//! cargo test -p cloudauth-browser-tests -- --ignored
//! ```
//!
//! ```no_run
//! use cloudauth_browser_tests::{Chromium, Size};
//!
//! let chromium = Chromium::start();
//! let tab = chromium.tab(Size::PHONE, "en");
//! tab.go("http://127.0.0.1:8080/");
//! tab.press("button.pass");
//! tab.wait_for("document.title == 'Done'");
//! tab.screenshot("done.png");
//! assert_eq!(tab.audit(), [String::new(); 0]);
//! ```
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this crate is only used in tests, where a panic is the failure"
)]

mod pipe;
mod tab;

use core::cell::RefCell;
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

use serde_json::json;

use crate::pipe::Pipe;
pub use crate::tab::{Size, Tab};

/// Program names of Chromium.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Loopback only, no sound, no background traffic. No sandbox, because it loads only pages of this project and most
/// containers do not permit one.
const ARGUMENTS: [&str; 15] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/// Connects file descriptors 3 and 4, which Chromium reads and writes, to the pipes of this process.
const ON_3_AND_4: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// A running browser, closed when dropped.
pub struct Chromium {
    child: Child,
    pipe: RefCell<Pipe>,
    profile: PathBuf,
}

impl Chromium {
    /// Starts the first Chromium found in `PATH`.
    #[must_use]
    pub fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let program = NAMES
            .into_iter()
            .find(|name| is_installed(name))
            .expect("Chromium is not installed: on Debian, `apt-get install chromium`");
        let turn = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("cloudauth-browser-{}-{turn}", process::id());
        let profile = env::temp_dir().join(name);
        let mut child = Command::new("sh")
            .args(["-c", ON_3_AND_4, "sh", program])
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`sh` can be started");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let pipe = Pipe::new(
            input.expect("stdin is piped"),
            output.expect("stdout is piped"),
        );
        Self {
            child,
            pipe: RefCell::new(pipe),
            profile,
        }
    }

    /// Opens a tab with cookies of its own and this `Accept-Language`.
    #[must_use]
    pub fn tab(&self, size: Size, language: &str) -> Tab<'_> {
        Tab::open(&self.pipe, size, language)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser may have exited already.
        self.pipe.borrow_mut().notify("Browser.close", &json!({}));
        if !self.pipe.borrow().is_closed_soon() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

impl fmt::Debug for Chromium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chromium")
            .field("pid", &self.child.id())
            .finish_non_exhaustive()
    }
}

fn is_installed(name: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", name])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

//! A real browser for tests: Debian's Chromium without a window, driven over the DevTools protocol.
//!
//! It sees this machine only: every other host name is unknown to it. What goes wrong is a panic that says what was
//! waited for. The walks are in `tests/`; they are ignored where nobody asks for them, because not every machine has
//! Chromium:
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
//! assert_eq!(tab.complaints(), [String::new(); 0]);
//! ```
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "all of this is a test: one that cannot go on should say where"
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

/// Names under which Chromium is installed.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Nothing but loopback, no sound, no talk with its makers. Without a sandbox, because it is given our own pages only
/// and containers seldom let it have one.
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

/// Chromium listens on descriptor 3 and speaks on 4; this gives it our pipes there.
const ON_3_AND_4: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// A running browser; it ends when dropped.
pub struct Chromium {
    child: Child,
    pipe: RefCell<Pipe>,
    profile: PathBuf,
}

impl Chromium {
    /// Starts the first Chromium of the search path.
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
            .expect("a shell starts");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let pipe = Pipe::new(
            input.expect("it was asked for"),
            output.expect("it was asked for"),
        );
        Self {
            child,
            pipe: RefCell::new(pipe),
            profile,
        }
    }

    /// Opens a tab with cookies of its own, in this language.
    #[must_use]
    pub fn tab(&self, size: Size, language: &str) -> Tab<'_> {
        Tab::open(&self.pipe, size, language)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may be gone already.
        self.pipe.borrow_mut().tell("Browser.close", &json!({}));
        if !self.pipe.borrow().ends() {
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

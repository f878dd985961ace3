//! A tab, with touch or mouse input and a keyboard.

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::thread::sleep;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::pipe::Pipe;

/// A script that lists accessibility problems of the page.
const AUDIT: &str = include_str!("audit.js");

/// Interval at which conditions are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Number of checks before a condition counts as failed.
const MAX_CHECKS: u32 = 400;

/// A screen size.
#[expect(
    clippy::exhaustive_structs,
    reason = "tests may define sizes of their own"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Whether input is by touch.
    pub is_phone: bool,
}

impl Size {
    /// A phone in portrait orientation.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        is_phone: true,
    };

    /// The narrowest phone still in use.
    pub const SMALL_PHONE: Self = Self {
        width: 320,
        height: 568,
        is_phone: true,
    };

    /// A laptop.
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 800,
        is_phone: false,
    };
}

/// A tab in a browser context of its own, without cookies and history.
pub struct Tab<'a> {
    pipe: &'a RefCell<Pipe>,
    session: String,
    is_phone: bool,
}

impl<'a> Tab<'a> {
    pub(crate) fn open(pipe: &'a RefCell<Pipe>, size: Size, language: &str) -> Self {
        let context = pipe
            .borrow_mut()
            .call("Target.createBrowserContext", &json!({}));
        let params = json!({
            "url": "about:blank",
            "browserContextId": context["browserContextId"],
        });
        let target = pipe.borrow_mut().call("Target.createTarget", &params);
        let params = json!({ "targetId": target["targetId"], "flatten": true });
        let session = pipe.borrow_mut().call("Target.attachToTarget", &params);
        let session = session["sessionId"].as_str().expect("a session has an ID");
        let tab = Self {
            pipe,
            session: session.to_owned(),
            is_phone: size.is_phone,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        let headers = json!({ "Accept-Language": language });
        tab.call(
            "Network.setExtraHTTPHeaders",
            &json!({ "headers": headers }),
        );
        let (width, height) = (size.width, size.height);
        let mobile = size.is_phone;
        let scale = if mobile { 2 } else { 1 };
        tab.call("Emulation.setDeviceMetricsOverride", &json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile }),
        );
        tab.call(
            "Emulation.setTouchEmulationEnabled",
            &json!({ "enabled": mobile }),
        );
        tab
    }

    /// Emulates a preference for dark or light colours.
    pub fn set_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        );
    }

    /// Navigates to a page and waits until it has loaded.
    pub fn go(&self, url: &str) {
        let result = self.call("Page.navigate", &json!({ "url": url }));
        assert_eq!(result.get("errorText"), None, "{url}");
        self.settle();
    }

    /// Waits until the page has loaded.
    pub fn settle(&self) {
        self.wait_for("document.readyState == 'complete'");
    }

    /// Goes back in the history, as the browser's back button does.
    pub fn back(&self) {
        let history = self.call("Page.getNavigationHistory", &json!({}));
        let now = history["currentIndex"]
            .as_u64()
            .expect("the index is a number");
        let at = usize::try_from(now).ok().and_then(|now| now.checked_sub(1));
        let entry = &history["entries"][at.expect("there is an earlier page")]["id"];
        self.call("Page.navigateToHistoryEntry", &json!({ "entryId": entry }));
    }

    /// The URL of the page.
    #[must_use]
    pub fn url(&self) -> String {
        let url = self.value_of("location.href");
        url.as_str().expect("a URL is a string").to_owned()
    }

    /// The visible text of the page.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.value_of("document.body.innerText");
        text.as_str().expect("the text is a string").to_owned()
    }

    /// The value of a JavaScript expression.
    #[must_use]
    pub fn value_of(&self, expression: &str) -> Value {
        self.try_value_of(expression)
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn try_value_of(&self, expression: &str) -> Result<Value, Value> {
        let params = json!({
            "expression": expression,
            "returnByValue": true,
            "awaitPromise": true,
        });
        let mut pipe = self.pipe.borrow_mut();
        let mut result = pipe.query_in(&self.session, "Runtime.evaluate", &params)?;
        match result.get_mut("exceptionDetails") {
            Some(details) => Err(details.take()),
            None => Ok(result["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true, across page loads.
    pub fn wait_for(&self, expression: &str) {
        for _ in 0..MAX_CHECKS {
            // An error means that the page is being replaced.
            if self.try_value_of(expression) == Ok(Value::Bool(true)) {
                return;
            }
            sleep(CHECK_INTERVAL);
        }
        panic!("{expression} has not become true at {}", self.url());
    }

    /// Taps or clicks the middle of an element, which must not be covered.
    pub fn press(&self, selector: &str) {
        let (x, y) = self.middle_of(selector);
        self.press_at(x, y);
    }

    /// Taps or clicks twice at once.
    pub fn press_twice(&self, selector: &str) {
        let (x, y) = self.middle_of(selector);
        self.press_at(x, y);
        self.press_at(x, y);
    }

    fn middle_of(&self, selector: &str) -> (f64, f64) {
        let selector = Value::from(selector);
        let found = self.value_of(&format!(
            "(() => {{
                const it = document.querySelector({selector});
                if (!it) return null;
                it.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = it.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const top = document.elementFromPoint(x, y);
                return it.contains(top) || top?.contains(it) ? [x, y] : null;
            }})()"
        ));
        let at = |axis: usize| found[axis].as_f64();
        let middle = at(0).zip(at(1));
        middle.unwrap_or_else(|| panic!("{selector} is missing or covered at {}", self.url()))
    }

    fn press_at(&self, x: f64, y: f64) {
        if self.is_phone {
            let method = "Input.dispatchTouchEvent";
            let points = json!([{ "x": x, "y": y }]);
            self.call(
                method,
                &json!({ "type": "touchStart", "touchPoints": points }),
            );
            self.call(method, &json!({ "type": "touchEnd", "touchPoints": [] }));
            return;
        }
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &params);
        }
    }

    /// Presses a key: `Tab`, `Enter`, or a character.
    pub fn key(&self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            other => (0, other),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                params["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Types into an input.
    pub fn type_into(&self, selector: &str, text: &str) {
        self.press(selector);
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Selects a value of a list by script, because the system, not the page, draws the open list.
    pub fn choose(&self, selector: &str, value: &str) {
        let (selector, value) = (Value::from(selector), Value::from(value));
        let chosen = self.value_of(&format!(
            "(() => {{
                const list = document.querySelector({selector});
                list.value = {value};
                list.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return list.value;
            }})()"
        ));
        assert_eq!(chosen, value, "{selector}");
    }

    /// Writes a PNG of the whole page.
    pub fn screenshot(&self, path: impl AsRef<Path>) {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", &params);
        let picture = picture["data"].as_str().expect("a picture is a string");
        let picture = STANDARD.decode(picture).expect("a picture is base64");
        fs::write(path, picture).expect("a picture can be written");
    }

    /// Accessibility problems of the page: low contrast, small targets, controls without a label, horizontal
    /// scrolling, no language, title or heading.
    #[must_use]
    pub fn audit(&self) -> Vec<String> {
        strings(&self.value_of(AUDIT))
    }

    /// Errors that the browser reported since the tab was opened: exceptions, blocked content, dialogs, failed loads.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let pipe = self.pipe.borrow();
        let errors = pipe.events_in(&self.session).filter_map(|event| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
                "Log.entryAdded" if params["entry"]["level"] == "error" => {
                    Some(params["entry"].to_string())
                }
                "Runtime.consoleAPICalled" if params["type"] == "error" => Some(params.to_string()),
                "Page.javascriptDialogOpening" => Some(params.to_string()),
                _ => None,
            }
        });
        errors.collect()
    }

    /// The URLs of all requests since the tab was opened.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let pipe = self.pipe.borrow();
        let sent = pipe
            .events_in(&self.session)
            .filter(|event| event["method"] == "Network.requestWillBeSent");
        let urls = sent.map(|event| event["params"]["request"]["url"].as_str());
        urls.flatten().map(str::to_owned).collect()
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        let mut pipe = self.pipe.borrow_mut();
        pipe.call_in(&self.session, method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}

impl fmt::Debug for Tab<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tab").finish_non_exhaustive()
    }
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

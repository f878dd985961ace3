//! The HTML pages. No user input is shown, and maud escapes what is inserted.

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY,
};
use hyper::{Response, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// Used with a simulator instead of what the vendor's script collects about the device.
const SIMULATED_META_INFO: &str = r#"{"deviceType":"h5","simulated":true}"#;

/// The vendor's script, which generates `MetaInfo` in the browser.
const SCRIPT: &str = "https://o.alicdn.com/yd-cloudauth/cloudauth-cdn/jsvm_all.js";

const SET_META_INFO: &str =
    "if (window.getMetaInfo) document.forms[0].meta.value = JSON.stringify(getMetaInfo());";

/// The form, with a new cookie.
pub(crate) fn start<B: From<String>>(is_simulated: bool, cookie: &str) -> Response<B> {
    let meta = if is_simulated {
        SIMULATED_META_INFO
    } else {
        ""
    };
    let form = html! {
        form method="post" action="/open" autocomplete="off" {
            label for="name" { "姓名 " small lang="en" { "Name" } }
            input id="name" name="name" required maxlength="50";
            label for="number" { "身份证号 " small lang="en" { "ID number" } }
            input id="number" name="number" required maxlength="18" autocapitalize="characters"
                spellcheck="false";
            label class="tick" {
                input type="checkbox" name="consent" value="yes" required;
                span {
                    "我同意采集我的人脸，并与身份证照片比对 "
                    small lang="en" { "I agree to the comparison of my face with the photo of my ID card" }
                }
            }
            input type="hidden" name="meta" value=(meta);
            button { "开始认证 " small lang="en" { "Start" } }
        }
        @if !is_simulated {
            script src=(SCRIPT) {}
            script { (PreEscaped(SET_META_INFO)) }
        }
    };
    let mut page = page(200, "", "实人认证", "Identity verification", &form);
    let headers = page.headers_mut();
    if !is_simulated {
        // The vendor's script loads other resources, which are not documented.
        let policy = HeaderValue::from_static("base-uri 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    set(&mut page, hyper::header::SET_COOKIE, cookie);
    page
}

/// The verification is being opened, or the person has not finished. The page reloads by itself.
pub(crate) fn waiting<B: From<String>>(url: Option<&str>) -> Response<B> {
    let refresh = html! { meta http-equiv="refresh" content="3"; };
    let rest = html! { @if let Some(url) = url { (link(url, "继续认证", "Continue")) } };
    respond(
        200,
        layout(&refresh, "…", "还没有结果", "There is no result yet", &rest),
    )
}

pub(crate) fn unfinished<B: From<String>>(url: &str) -> Response<B> {
    let link = link(url, "继续认证", "Continue");
    let english = "Your verification is not finished";
    page(200, "…", "你的认证尚未完成", english, &link)
}

pub(crate) fn passed<B: From<String>>() -> Response<B> {
    page(200, "✓", "认证通过", "Passed", &html! {})
}

pub(crate) fn failed<B: From<String>>() -> Response<B> {
    page(200, "✕", "认证未通过", "Not passed", &start_again())
}

pub(crate) fn expired<B: From<String>>() -> Response<B> {
    problem(200, "你的认证已过期", "Your verification has expired")
}

pub(crate) fn unavailable<B: From<String>>(status: u16) -> Response<B> {
    let english = "Verification is not available, please try again later";
    problem(status, "暂时无法认证，请稍后重试", english)
}

pub(crate) fn incomplete<B: From<String>>() -> Response<B> {
    let chinese = "请填写你的姓名和身份证号，并勾选同意";
    let english = "Please enter your name and ID number and give your consent";
    problem(400, chinese, english)
}

pub(crate) fn mistyped<B: From<String>>() -> Response<B> {
    let english = "Please check your name and ID number";
    problem(400, "请核对你的姓名和身份证号", english)
}

/// What a person has to know, with a way to start again.
pub(crate) fn problem<B: From<String>>(status: u16, chinese: &str, english: &str) -> Response<B> {
    page(status, "!", chinese, english, &start_again())
}

pub(crate) fn not_found<B: From<String>>() -> Response<B> {
    page(404, "?", "页面不存在", "Page not found", &start_again())
}

/// An empty page, for the service: it looks at the status only.
pub(crate) fn empty<B: From<String>>(status: u16) -> Response<B> {
    respond(status, String::new())
}

pub(crate) fn redirect<B: From<String>>(url: &str) -> Response<B> {
    let mut page = empty(303);
    set(&mut page, LOCATION, url);
    page
}

pub(crate) fn style<B: From<String>>() -> Response<B> {
    let mut style = respond(200, STYLE.to_owned());
    set(&mut style, CONTENT_TYPE, "text/css; charset=utf-8");
    style
}

fn start_again() -> Markup {
    link("/", "重新开始", "Start again")
}

fn link(url: &str, chinese: &str, english: &str) -> Markup {
    html! { a class="button" href=(url) { (chinese) " " small lang="en" { (english) } } }
}

fn page<B: From<String>>(
    status: u16,
    sign: &str,
    chinese: &str,
    english: &str,
    rest: &Markup,
) -> Response<B> {
    respond(status, layout(&html! {}, sign, chinese, english, rest))
}

fn layout(head: &Markup, sign: &str, chinese: &str, english: &str, rest: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                (head)
                title { (chinese) " / " (english) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    @if !sign.is_empty() { div class="sign" aria-hidden="true" { (sign) } }
                    h1 { (chinese) }
                    p lang="en" { (english) }
                    (rest)
                }
            }
        }
    };
    page.into_string()
}

fn respond<B: From<String>>(status: u16, text: String) -> Response<B> {
    let mut page = Response::new(text.into());
    *page.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
        frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        page.headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    page
}

/// Sets a header; a value that is none makes the response an error.
fn set<B>(page: &mut Response<B>, name: hyper::header::HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(page.headers_mut().insert(name, value)),
        Err(_) => *page.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
}

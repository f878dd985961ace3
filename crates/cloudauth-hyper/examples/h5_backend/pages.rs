//! The HTML pages. No user input is shown, and inserted values are escaped.

use cloudauth_hyper::Sensitive;

pub(crate) const STYLE: &str = include_str!("style.css");

/// Used with a simulator instead of what the vendor's script collects about the device.
const SIMULATED_META_INFO: &str = r#"{"deviceType":"h5","simulated":true}"#;

/// The form.
pub(crate) fn start(is_simulated: bool) -> String {
    // The vendor's script generates `MetaInfo` in the browser.
    let (meta, script) = if is_simulated {
        (SIMULATED_META_INFO, "")
    } else {
        let script = "<script src=\"https://o.alicdn.com/yd-cloudauth/cloudauth-cdn/jsvm_all.js\">\
            </script><script>if (window.getMetaInfo)\
            document.forms[0].meta.value = JSON.stringify(getMetaInfo());</script>";
        ("", script)
    };
    let form = format!(
        r#"<form method=post action=/open autocomplete=off>
<label for=name>姓名 <small lang=en>Name</small></label>
<input id=name name=name required maxlength=50>
<label for=number>身份证号 <small lang=en>ID number</small></label>
<input id=number name=number required maxlength=18 autocapitalize=characters spellcheck=false>
<label class=tick><input type=checkbox name=consent value=yes required>
<span>我同意采集我的人脸，并与身份证照片比对
<small lang=en>I agree to the comparison of my face with the photo of my ID card</small></span></label>
<input type=hidden name=meta value="{}">
<button>开始认证 <small lang=en>Start</small></button>
</form>{script}"#,
        escape(meta)
    );
    page("", "", "实人认证", "Identity verification", &form)
}

/// The verification is being opened, or the person has not finished. The page reloads by itself.
pub(crate) fn waiting(page: Option<&Sensitive>) -> String {
    let refresh = "<meta http-equiv=refresh content=3>";
    let link = page.map(|page| link(page.expose(), "继续认证", "Continue"));
    let link = link.unwrap_or_default();
    self::page(refresh, "…", "还没有结果", "There is no result yet", &link)
}

pub(crate) fn unfinished(page: &Sensitive) -> String {
    let link = link(page.expose(), "继续认证", "Continue");
    let english = "Your verification is not finished";
    self::page("", "…", "你的认证尚未完成", english, &link)
}

pub(crate) fn passed() -> String {
    page("", "✓", "认证通过", "Passed", "")
}

pub(crate) fn failed() -> String {
    page("", "✕", "认证未通过", "Not passed", &start_again())
}

pub(crate) fn expired() -> String {
    let english = "Your verification has expired";
    page("", "!", "你的认证已过期", english, &start_again())
}

pub(crate) fn unavailable() -> String {
    let english = "Verification is not available, please try again later";
    page("", "!", "暂时无法认证，请稍后重试", english, &start_again())
}

pub(crate) fn incomplete() -> String {
    let chinese = "请填写你的姓名和身份证号，并勾选同意";
    let english = "Please enter your name and ID number and give your consent";
    page("", "!", chinese, english, &start_again())
}

pub(crate) fn mistyped() -> String {
    let chinese = "请核对你的姓名和身份证号";
    let english = "Please check your name and ID number";
    page("", "!", chinese, english, &start_again())
}

pub(crate) fn not_found() -> String {
    page("", "?", "页面不存在", "Page not found", &start_again())
}

fn start_again() -> String {
    link("/", "重新开始", "Start again")
}

fn link(url: &str, chinese: &str, english: &str) -> String {
    let url = escape(url);
    format!("<a class=button href=\"{url}\">{chinese} <small lang=en>{english}</small></a>")
}

fn page(head: &str, sign: &str, chinese: &str, english: &str, rest: &str) -> String {
    let sign = if sign.is_empty() {
        String::new()
    } else {
        format!("<div class=sign aria-hidden=true>{sign}</div>")
    };
    format!(
        "<!doctype html><html lang=zh-CN><meta charset=utf-8>\
        <meta name=viewport content=\"width=device-width, initial-scale=1\">{head}\
        <title>{chinese} / {english}</title><link rel=icon href=\"data:,\">\
        <link rel=stylesheet href=/style.css>\
        <main>{sign}<h1>{chinese}</h1><p lang=en>{english}</p>{rest}</main></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

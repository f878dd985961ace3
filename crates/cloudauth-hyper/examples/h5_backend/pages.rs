//! What people see. Nothing that somebody typed is shown again; what is put in is escaped.

use cloudauth_hyper::Sensitive;

pub(crate) const STYLE: &str = include_str!("style.css");

/// Stands in for the vendor's script, which knows the device.
const STAND_IN: &str = r#"{"deviceType":"h5","simulated":true}"#;

/// Who is it?
pub(crate) fn start(is_simulated: bool) -> String {
    // The vendor's script makes `MetaInfo` in the person's browser.
    let (meta, script) = if is_simulated {
        (STAND_IN, "")
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
<span>同意采集人脸，与身份证照片比对
<small lang=en>My face may be compared with the photo of my ID card</small></span></label>
<input type=hidden name=meta value="{}">
<button>开始认证 <small lang=en>Start</small></button>
</form>{script}"#,
        escape(meta)
    );
    page("", "", "实人认证", "Who are you?", &form)
}

/// Somebody else is asking, or the person is still away.
pub(crate) fn waiting(page: Option<&Sensitive>) -> String {
    let refresh = "<meta http-equiv=refresh content=3>";
    let on = page.map(|page| link(page.expose(), "继续认证", "Go on"));
    let on = on.unwrap_or_default();
    self::page(refresh, "…", "还没有结果", "There is no verdict yet", &on)
}

pub(crate) fn unfinished(page: &Sensitive) -> String {
    let on = link(page.expose(), "继续认证", "Go on");
    self::page("", "…", "认证未完成", "You have not finished", &on)
}

pub(crate) fn passed() -> String {
    page("", "✓", "认证通过", "Passed", "")
}

pub(crate) fn failed() -> String {
    page("", "✕", "认证未通过", "Not passed", &again())
}

pub(crate) fn lapsed() -> String {
    page("", "!", "认证已过期", "It took too long", &again())
}

pub(crate) fn trouble() -> String {
    page("", "!", "暂时无法认证", "That did not work", &again())
}

pub(crate) fn incomplete() -> String {
    let english = "Name, number and consent are needed";
    page("", "!", "请填写姓名、身份证号并同意", english, &again())
}

pub(crate) fn nothing_here() -> String {
    page("", "?", "页面不存在", "There is nothing here", &again())
}

fn again() -> String {
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

//! The pretend page behind a `CertifyUrl`.
//!
//! The real page asks for a face; this one asks which verdict you want. The redirect's parameter and its codes are
//! seen in several code bases and in a sister product's documentation, not in this product's.

use serde_json::json;

use crate::orders::{FinishError, Orders, State};
use crate::percent;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::verdict::Verdict;

/// Where pages are; the certify id follows.
pub(crate) const PATH: &str = "/verify/";

/// How a visit ends.
#[derive(Clone, Copy)]
enum Ending {
    Verdict(Verdict),
    Abandoned,
}

impl Ending {
    fn parse(outcome: &str) -> Option<Self> {
        match outcome {
            "pass" => Some(Self::Verdict(Verdict::Passed)),
            "abandon" => Some(Self::Abandoned),
            _ => Verdict::from_sub_code(outcome)
                .filter(|verdict| !verdict.passed())
                .map(Self::Verdict),
        }
    }

    /// `code`, `subCode` and `reason` of the redirect.
    const fn response(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Verdict(verdict) if verdict.passed() => (1000, "Z5050", "passed"),
            Self::Verdict(_) => (2006, "Z5051", "failed"),
            Self::Abandoned => (1003, "Z5055", "the user left"),
        }
    }
}

pub(crate) fn handle(orders: &mut Orders, request: &Incoming, now_unix: u64) -> Reply {
    let certify_id = request.path().strip_prefix(PATH).unwrap_or_default();
    let order = match orders.live(certify_id, now_unix) {
        Ok(order) => order,
        Err(problem) => return gone(problem, now_unix),
    };
    match request.method.as_str() {
        "GET" | "HEAD" => {
            order.state = State::Opened;
            html(200, now_unix, &form(certify_id, order.scene_id))
        }
        "POST" => {
            let Some(ending) = chosen(request) else {
                let text = "Choose an outcome. / 请选择一个结果。";
                return html(400, now_unix, &notice(text));
            };
            let return_url = order.return_url.clone();
            let ending = match ending {
                Ending::Verdict(verdict) => match orders.submit(certify_id, verdict, now_unix) {
                    Ok(verdict) => Ending::Verdict(verdict),
                    Err(problem) => return gone(problem, now_unix),
                },
                Ending::Abandoned => {
                    order.state = State::Abandoned;
                    ending
                }
            };
            match return_location(&return_url, ending, certify_id) {
                Some(location) => html(303, now_unix, &notice("Going back. / 正在返回。"))
                    .with("location", location),
                None => html(200, now_unix, &notice("Done. / 已完成。")),
            }
        }
        _ => html(
            405,
            now_unix,
            &notice("GET or POST. / 仅支持 GET 和 POST。"),
        )
        .with("allow", "GET, HEAD, POST"),
    }
}

fn chosen(request: &Incoming) -> Option<Ending> {
    let form = core::str::from_utf8(&request.body).ok()?;
    let pairs = percent::pairs(form)?;
    let (_, outcome) = pairs.iter().find(|(name, _)| name == "outcome")?;
    Ending::parse(outcome)
}

/// Where the browser goes afterwards: `ReturnUrl` with a `response` parameter, before any fragment.
///
/// `None` if it is not a URL to go to, such as the literal `iframe` (documented; what is posted to the parent then
/// is not). Where the parameter goes for a hash-routed page is not known to us.
fn return_location(return_url: &str, ending: Ending, certify_id: &str) -> Option<String> {
    let (scheme, rest) = return_url.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !web || rest.is_empty() {
        return None;
    }
    let (code, sub_code, reason) = ending.response();
    let response = json!({
        "code": code,
        "subCode": sub_code,
        "reason": reason,
        "extInfo": { "certifyId": certify_id },
    });
    let response = percent::encode(&response.to_string());
    let (before, fragment) = return_url
        .split_once('#')
        .map_or((return_url, None), |(before, after)| (before, Some(after)));
    let separator = match before.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    let location = format!("{before}{separator}response={response}{fragment}");
    Some(header_safe(&location))
}

/// Escapes what must not stand in a header: control characters, spaces and everything beyond ASCII.
fn header_safe(url: &str) -> String {
    url.chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                c.to_string()
            } else {
                percent::encode(c.encode_utf8(&mut [0; 4]))
            }
        })
        .collect()
}

fn gone(problem: FinishError, now_unix: u64) -> Reply {
    match problem {
        FinishError::Unknown => html(404, now_unix, &notice("No such page. / 页面不存在。")),
        FinishError::Expired => {
            let text = "This page has expired. / 页面已过期。";
            html(410, now_unix, &notice(text))
        }
        FinishError::Used => {
            let text = "This page was used already. / 页面已使用。";
            html(410, now_unix, &notice(text))
        }
    }
}

fn html(status: u16, now_unix: u64, body: &str) -> Reply {
    let document = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Simulated verification / 模拟认证</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    );
    Reply::new(
        status,
        "text/html;charset=utf-8",
        now_unix,
        document.into_bytes(),
    )
    .with("cache-control", "no-store")
    .with("content-security-policy", POLICY)
    .with("referrer-policy", "no-referrer")
    .with("x-content-type-options", "nosniff")
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

const STYLE: &str = "\
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1d2129}\
main{max-width:26rem;margin:8vh auto;padding:1.5rem;background:#fff;border-radius:12px;\
box-shadow:0 2px 12px #0002}\
h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.25rem 0 1rem;color:#4e5969}\
code{overflow-wrap:anywhere}\
button,select{font:inherit;width:100%;box-sizing:border-box;padding:.7rem;margin:.3rem 0;\
border:1px solid #c9cdd4;border-radius:8px;background:#fff;color:inherit}\
button{cursor:pointer}.pass{background:#0a7d33;border-color:#0a7d33;color:#fff}\
.fail{background:#b3261e;border-color:#b3261e;color:#fff}\
fieldset{border:0;margin:1rem 0;padding:0}";

fn notice(text: &str) -> String {
    format!("<h1>{}</h1>", escape(text))
}

fn form(certify_id: &str, scene_id: i64) -> String {
    let options: Vec<String> = Verdict::ALL
        .into_iter()
        .filter(|verdict| !verdict.passed())
        .map(|verdict| {
            let code = verdict.sub_code();
            let selected = if verdict == Verdict::FaceMismatch {
                " selected"
            } else {
                ""
            };
            let meaning = meaning(verdict);
            format!("<option value=\"{code}\"{selected}>{code} {meaning}</option>\n")
        })
        .collect();
    let options = options.concat();
    format!(
        "<h1>Simulated verification / 模拟认证</h1>\n\
         <p>No camera, no face, no fee. Choose how it ends.<br>无需摄像头和人脸，不产生费用。请选择结果。</p>\n\
         <p>CertifyId <code>{}</code><br>SceneId <code>{scene_id}</code></p>\n\
         <form method=\"post\">\n\
         <button class=\"pass\" name=\"outcome\" value=\"pass\">Pass / 通过</button>\n</form>\n\
         <form method=\"post\">\n<fieldset>\n\
         <select name=\"outcome\" aria-label=\"SubCode\">\n{options}</select>\n\
         <button class=\"fail\">Fail / 不通过</button>\n</fieldset>\n</form>\n\
         <form method=\"post\">\n\
         <button name=\"outcome\" value=\"abandon\">Abandon / 放弃</button>\n</form>",
        escape(certify_id),
    )
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed / 通过",
        Verdict::NameMismatch => "name and number differ / 姓名与号码不符",
        Verdict::IdentityNotFound => "identity not found / 查无此人",
        Verdict::PhotoNotFound => "no usable photo / 无可用照片",
        Verdict::FaceMismatch => "another face / 不是本人",
        Verdict::LivenessRisk => "may not be alive / 活体存疑",
        Verdict::PolicyRestricted => "forbidden by policy / 策略限制",
        Verdict::CardMismatch => "not the face on the card / 与证件照不符",
        Verdict::AuthorityFailed => "the authority failed / 权威源异常",
        Verdict::PassedByPolicy => "passed by policy / 综合策略通过",
        Verdict::IntentFailed => "intent not declared / 意愿未通过",
        Verdict::VoiceMismatch => "another voice / 声纹不符",
        Verdict::CheckBeforeIntentFailed => "failed before the intent / 意愿前认证失败",
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

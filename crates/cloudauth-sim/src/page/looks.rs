//! How the page looks: one document for everything, nothing from elsewhere, and no script but the one that posts to
//! the parent of a frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudauth_proto::codes::{CodePlace, Meaning, Source, explain_at};
use ring::digest;
use serde_json::Value;

use super::IN_FRAME;
use super::ending::LEAVING;
use super::words::{Language, Notice};
use crate::orders::{LIFETIME_SECONDS, Order};
use crate::reply::Reply;
use crate::verdict::Verdict;

const STYLE: &str = include_str!("style.css");

/// What is posted to the parent, and to whom, is our guess: the documentation that could be read does not say.
const TO_PARENT: &str = include_str!("to_parent.js");

/// The reason that is chosen at first.
const USUAL_FAILURE: Verdict = Verdict::FaceMismatch;

#[derive(Clone, Copy)]
pub(super) enum Icon {
    Face,
    Done,
    Warning,
}

impl Icon {
    fn svg(self) -> String {
        let (class, path) = match self {
            Self::Face => (
                "face",
                "M8 3H5a2 2 0 0 0-2 2v3m13-5h3a2 2 0 0 1 2 2v3M8 21H5a2 2 0 0 1-2-2v-3m13 5h3a2 2 0 0 0 2-2v-3\
                 M9 9v1m6-1v1m-6 4.5a4 4 0 0 0 6 0",
            ),
            Self::Done => ("done", "M4 12.5l5.5 5.5L20 7"),
            Self::Warning => ("warning", "M12 4v10m0 5v.5"),
        };
        format!(
            "<svg class=\"icon {class}\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
        )
    }
}

/// A page that is ready to be sent.
pub(super) struct Shown {
    status: u16,
    language: Language,
    heading: &'static str,
    body: String,
    script: bool,
}

impl Shown {
    /// A heading, a sentence, and the way back.
    pub(super) fn notice(
        language: Language,
        icon: Icon,
        (heading, text): Notice,
        back: Option<&str>,
    ) -> Self {
        let back = back.map_or_else(String::new, |location| {
            let label = language.words().go_back;
            format!(
                "<a class=\"button\" href=\"{}\">{label}</a>\n",
                escape(location)
            )
        });
        let body = format!(
            "<div class=\"notice\" role=\"status\">\n{}\n<h1>{heading}</h1>\n<p>{text}</p>\n</div>\n{back}",
            icon.svg()
        );
        Self {
            status: 200,
            language,
            heading,
            body,
            script: false,
        }
    }

    /// The end of a visit in a frame.
    pub(super) fn posted_to_parent(language: Language, response: &Value) -> Self {
        let mut shown = Self::notice(language, Icon::Done, language.words().done, None);
        let response = escape(&response.to_string());
        let message = format!("<div id=\"response\" data-response=\"{response}\"></div>\n");
        shown.body.push_str(&message);
        shown.script = true;
        shown
    }

    pub(super) const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn reply(self, now_unix: u64) -> Reply {
        let words = self.language.words();
        let script = if self.script {
            format!("<script>{TO_PARENT}</script>\n")
        } else {
            String::new()
        };
        let document = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <title>{} · cloudauth-sim</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n{}</main>\n<footer>{}</footer>\n{script}</body>\n</html>\n",
            self.language.tag(),
            self.heading,
            self.body,
            words.footer,
        );
        let html = "text/html;charset=utf-8";
        Reply::new(self.status, html, now_unix, document.into_bytes())
            .with("cache-control", "no-store")
            .with("content-security-policy", policy(self.script))
            .with("referrer-policy", "no-referrer")
            .with("x-content-type-options", "nosniff")
    }
}

/// Only this style and, in a frame's last page, only this script. There is no `form-action`: browsers apply it to
/// every redirect after a form, and where a shop's return page leads is not ours to know.
fn policy(script: bool) -> String {
    let script = if script {
        format!("; script-src {}", hash(TO_PARENT))
    } else {
        String::new()
    };
    let style = hash(STYLE);
    format!("default-src 'none'; style-src {style}; img-src data:; base-uri 'none'{script}")
}

fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

/// The page that asks.
pub(super) fn form(order: &Order, certify_id: &str, language: Language, now_unix: u64) -> Shown {
    let words = language.words();
    let (lang, tag, name) = language.other();
    let failures = Verdict::ALL
        .into_iter()
        .filter(|verdict| !verdict.passed())
        .map(|verdict| (verdict.sub_code(), verdict == USUAL_FAILURE));
    let failures = options(failures, CodePlace::SubCode, language);
    let leaving = LEAVING.into_iter().map(|code| (code, code == LEAVING[0]));
    let leaving = options(leaving, CodePlace::PageSubCode, language);
    let body = format!(
        "<nav><a href=\"?lang={lang}\" hreflang=\"{tag}\" lang=\"{tag}\">{name}</a></nav>\n\
         <header>\n{icon}\n<h1>{title}</h1>\n<p>{lead}</p>\n</header>\n\
         {facts}\
         <form method=\"post\">\n\
         <button class=\"pass\" name=\"outcome\" value=\"pass\">{pass}</button>\n\
         <div class=\"choice\">\n<label for=\"sub_code\">{or_fail}</label>\n\
         <select id=\"sub_code\" name=\"sub_code\">\n{failures}</select>\n\
         <button class=\"fail\" name=\"outcome\" value=\"fail\">{fail}</button>\n</div>\n\
         <div class=\"choice\">\n<label for=\"page_code\">{or_leave}</label>\n\
         <select id=\"page_code\" name=\"page_code\">\n{leaving}</select>\n\
         <button name=\"outcome\" value=\"abandon\">{leave}</button>\n</div>\n\
         <details>\n<summary>{advanced}</summary>\n{callback}</details>\n</form>\n",
        icon = Icon::Face.svg(),
        title = words.title,
        lead = words.lead,
        facts = facts(order, certify_id, language, now_unix),
        pass = words.pass,
        or_fail = words.or_fail,
        fail = words.fail,
        or_leave = words.or_leave,
        leave = words.leave,
        advanced = words.advanced,
        callback = callback(order, language),
    );
    Shown {
        status: 200,
        language,
        heading: words.title,
        body,
        script: false,
    }
}

/// What the page knows about the order.
fn facts(order: &Order, certify_id: &str, language: Language, now_unix: u64) -> String {
    let words = language.words();
    let expires = order.created_unix.saturating_add(LIFETIME_SECONDS);
    let minutes = expires.saturating_sub(now_unix).div_ceil(60);
    let returns_to = match order.return_url.as_str() {
        "" => words.nowhere,
        IN_FRAME => IN_FRAME,
        url => without_query(url),
    };
    let calls_back = order
        .callee
        .as_ref()
        .map_or(words.nowhere, |callee| without_query(&callee.url));
    let scene = order.scene_id.to_string();
    let valid_for = format!("{minutes} {}", words.minutes);
    let rows = [
        ("CertifyId", certify_id),
        (words.order, &order.number),
        (words.scene, &scene),
        (words.returns_to, returns_to),
        (words.calls_back, calls_back),
        (words.valid_for, &valid_for),
    ];
    let rows = rows.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value)));
    format!("<dl>\n{}</dl>\n", rows.concat())
}

fn callback(order: &Order, language: Language) -> String {
    let words = language.words();
    if order.callee.is_none() {
        return format!("<p>{}</p>\n", words.no_callback);
    }
    let boxes = [
        ("repeated", words.repeated),
        ("held-back", words.held_back),
        ("forged", words.forged),
    ];
    let boxes = boxes.map(|(value, label)| {
        format!(
            "<label class=\"tick\"><input type=\"checkbox\" name=\"callback\" value=\"{value}\">\
             <span>{label}</span></label>\n"
        )
    });
    boxes.concat()
}

fn options<'a>(
    codes: impl Iterator<Item = (&'a str, bool)>,
    place: CodePlace,
    language: Language,
) -> String {
    let options = codes.map(|(code, selected)| {
        let meaning = explain_at(place, code).map_or_else(String::new, |it| said(it, language));
        let selected = if selected { " selected" } else { "" };
        format!("<option value=\"{code}\"{selected}>{code} {meaning}</option>\n")
    });
    options.collect()
}

/// The meaning of a code up to the first semicolon, and whether the vendor's present pages have a `SubCode`.
fn said(meaning: &Meaning, language: Language) -> String {
    let text = match language {
        Language::English => meaning.english,
        Language::Chinese => meaning.chinese,
    };
    let text = text.split(';').next().unwrap_or_default();
    if meaning.place == CodePlace::SubCode && meaning.source != Source::Documented {
        return escape(&format!("{text} [{}]", language.words().not_documented));
    }
    escape(text)
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Escapes for text and for attributes in double quotes.
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

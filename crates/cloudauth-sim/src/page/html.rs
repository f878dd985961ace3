//! The HTML of the page: one document without external resources, and without scripts except the one
//! that posts to the parent of a frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudauth_proto::codes::{CodeKind, Confidence, Meaning, explain_at};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest;
use serde_json::Value;

use super::IN_FRAME;
use super::i18n::{Language, PageMessage};
use super::outcome::ABANDON_CODES;
use crate::http::OutgoingResponse;
use crate::orders::{LIFETIME_SECONDS, Order};
use crate::verdict::Verdict;

const STYLE: &str = include_str!("style.css");

/// The message to the parent and its target origin are our guesses: the available documentation has
/// neither.
const POST_TO_PARENT: &str = include_str!("to_parent.js");

/// The failure that is selected by default.
const DEFAULT_FAILURE: Verdict = Verdict::FaceMismatch;

#[derive(Clone, Copy)]
pub(super) enum Icon {
    Face,
    Done,
    Warning,
}

impl Icon {
    fn svg(self) -> Markup {
        let (class, path) = match self {
            Self::Face => (
                "face",
                "M8 3H5a2 2 0 0 0-2 2v3m13-5h3a2 2 0 0 1 2 2v3M8 21H5a2 2 0 0 1-2-2v-3m13 5h3a2 2 0 0 0 2-2v-3\
                 M9 9v1m6-1v1m-6 4.5a4 4 0 0 0 6 0",
            ),
            Self::Done => ("done", "M4 12.5l5.5 5.5L20 7"),
            Self::Warning => ("warning", "M12 4v10m0 5v.5"),
        };
        html! {
            svg class={ "icon " (class) } viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} }
        }
    }
}

/// A page before it is sent.
pub(super) struct HtmlPage {
    status: u16,
    language: Language,
    heading: &'static str,
    body: Markup,
    has_script: bool,
}

impl HtmlPage {
    /// A heading, a sentence, and a link back if there is a URL for it.
    pub(super) fn message(
        language: Language,
        icon: Icon,
        (heading, text): PageMessage,
        back: Option<&str>,
    ) -> Self {
        let body = html! {
            div.message role="status" {
                (icon.svg())
                h1 { (heading) }
                p { (text) }
            }
            @if let Some(location) = back {
                a.button href=(location) { (language.texts().go_back) }
            }
        };
        Self {
            status: 200,
            language,
            heading,
            body,
            has_script: false,
        }
    }

    /// The last page in a frame, which posts its response to the parent.
    pub(super) fn post_to_parent(language: Language, response: &Value) -> Self {
        let mut page = Self::message(language, Icon::Done, language.texts().done, None);
        let message = page.body;
        page.body = html! {
            (message)
            div #response data-response=(response) {}
        };
        page.has_script = true;
        page
    }

    pub(super) const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn into_response(self, now_unix: u64) -> OutgoingResponse {
        let texts = self.language.texts();
        let document = html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (self.heading) " · cloudauth-sim" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main { (self.body) }
                    footer { (texts.footer) }
                    @if self.has_script { script { (PreEscaped(POST_TO_PARENT)) } }
                }
            }
        };
        let html = "text/html;charset=utf-8";
        OutgoingResponse::new(
            self.status,
            html,
            now_unix,
            document.into_string().into_bytes(),
        )
        .with_header("cache-control", "no-store")
        .with_header("content-security-policy", policy(self.has_script))
        .with_header("referrer-policy", "no-referrer")
        .with_header("x-content-type-options", "nosniff")
    }
}

/// Allows only this style and, in a frame's last page, only this script. There is no `form-action`:
/// browsers apply it to every redirect after a form, and the targets of a shop's redirects are
/// unknown here.
fn policy(has_script: bool) -> String {
    let script = if has_script {
        format!("; script-src {}", source_hash(POST_TO_PARENT))
    } else {
        String::new()
    };
    let style = source_hash(STYLE);
    format!("default-src 'none'; style-src {style}; img-src data:; base-uri 'none'{script}")
}

fn source_hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

/// The page with the choice of results.
pub(super) fn form(order: &Order, certify_id: &str, language: Language, now_unix: u64) -> HtmlPage {
    let texts = language.texts();
    let (lang, tag, name) = language.other();
    let failures = Verdict::ALL
        .into_iter()
        .filter(|verdict| !verdict.passed())
        .map(|verdict| (verdict.sub_code(), verdict == DEFAULT_FAILURE));
    let failures = options(failures, CodeKind::SubCode, language);
    let abandon_codes = ABANDON_CODES.into_iter().zip(0..);
    let abandon_codes = abandon_codes.map(|(code, index)| (code, index == 0));
    let abandon_codes = options(abandon_codes, CodeKind::PageSubCode, language);
    let body = html! {
        nav { a href={ "?lang=" (lang) } hreflang=(tag) lang=(tag) { (name) } }
        header {
            (Icon::Face.svg())
            h1 { (texts.title) }
            p { (texts.lead.0) br; (texts.lead.1) }
        }
        (facts(order, certify_id, language, now_unix))
        form method="post" {
            button.pass name="outcome" value="pass" { (texts.pass) }
            div.choice {
                label for="sub_code" { (texts.failure_reason) }
                select #sub_code name="sub_code" { (failures) }
                button.fail name="outcome" value="fail" { (texts.fail) }
            }
            div.choice {
                label for="page_code" { (texts.abandon_reason) }
                select #page_code name="page_code" { (abandon_codes) }
                button name="outcome" value="abandon" { (texts.abandon) }
            }
            details {
                summary { (texts.callback_faults) }
                (callback_faults(order, language))
            }
        }
    };
    HtmlPage {
        status: 200,
        language,
        heading: texts.title,
        body,
        has_script: false,
    }
}

/// A list of the order's properties.
fn facts(order: &Order, certify_id: &str, language: Language, now_unix: u64) -> Markup {
    let texts = language.texts();
    let expires = order.created_unix.saturating_add(LIFETIME_SECONDS);
    let minutes = expires.saturating_sub(now_unix).div_ceil(60);
    let return_url = match order.return_url.as_str() {
        "" => texts.none,
        IN_FRAME => IN_FRAME,
        url => without_query(url),
    };
    let callback_url = order
        .callback
        .as_ref()
        .map_or(texts.none, |target| without_query(&target.url));
    let scene = order.scene_id.to_string();
    let valid_for = format!("{minutes} {}", texts.minutes);
    let rows = [
        ("CertifyId", certify_id),
        (texts.order, &order.outer_order_no),
        (texts.scene, &scene),
        (texts.return_url, return_url),
        (texts.callback_url, callback_url),
        (texts.valid_for, &valid_for),
    ];
    html! { dl { @for (name, value) in rows { dt { (name) } dd { (value) } } } }
}

fn callback_faults(order: &Order, language: Language) -> Markup {
    let texts = language.texts();
    if order.callback.is_none() {
        return html! { p { (texts.no_callback) } };
    }
    let boxes = [
        ("repeated", texts.repeated),
        ("held_back", texts.held_back),
        ("forged", texts.forged),
    ];
    html! {
        @for (value, label) in boxes {
            label.tick {
                input type="checkbox" name="callback" value=(value);
                span { (label) }
            }
        }
    }
}

fn options<'a>(
    codes: impl Iterator<Item = (&'a str, bool)>,
    place: CodeKind,
    language: Language,
) -> Markup {
    html! {
        @for (code, is_selected) in codes {
            @let meaning = explain_at(place, code).map(|it| short_meaning(it, language));
            option value=(code) selected[is_selected] { (code) " " (meaning.unwrap_or_default()) }
        }
    }
}

/// The meaning of a code up to the first semicolon, with a remark if the vendor's current pages do not
/// have the `SubCode`.
fn short_meaning(meaning: &Meaning, language: Language) -> String {
    let text = match language {
        Language::English => meaning.english,
        Language::Chinese => meaning.chinese,
    };
    let text = text.split([';', '；']).next().unwrap_or_default();
    if meaning.kind == CodeKind::SubCode && meaning.confidence != Confidence::Documented {
        return format!("{text} [{}]", language.texts().not_documented);
    }
    text.to_owned()
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

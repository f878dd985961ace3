//! The live page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::describe::{COMMANDS, Command};
use super::texts::LiveTexts;
use crate::callbacks::{CallbackKind, CallbackOutcome, CallbackRecord};
use crate::dates::timestamp;
use crate::http::{IncomingRequest, percent};
use crate::log::{self, LoggedRequest};
use crate::orders::{LIFETIME_SECONDS, Order, OrderState};
use crate::page::{self, Language};
use crate::region::Region;
use crate::world::World;

/// How many rows a table has.
const LISTED: usize = 100;

const STYLE: &str = include_str!("page.css");

/// What the page shows.
struct LivePage<'w> {
    world: &'w World,
    texts: &'static LiveTexts,
    language: Language,
    base: &'w str,
    /// The only group of requests to show.
    group: Option<String>,
    now_unix: u64,
}

/// The page at the interface's path `base`, in the language of the request.
pub(super) fn render(
    request: &IncomingRequest,
    base: &str,
    world: &World,
    now_unix: u64,
) -> String {
    let language = Language::of(request);
    let pairs = percent::pairs(request.query()).unwrap_or_default();
    let group = pairs.into_iter().find(|(name, _)| name == "group");
    let page = LivePage {
        world,
        texts: LiveTexts::of(language),
        language,
        base,
        group: group.map(|(_, group)| group),
        now_unix,
    };
    page.document().into_string()
}

impl LivePage<'_> {
    fn document(&self) -> Markup {
        let (lang, tag, name) = self.language.other();
        let texts = self.texts;
        html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    link rel="icon" href="data:,";
                    title { "cloudauth-sim" }
                    style { (PreEscaped(STYLE)) }
                }
                body data-base=(self.base) data-stopped=(texts.stopped) {
                    main {
                        header {
                            h1 { "cloudauth-sim" }
                            a href={ "?lang=" (lang) } hreflang=(tag) lang=(tag) { (name) }
                        }
                        div #message role="status" {}
                        (self.clock())
                        (self.regions())
                        (self.verifications())
                        (self.callbacks())
                        (self.requests())
                        (self.verdicts())
                        (self.faults())
                        details {
                            summary { (texts.commands) }
                            dl.commands { @for it in &COMMANDS { (self.command(it)) } }
                        }
                        p { (texts.footer) }
                    }
                    script src={ (self.base) "/live.js" } {}
                }
            }
        }
    }

    fn clock(&self) -> Markup {
        let texts = self.texts;
        let steps = [
            (60, texts.minute),
            (1_800, texts.half_hour),
            (86_400, texts.day),
        ];
        html! {
            div #clock data-live {
                span { (texts.clock) " " b { (timestamp(self.now_unix)) } " " }
                @for (seconds, label) in steps {
                    button #{ "clock-" (seconds) } data-path="/clock"
                        data-body={ "{\"move_seconds\":" (seconds) "}" } { (label) }
                    " "
                }
            }
        }
    }

    fn regions(&self) -> Markup {
        let texts = self.texts;
        html! {
            h2 { (texts.regions) }
            div #regions.cards data-live {
                @for region in Region::ALL {
                    @let id = region.id();
                    @let is_down = self.world.refuses_connections(region);
                    div.card {
                        b { (self.world.log().request_count(region)) }
                        span { (id) " · " (texts.requests_count) }
                        @if is_down { div.bad { (texts.down) } }
                        div {
                            button #{ "break-" (id) } data-path="/faults"
                                data-body={ "{\"fault\":\"refuse\",\"times\":\"always\",\"region\":\"" (id) "\"}" }
                                { (texts.break_region) }
                            button #{ "heal-" (id) } data-method="DELETE" data-path={ "/faults?region=" (id) }
                                { (texts.restore_region) }
                        }
                    }
                }
            }
        }
    }

    fn verifications(&self) -> Markup {
        let texts = self.texts;
        let orders = self.world.orders().newest();
        let under_way = orders.filter(|(_, order)| self.seconds_left(order) > 0);
        let under_way: Vec<_> = under_way.take(LISTED).collect();
        let rows = under_way.iter().map(|(id, order)| {
            let url = format!("{}{}{id}", self.world.public_url(), page::PATH);
            let state = match order.state {
                OrderState::Issued => texts.issued,
                OrderState::Opened => texts.opened,
                OrderState::Abandoned | OrderState::Submitted(_) => texts.abandoned,
            };
            let minutes = self.seconds_left(order).div_ceil(60);
            html! {
                tr {
                    td { (id) }
                    td data-label=(texts.order) { (self.chip(&log::group(&order.outer_order_no))) }
                    td { (state) small { (minutes) " " (texts.minutes_left) } }
                    td.acts {
                        a href=(url) target="_blank" rel="noreferrer" { (texts.open_page) } " "
                        (finish_button(id, "200", texts.pass))
                        (finish_button(id, "204", texts.fail))
                    }
                }
            }
        });
        let head = ["CertifyId", texts.order, texts.state, ""];
        self.table("verifications", texts.verifications, &head, rows.collect())
    }

    /// How long the page of an unfinished order can still be submitted.
    fn seconds_left(&self, order: &Order) -> u64 {
        if matches!(order.state, OrderState::Submitted(_)) {
            return 0;
        }
        let expires = order.created_unix.saturating_add(LIFETIME_SECONDS);
        expires.saturating_sub(self.now_unix)
    }

    fn callbacks(&self) -> Markup {
        let texts = self.texts;
        let rows = self.world.callbacks().rev().take(LISTED);
        let rows = rows.map(|record| self.callback(record));
        let title = match self.world.pending_callbacks() {
            0 => texts.callbacks.to_owned(),
            count => format!("{} · {count} {}", texts.callbacks, texts.pending),
        };
        let head = [texts.time, "CertifyId", "URL", texts.outcome];
        self.table("callbacks", &title, &head, rows.collect())
    }

    fn callback(&self, record: &CallbackRecord) -> Markup {
        let texts = self.texts;
        let kind = match record.kind {
            CallbackKind::Genuine => texts.genuine,
            CallbackKind::Repeated => texts.repeated,
            CallbackKind::Forged => texts.forged,
        };
        let (class, outcome) = match &record.outcome {
            CallbackOutcome::Response(200) => ("good", "200".to_owned()),
            CallbackOutcome::Response(status) => ("bad", status.to_string()),
            CallbackOutcome::NoResponse(reason) => {
                ("bad", format!("{}: {reason}", texts.no_response))
            }
            CallbackOutcome::NotSent(reason) => ("bad", format!("{}: {reason:?}", texts.not_sent)),
        };
        html! {
            tr {
                td { (time(record.at_unix)) }
                td { (record.certify_id) small { "passed=" (record.passed) " · " (kind) } }
                td { (record.address) }
                td {
                    span class=(class) { (outcome) }
                    small { (texts.attempt) " " (record.attempt) }
                }
            }
        }
    }

    fn requests(&self) -> Markup {
        let texts = self.texts;
        let requests = self.world.requests().iter().rev();
        let is_shown = |it: &&LoggedRequest| match &self.group {
            Some(group) => it.group == *group,
            None => true,
        };
        let rows = requests.filter(is_shown).take(LISTED);
        let rows = rows.map(|it| self.request(it));
        let head = [
            texts.time,
            texts.region,
            texts.operation,
            texts.order,
            texts.signature,
            texts.outcome,
        ];
        html! {
            (self.table("requests", texts.requests, &head, rows.collect()))
            @if self.group.is_some() {
                p { a href="?" { (texts.all_requests) } }
            }
        }
    }

    fn request(&self, it: &LoggedRequest) -> Markup {
        let texts = self.texts;
        let is_good = matches!(it.outcome.as_str(), "200" | "201" | "Success");
        html! {
            tr {
                td { (time(it.at_unix)) }
                td { (it.region.id()) }
                td { @if it.action.is_empty() { "–" } @else { (it.action) } small { (it.request_id) } }
                td {
                    @if !it.group.is_empty() { (self.chip(&it.group)) }
                    @if let Some(attempts) = &it.retry_attempts {
                        small { (texts.repetition) " " (attempts) }
                    }
                }
                td { @match it.scheme { Some(scheme) => (scheme), None => span.bad { "–" } } }
                td {
                    span class=(if is_good { "good" } else { "bad" }) { (it.outcome) }
                    @if let Some(detail) = &it.detail { small { (detail) } }
                    @for doubt in &it.doubts { small.doubt { (texts.doubt) ": " (doubt) } }
                }
            }
        }
    }

    fn verdicts(&self) -> Markup {
        let rows = self.world.verdicts().rev().take(LISTED);
        let rows = rows.map(|(certify_id, verdict)| {
            let class = if verdict.passed() { "good" } else { "bad" };
            html! { tr { td { (certify_id) } td { span class=(class) { (verdict.sub_code()) } } } }
        });
        let head = ["CertifyId", "SubCode"];
        self.table("verdicts", self.texts.verdicts, &head, rows.collect())
    }

    fn faults(&self) -> Markup {
        let texts = self.texts;
        let rows = self.world.script().entries().map(|(region, entry)| {
            let remaining = entry.remaining.map(|count| count.to_string());
            html! {
                tr {
                    td { (region.id()) }
                    td { (entry.action.as_deref().unwrap_or(texts.any)) }
                    td { (format!("{:?}", entry.fault)) }
                    td data-label=(texts.remaining) { (remaining.as_deref().unwrap_or(texts.always)) }
                    td data-label=(texts.hits) { (entry.hits) }
                }
            }
        });
        let head = [
            texts.region,
            texts.operation,
            texts.fault,
            texts.remaining,
            texts.hits,
        ];
        self.table("faults", texts.faults, &head, rows.collect())
    }

    fn table(&self, id: &str, title: &str, head: &[&str], rows: Vec<Markup>) -> Markup {
        html! {
            div id=(id) data-live {
                h2 { (title) }
                @if rows.is_empty() { p.none { (self.texts.none) } }
                @else {
                    div.wide {
                        table.stack {
                            thead { tr { @for name in head { th { (name) } } } }
                            tbody { @for row in rows { (row) } }
                        }
                    }
                }
            }
        }
    }

    /// The mark of a group, a link to its requests only.
    fn chip(&self, group: &str) -> Markup {
        let lang = self.language.tag();
        html! { a.chip href={ "?group=" (group) "&lang=" (lang) } { (group) } }
    }

    fn command(&self, it: &Command) -> Markup {
        html! {
            dt { code { (it.method) " " (self.base) (it.path) } }
            dd {
                (it.does)
                @for (name, takes) in it.keys { small { code { (name) } " " (takes) } }
            }
        }
    }
}

fn finish_button(certify_id: &str, sub_code: &str, label: &str) -> Markup {
    let body = serde_json::json!({ "certify_id": certify_id, "sub_code": sub_code });
    html! {
        button id={ "finish-" (certify_id) "-" (sub_code) } data-path="/finish" data-body=(body) { (label) }
    }
}

fn time(unix: u64) -> String {
    timestamp(unix).chars().skip(11).take(8).collect()
}

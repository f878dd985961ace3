//! The pretend page behind a `CertifyUrl`.
//!
//! The real page asks for a face; this one asks which verdict you want. That a used page offers the way back once
//! more is ours, so that a button pressed twice does not lose the person.

mod ending;
mod looks;
mod words;

use self::ending::{Choice, Ending};
use self::looks::{Icon, Shown};
use self::words::Language;
use crate::orders::{FinishError, Order, State};
use crate::reply::Reply;
use crate::request::Incoming;
use crate::world::World;

/// Where pages are; the certify id follows.
pub(crate) const PATH: &str = "/verify/";

/// The documented value of `ReturnUrl` for a page in a frame: the result is posted to the parent.
const IN_FRAME: &str = "iframe";

impl World {
    /// The page behind a `CertifyUrl`, without the API around it.
    pub(crate) fn visit_page(&mut self, request: &Incoming, now_unix: u64) -> Reply {
        let language = Language::of(request);
        let words = language.words();
        let certify_id = request.path().strip_prefix(PATH).unwrap_or_default();
        let order = match self.desk.orders.live(certify_id, now_unix) {
            Ok(order) => order,
            Err(problem) => {
                let order = self.desk.orders.get(certify_id);
                return gone(problem, order, certify_id, language).reply(now_unix);
            }
        };
        match request.method.as_str() {
            "GET" | "HEAD" => {
                let shown = looks::form(order, certify_id, language, now_unix);
                if request.method == "GET" {
                    order.state = State::Opened;
                }
                shown.reply(now_unix)
            }
            "POST" => match Choice::read(request) {
                Some(choice) => self.choose(certify_id, &choice, language, now_unix),
                None => Shown::notice(language, Icon::Warning, words.no_choice, None)
                    .with_status(400)
                    .reply(now_unix),
            },
            _ => Shown::notice(language, Icon::Warning, words.wrong_method, None)
                .with_status(405)
                .reply(now_unix)
                .with("allow", "GET, HEAD, POST"),
        }
    }

    fn choose(
        &mut self,
        certify_id: &str,
        choice: &Choice,
        language: Language,
        now_unix: u64,
    ) -> Reply {
        let words = language.words();
        let orders = &mut self.desk.orders;
        let ending = match choice.ending {
            // What counts may be another one: a magic number's.
            Ending::Verdict(verdict) => self
                .finish_with(certify_id, verdict, &choice.faults, now_unix)
                .map(Ending::Verdict),
            left @ Ending::Left(_) => orders.live(certify_id, now_unix).map(|order| {
                order.state = State::Abandoned;
                left
            }),
        };
        let order = self.desk.orders.get(certify_id);
        let (Ok(ending), Some(order)) = (ending, order) else {
            return gone(FinishError::Unknown, order, certify_id, language).reply(now_unix);
        };
        if order.return_url == IN_FRAME {
            let response = ending.response(certify_id);
            return Shown::posted_to_parent(language, &response).reply(now_unix);
        }
        match ending.location(&order.return_url, certify_id) {
            Some(location) => {
                Shown::notice(language, Icon::Done, words.going_back, Some(&location))
                    .with_status(303)
                    .reply(now_unix)
                    .with("location", location)
            }
            None => Shown::notice(language, Icon::Done, words.done, None).reply(now_unix),
        }
    }
}

fn gone(
    problem: FinishError,
    order: Option<&Order>,
    certify_id: &str,
    language: Language,
) -> Shown {
    let words = language.words();
    let (status, icon, notice) = match problem {
        FinishError::Unknown => (404, Icon::Warning, words.unknown),
        FinishError::Expired => (410, Icon::Warning, words.expired),
        FinishError::Used => (410, Icon::Done, words.used),
    };
    let back = order.and_then(|order| {
        let verdict = order.verdict().filter(|_| problem == FinishError::Used)?;
        Ending::Verdict(verdict).location(&order.return_url, certify_id)
    });
    Shown::notice(language, icon, notice, back.as_deref()).with_status(status)
}

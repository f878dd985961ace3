//! Pictures and videos of a verdict.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};
use core::time::Duration;

use crate::clock::{Now, UnixTime};
use crate::endpoint::Endpoint;
use crate::errand::{Ended, Errand};
use crate::error::{Attempt, Error, Outcome};
use crate::flow::{ExchangeId, Flow, Plain, Step, What};
use crate::secret::Sensitive;
use crate::session::Session;
use crate::verify::{BadJson, PictureFormat, Verified};
use crate::wire::http::{Failure, Response};

/// A picture or a video that the service keeps of a verification, and a link to it for 15 minutes.
///
/// There is one if the scene keeps it (documented). `Debug` shows what it is and until when.
#[derive(Clone)]
pub struct Evidence {
    kind: EvidenceKind,
    link: Sensitive,
    until: UnixTime,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// The picture of the face.
    Face,
    /// The video of the check.
    Video,
    /// The side of the ID card with the face.
    CardFace,
    /// The side of the ID card with the emblem.
    CardEmblem,
}

impl Evidence {
    /// How long a link lives (documented).
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> EvidenceKind {
        self.kind
    }

    /// When the link is over; asking for the verdict again gives a new one.
    #[must_use]
    pub fn until(&self) -> UnixTime {
        self.until
    }
}

impl Verified {
    /// The pictures and videos that there are links to.
    pub fn evidence(&self) -> Result<Vec<Evidence>, BadJson> {
        let Some(material) = self.outcome()?.material else {
            return Ok(Vec::new());
        };
        let (face, card) = (material.facial_picture_front, material.ocr_picture_front);
        let (face, video) = face.map_or((None, None), |it| (it.picture_url, it.verify_video_url));
        let (front, back) = card.map_or((None, None), |it| {
            (it.oss_id_face_url, it.oss_id_national_emblem_url)
        });
        let until = self.at().seconds();
        let until = until.saturating_add(Evidence::LIFETIME.as_secs());
        let links = [
            (EvidenceKind::Face, face),
            (EvidenceKind::Video, video),
            (EvidenceKind::CardFace, front),
            (EvidenceKind::CardEmblem, back),
        ];
        let there = links.into_iter().filter_map(|(kind, link)| {
            let link = link.filter(|link| !link.expose().is_empty())?;
            Some(Evidence {
                kind,
                link,
                until: UnixTime::from_seconds(until),
            })
        });
        Ok(there.collect())
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("kind", &self.kind)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Fetches a picture or a video: a flow that a driver runs like every other. A driver's `fetch` also
/// writes it where it is to be kept.
///
/// Links can be http (documented); what is fetched always goes through TLS. Only hosts of the vendor's
/// (`*.aliyuncs.com`) are asked, no redirect is followed, and what comes must begin like a JPEG or a
/// PNG, or like an MP4 or a `WebM`. It is asked again on failures that may pass, within the session's
/// total time-out and the link's life.
pub struct Fetch {
    evidence: Evidence,
    store: Option<Endpoint>,
    limit: Option<usize>,
    stage: Stage,
}

enum Stage {
    Ready,
    Fetching(Box<Errand>),
    Over,
}

impl Fetch {
    /// Fetches this.
    #[must_use]
    pub fn new(evidence: Evidence) -> Self {
        Self {
            evidence,
            store: None,
            limit: None,
            stage: Stage::Ready,
        }
    }

    /// Asks this endpoint instead of the link's own host: a gateway, a simulator.
    #[must_use]
    pub fn store(mut self, store: Endpoint) -> Self {
        self.store = Some(store);
        self
    }

    /// Takes up to so many bytes, instead of the policy's largest reply.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    fn begin(&self, session: &Session, now: Now) -> Result<Errand, Unfetched> {
        let left = self.evidence.until.seconds();
        let left = left.saturating_sub(now.unix.seconds());
        if left == 0 {
            return Err(Unfetched::Late);
        }
        let (host, target) = split(self.evidence.link.expose()).ok_or(Unfetched::BadLink)?;
        let store = match &self.store {
            Some(store) => store.clone(),
            None if host.authority().ends_with(".aliyuncs.com") => host,
            None => return Err(Unfetched::ForeignHost),
        };
        let mut question = Plain::get(store.clone(), target);
        question.accept = "*/*";
        let span = session.limits().total_timeout;
        let deadline = now.mono + span.min(Duration::from_secs(left));
        let limit = self.reply_limit(session);
        Ok(Errand::new(What::Plain(question), store, deadline, limit))
    }

    fn reply_limit(&self, session: &Session) -> usize {
        let limits = session.limits();
        self.limit.unwrap_or(limits.reply_limit)
    }

    fn judge(&self, ended: Ended, session: &Session) -> Result<Fetched, Error> {
        let no_answer = |attempts| self.error(Unfetched::NoAnswer, attempts);
        let contents = ended.good().map_err(no_answer)?.body;
        let limit = self.reply_limit(session);
        if contents.len() > limit {
            return Err(self.error(Unfetched::TooLarge { limit }, Vec::new()));
        }
        match media_type(self.evidence.kind, &contents) {
            Some(media_type) => Ok(Fetched {
                media_type,
                contents,
            }),
            None => Err(self.error(Unfetched::OtherKind, Vec::new())),
        }
    }

    fn error(&self, reason: Unfetched, attempts: Vec<Attempt>) -> Error {
        Error::Evidence(Box::new(EvidenceError {
            kind: self.evidence.kind,
            reason,
            attempts,
        }))
    }
}

impl Flow for Fetch {
    type Output = Fetched;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Fetched> {
        loop {
            match mem::replace(&mut self.stage, Stage::Over) {
                Stage::Ready => match self.begin(session, now) {
                    Ok(errand) => self.stage = Stage::Fetching(Box::new(errand)),
                    Err(reason) => return Step::Done(Err(self.error(reason, Vec::new()))),
                },
                Stage::Fetching(mut errand) => match errand.poll(session, now).or_done() {
                    Continue(step) => {
                        self.stage = Stage::Fetching(errand);
                        return step;
                    }
                    Break(ended) => {
                        return Step::Done(ended.and_then(|it| self.judge(it, session)));
                    }
                },
                Stage::Over => return Step::Done(Err(Error::Finished)),
            }
        }
    }

    fn report(
        &mut self,
        _: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        if let Stage::Fetching(errand) = &mut self.stage {
            errand.report(id, reply, now);
        }
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("evidence", &self.evidence)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A picture or a video, whole.
///
/// `Debug` shows its type and size.
#[non_exhaustive]
pub struct Fetched {
    /// `image/jpeg`, `image/png`, `video/mp4` or `video/webm`, by how it begins.
    pub media_type: &'static str,
    /// The file; sensitive.
    pub contents: Vec<u8>,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            media_type,
            contents,
        } = self;
        write!(f, "Fetched({media_type}, {} bytes)", contents.len())
    }
}

/// The host of a link, for TLS, and what to ask it for.
fn split(link: &str) -> Option<(Endpoint, String)> {
    let rest = link.strip_prefix("https://");
    let rest = rest.or_else(|| link.strip_prefix("http://"))?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let (host, target) = rest.split_at(rest.find('/')?);
    let is_plain = target.bytes().all(|b| b.is_ascii_graphic());
    let host = format!("https://{host}").parse().ok()?;
    is_plain.then(|| (host, target.to_string()))
}

fn media_type(kind: EvidenceKind, file: &[u8]) -> Option<&'static str> {
    match kind {
        EvidenceKind::Face | EvidenceKind::CardFace | EvidenceKind::CardEmblem => {
            PictureFormat::of(file).map(|format| match format {
                PictureFormat::Jpeg => "image/jpeg",
                PictureFormat::Png => "image/png",
            })
        }
        EvidenceKind::Video if file.get(4..8) == Some(b"ftyp") => Some("video/mp4"),
        EvidenceKind::Video if file.starts_with(b"\x1a\x45\xdf\xa3") => Some("video/webm"),
        EvidenceKind::Video => None,
    }
}

/// A picture or a video that could not be fetched.
#[derive(Debug)]
#[non_exhaustive]
pub struct EvidenceError {
    /// Which.
    pub kind: EvidenceKind,
    /// Why.
    pub reason: Unfetched,
    /// The attempts, the last one last, if it was asked for and not given.
    pub attempts: Vec<Attempt>,
}

/// Why evidence was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfetched {
    /// Its link is over: ask for the verdict again.
    Late,
    /// Its link is none.
    BadLink,
    /// Its link leads to a host that is not the vendor's.
    ForeignHost,
    /// The store did not give it.
    NoAnswer,
    /// It has more bytes than that.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is no picture, or no video.
    OtherKind,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            EvidenceKind::Face => "the picture of the face was not fetched: ",
            EvidenceKind::Video => "the video was not fetched: ",
            EvidenceKind::CardFace | EvidenceKind::CardEmblem => {
                "the picture of the card was not fetched: "
            }
        })?;
        match self.reason {
            Unfetched::Late => f.write_str("its link is over; ask for the verdict again"),
            Unfetched::BadLink => f.write_str("its link is none"),
            Unfetched::ForeignHost => {
                f.write_str("its link leads to a host that is not the vendor's")
            }
            Unfetched::NoAnswer => f.write_str("the store did not give it"),
            Unfetched::TooLarge { limit } => write!(f, "it is larger than {limit} bytes"),
            Unfetched::OtherKind => f.write_str("what came is no such file"),
        }?;
        for (i, attempt) in self.attempts.iter().enumerate() {
            let comma = if i == 0 { ": " } else { "; " };
            write!(f, "{comma}{}", attempt.outcome)?;
        }
        Ok(())
    }
}

impl StdError for EvidenceError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.attempts.last()?.outcome {
            Outcome::NotSent(cause) | Outcome::NoReply { cause, .. } => Some(&**cause),
            Outcome::Overdue | Outcome::Overtaken | Outcome::Answered { .. } => None,
        }
    }
}

//! Pictures and videos of a verification.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};
use core::time::Duration;

use crate::call::plain::{PlainCall, PlainLimits, PlainResult, Purpose};
use crate::clock::{LatestTime, Now, UnixTime};
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Error, EvidenceError, EvidenceErrorKind, EvidenceKind};
use crate::exchange::{Content, ExchangeId};
use crate::flow::{Flow, Step};
use crate::http::plain::PlainRequest;
use crate::http::{Failure, Response};
use crate::secret::Sensitive;
use crate::session::Session;
use crate::verify::material::InvalidJson;
use crate::verify::picture::PictureFormat;
use crate::verify::verdict::VerdictReply;
use crate::verify::whole::is_whole;

/// A picture or video that the service stores of a verification, with a link that is valid for 15
/// minutes.
///
/// [`VerdictReply::evidence`] lists them; [`FetchEvidence`] downloads one. They exist only if the scene is
/// configured to store them (documented). `Debug` shows kind and expiry, not the link.
#[derive(Clone)]
pub struct Evidence {
    kind: EvidenceKind,
    link: Sensitive,
    until: UnixTime,
}

impl Evidence {
    /// Validity of a link: 15 minutes (documented).
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// Returns the kind of picture or video.
    #[must_use]
    pub fn kind(&self) -> EvidenceKind {
        self.kind
    }

    /// Returns the time at which the link expires. Querying the verdict again yields a new link.
    #[must_use]
    pub fn until(&self) -> UnixTime {
        self.until
    }
}

impl VerdictReply {
    /// Returns the pictures and videos for which the reply has links.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`] if `MaterialInfo` cannot be read. A single link that cannot be read is left out, and
    /// named in [`FacePicture::unreadable`](crate::verify::FacePicture::unreadable) or
    /// [`DocumentPictures::unreadable`](crate::verify::DocumentPictures::unreadable).
    pub fn evidence(&self) -> Result<Vec<Evidence>, InvalidJson> {
        let details = self.details();
        let Some(material) = details.material else {
            return if details.unreadable.contains(&"MaterialInfo") {
                Err(InvalidJson)
            } else {
                Ok(Vec::new())
            };
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
        let present = links.into_iter().filter_map(|(kind, link)| {
            let link = link.filter(|link| !link.expose().is_empty())?;
            Some(Evidence {
                kind,
                link,
                until: UnixTime::from_seconds(until),
            })
        });
        Ok(present.collect())
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

/// A [`Flow`] that downloads a picture or video.
///
/// The output is the whole file. A driver's `fetch` runs this flow and writes the file to a writer.
///
/// * The link may be http (documented); the download always uses TLS.
/// * Only hosts of the vendor (`*.aliyuncs.com`) are contacted, unless [`store`](Self::store) sets
///   another one. HTTP redirects are not followed.
/// * The file must begin like a JPEG or PNG, or for a video like an MP4 or `WebM`. If the response ends
///   with its connection, which could have been cut, the file must also end like one (`WebM`: unchecked).
/// * Transient failures are retried, within the session's total timeout and the validity of the link.
///
/// # Errors
///
/// [`Error::Evidence`], whose [`kind`](EvidenceError::kind) is one of [`EvidenceErrorKind`].
pub struct FetchEvidence {
    evidence: Evidence,
    store: Option<Endpoint>,
    limit: Option<usize>,
    latest: LatestTime,
    stage: FetchStage,
}

enum FetchStage {
    Ready,
    Fetching(Box<PlainCall>),
    Done,
}

impl FetchEvidence {
    /// Creates a download of `evidence`.
    #[must_use]
    pub fn new(evidence: Evidence) -> Self {
        Self {
            evidence,
            store: None,
            limit: None,
            latest: LatestTime::default(),
            stage: FetchStage::Ready,
        }
    }

    /// Sets the endpoint to download from, in place of the link's host: a gateway or a simulator.
    #[must_use]
    pub fn store(mut self, store: Endpoint) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the largest size in bytes; by default the policy's limit for responses, 10 MiB.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    fn begin(&self, session: &Session, now: Now) -> Result<PlainCall, EvidenceErrorKind> {
        let left = self.evidence.until.seconds();
        let left = left.saturating_sub(now.unix.seconds());
        if left == 0 {
            return Err(EvidenceErrorKind::LinkExpired);
        }
        let (host, target) =
            split(self.evidence.link.expose()).ok_or(EvidenceErrorKind::InvalidLink)?;
        let store = match &self.store {
            Some(store) => store.clone(),
            None if host.authority().ends_with(".aliyuncs.com") => host,
            None => return Err(EvidenceErrorKind::ForeignHost),
        };
        let mut request = PlainRequest::get(store.clone(), target);
        request.accept = "*/*";
        let span = session.limits().total_timeout;
        let deadline = now.mono + span.min(Duration::from_secs(left));
        let limits = PlainLimits {
            response_limit: self.response_limit(session),
            ..PlainLimits::of_store(session.limits(), deadline)
        };
        Ok(PlainCall::new(
            Purpose::Download,
            Content::Plain(request),
            store,
            limits,
        ))
    }

    fn response_limit(&self, session: &Session) -> usize {
        let limits = session.limits();
        self.limit.unwrap_or(limits.response_limit)
    }

    /// Takes a file without its end for a response that was cut off, if the response does not say where
    /// it ends.
    fn uncut(&self, response: Response, session: &Session) -> Result<Response, Failure> {
        let Response { head, body } = &response;
        let kind = self.evidence.kind;
        let is_checked = head.status == 200
            && body.len() <= self.response_limit(session)
            && media_type(kind, body).is_some();
        let is_framed = ["content-length", "transfer-encoding"]
            .into_iter()
            .any(|name| head.header(name).is_some());
        if is_framed || !is_checked || is_whole(kind, body) {
            return Ok(response);
        }
        Err(Failure::after_head(response.head, "the file is cut off"))
    }

    fn check(&self, result: PlainResult, session: &Session) -> Result<EvidenceFile, Error> {
        let no_file = |attempts| self.error(EvidenceErrorKind::NotReturned, attempts);
        let contents = result.success().map_err(no_file)?.body;
        let limit = self.response_limit(session);
        if contents.len() > limit {
            return Err(self.error(EvidenceErrorKind::TooLarge { limit }, Vec::new()));
        }
        match media_type(self.evidence.kind, &contents) {
            Some(media_type) => Ok(EvidenceFile {
                media_type,
                contents,
            }),
            None => Err(self.error(EvidenceErrorKind::UnexpectedType, Vec::new())),
        }
    }

    fn error(&self, kind: EvidenceErrorKind, attempts: Vec<Attempt>) -> Error {
        Error::Evidence(Box::new(EvidenceError {
            evidence: self.evidence.kind,
            kind,
            attempts,
        }))
    }
}

impl Flow for FetchEvidence {
    type Output = EvidenceFile;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<EvidenceFile> {
        let now = self.latest.clamp(now);
        loop {
            match mem::replace(&mut self.stage, FetchStage::Done) {
                FetchStage::Ready => match self.begin(session, now) {
                    Ok(call) => self.stage = FetchStage::Fetching(Box::new(call)),
                    Err(reason) => return Step::Done(Err(self.error(reason, Vec::new()))),
                },
                FetchStage::Fetching(mut call) => match call.poll(session, now).or_done() {
                    Continue(step) => {
                        self.stage = FetchStage::Fetching(call);
                        return step;
                    }
                    Break(result) => {
                        return Step::Done(result.and_then(|it| self.check(it, session)));
                    }
                },
                FetchStage::Done => return Step::Done(Err(Error::Finished)),
            }
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        let now = self.latest.clamp(now);
        let reply = reply.and_then(|response| self.uncut(response, session));
        if let FetchStage::Fetching(call) = &mut self.stage {
            call.report(session, id, reply, now);
        }
    }
}

impl fmt::Debug for FetchEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchEvidence")
            .field("evidence", &self.evidence)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A downloaded picture or video.
///
/// `Debug` shows type and size.
#[non_exhaustive]
pub struct EvidenceFile {
    /// Media type, determined from the first bytes: `image/jpeg`, `image/png`, `video/mp4` or
    /// `video/webm`.
    pub media_type: &'static str,
    /// Contents of the file; sensitive.
    pub contents: Vec<u8>,
}

impl fmt::Debug for EvidenceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            media_type,
            contents,
        } = self;
        write!(f, "EvidenceFile({media_type}, {} bytes)", contents.len())
    }
}

/// Splits a link into its host, as an https endpoint, and the request target.
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

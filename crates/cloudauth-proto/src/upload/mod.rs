//! Files: into the vendor's object store first, then the operation that names them.
//!
//! Seven operations take files, nine fields in all. For each file the vendor's platform is asked for
//! leave (`AuthorizeFileUpload`), the file is posted to the object store, and its place there is
//! put into the operation (recorded from the vendor's SDK).

mod error;
mod form;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};

use crate::call::{Call, Reply};
use crate::clock::{MonoTime, Now};
use crate::endpoint::Endpoint;
use crate::errand::Errand;
use crate::error::{Error, Invalid, Problem};
use crate::flow::{ExchangeId, Flow, IDS_PER_STAGE, Step, What};
use crate::operation::{Operation, operations};
use crate::ops::{
    ContrastFaceVerify, CredentialProductVerifyV2, CredentialVerifyV2, Id2MetaVerifyWithOCR,
    Id3MetaVerify, Id3MetaVerifyPRO, Id3MetaVerifyWithOCR,
};
use crate::policy::CallOptions;
use crate::reply::replies;
use crate::secret::Sensitive;
use crate::session::Session;
use crate::wire::http::{Failure, Method, Response};

pub use error::{UploadError, UploadStep};
pub(crate) use form::Form;
use form::Leave;

operations! {
    /// Asks the vendor's platform for leave to post one file to its object store. An operation of
    /// another product (`OpenPlatform`); an [`Upload`] asks it by itself.
    AuthorizeFileUpload(Query) -> AuthorizeFileUploadResponse {
        with { version: "2019-12-19", method: Method::Get, payload: None }
        requires {
            /// The product that will use the file.
            query product: alloc::string::String = "Product",
        }
        accepts {
            query region_id: alloc::string::String = "RegionId",
        }
    }
}

replies! {
    /// Leave to post one file: keys, a policy and a place.
    AuthorizeFileUploadResponse {
        access_key_id: Option<Sensitive> = "AccessKeyId",
        bucket: Option<Sensitive> = "Bucket",
        /// What may be posted, in base64.
        encoded_policy: Option<Sensitive> = "EncodedPolicy",
        /// The object store.
        endpoint: Option<Sensitive> = "Endpoint",
        /// What the file must be called.
        object_key: Option<Sensitive> = "ObjectKey",
        /// Of the policy.
        signature: Option<Sensitive> = "Signature",
        use_accelerate: Option<bool> = "UseAccelerate",
    }
}

/// A file for a field of an operation.
struct File<O> {
    field: &'static str,
    contents: Vec<u8>,
    set: fn(&mut O, Sensitive),
}

/// An operation that takes files, from the first file to the reply.
///
/// ```
/// use cloudauth_proto::ops::Id2MetaVerifyWithOCR;
///
/// # let (front, back) = (vec![1], vec![2]);
/// let upload = Id2MetaVerifyWithOCR::new()
///     .with_cert_file(front)
///     .with_cert_national_file(back);
/// // a driver runs it like every flow
/// ```
///
/// A failure before the operation itself is [`Error::Upload`], which says which step failed, and the
/// operation has then certainly not been carried out. A file that was posted and is not used is left
/// to the vendor, who does not document how long it is kept.
///
/// A file's bytes are copied once, into the body that all attempts to post it share. `Debug` names
/// the fields.
pub struct Upload<O: Operation> {
    operation: O,
    files: VecDeque<File<O>>,
    options: CallOptions,
    platform: Endpoint,
    store: Option<Endpoint>,
    stage: Stage<O>,
    /// What the stage's own exchange ids begin at, so that a late report finds no namesake.
    base: u32,
    deadline: Option<MonoTime>,
}

enum Stage<O: Operation> {
    Next,
    Authorize(File<O>, Call<AuthorizeFileUpload>),
    Post(File<O>, Arc<Form>, Errand),
    Ask(Call<O>),
    Over,
}

impl<O: Operation> Upload<O> {
    fn new(operation: O) -> Self {
        Self {
            operation,
            files: VecDeque::new(),
            options: CallOptions::new(),
            platform: Endpoint::OPEN_PLATFORM,
            store: None,
            stage: Stage::Next,
            base: 0,
            deadline: None,
        }
    }

    fn with(mut self, field: &'static str, contents: Vec<u8>, set: fn(&mut O, Sensitive)) -> Self {
        self.files.retain(|file| file.field != field);
        let file = File {
            field,
            contents,
            set,
        };
        self.files.push_back(file);
        // So that the operation is checked as it will be.
        set(&mut self.operation, "http://upload.invalid/".into());
        self
    }

    /// With options for the operation. Their total time-out holds for all steps together.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Asks for leave at this endpoint instead of `openplatform.aliyuncs.com`.
    #[must_use]
    pub fn platform(mut self, platform: Endpoint) -> Self {
        self.platform = platform;
        self
    }

    /// Posts to this endpoint instead of the bucket's own: a gateway, a simulator.
    #[must_use]
    pub fn store(mut self, store: Endpoint) -> Self {
        self.store = Some(store);
        self
    }

    fn check(&self) -> Result<(), Error> {
        let mut problems = self.operation.check();
        for file in &self.files {
            if file.contents.is_empty() {
                problems.push(Problem::new(file.field, "is an empty file"));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let action = self.operation.terms().action;
        Err(Error::Invalid(alloc::boxed::Box::new(Invalid {
            action,
            problems,
        })))
    }

    /// Options for a call of this upload's: what is left of the time.
    fn rest(&self, options: CallOptions, now: MonoTime) -> CallOptions {
        let deadline = self.deadline.unwrap_or(now);
        options.total_timeout(deadline.saturating_since(now))
    }

    fn leave(&self, now: MonoTime) -> Result<Call<AuthorizeFileUpload>, Error> {
        let options = CallOptions::new().endpoint(self.platform.clone());
        Call::new(
            &AuthorizeFileUpload::new("Cloudauth"),
            self.rest(options, now),
        )
    }

    /// Goes on to the next file, or to the operation.
    fn next(&mut self, now: MonoTime) -> Result<Stage<O>, Error> {
        self.base += IDS_PER_STAGE;
        if let Some(file) = self.files.pop_front() {
            return Ok(Stage::Authorize(file, self.leave(now)?));
        }
        let options = self.rest(self.options.clone(), now);
        Ok(Stage::Ask(Call::new(&self.operation, options)?))
    }

    /// Does one thing: comes to the next stage, or to a step for the driver.
    fn advance(
        &mut self,
        session: &mut Session,
        now: Now,
    ) -> Result<Option<Step<Reply<O::Response>>>, Error> {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Next => {
                self.check()?;
                let limit = session.limits().total_timeout;
                let limit = self.options.total_timeout.unwrap_or(limit);
                self.deadline = Some(now.mono + limit);
                self.stage = self.next(now.mono)?;
            }
            Stage::Authorize(mut file, mut call) => {
                let reply = match call.poll(session, now).or_done() {
                    Break(reply) => reply,
                    Continue(step) => {
                        self.stage = Stage::Authorize(file, call);
                        return Ok(Some(step));
                    }
                };
                let leave = reply.and_then(|reply| Leave::read(reply, self.store.clone()));
                let leave = leave.map_err(|e| UploadError::authorizing(file.field, e))?;
                self.base += IDS_PER_STAGE;
                let contents = mem::take(&mut file.contents);
                let deadline = self.deadline.unwrap_or(now.mono);
                let form = leave.form(&contents, session.begin(now.mono).nonce().as_str());
                let form = Arc::new(form);
                let what = What::File(Arc::clone(&form));
                let limit = session.limits().reply_limit;
                let errand = Errand::new(what, form.store().clone(), deadline, limit);
                self.stage = Stage::Post(file, form, errand);
            }
            Stage::Post(file, form, mut errand) => {
                let ended = match errand.poll(session, now).or_done() {
                    Break(ended) => ended?,
                    Continue(step) => {
                        self.stage = Stage::Post(file, form, errand);
                        return Ok(Some(step));
                    }
                };
                let refused = |attempts| UploadError::posting(file.field, attempts);
                ended.good().map_err(refused)?;
                (file.set)(&mut self.operation, form.url.clone());
                self.stage = self.next(now.mono)?;
            }
            Stage::Ask(mut call) => {
                let step = call.poll(session, now);
                if !matches!(step, Step::Done(_)) {
                    self.stage = Stage::Ask(call);
                }
                return Ok(Some(step));
            }
            Stage::Over => return Err(Error::Finished),
        }
        Ok(None)
    }
}

impl<O: Operation> Flow for Upload<O> {
    type Output = Reply<O::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        loop {
            let step = match self.advance(session, now) {
                Ok(None) => continue,
                Ok(Some(step)) => step,
                Err(error) => return Step::Done(Err(error)),
            };
            return step.numbered_from(self.base);
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        let Some(id) = id.within(self.base) else {
            return;
        };
        match &mut self.stage {
            Stage::Authorize(_, call) => call.report(session, id, reply, now),
            Stage::Post(.., errand) => errand.report(id, reply, now),
            Stage::Ask(call) => call.report(session, id, reply, now),
            Stage::Next | Stage::Over => {}
        }
    }
}

impl<O: Operation> fmt::Debug for Upload<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.files.iter().map(|file| file.field).collect();
        f.debug_struct("Upload")
            .field("action", &self.operation.terms().action)
            .field("files_to_come", &fields)
            .finish_non_exhaustive()
    }
}

/// The fields that take a file.
macro_rules! uploads {
    ($($operation:ident: $with:ident($field:ident = $wire:literal)
        $(, $more:ident($other:ident = $other_wire:literal))?;)*) => {$(
        impl $operation {
            /// The same with this file: an [`Upload`], to be run like a call.
            #[must_use]
            pub fn $with(self, file: impl Into<Vec<u8>>) -> Upload<Self> {
                Upload::new(self).$with(file)
            }
            $(
                /// The same with this file: an [`Upload`], to be run like a call.
                #[must_use]
                pub fn $more(self, file: impl Into<Vec<u8>>) -> Upload<Self> {
                    Upload::new(self).$more(file)
                }
            )?
        }

        impl Upload<$operation> {
            #[doc = concat!("With this file as `", $wire, "`.")]
            #[must_use]
            pub fn $with(self, file: impl Into<Vec<u8>>) -> Self {
                self.with($wire, file.into(), |operation, url| operation.$field = Some(url))
            }
            $(
                #[doc = concat!("With this file as `", $other_wire, "`.")]
                #[must_use]
                pub fn $more(self, file: impl Into<Vec<u8>>) -> Self {
                    self.with($other_wire, file.into(), |operation, url| operation.$other = Some(url))
                }
            )?
        }
    )*

        /// The operations that take files, and the fields for them.
        pub const UPLOADS: &[(&str, &[&str])] = &[
            $((stringify!($operation), &[$wire $(, $other_wire)?]),)*
        ];
    };
}

uploads! {
    ContrastFaceVerify: with_face_contrast_file(face_contrast_file = "FaceContrastFile");
    CredentialProductVerifyV2: with_image_file(image_file = "ImageFile");
    CredentialVerifyV2: with_image_file(image_file = "ImageFile");
    Id2MetaVerifyWithOCR: with_cert_file(cert_file = "CertFile"),
        with_cert_national_file(cert_national_file = "CertNationalFile");
    Id3MetaVerify: with_face_file(face_file = "FaceFile");
    Id3MetaVerifyPRO: with_face_file(face_file = "FaceFile");
    Id3MetaVerifyWithOCR: with_cert_file(cert_file = "CertFile"),
        with_cert_national_file(cert_national_file = "CertNationalFile");
}

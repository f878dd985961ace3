//! Operations with files, which are uploaded to the vendor's object store first.
//!
//! Seven operations take files, in nine fields. For each file the vendor's platform grants an upload
//! (`AuthorizeFileUpload`), the file is posted to the object store, and its URL there becomes the value of
//! the field (recorded from the vendor's SDK).

mod grant;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};

use grant::UploadGrant;

use crate::call::plain::{PlainCall, PlainLimits, Purpose};
use crate::call::{Call, Reply};
use crate::clock::{LatestTime, MonoTime, Now};
use crate::decode::replies;
use crate::endpoint::Endpoint;
use crate::error::{Error, UploadError};
use crate::exchange::{Content, ExchangeId};
use crate::flow::{Flow, Step};
use crate::http::{Failure, Method, Response};
use crate::operation::{InvalidField, InvalidOperation, Operation, operations};
use crate::ops::{
    ContrastFaceVerify, CredentialProductVerifyV2, CredentialVerifyV2, Id2MetaVerifyWithOCR,
    Id3MetaVerify, Id3MetaVerifyPRO, Id3MetaVerifyWithOCR,
};
use crate::policy::CallOptions;
use crate::secret::Sensitive;
use crate::session::Session;

operations! {
    /// Requests an upload grant for one file from the vendor's platform. An operation of another product
    /// (`OpenPlatform`), which [`Upload`] calls by itself.
    AuthorizeFileUpload(ReadOnly) -> AuthorizeFileUploadResponse {
        with { version: "2019-12-19", method: Method::Get, payload: None }
        requires {
            /// The product that uses the file.
            query product: alloc::string::String = "Product",
        }
        accepts {
            query region_id: alloc::string::String = "RegionId",
        }
    }
}

replies! {
    /// An upload grant: the signed policy, the object store and the key of the file in it.
    AuthorizeFileUploadResponse {
        access_key_id: Option<Sensitive> = "AccessKeyId",
        bucket: Option<Sensitive> = "Bucket",
        /// The policy, a description of the files that may be posted, in base64.
        encoded_policy: Option<Sensitive> = "EncodedPolicy",
        /// The host of the object store.
        endpoint: Option<alloc::string::String> = "Endpoint",
        /// The key of the file in the bucket.
        object_key: Option<Sensitive> = "ObjectKey",
        /// The signature of the policy.
        signature: Option<Sensitive> = "Signature",
        use_accelerate: Option<bool> = "UseAccelerate",
    }
}

/// A file that has not been uploaded yet, for a field of an operation.
struct PendingFile<O> {
    field: &'static str,
    contents: Vec<u8>,
    set: fn(&mut O, Sensitive),
}

/// A [`Flow`] that uploads the files of an operation, then calls the operation.
///
/// The operations' methods `with_*_file` make it:
///
/// ```
/// use cloudauth_proto::ops::Id2MetaVerifyWithOCR;
///
/// # let (front, back) = (vec![1], vec![2]);
/// let upload = Id2MetaVerifyWithOCR::new()
///     .with_cert_file(front)
///     .with_cert_national_file(back);
/// // a driver runs it like any other flow
/// ```
///
/// A failure before the call of the operation is [`Error::Upload`], which has the failed step; the
/// operation has then certainly not been carried out. A file that has been posted is not deleted if the
/// operation does not use it after all; the vendor does not document how long it is kept.
///
/// The contents of a file are copied once, into the body that all attempts to post it share. `Debug`
/// shows the names of the fields only.
pub struct Upload<O: Operation> {
    operation: O,
    files: VecDeque<PendingFile<O>>,
    options: CallOptions,
    platform: Endpoint,
    store: Option<Endpoint>,
    stage: UploadStage<O>,
    deadline: Option<MonoTime>,
    latest: LatestTime,
}

enum UploadStage<O: Operation> {
    Next,
    Authorize(PendingFile<O>, Call<AuthorizeFileUpload>),
    Post(PendingFile<O>, UploadGrant, PlainCall),
    Call(Call<O>),
    Finished,
}

impl<O: Operation> Upload<O> {
    fn new(operation: O) -> Self {
        Self {
            operation,
            files: VecDeque::new(),
            options: CallOptions::new(),
            platform: Endpoint::OPEN_PLATFORM,
            store: None,
            stage: UploadStage::Next,
            deadline: None,
            latest: LatestTime::default(),
        }
    }

    fn with(mut self, field: &'static str, contents: Vec<u8>, set: fn(&mut O, Sensitive)) -> Self {
        self.files.retain(|file| file.field != field);
        let file = PendingFile {
            field,
            contents,
            set,
        };
        self.files.push_back(file);
        // The check of the operation must find the field set.
        set(&mut self.operation, "http://upload.invalid/".into());
        self
    }

    /// Sets the options of the operation. Their total time-out applies to all steps together.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Requests upload grants from this endpoint instead of `openplatform.aliyuncs.com`.
    #[must_use]
    pub fn platform(mut self, platform: Endpoint) -> Self {
        self.platform = platform;
        self
    }

    /// Posts files to this endpoint, for example a gateway or a simulator, instead of that of the bucket.
    #[must_use]
    pub fn store(mut self, store: Endpoint) -> Self {
        self.store = Some(store);
        self
    }

    fn check(&self) -> Result<(), Error> {
        let mut problems = self.operation.check();
        for file in &self.files {
            if file.contents.is_empty() {
                problems.push(InvalidField::new(file.field, "is an empty file"));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let action = self.operation.metadata().action;
        Err(Error::Invalid(alloc::boxed::Box::new(InvalidOperation {
            action,
            fields: problems,
        })))
    }

    /// Limits the options of a call to the remaining time.
    fn rest(&self, options: CallOptions, now: MonoTime) -> CallOptions {
        let deadline = self.deadline.unwrap_or(now);
        options.total_timeout(deadline.saturating_since(now))
    }

    fn authorize(&self, now: MonoTime) -> Result<Call<AuthorizeFileUpload>, Error> {
        let options = CallOptions::new().endpoint(self.platform.clone());
        Call::new(
            &AuthorizeFileUpload::new("Cloudauth"),
            self.rest(options, now),
        )
    }

    /// The stage for the next file, or for the operation.
    fn next(&mut self, now: MonoTime) -> Result<UploadStage<O>, Error> {
        if let Some(file) = self.files.pop_front() {
            return Ok(UploadStage::Authorize(file, self.authorize(now)?));
        }
        let options = self.rest(self.options.clone(), now);
        Ok(UploadStage::Call(Call::new(&self.operation, options)?))
    }

    /// Advances to the next stage, or to a step for the driver.
    fn advance(
        &mut self,
        session: &mut Session,
        now: Now,
    ) -> Result<Option<Step<Reply<O::Response>>>, Error> {
        match mem::replace(&mut self.stage, UploadStage::Finished) {
            UploadStage::Next => {
                self.check()?;
                let limit = session.limits().total_timeout;
                let limit = self.options.total_timeout.unwrap_or(limit);
                self.deadline = Some(now.mono + limit);
                self.stage = self.next(now.mono)?;
            }
            UploadStage::Authorize(mut file, mut call) => {
                let reply = match call.poll(session, now).or_done() {
                    Break(reply) => reply,
                    Continue(step) => {
                        self.stage = UploadStage::Authorize(file, call);
                        return Ok(Some(step));
                    }
                };
                let grant = reply.and_then(|reply| UploadGrant::read(reply, self.store.clone()));
                let grant = grant.map_err(|e| UploadError::authorizing(file.field, e))?;
                let contents = mem::take(&mut file.contents);
                let boundary = session.begin(None, now.mono).nonce();
                let form = Arc::new(grant.form(&contents, boundary.as_str()));
                let deadline = self.deadline.unwrap_or(now.mono);
                let limits = PlainLimits::of_store(session.limits(), deadline);
                let store = form.store().clone();
                let call = PlainCall::new(Purpose::Upload, Content::File(form), store, limits);
                self.stage = UploadStage::Post(file, grant, call);
            }
            UploadStage::Post(file, grant, mut call) => {
                let result = match call.poll(session, now).or_done() {
                    Break(result) => result?,
                    Continue(step) => {
                        self.stage = UploadStage::Post(file, grant, call);
                        return Ok(Some(step));
                    }
                };
                let refused = |attempts| UploadError::posting(file.field, attempts);
                result.success().map_err(refused)?;
                (file.set)(&mut self.operation, grant.into_url());
                self.stage = self.next(now.mono)?;
            }
            UploadStage::Call(mut call) => {
                let step = call.poll(session, now);
                if !matches!(step, Step::Done(_)) {
                    self.stage = UploadStage::Call(call);
                }
                return Ok(Some(step));
            }
            UploadStage::Finished => return Err(Error::Finished),
        }
        Ok(None)
    }
}

impl<O: Operation> Flow for Upload<O> {
    type Output = Reply<O::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let now = self.latest.clamp(now);
        loop {
            let step = match self.advance(session, now) {
                Ok(None) => continue,
                Ok(Some(step)) => step,
                Err(error) => return Step::Done(Err(error)),
            };
            return step;
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        let now = self.latest.clamp(now);
        match &mut self.stage {
            UploadStage::Authorize(_, call) => call.report(session, id, result, now),
            UploadStage::Post(.., call) => call.report(session, id, result, now),
            UploadStage::Call(call) => call.report(session, id, result, now),
            UploadStage::Next | UploadStage::Finished => {}
        }
    }
}

impl<O: Operation> fmt::Debug for Upload<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.files.iter().map(|file| file.field).collect();
        f.debug_struct("Upload")
            .field("action", &self.operation.metadata().action)
            .field("pending_files", &fields)
            .finish_non_exhaustive()
    }
}

/// Adds the methods that take files, from a table of the operations and their fields.
macro_rules! uploads {
    ($($operation:ident: $with:ident($field:ident = $wire:literal)
        $(, $more:ident($other:ident = $other_wire:literal))?;)*) => {$(
        impl $operation {
            /// Adds a file. The resulting [`Upload`] runs in place of a [`Call`](crate::Call).
            #[must_use]
            pub fn $with(self, file: impl Into<Vec<u8>>) -> Upload<Self> {
                Upload::new(self).$with(file)
            }
            $(
                /// Adds a file. The resulting [`Upload`] runs in place of a [`Call`](crate::Call).
                #[must_use]
                pub fn $more(self, file: impl Into<Vec<u8>>) -> Upload<Self> {
                    Upload::new(self).$more(file)
                }
            )?
        }

        impl Upload<$operation> {
            #[doc = concat!("Sets the file of `", $wire, "`.")]
            #[must_use]
            pub fn $with(self, file: impl Into<Vec<u8>>) -> Self {
                self.with($wire, file.into(), |operation, url| operation.$field = Some(url))
            }
            $(
                #[doc = concat!("Sets the file of `", $other_wire, "`.")]
                #[must_use]
                pub fn $more(self, file: impl Into<Vec<u8>>) -> Self {
                    self.with($other_wire, file.into(), |operation, url| operation.$other = Some(url))
                }
            )?
        }
    )*

        /// The operations that take files, each with the names of its fields for them.
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

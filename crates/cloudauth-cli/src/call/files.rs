//! Files for the operations that take some.

use std::ffi::OsString;
use std::path::PathBuf;

use cloudauth_proto::Endpoint;
use cloudauth_proto::operation::{Listed, OperationMetadata};
use cloudauth_proto::ops::{
    ContrastFaceVerify, CredentialProductVerifyV2, CredentialVerifyV2, Id2MetaVerifyWithOCR,
    Id3MetaVerify, Id3MetaVerifyPRO, Id3MetaVerifyWithOCR,
};
use cloudauth_proto::upload::Upload;
use cloudauth_ureq::Client;

use super::record::Recorder;
use super::{CallReply, reply_of, run_flow};
use crate::error::{CommandError, usage};
use crate::input::{self, Source};
use crate::operation::files_of;
use crate::output::Output;
use crate::parameters::Parameters;

/// Contents of files, by the names of their fields.
#[derive(Default)]
pub(super) struct Files {
    names: Vec<&'static str>,
    contents: Vec<Vec<u8>>,
}

impl Files {
    /// Reads the files of the arguments, each `FIELD=PATH`.
    pub(super) fn read(
        args: &[OsString],
        listed: &OperationMetadata,
    ) -> Result<Self, CommandError> {
        let mut files = Self::default();
        for arg in args {
            let (name, path) = split(arg).ok_or_else(|| usage("--file must be FIELD=PATH"))?;
            let accepted = files_of(&listed.action);
            let field = accepted.iter().find(|field| **field == name);
            let field = field.copied().ok_or_else(|| {
                usage(match accepted {
                    [] => format!("--file: {} takes no file", listed.action),
                    _ => format!("--file: {} takes {}", listed.action, accepted.join(" and ")),
                })
            })?;
            if files.names.contains(&field) {
                return Err(usage(format!("--file: {field} is set twice")));
            }
            let contents = input::upload(Source::file(field, &path))?;
            files.names.push(field);
            files.contents.push(contents);
        }
        Ok(files)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of the fields.
    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }
}

/// Splits `FIELD=PATH`, whose path need not be Unicode.
fn split(arg: &OsString) -> Option<(&str, PathBuf)> {
    let bytes = arg.as_encoded_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let name = core::str::from_utf8(&bytes[..at]).ok()?;
    let path = path(arg, at + 1);
    (!path.as_os_str().is_empty()).then_some((name, path))
}

#[cfg(unix)]
fn path(arg: &OsString, from: usize) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;

    PathBuf::from(std::ffi::OsStr::from_bytes(&arg.as_bytes()[from..]))
}

#[cfg(not(unix))]
fn path(arg: &OsString, from: usize) -> PathBuf {
    PathBuf::from(arg.to_string_lossy().get(from..).unwrap_or_default())
}

/// What an upload needs besides its operation.
pub(super) struct Uploader<'u> {
    pub(super) client: &'u Client,
    pub(super) recorder: &'u Recorder,
    /// The endpoint in place of the vendor's platform and store.
    pub(super) endpoint: Option<&'u Endpoint>,
}

/// Runs the upload of the operation with this name.
macro_rules! uploads {
    ($($operation:ident: $($field:literal => $with:ident),*;)*) => {
        impl Uploader<'_> {
            pub(super) fn run(
                &self,
                action: &str,
                parameters: &Parameters,
                files: Files,
                output: &Output,
            ) -> Result<CallReply, CommandError> {
                match action {
                    $(stringify!($operation) => {
                        let operation: $operation = parameters.build(&files.names)?;
                        let mut upload: Option<Upload<$operation>> = None;
                        for (name, contents) in files.names.iter().zip(files.contents) {
                            upload = Some(match (*name, upload) {
                                $(
                                    ($field, None) => operation.clone().$with(contents),
                                    ($field, Some(upload)) => upload.$with(contents),
                                )*
                                _ => return Err(usage(format!("--file: {name} takes no file"))),
                            });
                        }
                        let upload = upload.ok_or_else(|| usage("--file: no file"))?;
                        self.send(upload, output)
                    })*
                    _ => Err(usage(format!("--file: {action} takes no file"))),
                }
            }
        }

        #[cfg(test)]
        const UPLOADS: &[(&str, &[&str])] = &[$((stringify!($operation), &[$($field),*])),*];
    };
}

uploads! {
    ContrastFaceVerify: "FaceContrastFile" => with_face_contrast_file;
    CredentialProductVerifyV2: "ImageFile" => with_image_file;
    CredentialVerifyV2: "ImageFile" => with_image_file;
    Id2MetaVerifyWithOCR: "CertFile" => with_cert_file, "CertNationalFile" => with_cert_national_file;
    Id3MetaVerify: "FaceFile" => with_face_file;
    Id3MetaVerifyPRO: "FaceFile" => with_face_file;
    Id3MetaVerifyWithOCR: "CertFile" => with_cert_file, "CertNationalFile" => with_cert_national_file;
}

impl Uploader<'_> {
    fn send<O: Listed + Sync>(
        &self,
        mut upload: Upload<O>,
        output: &Output,
    ) -> Result<CallReply, CommandError> {
        if let Some(endpoint) = self.endpoint {
            upload = upload.platform(endpoint.clone()).store(endpoint.clone());
        }
        let reply = run_flow(self.client, self.recorder, upload)?;
        Ok(reply_of::<O>(&reply, output))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_operation_that_takes_files_can_be_called_with_them() {
        assert_eq!(super::UPLOADS, cloudauth_proto::upload::UPLOADS);
    }
}

//! Profiles, and the files in which they are looked up.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::from_environment::{EnvironmentSource, FromEnvironment};
use super::settings::Settings;

/// A profile in a file. The file is read at every refresh and never written. Drivers read files of up to
/// 16 MiB.
///
/// What is not needed for the profile is not checked: other profiles, other fields, comments, and bytes in them
/// that are not UTF-8. A wrong value that is needed is an error with path, profile, line and field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// The name of the profile. `None` selects the one that a file names as `current`
    /// ([`Cli`](ProfileFormat::Cli)), or else `default`.
    pub name: Option<String>,
    /// The files in which it is looked up, in order.
    pub files: Vec<ProfileFile>,
    /// The settings for everything that the profile leaves out.
    pub settings: Settings,
}

/// A file with profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileFile {
    /// The format of the file.
    pub format: ProfileFormat,
    /// The path of the file.
    pub path: String,
    /// Whether it is an error that the file does not exist. Otherwise the next file is read.
    pub is_required: bool,
}

/// The format of a file with profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileFormat {
    /// JSON, as the vendor's CLI writes it to `~/.aliyun/config.json`. All modes of the CLI are supported
    /// except for `Anonymous` and `RsaKeyPair`: `AK`, `StsToken`, `RamRoleArn`, `RamRoleArnWithRoleName`,
    /// `ChainableRamRoleArn`, `EcsRamRole`, `OIDC`, `CloudSSO`, `OAuth`, `External`, `CredentialsURI` and
    /// `BearerToken`. Any number of profiles may refer to each other as `source_profile`. Without a mode, it is
    /// that of the fields. If a field is there twice, the last one counts; a name in another case is read if the
    /// name itself is not there.
    Cli,
    /// INI, as the vendor's SDKs read it from `~/.alibabacloud/credentials`. The types `access_key`, `sts`,
    /// `bearer`, `ram_role_arn`, `oidc_role_arn`, `ecs_ram_role`, `credentials_uri` and `external` are
    /// supported; `rsa_key_pair` is not.
    ///
    /// The vendor's SDKs for Java, Go and Python read some files differently. Such a file has the one reading
    /// under which it can have a key, or else is an error:
    ///
    /// | in the file | Java | Go | Python | here |
    /// |---|---|---|---|---|
    /// | ` ;` or ` #` after a value or a header | comment | comment | `#`: comment | comment |
    /// | `#` without a space before it | part of the value | part of the value | comment | of a key or a token: comment; of other fields: an error |
    /// | `"value"`, `'value'` | with the quotes | without them | with the quotes | without them |
    /// | `enable = false` | switched off | used | used | switched off |
    /// | `enable` with another value than true or false | switched off | used | used | `yes`, `on`, `1`, empty: used; others: an error |
    /// | no `enable` | switched off | used | used | used |
    /// | a section or a key twice | the last counts | the last counts | an error | the last counts |
    /// | a key in upper case | not read | not read | read | read, unless it is there in lower case |
    /// | a line that ends with a backslash | continues | continues | does not | continues |
    /// | an indented line without a key | an error | an error | continues | continues |
    /// | `type` in upper case | read as `access_key` | not read | not read | `ACCESS_KEY`: read; others: an error |
    /// | `type` unknown or missing | read as `access_key` | not read | not read | an error |
    /// | `~/.alibabacloud/credentials` beside `credentials.ini` | not read | read | not read | read first; the other is listed as not used |
    ///
    /// A known key without `=` after it is an error if the section has no other value of it; any other line that
    /// is no value is skipped.
    Ini,
}

impl Profile {
    /// Makes the source for the profile `name` in the file at `path`, which must exist.
    pub fn new(
        format: ProfileFormat,
        path: impl Into<String>,
        name: Option<String>,
        settings: Settings,
    ) -> Self {
        let path = path.into();
        let is_required = true;
        let files = vec![ProfileFile {
            format,
            path,
            is_required,
        }];
        Self {
            name,
            files,
            settings,
        }
    }

    /// The profile of this name, in the file in which the default chain finds it.
    pub fn named(name: impl Into<String>) -> FromEnvironment {
        FromEnvironment::new(EnvironmentSource::Profile(name.into()))
    }
}

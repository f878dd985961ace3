//! The fields of a profile, and the sources that both formats of files describe with them.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;

use super::ProfileError;
use crate::credentials::env::{
    DISABLE_EXTERNAL_PROCESS, OIDC_PROVIDER_ARN, OIDC_TOKEN, OIDC_TOKEN_FILE, ROLE_ARN,
};
use crate::credentials::error::{MalformedProfile, SourceError};
use crate::credentials::external::External;
use crate::credentials::settings::{Settings, sts_host, sts_in};
use crate::credentials::source::{EcsRole, Oidc, OidcToken, Role, Source, Uri};
use crate::credentials::{Credentials, is_key_text, is_temporary};
use crate::endpoint::Endpoint;
use crate::secret::Secret;

pub(super) const NOT_A_KEY: &str = "contains a character that no access key has";
pub(super) const NOT_A_TOKEN: &str = "contains a character that no token has";
const NO_TOKEN: &str = "the ID of a temporary access key, whose security token is missing";

/// When the token of an access key is used. That of a temporary key always is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenUse {
    Required,
    IfSet,
    /// Left over from another mode if the key is not temporary.
    IfTemporary,
}

/// The fields of a profile by their names in the file.
pub(super) trait ProfileFields {
    /// The name of the profile.
    fn name(&self) -> &str;

    /// The value of a field, unless it is empty.
    fn get(&self, field: &'static str) -> Result<Option<String>, ProfileError>;

    /// The line of a field, if it is known.
    fn line(&self, field: &'static str) -> Option<usize>;

    fn problem(&self, field: &'static str, problem: &'static str) -> ProfileError {
        ProfileError::Malformed(MalformedProfile {
            profile: Some(self.name().to_owned()),
            line: self.line(field),
            field: Some(field),
            problem,
        })
    }

    fn required(&self, field: &'static str) -> Result<String, ProfileError> {
        self.get(field)?
            .ok_or_else(|| self.problem(field, "missing"))
    }

    /// The value of the first of several fields that is there.
    fn first(&self, fields: &[&'static str]) -> Result<Option<String>, ProfileError> {
        for field in fields {
            if let Some(value) = self.get(field)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The value of the first field that is there, or else that of a variable.
    fn complete(
        &self,
        fields: &[&'static str],
        variable: &'static str,
        settings: &Settings,
    ) -> Result<String, ProfileError> {
        if let Some(value) = self.first(fields)? {
            return Ok(value);
        }
        match settings.vars.get(variable)? {
            Some(value) => Ok(value.to_owned()),
            None => Err(self.problem(fields[0], "missing")),
        }
    }

    fn seconds(&self, field: &'static str) -> Result<Option<u32>, ProfileError> {
        let Some(text) = self.get(field)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(0) => Ok(None),
            Ok(seconds) if seconds >= 900 => Ok(Some(seconds)),
            Ok(_) | Err(_) => Err(self.problem(field, "not a number of seconds of at least 900")),
        }
    }

    /// The value of a field that is a key or a token.
    fn key_text(&self, field: &'static str, problem: &'static str) -> Result<String, ProfileError> {
        let value = self.required(field)?;
        if is_key_text(&value) {
            Ok(value)
        } else {
            Err(self.problem(field, problem))
        }
    }

    /// The access key, with the token in the field `token`.
    fn key(&self, token: &'static str, token_use: TokenUse) -> Result<Credentials, ProfileError> {
        let id_field = "access_key_id";
        let id = self.key_text(id_field, NOT_A_KEY)?;
        let secret = self.key_text("access_key_secret", NOT_A_KEY)?;
        let has_token = match token_use {
            TokenUse::Required => true,
            TokenUse::IfTemporary if !is_temporary(&id) => false,
            TokenUse::IfSet | TokenUse::IfTemporary => self.get(token)?.is_some(),
        };
        let credentials = if has_token {
            Credentials::temporary(id, secret, self.key_text(token, NOT_A_TOKEN)?)
        } else if is_temporary(&id) {
            return Err(self.problem(id_field, NO_TOKEN));
        } else {
            Credentials::access_key(id, secret)
        };
        credentials.map_err(|_| self.problem(id_field, NOT_A_KEY))
    }

    fn bearer(&self) -> Result<Source, ProfileError> {
        let token = self.key_text("bearer_token", NOT_A_TOKEN)?;
        let credentials = Credentials::bearer(token);
        let credentials = credentials.map_err(|_| self.problem("bearer_token", NOT_A_TOKEN))?;
        Ok(Source::Static(credentials))
    }

    /// The role. The field of its ARN has these names.
    fn role(&self, arns: &[&'static str], settings: &Settings) -> Result<Role, ProfileError> {
        let arn = self.complete(arns, ROLE_ARN, settings)?;
        let session = match self.first(&["ram_session_name", "role_session_name"])? {
            Some(session) => session,
            None => settings.session_name()?.to_owned(),
        };
        let mut role = Role::new(arn, session);
        role.policy = self.get("policy")?;
        role.external_id = self.get("external_id")?;
        let seconds = match self.seconds("duration_seconds")? {
            Some(seconds) => Some(seconds),
            None => self.seconds("expired_seconds")?,
        };
        if let Some(seconds) = seconds {
            role.seconds = seconds;
        }
        Ok(role)
    }

    /// The endpoint of STS: that of the settings, or else that of the profile, or else that of its region, or
    /// else that of the variables.
    fn sts(&self, settings: &Settings) -> Result<Endpoint, ProfileError> {
        if let Some(own) = settings.own_sts() {
            return Ok(own.clone());
        }
        if let Some(host) = self.get("sts_endpoint")? {
            let problem = || self.problem("sts_endpoint", "not a host");
            return sts_host(&host).ok_or_else(problem);
        }
        if let Some(region) = self.get("sts_region")? {
            let vpc = self.get("enable_vpc")?;
            let vpc = vpc.is_some_and(|vpc| vpc.eq_ignore_ascii_case("true"));
            let problem = || self.problem("sts_region", "not a region");
            return sts_in(&region, vpc || settings.uses_vpc()).ok_or_else(problem);
        }
        Ok(settings.default_sts()?)
    }

    fn ecs_role(
        &self,
        names: &[&'static str],
        settings: &Settings,
    ) -> Result<Source, ProfileError> {
        let role = match self.first(names)? {
            Some(role) => Some(role),
            None => settings.ecs_role()?,
        };
        Ok(Source::EcsRole(EcsRole::new(role, settings)?))
    }

    fn oidc(
        &self,
        arns: &[&'static str],
        files: &[&'static str],
        settings: &Settings,
    ) -> Result<Source, ProfileError> {
        let provider = self.complete(&["oidc_provider_arn"], OIDC_PROVIDER_ARN, settings)?;
        let token = match (self.first(files)?, self.get("oidc_token")?) {
            (Some(path), _) => OidcToken::File(path),
            (None, Some(token)) => OidcToken::Text(Secret::new(token)),
            (None, None) if settings.vars.is_set(OIDC_TOKEN_FILE) => {
                OidcToken::File(settings.vars.required(OIDC_TOKEN_FILE)?.to_owned())
            }
            (None, None) => match settings.vars.get(OIDC_TOKEN)? {
                Some(token) => OidcToken::Text(Secret::new(token)),
                None => return Err(self.problem(files[0], "missing")),
            },
        };
        let role = self.role(arns, settings)?;
        let oidc = Oidc::with_token(token, provider, role, self.sts(settings)?);
        Ok(Source::Oidc(Box::new(oidc)))
    }

    fn uri(&self, settings: &Settings) -> Result<Source, ProfileError> {
        check_external(settings)?;
        let url = self.required("credentials_uri")?;
        let problem = |_| self.problem("credentials_uri", "not an https URL, nor one of this host");
        Ok(Source::Uri(Uri::new(&url).map_err(problem)?))
    }

    fn external(&self, settings: &Settings) -> Result<Source, ProfileError> {
        check_external(settings)?;
        let command = self.required("process_command")?;
        let unusable = |_| self.problem("process_command", "not a valid command line");
        let program = External::new(&command).map_err(unusable)?;
        Ok(Source::External(program.settings(settings.clone())))
    }
}

fn check_external(settings: &Settings) -> Result<(), SourceError> {
    if settings.vars.disables_external() {
        let variable = DISABLE_EXTERNAL_PROCESS;
        return Err(SourceError::Disabled { variable });
    }
    Ok(())
}

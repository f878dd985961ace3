//! Sources that are read from the environment when a client is built.

use alloc::string::String;

/// A source whose settings are those of the environment, which is read when a client is built.
///
/// ```
/// use cloudauth_proto::credentials::{EcsRole, FromEnvironment, Oidc, Profile};
///
/// // In a program: Options::new().credentials(EcsRole::named("verify"))
/// let role = EcsRole::named("verify");
/// let profile = Profile::named("verify");
/// let oidc = Oidc::from_env();
/// let chain = FromEnvironment::default_chain();
/// ```
///
/// A program without a driver of this project calls [`Source::resolve`](super::Source::resolve) with its [`Environment`](super::Environment); a session
/// takes a source that was not resolved as if no variable was set.
#[derive(Clone, Debug)]
#[must_use]
pub struct FromEnvironment {
    pub(super) source: EnvironmentSource,
    pub(super) continues_after_failure: bool,
}

#[derive(Clone, Debug)]
pub(super) enum EnvironmentSource {
    DefaultChain,
    Profile(String),
    EcsRole(String),
    Oidc,
}

impl FromEnvironment {
    pub(super) fn new(source: EnvironmentSource) -> Self {
        Self {
            source,
            continues_after_failure: false,
        }
    }

    /// The [default chain](super::Source::default_chain), which is also what a client without an option for its
    /// credentials uses.
    pub fn default_chain() -> Self {
        Self::new(EnvironmentSource::DefaultChain)
    }

    /// Goes on to the next source when one fails, which only the default chain does. See
    /// [`Chain::continue_after_failure`](super::Chain::continue_after_failure) for what that risks.
    pub fn continue_after_failure(mut self) -> Self {
        self.continues_after_failure = true;
        self
    }
}

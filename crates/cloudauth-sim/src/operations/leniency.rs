//! Rules of the service that are only likely: by default the simulator accepts what they forbid and
//! lists it, so that a program is not refused for a rule that the service may not have.

use super::result::OperationResult;

/// Whether likely rules are enforced, and what was accepted against one of them.
#[derive(Default)]
pub(super) struct Leniency {
    pub(super) is_strict: bool,
    accepted: Vec<&'static str>,
}

impl Leniency {
    /// Applies a rule: `refusal` is what the service would probably return, `doubt` what the list says.
    ///
    /// # Errors
    ///
    /// `refusal`, if likely rules are enforced and `is_broken`.
    pub(super) fn apply<E>(
        &mut self,
        is_broken: bool,
        doubt: &'static str,
        refusal: impl FnOnce() -> E,
    ) -> Result<(), E> {
        if !is_broken {
            return Ok(());
        }
        if self.is_strict {
            return Err(refusal());
        }
        self.accepted.push(doubt);
        Ok(())
    }

    /// [`Self::apply`] with the code 401 for a parameter.
    pub(super) fn invalid(
        &mut self,
        is_broken: bool,
        name: &str,
        doubt: &'static str,
    ) -> Result<(), OperationResult> {
        self.apply(is_broken, doubt, || super::result::invalid(name))
    }

    /// What was accepted since the last call of this method.
    pub(super) fn take_accepted(&mut self) -> Vec<&'static str> {
        core::mem::take(&mut self.accepted)
    }
}

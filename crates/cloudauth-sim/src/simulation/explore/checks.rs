//! Results of checks, counted by rule.

use crate::simulation::Rule;

/// How often each rule was checked, and the first violation.
#[derive(Debug)]
pub(super) struct Checks {
    counts: [u64; Rule::ALL.len()],
    violated: Option<Rule>,
}

impl Checks {
    pub(super) const fn new() -> Self {
        Self {
            counts: [0; Rule::ALL.len()],
            violated: None,
        }
    }

    /// Records a check of a rule.
    pub(super) fn expect(&mut self, rule: Rule, holds: bool) {
        self.counts[rule as usize] += 1;
        if !holds && self.violated.is_none() {
            self.violated = Some(rule);
        }
    }

    /// The rule of the first check that failed.
    pub(super) const fn violated(&self) -> Option<Rule> {
        self.violated
    }

    /// How often a rule was checked.
    pub(super) const fn count(&self, rule: Rule) -> u64 {
        self.counts[rule as usize]
    }
}

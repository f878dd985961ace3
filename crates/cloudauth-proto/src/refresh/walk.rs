//! The walk through nested sources: chains of sources, files and programs that describe a source, and roles
//! that are assumed with the credentials of another source.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::response::FetchedCredentials;
use crate::credentials::{
    AssumeRole, Chain, CredentialsError, ResolvedCredentials, Role, SkippedSource, Source,
    SourceError,
};
use crate::endpoint::Endpoint;

#[derive(Default)]
pub(super) struct SourceWalk {
    frames: Vec<Frame>,
    /// The names of the sources from the outermost to the current one.
    path: Vec<Cow<'static, str>>,
    skipped: Vec<SkippedSource>,
    /// The source that is used from now on if the current one has credentials.
    pinned: Option<Source>,
    /// Whether the last source was there, and failed.
    has_failed: bool,
}

/// An enclosing source, which continues with the credentials of the inner one.
enum Frame {
    /// Uses them, or else the rest of the chain.
    Chain {
        rest: VecDeque<Source>,
        depth: usize,
        continues_after_failure: bool,
    },
    /// Uses them. This source describes the inner one.
    Described(Source),
    /// Assumes roles with them, of which the first `done` have been assumed.
    Roles {
        roles: Vec<(Role, Endpoint)>,
        done: usize,
    },
}

/// The use of the credentials that the current source has.
pub(super) enum Resolved {
    /// They are those of the enclosing source, whose frame has been left.
    Inner(FetchedCredentials),
    /// They assume a role.
    Assume {
        fetched: FetchedCredentials,
        role: Role,
        sts: Endpoint,
    },
    /// They are the result, and this is the source for the next refresh.
    Credentials(FetchedCredentials, ResolvedCredentials, Option<Source>),
}

impl SourceWalk {
    /// Enters a source of this name.
    pub(super) fn enter(&mut self, name: &'static str) {
        self.path.push(name.into());
    }

    /// Enters a source of this name that contains no other.
    pub(super) fn enter_last(&mut self, name: impl Into<Cow<'static, str>>, source: &Source) {
        self.path.push(name.into());
        self.pinned = Some(source.clone());
    }

    /// Enters a chain and returns its first source.
    pub(super) fn enter_chain(&mut self, chain: Chain) -> Option<Source> {
        let depth = self.path.len();
        let mut rest = VecDeque::from(chain.sources);
        let first = rest.pop_front()?;
        let continues_after_failure = chain.continues_after_failure;
        self.frames.push(Frame::Chain {
            rest,
            depth,
            continues_after_failure,
        });
        Some(first)
    }

    /// Enters roles; the source of their base comes next.
    pub(super) fn enter_roles(&mut self, roles: Vec<(Role, Endpoint)>) {
        self.path
            .extend(roles.iter().map(|_| Cow::from("ram_role_arn")));
        self.frames.push(Frame::Roles { roles, done: 0 });
    }

    /// Enters a source that describes another one, which comes next.
    pub(super) fn enter_described(&mut self, source: Source) {
        self.frames.push(Frame::Described(source));
    }

    /// Records a source that was skipped before it was entered.
    pub(super) fn skip(&mut self, skipped: SkippedSource) {
        self.skipped.push(skipped);
    }

    /// Records a source within the current one that was skipped before it was entered.
    pub(super) fn skip_inner(&mut self, name: &'static str, reason: SourceError) {
        self.path.push(name.into());
        self.record(reason);
        self.path.pop();
    }

    /// Records why the current source has no credentials.
    pub(super) fn record(&mut self, reason: SourceError) {
        let mut skipped = SkippedSource::new(self.name(), reason);
        skipped.profile = self.profile();
        self.skipped.push(skipped);
    }

    /// The innermost profile that describes the current source: its name and its file.
    fn profile(&self) -> Option<String> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Described(Source::Profile(profile)) => {
                let file = profile.files.first()?;
                Some(format!("{} in {}", profile.name.as_ref()?, file.path))
            }
            Frame::Described(_) | Frame::Chain { .. } | Frame::Roles { .. } => None,
        })
    }

    /// Leaves the current source for the next one of the innermost chain that goes on. Ends the walk if the
    /// deadline has passed.
    pub(super) fn next(&mut self, is_failure: bool, is_out_of_time: bool) -> Option<Source> {
        // Only in a chain is anything absent, and what was found is used without one.
        let is_in_chain = |frame: &Frame| matches!(frame, Frame::Chain { .. });
        let mut is_failure = is_failure || !self.frames.iter().any(is_in_chain);
        while let Some(frame) = self.frames.last_mut() {
            if let Frame::Chain {
                rest,
                depth,
                continues_after_failure,
            } = frame
            {
                if (!is_failure || *continues_after_failure)
                    && !is_out_of_time
                    && let Some(next) = rest.pop_front()
                {
                    self.path.truncate(*depth);
                    return Some(next);
                }
            } else {
                // What a source needs and does not have makes it fail.
                is_failure = true;
            }
            self.frames.pop();
        }
        self.has_failed = is_failure;
        None
    }

    /// Leaves the current source with its credentials.
    pub(super) fn resolve(&mut self, fetched: FetchedCredentials) -> Resolved {
        match self.frames.pop() {
            Some(Frame::Chain { .. }) => Resolved::Inner(fetched),
            Some(Frame::Described(source)) => {
                self.pinned = Some(source);
                Resolved::Inner(fetched)
            }
            Some(Frame::Roles { roles, done }) => {
                if let Some((role, sts)) = roles.get(done).cloned() {
                    let done = done + 1;
                    self.frames.push(Frame::Roles { roles, done });
                    return Resolved::Assume { fetched, role, sts };
                }
                let base = self.pinned.take();
                self.pinned = base.map(|base| AssumeRole { base, roles }.into());
                Resolved::Inner(fetched)
            }
            None => {
                let found = ResolvedCredentials {
                    credentials: fetched.credentials.clone(),
                    source: self.name(),
                    expires: fetched.expires,
                    skipped: mem::take(&mut self.skipped),
                };
                Resolved::Credentials(fetched, found, self.pinned.take())
            }
        }
    }

    /// The end of a walk without credentials.
    pub(super) fn error(&mut self) -> CredentialsError {
        let mut skipped = mem::take(&mut self.skipped);
        match skipped.pop() {
            Some(source) if self.has_failed => {
                let source = Box::new(source);
                CredentialsError::Failed { source, skipped }
            }
            last => {
                skipped.extend(last);
                CredentialsError::NoneFound(skipped)
            }
        }
    }

    pub(super) fn path(&self) -> &[Cow<'static, str>] {
        &self.path
    }

    pub(super) fn skipped(&self) -> &[SkippedSource] {
        &self.skipped
    }

    /// The names of the sources from the outermost to the current one, with slashes between them.
    fn name(&self) -> String {
        self.path.join("/")
    }
}

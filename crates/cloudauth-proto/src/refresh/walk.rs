//! The walk through nested sources: chains of sources, and roles that are assumed with the credentials of
//! another source.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::response::FetchedCredentials;
use crate::credentials::{ResolvedCredentials, Role, SkippedSource, Source, SourceError};
use crate::endpoint::Endpoint;

#[derive(Default)]
pub(super) struct SourceWalk {
    frames: Vec<Frame>,
    /// The names of the sources from the outermost to the current one.
    path: Vec<&'static str>,
    skipped: Vec<SkippedSource>,
    /// The source of the outermost chain that is current.
    pinned: Option<Source>,
}

/// An enclosing source, which continues with the credentials of the inner one.
enum Frame {
    /// Uses them, or else the rest of the chain.
    Chain {
        rest: VecDeque<Source>,
        depth: usize,
    },
    /// Assumes a role with them.
    Role { role: Role, sts: Endpoint },
}

/// The use of the credentials that the current source has.
pub(super) enum Resolved {
    /// They are the credentials of a chain, whose frame has been left.
    Inner(FetchedCredentials),
    /// They assume a role.
    Assume {
        fetched: FetchedCredentials,
        role: Role,
        sts: Endpoint,
    },
    /// They are the result, from this source of the outermost chain.
    Credentials(FetchedCredentials, ResolvedCredentials, Option<Source>),
}

impl SourceWalk {
    /// Enters a source of this name.
    pub(super) fn enter(&mut self, name: &'static str) {
        self.path.push(name);
    }

    /// Enters a chain and returns its first source.
    pub(super) fn enter_chain(&mut self, sources: Vec<Source>) -> Option<Source> {
        let depth = self.path.len();
        let mut rest = VecDeque::from(sources);
        let first = rest.pop_front()?;
        if self.frames.is_empty() {
            self.pinned = Some(first.clone());
        }
        self.frames.push(Frame::Chain { rest, depth });
        Some(first)
    }

    /// Enters a role; the source of its base comes next.
    pub(super) fn enter_role(&mut self, role: Role, sts: Endpoint) {
        self.frames.push(Frame::Role { role, sts });
    }

    /// Records a source that was skipped before it was entered.
    pub(super) fn skip(&mut self, skipped: SkippedSource) {
        self.skipped.push(skipped);
    }

    /// Records why the current source has no credentials.
    pub(super) fn fail(&mut self, reason: SourceError) {
        let source = self.name();
        self.skipped.push(SkippedSource { source, reason });
    }

    /// Leaves the current source for the next one of the innermost chain that has one left. Ends the walk
    /// if the deadline has passed.
    pub(super) fn next(&mut self, is_out_of_time: bool) -> Option<Source> {
        while let Some(frame) = self.frames.last_mut() {
            if let Frame::Chain { rest, depth } = frame
                && !is_out_of_time
                && let Some(next) = rest.pop_front()
            {
                self.path.truncate(*depth);
                if self.frames.len() == 1 {
                    self.pinned = Some(next.clone());
                }
                return Some(next);
            }
            self.frames.pop();
        }
        None
    }

    /// Leaves the current source with its credentials.
    pub(super) fn resolve(&mut self, fetched: FetchedCredentials) -> Resolved {
        match self.frames.pop() {
            Some(Frame::Chain { .. }) => Resolved::Inner(fetched),
            Some(Frame::Role { role, sts }) => Resolved::Assume { fetched, role, sts },
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

    pub(super) fn take_skipped(&mut self) -> Vec<SkippedSource> {
        mem::take(&mut self.skipped)
    }

    pub(super) fn path(&self) -> &[&'static str] {
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

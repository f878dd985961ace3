//! What comes of what a source gave, or of its giving nothing.

use alloc::boxed::Box;
use core::mem;

use super::{Found, Frame, Refresh, Stage};
use crate::clock::Now;
use crate::credentials::error::{CredentialsError, PassedOver, Reason};
use crate::credentials::reply::Got;
use crate::credentials::sts::AssumeRole;
use crate::error::Error;
use crate::flow::Step;
use crate::machine::Signer;
use crate::session::Session;

impl Refresh {
    /// A source gave some: they are what was wanted, or what a role is assumed with.
    pub(super) fn got(&mut self, got: Got, session: &mut Session, now: Now) -> Option<Step<Found>> {
        match self.frames.pop() {
            Some(Frame::Role { role, sts }) => {
                let signer = Signer::Own(got.credentials);
                let operation = AssumeRole(role);
                self.stage = self.begin_call(&operation, signer, sts, "ram_role_arn", now);
                None
            }
            Some(Frame::Chain { .. }) => {
                self.stage = Stage::Got(got);
                None
            }
            None => {
                let found = Found {
                    credentials: got.credentials,
                    source: self.path.join("/"),
                    expires: got.expires,
                    passed_over: mem::take(&mut self.passed_over),
                };
                let pinned = self.pinned.take();
                let keyring = session.keyring_mut();
                keyring.store(self.ticket, found.clone(), got.life, pinned, now.mono);
                Some(Step::Done(Ok(found)))
            }
        }
    }

    /// A source gave none: the next link of the innermost chain is tried, if there is one.
    pub(super) fn failed(&mut self, reason: Reason) -> Stage {
        let source = self.path.join("/");
        let is_out_of_time = reason == Reason::OutOfTime;
        self.passed_over.push(PassedOver { source, reason });
        self.next_link(is_out_of_time)
    }

    pub(super) fn next_link(&mut self, is_out_of_time: bool) -> Stage {
        while let Some(frame) = self.frames.last_mut() {
            if let Frame::Chain { rest, depth } = frame
                && !is_out_of_time
                && let Some(next) = rest.pop_front()
            {
                self.path.truncate(*depth);
                if self.frames.len() == 1 {
                    self.pinned = Some(next.clone());
                }
                return Stage::Enter(Box::new(next));
            }
            self.frames.pop();
        }
        Stage::Finished
    }

    /// All sources were passed over.
    pub(super) fn end(&mut self, session: &mut Session, now: Now) -> Step<Found> {
        let passed_over = mem::take(&mut self.passed_over);
        let last = passed_over.last().map(|it| &it.reason);
        let was_cut_short = last == Some(&Reason::OutOfTime) || now.mono >= self.deadline;
        let error = CredentialsError::NoneFound(passed_over);
        session.fail_refresh(
            self.ticket,
            error.clone(),
            was_cut_short,
            self.begun,
            now.mono,
        );
        Step::Done(Err(Error::Credentials(Box::new(error))))
    }
}

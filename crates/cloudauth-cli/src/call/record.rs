//! The shape of responses, for `sim compare`: status, names of headers, keys and types, and no value.

use core::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

use cloudauth_proto::driver::{ExchangeId, Failure, Now, Response, SupplyError};
use cloudauth_proto::{Flow, Session, Step};
use cloudauth_sim::shapes::RecordedShape;

use crate::error::{CommandError, failed, usage};

/// Writes the shape of each response of a flow to a file; none if there is no file.
pub(super) struct Recorder {
    action: String,
    to: Option<RefCell<File>>,
    lines: Lines,
}

type Lines = Rc<RefCell<Vec<String>>>;

impl Recorder {
    /// Opens the file before anything is sent.
    pub(super) fn open(path: Option<&Path>, action: &str) -> Result<Self, CommandError> {
        let open = |path: &Path| -> Result<_, CommandError> {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.map_err(|e| usage(format!("--record: cannot be written: {e}")))?;
            Ok(RefCell::new(file))
        };
        Ok(Self {
            action: action.to_owned(),
            to: path.map(open).transpose()?,
            lines: Lines::default(),
        })
    }

    pub(super) fn observe<F>(&self, flow: F) -> Observed<F> {
        let to = self.to.is_some();
        let to = to.then(|| (self.action.clone(), Rc::clone(&self.lines)));
        Observed { flow, to }
    }

    /// Writes what was observed.
    pub(super) fn write(&self) -> Result<(), CommandError> {
        let Some(file) = &self.to else {
            return Ok(());
        };
        for line in self.lines.borrow_mut().drain(..) {
            let written = file.borrow_mut().write_all(format!("{line}\n").as_bytes());
            written.map_err(|e| failed(format!("--record: cannot be written: {e}")))?;
        }
        Ok(())
    }
}

/// A flow whose responses are observed.
pub(super) struct Observed<F> {
    flow: F,
    to: Option<(String, Lines)>,
}

impl<F: Flow> Flow for Observed<F> {
    type Output = F::Output;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<F::Output> {
        self.flow.poll(session, now)
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        if let (Some((action, lines)), Ok(response)) = (&self.to, &result) {
            let names = response.head.headers.iter().map(|(name, _)| name.as_str());
            let shape = RecordedShape::of(action, response.head.status, names, &response.body);
            lines.borrow_mut().push(shape.to_line());
        }
        self.flow.report(session, id, result, now);
    }

    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        self.flow.supply(contents);
    }
}

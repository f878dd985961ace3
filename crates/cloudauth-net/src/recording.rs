//! Where a client writes its recording.

use core::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::OptionsError;

type Writer = Box<dyn Write + Send>;

/// The writer of a recording, until a client is built that uses it.
#[derive(Clone)]
pub(crate) struct Recording(Arc<Mutex<Option<Writer>>>);

impl Recording {
    pub(crate) fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(writer)))))
    }

    /// Takes the writer: clones of the options cannot write to it, too.
    pub(crate) fn take(&self) -> Result<impl FnMut(&str) + Send + Sync + 'static, OptionsError> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = "is of a client that was built before; each needs a recording of its own";
        let writer = writer
            .take()
            .ok_or_else(|| OptionsError::new("record", problem))?;
        let mut writer = Mutex::new(Some(writer));
        Ok(move |line: &str| {
            let writer = writer.get_mut().unwrap_or_else(PoisonError::into_inner);
            let Some(to) = writer else {
                return;
            };
            if to
                .write_all(line.as_bytes())
                .and_then(|()| to.flush())
                .is_err()
            {
                // What follows would not be read: a line is missing.
                *writer = None;
                tracing::warn!(target: "cloudauth", "the recording could not be written, and ends");
            }
        })
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

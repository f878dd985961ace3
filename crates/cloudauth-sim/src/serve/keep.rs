//! Keeps the world in its state file.

use core::time::Duration;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::sleep;

use super::state::ServerState;
use crate::snapshot;

/// The interval between checks for changes. With the time to write, a loss is at most the last second.
const INTERVAL: Duration = Duration::from_millis(500);

/// Reads the state file, if it exists.
pub(super) fn load(state: &ServerState, file: &Path) -> io::Result<()> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(named(file, &error)),
    };
    let offset = snapshot::read(&text, &mut state.world());
    let offset = offset.map_err(|error| named(file, &error))?;
    state.set_clock_offset(offset);
    Ok(())
}

/// Writes the file after each change, for as long as the runtime lives.
pub(super) async fn run(state: Arc<ServerState>, file: PathBuf) {
    let mut written = None;
    loop {
        let current = state.revision();
        if written != Some(current) {
            let (state, file) = (Arc::clone(&state), file.clone());
            let task = tokio::task::spawn_blocking(move || save_noting_failure(&state, &file));
            // Fails only if the runtime is ending, and the last state is written then.
            if matches!(task.await, Ok(true)) {
                written = Some(current);
            }
        }
        sleep(INTERVAL).await;
    }
}

/// Writes the file and keeps the reason if that fails. Returns whether it was written.
pub(super) fn save_noting_failure(state: &ServerState, file: &Path) -> bool {
    let saved = save(state, file);
    let is_saved = saved.is_ok();
    state.set_state_error(saved.err().map(|error| named(file, &error).to_string()));
    is_saved
}

/// Replaces the file by a new one, so that a crash leaves the old one.
fn save(state: &ServerState, file: &Path) -> io::Result<()> {
    let text = snapshot::write(&state.world(), state.clock_offset());
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = file.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It has tokens of callbacks and order numbers.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&new)?;
    opened.write_all(text.as_bytes())?;
    // So that a crash of the machine does not leave an empty file under the name of the old one.
    opened.sync_all()?;
    std::fs::rename(&new, file)
}

fn named(file: &Path, error: &dyn core::error::Error) -> io::Error {
    io::Error::other(format!("state file {}: {error}", file.display()))
}

//! The secret in a file. It must outlive the program, or the cookies and callbacks of open verifications count
//! as forged.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use cloudauth_hyper::Client;

/// A shorter secret could be guessed.
pub(crate) const MIN_BYTES: usize = 32;

/// Reads the secret, or generates it if there is no file. Errors name the file: one that exists and is no
/// secret is not replaced.
pub(crate) fn read_or_create(path: &Path, client: &Client) -> Result<Vec<u8>, String> {
    let named = |error: io::Error| format!("{}: {error}", path.display());
    let secret = match fs::read(path) {
        Ok(secret) => secret.trim_ascii().to_vec(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return create(path, client).map_err(named);
        }
        Err(error) => return Err(named(error)),
    };
    if secret.len() < MIN_BYTES {
        return Err(format!(
            "{}: has {} bytes, a secret has at least {MIN_BYTES}; restore the file, or remove it and a new \
             secret is generated, which ends all visits",
            path.display(),
            secret.len()
        ));
    }
    Ok(secret)
}

fn create(path: &Path, client: &Client) -> io::Result<Vec<u8>> {
    let secret = client.entropy().nonce().as_str().as_bytes().to_vec();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    Ok(secret)
}

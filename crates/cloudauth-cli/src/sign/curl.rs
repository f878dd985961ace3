//! The `curl` command that sends a signed request.

use cloudauth_proto::driver::Request;
use cloudauth_proto::{Credentials, Endpoint, Secret};

use crate::error::{CommandError, usage};

/// The command, for a POSIX shell. `printf`, a built-in of the shell, passes the body to curl, whose
/// arguments are visible to other users of the machine.
pub(super) fn command(
    endpoint: &Endpoint,
    request: &Request,
    credentials: &Credentials,
) -> Result<String, CommandError> {
    let mut lines = vec![format!("curl --request {}", request.method.as_str())];
    let token = credentials.security_token().map(Secret::expose);
    for (name, value) in &request.headers {
        lines.push(if token.is_some_and(|token| token == &**value) {
            format!("--header \"{name}: $ALIBABA_CLOUD_SECURITY_TOKEN\"")
        } else {
            format!("--header {}", quoted(&format!("{name}: {value}")))
        });
    }
    let body = super::body(request);
    let url = format!("{endpoint}{}", request.target);
    if token.is_some()
        && super::without_token(format!("{url}\n{body}"), credentials).contains(super::MASK)
    {
        return Err(usage(
            "--curl: with a security token, use --scheme acs3, which has the token in a header",
        ));
    }
    lines.push(quoted(&url));
    if body.is_empty() {
        return Ok(lines.join(" \\\n  "));
    }
    lines.push("--data-binary @-".to_owned());
    Ok(format!(
        "printf %s {} | {}",
        quoted(&body),
        lines.join(" \\\n  ")
    ))
}

/// Quotes a string for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

//! The system clock.

use std::time::SystemTime;

use cloudauth_proto::UnixTime;

#[expect(
    clippy::disallowed_methods,
    reason = "signatures and tokens are made in real time"
)]
pub(crate) fn now() -> UnixTime {
    SystemTime::now().into()
}

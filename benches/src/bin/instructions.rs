//! Builds and signs a request a thousand times, under the instruction counter of
//! `benches/instructions`. The argument is `acs3` or `rpc`.

use core::hint::black_box;

use cloudauth_benches::calls::{Signer, init};
use cloudauth_proto::Scheme;

fn main() {
    let scheme = match std::env::args().nth(1).as_deref() {
        Some("rpc") => Scheme::RpcHmacSha1,
        _ => Scheme::Acs3HmacSha256,
    };
    let (signer, operation) = (Signer::new(), init());
    for _ in 0..1_000 {
        black_box(signer.build(scheme, black_box(&operation)));
    }
}

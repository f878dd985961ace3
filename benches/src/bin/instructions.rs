//! One build and sign of the small call under each scheme, a thousand times, for an instruction
//! counter to watch: see `benches/instructions`.

use std::hint::black_box;

use cloudauth_benches::calls::{Signer, init};
use cloudauth_proto::Scheme;

fn main() {
    let scheme = match std::env::args().nth(1).as_deref() {
        Some("rpc") => Scheme::RpcHmacSha1,
        _ => Scheme::Acs3HmacSha256,
    };
    if std::env::args().nth(2).is_some() {
        let p = cloudauth_benches::calls::picture(5_600_000);
        for _ in 0..100 {
            black_box(Signer::new().build_picture(scheme, black_box(&p)));
        }
        return;
    }
    let (signer, operation) = (Signer::new(), init());
    for _ in 0..100_000 {
        black_box(signer.build(scheme, black_box(&operation)));
    }
}

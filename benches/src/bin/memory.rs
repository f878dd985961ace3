//! Allocations of building and signing one request, and peak memory relative to the size of the body.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::hint::black_box;

use cloudauth_benches::calls::{Signer, init, picture, picture_params};
use cloudauth_proto::Scheme;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    let profiler = || dhat::Profiler::builder().testing().build();
    let small = profiler();
    let (signer, operation) = (Signer::new(), init());
    println!("{:<44} {:>6} | measured", "", "goal");
    for (name, scheme) in SCHEMES {
        // The first request includes initialization, so it is not measured.
        black_box(signer.build(scheme, &operation));
        let before = dhat::HeapStats::get();
        black_box(signer.build(scheme, &operation));
        let allocations = dhat::HeapStats::get().total_blocks - before.total_blocks;
        let name = format!("{name}, 21 parameters: allocations");
        println!("{name:<44} {:>6} | {allocations}", 16);
    }
    drop(small);
    for (name, scheme) in SCHEMES {
        let picture = picture(5_600_000);
        // A new profiler does not count earlier allocations.
        let _large = profiler();
        let params = picture_params(&picture);
        let first = signer.sign(scheme, &params);
        let second = signer.sign(scheme, &params);
        let body = first.body.len();
        let peak = dhat::HeapStats::get().max_bytes;
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let ratio = peak as f64 / body as f64;
        let name = format!("{name}, 5.6 MB, two attempts: peak / body");
        println!("{name:<44} {:>6} | {ratio:.3}", "1.1");
        drop((first, second));
    }
}

const SCHEMES: [(&str, Scheme); 2] = [
    ("ACS3", Scheme::Acs3HmacSha256),
    ("RPC 1.0", Scheme::RpcHmacSha1),
];

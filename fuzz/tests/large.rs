//! 10 MB that are nothing but what has broken encoders.

use std::slice;

use cloudauth_fuzz::values_arrive;
use cloudauth_proto::Scheme;

const KINDS: [&str; 9] = ["\r\n", "&", "=", "\0", "%", "+", "*", "~", "😀"];
const SIZE: usize = 10_000_000;

/// A value for each kind, all of them together of this size.
fn values(size: usize) -> Vec<String> {
    let values = KINDS.iter();
    values
        .map(|kind| kind.repeat(size / KINDS.len() / kind.len()))
        .collect()
}

#[test]
fn ten_megabytes_arrive_by_acs3() {
    values_arrive(Scheme::Acs3HmacSha256, &values(SIZE));
}

#[test]
fn ten_megabytes_arrive_by_rpc() {
    values_arrive(Scheme::RpcHmacSha1, &values(SIZE));
}

/// `cargo test --release -p cloudauth-fuzz --test large -- --ignored`
#[test]
#[ignore = "slow without optimisation"]
fn ten_megabytes_of_each_kind_arrive_one_after_the_other() {
    for value in values(SIZE * KINDS.len()) {
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            // In the form; in the query, behind an empty one in the form.
            values_arrive(scheme, slice::from_ref(&value));
            values_arrive(scheme, &[String::new(), value.clone()]);
        }
    }
}

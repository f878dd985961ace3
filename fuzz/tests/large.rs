//! Values of 10 MB that consist of strings that are known to break encoders.

use std::slice;

use cloudauth_fuzz::check_values;
use cloudauth_proto::Scheme;

const KINDS: [&str; 9] = ["\r\n", "&", "=", "\0", "%", "+", "*", "~", "😀"];
const SIZE: usize = 10_000_000;

/// One value of each kind. `size` is their total size.
fn values(size: usize) -> Vec<String> {
    let values = KINDS.iter();
    values
        .map(|kind| kind.repeat(size / KINDS.len() / kind.len()))
        .collect()
}

#[test]
fn acs3_sends_ten_megabytes_unchanged() {
    check_values(Scheme::Acs3HmacSha256, &values(SIZE));
}

#[test]
fn rpc_sends_ten_megabytes_unchanged() {
    check_values(Scheme::RpcHmacSha1, &values(SIZE));
}

/// `cargo test --release -p cloudauth-fuzz --test large -- --ignored`
#[test]
#[ignore = "slow without optimisation"]
fn ten_megabytes_of_each_kind_are_sent_unchanged() {
    for value in values(SIZE * KINDS.len()) {
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            // In the form, and in the query next to an empty value in the form.
            check_values(scheme, slice::from_ref(&value));
            check_values(scheme, &[String::new(), value.clone()]);
        }
    }
}

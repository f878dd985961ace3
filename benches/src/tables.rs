//! A yardstick for the machine: a simple and fast signer for RPC 1.0.
//!
//! It encodes every byte once and twice with two lookup tables and no branch. The pairs are sorted in
//! advance and no request is built, so it does less than the real signer. The goal of 2.3 for the real
//! signer was set on a machine on which this one took 2.0 to 2.3 times as long as the hash alone.

use core::hint::black_box;
use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::calls::ACCESS_KEY_SECRET;

/// Encodes pairs once and twice, and signs them.
///
/// # Panics
///
/// Panics if the encoded pairs differ from `string_to_sign`.
#[expect(clippy::unwrap_used, reason = "HMAC accepts keys of any length")]
pub fn signer<'a>(
    pairs: &'a BTreeMap<String, String>,
    string_to_sign: &str,
) -> impl FnMut() + use<'a> {
    let key = format!("{ACCESS_KEY_SECRET}&");
    let keyed = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let mut buffers = Buffers::new();
    buffers.encode(&pairs);
    assert_eq!(buffers.twice(), string_to_sign.as_bytes());
    move || {
        let mut buffers = Buffers::new();
        buffers.encode(black_box(&pairs));
        let mut mac = keyed.clone();
        mac.update(buffers.twice());
        black_box(mac.finalize());
        black_box(buffers.once().to_vec());
    }
}

/// The encoding of each byte. The last byte of a row is the length of the encoding.
type EncodingTable<const N: usize> = [[u8; N]; 256];

static ONCE: EncodingTable<4> = table(b"%");
static TWICE: EncodingTable<8> = table(b"%25");

#[expect(clippy::cast_possible_truncation, reason = "values below 256")]
const fn table<const N: usize>(percent: &[u8]) -> EncodingTable<N> {
    let digits = b"0123456789ABCDEF";
    let mut table = [[0; N]; 256];
    let mut byte = 0;
    while byte < 256 {
        let row = &mut table[byte];
        let plain = byte as u8;
        if plain.is_ascii_alphanumeric() || matches!(plain, b'-' | b'.' | b'_' | b'~') {
            row[0] = plain;
            row[N - 1] = 1;
        } else {
            let (start, _) = row.split_at_mut(percent.len());
            start.copy_from_slice(percent);
            row[percent.len()] = digits[byte >> 4];
            row[percent.len() + 1] = digits[byte & 15];
            row[N - 1] = percent.len() as u8 + 2;
        }
        byte += 1;
    }
    table
}

/// Size of a buffer. Sufficient for the measured call.
const SIZE: usize = 2048;

struct Buffers {
    once: [u8; SIZE + 8],
    twice: [u8; SIZE + 8],
    lengths: [usize; 2],
}

impl Buffers {
    fn new() -> Self {
        Self {
            once: [0; SIZE + 8],
            twice: [0; SIZE + 8],
            lengths: [0; 2],
        }
    }

    fn once(&self) -> &[u8] {
        &self.once[..self.lengths[0]]
    }

    fn twice(&self) -> &[u8] {
        &self.twice[..self.lengths[1]]
    }

    fn encode(&mut self, pairs: &[(&str, &str)]) {
        self.push("", "POST&%2F&");
        for (i, (name, value)) in pairs.iter().enumerate() {
            if i > 0 {
                self.push("&", "%26");
            }
            self.encode_str(name);
            self.push("=", "%3D");
            self.encode_str(value);
        }
    }

    fn push(&mut self, once: &str, twice: &str) {
        let [to_once, to_twice] = &mut self.lengths;
        self.once[*to_once..*to_once + once.len()].copy_from_slice(once.as_bytes());
        self.twice[*to_twice..*to_twice + twice.len()].copy_from_slice(twice.as_bytes());
        *to_once += once.len();
        *to_twice += twice.len();
    }

    /// The masks have no effect but to remove bounds checks.
    fn encode_str(&mut self, text: &str) {
        let [mut once, mut twice] = self.lengths;
        for byte in text.bytes() {
            let (row, second) = (ONCE[usize::from(byte)], TWICE[usize::from(byte)]);
            let (at, second_at) = (once & (SIZE - 1), twice & (SIZE - 1));
            self.once[at..at + 4].copy_from_slice(&row);
            self.twice[second_at..second_at + 8].copy_from_slice(&second);
            once += usize::from(row[3]);
            twice += usize::from(second[7]);
        }
        self.lengths = [once, twice];
    }
}

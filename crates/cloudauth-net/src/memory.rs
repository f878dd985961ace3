//! Searches the memory of its own process for secrets, without `unsafe`: through `/proc/self/mem`.
//!
//! The process knows the secrets only masked, so that every plain copy was made by the code under test.

use core::ops::Range;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// A part of a secret, masked. A part is enough, since an allocator writes over the first bytes.
pub(crate) type Needle = [u8; 12];

const MASK: u8 = 0x5a;

/// A secret of 48 letters and digits; numbers stand for different ones.
pub(crate) fn secret(number: u64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // A linear congruential generator.
    let mut state = 12_345 + number;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    (0..48).map(|_| next()).collect()
}

/// Writes three masked parts of each secret to a file.
pub(crate) fn write_needles(path: &Path, secrets: &[String]) {
    let parts = secrets
        .iter()
        .flat_map(|secret| [4, 20, 34].map(|at| secret.as_bytes()[at..at + 12].to_vec()));
    let masked: Vec<u8> = parts.flatten().map(|byte| byte ^ MASK).collect();
    fs::write(path, masked).unwrap();
}

pub(crate) fn read_needles(path: &Path) -> Vec<Needle> {
    let masked = fs::read(path).unwrap();
    let needles = masked.chunks(12).map(|part| part.try_into().unwrap());
    needles.collect()
}

/// A part of a secret in the writable memory of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The number of the part.
    pub(crate) part: usize,
    pub(crate) address: u64,
}

/// Finds parts of secrets in the writable memory of this process.
pub(crate) fn scan(needles: &[Needle]) -> Vec<Hit> {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut found = Vec::new();
    for line in maps.lines() {
        let (range, rights) = line.split_once(' ').unwrap();
        if rights.starts_with("rw") && !line.ends_with("[vvar]") {
            let (start, end) = range.split_once('-').unwrap();
            let parse = |address| u64::from_str_radix(address, 16).unwrap();
            scan_range(&memory, parse(start)..parse(end), needles, &mut found);
        }
    }
    found
}

/// Reads page by page. The pages are masked in place, so that the scan makes no plain copy that stays.
fn scan_range(memory: &File, range: Range<u64>, needles: &[Needle], found: &mut Vec<Hit>) {
    const PAGE: usize = 4_096;
    // The end of the page before, since a part can lie across two pages.
    const TAIL: usize = 11;
    let mut block = [0; TAIL + PAGE];
    let mut firsts = [false; 256];
    for needle in needles {
        firsts[usize::from(needle[0])] = true;
    }
    for at in range.step_by(PAGE) {
        block.copy_within(PAGE.., 0);
        if memory.read_exact_at(&mut block[TAIL..], at).is_err() {
            block.fill(0);
            continue;
        }
        block[TAIL..].iter_mut().for_each(|byte| *byte ^= MASK);
        for (offset, part) in block.windows(12).enumerate() {
            // Hardly any byte is the first of a needle.
            if !firsts[usize::from(part[0])] {
                continue;
            }
            if let Some(i) = needles.iter().position(|needle| needle == part) {
                let address = at + offset as u64 - TAIL as u64;
                found.push(Hit { part: i, address });
            }
        }
    }
}

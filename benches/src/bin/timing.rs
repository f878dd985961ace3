//! Whether the duration of a token check reveals the position of the first wrong byte.
//!
//! `cargo run --release -p cloudauth-benches --bin timing` checks tokens that are wrong in their first
//! byte and tokens that are wrong in their last byte, in random order, and compares the durations by
//! Welch's t-test. An absolute value of t above 4.5 means that they can be distinguished. Comparisons
//! that stop at the first difference are measured as controls, to show that the test detects them.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench"
)]

use core::hint::black_box;
use std::time::Instant;

use cloudauth_proto::verify::{Callback, CallbackKey, OuterOrderNo};
use cloudauth_proto::{Entropy, Secret, UnixTime};

const SAMPLES: usize = 200_000;
/// Checks per sample.
const BATCH: usize = 16;
/// Share of the samples that is kept. The slowest are dropped, since they were interrupted.
const KEPT: f64 = 0.9;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
const LATER: UnixTime = UnixTime::from_seconds(1_800_003_600);

fn main() {
    let key = CallbackKey::new(&[7; 32]).unwrap();
    let order = OuterOrderNo::new("9".repeat(32)).unwrap();
    let token = key.token(&order, LATER);
    let good = token.expose();
    let wrong_at = |at: usize| {
        let mut wrong = good.as_bytes().to_vec();
        wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(wrong).unwrap()
    };
    let callback = |token: &String| {
        let query = format!("certifyId=sha1&callbackToken={token}");
        Callback::parse(&query).unwrap()
    };
    // A token is a hash of 32 characters followed by the order number. The hash depends on the order
    // number, so only the hash is varied.
    let whole = [wrong_at(0), wrong_at(good.len() - 1)];
    let hash = [wrong_at(0), wrong_at(31)];
    let same = [wrong_at(0), wrong_at(0)];
    let secret = Secret::new(good);

    println!("{:<44} {:>7} {:>7} {:>8}", "", "first", "last", "t");
    row("Callback::has_token", &whole, callback, |callback| {
        callback.has_token(black_box(&secret))
    });
    let check = |callback: &Callback| key.check(callback, NOW).is_ok();
    row("CallbackKey::check", &hash, callback, check);
    row("control: equal tokens", &same, callback, check);
    row("control: ==", &whole, String::clone, |token| {
        token == black_box(good)
    });
    row(
        "control: stops at the first difference",
        &whole,
        String::clone,
        |token| {
            let mut pairs = token.bytes().zip(black_box(good).bytes());
            pairs.all(|(a, b)| black_box(a) == black_box(b))
        },
    );
}

/// Measures both classes in random order, and prints their means and t.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn row<T>(
    name: &str,
    tokens: &[String; 2],
    make: impl Fn(&String) -> T,
    check: impl Fn(&T) -> bool,
) {
    let mut coin = Coin(Entropy::from_seed([3; 32]), Vec::new());
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        let class = coin.toss();
        // Created for each sample: if each class had one value, the classes would differ in their
        // memory addresses, which affect the duration.
        let value = make(&tokens[class]);
        let start = Instant::now();
        for _ in 0..BATCH {
            black_box(check(black_box(&value)));
        }
        taken[class].push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
    }
    let mut all: Vec<f64> = taken.concat();
    all.sort_by(f64::total_cmp);
    let limit = all[(all.len() as f64 * KEPT) as usize];
    let [first, last] = taken.map(|times| {
        let kept: Vec<f64> = times.into_iter().filter(|time| *time <= limit).collect();
        moments(&kept)
    });
    let t = (first.mean - last.mean) / (first.error + last.error).sqrt();
    println!(
        "{name:<44} {:>5.1}ns {:>5.1}ns {t:>8.1}",
        first.mean, last.mean
    );
}

struct Moments {
    mean: f64,
    /// The squared standard error of the mean.
    error: f64,
}

fn moments(values: &[f64]) -> Moments {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let error = squares.sum::<f64>() / (count - 1.0) / count;
    Moments { mean, error }
}

/// A coin whose tosses are the same in every run.
struct Coin(Entropy, Vec<u8>);

impl Coin {
    fn toss(&mut self) -> usize {
        if self.1.is_empty() {
            self.1 = self.0.nonce().as_str().into();
        }
        usize::from(self.1.pop().is_some_and(|digit| digit % 2 == 1))
    }
}

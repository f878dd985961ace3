//! Whether a wrong token's first wrong byte can be told from how long its check takes.
//!
//! `cargo run --release -p cloudauth-benches --bin timing` compares tokens that are wrong at their
//! first byte with tokens that are wrong at their last one, in random order, by Welch's t: beyond 4.5
//! the two can be told apart. Comparisons that stop at the first difference stand beside ours, to show
//! that the bench would see it.
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

use cloudauth_proto::verify::{CallbackKey, Notice, OuterOrderNo};
use cloudauth_proto::{Entropy, Secret, UnixTime};

const SAMPLES: usize = 200_000;
/// Checks in a sample.
const BATCH: usize = 16;
/// Slower samples than this share were interrupted.
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
    let notice = |token: &str| {
        let query = format!("certifyId=sha1&callbackToken={token}");
        Notice::parse(&query).unwrap()
    };
    // Where the hash ends the order begins, of which another hash would be made.
    let (first, last, last_of_hash) = (wrong_at(0), wrong_at(good.len() - 1), wrong_at(31));

    println!("{:<44} {:>7} {:>7} {:>8}", "", "first", "last", "t");
    let secret = Secret::new(good);
    let bears = [notice(&first), notice(&last)];
    row("Notice::bears", |class| {
        black_box(black_box(&bears[class]).bears(black_box(&secret)));
    });
    let checks = [notice(&first), notice(&last_of_hash)];
    row("CallbackKey::check", |class| {
        let _ = black_box(key.check(black_box(&checks[class]), NOW));
    });
    let texts = [first, last];
    row("control: ==", |class| {
        black_box(black_box(texts[class].as_str()) == black_box(good));
    });
    row("control: byte by byte until one differs", |class| {
        let bytes = black_box(texts[class].as_bytes()).iter();
        let mut pairs = bytes.zip(black_box(good.as_bytes()));
        black_box(pairs.all(|(a, b)| black_box(a) == black_box(b)));
    });
}

/// Measures both classes in random order, and prints their means and how far they are apart.
#[expect(clippy::disallowed_methods, reason = "a bench knows the time")]
fn row(name: &str, check: impl Fn(usize)) {
    let mut dice = Dice(Entropy::from_seed([3; 32]), Vec::new());
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        let class = dice.roll();
        let start = Instant::now();
        for _ in 0..BATCH {
            check(class);
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
    /// Of the mean, squared.
    error: f64,
}

fn moments(values: &[f64]) -> Moments {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let error = squares.sum::<f64>() / (count - 1.0) / count;
    Moments { mean, error }
}

/// A coin that falls the same in every run.
struct Dice(Entropy, Vec<u8>);

impl Dice {
    fn roll(&mut self) -> usize {
        if self.1.is_empty() {
            self.1 = self.0.nonce().as_str().into();
        }
        usize::from(self.1.pop().is_some_and(|digit| digit % 2 == 1))
    }
}

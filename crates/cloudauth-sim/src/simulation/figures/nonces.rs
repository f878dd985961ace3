//! Uniqueness of nonces.

use core::error::Error;

use cloudauth_proto::Entropy;

use super::{Figure, Scale};

/// Ten thousand calls draw the same number of nonces each. Only the first 64 of the 128 bits are
/// compared, which takes less memory and detects every repeated nonce all the same.
pub(super) fn repeated(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let calls = 10_000;
    let each = (scale.nonces / calls).max(1);
    let mut session = Entropy::from_seed([1; 32]);
    let mut drawn = Vec::with_capacity(usize::try_from(calls * each)?);
    for _ in 0..calls {
        let mut call = session.fork();
        for _ in 0..each {
            let nonce = call.nonce();
            let half = nonce.as_str().get(..16).ok_or("a nonce is too short")?;
            drawn.push(u64::from_str_radix(half, 16)?);
        }
    }
    let count = drawn.len();
    drawn.sort_unstable();
    drawn.dedup();
    let repeated = count - drawn.len();
    Ok(vec![Figure::new(
        "repeated nonces",
        "0",
        format!("{repeated} of {count} over {calls} calls"),
        repeated == 0,
    )])
}

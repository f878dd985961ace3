//! Identifiers from a seed, and hex.

use core::fmt::Write as _;

use ring::digest;

/// Encodes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Decodes lower-case hex; `None` for anything else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

/// The identifiers of one seed. With the same seed, the n-th ones are the same in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) seed: u64,
}

impl Ids {
    /// The n-th certify ID: `sha` and 29 hex digits.
    ///
    /// The documented examples begin with `sha`; the length is inferred.
    pub(crate) fn certify_id(self, n: u64) -> String {
        let mut digits = self.digits("certify id", n);
        digits.truncate(29);
        format!("sha{digits}")
    }

    /// The n-th request ID, in the form of an upper-case UUID.
    pub(crate) fn request_id(self, n: u64) -> String {
        let mut id = self.digits("request id", n).to_ascii_uppercase();
        id.truncate(32);
        for at in [20, 16, 12, 8] {
            id.insert(at, '-');
        }
        id
    }

    /// The n-th token.
    pub(crate) fn token(self, n: u64) -> String {
        let mut digits = self.digits("token", n);
        digits.truncate(32);
        format!("simulated-token-{digits}")
    }

    fn digits(self, kind: &str, n: u64) -> String {
        let text = match self.seed {
            0 => format!("{kind} {n}"),
            seed => format!("{kind} {n} of {seed}"),
        };
        hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_vendors_form() {
        let ids = Ids::default();
        let certify_id = ids.certify_id(1);
        assert!(certify_id.starts_with("sha"));
        assert_eq!(certify_id.len(), 32);
        assert!(unhex(&certify_id["sha0".len()..]).is_some());

        let request_id = ids.request_id(1);
        let lengths: Vec<usize> = request_id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(request_id, request_id.to_ascii_uppercase());
    }

    #[test]
    fn identifiers_differ_from_seed_to_seed() {
        let (one, two) = (Ids { seed: 1 }, Ids { seed: 2 });
        assert_ne!(one.certify_id(1), two.certify_id(1));
        assert_ne!(one.request_id(1), two.request_id(1));
        assert_ne!(one.token(1), two.token(1));
        assert_eq!(one.certify_id(1), Ids { seed: 1 }.certify_id(1));
    }

    #[test]
    fn only_lower_case_hex_is_decoded() {
        assert_eq!(unhex("00ff7a"), Some(vec![0, 255, 0x7a]));
        assert_eq!(hex(&[0, 255, 0x7a]), "00ff7a");
        for text in ["0", "0F", "zz", "é", "ab "] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}

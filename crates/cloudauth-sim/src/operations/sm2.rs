//! SM2 decryption of parameters, with a key pair of the simulator's own: the vendor's private key is
//! not published.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::pke::{DecryptingKey, Mode};

use crate::ids::{hex, unhex};

/// The private key of the published example in GB/T 32918.5, appendix C. For tests only.
const EXAMPLE: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";

/// The public key of every [`World`](crate::World), uncompressed, in hex.
///
/// A client must encrypt with it, in place of the vendor's, for the simulator to decrypt.
pub const SM2_PUBLIC_KEY: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
    ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

pub(super) struct KeyPair {
    /// `None` only if [`EXAMPLE`] is mistyped, which a test would find.
    key: Option<DecryptingKey>,
}

impl Default for KeyPair {
    fn default() -> Self {
        Self::from_hex(EXAMPLE).unwrap_or(Self { key: None })
    }
}

impl KeyPair {
    /// Parses a private key: 64 lower-case hex digits.
    pub(super) fn from_hex(private: &str) -> Option<Self> {
        let bytes = unhex(private)?;
        let scalar = DecryptingKey::from_slice(&bytes).ok()?;
        let key = DecryptingKey::new_with_mode(*scalar.as_nonzero_scalar(), Mode::C1C2C3);
        Some(Self { key: Some(key) })
    }

    /// The public key, uncompressed, in hex.
    pub(super) fn public(&self) -> String {
        let key = self.key.as_ref();
        key.map_or_else(String::new, |key| {
            let point = key.encrypting_key().as_affine().to_sec1_point(false);
            hex(point.as_bytes())
        })
    }

    /// Decrypts a parameter: standard base64 of `0x04 || X || Y || C2 || C3`.
    ///
    /// The leading `0x04` is required (observed by a third party against the service).
    pub(super) fn decrypt(&self, text: &str) -> Option<String> {
        let bytes = STANDARD.decode(text).ok()?;
        if bytes.first() != Some(&4) {
            return None;
        }
        let plain = self.key.as_ref()?.decrypt(&bytes).ok()?;
        String::from_utf8(plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn example() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/sm2.json")).unwrap()
    }

    fn bytes(example: &Value, name: &str) -> Vec<u8> {
        unhex(example[name].as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_standards_example_is_decrypted() {
        let (example, pair) = (example(), KeyPair::default());
        assert_eq!(example["private_key"], EXAMPLE);
        assert_eq!(pair.public(), SM2_PUBLIC_KEY);
        assert_eq!(example["public_key"], SM2_PUBLIC_KEY);
        let text = STANDARD.encode(bytes(&example, "c1c2c3_hex"));
        assert!(text.starts_with('B'));
        assert_eq!(
            pair.decrypt(&text).as_deref(),
            example["plaintext"].as_str()
        );
    }

    #[test]
    fn malformed_changed_and_foreign_ciphertexts_are_not_decrypted() {
        let (example, pair) = (example(), KeyPair::default());
        let good = bytes(&example, "c1c2c3_hex");
        let mut cases = vec![
            bytes(&example, "c1c3c2_hex"),
            good[1..].to_vec(),
            good[..good.len() - 1].to_vec(),
            vec![4],
            vec![0; 33],
            Vec::new(),
        ];
        // The same point, compressed: the vendor requires it uncompressed.
        let compressed = [&[2], &good[1..33], &good[65..]].concat();
        assert!(pair.key.as_ref().unwrap().decrypt(&compressed).is_ok());
        cases.push(compressed);
        for at in [1, 64, 65, good.len() - 1] {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            cases.push(flipped);
        }
        for case in cases {
            assert_eq!(
                pair.decrypt(&STANDARD.encode(&case)),
                None,
                "{}",
                hex(&case)
            );
        }
        assert_eq!(pair.decrypt("not base64"), None);
        let other = KeyPair::from_hex(&"1".repeat(64)).unwrap();
        assert_eq!(other.decrypt(&STANDARD.encode(&good)), None);
        assert!(KeyPair::from_hex(&"0".repeat(64)).is_none());
        assert!(KeyPair::from_hex("12").is_none());
    }
}

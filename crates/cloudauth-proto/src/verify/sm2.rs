//! SM2 encryption of names and numbers.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm2::pke::{EncryptingKey, Mode};

use crate::entropy::Entropy;
use crate::ops::{ContrastFaceVerify, InitFaceVerify};
use crate::secret::Sensitive;
use crate::verify::EncryptType;

/// Public key for encrypting names and numbers (SM2, GB/T 32918), so that no gateway or log on the way
/// to the service can read them.
///
/// [`InitFaceVerify::encrypted`] and [`ContrastFaceVerify::encrypted`] encrypt the fields of an operation.
///
/// The vendor documents the key and a sample in Java, whose library writes the parts in the order
/// C1C2C3: the byte `04`, a point (64 bytes), the ciphertext, a hash (32 bytes), all in base64. The
/// service refuses any other form with a system error that does not name the cause (one third party).
///
/// ```
/// use cloudauth_proto::Entropy;
/// use cloudauth_proto::ops::InitFaceVerify;
/// use cloudauth_proto::verify::sm2::PublicKey;
///
/// # let mut entropy = Entropy::from_seed([7; 32]); // or a client's: `client.entropy()`
/// let open = InitFaceVerify::new(1_000_000_006, "order1", "ID_PRO")
///     .cert_name("张三")
///     .cert_no("330103199001011230")
///     .encrypted(&PublicKey::published(), &mut entropy)?;
/// # Ok::<(), cloudauth_proto::verify::sm2::EmptyPlaintext>(())
/// ```
#[derive(Clone)]
pub struct PublicKey(EncryptingKey);

impl PublicKey {
    /// Returns the key on the vendor's page.
    #[must_use]
    pub fn published() -> Self {
        match Self::new(&PUBLISHED) {
            Ok(key) => key,
            Err(InvalidPublicKey) => unreachable!("the published key is a point of the curve"),
        }
    }

    /// Creates a key from a point of the curve sm2p256v1 in the form of SEC 1: 33 bytes beginning with
    /// `02` or `03`, or 65 bytes beginning with `04`.
    pub fn new(point: &[u8]) -> Result<Self, InvalidPublicKey> {
        let point = sm2::PublicKey::from_sec1_bytes(point).map_err(|_| InvalidPublicKey)?;
        Ok(Self(EncryptingKey::new_with_mode(point, Mode::C1C2C3)))
    }

    /// Encrypts a string. Two encryptions of the same string differ, so that equal names are not
    /// recognized. Fails if the string is empty.
    pub fn encrypt(
        &self,
        text: &Sensitive,
        entropy: &mut Entropy,
    ) -> Result<Sensitive, EmptyPlaintext> {
        self.encrypt_with(text, &mut EntropyRng(entropy))
    }

    fn encrypt_with(
        &self,
        text: &Sensitive,
        random: &mut impl TryCryptoRng,
    ) -> Result<Sensitive, EmptyPlaintext> {
        // The randomness is infallible and the point is valid: only an empty string is an error.
        let ciphertext: Vec<u8> = self
            .0
            .encrypt(random, text.expose().as_bytes())
            .map_err(|_| EmptyPlaintext)?;
        Ok(BASE64_STANDARD.encode(ciphertext).into())
    }
}

/// The vendor's key (documented, as is the curve).
const PUBLISHED: [u8; 33] = [
    0x02, 0xcd, 0x77, 0xe0, 0x07, 0xbd, 0xc8, 0x6e, 0xea, 0xf9, 0xa4, 0x79, 0xba, 0x7a, 0x2c, 0x22,
    0xbc, 0x0a, 0x51, 0x7c, 0xcb, 0x3a, 0x69, 0x75, 0xc3, 0xf9, 0x4b, 0x4a, 0xc9, 0x33, 0x47, 0xde,
    0xa6,
];

/// Implements the encryption of name and number for operations that have `EncryptType`.
macro_rules! impl_encrypted {
    ($($operation:ident)*) => {$(
        impl $operation {
            /// Encrypts name and number, if they are set, and sets `EncryptType`.
            ///
            /// Call it last: fields that are set afterwards are not encrypted, and the operation is then
            /// refused before it is sent. An operation that has an `EncryptType` already, other than an
            /// empty one, is not changed. Fails if name or number is empty.
            pub fn encrypted(mut self, key: &PublicKey, entropy: &mut Entropy) -> Result<Self, EmptyPlaintext> {
                if self.encrypt_type.as_ref().is_none_or(|it| it.as_str().is_empty()) {
                    for field in [&mut self.cert_name, &mut self.cert_no].into_iter().flatten() {
                        *field = key.encrypt(field, entropy)?;
                    }
                    self = self.encrypt_type(EncryptType::Sm2.as_str());
                }
                Ok(self)
            }
        }
    )*};
}

impl_encrypted! { InitFaceVerify ContrastFaceVerify }

/// [`Entropy`] as a random number generator of the crate `rand_core`.
struct EntropyRng<'e>(&'e mut Entropy);

impl TryRng for EntropyRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for EntropyRng<'_> {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

/// Error for bytes that are not a point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPublicKey;

impl fmt::Display for InvalidPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SM2 public key is a point of the curve sm2p256v1, in 33 or 65 bytes")
    }
}

impl core::error::Error for InvalidPublicKey {}

/// Error for an empty string, which SM2 cannot encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyPlaintext;

impl fmt::Display for EmptyPlaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an empty string cannot be encrypted")
    }
}

impl core::error::Error for EmptyPlaintext {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Random number generator that yields one scalar.
    struct Fixed(Vec<u8>);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("a scalar is drawn as bytes")
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<_>>());
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    /// Ciphertext under the random scalar of the standard's example.
    fn ciphertext(key: &PublicKey, text: &str) -> Vec<u8> {
        let k = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
        let base64 = key
            .encrypt_with(&text.into(), &mut Fixed(bytes(k)))
            .unwrap();
        BASE64_STANDARD.decode(base64.expose()).unwrap()
    }

    /// GB/T 32918.5, annex C, with the parts in the older order.
    #[test]
    fn the_example_of_the_national_standard_is_reproduced() {
        let key = bytes(
            "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
             ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
        );
        let expected = bytes(
            "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
             e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
             21886ca989ca9c7d58087307ca93092d651efa\
             59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766",
        );
        let key = PublicKey::new(&key).unwrap();
        assert_eq!(ciphertext(&key, "encryption standard"), expected);
    }

    /// Computed with another implementation, for the published key.
    #[test]
    fn ciphertexts_for_the_published_key_match_another_implementation() {
        let key = PublicKey::published();
        for (text, length, expected) in [
            (
                "330103199001011230",
                115,
                "BATr/HGOjReYYgQyJo53/rZBXi7eDgc8D09kDs0uFJpz6Fj52B5UMKV7Ntqrj5UKPGTm7mpjCU2ZKDr/\
                 dn4STfAbzj6AcaYgEd8wntXiQokfEKQnGNQW0xF1K7lM1HRidTJgtLPm5PiOMewr9k7GCWrb4w==",
            ),
            (
                "张三",
                103,
                "BATr/HGOjReYYgQyJo53/rZBXi7eDgc8D09kDs0uFJpz6Fj52B5UMKV7Ntqrj5UKPGTm7mpjCU2ZKDr/\
                 dn4STfDNQa5V+RwZy/TfAOEyXniS5wZ5ccaitqhxbK325ytS573MXBTcrg==",
            ),
        ] {
            let ciphertext = ciphertext(&key, text);
            assert_eq!(ciphertext.len(), length);
            assert_eq!(BASE64_STANDARD.encode(ciphertext), expected);
        }
    }

    #[test]
    fn the_published_key_equals_the_uncompressed_one_of_a_third_party() {
        let full = bytes(
            "04cd77e007bdc86eeaf9a479ba7a2c22bc0a517ccb3a6975c3f94b4ac93347dea6\
             5fb8709f2915105fdd5c81bae765774ca7a9392ad3b557b1d239741c2899c868",
        );
        let full = PublicKey::new(&full).unwrap();
        assert_eq!(
            ciphertext(&full, "张三"),
            ciphertext(&PublicKey::published(), "张三")
        );
    }

    #[test]
    fn bytes_that_are_not_a_point_are_refused() {
        let mut off = vec![4; 65];
        off[64] = 5;
        for bad in [&[][..], &[0], &[2; 32], &[5; 33], &off, &PUBLISHED[..32]] {
            assert_eq!(PublicKey::new(bad).unwrap_err(), InvalidPublicKey);
        }
    }
}

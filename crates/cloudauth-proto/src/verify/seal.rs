//! Name and number, encrypted before they are sent.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sm2::PublicKey;
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm2::pke::{EncryptingKey, Mode};

use crate::entropy::Entropy;
use crate::ops::{ContrastFaceVerify, InitFaceVerify};
use crate::secret::Sensitive;
use crate::verify::EncryptType;

/// A key that names and numbers are encrypted for (SM2, GB/T 32918), so that no log between here and
/// there has them.
///
/// The vendor's page gives the key and a sample in Java, whose library puts the parts in the order
/// C1C2C3: the byte `04`, a point (64 bytes), the ciphertext, a hash (32 bytes), all in base64. The
/// service answers anything else with an error of its own that does not say why (one third party).
///
/// ```
/// use cloudauth_proto::Entropy;
/// use cloudauth_proto::ops::InitFaceVerify;
/// use cloudauth_proto::verify::SealingKey;
///
/// # let mut entropy = Entropy::from_seed([7; 32]); // or a client's: `client.entropy()`
/// let open = InitFaceVerify::new(1_000_000_006, "order1", "ID_PRO")
///     .cert_name("张三")
///     .cert_no("330103199001011234")
///     .sealed(&SealingKey::published(), &mut entropy)?;
/// # Ok::<(), cloudauth_proto::verify::NothingToSeal>(())
/// ```
#[derive(Clone)]
pub struct SealingKey(EncryptingKey);

impl SealingKey {
    /// The key on the vendor's page.
    #[must_use]
    pub fn published() -> Self {
        match Self::new(&PUBLISHED) {
            Ok(key) => key,
            Err(BadSealingKey) => unreachable!("the published key is a point of the curve"),
        }
    }

    /// A point of the curve, with the byte `02` or `03` before its 32 bytes, or `04` before its 64.
    pub fn new(point: &[u8]) -> Result<Self, BadSealingKey> {
        let point = PublicKey::from_sec1_bytes(point).map_err(|_| BadSealingKey)?;
        Ok(Self(EncryptingKey::new_with_mode(point, Mode::C1C2C3)))
    }

    /// Encrypts a text: never twice to the same, so that equal names cannot be told.
    pub fn seal(
        &self,
        text: &Sensitive,
        entropy: &mut Entropy,
    ) -> Result<Sensitive, NothingToSeal> {
        self.seal_with(text, &mut Draws(entropy))
    }

    fn seal_with(
        &self,
        text: &Sensitive,
        random: &mut impl TryCryptoRng,
    ) -> Result<Sensitive, NothingToSeal> {
        // Randomness never runs out here, and the point is one: only an empty text is refused.
        let sealed: Vec<u8> = self
            .0
            .encrypt(random, text.expose().as_bytes())
            .map_err(|_| NothingToSeal)?;
        Ok(BASE64_STANDARD.encode(sealed).into())
    }
}

/// Documented, as is the curve.
const PUBLISHED: [u8; 33] = [
    0x02, 0xcd, 0x77, 0xe0, 0x07, 0xbd, 0xc8, 0x6e, 0xea, 0xf9, 0xa4, 0x79, 0xba, 0x7a, 0x2c, 0x22,
    0xbc, 0x0a, 0x51, 0x7c, 0xcb, 0x3a, 0x69, 0x75, 0xc3, 0xf9, 0x4b, 0x4a, 0xc9, 0x33, 0x47, 0xde,
    0xa6,
];

/// The operations that take `EncryptType`.
macro_rules! sealed {
    ($($operation:ident)*) => {$(
        impl $operation {
            /// The same with name and number encrypted, if they are there, and `EncryptType` set. To be
            /// called last: what is filled in afterwards is not encrypted. What has an
            /// `EncryptType` already stays as it is.
            pub fn sealed(mut self, key: &SealingKey, entropy: &mut Entropy) -> Result<Self, NothingToSeal> {
                if self.encrypt_type.is_none() {
                    for field in [&mut self.cert_name, &mut self.cert_no].into_iter().flatten() {
                        *field = key.seal(field, entropy)?;
                    }
                    self = self.encrypt_type(EncryptType::Sm2.as_str());
                }
                Ok(self)
            }
        }
    )*};
}

sealed! { InitFaceVerify ContrastFaceVerify }

/// Entropy as the curve's crate wants it.
struct Draws<'e>(&'e mut Entropy);

impl TryRng for Draws<'_> {
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

impl TryCryptoRng for Draws<'_> {}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

/// Bytes that are no point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadSealingKey;

impl fmt::Display for BadSealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sealing key is a point of the curve sm2p256v1, in 33 or 65 bytes")
    }
}

impl core::error::Error for BadSealingKey {}

/// An empty text, which SM2 cannot encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NothingToSeal;

impl fmt::Display for NothingToSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an empty text cannot be encrypted")
    }
}

impl core::error::Error for NothingToSeal {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Gives one scalar, and then no more.
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

    fn sealed(key: &SealingKey, text: &str) -> Vec<u8> {
        let k = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
        let sealed = key.seal_with(&text.into(), &mut Fixed(bytes(k))).unwrap();
        BASE64_STANDARD.decode(sealed.expose()).unwrap()
    }

    /// GB/T 32918.5, annex C, with the parts in the older order.
    #[test]
    fn the_national_standard_s_example() {
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
        let key = SealingKey::new(&key).unwrap();
        assert_eq!(sealed(&key, "encryption standard"), expected);
    }

    /// Computed with another implementation, for the published key.
    #[test]
    fn known_answers_for_the_published_key() {
        let key = SealingKey::published();
        for (text, length, expected) in [
            (
                "330103199001011234",
                115,
                "BATr/HGOjReYYgQyJo53/rZBXi7eDgc8D09kDs0uFJpz6Fj52B5UMKV7Ntqrj5UKPGTm7mpjCU2ZKDr/\
                 dn4STfAbzj6AcaYgEd8wntXiQokfEKDWjVAic3VQAHrBG7ZzuMwQ//EUSjELo0Jc2ElsV3L6Og==",
            ),
            (
                "张三",
                103,
                "BATr/HGOjReYYgQyJo53/rZBXi7eDgc8D09kDs0uFJpz6Fj52B5UMKV7Ntqrj5UKPGTm7mpjCU2ZKDr/\
                 dn4STfDNQa5V+RwZy/TfAOEyXniS5wZ5ccaitqhxbK325ytS573MXBTcrg==",
            ),
        ] {
            let sealed = sealed(&key, text);
            assert_eq!(sealed.len(), length);
            assert_eq!(BASE64_STANDARD.encode(sealed), expected);
        }
    }

    #[test]
    fn the_published_key_is_the_one_that_others_print_in_full() {
        let full = bytes(
            "04cd77e007bdc86eeaf9a479ba7a2c22bc0a517ccb3a6975c3f94b4ac93347dea6\
             5fb8709f2915105fdd5c81bae765774ca7a9392ad3b557b1d239741c2899c868",
        );
        let full = SealingKey::new(&full).unwrap();
        assert_eq!(
            sealed(&full, "张三"),
            sealed(&SealingKey::published(), "张三")
        );
    }

    #[test]
    fn what_is_no_point_is_no_key() {
        let mut off = vec![4; 65];
        off[64] = 5;
        for bad in [&[][..], &[0], &[2; 32], &[5; 33], &off, &PUBLISHED[..32]] {
            assert_eq!(SealingKey::new(bad).unwrap_err(), BadSealingKey);
        }
    }
}

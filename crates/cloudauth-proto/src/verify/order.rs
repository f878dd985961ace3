//! The parameters that open a verification.

use alloc::string::String;
use core::fmt;
use core::num::ParseIntError;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::ops::InitFaceVerify;
use crate::secret::Sensitive;
use crate::verify::{CertType, ProductCode};

/// The caller's own number of a verification: 1 to 32 ASCII letters, digits, `_` and `-`.
///
/// The number must be unique; whether the service refuses a second use is not documented. (The
/// vendor's H5 page requires 32 letters and digits, its other pages allow up to 32; programs that send
/// `_` and `-` work.)
///
/// Store the number before the verification is opened: if no response arrives,
/// [`DescribeVerifySearchPageList`](crate::ops::DescribeVerifySearchPageList) finds the verification
/// by it. The number is no secret, since the service and its console show it: it does not serve as the ID of a
/// session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct OuterOrderNo(String);

impl OuterOrderNo {
    /// Creates a number from a string of 1 to 32 ASCII letters, digits, `_` and `-`.
    pub fn new(number: impl Into<String>) -> Result<Self, InvalidOrderNo> {
        let number = number.into();
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if (1..=32).contains(&number.len()) && number.bytes().all(is_allowed) {
            Ok(Self(number))
        } else {
            Err(InvalidOrderNo)
        }
    }

    /// Generates a random number: 32 ASCII letters and digits.
    #[must_use]
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(entropy.nonce().as_str().into())
    }

    /// Returns the number as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OuterOrderNo {
    type Err = InvalidOrderNo;

    /// As [`new`](Self::new).
    fn from_str(number: &str) -> Result<Self, InvalidOrderNo> {
        Self::new(number)
    }
}

impl TryFrom<String> for OuterOrderNo {
    type Error = InvalidOrderNo;

    /// As [`new`](Self::new).
    fn try_from(number: String) -> Result<Self, InvalidOrderNo> {
        Self::new(number)
    }
}

impl From<OuterOrderNo> for String {
    fn from(number: OuterOrderNo) -> Self {
        number.0
    }
}

impl fmt::Display for OuterOrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Error for a string that is not an [`OuterOrderNo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidOrderNo;

impl fmt::Display for InvalidOrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an OuterOrderNo is 1 to 32 letters, digits, _ and -")
    }
}

impl core::error::Error for InvalidOrderNo {}

/// ID of a scene, from the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a number")]
pub struct SceneId(pub i64);

impl From<i64> for SceneId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl From<SceneId> for i64 {
    fn from(scene: SceneId) -> Self {
        scene.0
    }
}

impl fmt::Display for SceneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SceneId {
    type Err = ParseIntError;

    fn from_str(id: &str) -> Result<Self, ParseIntError> {
        id.parse().map(Self)
    }
}

/// Name and number on an identity card.
///
/// What a person entered in a form is [cleaned](super::clean_text) and [checked](super::IdNumber) first, since a
/// mistyped name or number is paid for:
///
/// ```
/// use cloudauth_proto::Sensitive;
/// use cloudauth_proto::verify::{IdNumber, IdentityCard, clean_text};
///
/// #[derive(serde::Deserialize)]
/// struct Entered {
///     name: Sensitive,
///     number: Sensitive,
/// }
///
/// /// None if the person has to correct what was entered.
/// fn card(entered: &Entered) -> Option<IdentityCard> {
///     let name = clean_text(entered.name.expose()).ok()?;
///     let number = IdNumber::new(entered.number.expose()).ok()?;
///     Some(IdentityCard { name: name.into(), number: number.into() })
/// }
/// # let entered = r#"{"name":"张三","number":"330103199001011230"}"#;
/// # assert!(card(&serde_json::from_str(entered).unwrap()).is_some());
/// ```
///
/// `Debug` shows neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct IdentityCard {
    /// Name.
    pub name: Sensitive,
    /// ID number.
    pub number: Sensitive,
}

impl InitFaceVerify {
    /// Creates the operation that opens a verification of the plan `ID_PRO` in the browser: the
    /// person's face is compared with the authority's photo for this name and number.
    ///
    /// The arguments are all fields that the vendor's H5 page requires, except for `Model`, which has
    /// the documented default `LIVENESS`. `return_url` is the URL to which the browser returns, or
    /// `iframe`; `meta_info` is the JSON from the vendor's script in the person's browser.
    ///
    /// ```
    /// use cloudauth_proto::Entropy;
    /// use cloudauth_proto::ops::InitFaceVerify;
    /// use cloudauth_proto::verify::{IdNumber, IdentityCard, Model, OuterOrderNo, SceneId};
    ///
    /// # let mut entropy = Entropy::from_seed([7; 32]);
    /// let order_no = OuterOrderNo::generate(&mut entropy);
    /// let number = IdNumber::new("330103199001011230")?;
    /// let card = IdentityCard { name: "张三".into(), number: number.into() };
    /// let open = InitFaceVerify::id_pro_h5(
    ///     SceneId(1_000_000_006), order_no, card,
    ///     "https://www.example.com/back", r#"{"deviceType":"h5"}"#,
    /// )
    /// .model(Model::MoveAction);
    /// # Ok::<(), cloudauth_proto::verify::InvalidIdNumber>(())
    /// ```
    #[must_use]
    pub fn id_pro_h5(
        scene: impl Into<SceneId>,
        order_no: OuterOrderNo,
        card: IdentityCard,
        return_url: impl Into<String>,
        meta_info: impl Into<Sensitive>,
    ) -> Self {
        Self::id_pro_app(scene, order_no, card, meta_info).return_url(return_url)
    }

    /// Creates the operation that opens a verification of the plan `ID_PRO` in an app.
    ///
    /// The vendor's SDK in the app gets the `CertifyId` of the reply; there is no page, and so no
    /// `ReturnUrl`. `meta_info` is the JSON from that SDK.
    ///
    /// ```
    /// use cloudauth_proto::ops::InitFaceVerify;
    /// use cloudauth_proto::verify::{IdentityCard, OuterOrderNo, SceneId};
    ///
    /// let order_no = OuterOrderNo::new("verify-7-1700000000000")?;
    /// let card = IdentityCard { name: "张三".into(), number: "330103199001011230".into() };
    /// let meta_info = r#"{"deviceType":"ios"}"#;
    /// let open = InitFaceVerify::id_pro_app(SceneId(1_000_000_006), order_no, card, meta_info);
    /// # Ok::<(), cloudauth_proto::verify::InvalidOrderNo>(())
    /// ```
    #[must_use]
    pub fn id_pro_app(
        scene: impl Into<SceneId>,
        order_no: OuterOrderNo,
        card: IdentityCard,
        meta_info: impl Into<Sensitive>,
    ) -> Self {
        Self::new(scene.into(), order_no, ProductCode::IdPro)
            .cert_type(CertType::IdentityCard)
            .cert_name(card.name)
            .cert_no(card.number)
            .meta_info(meta_info)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn an_order_number_is_one_to_thirty_two_ascii_letters_digits_and_two_signs() {
        for valid in [
            "1",
            "e0c34a77f5ac40a5aa5e6ed20c353888",
            "42_1700000000000",
            "verify-7-1700000000000-abcdef12",
        ] {
            assert_eq!(OuterOrderNo::new(valid).unwrap().as_str(), valid);
        }
        for invalid in ["", "e0c34a77f5ac40a5aa5e6ed20c3538889", "a.b", "a b", "单"] {
            assert_eq!(OuterOrderNo::new(invalid), Err(InvalidOrderNo), "{invalid}");
        }
    }

    #[test]
    fn what_is_stored_is_restored_and_checked_again() {
        let number = OuterOrderNo::new("42_17").unwrap();
        let stored = serde_json::to_string(&(&number, SceneId(7))).unwrap();
        assert_eq!(stored, r#"["42_17",7]"#);
        let restored: (OuterOrderNo, SceneId) = serde_json::from_str(&stored).unwrap();
        assert_eq!(restored, (number.clone(), SceneId(7)));
        assert_eq!("42_17".parse(), Ok(number));
        assert_eq!("7".parse(), Ok(SceneId(7)));
        assert_eq!(SceneId(-7).to_string(), "-7");
        let refused = serde_json::from_str::<OuterOrderNo>(r#""a b""#).unwrap_err();
        assert!(
            refused.to_string().starts_with(&InvalidOrderNo.to_string()),
            "{refused}"
        );
    }

    #[test]
    fn generated_order_numbers_are_valid_and_differ() {
        let mut entropy = Entropy::from_seed([1; 32]);
        let generated: BTreeSet<_> = (0..100)
            .map(|_| OuterOrderNo::generate(&mut entropy))
            .collect();
        assert_eq!(generated.len(), 100);
        for number in generated {
            assert_eq!(number.as_str().len(), 32);
            assert!(OuterOrderNo::new(number.as_str()).is_ok());
        }
    }
}

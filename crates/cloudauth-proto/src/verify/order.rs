//! What a verification is opened with.

use alloc::string::String;
use core::fmt;

use crate::entropy::Entropy;
use crate::ops::InitFaceVerify;
use crate::secret::Sensitive;
use crate::verify::{CertType, Model, ProductCode};

/// The caller's own number for a verification: 1 to 32 letters and digits.
///
/// The vendor's H5 page says 32, its other pages up to 32; it asks that the number be unique, and
/// does not say whether the service refuses a second use. Keep it before the call: it is what
/// `DescribeVerifySearchPageList` finds the verification by if no answer comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OuterOrderNo(String);

impl OuterOrderNo {
    /// A number of the caller's own.
    pub fn new(text: impl Into<String>) -> Result<Self, BadOrderNo> {
        let text = text.into();
        let is_good =
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_good {
            Ok(Self(text))
        } else {
            Err(BadOrderNo)
        }
    }

    /// A new number: 32 letters and digits.
    #[must_use]
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(entropy.nonce().as_str().into())
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

/// A text that is no [`OuterOrderNo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadOrderNo;

impl fmt::Display for BadOrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an OuterOrderNo is 1 to 32 letters and digits")
    }
}

impl core::error::Error for BadOrderNo {}

/// A scene that was created in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The name and the number on an identity card.
///
/// `Debug` shows neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct IdentityCard {
    /// The name.
    pub name: Sensitive,
    /// The number.
    pub number: Sensitive,
}

impl InitFaceVerify {
    /// Opens a verification of the plan `ID_PRO`: the person's face against the authority's photo
    /// of this name and number. These are all the fields that the vendor's H5 page demands.
    ///
    /// `return_url` is where the browser goes afterwards, or `iframe`; `meta_info` is the JSON text
    /// from the vendor's script in the person's browser.
    ///
    /// ```
    /// use cloudauth_proto::Entropy;
    /// use cloudauth_proto::ops::InitFaceVerify;
    /// use cloudauth_proto::verify::{IdentityCard, Model, OuterOrderNo, SceneId};
    ///
    /// # let mut entropy = Entropy::from_seed([7; 32]);
    /// let order_no = OuterOrderNo::generate(&mut entropy);
    /// let card = IdentityCard { name: "张三".into(), number: "330103199001011234".into() };
    /// let open = InitFaceVerify::id_pro(
    ///     SceneId(1_000_000_006), order_no, Model::MoveAction, card,
    ///     "https://www.example.com/back", r#"{"deviceType":"h5"}"#,
    /// );
    /// ```
    #[must_use]
    pub fn id_pro(
        scene: impl Into<SceneId>,
        order_no: OuterOrderNo,
        model: Model,
        card: IdentityCard,
        return_url: impl Into<String>,
        meta_info: impl Into<Sensitive>,
    ) -> Self {
        Self::new(scene.into(), order_no, ProductCode::IdPro)
            .model(model)
            .cert_type(CertType::IdentityCard)
            .cert_name(card.name)
            .cert_no(card.number)
            .return_url(return_url)
            .meta_info(meta_info)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_has_one_to_thirty_two_letters_and_digits() {
        for good in ["1", "e0c34a77f5ac40a5aa5e6ed20c353888"] {
            assert_eq!(OuterOrderNo::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "e0c34a77f5ac40a5aa5e6ed20c3538889", "a-b", "a b", "单"] {
            assert_eq!(OuterOrderNo::new(bad), Err(BadOrderNo), "{bad}");
        }
    }

    #[test]
    fn generated_numbers_are_good_and_differ() {
        let mut entropy = Entropy::from_seed([1; 32]);
        let drawn: BTreeSet<_> = (0..100)
            .map(|_| OuterOrderNo::generate(&mut entropy))
            .collect();
        assert_eq!(drawn.len(), 100);
        for number in drawn {
            assert_eq!(number.as_str().len(), 32);
            assert!(OuterOrderNo::new(number.as_str()).is_ok());
        }
    }
}

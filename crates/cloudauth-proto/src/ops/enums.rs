//! The enumerated values of [`InitFaceVerify`](crate::ops::InitFaceVerify).
//!
//! All are documented by the vendor (its H5 page or API metadata) unless the documentation of a variant states otherwise.

use crate::decode::wire_enum::wire_enum;

wire_enum! {
    /// Plan of a face verification.
    ProductCode {
        /// Comparison of a live face with the authority's photo for a name and an ID number; in the
        /// browser or in an app.
        IdPro = "ID_PRO",
        /// As `ID_PRO`, with name and number read from the ID card by the camera; in apps only.
        IdPlus = "ID_PLUS",
        /// Comparison of a live face with a picture of the caller's.
        PvFv = "PV_FV",
        /// Liveness check only.
        LrFr = "LR_FR",
        /// Recorded declaration of intent.
        Mfvc = "MFVC",
        /// Verification in the Alipay app.
        Face = "FACE",
    }

    /// Liveness check. Other combinations of actions are not possible.
    Model {
        /// Blinking; the default.
        Liveness = "LIVENESS",
        /// Blinking under coloured light.
        PhotinusLiveness = "PHOTINUS_LIVENESS",
        /// Blinking and shaking the head, in any order.
        MultiAction = "MULTI_ACTION",
        /// Blinking and shaking the head under coloured light; in the browser only.
        MultiPhotinus = "MULTI_PHOTINUS",
        /// Coming nearer and blinking; recommended by the vendor.
        MoveAction = "MOVE_ACTION",
        /// Blinking and following a track; in the browser only.
        MultiFaptcha = "MULTI_FAPTCHA",
        /// Coming nearer under coloured light; in apps only.
        MovePhotinus = "MOVE_PHOTINUS",
    }

    /// Kind of document.
    CertType {
        /// Resident identity card, or residence permit of people from Hong Kong, Macao or Taiwan.
        IdentityCard = "IDENTITY_CARD",
        /// Passport, read over NFC.
        Passport = "PASSPORT",
    }

    /// Kind of page; for the web SDK only.
    CertifyUrlType {
        /// Page for a desktop browser.
        Web = "WEB",
        /// Page for a phone's browser.
        H5 = "H5",
    }

    /// Length of the page's URL.
    CertifyUrlStyle {
        /// Long; required for an iframe.
        Long = "L",
        /// Short; the default.
        Short = "S",
    }

    /// Fallback for phone browsers that cannot run the live check (no WebRTC or WebAssembly).
    ProcedurePriority {
        /// Show a URL to be opened in another browser; the default.
        Url = "url",
        /// No fallback: the page returns at once.
        Keep = "keep",
        /// Record a video of three to five seconds with the system's camera. `Model` and
        /// `VideoEvidence` then have no effect.
        Video = "video",
    }

    /// Output of the device's risks, at an extra fee.
    FaceGuardOutput {
        /// Risk labels in `DeviceRisk`.
        DeviceRisk = "DeviceRisk",
    }

    /// Encryption of name and number.
    EncryptType {
        /// SM2: `CertName` and `CertNo` carry ciphertext.
        Sm2 = "SM2",
    }

    /// Origin of the data that unlock a passport's chip.
    PassportMode {
        /// Typed by the person.
        Typed = "1",
        /// Set by the caller; `Birthday` and `ValidityDate` are then required.
        Given = "3",
    }

    /// Mode for elderly people; with `LIVENESS` and `MULTI_ACTION` only.
    SuitableType {
        /// Off; the default.
        Off = "0",
        /// On.
        On = "1",
        /// The person chooses.
        Choice = "2",
    }

    /// Verdict on a person. Only `T` is passed (documented).
    Passed {
        /// The person passed.
        Yes = "T",
        /// The person did not pass.
        No = "F",
    }

    /// Yes or no.
    YesNo {
        /// Yes.
        Yes = "Y",
        /// No.
        No = "N",
    }

    /// True or false, in one letter.
    TrueFalse {
        /// True.
        True = "T",
        /// False.
        False = "F",
    }

    /// On or off.
    Switch {
        /// On.
        On = "true",
        /// Off.
        Off = "false",
    }
}

impl From<bool> for YesNo {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl From<bool> for TrueFalse {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_string_is_written_as_it_was_read() {
        for text in ["LIVENESS", "liveness", "", "NEW_MODEL", "张"] {
            assert_eq!(Model::from(text).as_str(), text);
            assert_eq!(text.parse::<Model>().unwrap().to_string(), text);
            let json = serde_json::to_string(&Model::from(text)).unwrap();
            let back: Model = serde_json::from_str(&json).unwrap();
            assert_eq!(back, Model::from(text));
        }
        for listed in Model::LISTED {
            assert_eq!(Model::from(listed.as_str()), *listed);
        }
    }
}

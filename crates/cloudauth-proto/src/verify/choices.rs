//! The fixed texts that [`InitFaceVerify`](crate::ops::InitFaceVerify) takes.
//!
//! All are documented by the vendor (its H5 page or API metadata) unless a variant says otherwise.

use crate::wire::code::wire_enum;

wire_enum! {
    /// The plan.
    ProductCode {
        /// Name, number and face, in the browser or in an app.
        IdPro = "ID_PRO",
        /// As `ID_PRO`, with the card read by the camera; apps only.
        IdPlus = "ID_PLUS",
        /// A live face against a picture of the caller's.
        PvFv = "PV_FV",
        /// Only whether the face is alive.
        LrFr = "LR_FR",
        /// A recorded declaration of intent.
        Mfvc = "MFVC",
        /// In the Alipay app.
        Face = "FACE",
    }

    /// The liveness check. Combinations of one's own are not possible.
    Model {
        /// Blinking; the default.
        Liveness = "LIVENESS",
        /// Blinking under coloured light.
        PhotinusLiveness = "PHOTINUS_LIVENESS",
        /// Blinking and shaking the head, in any order.
        MultiAction = "MULTI_ACTION",
        /// Blinking and shaking the head under coloured light; in the browser only.
        MultiPhotinus = "MULTI_PHOTINUS",
        /// Coming nearer and blinking; the vendor recommends it.
        MoveAction = "MOVE_ACTION",
        /// Blinking and following a track; in the browser only.
        MultiFaptcha = "MULTI_FAPTCHA",
        /// Coming nearer under coloured light; in apps only.
        MovePhotinus = "MOVE_PHOTINUS",
    }

    /// The document.
    CertType {
        /// The resident identity card, and the residence permits of people from Hong Kong, Macao
        /// and Taiwan.
        IdentityCard = "IDENTITY_CARD",
        /// A passport that is read over NFC.
        Passport = "PASSPORT",
    }

    /// What kind of page; for the web SDK only.
    CertifyUrlType {
        /// For a desktop browser.
        Web = "WEB",
        /// For a phone's browser.
        H5 = "H5",
    }

    /// How long the page's URL is.
    CertifyUrlStyle {
        /// Long; needed for an iframe.
        Long = "L",
        /// Short; the default.
        Short = "S",
    }

    /// What to do where the browser cannot run the live check.
    ProcedurePriority {
        /// Show the URL, to be opened elsewhere; the default.
        Url = "url",
        /// Run it all the same.
        Keep = "keep",
        /// Take a video of three to five seconds instead. The `Model` is then not looked at, and no
        /// evidence is kept.
        Video = "video",
    }

    /// Whether the device's risks are told, at an extra fee.
    FaceGuardOutput {
        /// They are, in `DeviceRisk`.
        DeviceRisk = "DeviceRisk",
    }

    /// Whether name and number are encrypted.
    EncryptType {
        /// With SM2: `CertName` and `CertNo` then carry ciphertext.
        Sm2 = "SM2",
    }

    /// Where the data come from that open a passport's chip.
    PassportMode {
        /// The person types them.
        Typed = "1",
        /// The caller gives them: `Birthday` and `ValidityDate` are then needed.
        Given = "3",
    }

    /// The page for elderly people; with `LIVENESS` and `MULTI_ACTION` only.
    SuitableType {
        /// Off; the default.
        Off = "0",
        /// On.
        On = "1",
        /// The person chooses.
        Choice = "2",
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
    fn every_text_comes_back_as_it_was() {
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

//! Whether a file has its end.
//!
//! HTTP cannot tell a file that was cut off from a whole one if the response ends with its connection.

use crate::error::EvidenceKind;

/// Whether the file has the end that its format prescribes. A `WebM` need not have one, so it counts as
/// whole.
pub(super) fn is_whole(kind: EvidenceKind, file: &[u8]) -> bool {
    match kind {
        EvidenceKind::Face | EvidenceKind::CardFace | EvidenceKind::CardEmblem => {
            // Some programs pad a JPEG with zeros.
            let end = file.iter().rposition(|byte| *byte != 0);
            let unpadded = end.and_then(|end| file.get(..=end)).unwrap_or_default();
            unpadded.ends_with(b"\xff\xd9") || file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82")
        }
        EvidenceKind::Video => file.get(4..8) != Some(b"ftyp") || has_whole_boxes(file),
    }
}

/// Whether an MP4 ends where its last box does.
fn has_whole_boxes(mut file: &[u8]) -> bool {
    while !file.is_empty() {
        let Some((size, _)) = file.split_first_chunk::<4>() else {
            return false;
        };
        let size = match u32::from_be_bytes(*size) {
            // To the end of the file.
            0 => return true,
            1 => {
                let large = file.get(8..).and_then(|rest| rest.first_chunk::<8>());
                large.map_or(0, |large| u64::from_be_bytes(*large))
            }
            size => size.into(),
        };
        let rest = usize::try_from(size).ok().filter(|size| *size >= 8);
        let Some(rest) = rest.and_then(|size| file.get(size..)) else {
            return false;
        };
        file = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nface\0\0\0\0IEND\xae\x42\x60\x82";
    const MP4: &[u8] = b"\0\0\0\x0cftypisom\0\0\0\x01mdat\0\0\0\0\0\0\0\x14film\0\0\0\x08moov";

    #[test]
    fn a_file_without_its_end_is_not_whole() {
        for (kind, file) in [
            (EvidenceKind::Face, &b"\xff\xd8\xff\xe0face\xff\xd9"[..]),
            (EvidenceKind::CardFace, PNG),
            (EvidenceKind::Video, MP4),
        ] {
            assert!(is_whole(kind, file));
            let cuts = (0..file.len()).filter(|end| is_whole(kind, &file[..*end]));
            // An MP4 can end after each of its boxes, and is none without its first eight bytes.
            let ends: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 12, 32];
            let expected = if kind == EvidenceKind::Video {
                ends
            } else {
                &[]
            };
            assert_eq!(cuts.collect::<alloc::vec::Vec<_>>(), expected);
        }
    }

    #[test]
    fn zeros_can_follow_a_jpeg() {
        assert!(is_whole(
            EvidenceKind::Face,
            b"\xff\xd8\xff\xe0face\xff\xd9\0\0\0"
        ));
    }

    #[test]
    fn boxes_of_no_size_or_too_large_a_size_are_not_whole() {
        for file in [
            &b"\0\0\0\x04ftyp"[..],
            b"\0\0\0\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xff\xff\xff\xffftyp",
        ] {
            assert!(!is_whole(EvidenceKind::Video, file));
        }
    }
}

//! Pictures from bytes.

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A picture in base64, for every field that takes one: `.face_contrast_picture(picture)`.
///
/// ```
/// use cloudauth_proto::ops::ContrastFaceVerify;
/// use cloudauth_proto::verify::Picture;
///
/// # let bytes = [&b"\xff\xd8\xff\xe0"[..], &[0; 100]].concat();
/// let picture = Picture::new(&bytes)?;
/// let compare = ContrastFaceVerify::new().face_contrast_picture(picture);
/// # Ok::<(), cloudauth_proto::verify::BadPicture>(())
/// ```
///
/// How large it may be depends on the field; where that is documented it is found out before the
/// operation is sent. `Debug` shows format and size.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    format: PictureFormat,
    base64: String,
}

/// What kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl Picture {
    /// A JPEG or a PNG, told apart by how it begins.
    pub fn new(bytes: &[u8]) -> Result<Self, BadPicture> {
        let format = PictureFormat::of(bytes).ok_or(BadPicture)?;
        let base64 = BASE64_STANDARD.encode(bytes);
        Ok(Self { format, base64 })
    }

    /// What kind it is.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        self.format
    }
}

impl PictureFormat {
    /// What these bytes begin like.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else {
            None
        }
    }
}

/// The base64.
impl From<Picture> for String {
    fn from(picture: Picture) -> Self {
        picture.base64
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, base64 } = self;
        write!(f, "Picture({format:?}, {} bytes of base64)", base64.len())
    }
}

/// Bytes that are neither a JPEG nor a PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadPicture;

impl fmt::Display for BadPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a picture must be a JPEG or a PNG")
    }
}

impl core::error::Error for BadPicture {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn formats_are_told_by_how_they_begin() {
        let jpeg = Picture::new(b"\xff\xd8\xff\xe0face").unwrap();
        let png = Picture::new(b"\x89PNG\r\n\x1a\nface").unwrap();
        assert_eq!(jpeg.format(), PictureFormat::Jpeg);
        assert_eq!(png.format(), PictureFormat::Png);
        assert_eq!(String::from(jpeg), "/9j/4GZhY2U=");
        for bad in [&b""[..], b"GIF89a", b"\xff\xd8", b"<svg/>", b"\x89PNG"] {
            assert_eq!(Picture::new(bad), Err(BadPicture));
        }
    }

    #[test]
    fn debug_does_not_show_the_face() {
        let jpeg = Picture::new(b"\xff\xd8\xff\xe0face").unwrap();
        assert_eq!(format!("{jpeg:?}"), "Picture(Jpeg, 12 bytes of base64)");
    }
}

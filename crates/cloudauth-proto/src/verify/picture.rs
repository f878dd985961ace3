//! Pictures for the fields of operations.

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::operation::Base64;

/// A JPEG or PNG picture in base64, for every field that takes one.
///
/// ```
/// use cloudauth_proto::ops::ContrastFaceVerify;
/// use cloudauth_proto::verify::Picture;
///
/// # let bytes = [&b"\xff\xd8\xff\xe0"[..], &[0; 100]].concat();
/// let picture = Picture::new(&bytes)?;
/// let compare = ContrastFaceVerify::new().face_contrast_picture(picture);
/// # Ok::<(), cloudauth_proto::verify::InvalidPicture>(())
/// ```
///
/// The largest size depends on the field. Where it is documented, it is checked before the operation
/// is sent. `Debug` shows format and size.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    format: PictureFormat,
    base64: String,
}

/// Format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl Picture {
    /// Creates a picture from the bytes of a file. The format is determined from its first bytes.
    ///
    /// # Errors
    ///
    /// [`InvalidPicture`] if the file is neither a JPEG nor a PNG.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidPicture> {
        let format = PictureFormat::of(bytes).ok_or(InvalidPicture)?;
        let base64 = BASE64_STANDARD.encode(bytes);
        Ok(Self { format, base64 })
    }

    /// Returns the format.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        self.format
    }
}

impl PictureFormat {
    /// Determines the format of a file from its first bytes.
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

/// Returns the base64 string.
impl From<Picture> for String {
    fn from(picture: Picture) -> Self {
        picture.base64
    }
}

impl From<Picture> for Base64 {
    fn from(picture: Picture) -> Self {
        Self::clean(picture.base64)
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, base64 } = self;
        write!(f, "Picture({format:?}, {} bytes of base64)", base64.len())
    }
}

/// Error for bytes that are neither a JPEG nor a PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPicture;

impl fmt::Display for InvalidPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a picture must be a JPEG or a PNG")
    }
}

impl core::error::Error for InvalidPicture {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn the_format_is_determined_from_the_first_bytes() {
        let jpeg = Picture::new(b"\xff\xd8\xff\xe0face").unwrap();
        let png = Picture::new(b"\x89PNG\r\n\x1a\nface").unwrap();
        assert_eq!(jpeg.format(), PictureFormat::Jpeg);
        assert_eq!(png.format(), PictureFormat::Png);
        assert_eq!(String::from(jpeg), "/9j/4GZhY2U=");
        for bad in [&b""[..], b"GIF89a", b"\xff\xd8", b"<svg/>", b"\x89PNG"] {
            assert_eq!(Picture::new(bad), Err(InvalidPicture));
        }
    }

    #[test]
    fn debug_shows_format_and_size_only() {
        let jpeg = Picture::new(b"\xff\xd8\xff\xe0face").unwrap();
        assert_eq!(format!("{jpeg:?}"), "Picture(Jpeg, 12 bytes of base64)");
    }
}

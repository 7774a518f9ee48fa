//! Portraits: what a row holds, made of the pixels of any picture.

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::picture::{Limits, Picture, Shape};

/// Bytes that a portrait may have.
pub const MAX_BYTES: usize = 20_000;
/// What a picture may be before it is shrunk. The operator's own files may take their time.
pub const LIMITS: Limits = Limits { bytes: 16 << 20, least_side: 1, side: 4_096, memory: 64 << 20, work: u64::MAX };
/// Pixels of a stored portrait at most, turned upright by its EXIF orientation.
pub const SHAPE: Shape = Shape::Fit(360, 480);
/// Of 255, by which the samples of a picture that was encoded anew differ on average at most.
const SAME: u64 = 3;

/// A picture cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortraitError {
    /// It cannot be written as a JPEG of 20 KB.
    #[error("cannot be written as a JPEG of at most 20 KB")]
    TooLarge,
}

/// Writes a JPEG of at most [`MAX_BYTES`] from the pixels of [`SHAPE`]: first less quality, then fewer pixels. Without metadata (place, device),
/// because it is encoded anew.
///
/// # Errors
/// When it cannot be made small enough.
pub(super) fn fit(mut picture: RgbImage) -> Result<Vec<u8>, PortraitError> {
    loop {
        for quality in [88, 78, 66, 52, 40] {
            let mut out = Vec::new();
            JpegEncoder::new_with_quality(&mut out, quality)
                .encode_image(&picture)
                .map_err(|_| PortraitError::TooLarge)?;
            if out.len() <= MAX_BYTES {
                return Ok(out);
            }
        }
        let (width, height) = (picture.width() * 3 / 4, picture.height() * 3 / 4);
        if width < 60 || height < 60 {
            return Err(PortraitError::TooLarge);
        }
        picture = image::imageops::resize(&picture, width, height, FilterType::Triangle);
    }
}

/// Whether two portraits show the same picture, although it was encoded twice: by another version of this program, or with less
/// quality. What cannot be read is another picture.
pub fn is_same_picture(one: &[u8], other: &[u8]) -> bool {
    let pixels = |bytes| Picture::read(bytes, &LIMITS).map(|picture| picture.upright().to_rgb8());
    let (Ok(one), Ok(other)) = (pixels(one), pixels(other)) else { return false };
    if one.dimensions() != other.dimensions() {
        return false;
    }
    let differences = one.as_raw().iter().zip(other.as_raw()).map(|(one, other)| u64::from(one.abs_diff(*other)));
    differences.sum::<u64>() <= SAME * one.as_raw().len() as u64
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// What a decoder and the import do in turn; `None` for what is no picture.
    fn shrink(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(fit(Picture::read(bytes, &LIMITS).ok()?.shaped(SHAPE)).unwrap())
    }

    #[test]
    fn any_picture_becomes_a_small_jpeg() {
        // Noise is the hardest picture for JPEG.
        let mut noise = RgbImage::new(1_600, 1_200);
        crate::random::Random::seeded(1).fill(&mut noise);
        let mut png = Cursor::new(Vec::new());
        noise.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let small = shrink(png.get_ref()).unwrap();
        assert!(small.len() <= MAX_BYTES, "{}", small.len());
        assert_eq!(image::guess_format(&small).unwrap(), image::ImageFormat::Jpeg);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(shrink(b"not a picture"), None);
        assert_eq!(shrink(&[]), None);
        let mut wide = Cursor::new(Vec::new());
        RgbImage::new(5_000, 10).write_to(&mut wide, image::ImageFormat::Png).unwrap();
        assert_eq!(shrink(wide.get_ref()), None);
        let mut half = Vec::new();
        JpegEncoder::new(&mut half).encode_image(&RgbImage::new(300, 300)).unwrap();
        half.truncate(half.len() - 2);
        assert_eq!(shrink(&half), None);
    }
}

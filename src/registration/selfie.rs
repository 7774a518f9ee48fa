//! Selfies: decoded within limits, turned upright, made small, encoded anew so that nothing of the original file remains.

use std::time::Duration;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use crate::error::{Code, Error, Refusal, Result};
use crate::picture::{self, Limits, PictureError, Shape};

/// Longest body in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Below 200 pixels a side no face can be compared. Of the work, a plain JPEG of the longest sides makes two thirds.
pub const LIMITS: Limits =
    Limits { bytes: MAX_BYTES, least_side: 200, side: 4_096, memory: 160 * 1024 * 1024, work: 25_000_000 };
/// Longest side in pixels of what is kept.
const KEPT_SIDE: u32 = 960;
/// What is kept.
pub const SHAPE: Shape = Shape::AtMost(KEPT_SIDE);
/// Quality of what is kept, as JPEG encoders count it.
const KEPT_QUALITY: u8 = 85;

/// About how long decoding will take, from the headers alone.
///
/// # Errors
/// `picture_unusable` for what is no picture, or would take too long.
pub fn cost(bytes: &[u8]) -> std::result::Result<Duration, Refusal> {
    picture::cost(bytes, &LIMITS).map_err(refusal)
}

/// The JPEG that is kept, from the pixels of [`SHAPE`].
///
/// # Errors
/// When they cannot be encoded: a fault of ours.
pub fn encode(pixels: &RgbImage) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, KEPT_QUALITY).encode_image(pixels).map_err(Error::internal)?;
    Ok(out)
}

/// `picture_unusable`, with what to do.
pub fn refusal(error: PictureError) -> Refusal {
    let refusal = Refusal::new(Code::PictureUnusable);
    match error {
        PictureError::Unreadable => refusal,
        PictureError::TooSmall => refusal.detail(
            "Foto terlalu kecil; ambil ulang dengan kamera depan, paling kecil 200 piksel per sisi.",
            "The picture is too small; take it again with the front camera, at least 200 pixels a side.",
        ),
        PictureError::TooCostly => refusal.detail(
            "Foto ini terlalu rumit untuk dibaca; ambil ulang dengan kamera depan dan kirim sebagai JPEG biasa, paling besar 12 megapiksel.",
            "This picture takes too long to read; take it again with the front camera and send it as a plain JPEG of at most 12 megapixels.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use image::ExtendedColorType;

    use super::*;
    use crate::picture::Picture;

    /// What a decoder and the service do in turn.
    fn clean(bytes: &[u8]) -> std::result::Result<Vec<u8>, Refusal> {
        let pixels = Picture::read(bytes, &LIMITS).map_err(refusal)?.shaped(SHAPE);
        Ok(encode(&pixels).unwrap())
    }

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
        let mut out = Vec::new();
        JpegEncoder::new(&mut out).encode(&picture, width, height, ExtendedColorType::Rgb8).unwrap();
        out
    }

    fn with_exif(jpeg: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut out = jpeg[..2].to_vec();
        out.extend_from_slice(&[0xff, 0xe1]);
        out.extend_from_slice(&u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
        out.extend_from_slice(payload);
        out.extend_from_slice(&jpeg[2..]);
        out
    }

    #[test]
    fn metadata_is_dropped_and_the_picture_made_small() {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec();
        exif.extend_from_slice(b"GPS-CANARY -6.2 106.8");
        let clean = clean(&with_exif(&jpeg(1_600, 1_200), &exif)).unwrap();
        assert!(!clean.windows(10).any(|window| window == b"GPS-CANARY"));
        let picture = image::load_from_memory(&clean).unwrap();
        assert_eq!((picture.width(), picture.height()), (960, 720));
    }

    #[test]
    fn exif_orientation_is_applied_before_it_is_dropped() {
        // TIFF big endian, one entry: tag 0x0112 (orientation), SHORT, 1, value 6 (rotate 90° clockwise).
        let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let clean = clean(&with_exif(&jpeg(400, 300), exif)).unwrap();
        let picture = image::load_from_memory(&clean).unwrap();
        assert_eq!((picture.width(), picture.height()), (300, 400));
    }

    #[test]
    fn what_is_no_usable_picture_is_refused() {
        let good = jpeg(300, 300);
        for bad in [&b""[..], b"GIF89a", b"<svg/>", &good[..good.len() / 3], &jpeg(100, 300)] {
            assert!(clean(bad).is_err());
        }
    }

    #[test]
    fn a_polyglot_tail_does_not_survive() {
        let mut bytes = jpeg(300, 300);
        bytes.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
        let clean = clean(&bytes).unwrap();
        assert!(!clean.windows(7).any(|window| window == b"<script"));
    }

    #[test]
    fn what_takes_too_long_is_told_how_to_be_sent() {
        // A frame header of 4,096 × 4,096 pixels and three scans.
        let mut costly = vec![0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0x10, 0, 0x10, 0, 1, 1, 0x11, 0];
        costly.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12].repeat(3));
        costly.extend_from_slice(&[0xff, 0xd9]);
        for refusal in [cost(&costly).unwrap_err(), clean(&costly).unwrap_err()] {
            assert!(refusal.detail.unwrap().en.contains("plain JPEG"));
        }
    }
}

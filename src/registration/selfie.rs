//! Selfies: decoded within limits, turned upright, made small, encoded anew so that nothing of the original file remains.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::error::{Code, Refusal};
use crate::register::portrait::is_cut_off;

/// Longest body in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Longest side in pixels before decoding.
pub const MAX_SIDE: u32 = 4_096;
/// Shortest side in pixels: below that no face can be compared.
pub const MIN_SIDE: u32 = 200;
/// Longest side in pixels of what is kept.
pub const KEPT_SIDE: u32 = 960;
const MAX_ALLOCATION: u64 = 160 * 1024 * 1024;

/// Turns a JPEG or PNG into a clean JPEG of at most 960 pixels a side.
///
/// The decoders are memory-safe Rust; what is left to fear is size, and that is bounded before a pixel is decoded. A
/// panic inside a decoder ends the caller's task, not the process.
///
/// # Errors
/// `picture_unusable` with what to do.
pub fn clean(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let unusable = || Refusal::new(Code::PictureUnusable);
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        _ => return Err(unusable()),
    };
    if format == ImageFormat::Jpeg && is_cut_off(bytes) {
        return Err(unusable());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| unusable())?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(unusable());
    }
    if width < MIN_SIDE || height < MIN_SIDE {
        return Err(unusable().detail(
            "Foto terlalu kecil; ambil ulang dengan kamera depan, paling kecil 200 piksel per sisi.",
            "The picture is too small; take it again with the front camera, at least 200 pixels a side.",
        ));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| unusable())?;
    if width > KEPT_SIDE || height > KEPT_SIDE {
        picture = picture.thumbnail(KEPT_SIDE, KEPT_SIDE);
    }
    picture.apply_orientation(orientation);
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 85).encode_image(&picture.to_rgb8()).map_err(|_| unusable())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, RgbImage};

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
    fn a_header_that_promises_too_much_is_refused_before_decoding() {
        // A PNG header of 60000 × 60000 pixels with a valid checksum and no data.
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        let mut body = Vec::new();
        body.extend_from_slice(&60_000_u32.to_be_bytes());
        body.extend_from_slice(&60_000_u32.to_be_bytes());
        body.extend_from_slice(&[8, 6, 0, 0, 0]);
        let mut crc = flate2::Crc::new();
        crc.update(b"IHDR");
        crc.update(&body);
        png.extend_from_slice(&body);
        png.extend_from_slice(&crc.sum().to_be_bytes());
        assert!(clean(&png).is_err());
    }

    #[test]
    fn a_polyglot_tail_does_not_survive() {
        let mut bytes = jpeg(300, 300);
        bytes.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
        let clean = clean(&bytes).unwrap();
        assert!(!clean.windows(7).any(|window| window == b"<script"));
    }
}

//! The photo of somebody of the staff, made small: it is looked at on phones, over weak networks.

use image::codecs::jpeg::JpegEncoder;

use crate::error::{Code, Result};
use crate::picture::{Limits, Picture};

/// Longest side in pixels of what is kept.
const SIDE: u32 = 420;
const QUALITY: u8 = 78;
/// What was cleaned before is small.
const LIMITS: Limits = Limits { bytes: 4 << 20, least_side: 1, side: 2_048, memory: 32 << 20, work: 25_000_000 };

/// A small JPEG of a clean one. Takes milliseconds: call it off the async threads.
///
/// # Errors
/// `picture_unusable`.
pub fn small(jpeg: &[u8]) -> Result<Vec<u8>> {
    let picture = Picture::read(jpeg, &LIMITS).map_err(|_| Code::PictureUnusable)?.at_most(SIDE).upright();
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY)
        .encode_image(&picture.to_rgb8())
        .map_err(|_| Code::PictureUnusable)?;
    Ok(out)
}

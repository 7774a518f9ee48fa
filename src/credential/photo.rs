//! A portrait made small enough for a QR: grey, a few dozen pixels wide, at most 1 KB.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::{ExtendedColorType, GrayImage, ImageEncoder};

use super::claim169::{Photo, PhotoFormat};
use crate::picture::{Limits, Picture};

/// Largest photo in a token, in bytes.
pub const MAX_PHOTO: usize = 1024;
/// What a portrait may be: several times of what the register sends.
const LIMITS: Limits = Limits { bytes: 1 << 20, least_side: 1, side: 2_048, memory: 32 << 20, work: 25_000_000 };

/// A way to encode: width in pixels, and JPEG quality or number of grey levels.
#[derive(Clone, Copy)]
enum Step {
    Jpeg(u32, u8),
    Webp(u32, u8),
}

/// From best to smallest. Below about 700 bytes the tables of a JPEG cost more than its picture; lossless WEBP with few
/// grey levels then shows more (measured on a photographed face: 644 bytes at 48 pixels, 362 at 32, 174 at 18).
const LADDER: [Step; 12] = [
    Step::Jpeg(64, 30),
    Step::Jpeg(56, 28),
    Step::Jpeg(48, 25),
    Step::Webp(48, 6),
    Step::Webp(44, 6),
    Step::Webp(40, 6),
    Step::Webp(36, 6),
    Step::Webp(32, 6),
    Step::Webp(28, 6),
    Step::Webp(24, 6),
    Step::Webp(20, 6),
    Step::Webp(18, 4),
];

/// A portrait decoded once, from which ever smaller photos can be made.
pub struct Portrait(GrayImage);

impl Portrait {
    /// Reads a JPEG or PNG of at most 2048 pixels a side. Takes milliseconds: call it off the async threads. `None` when
    /// it is no such picture.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Picture::read(bytes, &LIMITS).ok().map(|picture| Self(picture.upright().into_luma8()))
    }

    /// Photos of at most [`MAX_PHOTO`] bytes, best first, each made when it is asked for.
    pub fn photos(&self) -> impl Iterator<Item = Photo> + '_ {
        LADDER.into_iter().filter_map(|step| self.encode(step)).filter(|photo| photo.bytes.len() <= MAX_PHOTO)
    }

    fn encode(&self, step: Step) -> Option<Photo> {
        let (Step::Jpeg(width, _) | Step::Webp(width, _)) = step;
        // Never taller than 3:2, however the original is cut.
        let height = (self.0.height() * width / self.0.width()).clamp(1, width * 3 / 2);
        let mut small = image::imageops::resize(&self.0, width, height, FilterType::Lanczos3);
        let mut bytes = Vec::new();
        let format = match step {
            Step::Jpeg(_, quality) => {
                JpegEncoder::new_with_quality(&mut bytes, quality)
                    .write_image(&small, width, height, ExtendedColorType::L8)
                    .ok()?;
                PhotoFormat::Jpeg
            }
            Step::Webp(_, levels) => {
                let top = u32::from(levels) - 1;
                for pixel in small.pixels_mut() {
                    let level = (u32::from(pixel.0[0]) * top + 127) / 255;
                    pixel.0[0] = (level * 255 / top) as u8;
                }
                WebPEncoder::new_lossless(&mut bytes).write_image(&small, width, height, ExtendedColorType::L8).ok()?;
                PhotoFormat::Webp
            }
        };
        Some(Photo { bytes, format })
    }
}

#[cfg(test)]
pub(super) fn synthetic_portrait() -> Vec<u8> {
    // A head and shoulders with shading and grain: as hard to compress as a small photograph.
    let mut seed = 12_345_u32;
    let picture = image::RgbImage::from_fn(240, 320, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (dx, dy) = (f64::from(x) - 120.0, f64::from(y) - 130.0);
        let face = (dx / 70.0).powi(2) + (dy / 95.0).powi(2) < 1.0;
        let body = y > 220 && dx.abs() < 110.0;
        let base = if face {
            190.0 - dx * 0.4 - dy * 0.2
        } else if body {
            60.0 + dx * 0.1
        } else {
            150.0
        };
        let value = (base + f64::from(seed >> 28) - 8.0).clamp(0.0, 255.0) as u8;
        image::Rgb([value, (f64::from(value) * 0.85) as u8, (f64::from(value) * 0.8) as u8])
    });
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_shrink_and_stay_readable() {
        let portrait = Portrait::read(&synthetic_portrait()).unwrap();
        let photos: Vec<_> = portrait.photos().collect();
        assert!(photos.len() >= 8);
        for photo in &photos {
            assert!(photo.bytes.len() <= MAX_PHOTO);
            let format = match photo.format {
                PhotoFormat::Jpeg => image::ImageFormat::Jpeg,
                PhotoFormat::Webp => image::ImageFormat::WebP,
            };
            assert!(image::load_from_memory_with_format(&photo.bytes, format).unwrap().width() >= 18);
        }
        assert!(photos.last().unwrap().bytes.len() < 300, "the smallest fits beside a full record");
    }

    #[test]
    fn no_picture_no_portrait() {
        assert!(Portrait::read(b"not a picture").is_none());
        assert!(Portrait::read(&[]).is_none());
    }
}

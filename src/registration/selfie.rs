//! Selfies: decoded within limits, turned upright, made small, encoded anew so that nothing of the original file remains.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::Duration;

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
/// Work that a picture may make, in pixels of a plain JPEG: as many as one of the longest sides has, and half as many again.
const MAX_WORK: u64 = 25_000_000;
/// Scans of a progressive JPEG; encoders make ten to twenty.
const MAX_SCANS: u64 = 30;
/// About what a plain pixel takes.
const NANOS_PER_PIXEL: u64 = 20;
/// Longest chunk of a PNG besides its pixels that is kept (the one that tells the orientation).
const MAX_CHUNK: usize = 64 * 1024;

/// About how long decoding will take, from the headers alone.
///
/// # Errors
/// `picture_unusable` for what is no picture, or would take too long.
pub fn cost(bytes: &[u8]) -> Result<Duration, Refusal> {
    let work = match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg_work(bytes),
        Ok(ImageFormat::Png) => png_work(bytes),
        _ => None,
    };
    match work {
        Some(work) if work <= MAX_WORK => Ok(Duration::from_nanos(work * NANOS_PER_PIXEL)),
        Some(_) => Err(Refusal::new(Code::PictureUnusable).detail(
            "Foto ini terlalu rumit untuk dibaca; ambil ulang dengan kamera depan dan kirim sebagai JPEG biasa, paling besar 12 megapiksel.",
            "This picture takes too long to read; take it again with the front camera and send it as a plain JPEG of at most 12 megapixels.",
        )),
        None => Err(Code::PictureUnusable.into()),
    }
}

/// Pixels, times half the scans of a progressive picture: each goes over all coefficients. Beyond what is taken when
/// there are too many scans, or the arithmetic coding or other forms that no camera writes.
fn jpeg_work(bytes: &[u8]) -> Option<u64> {
    let be = |at: usize| Some(u64::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let (mut at, mut pixels, mut progressive, mut scans) = (2, None, false, 0);
    while let Some(&byte) = bytes.get(at) {
        let marker = bytes.get(at + 1).copied().unwrap_or(0xd9);
        match (byte, marker) {
            (0xff, 0xff) => at += 1,
            (0xff, 0xd9) => break,
            // Stuffed bytes and restarts, within the data of a scan.
            (0xff, 0x00 | 0x01 | 0xd0..=0xd8) => at += 2,
            (0xff, marker) => {
                match marker {
                    0xc0..=0xc2 => {
                        // Two frames would be two pictures.
                        if pixels.replace(be(at + 5)? * be(at + 7)?).is_some() {
                            return None;
                        }
                        progressive = marker == 0xc2;
                    }
                    0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Some(u64::MAX),
                    0xda => scans += 1,
                    _ => {}
                }
                at += 2 + usize::try_from(be(at + 2)?).ok()?.max(2);
            }
            _ => at += 1,
        }
    }
    if scans > MAX_SCANS {
        return Some(u64::MAX);
    }
    let passes = if progressive { 1 + scans / 2 } else { scans.max(1) };
    Some(pixels? * passes)
}

/// Bytes of pixels, three of which take what a pixel of a JPEG does. Interlaced pictures are no camera's.
fn png_work(bytes: &[u8]) -> Option<u64> {
    let header = bytes.get(16..29)?;
    let number = |at: usize| Some(u64::from(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?)));
    let samples = match header[9] {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    if header[12] != 0 {
        return Some(u64::MAX);
    }
    let depth = u64::from(header[8]).div_ceil(8);
    Some(number(0)?.checked_mul(number(4)?)?.checked_mul(samples * depth)? / 3)
}

/// A PNG without all that is dropped anyway: texts and profiles are compressed and could be blown up.
fn bare_png(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.get(..8).unwrap_or_default().to_vec();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((head, _)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let end = length.saturating_add(12).min(rest.len());
        if matches!(&kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND") || &kind == b"eXIf" && length <= MAX_CHUNK {
            out.extend_from_slice(&rest[..end]);
        }
        rest = &rest[end..];
    }
    out
}

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
    cost(bytes)?;
    let bare = if format == ImageFormat::Png { Cow::Owned(bare_png(bytes)) } else { Cow::Borrowed(bytes) };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(&*bare), format);
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

    /// A JPEG's skeleton: a frame header, and so many scans without data.
    fn skeleton(frame: u8, side: u16, scans: usize) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8, 0xff, frame, 0, 11, 8];
        out.extend_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
        out.extend_from_slice(&[1, 1, 0x11, 0]);
        for _ in 0..scans {
            // ITU-T T.81 B.2.3: length 8, one component; then data with a stuffed byte and a restart.
            out.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]);
        }
        out.extend_from_slice(&[0xff, 0xd9]);
        out
    }

    #[test]
    fn what_decoding_takes_is_known_before() {
        let millions = |bytes: &[u8]| cost(bytes).map(|cost| cost.as_nanos() / u128::from(NANOS_PER_PIXEL) / 1_000_000);
        assert_eq!(millions(&skeleton(0xc0, 4_096, 1)).unwrap(), 16);
        assert_eq!(millions(&skeleton(0xc2, 1_600, 10)).unwrap(), 15);
        for costly in [
            skeleton(0xc2, 4_096, 10),
            skeleton(0xc2, 300, 31),
            skeleton(0xc0, 4_096, 3),
            skeleton(0xc9, 300, 1),
            skeleton(0xc3, 300, 1),
        ] {
            let refusal = cost(&costly).unwrap_err();
            assert!(refusal.detail.unwrap().en.contains("plain JPEG"), "{:?}", &costly[..12]);
            assert!(clean(&costly).is_err());
        }
        assert!(cost(b"GIF89a").is_err());
        assert_eq!(millions(&jpeg(1_000, 1_000)).unwrap(), 1);
    }

    fn png(width: u32, colour: u8, interlaced: u8, extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |kind: &[u8; 4], data: &[u8]| {
            let mut crc = flate2::Crc::new();
            crc.update(kind);
            crc.update(data);
            out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
            out.extend_from_slice(kind);
            out.extend_from_slice(data);
            out.extend_from_slice(&crc.sum().to_be_bytes());
        };
        let header = [&width.to_be_bytes()[..], &width.to_be_bytes(), &[8, colour, 0, 0, interlaced]].concat();
        chunk(b"IHDR", &header);
        for (kind, data) in extra {
            chunk(kind, data);
        }
        let samples = if colour == 6 { 4 } else { 1 };
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let row = vec![0; width as usize * samples + 1];
        for _ in 0..width {
            std::io::Write::write_all(&mut encoder, &row).unwrap();
        }
        chunk(b"IDAT", &encoder.finish().unwrap());
        chunk(b"IEND", &[]);
        out
    }

    #[test]
    fn texts_and_profiles_of_a_png_are_never_unpacked() {
        let mut bomb = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::best());
        std::io::Write::write_all(&mut bomb, &vec![0; 30_000_000]).unwrap();
        let bomb = bomb.finish().unwrap();
        let bytes = png(300, 0, 0, &[(b"iCCP", &bomb), (b"zTXt", &bomb), (b"zTXt", &bomb)]);
        let bare = bare_png(&bytes);
        assert!(bare.len() < 2_000 && bytes.len() > 3 * bomb.len(), "{}", bare.len());
        assert_eq!(image::load_from_memory(&bare).unwrap(), image::load_from_memory(&png(300, 0, 0, &[])).unwrap());
        assert!(clean(&bytes).is_ok());
        assert!(clean(&png(300, 0, 1, &[])).is_err(), "interlaced");
        assert!(cost(&png(3_000, 6, 0, &[])).is_ok());
    }

    #[test]
    fn a_polyglot_tail_does_not_survive() {
        let mut bytes = jpeg(300, 300);
        bytes.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
        let clean = clean(&bytes).unwrap();
        assert!(!clean.windows(7).any(|window| window == b"<script"));
    }
}

//! Reading JPEG and PNG: whatever they hold, bytes, sides, memory and time are bounded before a pixel is decoded. The decoders are
//! memory-safe Rust; what is left to fear is size, and faults in them. What others made is therefore decoded in a process apart
//! (`decoder`); in this one, only what this program itself encoded.

use std::borrow::Cow;
use std::io::Cursor;
use std::time::Duration;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

/// Scans of a progressive JPEG; encoders make ten to twenty.
const MAX_SCANS: u64 = 30;
/// About what a plain pixel takes.
const NANOS_PER_PIXEL: u64 = 20;
/// Longest chunk of a PNG besides its pixels that is kept (the one that tells the orientation).
const MAX_CHUNK: usize = 64 * 1024;

/// What a picture may be and cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels of the shortest side at least.
    pub least_side: u32,
    /// Pixels of the longest side.
    pub side: u32,
    /// Bytes that decoding may take.
    pub memory: u64,
    /// Pixels of a plain JPEG whose decoding takes as long.
    pub work: u64,
}

/// A picture cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is no JPEG or PNG, is cut off or damaged, or has more bytes, longer sides or takes more memory than it may.
    #[error("not a readable JPEG or PNG within the limits")]
    Unreadable,
    /// A side has fewer pixels than it must.
    #[error("too few pixels")]
    TooSmall,
    /// Decoding would take longer than it may.
    #[error("takes too long to decode")]
    TooCostly,
}

/// What becomes of a picture once it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No side longer than this: made small, then turned upright. The cheap way, for large photos.
    AtMost(u32),
    /// Turned upright, then no wider and no higher than this, and smooth: for portraits.
    Fit(u32, u32),
}

impl Shape {
    /// Whether a picture of this shape can have so many pixels a side.
    pub fn holds(self, width: u32, height: u32) -> bool {
        let (widest, highest) = match self {
            Self::AtMost(side) => (side, side),
            Self::Fit(width, height) => (width, height),
        };
        (1..=widest).contains(&width) && (1..=highest).contains(&height)
    }
}

/// A decoded picture as the file has it: not yet turned by its EXIF orientation.
#[derive(Debug)]
pub struct Picture {
    pixels: DynamicImage,
    orientation: Orientation,
}

impl Picture {
    /// Decodes a JPEG or PNG. Of a PNG, texts and profiles are never unpacked. Takes milliseconds to half a second: call it off
    /// the async threads.
    ///
    /// # Errors
    /// When it is no picture within the limits.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, PictureError> {
        let unreadable = |_| PictureError::Unreadable;
        let format = format(bytes).ok_or(PictureError::Unreadable)?;
        if bytes.len() > limits.bytes || format == ImageFormat::Jpeg && is_cut_off(bytes) {
            return Err(PictureError::Unreadable);
        }
        cost(bytes, limits)?;
        let bare = if format == ImageFormat::Png { Cow::Owned(bare_png(bytes)) } else { Cow::Borrowed(bytes) };
        let mut reader = ImageReader::with_format(Cursor::new(&*bare), format);
        let mut decoders = image::Limits::default();
        decoders.max_image_width = Some(limits.side);
        decoders.max_image_height = Some(limits.side);
        decoders.max_alloc = Some(limits.memory);
        reader.limits(decoders);
        let mut decoder = reader.into_decoder().map_err(unreadable)?;
        let (width, height) = decoder.dimensions();
        if width.max(height) > limits.side {
            return Err(PictureError::Unreadable);
        }
        if width.min(height) < limits.least_side.max(1) {
            return Err(PictureError::TooSmall);
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let pixels = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
        Ok(Self { pixels, orientation })
    }

    /// Made smaller, when it is not, so that no side has more than `side` pixels.
    pub fn at_most(self, side: u32) -> Self {
        if self.pixels.width() <= side && self.pixels.height() <= side {
            return self;
        }
        Self { pixels: self.pixels.thumbnail(side, side), ..self }
    }

    /// The pixels in a shape, turned as the photographer held the camera.
    pub fn shaped(self, shape: Shape) -> RgbImage {
        let upright = match shape {
            Shape::AtMost(side) => self.at_most(side).upright(),
            Shape::Fit(width, height) => {
                let upright = self.upright();
                let fits = upright.width() <= width && upright.height() <= height;
                if fits { upright } else { upright.resize(width, height, FilterType::Triangle) }
            }
        };
        upright.into_rgb8()
    }

    /// The pixels, turned as the photographer held the camera.
    pub fn upright(self) -> DynamicImage {
        let Self { mut pixels, orientation } = self;
        pixels.apply_orientation(orientation);
        pixels
    }
}

/// JPEG or PNG, by the first bytes.
fn format(bytes: &[u8]) -> Option<ImageFormat> {
    image::guess_format(bytes).ok().filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png))
}

/// About how long decoding will take, from the headers alone.
///
/// # Errors
/// When it is no picture, or would take too long.
pub fn cost(bytes: &[u8], limits: &Limits) -> Result<Duration, PictureError> {
    let work = match format(bytes) {
        Some(ImageFormat::Jpeg) => jpeg_work(bytes),
        Some(_) => png_work(bytes),
        None => None,
    };
    let work = work.ok_or(PictureError::Unreadable)?;
    if work > limits.work {
        return Err(PictureError::TooCostly);
    }
    Ok(Duration::from_nanos(work.saturating_mul(NANOS_PER_PIXEL)))
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

/// Whether a JPEG lacks its end-of-image marker (ITU-T T.81 B.1.1.3): the decoder would fill the rest with grey. The
/// marker of an EXIF thumbnail, which stands in the first half, does not count; data that cameras append does no harm.
fn is_cut_off(jpeg: &[u8]) -> bool {
    !jpeg[jpeg.len() / 2..].windows(2).any(|pair| pair == [0xff, 0xd9])
}

#[cfg(test)]
#[path = "../tests/support/png.rs"]
mod png;

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;

    use super::png::Png;
    use super::*;

    const LIMITS: Limits = Limits { bytes: 100 << 20, least_side: 1, side: 4_096, memory: 160 << 20, work: 25_000_000 };

    fn jpeg(side: u32) -> Vec<u8> {
        let mut out = Vec::new();
        JpegEncoder::new(&mut out).encode_image(&image::RgbImage::new(side, side)).unwrap();
        out
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_decoding() {
        let promise = Png { rows: 0, ..Png::grey(60_000, 60_000) }.bytes();
        assert!(Picture::read(&promise, &LIMITS).is_err());
        let patient = Limits { work: u64::MAX, ..LIMITS };
        assert_eq!(Picture::read(&promise, &patient).unwrap_err(), PictureError::Unreadable);
        let long = Png::grey(4_097, 10).bytes();
        assert_eq!(Picture::read(&long, &LIMITS).unwrap_err(), PictureError::Unreadable);
        let bytes = Png::grey(300, 300).bytes();
        let small = Limits { least_side: 301, ..LIMITS };
        assert_eq!(Picture::read(&bytes, &small).unwrap_err(), PictureError::TooSmall);
        let short = Limits { bytes: bytes.len() - 1, ..LIMITS };
        assert_eq!(Picture::read(&bytes, &short).unwrap_err(), PictureError::Unreadable);
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
        let millions =
            |bytes: &[u8]| cost(bytes, &LIMITS).map(|cost| cost.as_nanos() / u128::from(NANOS_PER_PIXEL) / 1_000_000);
        assert_eq!(millions(&skeleton(0xc0, 4_096, 1)).unwrap(), 16);
        assert_eq!(millions(&skeleton(0xc2, 1_600, 10)).unwrap(), 15);
        for costly in [
            skeleton(0xc2, 4_096, 10),
            skeleton(0xc2, 300, 31),
            skeleton(0xc0, 4_096, 3),
            skeleton(0xc9, 300, 1),
            skeleton(0xc3, 300, 1),
        ] {
            assert_eq!(cost(&costly, &LIMITS), Err(PictureError::TooCostly), "{:?}", &costly[..12]);
            assert_eq!(Picture::read(&costly, &LIMITS).unwrap_err(), PictureError::TooCostly);
        }
        assert_eq!(cost(b"GIF89a", &LIMITS), Err(PictureError::Unreadable));
        assert_eq!(millions(&jpeg(1_000)).unwrap(), 1);
    }

    #[test]
    fn texts_and_profiles_of_a_png_are_never_unpacked() {
        let mut bomb = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::best());
        std::io::Write::write_all(&mut bomb, &vec![0; 30_000_000]).unwrap();
        let bomb = bomb.finish().unwrap();
        let bytes =
            Png { extra: &[(b"iCCP", &bomb), (b"zTXt", &bomb), (b"zTXt", &bomb)], ..Png::grey(300, 300) }.bytes();
        let bare = bare_png(&bytes);
        assert!(bare.len() < 2_000 && bytes.len() > 3 * bomb.len(), "{}", bare.len());
        assert_eq!(
            image::load_from_memory(&bare).unwrap(),
            image::load_from_memory(&Png::grey(300, 300).bytes()).unwrap()
        );
        assert!(Picture::read(&bytes, &LIMITS).is_ok());
        let interlaced = Png { interlaced: true, ..Png::grey(300, 300) }.bytes();
        assert_eq!(Picture::read(&interlaced, &LIMITS).unwrap_err(), PictureError::TooCostly);
        assert!(cost(&Png { colour: 6, ..Png::grey(3_000, 3_000) }.bytes(), &LIMITS).is_ok());
    }

    #[test]
    fn a_jpeg_that_was_cut_off_is_refused() {
        let whole = jpeg(300);
        assert!(Picture::read(&whole, &LIMITS).is_ok());
        for length in [whole.len() - 2, whole.len() / 3, 0] {
            assert_eq!(Picture::read(&whole[..length], &LIMITS).unwrap_err(), PictureError::Unreadable);
        }
    }
}

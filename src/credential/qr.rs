//! Pictures of tokens: drawing them, and reading them back from a photo.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, Luma};
use qrcode::bits::Bits;
use qrcode::render::svg;
use qrcode::types::QrError as EncodeError;
use qrcode::{EcLevel, QrCode, Version};

#[cfg(any(test, feature = "demo"))]
use crate::picture::{Limits, Picture};

/// What a picture that is read may be.
#[cfg(any(test, feature = "demo"))]
const LIMITS: Limits = Limits { bytes: 5 << 20, least_side: 1, side: 4_096, memory: 96 << 20, work: 25_000_000 };
/// A PNG is at least this wide, so that it scans well from a screen.
const PNG_WIDTH: usize = 640;

/// A picture cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The text is too long for a QR, or not of the 45 characters of the alphanumeric mode.
    #[error("the text does not fit a QR in alphanumeric mode")]
    Text,
    /// Not a PNG or JPEG within the limits.
    #[error("not a PNG or JPEG of at most 5 MiB and 4096 pixels a side")]
    Picture,
    /// No QR was found in it.
    #[error("no QR can be read in the picture")]
    NotFound,
}

/// The code itself: alphanumeric mode, error correction M, the smallest version that holds it.
fn encode(text: &str) -> Result<QrCode, QrError> {
    if text.is_empty() || !text.bytes().all(|byte| base45::alphabet::decode(byte).is_some()) {
        return Err(QrError::Text);
    }
    for version in 1..=40 {
        let mut bits = Bits::new(Version::Normal(version));
        let fits = bits.push_alphanumeric_data(text.as_bytes()).and_then(|()| bits.push_terminator(EcLevel::M));
        match fits {
            Ok(()) => return QrCode::with_bits(bits, EcLevel::M).map_err(|_| QrError::Text),
            Err(EncodeError::DataTooLong) => {}
            Err(_) => return Err(QrError::Text),
        }
    }
    Err(QrError::Text)
}

/// Which modules of the QR are dark, row by row, and how many make a side. The quiet zone of 4 modules is left to whoever draws it.
///
/// # Errors
/// When the text does not fit.
pub fn modules(text: &str) -> Result<(Vec<bool>, usize), QrError> {
    let code = encode(text)?;
    let side = code.width();
    Ok((code.into_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect(), side))
}

/// An SVG of the QR with a quiet zone of 4 modules; it scales to any size.
///
/// # Errors
/// When the text does not fit.
pub fn svg(text: &str) -> Result<String, QrError> {
    let code = encode(text)?;
    Ok(code
        .render::<svg::Color>()
        .quiet_zone(true)
        .module_dimensions(8, 8)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build())
}

/// A PNG of the QR with a quiet zone of 4 modules and whole pixels per module.
///
/// # Errors
/// When the text does not fit.
pub fn png(text: &str) -> Result<Vec<u8>, QrError> {
    let code = encode(text)?;
    let modules = code.width() + 8;
    let scale = u32::try_from(PNG_WIDTH.div_ceil(modules)).unwrap_or(4);
    let picture = code.render::<Luma<u8>>().quiet_zone(true).module_dimensions(scale, scale).build();
    let mut out = Vec::new();
    PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::NoFilter)
        .write_image(&picture, picture.width(), picture.height(), ExtendedColorType::L8)
        .map_err(|_| QrError::Text)?;
    Ok(out)
}

/// Reads the first QR in a PNG or JPEG. Sizes are bounded before decoding; call it off the async threads.
///
/// # Errors
/// When it is no picture within the limits or shows no readable QR.
#[cfg(any(test, feature = "demo"))]
pub fn read_png(picture: &[u8]) -> Result<String, QrError> {
    let picture = Picture::read(picture, &LIMITS).map_err(|_| QrError::Picture)?;
    let grey = picture.upright().into_luma8();
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| grey.get_pixel(x as u32, y as u32).0[0]);
    let grids = prepared.detect_grids();
    grids.iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text).ok_or(QrError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N IOP-IA%NFQGRJPC%OQHIZC4.OI1RM8ZA.A5:S9MKN4NN3F85QNCY0O%0VZ001HOC9JU0D0HT0HB2PL/IB*09B9LW4T*8+DCMH0LDK2%K:XFE70*LP$V25$0Q:J:4MO1P0%0L0HD+9E/HY+4J6TH48S%4K.GJ2PT3QY:GQ3TE2I+-CPHN6D7LLK*2HG%89UV-0LZ 2ZJJ";

    #[test]
    fn a_png_is_read_back() {
        assert_eq!(read_png(&png(TEXT).unwrap()).unwrap(), TEXT);
    }

    #[test]
    fn the_smallest_version_and_level_m_are_taken() {
        // ISO/IEC 18004 table 7: version 10-M holds 311 alphanumeric characters, version 40-M holds 3391.
        assert_eq!(encode(&"A".repeat(311)).unwrap().version(), Version::Normal(10));
        assert_eq!(encode(&"A".repeat(312)).unwrap().version(), Version::Normal(11));
        assert_eq!(encode(&"1".repeat(311)).unwrap().version(), Version::Normal(10), "digits are not packed tighter");
        assert!(encode(&"A".repeat(3391)).is_ok());
        assert_eq!(encode(&"A".repeat(3392)).err(), Some(QrError::Text));
        assert_eq!(encode("lower case").err(), Some(QrError::Text));
        assert_eq!(encode("").err(), Some(QrError::Text));
    }

    #[test]
    fn the_quiet_zone_is_four_modules() {
        let picture = image::load_from_memory(&png("A").unwrap()).unwrap().into_luma8();
        let scale = picture.width() / 29;
        assert_eq!(picture.width(), 29 * scale, "21 modules and twice 4");
        let first_dark = (0..picture.width()).find(|&at| picture.get_pixel(at, at).0[0] == 0).unwrap();
        assert_eq!(first_dark, 4 * scale);
        assert!(svg("A").unwrap().contains("viewBox=\"0 0 232 232\""));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(read_png(b"nonsense"), Err(QrError::Picture));
        assert_eq!(read_png(&vec![0; LIMITS.bytes + 1]), Err(QrError::Picture));
        let mut blank = Vec::new();
        PngEncoder::new(&mut blank).write_image(&[255; 100 * 100], 100, 100, ExtendedColorType::L8).unwrap();
        assert_eq!(read_png(&blank), Err(QrError::NotFound));
        let whole = png(TEXT).unwrap();
        assert!(read_png(&whole[..whole.len() / 2]).is_err());
    }
}

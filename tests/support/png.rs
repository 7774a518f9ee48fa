//! PNGs made by hand, so that their headers can promise what their data do not hold. The unit tests of `ikd` read this file too.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A PNG of zeros.
pub struct Png<'a> {
    /// Pixels that the header promises.
    pub width: u32,
    /// Pixels that the header promises.
    pub height: u32,
    /// Colour type: 0 grey, 6 red, green, blue and alpha.
    pub colour: u8,
    /// Whether the header says that the pixels come in seven passes.
    pub interlaced: bool,
    /// Rows that the data really hold.
    pub rows: u32,
    /// Chunks between header and data: kind and content.
    pub extra: &'a [(&'a [u8; 4], &'a [u8])],
}

impl Png<'_> {
    /// A whole picture in grey.
    pub const fn grey(width: u32, height: u32) -> Self {
        Self { width, height, colour: 0, interlaced: false, rows: height, extra: &[] }
    }

    /// The file. Its data are very well compressed.
    pub fn bytes(&self) -> Vec<u8> {
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
        let mut header = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        header.extend_from_slice(&[8, self.colour, 0, 0, u8::from(self.interlaced)]);
        chunk(b"IHDR", &header);
        for (kind, data) in self.extra {
            chunk(kind, data);
        }
        let samples = if self.colour == 6 { 4 } else { 1 };
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let row = vec![0; self.width as usize * samples + 1];
        for _ in 0..self.rows {
            encoder.write_all(&row).unwrap();
        }
        chunk(b"IDAT", &encoder.finish().unwrap());
        chunk(b"IEND", &[]);
        out
    }
}

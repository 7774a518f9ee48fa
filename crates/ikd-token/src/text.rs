//! The text of a QR: COSE bytes ↔ zlib (RFC 1950) ↔ Base45 (RFC 9285).

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::Malformed;

/// Longest text that is looked at, in characters.
pub const MAX_TEXT: usize = 4 * 1024;
/// Longest COSE structure that is inflated, in bytes.
pub const MAX_INFLATED: usize = 16 * 1024;

thread_local! {
    // zlib's working memory is large and a token is small: allocating it anew costs more than compressing.
    static INFLATER: RefCell<(Decompress, Vec<u8>)> =
        RefCell::new((Decompress::new(true), Vec::with_capacity(MAX_INFLATED + 1)));
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(9), true));
}

/// COSE bytes → zlib → Base45: the text of the QR.
pub fn encode(cose: &[u8]) -> String {
    let fits = |compressed: &Vec<u8>| inflate(compressed).is_ok_and(|inflated| inflated == cose);
    let best = DEFLATER.with_borrow_mut(|deflater| {
        deflater.reset();
        deflate(deflater, cose)
    });
    // The last resort, level 0 (stored blocks), has no bits that could be padding in doubt.
    let others = [6, 1, 0].into_iter().map(|level| deflate(&mut Compress::new(Compression::new(level), true), cose));
    std::iter::once(best)
        .chain(others)
        .flatten()
        .find(fits)
        .map_or_else(String::new, |compressed| base45::encode(&compressed))
}

/// The byte before a stored block that is the last: BFINAL 1, BTYPE 00 (RFC 1951 §3.2.3), and five bits that mean nothing.
const LAST_BLOCK_STORED: u8 = 1;
/// Where BTYPE stands in that byte.
const BLOCK_TYPE_BITS: u8 = 0b110;

/// As [`encode`], for what holds little but ciphertext and a signature: a stored block (RFC 1951 §3.2.4) in a zlib stream
/// (RFC 1950 §2.2), which is what compression gives for these too, after much work.
pub fn encode_stored(cose: &[u8]) -> String {
    // Deflate, the lowest level; the check bits make the two bytes a multiple of 31.
    const HEADER: [u8; 2] = [0x78, 0x01];
    let Ok(length) = u16::try_from(cose.len()) else { return encode(cose) };
    let mut stream = Vec::with_capacity(cose.len() + 11);
    stream.extend_from_slice(&HEADER);
    stream.push(LAST_BLOCK_STORED);
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(cose);
    stream.extend_from_slice(&adler2::adler32_slice(cose).to_be_bytes());
    base45::encode(&stream)
}

/// One whole zlib stream.
pub(crate) fn deflate(deflater: &mut Compress, bytes: &[u8]) -> Option<Vec<u8>> {
    // More than stored blocks need (RFC 1951 §3.2.4), which is the worst that can come out.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1_000 + 64);
    let done = deflater.compress_vec(bytes, &mut out, FlushCompress::Finish).ok()?;
    (done == Status::StreamEnd).then_some(out)
}

/// Base45 → zlib → COSE bytes.
///
/// # Errors
/// When the text is too long, not canonical Base45, not exactly one zlib stream, or inflates beyond the limit.
pub fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    if text.len() > MAX_TEXT {
        return Err(Malformed);
    }
    let compressed = base45::decode(text).map_err(|_| Malformed)?;
    // The decoder lets an over-large last pair pass (RFC 9285 §4.2 refuses it): one value, one text.
    if base45::encode(&compressed) != text {
        return Err(Malformed);
    }
    inflate(&compressed)
}

/// Inflates exactly one zlib stream (RFC 1950) that fills its input, of which no single bit could be another. The same bytes
/// can still be compressed in several ways: what is signed and spent is what is inside.
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, Malformed> {
    let inflated = inflate_stream(compressed)?;
    if let Some(first) = compressed.get(2).filter(|first| *first & BLOCK_TYPE_BITS == 0) {
        // A stored block begins and ends with a byte; the bits between its header and its length mean nothing.
        return if *first == LAST_BLOCK_STORED { Ok(inflated) } else { Err(Malformed) };
    }
    // The bits between the end of the deflate data and the checksum mean nothing to an inflater. The highest set bit of
    // that byte must therefore matter: if the stream says the same without it, somebody altered the padding.
    let last = compressed.len().checked_sub(5).ok_or(Malformed)?;
    let mut altered = compressed.to_vec();
    if let Some(bit) = altered[last].checked_ilog2() {
        altered[last] ^= 1 << bit;
        if inflate_stream(&altered).is_ok_and(|same| same == inflated) {
            return Err(Malformed);
        }
    }
    Ok(inflated)
}

fn inflate_stream(compressed: &[u8]) -> Result<Vec<u8>, Malformed> {
    INFLATER.with_borrow_mut(|(inflater, out)| {
        inflater.reset(true);
        out.clear();
        // One byte more than may come out has room, so a stream that does not end by then is too long.
        let done = inflater.decompress_vec(compressed, out, FlushDecompress::Finish).map_err(|_| Malformed)?;
        let whole = done == Status::StreamEnd && inflater.total_in() == compressed.len() as u64;
        if whole && out.len() <= MAX_INFLATED { Ok(out.clone()) } else { Err(Malformed) }
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use sha2::{Digest, Sha256};

    use super::*;

    /// Bytes that no compressor makes shorter.
    fn noise(length: usize) -> Vec<u8> {
        let blocks = (0..length.div_ceil(32)).flat_map(|block| Sha256::digest(block.to_be_bytes()));
        blocks.take(length).collect()
    }

    #[test]
    fn base45_is_read_as_rfc_9285_writes_it() {
        // RFC 9285 §4.3/4.4: "QED8WEX0" ↔ "ietf!"; §4.2: a pair above FF and a triple above FFFF are refused.
        assert_eq!(base45::decode("QED8WEX0").unwrap(), b"ietf!");
        for text in ["GGW", ":::", "ZZ", "A", "qed8wex0", "QED8WEX0 "] {
            assert_eq!(decode(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 2_000_000]).unwrap();
        let bomb = base45::encode(encoder.finish().unwrap());
        assert!(bomb.len() < MAX_TEXT, "it must get past the first limit to be a test of the second");
        assert_eq!(decode(&bomb), Err(Malformed));
        assert_eq!(decode(&"0".repeat(MAX_TEXT + 1)), Err(Malformed));
        let most = encode(&vec![7; MAX_INFLATED]);
        assert_eq!(decode(&most).unwrap().len(), MAX_INFLATED);
        assert_eq!(decode(&encode(&vec![7; MAX_INFLATED + 1])), Err(Malformed));
    }

    #[test]
    fn what_is_stored_is_read_by_any_inflater() {
        for length in [0, 1, 224, 300, 2_500, MAX_INFLATED] {
            let bytes = noise(length);
            let text = encode_stored(&bytes);
            let stream = base45::decode(&text).unwrap();
            let mut read = Vec::new();
            flate2::read::ZlibDecoder::new(&stream[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
            assert_eq!(stream.len(), length + 11, "RFC 1950: 2 and 4 bytes around; RFC 1951: 5 for the block");
            if text.len() <= MAX_TEXT {
                assert_eq!(decode(&text).unwrap(), bytes);
                assert_eq!(decode(&encode(&bytes)).unwrap(), bytes, "a compressor stores what it cannot compress");
            }
        }
    }

    #[test]
    fn nothing_may_stand_around_the_stream() {
        let inner = b"some bytes to carry, some bytes to carry";
        nothing_stands_around(inner, &encode(inner));
        nothing_stands_around(inner, &encode_stored(inner));
    }

    fn nothing_stands_around(inner: &[u8], text: &str) {
        let good = base45::decode(text).unwrap();
        assert_eq!(inflate(&good).unwrap(), inner);
        for at in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(inflate(&flipped).is_err(), "bit {at}");
        }
        assert!(inflate(&[good.clone(), vec![0]].concat()).is_err());
        assert!(inflate(&[good.clone(), good.clone()].concat()).is_err());
        assert!(inflate(&good[..good.len() - 1]).is_err());
        assert!(inflate(&[]).is_err());
    }
}

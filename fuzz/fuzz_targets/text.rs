//! The text of a QR: Base45, zlib. What is read has one text only, and never more bytes than a token may have.
#![no_main]

use ikd_token::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // As a QR's text, and as what a QR's text would hold.
    if let Ok(given) = std::str::from_utf8(bytes)
        && let Ok(read) = text::decode(given)
    {
        assert!(read.len() <= 16 * 1024, "{}", read.len());
        assert_eq!(text::decode(&text::encode(&read)).as_deref().ok(), Some(read.as_slice()));
    }
    // Compressing costs fifty times what reading does: an eighth of the inputs is written too.
    if bytes.len() <= 512 && bytes.first().is_some_and(|first| first % 8 == 0) {
        for written in [text::encode(bytes), text::encode_stored(bytes)] {
            assert_eq!(text::decode(&written).as_deref().ok(), Some(bytes), "what is written is read");
        }
    }
});

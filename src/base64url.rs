//! base64url without padding, as tokens, proofs and cursors are written: each value has one spelling.

use data_encoding::BASE64URL_NOPAD;

/// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads base64url without padding; anything else, set spare bits included, is `None`, so that a value has one spelling.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// Reads exactly `N` bytes of base64url without padding.
pub fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    if BASE64URL_NOPAD.decode_len(text.len()) != Ok(N) {
        return None;
    }
    let mut bytes = [0; N];
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok().map(|_| bytes)
}

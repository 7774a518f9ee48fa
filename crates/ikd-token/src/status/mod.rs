//! Whether a token was stopped before its time: Token Status List (draft-ietf-oauth-status-list-21). Pure.
//!
//! A token that is shown offline names a place in a list ([`StatusReference`]). The list is published as a signed JWT and as a
//! signed CWT; [`read`] judges either. Bit 0 at a place means valid, 1 that whatever names it does not count any more.
//!
//! ```text
//! token ─ claim 65535 ─▶ {"status_list": {"idx": 412, "uri": "https://…/v1/status-lists/7"}}
//!                                          │              │
//!                              place ◀─────┘              └─▶ signed list ─ zlib ─▶ one bit a token
//! ```

mod signed;

use ciborium::Value;
use flate2::{Compress, Compression, Decompress, FlushDecompress};
pub use signed::{Header, ListClaims, StatusError, encode_cwt, encode_jwt, read};

use crate::{Malformed, text};

/// Media type of a list as JWT (§5.1).
pub const JWT_TYPE: &str = "application/statuslist+jwt";
/// Media type of a list as CWT (§5.2).
pub const CWT_TYPE: &str = "application/statuslist+cwt";
/// Longest list that is read, in bytes before compression.
pub const MAX_LIST: usize = 1 << 20;
/// Longest URI in a reference, in bytes.
const MAX_URI: usize = 256;
const STATUS_LIST: &str = "status_list";

/// Where the status of a token stands (§6.2, §6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReference {
    /// The list.
    pub uri: String,
    /// The place in it.
    pub index: u32,
}

impl StatusReference {
    /// The value of the claim `status`.
    pub(crate) fn to_value(&self) -> Value {
        let reference =
            vec![(Value::from("idx"), Value::from(self.index)), (Value::from("uri"), Value::from(self.uri.as_str()))];
        Value::Map(vec![(Value::from(STATUS_LIST), Value::Map(reference))])
    }

    /// Reads what [`StatusReference::to_value`] writes, and nothing else.
    pub(crate) fn from_value(value: &Value) -> Result<Self, Malformed> {
        let [(name, Value::Map(reference))] = value.as_map().ok_or(Malformed)?.as_slice() else {
            return Err(Malformed);
        };
        let [(idx, Value::Integer(index)), (uri, Value::Text(at))] = reference.as_slice() else {
            return Err(Malformed);
        };
        let named = name.as_text() == Some(STATUS_LIST) && idx.as_text() == Some("idx") && uri.as_text() == Some("uri");
        if !named || at.is_empty() || at.len() > MAX_URI {
            return Err(Malformed);
        }
        Ok(Self { uri: at.clone(), index: u32::try_from(*index).map_err(|_| Malformed)? })
    }
}

/// What a list says about a token (§7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Valid,
    /// It does not, and will not again.
    Invalid,
    /// It does not for now. This service never says so: it would tell strangers that a holder is blocked for a while.
    Suspended,
    /// A value that the list's publisher gave a meaning of its own.
    Other(u8),
}

/// A status list: so many bits a token, the first token in the lowest bits of the first byte (§4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    bits: u8,
    bytes: Vec<u8>,
}

impl StatusList {
    /// A list of one bit a token for `length` tokens, all valid but those at `invalid`. Places behind the end are passed over.
    pub fn new(length: u32, invalid: impl IntoIterator<Item = u32>) -> Self {
        let mut bytes = vec![0_u8; (length as usize).div_ceil(8)];
        for index in invalid {
            if let Some(byte) = bytes.get_mut(index as usize / 8) {
                *byte |= 1 << (index % 8);
            }
        }
        Self { bits: 1, bytes }
    }

    /// What stands at a place; `None` behind the end.
    pub fn get(&self, index: u32) -> Option<Status> {
        let each = 8 / u32::from(self.bits);
        let byte = self.bytes.get((index / each) as usize)?;
        let value = (byte >> ((index % each) * u32::from(self.bits))) & u8::MAX >> (8 - self.bits);
        Some(match value {
            0 => Status::Valid,
            1 => Status::Invalid,
            2 => Status::Suspended,
            other => Status::Other(other),
        })
    }

    /// Bits a token: 1, 2, 4 or 8.
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// The compressed list (zlib, RFC 1950): `lst`.
    pub fn compressed(&self) -> Vec<u8> {
        // Cannot fail: it has the room that stored blocks need. An empty `lst` inflates nowhere.
        text::deflate(&mut Compress::new(Compression::best(), true), &self.bytes).unwrap_or_default()
    }

    /// Reads `bits` and `lst` of a published list.
    ///
    /// # Errors
    /// When `bits` is none of the four numbers, or `lst` is no zlib stream of at most [`MAX_LIST`] bytes.
    pub fn inflate(bits: u64, lst: &[u8]) -> Result<Self, Malformed> {
        let bits = u8::try_from(bits).ok().filter(|bits| [1, 2, 4, 8].contains(bits)).ok_or(Malformed)?;
        let (mut bytes, mut inflater) = (Vec::with_capacity(4 * 1024), Decompress::new(true));
        loop {
            let at = usize::try_from(inflater.total_in()).map_err(|_| Malformed)?;
            let rest = lst.get(at..).ok_or(Malformed)?;
            let filled = bytes.len();
            let done = inflater.decompress_vec(rest, &mut bytes, FlushDecompress::None).map_err(|_| Malformed)?;
            let whole = done == flate2::Status::StreamEnd;
            if whole && inflater.total_in() == lst.len() as u64 && !bytes.is_empty() && bytes.len() <= MAX_LIST {
                return Ok(Self { bits, bytes });
            }
            // Its end is missing, or something stands behind it, or it is longer than any list.
            let stuck = bytes.len() == filled && bytes.len() < bytes.capacity();
            if whole || stuck || bytes.len() > MAX_LIST {
                return Err(Malformed);
            }
            bytes.reserve(bytes.len().clamp(4 * 1024, MAX_LIST));
        }
    }
}

#[cfg(test)]
mod tests;

//! The bytes of a token: claims ↔ CWT ↔ COSE_Sign1 ↔ zlib ↔ Base45. Pure; nothing here judges keys or time.
//!
//! Reading is strict, so that one token has one text: anything that this service would not have written itself is
//! malformed.

use std::cell::RefCell;

use ciborium::Value;
use coset::{
    CoseSign1, CoseSign1Builder, HeaderBuilder, Label, RegisteredLabelWithPrivate, TaggedCborSerializable, iana,
};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::cbor;
use super::claim169::OfflineClaims;

/// Longest token text that is looked at, in characters.
pub const MAX_TEXT: usize = 4 * 1024;
/// Longest COSE structure that is inflated, in bytes.
pub const MAX_INFLATED: usize = 16 * 1024;
/// Seconds that every token but the printed card lives: `exp = iat + 90`.
pub const LIFETIME_SECONDS: i64 = 90;
/// Private claim: what only this service can read.
pub const CLAIM_SEALED: i64 = -65_537;
/// Private claim: attributes for which claim 169 has no code, as a text-keyed map.
pub const CLAIM_MORE: i64 = -65_538;
/// Private claim: the content of a receipt, as a text-keyed map.
pub const CLAIM_RECEIPT: i64 = -65_539;
/// The identity claim of the claim 169 specification.
pub const CLAIM_169: i64 = 169;

const CLAIM_ISS: i64 = 1;
const CLAIM_EXP: i64 = 4;
const CLAIM_IAT: i64 = 6;
const CLAIM_CTI: i64 = 7;
const HEADER_TYP: i64 = 16;
/// 9999-12-31T23:59:59Z: keeps all arithmetic on times far from the ends of i64.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a signing key is for. A key serves one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// QR tokens that live 90 seconds.
    Token,
    /// Receipts of verifications.
    Receipt,
    /// Printed cards.
    Card,
    /// Status lists.
    Status,
}

impl KeyPurpose {
    /// All purposes.
    pub const ALL: [Self; 4] = [Self::Token, Self::Receipt, Self::Card, Self::Status];

    /// The name in tables and in the key set.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Receipt => "receipt",
            Self::Card => "card",
            Self::Status => "status",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// What a token is. It stands in the signed header (`typ`, RFC 9596), so no kind can be passed off as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Resident's app → officer.
    Activation,
    /// Officer's screen → resident's app.
    Counter,
    /// Resident's app → relying party.
    Presentation,
    /// Resident's app → relying party without network.
    Offline,
    /// Printed card.
    Card,
    /// Receipt of a verification.
    Receipt,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Activation, Self::Counter, Self::Presentation, Self::Offline, Self::Card, Self::Receipt];

    /// The media type in the header.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Activation => "application/ikd-activation+cwt",
            Self::Counter => "application/ikd-counter+cwt",
            Self::Presentation => "application/ikd-presentation+cwt",
            Self::Offline => "application/ikd-offline+cwt",
            Self::Card => "application/ikd-card+cwt",
            Self::Receipt => "application/ikd-receipt+cwt",
        }
    }

    /// The kind that a media type names.
    pub fn from_typ(typ: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.typ() == typ)
    }

    /// The purpose that a key must have to sign this kind.
    pub const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Activation | Self::Counter | Self::Presentation | Self::Offline => KeyPurpose::Token,
            Self::Card => KeyPurpose::Card,
            Self::Receipt => KeyPurpose::Receipt,
        }
    }

    /// The number of the kind inside the sealed record.
    pub const fn number(self) -> u8 {
        match self {
            Self::Activation => 1,
            Self::Counter => 2,
            Self::Presentation => 3,
            Self::Offline => 4,
            Self::Card => 5,
            Self::Receipt => 6,
        }
    }
}

/// The bytes are not a token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed token")]
pub struct Malformed;

/// What a token says, before anyone judged it.
#[derive(Clone)]
pub struct Claims {
    /// `iss`: who made it.
    pub issuer: String,
    /// `exp`, seconds since the epoch; only receipts have none.
    pub expires_at: Option<i64>,
    /// `iat`, seconds since the epoch.
    pub issued_at: i64,
    /// `cti`: 16 random bytes; for a receipt the id of the verification.
    pub cti: [u8; 16],
    /// What else it says, by kind.
    pub body: Body,
}

/// What a token says besides the common claims.
#[derive(Clone)]
pub enum Body {
    /// Activation, counter, presentation: nothing that others could read.
    Sealed(Vec<u8>),
    /// Offline presentation and card: attributes in clear, and beside them the sealed record, by which the online
    /// verifier finds the holder's state.
    Offline {
        /// The sealed record.
        sealed: Vec<u8>,
        /// The attributes in clear.
        claims: Box<OfflineClaims>,
    },
    /// Receipt: the content as a text-keyed map, see `verification::receipt`.
    Receipt(Vec<(Value, Value)>),
    /// A media type that this program does not know.
    Unknown,
}

/// A token taken apart, its signature not yet checked.
pub struct Decoded {
    /// Key id from the header.
    pub kid: [u8; 8],
    /// The kind, when the media type is a known one.
    pub kind: Option<TokenKind>,
    /// The protected header as it was signed.
    pub protected: Vec<u8>,
    /// What it claims.
    pub claims: Claims,
    /// The bytes that were signed (Sig_structure, RFC 9052 §4.4).
    pub message: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

/// The protected header for a kind and key: `{1: -8, 4: kid, 16: typ}`.
pub fn protected_header(kind: TokenKind, kid: &[u8; 8]) -> Vec<u8> {
    cbor::encode(&Value::Map(vec![
        (Value::from(1), Value::from(-8)),
        (Value::from(4), Value::Bytes(kid.to_vec())),
        (Value::from(HEADER_TYP), Value::from(kind.typ())),
    ]))
}

/// Signs claims: the tagged COSE_Sign1.
///
/// # Errors
/// What `sign` gives back.
pub fn to_cose<E>(
    kind: TokenKind,
    kid: &[u8; 8],
    claims: &Claims,
    sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
) -> Result<Vec<u8>, E> {
    let header = HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .key_id(kid.to_vec())
        .value(HEADER_TYP, Value::from(kind.typ()))
        .build();
    let signed = CoseSign1Builder::new()
        .protected(header)
        .payload(payload(claims))
        .try_create_signature(&[], |message| sign(message).map(|signature| signature.to_vec()))?
        .build();
    // Every part was built above from integers, texts and bytes, all of which CBOR can express.
    Ok(signed.to_tagged_vec().unwrap_or_default())
}

fn payload(claims: &Claims) -> Vec<u8> {
    let mut map = vec![
        (Value::from(CLAIM_ISS), Value::from(claims.issuer.as_str())),
        (Value::from(CLAIM_IAT), Value::from(claims.issued_at)),
        (Value::from(CLAIM_CTI), Value::Bytes(claims.cti.to_vec())),
    ];
    if let Some(expires_at) = claims.expires_at {
        map.push((Value::from(CLAIM_EXP), Value::from(expires_at)));
    }
    match &claims.body {
        Body::Sealed(sealed) => map.push((Value::from(CLAIM_SEALED), Value::Bytes(sealed.clone()))),
        Body::Offline { sealed, claims } => {
            map.push((Value::from(CLAIM_SEALED), Value::Bytes(sealed.clone())));
            let (coded, more) = claims.to_maps();
            map.push((Value::from(CLAIM_169), Value::Map(coded)));
            if !more.is_empty() {
                map.push((Value::from(CLAIM_MORE), Value::Map(more)));
            }
        }
        Body::Receipt(content) => map.push((Value::from(CLAIM_RECEIPT), Value::Map(content.clone()))),
        Body::Unknown => {}
    }
    cbor::encode_owned(Value::Map(map))
}

thread_local! {
    // What zlib works in is large, and a token is small: making it anew costs more than using it.
    static INFLATER: RefCell<(Decompress, Vec<u8>)> =
        RefCell::new((Decompress::new(true), Vec::with_capacity(MAX_INFLATED + 1)));
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(9), true));
}

/// COSE bytes → zlib → Base45: the text of the QR.
pub fn to_text(cose: &[u8]) -> String {
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

/// As [`to_text`], for what holds little but ciphertext and a signature: a stored block (RFC 1951 §3.2.4) in a zlib stream
/// (RFC 1950 §2.2), which is what compression gives for these too, after much work.
pub fn to_text_stored(cose: &[u8]) -> String {
    // Deflate, the lowest level; the check bits make the two bytes a multiple of 31.
    const HEADER: [u8; 2] = [0x78, 0x01];
    let Ok(length) = u16::try_from(cose.len()) else { return to_text(cose) };
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
fn deflate(deflater: &mut Compress, bytes: &[u8]) -> Option<Vec<u8>> {
    // More than stored blocks need (RFC 1951 §3.2.4), which is the worst that can come out.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1_000 + 64);
    let done = deflater.compress_vec(bytes, &mut out, FlushCompress::Finish).ok()?;
    (done == Status::StreamEnd).then_some(out)
}

/// Base45 → zlib → COSE bytes.
///
/// # Errors
/// When the text is too long, not canonical Base45, not exactly one zlib stream, or inflates beyond the limit.
pub fn from_text(text: &str) -> Result<Vec<u8>, Malformed> {
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

/// Takes a tagged COSE_Sign1 apart.
///
/// # Errors
/// When it is not tag 18, not deterministic, has unknown or critical headers, or claims that do not fit its kind.
pub fn from_cose(bytes: &[u8]) -> Result<Decoded, Malformed> {
    if bytes.len() > MAX_INFLATED || !matches!(cbor::decode(bytes), Some(Value::Tag(18, _))) {
        return Err(Malformed);
    }
    let signed = CoseSign1::from_tagged_slice(bytes).map_err(|_| Malformed)?;
    let protected = signed.protected.original_data.clone().ok_or(Malformed)?;
    cbor::decode(&protected).ok_or(Malformed)?;
    let header = &signed.protected.header;
    let nothing_else = header.crit.is_empty()
        && header.content_type.is_none()
        && header.iv.is_empty()
        && header.partial_iv.is_empty()
        && header.counter_signatures.is_empty()
        && signed.unprotected.is_empty();
    if !nothing_else || header.alg != Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::EdDSA)) {
        return Err(Malformed);
    }
    let kind = match header.rest.as_slice() {
        [] => None,
        [(Label::Int(HEADER_TYP), Value::Text(typ))] => TokenKind::from_typ(typ),
        // RFC 9596 also allows a CoAP content format; none of ours has one.
        [(Label::Int(HEADER_TYP), Value::Integer(_))] => None,
        _ => return Err(Malformed),
    };
    let kid = header.key_id.as_slice().try_into().map_err(|_| Malformed)?;
    let signature = signed.signature.as_slice().try_into().map_err(|_| Malformed)?;
    let claims = read_claims(kind, signed.payload.as_deref().ok_or(Malformed)?)?;
    Ok(Decoded { kid, kind, protected, claims, message: signed.tbs_data(&[]), signature })
}

fn read_claims(kind: Option<TokenKind>, payload: &[u8]) -> Result<Claims, Malformed> {
    let Some(Value::Map(entries)) = cbor::decode(payload) else { return Err(Malformed) };
    let (mut issuer, mut expires_at, mut issued_at, mut cti) = (None, None, None, None);
    let (mut sealed, mut coded, mut more, mut receipt) = (None, None, None, None);
    for (key, value) in entries {
        let key = key.as_integer().and_then(|key| i64::try_from(key).ok()).ok_or(Malformed)?;
        match (key, value) {
            (CLAIM_ISS, Value::Text(text)) => issuer = Some(text),
            (CLAIM_EXP, Value::Integer(time)) => expires_at = Some(second(time)?),
            (CLAIM_IAT, Value::Integer(time)) => issued_at = Some(second(time)?),
            (CLAIM_CTI, Value::Bytes(bytes)) => cti = Some(bytes.try_into().map_err(|_| Malformed)?),
            (CLAIM_SEALED, Value::Bytes(bytes)) => sealed = Some(bytes),
            (CLAIM_169, Value::Map(map)) => coded = Some(map),
            (CLAIM_MORE, Value::Map(map)) => more = Some(map),
            (CLAIM_RECEIPT, Value::Map(map)) => receipt = Some(map),
            // A claim that is not ours says nothing about a kind that is not ours; in our kinds it is foreign matter.
            _ if kind.is_none() => {}
            _ => return Err(Malformed),
        }
    }
    let body = match (kind, sealed, coded, more, receipt) {
        (None, ..) => Body::Unknown,
        (
            Some(TokenKind::Activation | TokenKind::Counter | TokenKind::Presentation),
            Some(sealed),
            None,
            None,
            None,
        ) => Body::Sealed(sealed),
        (Some(TokenKind::Offline | TokenKind::Card), Some(sealed), Some(coded), more, None) => Body::Offline {
            sealed,
            claims: Box::new(OfflineClaims::from_maps(&coded, &more.unwrap_or_default()).ok_or(Malformed)?),
        },
        (Some(TokenKind::Receipt), None, None, None, Some(content)) => Body::Receipt(content),
        _ => return Err(Malformed),
    };
    let (issuer, issued_at, cti) = (issuer.ok_or(Malformed)?, issued_at.ok_or(Malformed)?, cti.ok_or(Malformed)?);
    let lives_as_it_should = match (kind, expires_at) {
        (None, _) | (Some(TokenKind::Receipt), None) => true,
        (Some(TokenKind::Card), Some(expires_at)) => expires_at > issued_at,
        (Some(TokenKind::Receipt), Some(_)) | (Some(_), None) => false,
        (Some(_), Some(expires_at)) => expires_at == issued_at + LIFETIME_SECONDS,
    };
    if !lives_as_it_should {
        return Err(Malformed);
    }
    Ok(Claims { issuer, expires_at, issued_at, cti, body })
}

fn second(time: ciborium::value::Integer) -> Result<i64, Malformed> {
    i64::try_from(time).ok().filter(|second| (0..=LAST_SECOND).contains(second)).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::random::Random;

    #[test]
    fn the_header_is_what_the_protocol_says() {
        // By hand from RFC 8949: map(3) 1: -8, 4: bytes(8), 16: text(32).
        let mut expected = vec![0xa3, 0x01, 0x27, 0x04, 0x48, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x78, 0x20];
        expected.extend_from_slice(b"application/ikd-presentation+cwt");
        assert_eq!(protected_header(TokenKind::Presentation, &[1, 2, 3, 4, 5, 6, 7, 8]), expected);
    }

    #[test]
    fn base45_is_read_as_rfc_9285_writes_it() {
        // RFC 9285 §4.3/4.4: "QED8WEX0" ↔ "ietf!"; §4.2: a pair above FF and a triple above FFFF are refused.
        assert_eq!(base45::decode("QED8WEX0").unwrap(), b"ietf!");
        for text in ["GGW", ":::", "ZZ", "A", "qed8wex0", "QED8WEX0 "] {
            assert_eq!(from_text(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 2_000_000]).unwrap();
        let bomb = base45::encode(encoder.finish().unwrap());
        assert!(bomb.len() < MAX_TEXT, "it must get past the first limit to be a test of the second");
        assert_eq!(from_text(&bomb), Err(Malformed));
        assert_eq!(from_text(&"0".repeat(MAX_TEXT + 1)), Err(Malformed));
        let most = to_text(&vec![7; MAX_INFLATED]);
        assert_eq!(from_text(&most).unwrap().len(), MAX_INFLATED);
        assert_eq!(from_text(&to_text(&vec![7; MAX_INFLATED + 1])), Err(Malformed));
    }

    #[test]
    fn what_is_stored_is_read_by_any_inflater() {
        for length in [0, 1, 224, 300, 2_500, MAX_INFLATED] {
            let mut bytes = vec![0; length];
            Random::seeded(length as u64).fill(&mut bytes);
            let text = to_text_stored(&bytes);
            let stream = base45::decode(&text).unwrap();
            let mut read = Vec::new();
            flate2::read::ZlibDecoder::new(&stream[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
            assert_eq!(stream.len(), length + 11, "RFC 1950: 2 and 4 bytes around; RFC 1951: 5 for the block");
            if text.len() <= MAX_TEXT {
                assert_eq!(from_text(&text).unwrap(), bytes);
                assert_eq!(from_text(&to_text(&bytes)).unwrap(), bytes, "a compressor stores what it cannot compress");
            }
        }
    }

    #[test]
    fn nothing_may_stand_around_the_stream() {
        let inner = b"some bytes to carry, some bytes to carry";
        nothing_stands_around(inner, &to_text(inner));
        nothing_stands_around(inner, &to_text_stored(inner));
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

//! Making tokens.

use super::claim169::OfflineClaims;
use super::claims::LIFETIME_SECONDS;
use super::cose::{self, Header};
use super::photo::Portrait;
use super::seal::{SealedRecord, TokenSealer};
use super::sign::{SignError, Signer};
use super::{Body, Claims, StatusReference, TokenKind, text};
use crate::clock::Timestamp;
use crate::random::Random;

/// Longest text of an offline token, in characters: a denser QR is hard for old cameras.
pub const MAX_OFFLINE_TEXT: usize = 1_200;
/// Compression may come out a little longer with the real signature than with the one used for measuring.
const MEASURING_MARGIN: usize = 12;

/// A token and its times.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The text of the QR.
    pub token: String,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`: the first second in which it is no longer valid.
    pub expires_at: Timestamp,
}

/// All that making a token takes, borrowed for one call.
pub struct Issuer<'a> {
    /// The key of the right purpose.
    pub signer: &'a dyn Signer,
    /// The sealing keys.
    pub sealer: &'a TokenSealer,
    /// Where the token's id comes from.
    pub random: &'a Random,
    /// `iss`.
    pub name: &'a str,
}

impl Issuer<'_> {
    /// Makes an activation, counter or presentation token (by `record.kind`) that is valid from `record.issued` on. Waits where
    /// the signer does ([`Signer::blocks`]).
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn issue(&self, record: SealedRecord) -> Result<Issued, SignError> {
        let claims = self.claims(record, LIFETIME_SECONDS, Body::Sealed)?;
        Ok(issued(&claims, self.text(record.kind, &claims)?))
    }

    /// Makes an offline presentation. Of `portrait` it takes the best photo with which the whole text stays within
    /// [`MAX_OFFLINE_TEXT`]. `status` says where it stands whether it still counts. Works on a picture for some milliseconds: call it off the async threads.
    ///
    /// # Errors
    /// When the key cannot sign, or when the attributes alone are too long.
    pub fn issue_offline(
        &self,
        record: SealedRecord,
        shared: OfflineClaims,
        portrait: Option<&Portrait>,
        status: Option<StatusReference>,
    ) -> Result<Issued, SignError> {
        self.issue_offline_for(record, shared, portrait, (status, LIFETIME_SECONDS))
    }

    /// [`Issuer::issue_offline`] for `lifetime` seconds, where it is to live shorter than others.
    ///
    /// # Errors
    /// As [`Issuer::issue_offline`].
    pub fn issue_offline_for(
        &self,
        record: SealedRecord,
        shared: OfflineClaims,
        portrait: Option<&Portrait>,
        (status, lifetime): (Option<StatusReference>, i64),
    ) -> Result<Issued, SignError> {
        if record.kind != TokenKind::Offline {
            return Err(SignError::Refused("only offline presentations are made here"));
        }
        self.issue_clear(record, shared, portrait, (status, lifetime.min(LIFETIME_SECONDS)))
    }

    /// Makes the token of a printed card, which lives for `lifetime` seconds; otherwise like [`Issuer::issue_offline`].
    ///
    /// # Errors
    /// As [`Issuer::issue_offline`].
    pub fn issue_card(
        &self,
        record: SealedRecord,
        shared: OfflineClaims,
        portrait: Option<&Portrait>,
        (status, lifetime): (StatusReference, i64),
    ) -> Result<Issued, SignError> {
        if record.kind != TokenKind::Card {
            return Err(SignError::Refused("only printed cards are made here"));
        }
        self.issue_clear(record, shared, portrait, (Some(status), lifetime))
    }

    /// Makes the token of a card that belongs to nobody, for the sandbox: no list says whether it still counts.
    ///
    /// # Errors
    /// As [`Issuer::issue_offline`].
    pub fn issue_card_of_nobody(
        &self,
        record: SealedRecord,
        shared: OfflineClaims,
        portrait: Option<&Portrait>,
        lifetime: i64,
    ) -> Result<Issued, SignError> {
        if record.kind != TokenKind::Card {
            return Err(SignError::Refused("only printed cards are made here"));
        }
        self.issue_clear(record, shared, portrait, (None, lifetime))
    }

    /// A token with attributes in clear.
    fn issue_clear(
        &self,
        record: SealedRecord,
        shared: OfflineClaims,
        portrait: Option<&Portrait>,
        (status, lifetime): (Option<StatusReference>, i64),
    ) -> Result<Issued, SignError> {
        let photos = portrait.into_iter().flat_map(Portrait::photos).map(Some);
        for photo in photos.chain([None]) {
            let without_photo = photo.is_none();
            let shared = OfflineClaims { photo, ..shared.clone() };
            let status = status.clone();
            let body = |sealed| Body::Offline { sealed, claims: Box::new(shared), status };
            let claims = self.claims(record, lifetime, body)?;
            let noise: [u8; 64] = self.random.bytes();
            let cose = cose::encode(&header(self.signer, record.kind), &claims, |_| Ok::<_, SignError>(noise))?;
            if !without_photo && text::encode(&cose).len() + MEASURING_MARGIN > MAX_OFFLINE_TEXT {
                continue;
            }
            let text = self.text(record.kind, &claims)?;
            if text.len() <= MAX_OFFLINE_TEXT {
                return Ok(issued(&claims, text));
            }
        }
        Err(SignError::Refused("these attributes are too long for an offline QR"))
    }

    fn claims(
        &self,
        record: SealedRecord,
        lifetime: i64,
        body: impl FnOnce(Vec<u8>) -> Body,
    ) -> Result<Claims, SignError> {
        let cti: [u8; 16] = self.random.bytes();
        let protected = header(self.signer, record.kind).to_bytes();
        let sealed =
            self.sealer.seal(record, &protected, &cti).map_err(|error| SignError::Unavailable(error.to_string()))?;
        let issued_at = record.issued.seconds();
        Ok(Claims {
            issuer: self.name.to_owned(),
            expires_at: Some(issued_at + lifetime),
            issued_at,
            cti,
            body: body(sealed),
        })
    }

    fn text(&self, kind: TokenKind, claims: &Claims) -> Result<String, SignError> {
        let cose = sign(self.signer, kind, claims)?;
        Ok(match claims.body {
            Body::Offline { .. } => text::encode(&cose),
            _ => text::encode_stored(&cose),
        })
    }
}

/// Signs claims: the tagged COSE_Sign1. Waits where the signer does ([`Signer::blocks`]).
///
/// # Errors
/// When the key cannot sign.
pub fn sign(signer: &dyn Signer, kind: TokenKind, claims: &Claims) -> Result<Vec<u8>, SignError> {
    cose::encode(&header(signer, kind), claims, |message| signer.sign(message))
}

fn header(signer: &dyn Signer, kind: TokenKind) -> Header {
    Header { algorithm: signer.algorithm(), kid: signer.kid(), kind }
}

fn issued(claims: &Claims, token: String) -> Issued {
    Issued {
        token,
        issued_at: Timestamp::from_seconds(claims.issued_at),
        expires_at: Timestamp::from_seconds(claims.expires_at.unwrap_or(claims.issued_at)),
    }
}

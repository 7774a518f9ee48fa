//! Judging a token as the service can: it unseals what others cannot read. Pure: keys and the time are arguments.
//!
//! [`judge`] leaves the signature for a batch when all else is in order; [`authenticate`] says at once that a token is genuine and
//! of an expected kind, and [`ServiceToken::judge_time`] that it is still good.

use std::ops::Deref;

use ikd_token::Authentic;
use ikd_token::verify as token;
pub use ikd_token::verify::{authenticate_cose, authenticate_receipt};
use uuid::Uuid;

use super::cose::{self, Decoded};
use super::seal::{SealedRecord, TokenSealer};
use super::signatures::Signed;
use super::{Body, Claims, Reason, TokenKind, VerifyingKeys, text};
use crate::clock::Timestamp;

/// A genuine token, which the service can unseal. Its time is not judged yet.
pub struct ServiceToken(Authentic);

impl Deref for ServiceToken {
    type Target = Authentic;

    fn deref(&self) -> &Authentic {
        &self.0
    }
}

impl ServiceToken {
    /// Valid while `now < exp`, without leeway; an `iat` more than 10 s ahead is refused.
    ///
    /// # Errors
    /// [`Reason::NotYetValid`] or [`Reason::Expired`].
    pub fn judge_time(&self, now: Timestamp) -> Result<(), Reason> {
        Ok(self.0.judge_time(now.seconds())?)
    }

    /// Opens the sealed claim.
    ///
    /// # Errors
    /// [`Reason::Malformed`] when there is none, it does not open, or it contradicts the clear claims.
    pub fn unseal(&self, sealer: &TokenSealer) -> Result<SealedRecord, Reason> {
        unseal(self.kind, self.protected(), &self.claims, sealer).ok_or(Reason::Malformed)
    }
}

/// `None` when there is no sealed claim, it does not open, or it contradicts the clear claims.
fn unseal(kind: TokenKind, protected: &[u8], claims: &Claims, sealer: &TokenSealer) -> Option<SealedRecord> {
    let (Body::Sealed(sealed) | Body::Offline { sealed, .. }) = &claims.body else { return None };
    let record = sealer.open(sealed, protected, &claims.cti).ok()?;
    (record.kind == kind && record.issued.seconds() == claims.issued_at).then_some(record)
}

/// What a QR text turns out to be, as far as it can be told without a database.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the common one, and is taken apart at once: a box would cost the hottest path an allocation"
)]
pub enum Judged {
    /// All but its signature is in order. Nothing of it may be used before [`super::signatures::all_good`] has checked that: so a bad
    /// signature is still the first reason that applies.
    Unproven {
        /// What was sealed, the token's kind among it.
        record: SealedRecord,
        /// Its signature, and what was signed.
        signed: Signed,
    },
    /// It is genuine and the service's own, and its time is not now.
    Untimely {
        /// What was sealed, the token's kind among it.
        record: SealedRecord,
        /// [`Reason::NotYetValid`] or [`Reason::Expired`].
        reason: Reason,
    },
}

/// Judges all of a QR text but its signature; where anything else is wrong, the signature too, so that the first reason of them
/// all is told.
///
/// # Errors
/// [`Reason::Malformed`] to [`Reason::WrongType`].
pub fn judge(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
    sealer: &TokenSealer,
    now: Timestamp,
) -> Result<Judged, Reason> {
    let unverified = token::read(text, expected, issuer, keys)?;
    let unproven = unverified.unproven();
    let kind = unproven.kind;
    let record = unseal(kind, unproven.protected(), &unproven.claims, sealer);
    match (record, unproven.judge_time(now.seconds())) {
        (Some(record), Ok(())) if unverified.is_expected() => {
            let (_, signed) = unverified.defer();
            Ok(Judged::Unproven { record, signed })
        }
        (record, timely) => {
            unverified.verify()?;
            let record = record.ok_or(Reason::Malformed)?;
            match timely {
                Err(reason) => Ok(Judged::Untimely { record, reason: reason.into() }),
                // Its kind is the only fault that is left, and it is told by `verify`.
                Ok(()) => Err(Reason::WrongType),
            }
        }
    }
}

/// Checks form, key, issuer, signature and kind of a QR text, in this order.
///
/// # Errors
/// The first reason that applies, [`Reason::Malformed`] to [`Reason::WrongType`].
pub fn authenticate(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<ServiceToken, Reason> {
    Ok(ServiceToken(token::read(text, expected, issuer, keys)?.verify()?))
}

/// The holder named by the sealed record of a QR text, whose signature is not checked: only for finding an earlier
/// answer. `None` for anything that this service did not seal.
pub fn named_holder(text: &str, sealer: &TokenSealer) -> Option<Uuid> {
    let Decoded { kind, protected, claims, .. } = cose::decode(&text::decode(text).ok()?).ok()?;
    unseal(kind?, &protected, &claims, sealer).map(|record| record.subject)
}

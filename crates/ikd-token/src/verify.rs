//! Judging a token: its form, key, issuer, signature and kind, then its time. Pure: keys and time are arguments.
//!
//! [`check`] does all of it. Who needs more does it in steps: [`authenticate`] says that a token is genuine and of an expected
//! kind, [`Authentic::judge_time`] that it is still good; [`read`] and [`Unverified::defer`] leave the signature for later, so
//! that those of many tokens can be checked at once.

use crate::claims::Claims;
use crate::cose::{self, Decoded};
use crate::key::{KeyId, PublicKey, SignatureBytes};
use crate::kind::{KeyPurpose, TokenKind};
use crate::receipt::{self, Proof};
use crate::{Malformed, text};

/// How far a token's `iat` may lie ahead of the verifier's clock, in seconds.
pub const FUTURE_LEEWAY_SECONDS: i64 = 10;

/// Why a token is not accepted, in the order of the checks: the first that fails is the one given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum VerifyError {
    /// Not a token at all, or damaged.
    #[error("not a token of the digital KTP service, or damaged")]
    Malformed,
    /// Signed with a key that is not in the key set or is for another purpose; or of another issuer.
    #[error("signed with a key that is not in the key set, or of another issuer")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature does not fit: altered or forged")]
    BadSignature,
    /// Genuine, but not of a kind that was expected.
    #[error("genuine, but made for another purpose")]
    WrongType,
    /// Issued in the future.
    #[error("not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("expired")]
    Expired,
}

impl VerifyError {
    /// The stable name, as the online verifier says it too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
        }
    }
}

impl From<Malformed> for VerifyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Where public keys come from: a [`crate::JwkSet`], or a store of the caller's own.
pub trait VerifyingKeys {
    /// The key with this id that may verify for this purpose now.
    fn find(&self, kid: &KeyId, purpose: KeyPurpose) -> Option<PublicKey>;
}

/// A token whose form, signature and kind are in order. Its time is not judged yet.
pub struct Authentic {
    /// What it is.
    pub kind: TokenKind,
    /// The key that signed it.
    pub kid: KeyId,
    /// What it says.
    pub claims: Claims,
    protected: Vec<u8>,
}

/// A token whose form, key and issuer are in order, but whose signature is not checked yet: it proves nothing so far.
pub struct Unverified {
    token: Authentic,
    expected: bool,
    signed: Signed,
}

/// What a signature is checked with.
pub struct Signed {
    /// The key that is to have signed.
    pub key: PublicKey,
    /// What is to have been signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: SignatureBytes,
}

impl Unverified {
    /// Checks signature and kind.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`], [`VerifyError::WrongType`].
    pub fn verify(self) -> Result<Authentic, VerifyError> {
        self.signed.check()?;
        if self.expected { Ok(self.token) } else { Err(VerifyError::WrongType) }
    }

    /// Whether the token is of an expected kind.
    pub const fn is_expected(&self) -> bool {
        self.expected
    }

    /// What the token says, as long as nobody knows whether it is true: to decide how to go on, not to act on.
    pub const fn unproven(&self) -> &Authentic {
        &self.token
    }

    /// The token without a look at its signature and kind, for callers that have the signature checked together with others
    /// ([`Signed::check`]) before they use anything of it.
    pub fn defer(self) -> (Authentic, Signed) {
        (self.token, self.signed)
    }
}

impl Signed {
    /// Checks the signature.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`].
    pub fn check(&self) -> Result<(), VerifyError> {
        if self.key.verifies(&self.message, &self.signature) { Ok(()) } else { Err(VerifyError::BadSignature) }
    }
}

/// Judges the text of a QR: form, key, issuer, signature, kind and time, in this order. `now` is in seconds since the epoch,
/// rounded down.
///
/// # Errors
/// The first reason that applies.
pub fn check(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
    now: i64,
) -> Result<Authentic, VerifyError> {
    let token = authenticate(text, expected, issuer, keys)?;
    token.judge_time(now)?;
    Ok(token)
}

/// Checks form, key, issuer, signature and kind of a QR text, in this order.
///
/// # Errors
/// The first reason that applies, [`VerifyError::Malformed`] to [`VerifyError::WrongType`].
pub fn authenticate(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Authentic, VerifyError> {
    read(text, expected, issuer, keys)?.verify()
}

/// [`authenticate`] for the bare COSE_Sign1 bytes, the form of receipts.
///
/// # Errors
/// The first reason that applies, [`VerifyError::Malformed`] to [`VerifyError::WrongType`].
pub fn authenticate_cose(
    cose: &[u8],
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Authentic, VerifyError> {
    read_cose(cose, expected, issuer, keys)?.verify()
}

/// Checks a receipt: what it states, and the proof of it. Form, key, issuer, the way to the root, and the signature over that.
///
/// # Errors
/// The first reason that applies, [`VerifyError::Malformed`] to [`VerifyError::BadSignature`].
pub fn authenticate_receipt(
    statement: &[u8],
    proof: &[u8],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Authentic, VerifyError> {
    let (claims, proof) = (receipt::read_statement(statement)?, Proof::decode(proof)?);
    let key = keys.find(&proof.kid, KeyPurpose::Receipt).filter(|_| claims.issuer == issuer);
    let key = key.ok_or(VerifyError::UnknownKey)?;
    if key.algorithm() != proof.algorithm {
        return Err(VerifyError::Malformed);
    }
    // A way that cannot be one and a way to another root are the same: this statement is not what was signed.
    let root = proof.root(statement).ok_or(VerifyError::BadSignature)?;
    let protected = receipt::protected(proof.algorithm, &proof.kid);
    Signed { key, message: receipt::message(&protected, &root), signature: proof.signature }.check()?;
    Ok(Authentic { kind: TokenKind::Receipt, kid: proof.kid, claims, protected })
}

/// Checks form, key and issuer of a QR text, in this order.
///
/// # Errors
/// [`VerifyError::Malformed`], [`VerifyError::UnknownKey`].
pub fn read(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Unverified, VerifyError> {
    read_cose(&text::decode(text)?, expected, issuer, keys)
}

fn read_cose(
    cose: &[u8],
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Unverified, VerifyError> {
    let Decoded { algorithm, kid, kind, protected, claims, message, signature } = cose::decode(cose)?;
    let key = match kind {
        Some(kind) => keys.find(&kid, kind.purpose()),
        None => KeyPurpose::ALL.into_iter().find_map(|purpose| keys.find(&kid, purpose)),
    };
    // A key belongs to an issuer: another issuer's token has no known key here.
    let key = key.filter(|_| claims.issuer == issuer).ok_or(VerifyError::UnknownKey)?;
    // The key says how it signs; a header that says otherwise was not written by its holder.
    if key.algorithm() != algorithm {
        return Err(VerifyError::Malformed);
    }
    let signed = Signed { key, message, signature };
    let Some(kind) = kind else {
        // Only whether the token is genuine is left to judge.
        return Err(signed.check().err().unwrap_or(VerifyError::WrongType));
    };
    Ok(Unverified { token: Authentic { kind, kid, claims, protected }, expected: expected.contains(&kind), signed })
}

impl Authentic {
    /// Valid while `now < exp`, without leeway; an `iat` more than 10 s ahead is refused. `now` is in seconds since the epoch,
    /// rounded down.
    ///
    /// # Errors
    /// [`VerifyError::NotYetValid`] or [`VerifyError::Expired`].
    pub fn judge_time(&self, now: i64) -> Result<(), VerifyError> {
        if self.claims.issued_at > now.saturating_add(FUTURE_LEEWAY_SECONDS) {
            return Err(VerifyError::NotYetValid);
        }
        if self.claims.expires_at.is_some_and(|expires_at| now >= expires_at) {
            return Err(VerifyError::Expired);
        }
        Ok(())
    }

    /// The protected header as it was signed: what the service's sealed claim is bound to.
    pub fn protected(&self) -> &[u8] {
        &self.protected
    }
}

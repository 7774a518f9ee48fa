//! Judging a token. Pure: keys and the time are arguments.
//!
//! It is split so that a caller can unseal, and look up an earlier answer, before time is judged: [`authenticate`] says
//! that the token is genuine and of an expected kind, [`Authentic::judge_time`] says that it is still good.

use ed25519_dalek::{Signature, VerifyingKey};
use uuid::Uuid;

use super::format::{self, Body, Claims, Decoded, KeyPurpose, TokenKind};
use super::seal::{SealedRecord, TokenSealer};
use crate::clock::{MICROS, Timestamp};
use crate::error::Text;

/// Signatures from which on checking them at once takes less time.
const WORTH_A_BATCH: usize = 3;
/// How far a token's `iat` may lie ahead of this server's clock, in seconds.
pub const FUTURE_LEEWAY_SECONDS: i64 = 10;

/// Why a token, or a code that stands for one, is not accepted, in the order of the checks: the first that fails names the
/// reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A typed code that stands for nothing: mistyped, voided by a newer one, or forgotten after its presentation expired.
    UnknownCode,
    /// Not a token of ours at all, or damaged.
    Malformed,
    /// Signed with a key that is not published, is retired, or is for another purpose; or of another issuer.
    UnknownKey,
    /// The signature does not fit.
    BadSignature,
    /// Genuine, but not of a kind that belongs here.
    WrongType,
    /// Issued in the future.
    NotYetValid,
    /// Its 90 seconds are over.
    Expired,
    /// The holder's credential is blocked, deactivated, or was changed since.
    HolderNotActive,
    /// This token, or a newer one of the same holder, was used already.
    AlreadyUsed,
}

impl Reason {
    /// All reasons, in the order of the checks.
    pub const ALL: [Self; 9] = [
        Self::UnknownCode,
        Self::Malformed,
        Self::UnknownKey,
        Self::BadSignature,
        Self::WrongType,
        Self::NotYetValid,
        Self::Expired,
        Self::HolderNotActive,
        Self::AlreadyUsed,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownCode => "unknown_code",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::HolderNotActive => "holder_not_active",
            Self::AlreadyUsed => "already_used",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// A sentence for the person who scanned: what it means and what to do.
    pub const fn message(self) -> Text {
        match self {
            Self::UnknownCode => Text::new(
                "Kode ini tidak dikenal: salah ketik, atau sudah lewat 90 detik. Cocokkan dengan layar pemegang, atau minta kode baru.",
                "This code is not known: mistyped, or older than 90 seconds. Compare it with the holder's screen, or ask for a new one.",
            ),
            Self::Malformed => Text::new(
                "Ini bukan QR KTP Digital, atau QR rusak. Minta pemegang membuka aplikasi KTP Digital dan menampilkan QR baru.",
                "This is no digital KTP QR, or it is damaged. Ask the holder to open the KTP Digital app and show a new QR.",
            ),
            Self::UnknownKey => Text::new(
                "QR ini tidak diterbitkan oleh layanan KTP Digital. Jangan terima; minta QR baru dari aplikasi resmi.",
                "This QR was not issued by the digital KTP service. Do not accept it; ask for a new QR from the official app.",
            ),
            Self::BadSignature => Text::new(
                "Tanda tangan QR tidak cocok: isinya diubah atau dipalsukan. Jangan terima.",
                "The QR's signature does not fit: it was altered or forged. Do not accept it.",
            ),
            Self::WrongType => Text::new(
                "QR ini dibuat untuk keperluan lain. Minta pemegang memilih \"Tunjukkan KTP\" di aplikasi.",
                "This QR was made for something else. Ask the holder to choose \"Show KTP\" in the app.",
            ),
            Self::NotYetValid => Text::new(
                "QR ini belum berlaku. Tunggu beberapa detik, lalu minta QR baru.",
                "This QR is not valid yet. Wait a few seconds, then ask for a new QR.",
            ),
            Self::Expired => Text::new(
                "QR ini sudah lewat 90 detik. Minta pemegang menampilkan QR baru.",
                "This QR is older than 90 seconds. Ask the holder to show a new one.",
            ),
            Self::HolderNotActive => Text::new(
                "KTP Digital ini sedang tidak aktif atau baru diubah. Minta QR baru; bila tetap ditolak, pemegang perlu ke Dukcapil.",
                "This digital KTP is not active or was just changed. Ask for a new QR; if refused again, the holder should go to Dukcapil.",
            ),
            Self::AlreadyUsed => Text::new(
                "QR ini sudah pernah dipakai. Minta pemegang menampilkan QR baru.",
                "This QR was used already. Ask the holder to show a new one.",
            ),
        }
    }
}

/// Where public keys come from.
pub trait VerifyingKeys {
    /// The key with this id that may verify for this purpose now.
    fn find(&self, kid: &[u8; 8], purpose: KeyPurpose) -> Option<VerifyingKey>;
}

/// A token whose form, signature and kind are in order. Its time is not judged yet.
pub struct Authentic {
    /// What it is.
    pub kind: TokenKind,
    /// The key that signed it.
    pub kid: [u8; 8],
    /// What it says.
    pub claims: Claims,
    protected: Vec<u8>,
}

/// A token whose form, key and issuer are in order, but whose signature was not checked yet: it is worth nothing so far.
pub struct Unverified {
    token: Authentic,
    expected: bool,
    signed: Signed,
}

/// What a signature is checked with.
pub struct Signed {
    key: VerifyingKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Unverified {
    /// Checks signature and kind.
    ///
    /// # Errors
    /// [`Reason::BadSignature`], [`Reason::WrongType`].
    pub fn verify(self) -> Result<Authentic, Reason> {
        if !self.signed.is_good() {
            return Err(Reason::BadSignature);
        }
        if self.expected { Ok(self.token) } else { Err(Reason::WrongType) }
    }

    /// The token without a look at its signature, for callers that have that checked together with others before they use
    /// anything of it. Only where everything else about the token is in order, so that a bad signature is still the first
    /// reason that applies: for the rest, [`Unverified::verify`] it.
    ///
    /// # Errors
    /// The token itself, when something else is wrong with it.
    pub fn defer(self, sealer: &TokenSealer, now: Timestamp) -> Result<(Authentic, SealedRecord, Signed), Box<Self>> {
        let record = match self.token.unseal(sealer) {
            Ok(record) if self.expected && self.token.judge_time(now).is_ok() => record,
            _ => return Err(Box::new(self)),
        };
        Ok((self.token, record, self.signed))
    }
}

impl Signed {
    fn is_good(&self) -> bool {
        self.key.verify_strict(&self.message, &self.signature).is_ok()
    }

    /// Which of these signatures are good. Many are checked at once for about half the time each; when that fails, each by
    /// itself. Checking at once lets pass what only the holder of the private key can make (a commitment with a small-order
    /// part, which the strict check refuses): those keys are this service's own.
    pub fn all_good(of: &[&Self]) -> Vec<bool> {
        if of.len() >= WORTH_A_BATCH {
            let messages: Vec<&[u8]> = of.iter().map(|one| one.message.as_slice()).collect();
            let signatures: Vec<Signature> = of.iter().map(|one| one.signature).collect();
            let keys: Vec<VerifyingKey> = of.iter().map(|one| one.key).collect();
            if ed25519_dalek::verify_batch(&messages, &signatures, &keys).is_ok() {
                return vec![true; of.len()];
            }
        }
        of.iter().map(|one| one.is_good()).collect()
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
) -> Result<Authentic, Reason> {
    read(text, expected, issuer, keys)?.verify()
}

/// Checks form, key and issuer of a QR text, in this order.
///
/// # Errors
/// [`Reason::Malformed`], [`Reason::UnknownKey`].
pub fn read(text: &str, expected: &[TokenKind], issuer: &str, keys: &dyn VerifyingKeys) -> Result<Unverified, Reason> {
    let cose = format::from_text(text).map_err(|_| Reason::Malformed)?;
    read_cose(&cose, expected, issuer, keys)
}

/// [`authenticate`] for the bare COSE_Sign1 bytes, the form of receipts.
///
/// # Errors
/// The first reason that applies, [`Reason::Malformed`] to [`Reason::WrongType`].
pub fn authenticate_cose(
    cose: &[u8],
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Authentic, Reason> {
    read_cose(cose, expected, issuer, keys)?.verify()
}

fn read_cose(
    cose: &[u8],
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
) -> Result<Unverified, Reason> {
    let Decoded { kid, kind, protected, claims, message, signature } =
        format::from_cose(cose).map_err(|_| Reason::Malformed)?;
    let key = match kind {
        Some(kind) => keys.find(&kid, kind.purpose()),
        None => KeyPurpose::ALL.into_iter().find_map(|purpose| keys.find(&kid, purpose)),
    };
    // A key belongs to an issuer: another issuer's token has no known key here.
    let key = key.filter(|_| claims.issuer == issuer).ok_or(Reason::UnknownKey)?;
    let signed = Signed { key, message, signature: Signature::from_bytes(&signature) };
    let Some(kind) = kind else {
        // Genuine or not is all that is left to tell.
        return Err(if signed.is_good() { Reason::WrongType } else { Reason::BadSignature });
    };
    Ok(Unverified { token: Authentic { kind, kid, claims, protected }, expected: expected.contains(&kind), signed })
}

/// Whom the sealed record of a QR text names, whatever its signature is worth: only to find what was answered about it
/// before. `None` for anything that this service did not seal.
pub fn named_holder(text: &str, sealer: &TokenSealer) -> Option<Uuid> {
    let Decoded { kid, kind, protected, claims, .. } = format::from_cose(&format::from_text(text).ok()?).ok()?;
    let token = Authentic { kind: kind?, kid, claims, protected };
    token.unseal(sealer).ok().map(|record| record.subject)
}

/// [`authenticate`] and [`Authentic::judge_time`] in one step, for callers without a memory.
///
/// # Errors
/// The first reason that applies, [`Reason::Malformed`] to [`Reason::Expired`].
pub fn check(
    text: &str,
    expected: &[TokenKind],
    issuer: &str,
    keys: &dyn VerifyingKeys,
    now: Timestamp,
) -> Result<Authentic, Reason> {
    let token = authenticate(text, expected, issuer, keys)?;
    token.judge_time(now)?;
    Ok(token)
}

impl Authentic {
    /// Valid while `now < exp`, without leeway; an `iat` more than 10 s ahead is refused.
    ///
    /// # Errors
    /// [`Reason::NotYetValid`] or [`Reason::Expired`].
    pub fn judge_time(&self, now: Timestamp) -> Result<(), Reason> {
        if self.claims.issued_at * MICROS > now.plus_seconds(FUTURE_LEEWAY_SECONDS).micros() {
            return Err(Reason::NotYetValid);
        }
        if self.claims.expires_at.is_some_and(|expires_at| now >= Timestamp::from_seconds(expires_at)) {
            return Err(Reason::Expired);
        }
        Ok(())
    }

    /// Opens the sealed claim.
    ///
    /// # Errors
    /// [`Reason::Malformed`] when there is none, it does not open, or it contradicts the clear claims.
    pub fn unseal(&self, sealer: &TokenSealer) -> Result<SealedRecord, Reason> {
        let (Body::Sealed(sealed) | Body::Offline { sealed, .. }) = &self.claims.body else {
            return Err(Reason::Malformed);
        };
        let record = sealer.open(sealed, &self.protected, &self.claims.cti).map_err(|_| Reason::Malformed)?;
        let consistent = record.kind == self.kind && record.issued.seconds() == self.claims.issued_at;
        if consistent { Ok(record) } else { Err(Reason::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn signed(seed: u8, message: &[u8]) -> Signed {
        let key = SigningKey::from_bytes(&[seed; 32]);
        Signed { key: key.verifying_key(), message: message.to_vec(), signature: key.sign(message) }
    }

    #[test]
    fn one_bad_signature_among_many_is_the_only_one_refused() {
        for count in [1, 2, WORTH_A_BATCH, 17, 64] {
            let mut all: Vec<Signed> = (0..count).map(|at| signed(at as u8 % 3, &at.to_be_bytes())).collect();
            assert_eq!(Signed::all_good(&all.iter().collect::<Vec<_>>()), vec![true; count], "{count}");
            for bad in [0, count / 2, count - 1] {
                let right = std::mem::replace(&mut all[bad].message, b"altered".to_vec());
                let good = Signed::all_good(&all.iter().collect::<Vec<_>>());
                let expected: Vec<bool> = (0..count).map(|at| at != bad).collect();
                assert_eq!(good, expected, "{bad} of {count}");
                all[bad].message = right;
            }
            // Another's signature is good for nobody else.
            if count > 1 {
                let other = all[1].signature;
                let own = std::mem::replace(&mut all[0].signature, other);
                assert!(!Signed::all_good(&all.iter().collect::<Vec<_>>())[0]);
                all[0].signature = own;
            }
        }
        assert!(Signed::all_good(&[]).is_empty());
    }
}

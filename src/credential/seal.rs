//! What a token carries for this service alone: sealed so that a scanned QR tells an outsider nothing, not even how much
//! was chosen, because the record has one length.

use uuid::Uuid;

use super::TokenKind;
use crate::clock::Timestamp;
use crate::vault::{Label, Vault};

/// Length of the record before sealing, in bytes.
const RECORD_LENGTH: usize = 1 + 16 + 8 + 8 + 4;

/// The content of the sealed claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    /// The kind of token it was made for, again: a record moved into a token of another kind is refused.
    pub kind: TokenKind,
    /// Whom it is about: resident, registration or officer, by kind.
    pub subject: Uuid,
    /// The credential's generation when it was made. A printed card outlives generations: of it, its place in the status lists
    /// ([`crate::status_list::Place::number`]).
    pub generation: i64,
    /// When it was made, to the microsecond: the order in which tokens are spent.
    pub issued: Timestamp,
    /// The attributes that the holder chose, as `attribute::AttributeSet` bits.
    pub attributes: u32,
}

impl SealedRecord {
    fn to_bytes(self) -> [u8; RECORD_LENGTH] {
        let mut out = [0; RECORD_LENGTH];
        out[0] = number(self.kind);
        out[1..17].copy_from_slice(self.subject.as_bytes());
        out[17..25].copy_from_slice(&self.generation.to_be_bytes());
        out[25..33].copy_from_slice(&self.issued.micros().to_be_bytes());
        out[33..].copy_from_slice(&self.attributes.to_be_bytes());
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (subject, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        let (issued, rest) = rest.split_first_chunk::<8>()?;
        let attributes: &[u8; 4] = rest.try_into().ok()?;
        Some(Self {
            kind: TokenKind::ALL.into_iter().find(|known| number(*known) == kind)?,
            subject: Uuid::from_bytes(*subject),
            generation: i64::from_be_bytes(*generation),
            issued: Timestamp::from_micros(i64::from_be_bytes(*issued)),
            attributes: u32::from_be_bytes(*attributes),
        })
    }
}

/// The number of a kind inside the record.
const fn number(kind: TokenKind) -> u8 {
    match kind {
        TokenKind::Activation => 1,
        TokenKind::Counter => 2,
        TokenKind::Presentation => 3,
        TokenKind::Offline => 4,
        TokenKind::Card => 5,
        TokenKind::Receipt => 6,
    }
}

/// The sealed claim is not ours or was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed claim does not open")]
pub struct SealError;

/// Seals and opens the private claim −65537. Cloning shares the keys.
#[derive(Clone, Debug)]
pub struct TokenSealer {
    vault: Vault,
    label: Label,
    /// For printed cards, which outlive epochs.
    lasting: Vault,
}

impl TokenSealer {
    /// Uses the vault's token-sealing keys.
    pub fn new(vault: Vault) -> Self {
        Self { lasting: vault.lasting(), label: Label::TokenSeal, vault }
    }

    /// Uses the keys of the sandbox: what one seals the other does not open.
    pub fn of_sandbox(vault: Vault) -> Self {
        Self { lasting: vault.lasting(), label: Label::SandboxSeal, vault }
    }

    /// Version byte ‖ AES-256-GCM-SIV (RFC 8452) of the record; nonce = first 12 bytes of `cti`, associated data =
    /// `protected` ‖ `cti` ‖ version byte. A repeated cti would, thanks to SIV, betray only that two records are equal.
    ///
    /// # Errors
    /// Never in practice: the current root always has a key.
    pub fn seal(&self, record: SealedRecord, protected: &[u8], cti: &[u8; 16]) -> Result<Vec<u8>, SealError> {
        let vault = if record.kind == TokenKind::Card { &self.lasting } else { &self.vault };
        let version = vault.current();
        let ciphertext = vault
            .encrypt(version, self.label, &nonce(cti), &associated(protected, cti, version), &record.to_bytes())
            .map_err(|_| SealError)?;
        let mut out = vec![version];
        out.extend_from_slice(&ciphertext);
        Ok(out)
    }

    /// The reverse of [`TokenSealer::seal`].
    ///
    /// # Errors
    /// When any part was altered or its root secret is gone.
    pub fn open(&self, sealed: &[u8], protected: &[u8], cti: &[u8; 16]) -> Result<SealedRecord, SealError> {
        let (&version, ciphertext) = sealed.split_first().ok_or(SealError)?;
        let by = |vault: &Vault| {
            let aad = associated(protected, cti, version);
            let plaintext = vault.decrypt(version, self.label, &nonce(cti), &aad, ciphertext).ok()?;
            SealedRecord::from_bytes(&plaintext)
        };
        // Of an earlier epoch only a card still counts, as its place in the status list says.
        let of_a_card = || by(&self.lasting).filter(|record| record.kind == TokenKind::Card);
        // And of a root that was retired, whose key is kept for cards alone.
        let is_whole = self.vault.is_known(sealed);
        by(&self.vault).filter(|record| is_whole || record.kind == TokenKind::Card).or_else(of_a_card).ok_or(SealError)
    }
}

fn nonce(cti: &[u8; 16]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&cti[..12]);
    nonce
}

fn associated(protected: &[u8], cti: &[u8; 16], version: u8) -> Vec<u8> {
    [protected, cti, &[version]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(attributes: u32) -> SealedRecord {
        SealedRecord {
            kind: TokenKind::Presentation,
            subject: Uuid::from_u128(7),
            generation: 3,
            issued: Timestamp::from_micros(1_700_000_000_123_456),
            attributes,
        }
    }

    #[test]
    fn the_length_says_nothing_about_the_choice() {
        let sealer = TokenSealer::new(Vault::single([1; 32]));
        for attributes in [0, 1, 0xffff, u32::MAX] {
            let sealed = sealer.seal(record(attributes), b"header", &[9; 16]).unwrap();
            assert_eq!(sealed.len(), 1 + RECORD_LENGTH + 16);
            assert_eq!(sealer.open(&sealed, b"header", &[9; 16]).unwrap(), record(attributes));
        }
    }

    #[test]
    fn it_opens_only_in_its_own_token() {
        let sealer = TokenSealer::new(Vault::single([1; 32]));
        let sealed = sealer.seal(record(5), b"header", &[9; 16]).unwrap();
        assert!(sealer.open(&sealed, b"headex", &[9; 16]).is_err());
        let mut cti = [9; 16];
        cti[15] = 8;
        assert!(sealer.open(&sealed, b"header", &cti).is_err());
        for at in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[at / 8] ^= 1 << (at % 8);
            assert!(sealer.open(&altered, b"header", &[9; 16]).is_err());
        }
        assert!(TokenSealer::new(Vault::single([2; 32])).open(&sealed, b"header", &[9; 16]).is_err());
        assert!(sealer.open(&[], b"header", &[9; 16]).is_err());
    }

    #[test]
    fn what_the_sandbox_seals_opens_there_alone() {
        let vault = Vault::single([1; 32]);
        let (service, sandbox) = (TokenSealer::new(vault.clone()), TokenSealer::of_sandbox(vault));
        for kind in [TokenKind::Presentation, TokenKind::Card] {
            let record = SealedRecord { kind, ..record(5) };
            for (maker, other) in [(&service, &sandbox), (&sandbox, &service)] {
                let sealed = maker.seal(record, b"header", &[9; 16]).unwrap();
                assert_eq!(maker.open(&sealed, b"header", &[9; 16]), Ok(record));
                assert_eq!(other.open(&sealed, b"header", &[9; 16]), Err(SealError));
            }
        }
    }

    #[test]
    fn another_epoch_opens_cards_alone() {
        let (vault, card) = (Vault::single([1; 32]), SealedRecord { kind: TokenKind::Card, ..record(5) });
        let [none, one, two] = [vault.clone(), vault.in_epoch(1), vault.in_epoch(1).in_epoch(2)].map(TokenSealer::new);
        for (maker, others) in [(&none, [&one, &two]), (&one, [&none, &two]), (&two, [&none, &one])] {
            let sealed = |record| maker.seal(record, b"header", &[9; 16]).unwrap();
            let (shown, printed) = (sealed(record(5)), sealed(card));
            assert_eq!(maker.open(&shown, b"header", &[9; 16]), Ok(record(5)));
            assert_eq!(maker.open(&printed, b"header", &[9; 16]), Ok(card));
            for other in others {
                assert_eq!(other.open(&shown, b"header", &[9; 16]), Err(SealError));
                assert_eq!(other.open(&printed, b"header", &[9; 16]), Ok(card));
            }
        }
    }
}

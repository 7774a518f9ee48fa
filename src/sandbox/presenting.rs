//! QRs of invented people, made as those of real ones are and spoilt as their outcome says.

use uuid::Uuid;

use super::allowance;
use super::checking::Sandbox;
use super::model::{CARD_SECONDS, Shown, Wanted, holder_id};
use super::people::{self, Outcome, Person};
use super::store;
use crate::attribute::Attribute;
use crate::clock::{HOUR, Timestamp};
use crate::credential::claims::LIFETIME_SECONDS;
use crate::credential::photo::Portrait;
use crate::credential::{Algorithm, FileSigner, Issued, KeyPurpose, SealedRecord, SignError, Signer, TokenKind, text};
use crate::db::Tx;
use crate::disclosure::offline_claims;
use crate::error::{Error, Refusal, Result};
use crate::register::Date;
use crate::transaction;
use crate::vault::{INDEX_LENGTH, Label, Vault};
use crate::verification::code::PresentationCode;
use crate::verification::code::model::CODES;

/// Numbers drawn until one is free.
const DRAWS: u32 = 8;
/// The table in whose context tokens are sealed.
const TABLE: &[u8] = b"sandbox_code";

impl Sandbox {
    /// A QR of an invented person for a party's tests: 90 seconds, once, with a seal, a signature and times as the person's outcome has them.
    ///
    /// # Errors
    /// `invalid_field` for an unknown person and for what such a QR cannot be; `too_many`, `overloaded`.
    pub async fn present(&self, party: Uuid, wanted: &Wanted<'_>) -> Result<Shown> {
        let person = people::find(wanted.person).ok_or_else(unknown_person)?;
        let kind = kind_of(person, wanted)?;
        let _turn = self.allowance.turn().await?;
        let (holder, now) = (holder_id(party, person), self.context.now());
        let issued = self.issued.next(now).plus_seconds(match person.outcome() {
            Outcome::Expired => -LIFETIME_SECONDS,
            Outcome::NotYetValid => HOUR,
            _ => 0,
        });
        let record = SealedRecord { kind, subject: holder, generation: 0, issued, attributes: wanted.share.bits() };
        let this = self.clone();
        let made = tokio::task::spawn_blocking(move || this.make(person, record)).await.map_err(Error::internal)?;
        let Issued { token, issued_at, expires_at } = made.map_err(|error| match error {
            SignError::Refused(_) => Error::from(too_long()),
            other => other.into(),
        })?;
        let code = transaction!(self.context.db, "sandbox.present", |tx| {
            allowance::count(tx, party, now).await?;
            store::show(tx, holder, person.name(), now).await?;
            if person.outcome() == Outcome::AlreadyUsed {
                // A newer one may be used up already: then this one is too.
                store::spend(tx, holder, issued).await?.either_way();
            }
            if wanted.code { self.give_code(tx, holder, &token, expires_at).await.map(Some) } else { Ok(None) }
        })?;
        Ok(Shown { person, token, issued_at, expires_at, code })
    }

    /// Works on a picture for some milliseconds where the QR carries one.
    fn make(&self, person: &Person, record: SealedRecord) -> Result<Issued, SignError> {
        let keys = &self.keys;
        let stranger;
        let signer: &dyn Signer = match person.outcome() {
            Outcome::UnknownKey => {
                stranger = FileSigner::generate(Algorithm::Ed25519, &self.context.random);
                &stranger
            }
            Outcome::PrintedCard => keys.signer(KeyPurpose::Card),
            _ => keys.signer(KeyPurpose::Token),
        };
        let issuer = keys.issuer(signer);
        let issued = match record.kind {
            TokenKind::Offline | TokenKind::Card => {
                let today = Date::in_jakarta(self.context.now());
                let set = crate::attribute::AttributeSet::from_bits(record.attributes);
                let nobody = || SignError::Unavailable(String::from("an invented person has no data"));
                let claims = offline_claims(&person.record(today).ok_or_else(nobody)?, set, today);
                let portrait = person.portrait().filter(|_| set.contains(Attribute::Portrait));
                let portrait = portrait.and_then(Portrait::read);
                if record.kind == TokenKind::Card {
                    issuer.issue_card_of_nobody(record, claims, portrait.as_ref(), CARD_SECONDS)?
                } else {
                    issuer.issue_offline(record, claims, portrait.as_ref(), None)?
                }
            }
            _ => issuer.issue(record)?,
        };
        Ok(Issued { token: spoilt(person.outcome(), issued.token), ..issued })
    }

    async fn give_code(
        &self,
        tx: &mut Tx,
        holder: Uuid,
        token: &str,
        expires_at: Timestamp,
    ) -> Result<PresentationCode> {
        let (random, vault) = (&self.context.random, &self.context.vault);
        store::void_codes(tx, holder).await?;
        for _ in 0..DRAWS {
            let code = PresentationCode::from_number(random.below(CODES));
            let index = code_index(vault, &code);
            let sealed = vault.seal(Label::Column, random, &[TABLE, holder.as_bytes(), &index], token.as_bytes())?;
            if store::add_code(tx, &index, holder, &sealed, expires_at).await?.happened() {
                return Ok(code);
            }
        }
        Err(Error::internal("no free code was drawn"))
    }

    /// The token that a code stands for.
    pub(super) async fn token_of(&self, tx: &mut Tx, code: &PresentationCode) -> Result<Option<String>> {
        let vault = &self.context.vault;
        let index = code_index(vault, code);
        let found = store::code(tx, &index).await?.filter(|(_, sealed)| vault.is_known(sealed));
        let Some((holder, sealed)) = found else { return Ok(None) };
        let token = vault.open(Label::Column, &[TABLE, holder.as_bytes(), &index], &sealed)?;
        String::from_utf8(token.to_vec()).map(Some).map_err(|_| Error::internal("a sealed token is no text"))
    }
}

fn code_index(vault: &Vault, code: &PresentationCode) -> Vec<u8> {
    vault.mac_index(Label::SandboxCode, &[b"code", code.expose().as_bytes()])[..INDEX_LENGTH].to_vec()
}

/// What kind of token a person's QR is.
fn kind_of(person: &Person, wanted: &Wanted<'_>) -> Result<TokenKind, Refusal> {
    let kind = match person.outcome() {
        Outcome::PrintedCard => TokenKind::Card,
        Outcome::WrongType => TokenKind::Counter,
        _ if wanted.offline => TokenKind::Offline,
        _ => TokenKind::Presentation,
    };
    if wanted.offline && kind != TokenKind::Offline {
        return Err(Refusal::field(
            "offline",
            "Orang ini tidak menunjukkan QR luring: pilih orang lain.",
            "This person shows no offline QR: choose another one.",
        ));
    }
    if wanted.code && matches!(kind, TokenKind::Offline | TokenKind::Card) {
        return Err(Refusal::field(
            "code",
            "QR luring dan kartu cetak tidak punya kode.",
            "An offline QR and a printed card have no code.",
        ));
    }
    Ok(kind)
}

/// A token with the fault that the outcome asks for.
fn spoilt(outcome: Outcome, token: String) -> String {
    match outcome {
        Outcome::BadSignature => {
            let Ok(mut cose) = text::decode(&token) else { return token };
            // The signature stands at the end.
            if let Some(last) = cose.last_mut() {
                *last ^= 1;
            }
            text::encode_stored(&cose)
        }
        // ASCII: every place is between two characters.
        Outcome::Malformed => token[..token.len() * 2 / 3].to_owned(),
        _ => token,
    }
}

fn unknown_person() -> Refusal {
    Refusal::field(
        "person",
        "Pilih salah satu orang pada GET /sandbox/v1/people.",
        "Choose one of the people of GET /sandbox/v1/people.",
    )
}

fn too_long() -> Refusal {
    Refusal::field(
        "share",
        "Pilihan ini terlalu panjang untuk QR luring; pilih lebih sedikit atribut, misalnya tanpa alamat.",
        "This choice is too long for an offline QR; choose fewer attributes, for example without the address.",
    )
}

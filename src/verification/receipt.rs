//! Receipts: what was shown to whom, when and for what, without the values themselves.
//!
//! What a check states is a CWT claims set, proven by a COSE Receipt over it ([`super::signed`]). Receipts of before that are CWTs of typ
//! `application/ikd-receipt+cwt`, signed each for itself, with the same claims. Common claims: `iss`, `iat`, and `cti`, which is the
//! verification's id (16 bytes). Private claim −65539 is a text-keyed map: `verification_id`, `relying_party`,
//! `relying_party_id`, `purpose`, `verified_at` (RFC 3339), `result`, `reason` (when invalid), `disclosed` (names),
//! `attributes_sha256` = SHA-256(salt ‖ deterministic CBOR of the `attributes` object), and `portrait_sha256` =
//! SHA-256(salt ‖ JPEG) when a portrait was shown; `medium` = `printed_card` where it was no phone that showed it;
//! `record` = a keyed digest of what else the check's row holds, salt included, which only the service can make. Whoever holds salt and values can prove them; nobody else can guess.

use ciborium::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{Content, Medium, Verdict};
use super::store::CheckRow;
use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::credential::{Body, Claims, cbor, cose, cose_receipt};
use crate::error::{Error, Result};
use crate::relying_party::Party;
use crate::vault::{Label, Vault};

/// Length of the salt in bytes.
pub const SALT_LENGTH: usize = 16;

/// Everything that a receipt states.
pub struct Statement<'a> {
    /// Id of the check.
    pub verification_id: Uuid,
    /// Who asked.
    pub party: &'a Party,
    /// What for.
    pub purpose: &'a str,
    /// When it was answered.
    pub verified_at: Timestamp,
    /// What was answered.
    pub verdict: Verdict,
    /// What was shown on what.
    pub medium: Medium,
    /// Names of what was shown.
    pub disclosed: AttributeSet,
    /// What was shown.
    pub content: &'a Content,
    /// Salt of the digests.
    pub salt: &'a [u8; SALT_LENGTH],
    /// What binds the rest of the row, where the check is of a holder.
    pub record: Option<Record>,
}

/// A keyed digest of what a check's row holds and its receipt does not say: whose it is, by which question it is found, and the salt without
/// which nobody can prove what was shown. So a row that somebody hands to another holder does not fit its receipt any more.
pub type Record = [u8; 16];

/// What a row names.
pub struct Recorded<'a> {
    /// The check.
    pub verification_id: Uuid,
    /// The holder.
    pub resident_id: Uuid,
    /// Hash of the idempotency key.
    pub idempotency_key: &'a [u8],
    /// Hash of the question.
    pub body_hash: &'a [u8],
    /// Issue time of the token.
    pub issued: Timestamp,
    /// Whether the token works once.
    pub single_use: bool,
    /// Salt of the digests.
    pub salt: &'a [u8],
}

impl Recorded<'_> {
    /// Its digest.
    pub fn digest(&self, vault: &Vault) -> Record {
        let issued = self.issued.micros().to_be_bytes();
        let parts: [&[u8]; 7] = [
            self.verification_id.as_bytes(),
            self.resident_id.as_bytes(),
            self.idempotency_key,
            self.body_hash,
            &issued,
            &[u8::from(self.single_use)],
            self.salt,
        ];
        let mac = vault.mac_index(Label::CheckRecord, &parts);
        std::array::from_fn(|at| mac[at])
    }
}

/// SHA-256(salt ‖ deterministic CBOR of the attributes).
///
/// # Errors
/// Never in practice: the attributes are texts and flags.
pub fn attributes_digest(salt: &[u8], content: &Content) -> Result<[u8; 32]> {
    let bytes = cbor::encode_any(&content.attributes).ok_or_else(|| Error::internal("attributes as CBOR"))?;
    Ok(Sha256::new().chain_update(salt).chain_update(bytes).finalize().into())
}

/// SHA-256(salt ‖ portrait).
pub fn portrait_digest(salt: &[u8], content: &Content) -> Option<[u8; 32]> {
    let portrait = content.portrait.as_ref()?;
    Some(Sha256::new().chain_update(salt).chain_update(portrait.0.expose()).finalize().into())
}

/// What a check states.
///
/// # Errors
/// Never in practice: as [`attributes_digest`].
pub fn claims(statement: &Statement<'_>, issuer: &str) -> Result<Claims> {
    let mut content: Vec<(Value, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| content.push((name.into(), value));
    put("verification_id", statement.verification_id.to_string().into());
    put("relying_party", statement.party.name.as_str().into());
    put("relying_party_id", statement.party.relying_party_id.to_string().into());
    put("purpose", statement.purpose.into());
    put("verified_at", statement.verified_at.to_rfc3339().into());
    put("result", statement.verdict.result().into());
    if let Verdict::Invalid(reason) = statement.verdict {
        put("reason", reason.as_str().into());
    }
    // A receipt without the word is of a phone, as all were before there were printed cards.
    if statement.medium != Medium::Phone {
        put("medium", statement.medium.as_str().into());
    }
    put("disclosed", Value::Array(statement.disclosed.names().into_iter().map(Value::from).collect()));
    put("attributes_sha256", Value::Bytes(attributes_digest(statement.salt, statement.content)?.to_vec()));
    if let Some(digest) = portrait_digest(statement.salt, statement.content) {
        put("portrait_sha256", Value::Bytes(digest.to_vec()));
    }
    if let Some(record) = statement.record {
        put("record", Value::Bytes(record.to_vec()));
    }
    Ok(Claims {
        issuer: issuer.to_owned(),
        expires_at: None,
        issued_at: statement.verified_at.seconds(),
        cti: *statement.verification_id.as_bytes(),
        body: Body::Receipt(content),
    })
}

/// What a receipt of a row says, whichever form it has.
fn said(stored: &[u8]) -> Option<Vec<(Value, Value)>> {
    let statement = cose_receipt::read_statement(stored).ok();
    let claims = match statement {
        Some(claims) => claims,
        None => cose::decode(stored).ok()?.claims,
    };
    let Body::Receipt(map) = claims.body else { return None };
    Some(map)
}

fn find<'a>(said: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    said.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

/// On what the QR was of which the receipt (our own, from our own row) speaks.
pub fn medium(stored: &[u8]) -> Medium {
    let said = said(stored).unwrap_or_default();
    find(&said, "medium").and_then(|word| word.as_text()?.parse().ok()).unwrap_or(Medium::Phone)
}

/// Whether `content` is what the receipt (our own, from our own row) speaks of.
pub fn attests(stored: &[u8], salt: &[u8], content: &Content) -> bool {
    let Some(said) = said(stored) else { return false };
    let digest = |name: &str| find(&said, name).and_then(Value::as_bytes).map(Vec::as_slice);
    let attributes = attributes_digest(salt, content).ok();
    digest("attributes_sha256") == attributes.as_ref().map(<[u8; 32]>::as_slice)
        && digest("portrait_sha256") == portrait_digest(salt, content).as_ref().map(<[u8; 32]>::as_slice)
}

/// Whether a row is the one that its statement was made with: each column that never changes.
pub fn is_of(row: &CheckRow, vault: &Vault) -> bool {
    let Some(said) = said(&row.receipt) else { return false };
    let text = |name: &str| find(&said, name).and_then(Value::as_text);
    let disclosed = find(&said, "disclosed").and_then(Value::as_array);
    let names = disclosed.map(|names| names.iter().filter_map(Value::as_text).collect::<Vec<_>>());
    let record = Recorded {
        verification_id: row.verification_id,
        resident_id: row.resident_id,
        idempotency_key: &row.idempotency_key,
        body_hash: &row.body_hash,
        issued: row.issued,
        single_use: row.single_use != 0,
        salt: &row.salt,
    };
    text("verification_id") == Some(&row.verification_id.to_string())
        && text("relying_party_id") == Some(&row.relying_party_id.to_string())
        && text("purpose") == Some(&row.purpose)
        && text("verified_at") == Some(&row.verified_at.to_rfc3339())
        && text("result") == Some(&row.result)
        && row.result == row.verdict.result()
        && text("reason").unwrap_or_default() == row.verdict.reason()
        && names == Some(row.disclosed.names())
        && find(&said, "record").and_then(Value::as_bytes).map(Vec::as_slice) == Some(&record.digest(vault))
}

//! What a browser and an authenticator say of a passkey, read and judged by Web Authentication level 3 (§6.1, §6.5.1, §7.1, §7.2), for the one
//! kind that this service asks for: ES256, with the person verified, from its own pages, without attestation.

use ciborium::Value as Cbor;
use ikd_token::{Algorithm, PublicKey};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::base64url;

/// Flags of the authenticator data (§6.1): present, verified, may be copied, is copied, with a new key, with extensions.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;
/// Bytes of the authenticator data before the new key: digest of the name, flags, count.
const HEAD: usize = 37;
/// Bytes of the authenticator's model, which nobody reads here.
const MODEL: usize = 16;
/// Bytes of the longest credential id (§7.1, step 25).
const LONGEST_ID: usize = 1023;

/// Which of the two procedures (§5.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// A new passkey.
    Create,
    /// A proof with one that is there.
    Get,
}

/// What was asked, and on whose pages: what an answer has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name that passkeys are bound to.
    pub rp_id: &'a str,
    /// The origin of the pages, exactly, with the port where it is not the scheme's.
    pub origin: &'a str,
    /// The challenge.
    pub challenge: &'a [u8],
}

/// A new passkey.
#[derive(Debug, PartialEq, Eq)]
pub struct Created {
    /// The id that the authenticator gave it.
    pub credential_id: Vec<u8>,
    /// Its key, a point of P-256 (SEC 1 §2.3.3, uncompressed): 65 bytes, on the curve.
    pub point: Vec<u8>,
    /// What the authenticator counts.
    pub sign_count: u32,
}

/// A proof that was not yet compared with a key.
#[derive(Debug)]
pub struct Proof {
    /// The id of the key that it is said to be by.
    pub credential_id: Vec<u8>,
    /// Whose key the authenticator says that it is.
    pub user_handle: Option<Vec<u8>>,
    /// What the authenticator counts.
    pub sign_count: u32,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// The JSON form of an answer (§5.1.8). What else is in it is not used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<R> {
    id: String,
    raw_id: String,
    r#type: String,
    response: R,
}

#[derive(Deserialize)]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    object: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// What the browser says of itself (§5.8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl Created {
    /// The new passkey in an answer; none where any part of it does not fit what was asked.
    pub fn read(asked: Asked<'_>, answer: &Value) -> Option<Self> {
        let answer: Answer<Attestation> = read(answer)?;
        let id = answer.id()?;
        asked.judge(Procedure::Create, &base64url::decode(&answer.response.client_data)?)?;
        let data = authenticator_data(&base64url::decode(&answer.response.object)?)?;
        let head = Head::read(&data)?;
        head.judge(asked)?;
        if head.flags & ATTESTED == 0 {
            return None;
        }
        let (credential_id, mut rest) = credential_id(data.get(HEAD..)?)?;
        if credential_id != id {
            return None;
        }
        let point = point(&item(&mut rest)?)?;
        if head.flags & EXTENDED != 0 {
            item(&mut rest)?.into_map().ok()?;
        }
        rest.is_empty().then_some(Self { credential_id: id, point, sign_count: head.sign_count })
    }
}

impl Proof {
    /// The proof in an answer; none where any part of it but the signature does not fit what was asked.
    pub fn read(asked: Asked<'_>, answer: &Value) -> Option<Self> {
        let answer: Answer<Assertion> = read(answer)?;
        let credential_id = answer.id()?;
        let Assertion { client_data, authenticator_data, signature, user_handle } = answer.response;
        let client_data = base64url::decode(&client_data)?;
        asked.judge(Procedure::Get, &client_data)?;
        let data = base64url::decode(&authenticator_data)?;
        let head = Head::read(&data)?;
        head.judge(asked)?;
        // What follows is signed and not used, but must be announced.
        if data.len() > HEAD && head.flags & (ATTESTED | EXTENDED) == 0 {
            return None;
        }
        let user_handle = user_handle.map(|handle| base64url::decode(&handle).ok_or(())).transpose().ok()?;
        let signature = base64url::decode(&signature)?;
        let message = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        Some(Self { credential_id, user_handle, sign_count: head.sign_count, message, signature })
    }

    /// Whether the key with this point signed it (§7.2, step 21).
    pub fn is_by(&self, point: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&self.message, &self.signature).is_ok()
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Option<T> {
    T::deserialize(answer).ok()
}

impl<R> Answer<R> {
    /// The credential id, which stands in it twice.
    fn id(&self) -> Option<Vec<u8>> {
        let id = base64url::decode(&self.id)?;
        let fits = self.id == self.raw_id && self.r#type == "public-key" && (1..=LONGEST_ID).contains(&id.len());
        fits.then_some(id)
    }
}

impl Asked<'_> {
    /// Whether what the browser says fits (§7.1, steps 7 to 11; §7.2, steps 10 to 14): a page in a frame of another's does not.
    fn judge(&self, procedure: Procedure, client_data: &[u8]) -> Option<()> {
        let said: ClientData = serde_json::from_slice(client_data).ok()?;
        let kind = match procedure {
            Procedure::Create => "webauthn.create",
            Procedure::Get => "webauthn.get",
        };
        let of_own_page = said.origin == self.origin && !said.cross_origin && said.top_origin.is_none();
        let fits = said.r#type == kind && base64url::decode(&said.challenge)? == self.challenge && of_own_page;
        fits.then_some(())
    }
}

/// The beginning of the authenticator data (§6.1).
struct Head {
    rp_id_hash: [u8; 32],
    flags: u8,
    sign_count: u32,
}

impl Head {
    fn read(data: &[u8]) -> Option<Self> {
        let (rp_id_hash, rest) = data.split_first_chunk()?;
        let (flags, rest) = rest.split_first()?;
        let (count, _) = rest.split_first_chunk()?;
        Some(Self { rp_id_hash: *rp_id_hash, flags: *flags, sign_count: u32::from_be_bytes(*count) })
    }

    /// Whether it is bound to the asked name, and the person was present and verified (§7.1, steps 13 to 17; §7.2, steps 15 to 18).
    fn judge(&self, asked: Asked<'_>) -> Option<()> {
        let has = |flag| self.flags & flag != 0;
        let is_bound = self.rp_id_hash == *Sha256::digest(asked.rp_id);
        (is_bound && has(PRESENT) && has(VERIFIED) && (has(BACKUP_ELIGIBLE) || !has(BACKED_UP))).then_some(())
    }
}

/// The authenticator data in an attestation object (§6.5.4). Its statement is not verified: none was asked for, and nothing here depends on the model.
fn authenticator_data(mut object: &[u8]) -> Option<Vec<u8>> {
    let members = item(&mut object)?.into_map().ok()?;
    let [mut data, mut format, mut statement] = [None, None, None];
    for (name, value) in members {
        let place = match name.as_text()? {
            "authData" => &mut data,
            "fmt" => &mut format,
            "attStmt" => &mut statement,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let is_whole = object.is_empty() && format?.is_text() && statement?.is_map();
    data?.into_bytes().ok().filter(|_| is_whole)
}

/// The credential id of a new key, and what follows it (§6.5.1).
fn credential_id(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.get(MODEL..)?.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The point of a COSE key that is exactly one for ES256 (RFC 9053 §7.1.1; §6.5.1.1: no other parameters), on the curve.
fn point(key: &Cbor) -> Option<Vec<u8>> {
    let members = key.as_map()?;
    let of = |label: i64| {
        let mut found = members.iter().filter(|(name, _)| *name == Cbor::from(label));
        found.next().map(|(_, value)| value).filter(|_| found.next().is_none())
    };
    let is_es256 = members.len() == 5
        && of(1) == Some(&Cbor::from(2))
        && of(3) == Some(&Cbor::from(-7))
        && of(-1) == Some(&Cbor::from(1));
    let [x, y] = [of(-2)?.as_bytes()?, of(-3)?.as_bytes()?];
    if !is_es256 || x.len() != 32 || y.len() != 32 {
        return None;
    }
    let point = [&[4], x.as_slice(), y].concat();
    PublicKey::from_bytes(Algorithm::Es256, &point).map(|_| point)
}

/// The next CBOR item; how deeply it nests is bounded by the reader.
fn item(bytes: &mut &[u8]) -> Option<Cbor> {
    ciborium::from_reader(bytes).ok()
}

#[cfg(test)]
mod tests;

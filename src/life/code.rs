//! How block codes are made, kept and compared: as passwords are, because eight characters are guessed from a digest that is quick to
//! compute. A row is found by its NIK alone, and what is hashed with a salt is a keyed index of NIK and code, so that a copy of the
//! database alone gives nothing to guess at.

use std::net::IpAddr;

use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::model::{BLOCK_CODE_BYTES, BlockCode};
use super::store;
use crate::base64url;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::fair::whose_share;
use crate::login::Passwords;
use crate::login::password::Place;
use crate::register::Nik;
use crate::secret::Redacted;
use crate::vault::{Label, Vault};

/// Makes block codes and compares them, a few at a time. Cloning shares it.
#[derive(Clone)]
pub struct BlockCodes {
    context: Context,
    hashes: Passwords,
}

/// A code that can be given: hashed before the transaction, which must not wait for that.
pub struct NewCode {
    pub(super) code: BlockCode,
    pub(super) resident_id: Uuid,
    pub(super) nik_index: Vec<u8>,
    pub(super) hash: String,
    /// By what the request is known again; none of one without a name.
    pub(super) request: Option<Vec<u8>>,
    /// By what a row of before would be found.
    former: Vec<u8>,
}

impl NewCode {
    /// Whether this code is the one that counts, because its request is repeated.
    pub(super) async fn is_kept(&self, tx: &mut Tx) -> Result<bool> {
        let Self { resident_id, nik_index, request, former, .. } = self;
        is_kept(tx, *resident_id, nik_index, request.as_deref(), former).await
    }
}

impl BlockCodes {
    /// In this context.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context) -> Result<Self> {
        let hashes = Passwords::new(context.config.limits.password_hashes, &context.random)?;
        Ok(Self { context, hashes })
    }

    /// Makes the code for a holder's request: of one with a name always the same.
    ///
    /// # Errors
    /// `overloaded`, or a fault of ours.
    pub async fn make(&self, (resident, nik): (Uuid, &Nik), request: Option<&str>) -> Result<NewCode> {
        let (vault, random) = (&self.context.vault, &self.context.random);
        let code = match request {
            Some(request) => code_of(vault, resident, request),
            None => BlockCode::from_bytes(random.bytes::<BLOCK_CODE_BYTES>()),
        };
        let former = index(vault, nik, &code);
        let place = self.hashes.queue(whose_share(), true).await?;
        let hash = self.hashes.hash(&place, random, hashed(&former)).await?;
        let request = request.map(|request| request_index(vault, resident, request).to_vec());
        let nik_index = nik_index(vault, nik);
        Ok(NewCode { code, resident_id: resident, nik_index, hash, request, former: former.to_vec() })
    }

    /// A stranger's turn at the comparison.
    ///
    /// # Errors
    /// `overloaded`.
    pub(super) async fn turn(&self, from: IpAddr) -> Result<Place> {
        self.hashes.queue(from, false).await
    }

    /// Whose code this is. The same is done whether the NIK is unknown, has no code or another one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn whose(&self, place: &Place, nik: &Nik, code: &BlockCode) -> Result<Option<Uuid>> {
        let vault = &self.context.vault;
        let index = index(vault, nik, code);
        let (kept, former) = {
            let mut tx = self.context.db.read().await?;
            (store::hash_of(&mut tx, &nik_index(vault, nik)).await?, store::of_code(&mut tx, &index).await?)
        };
        let (resident, hash) = kept.unzip();
        let fits = self.hashes.fits(place, hashed(&index), hash).await?;
        Ok(resident.filter(|_| fits).or(former))
    }
}

/// The block code that was given for a request with this name, while it counts.
///
/// # Errors
/// When the database does not answer.
pub async fn given_code(
    context: &Context,
    tx: &mut Tx,
    (resident, nik): (Uuid, &Nik),
    request: &str,
) -> Result<Option<BlockCode>> {
    let vault = &context.vault;
    let code = code_of(vault, resident, request);
    let (named, former) = (request_index(vault, resident, request), index(vault, nik, &code));
    let counts = is_kept(tx, resident, &nik_index(vault, nik), Some(&named), &former).await?;
    Ok(counts.then_some(code))
}

async fn is_kept(tx: &mut Tx, resident: Uuid, nik_index: &[u8], request: Option<&[u8]>, former: &[u8]) -> Result<bool> {
    let given = store::request_of(tx, nik_index).await?;
    let same = given.zip(request).is_some_and(|(given, request)| given.ct_eq(request).into());
    Ok(same || store::of_code(tx, former).await? == Some(resident))
}

/// The code of a named request.
fn code_of(vault: &Vault, resident: Uuid, request: &str) -> BlockCode {
    let parts = [b"given".as_slice(), resident.as_bytes(), request.as_bytes()];
    let [a, b, c, d, e, ..] = vault.mac_index(Label::BlockCode, &parts);
    BlockCode::from_bytes([a, b, c, d, e])
}

/// By what a named request is known again, which tells nothing of its code.
fn request_index(vault: &Vault, resident: Uuid, request: &str) -> [u8; 32] {
    vault.mac_index(Label::BlockCode, &[b"request", resident.as_bytes(), request.as_bytes()])
}

/// By what the row of a NIK is found.
fn nik_index(vault: &Vault, nik: &Nik) -> Vec<u8> {
    vault.blind_index(Label::NikIndex, nik.as_str())
}

/// The keyed index of a NIK and a block code together: what is hashed, and by what rows of before are found.
fn index(vault: &Vault, nik: &Nik, code: &BlockCode) -> [u8; 32] {
    vault.mac_index(Label::BlockCode, &[nik.as_str().as_bytes(), code.expose().as_bytes()])
}

fn hashed(index: &[u8; 32]) -> Redacted<String> {
    Redacted(base64url::encode(index))
}

//! The use case of a copy: the PIN, the document, its signature, and the same on paper.

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::document::Document;
use super::readable::{self, Origin};
use crate::base64url;
use crate::clock::DAY;
use crate::contact::ports as contact;
use crate::context::Context;
use crate::credential::KeyPurpose;
use crate::device::Thumbprint;
use crate::dispute::Disputes;
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::fair::{Turn, Turns, whose_share};
use crate::keyring::Keyring;
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::transaction;
use crate::verification;
use crate::wallet;
use crate::wallet::service::Session;
use crate::window::{Counted, Window};

/// Copies of a holder in a day.
const EXPORTS: Window = Window { kind: "export", seconds: DAY, most: 5 };
/// Copies that may wait to be put together; of one client as many as there are places left.
const WAITING: usize = 32;
/// How long a copy waits for that.
const PATIENCE: Duration = Duration::from_secs(10);
/// About what the copy of somebody takes who was checked some hundred times; what it takes beyond is charged afterwards.
const COST: Duration = Duration::from_millis(100);

/// Copies of own data. Cloning shares everything.
#[derive(Clone)]
pub struct Exports {
    pub(super) context: Context,
    keyring: Keyring,
    pub(super) wallet: wallet::Service,
    pub(super) verifications: verification::Service,
    pub(super) disputes: Disputes,
    /// Who may put a copy together now: one with ten thousand checks takes a second of a processor and some memory.
    turns: Turns,
}

/// A copy: flattened JWS JSON serialization (RFC 7515 §7.2.2), and the same on paper.
#[derive(Debug)]
pub struct Copy {
    /// The document, base64url.
    pub payload: String,
    /// The protected header, base64url.
    pub protected: String,
    /// The signature, base64url.
    pub signature: String,
    /// The document for people, PDF; none unless it was asked for.
    pub pdf: Option<Vec<u8>>,
}

impl Exports {
    /// `wallet` asks for the PIN, `keyring` signs.
    pub fn new(
        context: Context,
        keyring: Keyring,
        wallet: wallet::Service,
        verifications: verification::Service,
        disputes: Disputes,
    ) -> Self {
        let turns = Turns::new(context.config.limits.pictures, WAITING);
        Self { context, keyring, wallet, verifications, disputes, turns }
    }

    /// The copy of a holder's own data, after the PIN; on paper too, in a language, where one is given.
    ///
    /// # Errors
    /// As [`wallet::Service::prove_again`]; `too_many`; `overloaded` when too many copies are being made.
    pub async fn export(
        &self,
        device: &Thumbprint,
        session: &Session,
        (challenge, signature): (&str, &str),
        paper: Option<Language>,
    ) -> Result<Copy> {
        self.wallet.prove_again(device, session, challenge, signature).await?;
        let turn = self.turn().await?;
        let (now, resident) = (self.context.now(), session.resident_id);
        let counted = transaction!(self.context.db, "export.count", |tx| {
            // Whoever took over the address takes no data away with it.
            contact::require_settled(tx, resident, now).await?;
            let counted = EXPORTS.count(tx, &[resident.as_bytes()], now).await?;
            if let Counted::Use(_) = counted {
                life::happened(&self.context, tx, (resident, EventKind::CopyMade), now, By::holder(resident)).await?;
            }
            Ok(counted)
        })?;
        counted.or_refuse(too_many())?;
        let document = self.document(resident, now).await?;
        let json = serde_json::to_vec(&document).map_err(Error::internal)?;
        let copy = self.sign(base64url::encode(&json)).await?;
        let Some(language) = paper else { return Ok(copy) };
        let digest: [u8; 32] = Sha256::digest(&json).into();
        let pdf = on_paper(document, Origin::App { digest }, language, turn).await?;
        Ok(Copy { pdf: Some(pdf), ..copy })
    }

    /// The copy on paper for a holder who stands at a counter, as two people of an office agreed; the caller saw to that, and counts.
    ///
    /// # Errors
    /// `overloaded` when too many copies are being made; a fault of ours once the data are erased.
    pub async fn at_counter(&self, resident: Uuid, language: Language) -> Result<Vec<u8>> {
        let turn = self.turn().await?;
        on_paper(self.document(resident, self.context.now()).await?, Origin::Counter, language, turn).await
    }

    async fn turn(&self) -> Result<Turn> {
        let turn = self.turns.take(whose_share(), COST, PATIENCE).await;
        turn.ok_or_else(|| Refusal::new(Code::Overloaded).retry_after(5).into())
    }

    /// Signs with the key of receipts, which relying parties and holders have from the published key set.
    async fn sign(&self, payload: String) -> Result<Copy> {
        let signed = self.keyring.with_signer(KeyPurpose::Receipt, move |signer| {
            let header = json!({"alg": signer.algorithm().as_str(), "kid": base64url::encode(&signer.kid()),
                "typ": "ikd-export+json"});
            let protected = base64url::encode(header.to_string().as_bytes());
            let signature = signer.sign(format!("{protected}.{payload}").as_bytes())?;
            Ok(Copy { payload, protected, signature: base64url::encode(&signature), pdf: None })
        });
        Ok(signed.await?)
    }
}

/// The document as PDF; the turn ends with it.
async fn on_paper(document: Document, origin: Origin, language: Language, turn: Turn) -> Result<Vec<u8>> {
    let written = tokio::task::spawn_blocking(move || {
        let written = readable::write(&document, origin, language);
        drop(turn);
        written
    });
    written.await.map_err(Error::internal)?.map_err(Error::internal)
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Salinan data sudah diambil lima kali dalam sehari; tunggu selama waktu yang tertera.",
        "Five copies were taken within a day; wait for the time stated.",
    )
}

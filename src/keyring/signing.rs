//! Signing for those who wait in asynchronous code. A file's key signs on the spot; a signer that blocks gets a thread that
//! may wait (docs/adr/0011-signers.md).

use std::time::Duration;

use super::service::Keyring;
use crate::credential::{Issued, Issuer, KeyPurpose, SealedRecord, SignError, Signer};

impl Keyring {
    /// Makes a sealed token (activation, counter, presentation) with the active token key. Writes nothing.
    ///
    /// # Errors
    /// When this node cannot sign.
    pub async fn issue(&self, record: SealedRecord) -> Result<Issued, SignError> {
        let (signer, keyring) = (self.signer(KeyPurpose::Token)?, self.clone());
        on_a_fitting_thread(signer.blocks(), move || keyring.issuer(signer.as_ref()).issue(record)).await?
    }

    /// Does `work` with the active key for a purpose: for what is signed in a form of its own.
    ///
    /// # Errors
    /// When this node cannot sign.
    pub async fn with_signer<T: Send + 'static>(
        &self,
        purpose: KeyPurpose,
        work: impl FnOnce(&dyn Signer) -> Result<T, SignError> + Send + 'static,
    ) -> Result<T, SignError> {
        let signer = self.signer(purpose)?;
        on_a_fitting_thread(signer.blocks(), move || work(signer.as_ref())).await?
    }

    /// Whether signing for this purpose waits, so that it belongs on a thread that may.
    pub fn signing_blocks(&self, purpose: KeyPurpose) -> bool {
        self.signer(purpose).is_ok_and(|signer| signer.blocks())
    }

    /// What makes tokens with `signer`.
    pub fn issuer<'a>(&'a self, signer: &'a dyn Signer) -> Issuer<'a> {
        let context = self.context();
        Issuer { signer, sealer: self.sealer(), random: &context.random, name: &context.config.service.issuer }
    }
}

/// How long somebody waits for a signer: a module may never answer, and whoever asked is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does `work` at once, or, when it `blocks`, on a thread of the runtime that is made for waiting.
async fn on_a_fitting_thread<T: Send + 'static>(
    blocks: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SignError> {
    if !blocks {
        return Ok(work());
    }
    let signed = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await;
    let signed = signed.map_err(|_| SignError::Unavailable(String::from("the signer does not answer in time")))?;
    signed.map_err(|error| SignError::Unavailable(error.to_string()))
}

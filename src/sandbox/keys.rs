//! What the sandbox signs and seals with: derived from the root secret under labels of its own, so that every node has the same and nobody
//! looks after them. A new root brings new ones; the older ones go on verifying.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::context::Context;
use crate::credential::{
    FileSigner, Issuer, Jwk, JwkSet, KeyId, KeyPurpose, PublicKey, Signer, TokenSealer, VerifyingKeys,
};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::vault::{Label, Vault};

/// What the sandbox's issuer is called: this behind the service's name. No token of one is a token of the other.
const NAME: &str = "/sandbox";

/// The sandbox's keys. Cloning shares them.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    token: FileSigner,
    card: FileSigner,
    receipt: FileSigner,
    published: JwkSet,
    sealer: TokenSealer,
    random: Random,
    issuer: String,
}

/// The key of a purpose under one root.
fn signer(vault: &Vault, version: u8, purpose: KeyPurpose) -> Option<FileSigner> {
    let seed = vault.mac(version, Label::SandboxKey, &[purpose.as_str().as_bytes()])?;
    Some(FileSigner::from_seed(&Zeroizing::new(seed)))
}

impl Keys {
    /// Derives them.
    ///
    /// # Errors
    /// Never in practice: the current root always exists.
    pub fn new(context: &Context) -> Result<Self> {
        let vault = &context.vault;
        // Once: another version may begin to seal in between.
        let version = vault.current();
        let current =
            |purpose| signer(vault, version, purpose).ok_or_else(|| Error::internal("the current root is not there"));
        let purposes = [KeyPurpose::Token, KeyPurpose::Card, KeyPurpose::Receipt];
        let all = vault.versions().flat_map(|version| purposes.map(|purpose| (version, purpose)));
        let published =
            all.filter_map(|(version, purpose)| Some(Jwk::new(signer(vault, version, purpose)?.public_key(), purpose)));
        let [token, card, receipt] = purposes.map(current);
        Ok(Self(Arc::new(Inner {
            token: token?,
            card: card?,
            receipt: receipt?,
            published: JwkSet { keys: published.collect() },
            sealer: TokenSealer::of_sandbox(vault.clone()),
            random: context.random.clone(),
            issuer: format!("{}{NAME}", context.config.service.issuer),
        })))
    }

    /// The key set that integrators verify the sandbox's tokens and receipts with.
    pub fn published(&self) -> &JwkSet {
        &self.0.published
    }

    /// What the sandbox's issuer is called.
    pub fn issuer_name(&self) -> &str {
        &self.0.issuer
    }

    /// What opens the sealed part of its tokens.
    pub fn sealer(&self) -> &TokenSealer {
        &self.0.sealer
    }

    /// The key for a purpose that the sandbox signs for.
    pub fn signer(&self, purpose: KeyPurpose) -> &dyn Signer {
        match purpose {
            KeyPurpose::Card => &self.0.card,
            KeyPurpose::Receipt => &self.0.receipt,
            KeyPurpose::Token | KeyPurpose::Status | KeyPurpose::Log => &self.0.token,
        }
    }

    /// What makes tokens with `signer`.
    pub fn issuer<'a>(&'a self, signer: &'a dyn Signer) -> Issuer<'a> {
        Issuer { signer, sealer: &self.0.sealer, random: &self.0.random, name: &self.0.issuer }
    }
}

impl VerifyingKeys for Keys {
    fn find(&self, wanted: &KeyId, purpose: KeyPurpose) -> Option<PublicKey> {
        self.0.published.find(wanted, purpose)
    }
}

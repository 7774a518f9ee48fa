//! Private keys behind a sign-only interface, so that a hardware module can stand where files do now.

use std::path::Path;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::jwk;
use crate::random::Random;
use crate::vault::{VaultError, read_private, write_private};

/// A signature could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is no key that may sign, or the module that holds it does not answer.
    #[error("no signature can be made: {0}")]
    Unavailable(String),
    /// What should be signed is not possible, e.g. longer than a QR may be.
    #[error("{0}")]
    Refused(&'static str),
}

impl From<SignError> for crate::error::Error {
    fn from(error: SignError) -> Self {
        Self::internal(error)
    }
}

/// Something that signs with Ed25519 (RFC 8032) and never shows its key.
pub trait Signer: Send + Sync {
    /// First 8 bytes of the SHA-256 JWK thumbprint (RFC 7638) of the public key.
    fn kid(&self) -> [u8; 8];

    /// Signs `message`.
    ///
    /// # Errors
    /// When the key cannot be reached.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// An Ed25519 key from a PKCS#8 PEM file that only its owner may read.
pub struct FileSigner {
    key: SigningKey,
    kid: [u8; 8],
}

impl FileSigner {
    /// Reads a PEM file (RFC 8410).
    ///
    /// # Errors
    /// When it cannot be read, lets others read it, or is no Ed25519 private key.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(read_private(path)?);
        let wrong = || VaultError::File(format!("{}: not an Ed25519 private key in PKCS#8 PEM", path.display()));
        let pem = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        SigningKey::from_pkcs8_pem(pem).map(Self::from_key).map_err(|_| wrong())
    }

    /// Makes a new key.
    pub fn generate(random: &Random) -> Self {
        let seed = Zeroizing::new(random.bytes::<32>());
        Self::from_key(SigningKey::from_bytes(&seed))
    }

    /// From the 32-byte seed, for tests and vectors.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::from_key(SigningKey::from_bytes(seed))
    }

    /// Writes the key as a new PEM file with mode 0600; an existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), VaultError> {
        // Version 1 of the structure, without the public key, is what all tools read.
        let pair = KeypairBytes { secret_key: self.key.to_bytes(), public_key: None };
        let pem = pair
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| VaultError::File(format!("{}: {error}", path.display())))?;
        write_private(path, pem.as_bytes())
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    fn from_key(key: SigningKey) -> Self {
        let kid = jwk::kid(&key.verifying_key());
        Self { key, kid }
    }
}

impl Signer for FileSigner {
    fn kid(&self) -> [u8; 8] {
        self.kid
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSigner").field("kid", &jwk::kid_text(&self.kid)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_is_read_again_and_open_modes_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token/a.pem");
        let signer = FileSigner::generate(&Random::seeded(1));
        signer.write(&path).unwrap();
        assert!(signer.write(&path).is_err(), "never overwritten");
        assert_eq!(FileSigner::load(&path).unwrap().kid(), signer.kid());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(FileSigner::load(&path).is_err());
    }

    #[test]
    fn the_private_key_of_rfc_8410_is_read() {
        // RFC 8410 §10.3 (private key) and §10.1 (its public key).
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rfc8410.pem");
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        write_private(&path, pem.as_bytes()).unwrap();
        let signer = FileSigner::load(&path).unwrap();
        let public = jwk::base64url(signer.verifying_key().as_bytes());
        assert_eq!(public, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        let copy = dir.path().join("copy.pem");
        signer.write(&copy).unwrap();
        assert_eq!(std::fs::read_to_string(copy).unwrap(), pem);
        assert!(!format!("{signer:?}").contains("1NR"));
    }
}

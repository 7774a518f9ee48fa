//! Private keys behind a sign-only interface, so that a hardware module can stand where files do now.

use std::fmt;
use std::path::Path;

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use zeroize::Zeroizing;

use super::{Algorithm, KeyId, PublicKey, SignatureBytes, jwk};
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
        match error {
            SignError::Unavailable(_) => Self::Away(error.to_string()),
            SignError::Refused(_) => Self::internal(error),
        }
    }
}

/// Something that signs and never shows its key.
///
/// It may wait: a hardware module answers in milliseconds, or not at all. What says so with [`Signer::blocks`] is only called where
/// waiting holds nobody up; see `keyring::signing`, and docs/adr/0011-signers.md.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The public half. It says how this signs.
    fn public_key(&self) -> &PublicKey;

    /// What tokens call this key: [`PublicKey::kid`], kept.
    fn kid(&self) -> KeyId;

    /// How this signs.
    fn algorithm(&self) -> Algorithm {
        self.public_key().algorithm()
    }

    /// Whether [`Signer::sign`] waits for something outside of this process. What only computes for less than a millisecond does
    /// not.
    fn blocks(&self) -> bool;

    /// Signs `message`. An ECDSA signature may have either spelling; tokens are written with the one that counts.
    ///
    /// # Errors
    /// When the key cannot be reached.
    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError>;
}

/// A key from a PKCS#8 PEM file that only its owner may read.
pub struct FileSigner {
    private: PrivateKey,
    public: PublicKey,
    kid: KeyId,
}

enum PrivateKey {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

impl FileSigner {
    /// Reads a PEM file: Ed25519 (RFC 8410) or P-256 (RFC 5915 in PKCS#8).
    ///
    /// # Errors
    /// When it cannot be read, lets others read it, or is no private key of these algorithms.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(read_private(path)?);
        let wrong =
            || VaultError::File(format!("{}: not an Ed25519 or P-256 private key in PKCS#8 PEM", path.display()));
        let pem = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        let ed25519 = ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(PrivateKey::Ed25519);
        let key = ed25519.or_else(|_| p256::ecdsa::SigningKey::from_pkcs8_pem(pem).map(PrivateKey::P256));
        key.map(Self::from_key).map_err(|_| wrong())
    }

    /// Makes a new key.
    pub fn generate(algorithm: Algorithm, random: &Random) -> Self {
        loop {
            let seed = Zeroizing::new(random.bytes::<32>());
            // P-256 refuses 0 and what is above the curve's order: one in 2^32.
            if let Some(signer) = Self::from_seed_of(algorithm, &seed) {
                return signer;
            }
        }
    }

    /// An Ed25519 key from its seed: for the sandbox, whose keys are derived, for tests and vectors.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::from_key(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// A key from the seed of Ed25519, or the scalar of P-256 (big-endian); `None` for a scalar outside of the curve's order.
    pub fn from_seed_of(algorithm: Algorithm, seed: &[u8; 32]) -> Option<Self> {
        match algorithm {
            Algorithm::Ed25519 => Some(Self::from_seed(seed)),
            Algorithm::Es256 => {
                p256::ecdsa::SigningKey::from_slice(seed).ok().map(PrivateKey::P256).map(Self::from_key)
            }
        }
    }

    /// Writes the key as a new PEM file with mode 0600; an existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), VaultError> {
        let pem = match &self.private {
            // Version 1 of the structure, without the public key, is what all tools read.
            PrivateKey::Ed25519(key) => {
                KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_pem(LineEnding::LF)
            }
            PrivateKey::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        let pem = pem.map_err(|error| VaultError::File(format!("{}: {error}", path.display())))?;
        write_private(path, pem.as_bytes())
    }

    fn from_key(private: PrivateKey) -> Self {
        let public = match &private {
            PrivateKey::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
            PrivateKey::P256(key) => PublicKey::P256(*key.verifying_key()),
        };
        Self { private, public, kid: public.kid() }
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn kid(&self) -> KeyId {
        self.kid
    }

    fn blocks(&self) -> bool {
        false
    }

    /// Ed25519 (RFC 8032), or ECDSA with the number of RFC 6979: neither draws random numbers.
    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
        Ok(match &self.private {
            PrivateKey::Ed25519(key) => key.sign(message).to_bytes(),
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
        })
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSigner").field("kid", &jwk::kid_text(&self.kid)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_file(pem: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_private(&path, pem.as_bytes()).unwrap();
        (dir, path)
    }

    #[test]
    fn a_written_key_is_read_again_and_open_modes_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        for algorithm in Algorithm::ALL {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("token/a.pem");
            let signer = FileSigner::generate(algorithm, &Random::seeded(1));
            signer.write(&path).unwrap();
            assert!(signer.write(&path).is_err(), "never overwritten");
            let read = FileSigner::load(&path).unwrap();
            assert_eq!((read.kid(), read.algorithm()), (signer.kid(), algorithm));
            assert!(signer.public_key().verifies(b"m", &algorithm.canonical(read.sign(b"m").unwrap())));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(FileSigner::load(&path).is_err());
        }
    }

    #[test]
    fn the_private_key_of_rfc_8410_is_read() {
        // RFC 8410 §10.3 (private key) and §10.1 (its public key).
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let (dir, path) = key_file(pem);
        let signer = FileSigner::load(&path).unwrap();
        let public = jwk::base64url(&signer.public_key().to_bytes());
        assert_eq!(public, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        let copy = dir.path().join("copy.pem");
        signer.write(&copy).unwrap();
        assert_eq!(std::fs::read_to_string(copy).unwrap(), pem);
        assert!(!format!("{signer:?}").contains("1NR"));
    }

    #[test]
    fn a_p256_key_of_openssl_is_read_and_written_as_it_was() {
        // openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256; the point by `openssl pkey -pubout`.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfQ7EwuvtmEg4dyLq\n\
                   EXkFgHYVkCiNmSYTK3u2gixF7u6hRANCAATfBMz2UODKZWkVd+TRg4wH3SkvwJN+\n\
                   MzaVTGRyV5OZjIvrN+pnWuzuyi/567exosaueEurYwy8yL6I6sT/UWhr\n\
                   -----END PRIVATE KEY-----\n";
        let (dir, path) = key_file(pem);
        let signer = FileSigner::load(&path).unwrap();
        let point = "04df04ccf650e0ca65691577e4d1838c07dd292fc0937e3336954c64725793998c\
                     8beb37ea675aeceeca2ff9ebb7b1a2c6ae784bab630cbcc8be88eac4ff51686b";
        let public: String = signer.public_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(public, point);
        let copy = dir.path().join("copy.pem");
        signer.write(&copy).unwrap();
        assert_eq!(std::fs::read_to_string(copy).unwrap(), pem);
    }

    #[test]
    fn keys_of_other_algorithms_are_refused() {
        // openssl genpkey -algorithm X25519, and EC on P-384.
        for pem in [
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEINAx0/CSW60VTH26vvYn6aAybHgLE6X06kdmAKVPg9N2\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\nMIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD6dDk5WfUOSNajE6sk\n0LTatrqECnpuoTuHYyOv7Eta9bw1tjeKoqEdiNE3IE0/oGGhZANiAASArViHfKrP\nDlIAoFjfMdIexH8EsyxXN8PIwr/aCXUBAnNO8tSjSZdlMb/xV+PyNlE+Z14UnHV9\nra59G6dXzxzLAbAHijP7Es8LEtK/TpHNeXdHb4qbsqQVmokWpBqFerc=\n-----END PRIVATE KEY-----\n",
            "no PEM at all",
        ] {
            let (_dir, path) = key_file(pem);
            let told = FileSigner::load(&path).unwrap_err().to_string();
            assert!(told.contains("not an Ed25519 or P-256 private key"), "{told}");
        }
    }
}

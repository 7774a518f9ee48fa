//! Tokens: their bytes, sealing, signing, verifying, and their pictures.
//!
//! A token is claims → CWT (RFC 8392) → COSE_Sign1 (RFC 9052) → zlib → Base45 (RFC 9285) → QR. [`mod@format`] knows the
//! bytes, [`seal`] hides what only this service may read, [`sign`] is the one interface to private keys, [`verify`] judges
//! without touching anything, [`issue`] puts them together, [`qr`] draws and reads the picture.

pub mod cbor;
pub mod claim169;
pub mod format;
pub mod issue;
pub mod jwk;
pub mod photo;
pub mod qr;
pub mod seal;
pub mod sign;
pub mod verify;

pub use format::{KeyPurpose, TokenKind};
pub use issue::{Issued, Issuer};
pub use seal::{SealedRecord, TokenSealer};
pub use sign::{FileSigner, SignError, Signer};
pub use verify::{Authentic, Reason, VerifyingKeys};

#[cfg(test)]
mod tests;

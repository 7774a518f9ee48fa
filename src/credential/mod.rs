//! Tokens as the service makes and judges them: sealing, signing, and their pictures.
//!
//! What a token is, its bytes and who may believe it stand in the crate `ikd-token`, which others can depend on; its modules and
//! types are named here again. What only the service can do is here: [`seal`] hides what only it may read, [`sign`] is the one
//! interface to private keys, [`issue`] makes tokens, [`verify`] judges those that it can unseal, [`signatures`] checks many signatures at once, [`qr`] draws and reads the
//! picture.

pub mod issue;
pub mod photo;
pub mod qr;
mod reason;
pub mod seal;
pub mod sign;
pub mod signatures;
mod together;
pub mod verify;

pub use ikd_token::{
    Algorithm, Body, Claims, Jwk, JwkSet, KeyId, KeyPurpose, PublicKey, SignatureBytes, StatusReference, TokenKind,
    VerifyingKeys, cbor, claim169, claims, cose, jwk, receipt as cose_receipt, text,
};
pub use issue::{Issued, Issuer};
pub use reason::Reason;
pub use seal::{SealedRecord, TokenSealer};
pub use sign::{FileSigner, SignError, Signer};
pub use verify::ServiceToken;

#[cfg(test)]
mod tests;

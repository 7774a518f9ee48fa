//! How the register's side logs in.

use serde::{Deserialize, Serialize};

use super::LastDay;

/// A public key of the register's side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedPublicKey {
    /// The key as a JWK, in one text of JSON: Ed25519 or P-256. Assertions name it by its thumbprint (RFC 7638), as
    /// `ikd register public-key` prints it.
    pub jwk: String,
    /// The last day on which it is taken, as `2027-06-30`, at most a year away.
    pub until: LastDay,
}

/// Public keys of the register's side that may be configured.
pub const FEED_PUBLIC_KEYS: usize = 2;

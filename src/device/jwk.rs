//! The device's public key as a JSON Web Key (RFC 7517, RFC 7518 §6.2): P-256 and nothing else.

use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::{Thumbprint, decode_exact, encode};

/// A device's P-256 public key, known to lie on the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceJwk {
    key: VerifyingKey,
    x: [u8; 32],
    y: [u8; 32],
}

/// The members of a JWK that say what key it is and what for. Others (`kid`, `key_ops`, `ext`, `x5c`, whatever is registered
/// one day) say nothing about the key itself and are passed over (RFC 7517 §4). Members that stand twice are refused.
#[derive(Deserialize)]
pub(super) struct RawJwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    key_use: Option<String>,
    /// The private part: whoever sends it has lost the key (RFC 9449 §4.3 refuses it).
    #[serde(default)]
    d: Option<IgnoredAny>,
}

impl DeviceJwk {
    /// Reads a JWK in JSON. `None` when it is not exactly a public P-256 key.
    pub fn parse(json: &[u8]) -> Option<Self> {
        Self::from_raw(&serde_json::from_slice(json).ok()?)
    }

    pub(super) fn from_raw(raw: &RawJwk) -> Option<Self> {
        if raw.kty != "EC" || raw.crv != "P-256" || raw.d.is_some() {
            return None;
        }
        if raw.alg.as_deref().is_some_and(|alg| alg != "ES256") || raw.key_use.as_deref().is_some_and(|u| u != "sig") {
            return None;
        }
        Self::from_coordinates(decode_exact(&raw.x)?, decode_exact(&raw.y)?)
    }

    /// From the two coordinates, big-endian; `None` when the point is not on the curve.
    pub fn from_coordinates(x: [u8; 32], y: [u8; 32]) -> Option<Self> {
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&x);
        point[33..].copy_from_slice(&y);
        Some(Self { key: VerifyingKey::from_sec1_bytes(&point).ok()?, x, y })
    }

    /// From a key that was made here.
    pub fn from_key(key: &VerifyingKey) -> Option<Self> {
        let point = key.to_sec1_point(false);
        let (_, coordinates) = point.as_bytes().split_first()?;
        let (x, y) = coordinates.split_at_checked(32)?;
        Some(Self { key: *key, x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    /// The key, to verify signatures with.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key as an uncompressed point (SEC 1 §2.3.3).
    pub fn point(&self) -> [u8; 65] {
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&self.x);
        point[33..].copy_from_slice(&self.y);
        point
    }

    /// The required members in the order of RFC 7638 §3.2, without spaces: both a valid JWK and the thumbprint's input.
    pub fn canonical_json(&self) -> String {
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(&self.x), encode(&self.y))
    }

    /// The SHA-256 thumbprint (RFC 7638 §3).
    pub fn thumbprint(&self) -> Thumbprint {
        Sha256::digest(self.canonical_json()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The key of RFC 9449 §4.1's example; RFC 9449 §6.1 prints its thumbprint.
    const KEY: &str = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;

    #[test]
    fn the_thumbprint_is_that_of_rfc_9449() {
        let jwk = DeviceJwk::parse(KEY.as_bytes()).unwrap();
        assert_eq!(encode(&jwk.thumbprint()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(DeviceJwk::parse(jwk.canonical_json().as_bytes()).unwrap(), jwk);
        assert_eq!(DeviceJwk::from_key(jwk.key()).unwrap(), jwk);
    }

    #[test]
    fn only_a_public_p256_key_is_read() {
        let with = |from: &str, to: &str| DeviceJwk::parse(KEY.replace(from, to).as_bytes());
        let jwk = DeviceJwk::parse(KEY.as_bytes()).unwrap();
        for more in [
            r#""ext":true,"key_ops":["verify"],"alg":"ES256","use":"sig""#,
            r#""kid":"phone","x5c":["MIIB"],"x5t#S256":"AAAA","x5u":"https://ikd.example/c""#,
            r#""kid":7,"iat":1,"nbf":null,"exp":{},"oth":[[]],"k":"AA","https://ikd.example/colour":{"d":1}"#,
        ] {
            let read = with(r#""kty":"EC""#, &format!(r#""kty":"EC",{more}"#));
            // RFC 7638 §3.2: the thumbprint is of the required members only.
            assert_eq!(read.unwrap().thumbprint(), jwk.thumbprint(), "{more}");
        }
        for private in [r#""d":"AAAA""#, r#""d":"""#, r#""d":7"#, r#""d":{}"#] {
            assert!(with(r#""kty":"EC""#, &format!(r#""kty":"EC",{private}"#)).is_none(), "{private}");
        }
        assert!(with(r#""kty":"EC""#, r#""kty":"EC","kty":"EC""#).is_none(), "member twice");
        assert!(with(r#""kty":"EC""#, r#""kty":"EC","alg":"ES384""#).is_none());
        assert!(with(r#""kty":"EC""#, r#""kty":"EC","use":"enc""#).is_none());
        assert!(with("P-256", "P-384").is_none());
        assert!(with("\"EC\"", "\"OKP\"").is_none());
        assert!(with("9VE4jf", "9VE4jg").is_none(), "not on the curve");
        assert!(with("VAWBFs", "VAWBFt").is_none(), "spare bits set");
        assert!(with("VAWBFs", "VAWBFs=").is_none(), "padding");
        assert!(with("l8tFrhx", "l8tFr").is_none(), "too short");
    }
}

//! The device's public key: P-256 and nothing else.

use p256::ecdsa::VerifyingKey;

use super::Thumbprint;
use crate::credential::{Jwk, PublicKey};

/// A device's P-256 public key, known to lie on the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceJwk(PublicKey);

impl DeviceJwk {
    /// Reads a JWK in JSON. `None` when it is not exactly a public P-256 key.
    pub fn parse(json: &[u8]) -> Option<Self> {
        Self::from_jwk(&serde_json::from_slice(json).ok()?)
    }

    /// From a JWK. `None` when it is not exactly a public P-256 key.
    pub fn from_jwk(jwk: &Jwk) -> Option<Self> {
        jwk.public_key().filter(|key| matches!(key, PublicKey::P256(_))).map(Self)
    }

    /// From a key that was made here.
    pub const fn from_key(key: &VerifyingKey) -> Self {
        Self(PublicKey::P256(*key))
    }

    /// The key as an uncompressed point (SEC 1 §2.3.3): 65 bytes.
    pub fn point(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The required members in the order of RFC 7638 §3.2, without spaces: both a valid JWK and the thumbprint's input.
    pub fn canonical_json(&self) -> String {
        self.0.canonical_jwk()
    }

    /// The SHA-256 thumbprint (RFC 7638 §3).
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint()
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    // The key of RFC 9449 §4.1's example; RFC 9449 §6.1 prints its thumbprint.
    const KEY: &str = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;

    #[test]
    fn the_thumbprint_is_that_of_rfc_9449() {
        let jwk = DeviceJwk::parse(KEY.as_bytes()).unwrap();
        assert_eq!(encode(&jwk.thumbprint()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(DeviceJwk::parse(jwk.canonical_json().as_bytes()).unwrap(), jwk);
        let PublicKey::P256(key) = jwk.0 else { panic!("P-256") };
        assert_eq!(DeviceJwk::from_key(&key), jwk);
        assert_eq!(jwk.point().len(), 65);
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

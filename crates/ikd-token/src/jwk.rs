//! Public keys as JWK (RFC 7517): Ed25519 as OKP (RFC 8037), P-256 as EC (RFC 7518 §6.2); and a set of them.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey as Ed25519Key;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::key::{Algorithm, KeyId, PublicKey};
use crate::kind::KeyPurpose;
use crate::verify::VerifyingKeys;

/// base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A key id as it stands in the key set: base64url.
pub fn kid_text(kid: &KeyId) -> String {
    base64url(kid)
}

/// Reads what [`kid_text`] writes.
pub fn kid_from_text(text: &str) -> Option<KeyId> {
    exactly(text)
}

/// Exactly `N` bytes of base64url; padding and set spare bits are refused, so that a value has one spelling.
fn exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// One public key.
///
/// Members that are not listed say nothing about the key itself and are passed over (RFC 7517 §4); one that stands twice is an
/// error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    /// `OKP`; for an ES256 key `EC`.
    #[cfg_attr(feature = "openapi", schema(example = "OKP"))]
    pub kty: String,
    /// `Ed25519`; for an ES256 key `P-256`.
    #[cfg_attr(feature = "openapi", schema(example = "Ed25519"))]
    pub crv: String,
    /// The public key, or of an ES256 key the x coordinate: 32 bytes as base64url.
    #[cfg_attr(feature = "openapi", schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))]
    pub x: String,
    /// Of an ES256 key the y coordinate: 32 bytes as base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// base64url of the key id in tokens: the first 8 bytes of the SHA-256 JWK thumbprint.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_nothing")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "kPrK_qmxVWY"))]
    pub kid: Option<String>,
    /// `EdDSA`, or `ES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "EdDSA"))]
    pub alg: Option<String>,
    /// Always `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "sig"))]
    pub usage: Option<String>,
    /// What it signs: `token`, `receipt`, `card`, `status` or `log` (a member of our own; RFC 7517 §4 lets others ignore it).
    #[serde(default, rename = "ikd_purpose", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "token"))]
    pub purpose: Option<String>,
    /// Whether the private part stands there: whoever publishes it has lost the key.
    #[serde(default, rename = "d", skip_serializing, deserialize_with = "is_there")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    has_private: bool,
}

/// `kid` is whatever its publisher likes (RFC 7517 §4.5); ours are texts.
fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    })
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

impl Jwk {
    /// The JWK of a public key, as the service publishes it.
    pub fn new(key: &PublicKey, purpose: KeyPurpose) -> Self {
        let (crv, kty) = key.curve_and_type();
        let (x, y) = key.coordinates();
        Self {
            kty: String::from(kty),
            crv: String::from(crv),
            x,
            y,
            kid: Some(kid_text(&key.kid())),
            alg: Some(String::from(key.algorithm().as_str())),
            usage: Some(String::from("sig")),
            purpose: Some(String::from(purpose.as_str())),
            has_private: false,
        }
    }

    /// The key; `None` when it is no public key of ours, lies on no curve, or is not for signatures. Its `kid` is not looked at.
    pub fn public_key(&self) -> Option<PublicKey> {
        if self.has_private || self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let of_alg = |names: &[&str]| self.alg.as_deref().is_none_or(|alg| names.contains(&alg));
        match (self.kty.as_str(), self.crv.as_str(), &self.y) {
            // `Ed25519` is the name that RFC 9864 puts in place of `EdDSA`.
            ("OKP", "Ed25519", _) if of_alg(&["EdDSA", "Ed25519"]) => {
                Ed25519Key::from_bytes(&exactly(&self.x)?).ok().map(PublicKey::Ed25519)
            }
            ("EC", "P-256", Some(y)) if of_alg(&["ES256"]) => {
                let point = [&[4][..], &exactly::<32>(&self.x)?, &exactly::<32>(y)?].concat();
                PublicKey::from_bytes(Algorithm::Es256, &point)
            }
            _ => None,
        }
    }

    /// The key, when its `kid` is that of its own thumbprint.
    pub fn verifying_key(&self) -> Option<PublicKey> {
        let key = self.public_key()?;
        (kid_from_text(self.kid.as_deref()?) == Some(key.kid())).then_some(key)
    }
}

/// A key set (RFC 7517 §5): the public keys that a verifier needs.
///
/// Reading it passes over keys of kinds, curves and uses that are not ours, and over malformed ones, as RFC 7517 §5 asks: a
/// publisher may add any kind at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JwkSet {
    /// The keys.
    #[serde(deserialize_with = "usable")]
    pub keys: Vec<Jwk>,
}

/// Reads the keys that can be used here.
fn usable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Jwk>, D::Error> {
    let all = Vec::<serde_json::Value>::deserialize(deserializer)?;
    let keys = all.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(keys.filter(|key| key.verifying_key().is_some()).collect())
}

impl VerifyingKeys for JwkSet {
    /// A key without a stated purpose, from another publisher's set, is taken for any.
    fn find(&self, wanted: &KeyId, purpose: KeyPurpose) -> Option<PublicKey> {
        self.keys
            .iter()
            .filter(|key| key.purpose.as_deref().is_none_or(|name| name == purpose.as_str()))
            .filter(|key| key.kid.as_deref().and_then(kid_from_text) == Some(*wanted))
            .find_map(Jwk::verifying_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC8037: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"kPrK_qmxVWY"}"#;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // RFC 8037 appendix A.2 (key) and A.3 (thumbprint).
        let key = serde_json::from_str::<Jwk>(RFC8037).unwrap().verifying_key().unwrap();
        assert_eq!(base64url(&key.thumbprint()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(kid_text(&key.kid()), "kPrK_qmxVWY");
    }

    #[test]
    fn a_set_finds_by_kid_and_purpose() {
        let foreign: Jwk = serde_json::from_str(RFC8037).unwrap();
        let key = foreign.verifying_key().unwrap();
        let set = JwkSet { keys: vec![Jwk::new(&key, KeyPurpose::Receipt)] };
        assert!(set.find(&key.kid(), KeyPurpose::Receipt).is_some());
        assert!(set.find(&key.kid(), KeyPurpose::Token).is_none());
        assert!(set.find(&[0; 8], KeyPurpose::Receipt).is_none());
        assert!(JwkSet { keys: vec![foreign.clone()] }.find(&key.kid(), KeyPurpose::Token).is_some());
        let lying = Jwk { kid: Some(String::from("AAAAAAAAAAA")), ..foreign };
        assert!(lying.verifying_key().is_none());
    }

    #[test]
    fn an_es256_key_is_ec_on_p_256() {
        // RFC 9449 §4.1 prints the key, §6.1 its thumbprint.
        let text = r#"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","kid":"0ZcOCORZNYw"}"#;
        let jwk: Jwk = serde_json::from_str(text).unwrap();
        let key = jwk.verifying_key().unwrap();
        assert_eq!(base64url(&key.thumbprint()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(key.algorithm(), Algorithm::Es256);
        let published = Jwk::new(&key, KeyPurpose::Token);
        assert_eq!((published.alg.as_deref(), &published.y), (Some("ES256"), &jwk.y));
        let set: JwkSet = serde_json::from_value(serde_json::json!({"keys": [published]})).unwrap();
        assert_eq!(set.find(&key.kid(), KeyPurpose::Token), Some(key));
        for (from, to) in [
            ("0ZcOCO", "0ZcOCA"),
            ("9VE4jf", "9VE4jg"),
            ("\"y\"", "\"z\""),
            ("\"kid\"", "\"d\":\"AA\",\"kid\""),
            ("\"kid\"", "\"alg\":\"EdDSA\",\"kid\""),
            ("P-256", "P-384"),
        ] {
            let refused = serde_json::from_str::<Jwk>(&text.replace(from, to)).unwrap();
            assert_eq!(refused.verifying_key(), None, "{to}");
        }
    }

    #[test]
    fn a_set_may_hold_keys_of_any_kind() {
        // RSA and EC of RFC 7517 appendix A.1 (shortened), oct of A.3, X25519 of RFC 8037 A.6, an AKP key, and what may come.
        let others = [
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbf","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","use":"enc","kid":"1"}"#,
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA","kid":"p384","alg":"ES384"}"#,
            r#"{"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"}"#,
            r#"{"kty":"OKP","crv":"X25519","kid":"Bob","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#,
            r#"{"kty":"OKP","crv":"Ed448","kid":"e4","x":"AA"}"#,
            r#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AA","kid":"T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"}"#,
            r#"{"kty":"FUTURE","kid":{"v":2},"x":[1]}"#,
            r#"{"kty":7}"#,
            r#"{}"#,
            "null",
            r#""key""#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"AA"}"#,
            &RFC8037.replace("\"kty\"", r#""use":"enc","kty""#),
            &RFC8037.replace("\"kty\"", r#""alg":"ES256","kty""#),
        ];
        let wanted = serde_json::from_str::<Jwk>(RFC8037).unwrap().verifying_key().unwrap().kid();
        for other in others {
            for keys in [format!("{other},{RFC8037}"), format!("{RFC8037},{other}")] {
                let set: JwkSet = serde_json::from_str(&format!(r#"{{"keys":[{keys}],"more":1}}"#)).unwrap();
                assert!(set.find(&wanted, KeyPurpose::Receipt).is_some() && set.keys.len() == 1, "{other}");
            }
        }
        assert!(serde_json::from_str::<JwkSet>(r#"{"keys":[]}"#).unwrap().keys.is_empty());
        for none in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":null}"#, "7"] {
            assert!(serde_json::from_str::<JwkSet>(none).is_err(), "{none}");
        }
        // RFC 7517 §4: members that we do not know do no harm; RFC 9864 gives the algorithm another name.
        let more = RFC8037.replace("\"kty\"", r#""alg":"Ed25519","key_ops":["verify"],"x5c":[],"kty""#);
        assert_eq!(serde_json::from_str::<JwkSet>(&format!(r#"{{"keys":[{more}]}}"#)).unwrap().keys.len(), 1);
    }
}

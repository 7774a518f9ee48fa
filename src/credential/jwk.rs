//! Public keys as JWK (RFC 7517, OKP of RFC 8037), their thumbprints, and a fixed set of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::format::KeyPurpose;
use super::verify::VerifyingKeys;

/// base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 JWK thumbprint (RFC 7638) of an Ed25519 public key.
pub fn thumbprint(key: &VerifyingKey) -> [u8; 32] {
    let json = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url(key.as_bytes()));
    Sha256::digest(json.as_bytes()).into()
}

/// The first 8 bytes of the thumbprint: the key id in tokens.
pub fn kid(key: &VerifyingKey) -> [u8; 8] {
    let mut kid = [0; 8];
    kid.copy_from_slice(&thumbprint(key)[..8]);
    kid
}

/// A key id as it stands in the key set: base64url.
pub fn kid_text(kid: &[u8; 8]) -> String {
    base64url(kid)
}

/// Reads what [`kid_text`] writes.
pub fn kid_from_text(text: &str) -> Option<[u8; 8]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// One public key in a key set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// The public key: 32 bytes as base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// base64url of the key id in tokens: the first 8 bytes of the SHA-256 JWK thumbprint.
    #[schema(example = "kPrK_qmxVWY")]
    pub kid: String,
    /// Always `EdDSA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "EdDSA")]
    pub alg: Option<String>,
    /// Always `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[schema(example = "sig")]
    pub usage: Option<String>,
    /// What it signs: `token`, `receipt`, `card` or `status` (a member of our own; RFC 7517 §4 lets others ignore it).
    #[serde(default, rename = "ikd_purpose", skip_serializing_if = "Option::is_none")]
    #[schema(example = "token")]
    pub purpose: Option<String>,
}

impl Jwk {
    /// The JWK of a public key.
    pub fn new(key: &VerifyingKey, purpose: KeyPurpose) -> Self {
        Self {
            kty: String::from("OKP"),
            crv: String::from("Ed25519"),
            x: base64url(key.as_bytes()),
            kid: kid_text(&kid(key)),
            alg: Some(String::from("EdDSA")),
            usage: Some(String::from("sig")),
            purpose: Some(String::from(purpose.as_str())),
        }
    }

    /// The key itself; `None` when it is no valid Ed25519 key, is not for signatures of that kind, or its `kid` is not its
    /// own thumbprint.
    pub fn verifying_key(&self) -> Option<VerifyingKey> {
        if self.kty != "OKP" || self.crv != "Ed25519" || self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        // `Ed25519` is the name that RFC 9864 puts in place of `EdDSA`.
        if self.alg.as_deref().is_some_and(|alg| !matches!(alg, "EdDSA" | "Ed25519")) {
            return None;
        }
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&self.x).ok()?.try_into().ok()?;
        let key = VerifyingKey::from_bytes(&bytes).ok()?;
        (kid_from_text(&self.kid) == Some(kid(&key))).then_some(key)
    }
}

/// A key set (RFC 7517 §5). It serves as [`VerifyingKeys`] where there is no database: the command line, the demo.
///
/// Reading it passes over keys of kinds, curves and uses that are not ours, and over malformed ones, as RFC 7517 §5 asks: a
/// publisher may add any kind at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
    fn find(&self, wanted: &[u8; 8], purpose: KeyPurpose) -> Option<VerifyingKey> {
        self.keys
            .iter()
            .filter(|key| key.purpose.as_deref().is_none_or(|name| name == purpose.as_str()))
            .filter(|key| kid_from_text(&key.kid) == Some(*wanted))
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
        assert_eq!(base64url(&thumbprint(&key)), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(kid_text(&kid(&key)), "kPrK_qmxVWY");
    }

    #[test]
    fn a_set_finds_by_kid_and_purpose() {
        let foreign: Jwk = serde_json::from_str(RFC8037).unwrap();
        let key = foreign.verifying_key().unwrap();
        let set = JwkSet { keys: vec![Jwk::new(&key, KeyPurpose::Receipt)] };
        assert!(set.find(&kid(&key), KeyPurpose::Receipt).is_some());
        assert!(set.find(&kid(&key), KeyPurpose::Token).is_none());
        assert!(set.find(&[0; 8], KeyPurpose::Receipt).is_none());
        assert!(JwkSet { keys: vec![foreign.clone()] }.find(&kid(&key), KeyPurpose::Token).is_some());
        let lying = Jwk { kid: String::from("AAAAAAAAAAA"), ..foreign };
        assert!(lying.verifying_key().is_none());
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
        let wanted = kid(&serde_json::from_str::<Jwk>(RFC8037).unwrap().verifying_key().unwrap());
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

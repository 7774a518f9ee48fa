//! The device's side: making proofs and PIN signatures. Used by `ikd demo`, by tests, and to check the published test
//! vectors; the service itself never holds such keys.

use ed25519_dalek::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::jwk::DeviceJwk;
use super::pin::{PinPublicKey, Purpose, signed_bytes};
use super::{Thumbprint, dpop, encode};
use crate::random::Random;

/// Rounds of PBKDF2 between a PIN and its key.
pub const PIN_ITERATIONS: u32 = 600_000;

/// A device's P-256 key.
#[derive(Clone)]
pub struct DeviceKey {
    secret: SigningKey,
    public: DeviceJwk,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey")
    }
}

/// What a proof is made for.
#[derive(Clone, Copy, Debug)]
pub struct ProofFor<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's URL. Its query, if it has one, is bound by a digest: `htu` has none.
    pub url: &'a str,
    /// The request's body; empty when it has none.
    pub body: &'a [u8],
    /// The newest nonce that the service gave.
    pub nonce: Option<&'a str>,
    /// The access token sent with the request.
    pub access_token: Option<&'a str>,
    /// The device's idea of the time, in seconds since the epoch.
    pub iat: i64,
}

impl<'a> ProofFor<'a> {
    /// For a request without body and access token, before the service gave a nonce.
    pub const fn new(method: &'a str, url: &'a str) -> Self {
        Self { method, url, body: &[], nonce: None, access_token: None, iat: 0 }
    }
}

impl DeviceKey {
    /// A new key.
    pub fn generate(random: &Random) -> Self {
        loop {
            // Only 0 and values above the curve's order are refused: one in 2^32.
            if let Some(key) = Self::from_secret(&random.bytes()) {
                return key;
            }
        }
    }

    /// From the secret scalar, big-endian.
    pub fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        let secret = SigningKey::from_slice(secret).ok()?;
        let public = DeviceJwk::from_key(secret.verifying_key());
        Some(Self { secret, public })
    }

    /// The public key.
    pub const fn public(&self) -> &DeviceJwk {
        &self.public
    }

    /// The thumbprint by which the service knows this device.
    pub fn thumbprint(&self) -> Thumbprint {
        self.public.thumbprint()
    }

    /// A DPoP proof (RFC 9449 §4.2).
    pub fn proof(&self, random: &Random, what: &ProofFor<'_>) -> String {
        self.proof_with_jti(&encode(&random.bytes::<16>()), what)
    }

    /// A DPoP proof with a given `jti`.
    pub fn proof_with_jti(&self, jti: &str, what: &ProofFor<'_>) -> String {
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, self.public.canonical_json());
        let (url, query) = what.url.split_once('?').unwrap_or((what.url, ""));
        let mut claims = serde_json::json!({ "jti": jti, "htm": what.method, "htu": url, "iat": what.iat });
        if !query.is_empty() {
            claims["ikd_query"] = dpop::digest(query.as_bytes()).into();
        }
        if !what.body.is_empty() {
            claims["ikd_body"] = dpop::digest(what.body).into();
        }
        if let Some(token) = what.access_token {
            claims["ath"] = dpop::access_token_hash(token).into();
        }
        if let Some(nonce) = what.nonce {
            claims["nonce"] = nonce.into();
        }
        self.sign_raw(&header, &claims.to_string())
    }

    /// A compact JWS over any header and payload; tests make wrong ones with it.
    pub fn sign_raw(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let signature: Signature = self.secret.sign(signed.as_bytes());
        format!("{signed}.{}", encode(&signature.to_bytes()))
    }
}

/// The key that a PIN and a device's salt yield.
pub struct PinKey(ed25519_dalek::SigningKey);

impl std::fmt::Debug for PinKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinKey")
    }
}

impl PinKey {
    /// PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2) of the PIN's digits, 600,000 rounds, is the Ed25519 seed. This takes a while.
    pub fn derive(pin: &str, salt: &[u8; 16]) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        pbkdf2::pbkdf2_hmac::<Sha256>(pin.as_bytes(), salt, PIN_ITERATIONS, seed.as_mut());
        Self::from_seed(&seed)
    }

    /// From a seed that was derived before (or, in tests, not derived at all).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public half, as it is sent: base64url.
    pub fn public_text(&self) -> String {
        encode(self.0.verifying_key().as_bytes())
    }

    /// The public half.
    pub fn public(&self) -> Option<PinPublicKey> {
        PinPublicKey::from_bytes(self.0.verifying_key().as_bytes())
    }

    /// Signs a challenge, given as its text; base64url of the signature. `None` when the challenge is not base64url.
    pub fn sign(&self, purpose: Purpose, challenge: &str, device: &Thumbprint) -> Option<String> {
        let challenge = super::decode(challenge)?;
        Some(encode(&self.0.sign(&signed_bytes(purpose, &challenge, device)).to_bytes()))
    }
}

/// Why a device refuses a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakPin {
    /// Not six ASCII digits.
    NotSixDigits,
    /// One digit six times.
    Repeat,
    /// Each digit one more, or each one less, than the digit before: 123456, 654321.
    Run,
    /// The birth date, in any order of day, month and year (two digits, or four where day or month is left out).
    BirthDate,
}

/// Whether a PIN may be chosen. `birth_date` is `YYYY-MM-DD`.
///
/// # Errors
/// Says which rule refuses it.
pub fn check_pin(pin: &str, birth_date: &str) -> Result<(), WeakPin> {
    let digits: Vec<i16> = pin.bytes().map(i16::from).collect();
    if digits.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WeakPin::NotSixDigits);
    }
    let steps: Vec<i16> = digits.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if steps.iter().all(|step| *step == 0) {
        return Err(WeakPin::Repeat);
    }
    if steps.iter().all(|step| *step == 1) || steps.iter().all(|step| *step == -1) {
        return Err(WeakPin::Run);
    }
    if birth_date_pins(birth_date).iter().any(|guess| guess == pin) {
        return Err(WeakPin::BirthDate);
    }
    Ok(())
}

/// All six-digit texts made of parts of the date: day, month and short year in any order, the year with day or month.
fn birth_date_pins(birth_date: &str) -> Vec<String> {
    let mut parts = birth_date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Vec::new();
    };
    let Some(short) = year.get(2..) else { return Vec::new() };
    vec![
        [day, month, short].concat(),
        [day, short, month].concat(),
        [month, day, short].concat(),
        [month, short, day].concat(),
        [short, day, month].concat(),
        [short, month, day].concat(),
        [year, month].concat(),
        [month, year].concat(),
        [year, day].concat(),
        [day, year].concat(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_pins_are_refused() {
        let check = |pin| check_pin(pin, "1990-03-17");
        assert_eq!(check("12345"), Err(WeakPin::NotSixDigits));
        assert_eq!(check("12345a"), Err(WeakPin::NotSixDigits));
        assert_eq!(check("١٢٣"), Err(WeakPin::NotSixDigits));
        assert_eq!(check("777777"), Err(WeakPin::Repeat));
        assert_eq!(check("345678"), Err(WeakPin::Run));
        assert_eq!(check("987654"), Err(WeakPin::Run));
        for pin in ["170390", "900317", "031790", "901703", "199003", "031990", "199017", "171990"] {
            assert_eq!(check(pin), Err(WeakPin::BirthDate), "{pin}");
        }
        for pin in ["901234", "121212", "890123", "170391"] {
            assert_eq!(check(pin), Ok(()), "{pin}");
        }
    }

    #[test]
    fn a_signature_counts_for_its_purpose_challenge_and_device_only() {
        let key = PinKey::from_seed(&[9; 32]);
        let public = key.public().unwrap();
        let challenge = encode(b"challenge");
        let signature = key.sign(Purpose::Unlock, &challenge, &[1; 32]).unwrap();
        assert!(public.verifies(Purpose::Unlock, b"challenge", &[1; 32], &signature));
        assert!(!public.verifies(Purpose::Enrol, b"challenge", &[1; 32], &signature));
        assert!(!public.verifies(Purpose::Unlock, b"challengf", &[1; 32], &signature));
        assert!(!public.verifies(Purpose::Unlock, b"challenge", &[2; 32], &signature));
        assert!(!PinKey::from_seed(&[8; 32]).public().unwrap().verifies(
            Purpose::Unlock,
            b"challenge",
            &[1; 32],
            &signature
        ));
        assert!(!public.verifies(Purpose::Unlock, b"challenge", &[1; 32], "AAAA"));
    }
}

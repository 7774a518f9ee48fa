//! Six digits, derived and never stored.

use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::vault::{Label, Vault};

/// How many codes there are.
const CODES: u128 = 1_000_000;

/// A six-digit code as people type it: spaces and dashes are forgiven. `Debug` shows nothing.
#[derive(Clone, Copy, Eq)]
pub struct ActivationCode(u32);

impl PartialEq for ActivationCode {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.to_be_bytes().ct_eq(&other.0.to_be_bytes()).into()
    }
}

impl std::fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ActivationCode")
    }
}

impl ActivationCode {
    /// Reads what somebody typed or pasted.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 32 {
            return None;
        }
        let mut digits = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}' | '\u{2013}'));
        let mut value = 0;
        for _ in 0..6 {
            value = value * 10 + digits.next()?.to_digit(10)?;
        }
        digits.next().is_none().then_some(Self(value))
    }

    /// The code of one generation of one registration: the first 128 bits of HMAC-SHA-256(activation key, id ‖
    /// generation), modulo 10⁶. The bias of that reduction is below 2⁻¹⁰⁸. The key is that of the lowest root version,
    /// like those of the blind indexes, so that a new root does not change a code that is on its way.
    ///
    /// # Errors
    /// None that is known: what is left of a division by 10⁶ fits.
    pub fn derive(vault: &Vault, registration_id: Uuid, generation: i64) -> Result<Self> {
        let parts: [&[u8]; 2] = [registration_id.as_bytes(), &generation.to_be_bytes()];
        let mac = vault.mac_index(Label::ActivationCode, &parts);
        let (wide, _) = mac.split_at(16);
        let wide = wide.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        u32::try_from(wide % CODES).map(Self).map_err(Error::internal)
    }

    /// The six digits, for the mail and nowhere else.
    pub fn digits(self) -> String {
        format!("{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_published_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/vectors/activation_code.json")).unwrap();
        let vault = Vault::single([7; 32]);
        for case in vectors["cases"].as_array().unwrap() {
            let id = case["registration_id"].as_str().unwrap().parse().unwrap();
            let code = ActivationCode::derive(&vault, id, case["generation"].as_i64().unwrap()).unwrap();
            assert_eq!(code.digits(), case["code"].as_str().unwrap());
        }
    }

    #[test]
    fn typing_is_forgiven_and_the_value_is_strict() {
        let code = ActivationCode::parse("012345").unwrap();
        for text in ["012 345", "012-345", " 012345 ", "0 1 2 3 4 5", "012\u{a0}345"] {
            assert_eq!(ActivationCode::parse(text), Some(code), "{text}");
        }
        for text in ["", "12345", "1234567", "01234a", "٠١٢٣٤٥", "0x1234", "+12345", &" ".repeat(40)] {
            assert_eq!(ActivationCode::parse(text), None, "{text}");
        }
        assert_ne!(code, ActivationCode::parse("012346").unwrap());
        assert_eq!(code.digits(), "012345");
        assert_eq!(format!("{code:?}"), "ActivationCode");
    }

    #[test]
    fn codes_are_spread_evenly() {
        // 20,000 codes into 10 bins: chi-squared with 9 degrees of freedom stays below 33.7 with p = 0.9999.
        let vault = Vault::single([9; 32]);
        let mut bins = [0_i64; 10];
        for generation in 0..20_000 {
            let code = ActivationCode::derive(&vault, Uuid::from_u128(5), generation).unwrap();
            bins[(code.0 / 100_000) as usize] += 1;
        }
        let squares: i64 = bins.iter().map(|count| (count - 2_000).pow(2)).sum();
        assert!(squares / 2_000 < 34, "{bins:?}");
    }
}

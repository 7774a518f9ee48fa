//! The captcha: a proof of work in ALTCHA's format, nothing to read or type.
//!
//! The challenge is SHA-256(salt ‖ number) for a secret number; the device finds the number by trying. Nothing is stored
//! until a solution is spent: the challenge is authenticated by HMAC; its expiry and its price stand in the salt. The salt has
//! one accepted spelling that ends in `&`, so digits of the number cannot be moved into it.

use altcha_lib_rs::algorithm::AltchaAlgorithm;
use altcha_lib_rs::{ChallengeOptions, create_challenge, solve_challenge};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::clock::{MINUTE, Timestamp};
use crate::error::{Code, Error, Result};
use crate::jobs::{Job, Sweep};
use crate::module::Module;
use crate::random::Random;
use crate::vault::{Label, Vault};

mod allowance;
pub mod http;
pub mod service;
pub mod store;

pub use allowance::Allowance;
pub use service::CaptchaGate;

/// What this domain brings to a node.
pub fn module(gate: &CaptchaGate) -> Module {
    let quiet = gate.clone();
    Module {
        devices: http::routes(gate.clone()),
        jobs: vec![Job::forgetting("captcha.forget", move || quiet.forget_quiet())],
        sweeps: vec![Sweep::of("captcha.sweep", gate, |gate| async move { gate.sweep().await })],
        ..Module::default()
    }
}

/// How long a challenge lives, in seconds: long enough for an old phone and for typing a code.
pub const LIFETIME_SECONDS: i64 = 10 * MINUTE;
/// The longest solution that is looked at, in bytes.
const MAX_SOLUTION_LENGTH: usize = 1_024;
/// Hexadecimal digits before the `?` of a salt: the root version, how often the price was doubled, and 9 random bytes. Salt and
/// number fit one block of SHA-256. The price is no parameter behind the `?`, because the library keeps those in no order.
const SALT_DIGITS: usize = 2 + 1 + 18;
/// How many times the price doubles at most.
pub const MOST_STEPS: u8 = 8;

/// A challenge, as the ALTCHA widget reads it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CaptchaChallenge {
    /// Always `SHA-256`.
    #[schema(example = "SHA-256")]
    pub algorithm: String,
    /// SHA-256 of salt and number, in hexadecimal.
    pub challenge: String,
    /// The number lies between 0 and this.
    pub maxnumber: u64,
    /// The salt, with `expires` in seconds since the epoch.
    pub salt: String,
    /// HMAC of the challenge.
    pub signature: String,
}

/// What the widget sends back, as base64 of JSON. Further members (`took`) are not looked at.
#[derive(Deserialize)]
struct Solution {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// A right solution that still has to be spent, in the transaction of what it pays for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// Digest by which it is remembered.
    pub hash: Vec<u8>,
    /// When it would have expired anyway.
    pub expires_at: Timestamp,
    /// How many times its price was doubled.
    pub step: u8,
}

fn hmac_key(vault: &Vault, version: u8) -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(HEXLOWER.encode(vault.key(version, Label::Captcha)?.as_slice())))
}

/// Makes a challenge whose price was doubled `step` times. `base` is twice the average number of hashes that solving takes
/// without that.
///
/// # Errors
/// A fault of ours.
pub fn issue(vault: &Vault, random: &Random, base: u64, step: u8, now: Timestamp) -> Result<CaptchaChallenge> {
    let step = step.min(MOST_STEPS);
    let max_number = base.saturating_mul(1 << step);
    let version = vault.current();
    let key = hmac_key(vault, version).ok_or_else(|| Error::internal("no key for captchas"))?;
    let expires = now.plus_seconds(LIFETIME_SECONDS).seconds();
    let salt = format!("{version:02x}{step:x}{}?expires={expires}&", HEXLOWER.encode(&random.bytes::<9>()));
    let number = random.below(max_number.saturating_add(1));
    let made = create(&key, salt, number)?;
    Ok(CaptchaChallenge {
        algorithm: String::from("SHA-256"),
        challenge: made.challenge,
        maxnumber: max_number,
        salt: made.salt,
        signature: made.signature,
    })
}

fn create(key: &str, salt: String, number: u64) -> Result<altcha_lib_rs::Challenge> {
    create_challenge(ChallengeOptions {
        algorithm: Some(AltchaAlgorithm::Sha256),
        max_number: Some(number),
        hmac_key: key,
        salt: Some(salt),
        number: Some(number),
        ..ChallengeOptions::default()
    })
    .map_err(|_| Error::internal("a captcha could not be made"))
}

/// Checks the `captcha` field of a request. The solution counts once: spend it with
/// [`service::spend`] in the same transaction as its use.
///
/// # Errors
/// `captcha_required` without one, `captcha_invalid` when it is wrong, not ours or too old.
pub fn verify(vault: &Vault, solution: Option<&str>, now: Timestamp) -> Result<Solved> {
    let text = solution.filter(|text| !text.is_empty()).ok_or(Code::CaptchaRequired)?;
    check(vault, text, now).ok_or_else(|| Code::CaptchaInvalid.into())
}

fn check(vault: &Vault, text: &str, now: Timestamp) -> Option<Solved> {
    if text.len() > MAX_SOLUTION_LENGTH {
        return None;
    }
    let solution: Solution = serde_json::from_slice(&BASE64.decode(text.as_bytes()).ok()?).ok()?;
    if solution.algorithm != "SHA-256" {
        return None;
    }
    let (version, expires_at, step) = read_salt(&solution.salt)?;
    if now >= expires_at {
        return None;
    }
    let key = hmac_key(vault, version)?;
    let expected = create(&key, solution.salt, solution.number).ok()?;
    let same = expected.challenge.as_bytes().ct_eq(solution.challenge.as_bytes())
        & expected.signature.as_bytes().ct_eq(solution.signature.as_bytes());
    bool::from(same).then(|| Solved { hash: Sha256::digest(&expected.challenge).to_vec(), expires_at, step })
}

/// Root version, expiry and price of a salt that has exactly the form we give.
fn read_salt(salt: &str) -> Option<(u8, Timestamp, u8)> {
    let (digits, query) = salt.split_once('?')?;
    if digits.len() != SALT_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let seconds = query.strip_prefix("expires=")?.strip_suffix('&')?;
    if seconds.len() > 12 || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let version = u8::from_str_radix(&digits[..2], 16).ok()?;
    let step = u8::from_str_radix(&digits[2..3], 16).ok().filter(|step| *step <= MOST_STEPS)?;
    Some((version, Timestamp::from_seconds(seconds.parse().ok()?), step))
}

/// Solves a challenge as the widget does: for `ikd demo`, tests and clients in Rust. `None` when it has no solution.
pub fn solve(challenge: &CaptchaChallenge) -> Option<String> {
    let number = solve_challenge(
        &challenge.challenge,
        &challenge.salt,
        Some(AltchaAlgorithm::Sha256),
        Some(challenge.maxnumber),
        0,
    )
    .ok()?;
    let solution = serde_json::json!({
        "algorithm": challenge.algorithm, "challenge": challenge.challenge, "number": number, "salt": challenge.salt,
        "signature": challenge.signature, "took": 1,
    });
    Some(BASE64.encode(solution.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }

    fn solved() -> (Vault, CaptchaChallenge, String) {
        let vault = Vault::single([1; 32]);
        let challenge = issue(&vault, &Random::seeded(1), 500, 0, now()).unwrap();
        let solution = solve(&challenge).unwrap();
        (vault, challenge, solution)
    }

    #[test]
    fn a_solution_counts_until_it_expires() {
        let (vault, _, solution) = solved();
        let at = |seconds| verify(&vault, Some(&solution), now().plus_seconds(seconds));
        assert_eq!(at(0).unwrap(), at(599).unwrap());
        assert_eq!(at(600).unwrap_err().code(), Some(Code::CaptchaInvalid));
        let other = Vault::single([2; 32]);
        assert_eq!(verify(&other, Some(&solution), now()).unwrap_err().code(), Some(Code::CaptchaInvalid));
        assert_eq!(verify(&vault, None, now()).unwrap_err().code(), Some(Code::CaptchaRequired));
        assert_eq!(verify(&vault, Some(""), now()).unwrap_err().code(), Some(Code::CaptchaRequired));
    }

    #[test]
    fn the_challenge_is_altchas() {
        // Recomputed here from the published format: challenge = SHA-256(salt ‖ number) in hexadecimal.
        let (_, challenge, solution) = solved();
        let json: serde_json::Value = serde_json::from_slice(&BASE64.decode(solution.as_bytes()).unwrap()).unwrap();
        let input = format!("{}{}", challenge.salt, json["number"]);
        assert_eq!(HEXLOWER.encode(&Sha256::digest(input)), challenge.challenge);
    }

    #[test]
    fn a_price_is_told_by_its_solution() {
        let vault = Vault::single([1; 32]);
        for step in [0, 3, MOST_STEPS] {
            let challenge = issue(&vault, &Random::seeded(1), 20, step, now()).unwrap();
            assert_eq!(challenge.maxnumber, 20 << step);
            assert_eq!(verify(&vault, solve(&challenge).as_deref(), now()).unwrap().step, step);
        }
        // One block of SHA-256, which is what the page computes: at the highest price that can be set.
        let dearest = issue(&vault, &Random::seeded(1), 100_000_000, MOST_STEPS, now()).unwrap();
        assert!(dearest.salt.len() + dearest.maxnumber.to_string().len() <= 55);
    }

    #[test]
    fn altered_solutions_are_refused() {
        let (vault, _, solution) = solved();
        let json = String::from_utf8(BASE64.decode(solution.as_bytes()).unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (number, salt) = (value["number"].as_u64().unwrap(), value["salt"].as_str().unwrap());
        let refused = |altered: String| {
            let text = BASE64.encode(altered.as_bytes());
            verify(&vault, Some(&text), now()).unwrap_err().code() == Some(Code::CaptchaInvalid)
        };
        assert!(refused(json.replace("SHA-256", "SHA-512")));
        assert!(refused(json.replace("expires=1800000600", "expires=1900000600")));
        assert!(refused(json.replace(&format!("\"number\":{number}"), &format!("\"number\":{}", number + 1))));
        assert!(refused(json.replace("\"salt\":\"010", "\"salt\":\"018")), "a price that was not paid");
        // Splicing: the same hashed text, with a digit of the number moved into the salt.
        let digits = number.to_string();
        let (moved, rest) = digits.split_at(1);
        let spliced = json
            .replace(salt, &format!("{salt}{moved}"))
            .replace(&format!("\"number\":{number}"), &format!("\"number\":{rest}"));
        assert!(refused(spliced));
        assert!(refused(json.replace("expires=", "x=1&expires=")));
        for text in ["{}", "[]", "x", &"A".repeat(5_000)] {
            assert_eq!(verify(&vault, Some(text), now()).unwrap_err().code(), Some(Code::CaptchaInvalid));
        }
    }
}

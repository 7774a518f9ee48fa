//! Time-based one-time codes (RFC 6238): SHA-1, 6 digits, 30 seconds, as authenticator apps expect. A code is good for the step in which
//! it is shown and no other, so for 30 seconds at most: whoever is refused is told what time it is here.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use totp_rs::{Builder, Totp};

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::secret::Redacted;

/// Length of a secret in bytes (RFC 4226 §4 recommends 160 bits).
pub const SECRET_LENGTH: usize = 20;

/// Seconds for which a code is shown.
pub const STEP_SECONDS: i64 = 30;

/// Seconds that a program leaves a code for its way to the service.
const WAY_SECONDS: i64 = 6;

/// A secret as its owner takes it over, shown once.
#[derive(Debug)]
pub struct TotpSecret {
    /// The secret in base32.
    pub secret: Redacted<String>,
    /// The address that an authenticator app scans.
    pub address: Redacted<String>,
}

impl TotpSecret {
    /// Of the account with this name.
    ///
    /// # Errors
    /// When the secret cannot be used.
    pub fn new(secret: &[u8], account: &str) -> Result<Self> {
        Ok(Self { secret: base32(secret), address: address(secret, account)? })
    }
}

/// A new secret.
pub fn generate(random: &Random) -> Vec<u8> {
    random.bytes::<SECRET_LENGTH>().to_vec()
}

/// The secret that a digest gives, which is under a key of ours.
pub fn of_digest(digest: [u8; 32]) -> Vec<u8> {
    digest.iter().copied().take(SECRET_LENGTH).collect()
}

fn totp(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(account)
        .with_issuer(Some("IKD"))
        .with_skew(0)
        .build()
        .map_err(|_| Error::internal("a stored TOTP secret cannot be used"))
}

/// The step that `code` belongs to, if it is right at `now`. The caller stores it and accepts only greater ones.
///
/// # Errors
/// When the stored secret cannot be used.
pub fn check(secret: &[u8], code: &str, now: Timestamp) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    Ok(totp(secret, "ikd")?.check(&code, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// The code at `now`: for `ikd demo` and tests, which hold the officer's secret.
///
/// # Errors
/// When the secret cannot be used.
pub fn code(secret: &[u8], now: Timestamp) -> Result<String> {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    Ok(totp(secret, "ikd")?.generate(seconds).to_string())
}

/// Returns when what an authenticator shows counts long enough to be sent: programs wait for the next code as people do, where the one that
/// is shown ends in a moment. A clock that stands still is not waited for.
pub async fn in_good_time(clock: &Clock) {
    let wait = until_next(clock.now());
    if !wait.is_zero() && !matches!(clock, Clock::Stopped(_)) {
        tokio::time::sleep(wait).await;
    }
}

/// How long to wait for the next code, where the present one ends in a moment.
fn until_next(now: Timestamp) -> Duration {
    let left = STEP_SECONDS - now.seconds().rem_euclid(STEP_SECONDS);
    if left < WAY_SECONDS { Duration::from_secs(left.unsigned_abs()) } else { Duration::ZERO }
}

/// The code at this moment, [in good time](in_good_time): for `ikd demo` and tests.
///
/// # Errors
/// When the secret cannot be used.
pub async fn code_in_good_time(secret: &[u8], clock: &Clock) -> Result<String> {
    in_good_time(clock).await;
    code(secret, clock.now())
}

/// The secret in base32, as authenticator apps take it (RFC 4648 §6, without padding).
pub fn base32(secret: &[u8]) -> Redacted<String> {
    Redacted(BASE32_NOPAD.encode(secret))
}

/// Reads a secret in base32, as [`base32`] writes it.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.as_bytes()).ok()
}

/// The `otpauth://` address that an authenticator app scans.
///
/// # Errors
/// When the secret cannot be used.
pub fn address(secret: &[u8], account: &str) -> Result<Redacted<String>> {
    totp(secret, account)?.to_url().map(Redacted).map_err(|_| Error::internal("no otpauth address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // RFC 6238 appendix B, SHA-1, the last six of eight digits.
        for (time, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code(SECRET, Timestamp::from_seconds(time)).unwrap(), expected);
            let step = check(SECRET, expected, Timestamp::from_seconds(time)).unwrap();
            assert_eq!(step, Some(time / 30));
        }
    }

    #[test]
    fn a_code_is_good_for_its_own_thirty_seconds_and_no_more() {
        let code = code(SECRET, Timestamp::from_seconds(300)).unwrap();
        for (second, step) in [(299, None), (300, Some(10)), (329, Some(10)), (330, None), (270, None), (360, None)] {
            assert_eq!(check(SECRET, &code, Timestamp::from_seconds(second)).unwrap(), step, "{second}");
        }
        assert_eq!(check(SECRET, "28708", Timestamp::from_seconds(59)).unwrap(), None);
        assert_eq!(check(SECRET, "28 70 82", Timestamp::from_seconds(59)).unwrap(), Some(1));
    }

    #[test]
    fn a_program_does_not_send_what_ends_in_a_moment() {
        for (second, waits) in [(0, 0), (24, 0), (25, 5), (29, 1), (30, 0), (59, 1)] {
            assert_eq!(until_next(Timestamp::from_seconds(second)).as_secs(), waits, "{second}");
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        // RFC 4648 §10, without padding.
        for (plain, expected) in [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()).expose(), expected);
            assert_eq!(from_base32(expected).unwrap(), plain.as_bytes());
        }
    }
}

//! Passwords as argon2id hashes (RFC 9106), computed in a small pool of their own so that a flood of log-ins does not
//! take the processors from everything else.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error, Refusal, Result};
use crate::random::Random;
use crate::secret::Redacted;

/// Shortest password that is accepted.
pub const MIN_LENGTH: usize = 12;

/// Log-ins that may wait for each hash that is computed at a time: some 20 ms each, so the last waits for a second at most.
const WAITING_PER_SLOT: usize = 32;

/// The pool. Cloning shares it.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The hash of nothing anybody knows: compared against when the user does not exist, so that both take equally long.
    decoy: Arc<str>,
}

/// A place in the queue for a hash. Whoever has one is judged; it is free again when dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Passwords {
    /// A pool that computes at most `at_once` hashes at a time.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(at_once: usize, random: &Random) -> Result<Self> {
        let decoy = hash(random, &crate::credential::jwk::base64url(&random.bytes::<24>()))?;
        let at_once = at_once.max(1);
        let places = Arc::new(Semaphore::new(at_once * WAITING_PER_SLOT));
        Ok(Self { slots: Arc::new(Semaphore::new(at_once)), places, decoy: decoy.into() })
    }

    /// Takes a place in the queue. To be taken before a try is counted: whom a flood keeps out loses no try.
    ///
    /// # Errors
    /// `overloaded` when the queue is full.
    pub fn queue(&self) -> Result<Place> {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => Ok(Place { _permit: permit }),
            Err(_) => Err(Refusal::new(Code::Overloaded).retry_after(2).into()),
        }
    }

    /// Whether `password` fits `stored`; without a stored hash it takes as long and is wrong.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn fits(&self, _: &Place, password: Redacted<String>, stored: Option<String>) -> Result<bool> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(Error::internal)?;
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        tokio::task::spawn_blocking(move || {
            let fits = verify(&stored, password.expose());
            drop(slot);
            fits && known
        })
        .await
        .map_err(Error::internal)
    }
}

fn hasher() -> Result<Argon2<'static>> {
    // 19 MiB, 2 passes, 1 lane: the OWASP minimum for argon2id; 14–21 ms on the machines this runs on.
    let params = Params::new(19 * 1_024, 2, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password as a PHC string. Takes some 20 ms: not for async threads.
///
/// # Errors
/// A fault of ours.
pub fn hash(random: &Random, password: &str) -> Result<String> {
    let salt: [u8; 16] = random.bytes();
    let hash = hasher()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn verify(stored: &str, password: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(stored) else { return false };
    hasher().is_ok_and(|hasher| hasher.verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Refuses passwords that are too short or say the user's own name.
///
/// # Errors
/// `invalid_field`.
pub fn check_strength(username: &str, password: &str) -> Result<()> {
    let short = password.chars().count() < MIN_LENGTH;
    let obvious = password.to_lowercase().contains(&username.to_lowercase());
    if short || obvious {
        return Err(Refusal::field(
            "password",
            "Pakai kata sandi paling sedikit 12 karakter yang tidak memuat nama pengguna.",
            "Use a password of at least 12 characters that does not contain the user name.",
        )
        .into());
    }
    Ok(())
}

/// A password that nobody chose: 20 characters of base64url, 120 bits.
pub fn generate(random: &Random) -> Redacted<String> {
    Redacted(crate::credential::jwk::base64url(&random.bytes::<15>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_an_unknown_user_never() {
        let random = Random::seeded(1);
        let pool = Passwords::new(1, &random).unwrap();
        let stored = hash(&random, "correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let place = pool.queue().unwrap();
        assert!(pool.fits(&place, "correct horse battery".to_owned().into(), Some(stored.clone())).await.unwrap());
        assert!(!pool.fits(&place, "correct horse batterz".to_owned().into(), Some(stored)).await.unwrap());
        assert!(!pool.fits(&place, "anything".to_owned().into(), None).await.unwrap());
    }

    #[test]
    fn the_queue_is_bounded_and_moves_on() {
        let pool = Passwords::new(2, &Random::seeded(1)).unwrap();
        let mut waiting: Vec<_> = (0..2 * WAITING_PER_SLOT).map(|_| pool.queue().unwrap()).collect();
        let Err(Error::Refused(refused)) = pool.queue() else { panic!("one more got in") };
        assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(2)));
        waiting.pop();
        assert!(pool.queue().is_ok());
    }

    #[test]
    fn a_hash_of_another_implementation_verifies() {
        // Python argon2-cffi: hash_secret(b"sandi-petugas-01", b"0123456789abcdef", 2, 19456, 1, 32, Type.ID).
        let stored =
            "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MxpW6K68/Yn+3j+GrQF4CJHwWAOijt0RTmw9+w432fI";
        assert!(verify(stored, "sandi-petugas-01"));
        assert!(!verify(stored, "sandi-petugas-02"));
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(check_strength("siti", "short").is_err());
        assert!(check_strength("siti", "my-name-is-SITI-123").is_err());
        assert!(check_strength("siti", "correct horse battery").is_ok());
    }
}

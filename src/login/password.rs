//! Passwords as argon2id hashes (RFC 9106), computed in a small pool of their own so that a flood of log-ins does not
//! take the processors from everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error, Refusal, Result};
use crate::random::Random;
use crate::secret::Redacted;

/// Letters and digits that a password has at least besides those words.
const LEAST_BESIDE_LOCAL: usize = 8;

/// Shortest password that is accepted, in characters.
pub const MIN_LENGTH: usize = 12;
/// Longest password that is accepted, in characters.
pub const MAX_LENGTH: usize = 200;
/// What of a password is judged: guessing further into it costs time and adds nothing.
const JUDGED: usize = 64;
/// Words that everybody here would try first; the estimator's own lists are English names and words, and passwords that leaked
/// worldwide.
const LOCAL: &[&str] = &[
    "indonesia",
    "rahasia",
    "katasandi",
    "sandi",
    "dukcapil",
    "kependudukan",
    "identitas",
    "digital",
    "petugas",
    "penyelia",
    "loket",
    "kantor",
    "operator",
    "admin",
    "pegawai",
    "warga",
    "penduduk",
    "ktp",
    "ktpel",
    "ikd",
    "disdukcapil",
    "kemendagri",
    "merdeka",
    "januari",
    "februari",
    "maret",
    "april",
    "agustus",
    "september",
    "oktober",
    "november",
    "desember",
    "pancasila",
    "garuda",
    "nusantara",
    "bismillah",
    "alhamdulillah",
    "assalamualaikum",
    "sayang",
    "cinta",
    "selamat",
    "pagi",
    "jakarta",
    "surabaya",
    "bandung",
    "medan",
    "semarang",
    "makassar",
    "yogyakarta",
    "bali",
    "bhinneka",
    "terserah",
    "lupa",
    "masuk",
    "kucing",
    "mangga",
    "pisang",
    "persib",
    "persija",
    "januari",
    "februari",
    "maret",
    "april",
    "juni",
    "juli",
    "agustus",
    "september",
    "oktober",
    "november",
    "desember",
    "senin",
    "selasa",
    "rabu",
    "kamis",
    "jumat",
    "sabtu",
    "minggu",
    "satu",
    "dua",
    "tiga",
    "empat",
    "lima",
    "enam",
    "tujuh",
    "delapan",
    "sembilan",
    "sepuluh",
];

/// Log-ins that may wait for each hash that is computed at a time: some 20 ms each, so the last waits for a second at most.
const WAITING_PER_SLOT: usize = 32;

/// The pool. Cloning shares it.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The hash of nothing anybody knows: compared against when the user does not exist, so that both take equally long.
    decoy: Arc<str>,
    computed: Arc<AtomicU64>,
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
        Ok(Self { slots: Arc::new(Semaphore::new(at_once)), places, decoy: decoy.into(), computed: Arc::default() })
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
        self.computed.fetch_add(1, Ordering::Relaxed);
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

impl Passwords {
    /// Hashes a new password in the pool.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn hash(&self, _: &Place, random: &Random, password: Redacted<String>) -> Result<String> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(Error::internal)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        let random = random.clone();
        tokio::task::spawn_blocking(move || {
            let hashed = hash(&random, password.expose());
            drop(slot);
            hashed
        })
        .await
        .map_err(Error::internal)?
    }

    /// Hashes computed so far.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
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

/// Refuses passwords that are guessed easily: too short, known from leaks, made of words, names, dates, rows of keys, or of
/// what everybody knows about the person (`words`: user name, full name, office). Judged by zxcvbn, whose lists are in the
/// program; 10^8 guesses are the least (its score of 3).
///
/// # Errors
/// `invalid_field`.
pub fn check_strength(words: &[&str], password: &str) -> Result<()> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(Refusal::field(
            "password",
            "Pakai kata sandi 12-200 karakter; beberapa kata yang tidak berhubungan mudah diingat.",
            "Use a password of 12 to 200 characters; several words that have nothing to do with each other are easy to keep.",
        )
        .into());
    }
    let lowered = password.to_lowercase();
    let known: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).chain([word.to_lowercase()]))
        .filter(|word| word.chars().count() >= 3)
        .collect();
    let said = known.iter().any(|word| word.chars().count() >= 4 && lowered.contains(word.as_str()));
    let judged: String = lowered.chars().take(JUDGED).collect();
    let inputs: Vec<&str> = known.iter().map(String::as_str).chain(LOCAL.iter().copied()).collect();
    // Joined words of the place cost zxcvbn's guesser a power of ten each, but whoever knows the office tries them first.
    let own = LOCAL.iter().fold(lowered.clone(), |left, word| left.replace(word, ""));
    let joined = own.chars().filter(|c| c.is_alphanumeric()).count() < LEAST_BESIDE_LOCAL;
    if said || joined || zxcvbn::zxcvbn(&judged, &inputs).score() < zxcvbn::Score::Three {
        return Err(Refusal::field(
            "password",
            "Kata sandi ini mudah ditebak. Pakai beberapa kata yang tidak berhubungan, tanpa nama, kantor, tanggal, atau urutan tombol.",
            "This password is easy to guess. Use several words that have nothing to do with each other, without names, the office, dates or rows of keys.",
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
        let words = ["siti.rahma", "Siti Rahma Wati", "JKT-01", "Dukcapil Jakarta Pusat"];
        for weak in [
            "short",
            "password1234",
            "Password1234!",
            "P@ssw0rd1234",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou1234",
            "indonesia1945",
            "rahasia12345",
            "bismillah123",
            "dukcapil2026",
            "petugasloket1",
            "jakartapusat9",
            "my-name-is-SITI-123",
            "xx-siti.rahma-xx",
            "wati#8kQ!zfp0Lw",
            "17agustus1945",
            "passwordpassword",
            "admin123admin123",
            "letmeinletmein",
            "sayangcinta123",
        ] {
            assert!(check_strength(&words, weak).is_err(), "{weak}");
        }
        assert!(check_strength(&words, &"kuda baterai ".repeat(16)).is_err(), "too long to be judged");
        let random = Random::seeded(3);
        for good in ["correct horse battery", "kuda baterai staples", "tujuh ember hujan kemarin", "Tr0ub4dor&3-lemari"]
        {
            assert!(check_strength(&words, good).is_ok(), "{good}");
        }
        for _ in 0..50 {
            let made = generate(&random);
            assert!(check_strength(&words, made.expose()).is_ok(), "{}", made.expose());
        }
    }
}

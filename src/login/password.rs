//! Passwords as argon2id hashes (RFC 9106), computed in a small pool of their own, so that a flood of log-ins does not
//! take all processors.

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::strength::check_strength;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::{Turn, Turns};
use crate::random::Random;
use crate::secret::Redacted;

/// Log-ins that may wait for each hash that is computed at a time: some 20 ms each, so the last waits for a second at most.
const WAITING_PER_SLOT: usize = 64;
/// Bytes of a hash.
const OUTPUT: usize = 32;
/// Estimated cost of a hash, charged in advance; time beyond it is charged afterwards.
const COST: Duration = Duration::from_millis(20);
/// How long a log-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// The pool. Cloning shares it.
#[derive(Clone)]
pub struct Passwords {
    strangers: Turns,
    /// Browsers that are known and sessions that are open do not stand in line with strangers.
    known: Turns,
    /// A decoy hash, compared when the user does not exist, so that both cases take equally long.
    decoy: Arc<str>,
    computed: Arc<AtomicU64>,
    /// What leaked elsewhere, where the operator keeps it.
    breached: Option<Arc<Path>>,
}

/// A turn at computing hashes. It ends when it is dropped and its hash is done: a client that disconnects does not stop
/// a hash.
#[derive(Debug)]
pub struct Place {
    turn: Arc<Turn>,
}

impl Place {
    /// Computes on a thread for blocking work.
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = Arc::clone(&self.turn);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(Error::internal)
    }
}

impl Passwords {
    /// A pool that computes at most `at_once` hashes at a time for strangers, and as many for people who are known.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(at_once: usize, random: &Random) -> Result<Self> {
        let decoy = hash(random, &crate::base64url::encode(&random.bytes::<24>()))?;
        let at_once = at_once.max(1);
        let turns = || Turns::new(at_once, at_once * WAITING_PER_SLOT);
        Ok(Self { strangers: turns(), known: turns(), decoy: decoy.into(), computed: Arc::default(), breached: None })
    }

    /// With a file of passwords that leaked ([`leaked::is_breached`](super::leaked::is_breached)), if there is one.
    #[must_use]
    pub fn knowing(mut self, breached: Option<&Path>) -> Self {
        self.breached = breached.map(Arc::from);
        self
    }

    /// Waits for a turn for this address, as unknown or known. The address with the least recent use is next. Take the
    /// turn before counting a try: a person whom a flood keeps waiting must not lose a try.
    ///
    /// # Errors
    /// `overloaded` when too many wait.
    pub async fn queue(&self, address: IpAddr, known: bool) -> Result<Place> {
        let turns = if known { &self.known } else { &self.strangers };
        match turns.take(address, COST, PATIENCE).await {
            Some(turn) => Ok(Place { turn: Arc::new(turn) }),
            None => Err(Refusal::new(Code::Overloaded).retry_after(2).into()),
        }
    }

    /// Whether `password` matches `stored`; without a stored hash it takes as long and does not match.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn fits(&self, place: &Place, password: Redacted<String>, stored: Option<String>) -> Result<bool> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        place.compute(move || verify(&stored, password.expose()) && known).await
    }

    /// Refuses a weak new password by [`check_strength`], which for some texts takes as long as a hash.
    ///
    /// # Errors
    /// `invalid_field`, or a fault of ours.
    pub async fn check_new(&self, place: &Place, words: Vec<String>, password: Redacted<String>) -> Result<()> {
        let breached = self.breached.clone();
        let judged = place.compute(move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            check_strength(&words, password.expose(), breached.as_deref())
        });
        judged.await?
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn hash(&self, place: &Place, random: &Random, password: Redacted<String>) -> Result<String> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let random = random.clone();
        place.compute(move || hash(&random, password.expose())).await?
    }

    /// Hashes computed so far.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }
}

/// What hashes are computed in, kept for the next one. An allocator keeps what a thread gave back for that thread, and each of many threads
/// computes now and then: 19 MiB for each of them would stay.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Memory for one hash, given back when this ends: there is never more of it than was used at the same time.
struct Memory(Vec<Block>);

impl Memory {
    fn of(blocks: usize) -> Self {
        let kept = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = kept.unwrap_or_default();
        memory.resize(blocks.max(memory.len()), Block::new());
        Self(memory)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        MEMORY.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.0));
    }
}

/// Computes a hash by argon2id.
fn argon2id(params: Params, salt: &[u8], password: &str) -> Result<Output> {
    let mut memory = Memory::of(params.block_count());
    let mut out = [0; OUTPUT];
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = hasher.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory.0.as_mut_slice());
    done.map_err(Error::internal)?;
    Output::new(&out).map_err(Error::internal)
}

/// Hashes a password as a PHC string. Takes some 20 ms: not for async threads.
///
/// # Errors
/// A fault of ours.
pub fn hash(random: &Random, password: &str) -> Result<String> {
    // 19 MiB, 2 passes, 1 lane: the OWASP minimum for argon2id; 14–21 ms on the machines this runs on.
    let params = Params::new(19 * 1_024, 2, 1, None).map_err(Error::internal)?;
    let salt: [u8; 16] = random.bytes();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(Error::internal)?,
        salt: Some(Salt::new(&salt).map_err(Error::internal)?),
        hash: Some(argon2id(params, &salt, password)?),
    };
    Ok(hash.to_string())
}

/// Whether a password makes this hash, which is one of ours: argon2id of 32 bytes.
fn verify(stored: &str, password: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(stored) else { return false };
    let (Some(salt), Some(wanted), Ok(params)) = (&parsed.salt, &parsed.hash, Params::try_from(&parsed)) else {
        return false;
    };
    let ours = parsed.algorithm == Algorithm::Argon2id.ident() && parsed.version == Some(Version::V0x13.into());
    // Outputs are compared in constant time.
    ours && wanted.len() == OUTPUT && argon2id(params, salt, password).is_ok_and(|found| found == *wanted)
}

/// A generated password: 22 characters of base64url, 128 bits.
pub fn generate(random: &Random) -> Redacted<String> {
    Redacted(crate::base64url::encode(&random.bytes::<16>()))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test]
    async fn only_the_right_password_fits_and_an_unknown_user_never() {
        let random = Random::seeded(1);
        let pool = Passwords::new(1, &random).unwrap();
        let stored = hash(&random, "correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let place = pool.queue(HERE, false).await.unwrap();
        assert!(pool.fits(&place, "correct horse battery".to_owned().into(), Some(stored.clone())).await.unwrap());
        assert!(!pool.fits(&place, "correct horse batterz".to_owned().into(), Some(stored)).await.unwrap());
        assert!(!pool.fits(&place, "anything".to_owned().into(), None).await.unwrap());
    }

    #[test]
    fn hashes_are_those_of_the_library_and_their_memory_is_used_again() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};

        let params = Params::new(19 * 1_024, 2, 1, None).unwrap();
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let theirs = library.hash_password_with_salt(b"correct horse battery", &[7; 16]).unwrap().to_string();
        assert!(verify(&theirs, "correct horse battery") && !verify(&theirs, "correct horse batterz"));
        let ours = hash(&Random::seeded(1), "correct horse battery").unwrap();
        assert!(library.verify_password(b"correct horse battery", &PasswordHash::new(&ours).unwrap()).is_ok());
        for wrong in [theirs.replace("argon2id", "argon2i"), theirs.replace("v=19", "v=16"), String::from("$argon2id$")]
        {
            assert!(!verify(&wrong, "correct horse battery"), "{wrong}");
        }
        // Many threads, one after the other.
        let others = MEMORY.lock().unwrap().len();
        for _ in 0..8 {
            let ours = ours.clone();
            assert!(std::thread::spawn(move || verify(&ours, "correct horse battery")).join().unwrap());
        }
        let kept = MEMORY.lock().unwrap().len();
        assert!(kept <= others + 7, "{others} before, {kept} after: each thread has one of its own");
    }

    #[tokio::test]
    async fn a_flood_of_one_address_keeps_no_other_out_and_nobody_who_is_known() {
        let pool = Passwords::new(1, &Random::seeded(1)).unwrap();
        let running = pool.queue(HERE, false).await.unwrap();
        let mut waiting: Vec<_> = (0..200).map(|_| Box::pin(pool.queue(HERE, false))).collect();
        let mut refused = 0;
        for one in &mut waiting {
            if let Poll::Ready(Err(Error::Refused(refusal))) =
                one.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                assert_eq!((refusal.code, refusal.retry_after), (Code::Overloaded, Some(2)));
                refused += 1;
            }
        }
        assert_eq!(refused, 200 - WAITING_PER_SLOT / 2, "half of the places are one address's");
        let known = pool.queue(HERE, true);
        assert!(known.await.is_ok(), "who is known stands in another line");
        let mut other = Box::pin(pool.queue(IpAddr::from([192, 0, 2, 2]), false));
        assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(running);
        assert!(other.await.is_ok(), "who used it least is next");
    }

    #[test]
    fn a_hash_of_another_implementation_verifies() {
        // Python argon2-cffi: hash_secret(b"sandi-petugas-01", b"0123456789abcdef", 2, 19456, 1, 32, Type.ID).
        let stored =
            "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MxpW6K68/Yn+3j+GrQF4CJHwWAOijt0RTmw9+w432fI";
        assert!(verify(stored, "sandi-petugas-01"));
        assert!(!verify(stored, "sandi-petugas-02"));
    }
}

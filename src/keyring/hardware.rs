//! Keys in a hardware module, reached by PKCS#11 (OASIS, 2.40 and 3.x): signing keys that never leave it, and the key under which the root
//! secret lies on disk (docs/adr/0040-keys-in-hardware.md).
//!
//! Calls block, as the libraries of modules do: whoever is asynchronous calls from a thread that may wait.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::files::{check_safe, keep_in_safe, remove_secret};
use super::model::hex;
use crate::clock::stopwatch;
use crate::config::HardwareModule;
use crate::credential::{Algorithm, KeyId, KeyPurpose, PublicKey, SignError, SignatureBytes, Signer};
use crate::random::Random;
use crate::vault::{RootSecrets, VaultError, read_private, write_private};

/// Sessions that a process opens at most: each does one thing at a time.
const MOST_SESSIONS: usize = 16;
/// How long somebody waits for a session that others use.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long none of the sessions may come back while all are out.
const STUCK: Duration = Duration::from_secs(10);
/// How long a start or a command waits until the module has logged it in. Modules on a network take seconds.
const OPENING: Duration = Duration::from_secs(15);
/// The label of the key that wraps root secrets.
const ROOT_LABEL: &str = "ikd-root";
/// Bits of the tag of AES-GCM.
const TAG_BITS: u64 = 128;
const NONCE_LENGTH: usize = 12;

/// DER of the curves' names: the object identifier of P-256 (RFC 5480), and the name of Ed25519 as PKCS#11 3.0 §2.3.10 has it.
const P256_PARAMETERS: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ED25519_PARAMETERS: &[u8] = b"\x13\x0cedwards25519";

/// What went wrong at the module. It holds neither PIN nor key.
#[derive(Debug, thiserror::Error)]
pub enum HardwareError {
    /// The configuration does not fit.
    #[error("keys.module: {0}")]
    Configuration(String),
    /// The module refused the PIN. It is not tried again in this process: modules lock themselves after a few.
    #[error(
        "keys.module: the module refused the PIN in {0}; it is not tried again before a restart, or the module would lock itself"
    )]
    Pin(String),
    /// The module counts wrong PINs and has one already.
    #[error(
        "keys.module: somebody has given the module a wrong PIN, and it would lock itself: compare {0}, then log in once with the module's own \
         program (with SoftHSM: `pkcs11-tool --login --test`), which clears its count"
    )]
    Tries(String),
    /// All sessions are in use.
    #[error("the hardware module is busy")]
    Busy,
    /// A call failed.
    #[error("the hardware module: {0}")]
    Call(#[from] Pkcs11Error),
    /// What it gave is not what was asked for.
    #[error("the hardware module {0}")]
    Answer(&'static str),
}

impl From<HardwareError> for crate::error::Error {
    fn from(error: HardwareError) -> Self {
        Self::Away(error.to_string())
    }
}

/// A token of a module, logged in. Cloning shares it.
#[derive(Clone)]
pub struct Hardware(Arc<Inner>);

struct Inner {
    library: Pkcs11,
    slot: Slot,
    pin_file: PathBuf,
    pin: AuthPin,
    sessions: Mutex<Sessions>,
    returned: Condvar,
}

#[derive(Default)]
struct Sessions {
    idle: Vec<Session>,
    open: usize,
    /// Somebody opens one: of many that begin at once one tries a PIN that is wrong.
    is_opening: bool,
    pin_refused: bool,
    /// When one was given back last.
    back: Option<Instant>,
}

impl Sessions {
    /// Whether there is none to take, and none may be opened now.
    fn are_taken(&self) -> bool {
        self.idle.is_empty() && (self.is_opening || self.open >= MOST_SESSIONS)
    }

    /// Whether all are out and none comes back: who signs takes milliseconds, so that is no module with much to do.
    fn are_stuck(&self) -> bool {
        self.are_taken() && self.back.is_none_or(|back| back.elapsed() > STUCK)
    }
}

impl std::fmt::Debug for Hardware {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hardware").field("slot", &self.0.slot.id()).finish_non_exhaustive()
    }
}

/// A library is initialized once in a process, whoever asks.
fn library(path: &Path) -> Result<Pkcs11, HardwareError> {
    static LOADED: OnceLock<Mutex<Vec<(PathBuf, Pkcs11)>>> = OnceLock::new();
    let mut loaded = LOADED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, library)) = loaded.iter().find(|(known, _)| known == path) {
        return Ok(library.clone());
    }
    let library = Pkcs11::new(path)?;
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    loaded.push((path.to_owned(), library.clone()));
    Ok(library)
}

impl Hardware {
    /// Opens the token that the configuration names and logs in; `None` where it names none.
    ///
    /// # Errors
    /// When the library cannot be loaded, has no such token, the token refuses the PIN, or it has not done so within 15 seconds.
    pub fn open(config: &HardwareModule) -> Result<Option<Self>, HardwareError> {
        if !config.is_used() {
            return Ok(None);
        }
        let config = config.clone();
        let (done, opened) = mpsc::sync_channel(1);
        // A library that waits for ever cannot be told to stop: it is left to its thread, which ends with the process.
        std::thread::spawn(move || done.send(Self::open_now(&config)));
        opened.recv_timeout(OPENING).unwrap_or(Err(HardwareError::Answer(
            "has not let this program in within 15 seconds: look whether the service or device behind its library (keys.module.library) runs",
        ))).map(Some)
    }

    fn open_now(config: &HardwareModule) -> Result<Self, HardwareError> {
        let wrong = HardwareError::Configuration;
        let library = library(&config.library)?;
        let labelled =
            |slot: &Slot| library.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == config.token);
        let slots: Vec<Slot> = library.get_slots_with_token()?.into_iter().filter(labelled).collect();
        let [slot] = slots[..] else {
            let count = slots.len();
            return Err(wrong(format!(
                "{count} tokens of {} are labelled {:?}",
                config.library.display(),
                config.token
            )));
        };
        let pin = Zeroizing::new(read_private(&config.pin_file).map_err(|error| wrong(error.to_string()))?);
        let pin = std::str::from_utf8(&pin).map_err(|_| wrong(String::from("the PIN is no UTF-8")))?;
        let pin = AuthPin::from(pin.trim_end_matches(['\r', '\n']));
        let (sessions, returned) = (Mutex::default(), Condvar::new());
        let opened =
            Self(Arc::new(Inner { library, slot, pin_file: config.pin_file.clone(), pin, sessions, returned }));
        opened.with(|_| Ok(()))?;
        Ok(opened)
    }

    /// Whether the module answers at all. It is asked beside the sessions that sign: whoever waited for one of them would take a module
    /// that has much to do for one that is away.
    pub fn answers(&self) -> bool {
        let ask = || self.with_one_of(Duration::ZERO, |session| Ok(session.get_session_info().map(|_| ())?));
        // A session may have ended: once more with a new one.
        // Many libraries answer this from memory, so it says that a module is away and not that it is there.
        self.0.library.get_token_info(self.0.slot).is_ok()
            && match ask().or_else(|_| ask()) {
                Err(HardwareError::Busy) => !self.sessions().are_stuck(),
                asked => asked.is_ok(),
            }
    }

    /// Whether it makes and uses keys of an algorithm.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn can(&self, algorithm: Algorithm) -> Result<bool, HardwareError> {
        let known = self.0.library.get_mechanism_list(self.0.slot)?;
        let needed = match algorithm {
            Algorithm::Ed25519 => [MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA],
            Algorithm::Es256 => [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA],
        };
        Ok(needed.iter().all(|one| known.contains(one)))
    }

    /// Makes a signing key that never leaves the module. Its CKA_ID is its kid.
    ///
    /// # Errors
    /// When the module does not do it.
    pub fn generate(&self, purpose: KeyPurpose, algorithm: Algorithm) -> Result<HardwareSigner, HardwareError> {
        let (mechanism, parameters) = match algorithm {
            Algorithm::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, ED25519_PARAMETERS),
            Algorithm::Es256 => (Mechanism::EccKeyPairGen, P256_PARAMETERS),
        };
        let label = || Attribute::Label(format!("ikd-{}", purpose.as_str()).into_bytes());
        let session = self.writing()?;
        let public = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(parameters.to_vec()),
            label(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label(),
        ];
        let (public, private) = session.generate_key_pair(&mechanism, &public, &private)?;
        let key =
            point_of(&session, public)?.and_then(|point| PublicKey::from_bytes(algorithm, bare(&point, algorithm)));
        let key = key.ok_or(HardwareError::Answer("gave no public key of this curve"))?;
        let id = [Attribute::Id(key.kid().to_vec())];
        session.update_attributes(public, &id)?;
        session.update_attributes(private, &id)?;
        Ok(HardwareSigner::new(self.clone(), key))
    }

    /// The signer of a key, where the module holds its private half.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn find(&self, key: PublicKey) -> Result<Option<HardwareSigner>, HardwareError> {
        let found = self.with(|session| private_key(session, &key.kid()))?;
        Ok(found.map(|_| HardwareSigner::new(self.clone(), key)))
    }

    /// Wraps a root secret under a key of the module, which is made where there is none. `version` belongs to it.
    ///
    /// # Errors
    /// When the module does not do it.
    pub fn wrap_root(&self, version: u8, secret: &[u8; 32], random: &Random) -> Result<Vec<u8>, HardwareError> {
        let session = self.writing()?;
        let key = match root_keys(&session)?.into_iter().next() {
            Some(key) => key,
            None => session.generate_key(
                &Mechanism::AesKeyGen,
                &[
                    Attribute::Token(true),
                    Attribute::Private(true),
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::Encrypt(true),
                    Attribute::Decrypt(true),
                    Attribute::ValueLen(32.into()),
                    Attribute::Label(ROOT_LABEL.into()),
                ],
            )?,
        };
        let nonce = random.bytes::<NONCE_LENGTH>();
        let (mut used, associated) = (nonce, root_name(version));
        let mechanism = Mechanism::AesGcm(GcmParams::new(&mut used, associated.as_bytes(), TAG_BITS.into())?);
        let sealed = session.encrypt(&mechanism, key, secret)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Unwraps what [`Hardware::wrap_root`] gave.
    ///
    /// # Errors
    /// When it was altered, or the module does not do it.
    pub fn unwrap_root(&self, version: u8, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, HardwareError> {
        let too_short = HardwareError::Answer("cannot unwrap this: it is too short");
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LENGTH>().ok_or(too_short)?;
        let associated = root_name(version);
        let secret = self.with(|session| {
            let mut last = HardwareError::Answer("holds no key labelled ikd-root");
            // Two commands at one moment may have made two.
            for key in root_keys(session)? {
                let mut used = *nonce;
                let mechanism = Mechanism::AesGcm(GcmParams::new(&mut used, associated.as_bytes(), TAG_BITS.into())?);
                match session.decrypt(&mechanism, key, sealed) {
                    Ok(secret) => return Ok(Zeroizing::new(secret)),
                    Err(error) => last = error.into(),
                }
            }
            Err(last)
        })?;
        let secret: [u8; 32] =
            secret.as_slice().try_into().map_err(|_| HardwareError::Answer("unwrapped something of another length"))?;
        Ok(Zeroizing::new(secret))
    }

    /// Does `work` with a session that nobody else uses. An error may be the session's, which is closed then; the next one is new.
    fn with<T>(&self, work: impl FnOnce(&Session) -> Result<T, HardwareError>) -> Result<T, HardwareError> {
        self.with_one_of(PATIENCE, work)
    }

    /// As [`Hardware::with`], waiting for a session no longer than that.
    fn with_one_of<T>(
        &self,
        patience: Duration,
        work: impl FnOnce(&Session) -> Result<T, HardwareError>,
    ) -> Result<T, HardwareError> {
        let session = self.take(patience)?;
        let done = work(&session);
        let mut sessions = self.sessions();
        if done.is_ok() {
            sessions.idle.push(session);
            sessions.back = Some(stopwatch());
            drop(sessions);
            self.0.returned.notify_one();
        } else {
            // A module that was restarted has ended all of them.
            let ended = std::mem::take(&mut sessions.idle);
            sessions.open = sessions.open.saturating_sub(ended.len() + 1);
            drop(sessions);
            self.0.returned.notify_all();
            // They are closed at the module, which may not answer: not under the lock.
            drop((ended, session));
        }
        done
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, patience: Duration) -> Result<Session, HardwareError> {
        let mut sessions = self.wait_while(patience, |sessions| sessions.are_taken());
        if sessions.are_taken() {
            return Err(HardwareError::Busy);
        }
        if let Some(session) = sessions.idle.pop() {
            return Ok(session);
        }
        sessions.open += 1;
        let opened = self.open_session(sessions, |inner| inner.library.open_ro_session(inner.slot));
        if opened.is_err() {
            let mut sessions = self.sessions();
            sessions.open = sessions.open.saturating_sub(1);
            drop(sessions);
            self.0.returned.notify_one();
        }
        opened
    }

    /// A session that may make objects, for commands.
    fn writing(&self) -> Result<Session, HardwareError> {
        let sessions = self.wait_while(PATIENCE, |sessions| sessions.is_opening);
        if sessions.is_opening {
            return Err(HardwareError::Busy);
        }
        self.open_session(sessions, |inner| inner.library.open_rw_session(inner.slot))
    }

    fn wait_while(&self, patience: Duration, reason: impl FnMut(&mut Sessions) -> bool) -> MutexGuard<'_, Sessions> {
        self.0.returned.wait_timeout_while(self.sessions(), patience, reason).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Opens a session and logs in. Others wait for this with patience, not for a lock: a module may never answer.
    fn open_session(
        &self,
        mut sessions: MutexGuard<'_, Sessions>,
        open: impl FnOnce(&Inner) -> Result<Session, Pkcs11Error>,
    ) -> Result<Session, HardwareError> {
        if sessions.pin_refused {
            return Err(self.pin_refused());
        }
        sessions.is_opening = true;
        drop(sessions);
        let opened = open(&self.0).map_err(HardwareError::from).and_then(|session| self.logged_in(session));
        let mut sessions = self.sessions();
        sessions.is_opening = false;
        sessions.pin_refused |= matches!(opened, Err(HardwareError::Pin(_)));
        drop(sessions);
        self.0.returned.notify_all();
        opened
    }

    fn pin_refused(&self) -> HardwareError {
        HardwareError::Pin(self.0.pin_file.display().to_string())
    }

    fn logged_in(&self, session: Session) -> Result<Session, HardwareError> {
        // What counts the tries is the module: one that was wrong before, by whomever, leaves the next to a person.
        let token = self.0.library.get_token_info(self.0.slot)?;
        if token.user_pin_count_low() || token.user_pin_final_try() || token.user_pin_locked() {
            return Err(HardwareError::Tries(self.0.pin_file.display().to_string()));
        }
        match session.login(UserType::User, Some(&self.0.pin)) {
            // Of a token all sessions of a process are logged in, or none.
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Pkcs11Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked,
                _,
            )) => Err(self.pin_refused()),
            Err(error) => Err(error.into()),
        }
    }
}

fn root_name(version: u8) -> String {
    format!("ikd/root/{version}")
}

fn root_keys(session: &Session) -> Result<Vec<ObjectHandle>, HardwareError> {
    let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(ROOT_LABEL.into())];
    Ok(session.find_objects(&template)?)
}

fn private_key(session: &Session, kid: &KeyId) -> Result<Option<ObjectHandle>, HardwareError> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(kid.to_vec())];
    Ok(session.find_objects(&template)?.into_iter().next())
}

fn point_of(session: &Session, public: ObjectHandle) -> Result<Option<Vec<u8>>, HardwareError> {
    let attributes = session.get_attributes(public, &[AttributeType::EcPoint])?;
    Ok(attributes.into_iter().find_map(|one| match one {
        Attribute::EcPoint(point) => Some(point),
        _ => None,
    }))
}

/// A point as keys are made of it: modules give it in a DER OCTET STRING, as the standard has it, or bare.
fn bare(point: &[u8], algorithm: Algorithm) -> &[u8] {
    let length = match algorithm {
        Algorithm::Ed25519 => 32,
        Algorithm::Es256 => 65,
    };
    match point {
        [0x04, told, rest @ ..] if rest.len() == length && usize::from(*told) == length => rest,
        _ => point,
    }
}

/// A signing key in a module.
#[derive(Debug)]
pub struct HardwareSigner {
    hardware: Hardware,
    public: PublicKey,
    kid: KeyId,
    /// Where the module has it: the same for all sessions of a process, until it was gone in between.
    handle: Mutex<Option<ObjectHandle>>,
}

impl HardwareSigner {
    fn new(hardware: Hardware, public: PublicKey) -> Self {
        Self { hardware, public, kid: public.kid(), handle: Mutex::default() }
    }

    fn ask(&self, message: &[u8]) -> Result<Vec<u8>, HardwareError> {
        self.hardware.with(|session| {
            let known = || self.handle.lock().unwrap_or_else(PoisonError::into_inner);
            let at = *known();
            let handle = match at {
                Some(handle) => handle,
                None => private_key(session, &self.kid)?.ok_or(HardwareError::Answer("holds no such key any more"))?,
            };
            *known() = None;
            let signature = match self.public.algorithm() {
                Algorithm::Ed25519 => {
                    let scheme = EddsaParams::new(EddsaSignatureScheme::Ed25519);
                    session.sign(&Mechanism::Eddsa(scheme), handle, message)?
                }
                Algorithm::Es256 => session.sign(&Mechanism::Ecdsa, handle, &Sha256::digest(message))?,
            };
            *known() = Some(handle);
            Ok(signature)
        })
    }
}

impl Signer for HardwareSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn kid(&self) -> KeyId {
        self.kid
    }

    fn blocks(&self) -> bool {
        true
    }

    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
        // A session may have ended since it was used last, by a restart of the module say: once more with a new one.
        let told = self.ask(message).or_else(|_| self.ask(message));
        let unavailable = |error: HardwareError| SignError::Unavailable(format!("key {}: {error}", hex(&self.kid)));
        let signature: SignatureBytes = told
            .map_err(unavailable)?
            .try_into()
            .map_err(|_| unavailable(HardwareError::Answer("gave a signature of another length")))?;
        // A fault in a module must not leave it: a wrong signature of Ed25519 or ECDSA can give the key away.
        let signature = self.public.algorithm().canonical(signature);
        if !self.public.verifies(message, &signature) {
            return Err(unavailable(HardwareError::Answer("gave a wrong signature")));
        }
        Ok(signature)
    }
}

/// Reads the wrapped root secrets of a directory, `<n>.wrapped`, each with its version.
///
/// # Errors
/// When a file cannot be used, or the module does not unwrap it.
pub fn wrapped_roots(directory: &Path, hardware: &Hardware) -> Result<RootSecrets, VaultError> {
    let mut found = Vec::new();
    for version in 0..=u8::MAX {
        let path = wrapped_path(directory, version);
        if path.exists() {
            let wrapped = read_private(&path)?;
            let named = |error: HardwareError| VaultError::File(format!("{}: {error}", path.display()));
            found.push((version, hardware.unwrap_root(version, &wrapped).map_err(named)?));
        }
    }
    Ok(found)
}

/// Whether a directory holds a wrapped root secret.
pub fn is_wrapped(directory: &Path) -> bool {
    (0..=u8::MAX).any(|version| wrapped_path(directory, version).exists())
}

/// Wraps each root secret that lies in clear in a directory, and moves the file in clear to `safe`, another folder that is there: what a module
/// loses with its key, nothing else opens. Gives the versions. The wrapped form is the last that is written, and the file in clear goes after it.
///
/// # Errors
/// When the module does not do it, or a file cannot be written. Until all of it is in `safe`, nothing is changed in `directory`.
pub fn wrap_roots(directory: &Path, safe: &Path, hardware: &Hardware, random: &Random) -> Result<Vec<u8>, VaultError> {
    check_safe(directory, safe)?;
    let mut done = Vec::new();
    for version in 0..=u8::MAX {
        let clear = directory.join(version.to_string());
        if !clear.exists() {
            continue;
        }
        let wrong = |why: &str| VaultError::File(format!("{}: {why}", clear.display()));
        let secret = Zeroizing::new(read_private(&clear)?);
        let secret: Zeroizing<[u8; 32]> =
            Zeroizing::new(secret.as_slice().try_into().map_err(|_| wrong("a root secret is exactly 32 bytes"))?);
        let named = |error: HardwareError| wrong(&error.to_string());
        let wrapped = wrapped_path(directory, version);
        let sealed = match wrapped.exists() {
            true => read_private(&wrapped)?,
            false => hardware.wrap_root(version, &secret, random).map_err(named)?,
        };
        if hardware.unwrap_root(version, &sealed).map_err(named)? != secret {
            return Err(wrong("what the module wrapped of it holds another secret"));
        }
        keep_in_safe(&clear, secret.as_slice(), safe)?;
        if !wrapped.exists() {
            write_private(&wrapped, &sealed)?;
        }
        remove_secret(&clear)?;
        done.push(version);
    }
    Ok(done)
}

/// Where a wrapped root secret is.
pub fn wrapped_path(directory: &Path, version: u8) -> PathBuf {
    directory.join(format!("{version}.wrapped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_with_and_without_its_wrapping() {
        let wrapped: Vec<u8> = [0x04, 32].into_iter().chain([7; 32]).collect();
        assert_eq!(bare(&wrapped, Algorithm::Ed25519), [7; 32]);
        assert_eq!(bare(&[9; 32], Algorithm::Ed25519), [9; 32]);
        // An uncompressed point of P-256 begins with 4 itself; this one's next byte looks like a length.
        let point: Vec<u8> = std::iter::once(0x04).chain([63; 64]).collect();
        assert_eq!(bare(&point, Algorithm::Es256), point);
        let wrapped: Vec<u8> = [0x04, 65].into_iter().chain(point.clone()).collect();
        assert_eq!(bare(&wrapped, Algorithm::Es256), point);
    }
}

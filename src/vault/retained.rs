//! What is left of a root secret that was retired: keys of look-ups and chains, which rows of years are found and judged by. They open nothing.

use std::path::{Path, PathBuf};

use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Label, Root, keyed, of_parts};
use crate::base64url::{decode_exact, encode};

/// How the names of their files end.
pub(super) const SUFFIX: &str = ".retained";
/// How the first line begins; the version follows.
const HEAD: &str = "ikd: keys of look-ups and chains of root secret ";

/// How the last line begins; SHA-256 of all before it follows.
const SUM: &str = "sha-256 ";

type Key = Zeroizing<[u8; 32]>;

/// Keys of one retired root secret.
#[derive(Clone)]
pub struct Retained {
    version: u8,
    keys: [Option<Key>; Label::ALL.len()],
    macs: [Option<Hmac<Sha256>>; Label::ALL.len()],
    /// In which epoch it was retired, with the keys that it had there.
    of_epoch: Option<(i64, Vec<(Label, Key)>)>,
    /// Opens the sealed claim of printed cards, where they go on.
    cards: Option<Aes256GcmSiv>,
}

impl std::fmt::Debug for Retained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retained").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Where they lie.
pub fn retained_path(directory: &Path, version: u8) -> PathBuf {
    directory.join(format!("{version}{SUFFIX}"))
}

impl Retained {
    pub(super) fn of(version: u8, root: &Root, of_epoch: Option<(i64, &Root)>, cards: bool) -> Self {
        let keeps = |label: Label| label.is_retained() || (cards && label == Label::TokenSeal);
        let keys = Label::ALL.map(|label| keeps(label).then(|| root.keys(label).key.clone()));
        let labels = || Label::ALL.into_iter().filter(|label| label.is_retained() && label.is_of_an_epoch());
        let of_epoch = of_epoch
            .map(|(epoch, root)| (epoch, labels().map(|label| (label, root.keys(label).key.clone())).collect()));
        Self::with(version, keys, of_epoch)
    }

    fn with(version: u8, keys: [Option<Key>; Label::ALL.len()], of_epoch: Option<(i64, Vec<(Label, Key)>)>) -> Self {
        let macs = Label::ALL.map(|label| keys[label as usize].as_deref().map(keyed));
        let cards = keys[Label::TokenSeal as usize].as_deref().map(|key| Aes256GcmSiv::new(&(*key).into()));
        Self { version, keys, macs, of_epoch, cards }
    }

    /// The same in an epoch. In the one in which it was retired it has the keys of then; in a later one others, as the secret would give.
    pub(super) fn in_epoch(&self, epoch: i64) -> Self {
        let keys = Label::ALL.map(|label| {
            let lasting = self.keys[label as usize].as_ref()?;
            if !label.is_of_an_epoch() {
                return Some(lasting.clone());
            }
            // Cards outlive epochs: their key is that of none.
            if !label.is_retained() {
                return None;
            }
            let known = self.of_epoch.as_ref().filter(|(of, _)| *of == epoch);
            let known = known.and_then(|(_, keys)| keys.iter().find(|(of, _)| *of == label));
            Some(known.map_or_else(|| derived(lasting, epoch), |(_, key)| key.clone()))
        });
        Self::with(self.version, keys, self.of_epoch.clone())
    }

    pub(super) fn mac(&self, label: Label, parts: &[&[u8]]) -> Option<[u8; 32]> {
        Some(of_parts(self.macs[label as usize].clone()?, parts))
    }

    pub(super) fn cipher(&self, label: Label) -> Option<&Aes256GcmSiv> {
        self.cards.as_ref().filter(|_| label == Label::TokenSeal)
    }

    /// Whether printed cards go on.
    pub const fn keeps_cards(&self) -> bool {
        self.cards.is_some()
    }

    /// Whether both are of the same secret: the keys that outlive it are the same.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        let both = |label: Label| self.keys[label as usize] == other.keys[label as usize];
        self.version == other.version && Label::ALL.into_iter().filter(|label| label.is_retained()).all(both)
    }

    /// SHA-256 of its file, by which nodes know that they have the same.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.to_text().as_bytes()))
    }

    /// As it is written into its file: a head, a label and a key a line, and a checksum.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!("{HEAD}{}\n", self.version));
        let mut line = |label: Label, epoch: Option<i64>, key: &Key| {
            let name = String::from_utf8_lossy(label.info());
            let epoch = epoch.map(|epoch| epoch.to_string()).unwrap_or_else(|| String::from("-"));
            text.push_str(&format!("{name} {epoch} {}\n", encode(key.as_slice())));
        };
        for label in Label::ALL {
            if let Some(key) = &self.keys[label as usize] {
                line(label, None, key);
            }
        }
        if let Some((epoch, keys)) = &self.of_epoch {
            for (label, key) in keys {
                line(*label, Some(*epoch), key);
            }
        }
        let sum = encode(&Sha256::digest(text.as_bytes()));
        text.push_str(&format!("{SUM}{sum}\n"));
        text
    }

    /// Reads such a file; `None` when it is none, of another version, or not whole.
    pub fn parse(version: u8, text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let (said, sum) = text.rsplit_once('\n')?;
        let summed = Sha256::new().chain_update(said).chain_update("\n").finalize();
        if decode_exact::<32>(sum.strip_prefix(SUM)?)? != *summed {
            return None;
        }
        let mut lines = said.split('\n');
        if lines.next()?.strip_prefix(HEAD)? != version.to_string() {
            return None;
        }
        let mut keys = Label::ALL.map(|_| None);
        let mut of_epoch: Option<(i64, Vec<(Label, Key)>)> = None;
        for line in lines {
            let mut words = line.split(' ');
            let (name, epoch, key) = (words.next()?, words.next()?, Zeroizing::new(decode_exact::<32>(words.next()?)?));
            let label = Label::ALL.into_iter().find(|label| label.info() == name.as_bytes())?;
            match epoch {
                "-" => keys[label as usize] = Some(key),
                epoch => {
                    let epoch: i64 = epoch.parse().ok()?;
                    let (known, keys) = of_epoch.get_or_insert_with(|| (epoch, Vec::new()));
                    (*known == epoch).then(|| keys.push((label, key)))?;
                }
            }
        }
        let whole = Label::ALL.into_iter().all(|label| !label.is_retained() || keys[label as usize].is_some());
        whole.then(|| Self::with(version, keys, of_epoch))
    }
}

fn derived(key: &Key, epoch: i64) -> Key {
    let mut mac = keyed(key);
    mac.update(b"/epoch/");
    mac.update(&epoch.to_be_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;
    use crate::random::Random;
    use crate::vault::{Vault, write_private};

    #[test]
    fn what_is_retained_of_a_root_finds_rows_and_opens_none() {
        let (random, row) = (Random::seeded(1), Uuid::from_u128(1));
        let dir = tempfile::tempdir().unwrap();
        write_private(&dir.path().join("1"), &[7; 32]).unwrap();
        write_private(&dir.path().join("2"), &[8; 32]).unwrap();
        for epoch in [None, Some(5)] {
            let of = |vault: Vault| epoch.map_or(vault.clone(), |epoch| vault.in_epoch(epoch));
            let whole = of(Vault::load(dir.path()).unwrap());
            whole.seal_with(1);
            let sealed = whole.seal_bytes(&random, "t", row, b"x").unwrap();
            let card = whole.lasting().encrypt(1, Label::TokenSeal, &[1; 12], b"a", b"card").unwrap();
            for cards in [false, true] {
                let rest = whole.retain(1, cards).unwrap();
                let path = retained_path(dir.path(), 1);
                write_private(&path, rest.to_text().as_bytes()).unwrap();
                std::fs::rename(dir.path().join("1"), dir.path().join("out")).unwrap();
                let retired = of(Vault::load(dir.path()).unwrap());
                for label in Label::ALL {
                    let known = retired.mac(1, label, &[b"x"]);
                    let keeps = label.is_retained() || (cards && label == Label::TokenSeal && epoch.is_none());
                    assert_eq!(known, whole.mac(1, label, &[b"x"]).filter(|_| keeps), "{label:?} {epoch:?}");
                    if label.is_retained() {
                        assert_eq!(retired.mac_index(label, &[b"x"]), whole.mac_index(label, &[b"x"]), "{label:?}");
                    }
                    assert!(retired.key(1, label).is_none());
                }
                assert!(retired.open_bytes("t", row, &sealed).is_err());
                let opened = retired.lasting().decrypt(1, Label::TokenSeal, &[1; 12], b"a", &card);
                assert_eq!(opened.is_ok(), cards);
                assert!(retired.encrypt(1, Label::TokenSeal, &[1; 12], b"a", b"card").is_err());
                assert!(!retired.seal_with(1));
                assert_eq!((retired.current(), retired.versions().collect::<Vec<_>>()), (2, vec![2]));
                std::fs::rename(dir.path().join("out"), dir.path().join("1")).unwrap();
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    #[test]
    fn a_file_that_was_altered_or_cut_is_none() {
        let both = BTreeMap::from([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]);
        let vault = Vault::new(&both).unwrap();
        let (rest, cards) = (vault.in_epoch(5).retain(1, false).unwrap(), vault.retain(1, true).unwrap());
        let text = rest.to_text();
        let read = Retained::parse(1, text.as_bytes()).unwrap();
        assert!(read.digest() == rest.digest() && read.digest() != cards.digest());
        assert!(read.is_of_the_same(&cards) && !read.is_of_the_same(&vault.retain(2, false).unwrap()));
        for place in 0..text.len() {
            let mut altered = text.as_bytes().to_vec();
            altered[place] ^= 1;
            assert!(Retained::parse(1, &altered).is_none(), "{place}");
        }
        let lines: Vec<&str> = text.lines().collect();
        for gone in 0..lines.len() {
            let cut: String =
                lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| format!("{line}\n")).collect();
            assert!(Retained::parse(1, cut.as_bytes()).is_none(), "{gone}");
        }
    }

    #[test]
    fn in_a_later_epoch_a_retained_root_has_other_keys_of_it() {
        let secrets = BTreeMap::from([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]);
        let rest = Vault::new(&secrets).unwrap().in_epoch(5).retain(1, false).unwrap();
        let rest = Retained::parse(1, rest.to_text().as_bytes()).unwrap();
        let two = BTreeMap::from([(2, Zeroizing::new([8; 32]))]);
        let retired = Vault::beside(&two, BTreeMap::from([(1, rest)])).unwrap();
        let code = |vault: &Vault| vault.mac(1, Label::ActivationCode, &[b"x"]).unwrap();
        let (five, six) = (retired.in_epoch(5), retired.in_epoch(6));
        assert_eq!(code(&five), code(&Vault::new(&secrets).unwrap().in_epoch(5)));
        assert!(code(&six) != code(&five) && code(&six) != code(&retired));
        assert_eq!(code(&six.in_epoch(5)), code(&five));
        assert_eq!(six.mac(1, Label::NikIndex, &[b"x"]), five.mac(1, Label::NikIndex, &[b"x"]));
    }
}

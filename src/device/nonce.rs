//! Nonces for DPoP proofs (RFC 9449 §8): the number of a time window under a keyed digest.
//!
//! Nothing is stored, so every node knows every nonce. A nonce does not single out a device or a request; it only says
//! "this proof was not made long ago". Within that time [`super::spent`] remembers the proofs themselves.

use subtle::ConstantTimeEq;

use super::{decode, encode};
use crate::clock::{MINUTE, Timestamp};
use crate::vault::{Label, Vault};

/// Length of a window in seconds. A nonce counts in its own window and the two after it: for 5 to 7½ minutes.
const WINDOW_SECONDS: i64 = 150;
/// Whole windows after its own in which a nonce still counts.
const LATER_WINDOWS: i64 = 2;
/// The least time that a fresh nonce is accepted, in seconds.
pub const LIFETIME_SECONDS: i64 = WINDOW_SECONDS * LATER_WINDOWS;
const _: () = assert!(LIFETIME_SECONDS >= 5 * MINUTE);

const MAC_LENGTH: usize = 16;
const LENGTH: usize = 1 + 8 + MAC_LENGTH;

/// The nonce of the present window.
pub fn issue(vault: &Vault, now: Timestamp) -> String {
    let window = now.seconds().div_euclid(WINDOW_SECONDS);
    let (version, mac) = vault.mac_now(Label::DpopNonce, &[&window.to_be_bytes()]);
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.push(version);
    bytes.extend_from_slice(&window.to_be_bytes());
    bytes.extend_from_slice(&mac[..MAC_LENGTH]);
    encode(&bytes)
}

/// The window of `nonce`, if it is one of ours and fresh. One window ahead is accepted too: another node's clock may be ahead.
pub fn accept(vault: &Vault, nonce: &str, now: Timestamp) -> Option<i64> {
    if nonce.len() > 2 * LENGTH {
        return None;
    }
    let bytes = decode(nonce)?;
    let (&version, rest) = bytes.split_first()?;
    let (window_bytes, tag) = rest.split_first_chunk::<8>()?;
    let window = i64::from_be_bytes(*window_bytes);
    let current = now.seconds().div_euclid(WINDOW_SECONDS);
    if !(current - LATER_WINDOWS..=current + 1).contains(&window) {
        return None;
    }
    let mac = vault.mac(version, Label::DpopNonce, &[window_bytes])?;
    bool::from(mac[..MAC_LENGTH].ct_eq(tag)).then_some(window)
}

/// The newest window of which no node accepts a nonce any more, however far its clock may be behind (one window).
pub fn over(now: Timestamp) -> i64 {
    now.seconds().div_euclid(WINDOW_SECONDS) - LATER_WINDOWS - 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_counts_for_five_minutes_on_every_node_and_not_for_eight() {
        let (here, there) = (Vault::single([3; 32]), Vault::single([3; 32]));
        for offset in 0..WINDOW_SECONDS {
            let at = Timestamp::from_seconds(1_800_000_000 + offset);
            let nonce = issue(&here, at);
            assert!(accept(&there, &nonce, at).is_some_and(|window| window > over(at)));
            assert!(
                accept(&there, &nonce, at.plus_seconds(299))
                    .is_some_and(|window| window > over(at.plus_seconds(299 + 150)))
            );
            assert!(accept(&there, &nonce, at.plus_seconds(450)).is_none());
            assert!(accept(&there, &nonce, at.plus_seconds(-30)).is_some(), "a node whose clock is behind");
        }
    }

    #[test]
    fn foreign_or_altered_nonces_are_refused() {
        let vault = Vault::single([3; 32]);
        let now = Timestamp::from_seconds(1_800_000_000);
        let nonce = issue(&vault, now);
        assert!(accept(&Vault::single([4; 32]), &nonce, now).is_none());
        let bytes = decode(&nonce).unwrap();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1;
            assert!(accept(&vault, &encode(&altered), now).is_none());
        }
        for text in ["", "A", "AQ", &nonce[..20], &format!("{nonce}AAAA"), "!", &"A".repeat(10_000)] {
            assert!(accept(&vault, text, now).is_none(), "{text}");
        }
    }
}

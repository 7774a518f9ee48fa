//! Known browsers: browsers from which a person logged in before. Such a browser presents a ticket that only this
//! service can issue, and has tries of its own. So a stranger who knows a user name, even from the office's own
//! address, cannot use them up.

use crate::base64url::{decode_exact, encode};
use crate::clock::{DAY, Timestamp};
use crate::random::Random;
use crate::vault::{Label, Vault};

/// Days that a ticket counts after the log-in that gave it.
pub const TICKET_DAYS: i64 = 90;
/// Tickets in one cookie: people who share a desk.
const MOST: usize = 8;
const ID: usize = 16;
const BODY: usize = ID + 8;
const TICKET: usize = BODY + 32;

/// A random id of a browser for one person.
pub type BrowserId = [u8; ID];

/// Reads the cookie: the id under which `username` of a realm logged in from this browser before.
pub fn read(vault: &Vault, realm: &str, username: &str, cookie: &str, now: Timestamp) -> Option<BrowserId> {
    tickets(cookie).find_map(|text| {
        let ticket = decode_exact::<TICKET>(text)?;
        let (body, mac) = ticket.split_at(BODY);
        // The whole ticket is compared with the one that this service would issue; a forger lacks the key.
        let right = mac_of(vault, realm, username, body);
        let issued = Timestamp::from_micros(i64::from_be_bytes(body[ID..].try_into().ok()?));
        let fresh = issued <= now.plus_seconds(60) && issued > now.plus_seconds(-TICKET_DAYS * DAY);
        (fresh && bool::from(subtle::ConstantTimeEq::ct_eq(&right[..], mac))).then(|| body[..ID].try_into().ok())?
    })
}

/// The cookie with a new ticket for `username`, in front of the tickets of others. A known browser keeps its id, so
/// that a copied cookie gets no tries of its own.
pub fn write(
    vault: &Vault,
    random: &Random,
    realm: &str,
    username: &str,
    (cookie, id): (Option<&str>, Option<BrowserId>),
    now: Timestamp,
) -> String {
    let mut ticket = id.unwrap_or_else(|| random.bytes()).to_vec();
    ticket.extend_from_slice(&now.micros().to_be_bytes());
    let mac = mac_of(vault, realm, username, &ticket);
    ticket.extend_from_slice(&mac);
    let mut all = vec![encode(&ticket)];
    let others = cookie.into_iter().flat_map(tickets);
    all.extend(others.filter(|text| read(vault, realm, username, text, now).is_none()).map(str::to_owned));
    all.truncate(MOST);
    all.join(".")
}

fn tickets(cookie: &str) -> impl Iterator<Item = &str> {
    cookie.split('.').filter(|text| text.len() == TICKET.div_ceil(3) * 4 - (3 - TICKET % 3) % 3).take(MOST)
}

fn mac_of(vault: &Vault, realm: &str, username: &str, body: &[u8]) -> [u8; 32] {
    let parts = [&b"known browser"[..], realm.as_bytes(), username.as_bytes(), body];
    vault.mac_index(Label::LoginSubject, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_ticket_is_of_one_person_and_one_realm_and_ends() {
        let (vault, random) = (Vault::single([7; 32]), Random::seeded(2));
        let of = |name: &str, cookie: &str, realm, now| read(&vault, realm, name, cookie, now);
        let siti = write(&vault, &random, "office", "siti", (None, None), NOW);
        let id = of("siti", &siti, "office", NOW).unwrap();
        assert!(of("budi", &siti, "office", NOW).is_none());
        assert!(of("siti", &siti, "relying_party", NOW).is_none());
        assert!(of("siti", &siti, "office", NOW.plus_seconds(TICKET_DAYS * DAY)).is_none());
        assert!(of("siti", &siti, "office", NOW.plus_seconds(-61)).is_none());
        for at in 0..siti.len() {
            let mut forged = siti.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(of("siti", &forged, "office", NOW).is_none(), "{at}");
        }
        // Two people share a desk; each keeps the own ticket, and a renewed one takes the old one's place.
        let both = write(&vault, &random, "office", "budi", (Some(&siti), None), NOW);
        assert_eq!(of("siti", &both, "office", NOW), Some(id));
        let renewed = write(&vault, &random, "office", "siti", (Some(&both), Some(id)), NOW);
        assert_eq!((of("siti", &renewed, "office", NOW), renewed.split('.').count()), (Some(id), 2));
        let mut cookie = String::new();
        for number in 0..20 {
            cookie = write(&vault, &random, "office", &format!("n{number}"), (Some(&cookie), None), NOW);
        }
        assert_eq!(cookie.split('.').count(), MOST);
        assert!(of("n19", &cookie, "office", NOW).is_some() && of("n0", &cookie, "office", NOW).is_none());
    }
}

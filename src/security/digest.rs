//! What stands for a client where it is written down: keyed digests. Whoever has what was written alone cannot tell who it is, and sees what
//! came from the same one.

use std::net::IpAddr;

use data_encoding::HEXLOWER;

use super::book::Who;
use crate::fair::tiers;
use crate::vault::{Label, Vault};

/// Bytes of a digest that are told: two clients of one never share one.
const DIGEST: usize = 16;

/// What stands for a device or a relying party.
pub fn digest_of(vault: &Vault, who: Who) -> String {
    match who {
        Who::Device(thumbprint) => digest(vault, b"device", &thumbprint),
        Who::Party(id) => digest(vault, b"party", id.as_bytes()),
    }
}

/// What stands for the narrowest network that is one client's: all of IPv4 would be tried out in a second, were it not keyed.
pub fn digest_of_network(vault: &Vault, address: IpAddr) -> Option<String> {
    tiers(address).next().map(|tier| digest(vault, b"network", &tier.network.bytes()))
}

/// What stands for a session, of what [`in_session`](crate::fair::in_session) was told.
pub fn digest_of_session(vault: &Vault, session: &[u8]) -> String {
    digest(vault, b"session", session)
}

/// Under the root secret that seals now, whose version stands in front: when it is replaced, the digests are others.
fn digest(vault: &Vault, what: &[u8], value: &[u8]) -> String {
    let (version, digest) = vault.mac_now(Label::SecurityEvent, &[what, value]);
    format!("{version}-{}", HEXLOWER.encode(&digest[..DIGEST]))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_digest_is_one_client_s_and_tells_nobody_who_it_is() {
        let (vault, other) = (Vault::single([1; 32]), Vault::single([2; 32]));
        let of = |vault: &Vault, address: &str| digest_of_network(vault, address.parse().unwrap()).unwrap();
        assert_eq!(of(&vault, "2001:db8:1:2::1"), of(&vault, "2001:db8:1:2:ffff::9"), "one subscriber");
        assert_ne!(of(&vault, "192.0.2.1"), of(&vault, "192.0.2.2"));
        assert_ne!(of(&vault, "192.0.2.1"), of(&other, "192.0.2.1"), "without the key it cannot be tried out");
        assert_eq!(of(&vault, "192.0.2.1").len(), "1-".len() + 2 * DIGEST);
        let id = Uuid::from_u128(7);
        let bytes: [u8; 32] = [&id.as_bytes()[..], &[0; 16]].concat().try_into().unwrap();
        assert_ne!(digest_of(&vault, Who::Party(id)), digest_of(&vault, Who::Device(bytes)));
        assert_ne!(digest_of(&vault, Who::Device(bytes)), digest_of_session(&vault, &bytes));
    }
}

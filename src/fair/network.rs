//! The client behind an address. A subscriber with IPv6 gets a /64 at least, often a /56 and on request a /48, and so
//! owns 2⁶⁴ addresses or more. Therefore an address counts for every network that one client may own. Wider networks
//! have larger allowances, because they may just as well be many clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// A network that may be one client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// First address and length of the prefix. All of IPv4 is tried out in a second: in rows stands [`crate::window::of_network`] alone.
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = match self.first {
            IpAddr::V4(first) => first.octets().to_vec(),
            IpAddr::V6(first) => first.octets().to_vec(),
        };
        bytes.push(self.prefix);
        bytes
    }
}

/// A network, and its allowance as a multiple of one client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The network.
    pub network: Network,
    /// 1 for a network that is one client in most cases.
    pub shares: u32,
}

/// Prefix lengths of IPv6 and their shares.
const IPV6: [(u8, u32); 3] = [(64, SHARES[0]), (56, SHARES[1]), (48, SHARES[2])];
/// The shares that networks have, the narrowest first.
pub const SHARES: [u32; 3] = [1, 4, 16];

/// The networks for which an address counts, the narrowest first: one for IPv4, three for IPv6.
pub fn tiers(address: IpAddr) -> impl Iterator<Item = Tier> + Clone {
    let (tiers, count) = match unwrapped(address) {
        IpAddr::V4(address) => {
            ([Tier { network: Network { first: IpAddr::V4(address), prefix: 32 }, shares: SHARES[0] }; 3], 1)
        }
        IpAddr::V6(address) => (
            IPV6.map(|(prefix, shares)| {
                let bits = address.to_bits() >> (128 - prefix) << (128 - prefix);
                Tier { network: Network { first: IpAddr::V6(Ipv6Addr::from_bits(bits)), prefix }, shares }
            }),
            3,
        ),
    };
    tiers.into_iter().take(count)
}

/// The IPv4 address inside an IPv6 address: mapped (RFC 4291 §2.5.5.2), or translated by NAT64 (RFC 6052 §2.1). Without
/// this, all of IPv4 would be one client.
fn unwrapped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(inner) if inner.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            IpAddr::V4(Ipv4Addr::from_bits(inner.to_bits() as u32))
        }
        other => other,
    }
}

/// The first address of the narrowest network, for places that need one name per client.
pub fn client(address: IpAddr) -> IpAddr {
    tiers(address).next().map_or(address, |tier| tier.network.first)
}

/// One address, or a network in CIDR notation.
pub fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = text.parse::<IpNet>().ok().map(|network| match network {
        // Mapped addresses are compared as IPv4.
        IpNet::V6(wide) if wide.prefix_len() >= 96 => wide
            .addr()
            .to_ipv4_mapped()
            .and_then(|first| Ipv4Net::new(first, wide.prefix_len() - 96).ok())
            .map_or(network, IpNet::V4),
        other => other,
    });
    network.or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(address: &str) -> Vec<(String, u32)> {
        let name = |tier: Tier| (format!("{}/{}", tier.network.first, tier.network.prefix), tier.shares);
        tiers(address.parse().unwrap()).map(name).collect()
    }

    #[test]
    fn an_address_is_counted_with_every_network_that_may_be_one_clients() {
        let ipv6 = [("2001:db8:1:2ff::/64", 1), ("2001:db8:1:200::/56", 4), ("2001:db8:1::/48", 16)];
        assert_eq!(shown("2001:db8:1:2ff:4:5:6:7"), ipv6.map(|(name, shares)| (name.to_owned(), shares)));
        assert_eq!(shown("192.0.2.7"), [("192.0.2.7/32".to_owned(), 1)]);
        assert_eq!(shown("::ffff:192.0.2.7"), shown("192.0.2.7"), "a dual-stack listener sees IPv4 like this");
        assert_eq!(shown("64:ff9b::192.0.2.7"), shown("192.0.2.7"), "translated on the way");
        assert_ne!(shown("64:ff9b:0:1::192.0.2.7"), shown("192.0.2.7"));
    }

    #[test]
    fn networks_of_mapped_addresses_are_those_of_ipv4() {
        let read = |text: &str| parse_network(text).map(|network| network.to_string());
        assert_eq!(read("::ffff:127.0.0.0/104").as_deref(), Some("127.0.0.0/8"));
        assert_eq!(read("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(read("2001:db8::/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(read("::/0").as_deref(), Some("::/0"));
    }

    #[test]
    fn one_subscriber_is_one_client() {
        let client = |text: &str| client(text.parse().unwrap()).to_string();
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(client("192.0.2.7"), "192.0.2.7");
        assert_eq!(client("::ffff:192.0.2.7"), "192.0.2.7");
    }
}

//! Which device a request comes from, as far as its address tells (`errors` TH-1 to TH-3).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrustForwardedFor {
    /// Everybody's, as the documented service does.
    #[default]
    Always,
    /// Nobody's.
    Never,
    /// That of peers in these networks: own proxies, programmers' back-ends.
    Peers(Vec<IpNet>),
}

impl TrustForwardedFor {
    fn trusts(&self, peer: IpAddr) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Peers(networks) => networks.iter().any(|network| network.contains(&peer)),
        }
    }

    /// The address of the end device: the first in a trusted `X-Forwarded-For`, else the peer's.
    ///
    /// A header that names no address is as good as none.
    pub(crate) fn device(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let peer = peer.to_canonical();
        let forwarded = || headers.get("x-forwarded-for")?.to_str().ok().and_then(first_address);
        if self.trusts(peer) { forwarded().unwrap_or(peer) } else { peer }
    }

    /// The address a call that needs to be trusted comes from: only proxies that are named speak for
    /// others.
    pub(crate) fn manager(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        match self {
            Self::Always | Self::Never => peer.to_canonical(),
            Self::Peers(_) => self.device(headers, peer),
        }
    }
}

/// The first address of `list`, with or without a port.
fn first_address(list: &str) -> Option<IpAddr> {
    let first = list.split(',').next()?.trim();
    let bare = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(first);
    bare.parse()
        .or_else(|_| first.parse().map(|address: SocketAddr| address.ip()))
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// The part of `address` that one household shares: all of it, or the first 64 bits of version 6.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn device(trust: &TrustForwardedFor, forwarded: &'static str) -> IpAddr {
        let value = HeaderValue::from_static(forwarded);
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value)]);
        trust.device(&headers, ip("::ffff:10.0.0.1"))
    }

    #[test]
    fn the_first_forwarded_address_is_the_device() {
        for (forwarded, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7 , 10.0.0.9", "203.0.113.7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(device(&TrustForwardedFor::Always, forwarded), ip(expected));
        }
    }

    #[test]
    fn a_header_without_an_address_means_the_peer() {
        for forwarded in ["", "unknown", ",203.0.113.7", "203.0.113", "_hidden"] {
            assert_eq!(device(&TrustForwardedFor::Always, forwarded), ip("10.0.0.1"));
        }
        let none = HeaderMap::new();
        assert_eq!(TrustForwardedFor::Always.device(&none, ip("10.0.0.1")), ip("10.0.0.1"));
    }

    #[test]
    fn only_trusted_peers_speak_for_others() {
        let near = TrustForwardedFor::Peers(vec!["10.0.0.0/8".parse().unwrap()]);
        let far = TrustForwardedFor::Peers(vec!["192.168.0.0/16".parse().unwrap()]);
        assert_eq!(device(&near, "203.0.113.7"), ip("203.0.113.7"));
        assert_eq!(device(&far, "203.0.113.7"), ip("10.0.0.1"));
        assert_eq!(device(&TrustForwardedFor::Never, "203.0.113.7"), ip("10.0.0.1"));
    }

    #[test]
    fn whoever_manages_cannot_choose_an_address() {
        let near = TrustForwardedFor::Peers(vec!["10.0.0.0/8".parse().unwrap()]);
        let value = HeaderValue::from_static("203.0.113.7");
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value)]);
        let manager = |trust: &TrustForwardedFor| trust.manager(&headers, ip("10.0.0.1"));
        assert_eq!(manager(&TrustForwardedFor::Always), ip("10.0.0.1"));
        assert_eq!(manager(&TrustForwardedFor::Never), ip("10.0.0.1"));
        assert_eq!(manager(&near), ip("203.0.113.7"));
    }

    #[test]
    fn a_household_is_one_address_or_64_bits() {
        assert_eq!(household(ip("203.0.113.7")), ip("203.0.113.7"));
        assert_eq!(household(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
    }
}

//! The address at which a browser reaches the explorer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Addresses of the documentation (RFC 5737 and RFC 3849), to which the system has a route if it has one to others.
const ELSEWHERE: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// Returns the bound address, or one of this computer if every address is bound: that with which it would ask others,
/// otherwise the loopback address.
pub(crate) fn reachable(bound: SocketAddr) -> SocketAddr {
    if !bound.ip().is_unspecified() {
        return bound;
    }
    let loopback = if bound.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let elsewhere = ELSEWHERE.into_iter().find(|address| address.is_ipv4() == bound.is_ipv4());
    SocketAddr::new(elsewhere.and_then(source_address).unwrap_or(loopback), bound.port())
}

/// Returns the address of this computer from which packets to another one would come. Nothing is sent.
fn source_address(other: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if other.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((other, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_bound_everywhere_is_reached_at_a_concrete_one() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert_eq!(reachable(address("127.0.0.1:4000")), address("127.0.0.1:4000"));
        for any in ["0.0.0.0:4000", "[::]:4000"] {
            let found = reachable(address(any));
            assert!(!found.ip().is_unspecified() && found.port() == 4000, "{found}");
        }
    }
}

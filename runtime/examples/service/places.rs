//! Places for connections: a maximum number in total, and per client address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::metrics::gauge::Gauge;

use crate::limits::Limits;

/// Open connections, by client.
pub(crate) struct Places {
    total: usize,
    per_client: usize,
    taken: Mutex<Taken>,
    open: Gauge,
}

#[derive(Default)]
struct Taken {
    total: usize,
    clients: HashMap<IpAddr, usize>,
}

/// The place of one connection. Dropping it frees the place.
pub(crate) struct Place {
    places: Arc<Places>,
    client: IpAddr,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are too many connections.
    Total,
    /// There are too many connections of this client.
    Client,
}

impl Full {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Full::Total => "total",
            Full::Client => "client",
        }
    }
}

impl Places {
    /// Returns free places. `open` follows the number of those that are taken.
    pub(crate) fn new(limits: &Limits, open: Gauge) -> Arc<Self> {
        Arc::new(Places {
            total: limits.connections,
            per_client: limits.connections_per_client,
            taken: Mutex::default(),
            open,
        })
    }

    /// Takes a place for a connection from an address.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let client = client_of(address);
        let mut taken = self.lock();
        if taken.total >= self.total {
            return Err(Full::Total);
        }
        let of_client = taken.clients.get(&client).copied().unwrap_or(0);
        if of_client >= self.per_client {
            return Err(Full::Client);
        }
        taken.clients.insert(client, of_client + 1);
        taken.total += 1;
        self.open.inc();
        Ok(Place { places: Arc::clone(self), client })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.total -= 1;
        self.places.open.dec();
        if let Some(of_client) = taken.clients.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                taken.clients.remove(&self.client);
            }
        }
    }
}

/// Returns the address by which a client is counted. One client of IPv6 usually has 2^64 addresses.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_in_total_and_per_client_and_become_free() {
        let (limits, open) =
            (Limits { connections: 3, connections_per_client: 2, ..Limits::default() }, Gauge::default());
        let places = Places::new(&limits, open.clone());
        let take = |address: &str| places.take(address.parse().expect("an address"));
        let (first, second) = (take("10.0.0.1").expect("free"), take("::ffff:10.0.0.1").expect("free"));
        assert_eq!(take("10.0.0.1").err(), Some(Full::Client));
        let other = take("2001:db8::1").expect("free");
        assert_eq!(take("10.0.0.2").err(), Some(Full::Total));
        drop(first);
        let neighbour = take("2001:db8::ffff:1").expect("free");
        drop(second);
        assert_eq!(take("2001:db8::2").err(), Some(Full::Client));
        drop((other, neighbour));
        assert_eq!((places.lock().total, open.get()), (0, 0));
        assert!(places.lock().clients.is_empty());
    }
}

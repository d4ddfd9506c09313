//! How many connections does each client certificate have, and how many have none?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::{Limits, Peer};

type Counts = HashMap<Option<[u8; 32]>, usize>;

/// Connections without a certificate have this part of all places: anybody can open them, and they leave the rest to those
/// who are known.
const ANONYMOUS: usize = 4;

/// Counts connections by certificate.
#[derive(Debug, Clone)]
pub(super) struct Places {
    most: usize,
    anonymous: usize,
    counts: Arc<Mutex<Counts>>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    certificate: Option<[u8; 32]>,
    counts: Arc<Mutex<Counts>>,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Places {
        let anonymous = (limits.connections / ANONYMOUS).max(1);
        Places { most: limits.connections_per_certificate, anonymous, counts: Arc::default() }
    }

    /// Takes a place, if there is one left.
    pub(super) fn take(&self, peer: Peer) -> Option<Place> {
        let certificate = peer.certificate_sha256;
        let most = if certificate.is_some() { self.most } else { self.anonymous };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(certificate).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { certificate, counts: Arc::clone(&self.counts) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.certificate) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.certificate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_nothing_is_kept() {
        let limits = Limits { connections: 12, connections_per_certificate: 2, ..Limits::default() };
        let places = Places::new(&limits);
        let peer = Peer { certificate_sha256: Some([7; 32]) };
        let first = places.take(peer).unwrap();
        let second = places.take(peer).unwrap();
        assert!(places.take(peer).is_none());
        assert!(places.take(Peer { certificate_sha256: Some([8; 32]) }).is_some());
        drop(first);
        assert!(places.take(peer).is_some());
        drop(second);
        assert!(places.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn who_shows_no_certificate_has_a_quarter_of_all_places() {
        let places = Places::new(&Limits { connections: 12, ..Limits::default() });
        let nobody = Peer { certificate_sha256: None };
        let taken: Vec<_> = (0..3).map(|_| places.take(nobody).unwrap()).collect();
        assert!(places.take(nobody).is_none());
        assert!(places.take(Peer { certificate_sha256: Some([8; 32]) }).is_some());
        drop(taken);
        assert!(places.take(nobody).is_some());
    }
}

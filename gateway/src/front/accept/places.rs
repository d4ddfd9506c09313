//! How many connections does each client certificate have?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::Peer;

type Counts = HashMap<[u8; 32], usize>;

/// Counts connections by certificate.
#[derive(Debug, Clone)]
pub(super) struct Places {
    most: usize,
    counts: Arc<Mutex<Counts>>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    certificate: Option<[u8; 32]>,
    counts: Arc<Mutex<Counts>>,
}

impl Places {
    pub(super) fn new(most: usize) -> Places {
        Places { most, counts: Arc::default() }
    }

    /// Takes a place, if there is one left. Connections without a certificate are not counted here.
    pub(super) fn take(&self, peer: Peer) -> Option<Place> {
        if let Some(certificate) = peer.certificate_sha256 {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(certificate).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Place { certificate: peer.certificate_sha256, counts: Arc::clone(&self.counts) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(certificate) = self.certificate else {
            return;
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&certificate) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&certificate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_nothing_is_kept() {
        let places = Places::new(2);
        let peer = Peer { certificate_sha256: Some([7; 32]) };
        let first = places.take(peer).unwrap();
        let second = places.take(peer).unwrap();
        assert!(places.take(peer).is_none());
        assert!(places.take(Peer { certificate_sha256: Some([8; 32]) }).is_some());
        assert!(places.take(Peer { certificate_sha256: None }).is_some());
        drop(first);
        assert!(places.take(peer).is_some());
        drop(second);
        assert!(places.counts.lock().unwrap().is_empty());
    }
}

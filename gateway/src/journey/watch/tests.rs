//! How much memory does a watch take that waits?

use super::*;
use crate::journey::watch_consents::Consents;
use crate::journey::watch_referrals::Referrals;

/// The size of what a function of one argument answers.
fn size<A, T>(_: impl Fn(A) -> T) -> usize {
    size_of::<T>()
}

/// A watch that waits is its stream and its place among the topics.
#[test]
fn a_watch_that_waits_is_small() {
    for stream in [size(Watch::<Referrals>::items), size(Watch::<Consents>::items)] {
        assert!(stream <= 2048, "{stream} bytes");
    }
}

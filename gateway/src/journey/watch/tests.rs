//! How much memory does a watch take that waits?

use super::*;
use crate::journey::watch_consents::Consents;
use crate::journey::watch_referrals::Referrals;

/// The size of what a function of two arguments answers.
fn size<A, B, T>(_: impl Fn(A, B) -> T) -> usize {
    size_of::<T>()
}

/// A watch that waits is its task, a block of 32 slots of its channel and its place among the topics.
#[test]
fn a_watch_that_waits_is_small() {
    assert_eq!(size_of::<Sending<Referrals>>(), size_of::<usize>());
    for task in [size(Watch::<Referrals>::run), size(Watch::<Consents>::run)] {
        assert!(task <= 1024, "{task} bytes");
    }
}

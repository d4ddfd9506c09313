//! Does what a kind says of itself hold together?

use std::collections::BTreeSet;

use polku_adapters::Matter;

use super::bench::benches;

#[tokio::test]
async fn every_kind_has_a_simulator_and_says_what_it_does() {
    let mut seen = BTreeSet::new();
    for bench in benches() {
        let kind = bench.kind;
        seen.insert(kind.id);
        assert_eq!(bench.adapter.agency().as_str(), kind.id);
        for (what, matters) in [("delivers", kind.delivers), ("receives", kind.receives)] {
            let once: BTreeSet<_> = matters.iter().collect();
            assert_eq!(once.len(), matters.len(), "{}: {what}", kind.id);
        }
        for matter in [Matter::Referral, Matter::StateChange, Matter::Information] {
            assert!(kind.delivers.contains(&matter), "{} is not told of {}", kind.id, matter.name());
        }
        // No agency has a word for them: both are the gateway's own.
        for matter in [Matter::ConsentWithdrawal, Matter::DisclosureNotice] {
            assert!(!kind.receives.contains(&matter), "{} tells of {}", kind.id, matter.name());
        }
        let mut touched = polku_proto::CategorySet::EMPTY;
        let held = bench.agency.specimen();
        for fact in &held.facts {
            touched.extend(polku_proto::Disclose::categories(fact));
        }
        for plan in &held.plans {
            touched.extend(polku_proto::Disclose::categories(plan));
        }
        let touched = touched.difference(polku_proto::CategorySet::ENVELOPE);
        assert_eq!(touched, kind.fetches, "{}: what it fetches, and what its specimen holds", kind.id);
        let again = bench.settings();
        assert_eq!(again, bench.settings(), "{}: settings are the same each time", bench.name());
    }
    let kinds: BTreeSet<_> = polku_adapters::kinds().iter().map(|kind| kind.id).collect();
    assert_eq!(seen, kinds);
}

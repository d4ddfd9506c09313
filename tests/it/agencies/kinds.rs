//! Does what a kind says of itself hold together, and does it leave nothing out without saying why?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use polku_adapters::{Kind, Matter, Redelivery};
use polku_tests::simulators::Repetition;

use super::bench::{benches, every_repetition};
use crate::stage::polku;

/// One way in which youth guidance has to do with an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// It is told.
    Delivers(Matter),
    /// It tells.
    Receives(Matter),
    /// It is asked what it holds on a person.
    Asks,
}

/// Whether a kind can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// No reason is good enough: without it a referral has no life at the agency, or a withdrawn consent no effect.
    Always,
    /// Its page says why not.
    UnlessStated,
}

/// Everything that there is between youth guidance and any agency: referrals (lähete, yhteydenotto, ilmoitus) go both
/// ways with what becomes of them, the joint plan is kept in step, registers are asked, and social services hear of
/// disclosures (law 703/2023). Two matters are the gateway's own, and no agency has a word for them.
const FLOWS: [(Flow, Need); 11] = [
    (Flow::Delivers(Matter::Referral), Need::Always),
    (Flow::Delivers(Matter::StateChange), Need::Always),
    (Flow::Delivers(Matter::Information), Need::Always),
    (Flow::Delivers(Matter::ConsentWithdrawal), Need::Always),
    (Flow::Delivers(Matter::PlanPart), Need::UnlessStated),
    (Flow::Delivers(Matter::DisclosureNotice), Need::UnlessStated),
    (Flow::Receives(Matter::StateChange), Need::Always),
    (Flow::Receives(Matter::Referral), Need::UnlessStated),
    (Flow::Receives(Matter::Information), Need::UnlessStated),
    (Flow::Receives(Matter::PlanPart), Need::UnlessStated),
    (Flow::Asks, Need::UnlessStated),
];

impl Flow {
    /// As the pages of the agencies name it.
    fn name(self) -> String {
        match self {
            Flow::Delivers(matter) => format!("delivers {}", matter.name()),
            Flow::Receives(matter) => format!("receives {}", matter.name()),
            Flow::Asks => "asks what is held".to_owned(),
        }
    }

    fn is_declared(self, kind: &Kind) -> bool {
        match self {
            Flow::Delivers(matter) => kind.delivers.contains(&matter),
            Flow::Receives(matter) => kind.receives.contains(&matter),
            Flow::Asks => !kind.fetches.is_empty(),
        }
    }
}

fn agencies() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../adapters/src/agencies")
}

/// What the page of a kind says that it leaves out, and why.
fn left_out(kind: &Kind) -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(agencies().join(kind.id).join("README.md")).unwrap();
    let section = page.split("\n## Left out\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows =
        section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.skip(2).map(|(what, why)| (what.to_owned(), why.to_owned())).collect()
}

#[test]
fn every_kind_does_everything_or_says_why_not() {
    for kind in polku_adapters::kinds() {
        let mut stated = left_out(kind);
        for (flow, need) in FLOWS {
            let (name, why) = (flow.name(), stated.remove(&flow.name()));
            match (flow.is_declared(kind), &why, need) {
                (true, None, _) => {}
                (true, Some(_), _) => panic!("{} {name}, and its page says that it is left out", kind.id),
                (false, Some(why), Need::UnlessStated) => {
                    assert!(why.split(' ').count() > 3, "{}, {name}: {why} is no reason", kind.id);
                }
                (false, _, Need::Always) => panic!("{} does without this: {name}", kind.id),
                (false, None, Need::UnlessStated) => {
                    panic!("{}: neither its kind nor `## Left out` of its page says: {name}", kind.id)
                }
            }
        }
        for (what, why) in stated {
            let is_flow = ["delivers ", "receives ", "asks "].iter().any(|flow| what.starts_with(flow));
            assert!(!is_flow, "{}: there is nothing of this name to be left out: {what}", kind.id);
            assert!(why.split(' ').count() > 3, "{}, {what}: {why} is no reason", kind.id);
        }
    }
}

#[test]
fn every_folder_with_a_page_is_a_registered_kind() {
    let folders = std::fs::read_dir(agencies()).unwrap().map(|entry| entry.unwrap().path());
    let paged = folders.filter(|folder| folder.join("README.md").is_file());
    let paged: BTreeSet<String> =
        paged.map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(paged, polku_adapters::kinds().iter().map(|kind| kind.id.to_owned()).collect());
}

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
        for matter in kind.receives {
            let flow = Flow::Receives(*matter);
            let known = FLOWS.iter().any(|(known, _)| *known == flow);
            assert!(known, "{} tells of {}, which is the gateway's own", kind.id, matter.name());
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

/// What an agency does with a message that comes twice is a matter of its installation, not of its kind.
#[tokio::test]
async fn every_kind_can_be_told_what_its_agency_does_with_repetitions() {
    let mut seen = Vec::new();
    for bench in every_repetition() {
        let expected = match bench.agency.repetition() {
            Repetition::Recognised => Redelivery::Deduplicates,
            Repetition::Asked => Redelivery::AnswersStatus,
            Repetition::Neither => Redelivery::Neither,
        };
        assert_eq!(bench.adapter.redelivery(), expected, "{}", bench.name());
        seen.push(bench.kind.id);
        bench.agency.control().stop();
    }
    assert_eq!(seen.len(), 3 * polku_adapters::kinds().len());
}

#[test]
fn every_kind_is_listed() {
    let ran = polku(&["adapters", "list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for kind in polku_adapters::kinds() {
        let line = ran.out.lines().find(|line| line.split_whitespace().next() == Some(kind.id));
        assert!(line.is_some_and(|line| line.contains(kind.speaks)), "{}: {}", kind.id, ran.out);
    }
}

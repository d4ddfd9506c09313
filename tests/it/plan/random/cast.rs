//! Who is in a random history, what may they tell each other, and what do texts say of themselves?

use std::collections::BTreeSet;

use polku_proto::v1::{Consent, DataCategory};
use polku_tests::simulators::Ledger;
use polku_tests::world::{AddedAgency, Client, KELA, OHJAAMO, TE, WorldSettings, professional};

use super::super::table::*;
use crate::stage::Stage;

/// A coaching service with a system of its own that works over gRPC, too.
pub(super) const VALMENNUS: &str = "valmennus";

/// Who has a section; the first has the responsible worker, the last is the young person.
pub(super) const PARTIES: [&str; 5] = [OHJAAMO, TE, KELA, VALMENNUS, "youth"];

/// Needs, plan, work, housing, benefits.
pub(super) const CATEGORIES: [i32; 5] = [8, 9, 5, 11, 12];

const BASE: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::JointPlan];

/// What may be told all the time: from, to, and beside the base what else.
const LASTING: [(&str, &str, &[i32]); 8] = [
    (OHJAAMO, TE, &[]),
    (OHJAAMO, KELA, &[12]),
    (OHJAAMO, VALMENNUS, &[]),
    (TE, OHJAAMO, &[8]),
    (KELA, OHJAAMO, &[12]),
    (VALMENNUS, OHJAAMO, &[8, 5]),
    (TE, VALMENNUS, &[]),
    (VALMENNUS, TE, &[]),
];

/// What may be told as long as the young person says so: from, to, what.
const FICKLE: [(&str, &str, i32); 4] =
    [(OHJAAMO, TE, 8), (OHJAAMO, TE, 5), (OHJAAMO, VALMENNUS, 8), (TE, VALMENNUS, 5)];

/// Small numbers that look random and are the same in every run of a seed.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A place in a list of this length, which is not empty.
    pub(super) fn pick(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// A text that says whose section it is in, which category it has, and which one it is.
pub(super) fn text(owner: &str, category: i32, number: u64) -> String {
    format!("kanaria {owner}.{category}.{number};")
}

/// What stands in bytes of such texts: owner, category, number.
pub(super) fn markers(said: &str) -> BTreeSet<String> {
    let parts = said.split("kanaria ").skip(1).filter_map(|rest| rest.split_once(';'));
    let parts = parts.map(|(marker, _)| marker.to_owned());
    parts.filter(|marker| marker.len() < 40 && marker.matches('.').count() == 2).collect()
}

pub(super) async fn open() -> Stage {
    let coaching = AddedAgency::new(VALMENNUS, "walmu", "usual", "youth_work");
    let coaching = AddedAgency { agreements: vec![OHJAAMO.to_owned(), TE.to_owned()], ..coaching };
    Stage::with(&WorldSettings { agencies: vec![coaching], ..WorldSettings::default() }, |text| text).await
}

/// The people and agencies around one plan.
pub(super) struct Cast {
    pub(super) identity_code: &'static str,
    pub(super) youth: String,
    pub(super) plan: String,
    fickle: [Option<Consent>; FICKLE.len()],
    is_kela_there: bool,
}

impl Cast {
    pub(super) async fn meet(stage: &Stage, identity_code: &'static str) -> Cast {
        let mut ohjaamo = stage.ohjaamo();
        let youth = ohjaamo.identify(identity_code).await.unwrap();
        for (from, to, more) in LASTING {
            let more = more.iter().map(|category| DataCategory::try_from(*category).unwrap());
            let categories: Vec<_> = BASE.into_iter().chain(more).collect();
            recorder(stage, from, to).record_consent(&youth, from, to, PURPOSE, &categories).await.unwrap();
        }
        let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
        for party in [TE, KELA, VALMENNUS] {
            add(&ohjaamo, &plan, party).await.unwrap();
        }
        Cast { identity_code, youth, plan, fickle: Default::default(), is_kela_there: true }
    }

    pub(super) fn client(&self, stage: &Stage, party: usize) -> Client {
        match party {
            0 => stage.ohjaamo(),
            1 => stage.te(),
            2 => stage.kela(),
            3 => {
                let worker = professional("valmentaja-1", "yksikko-1", "official");
                stage.caller(&stage.world.agencies[VALMENNUS].identity, &worker)
            }
            _ => stage.subject(&self.youth),
        }
    }

    /// The book of the party's own system, if it has one.
    pub(super) fn ledger<'s>(&self, stage: &'s Stage, party: usize) -> Option<&'s Ledger> {
        match party {
            1 => Some(stage.world.te.ledger()),
            3 => Some(stage.world.agencies[VALMENNUS].simulator.control().ledger()),
            _ => None,
        }
    }

    /// The young person gives a permission, or takes it back.
    pub(super) async fn change_mind(&mut self, stage: &Stage, numbers: &mut Numbers) {
        let place = numbers.pick(FICKLE.len());
        let (from, to, category) = FICKLE[place];
        self.fickle[place] = match self.fickle[place].take() {
            Some(consent) => {
                withdraw(stage, &consent).await;
                None
            }
            None => {
                let category = DataCategory::try_from(category).unwrap();
                let mut recorder = recorder(stage, from, to);
                Some(recorder.record_consent(&self.youth, from, to, PURPOSE, &[category]).await.unwrap())
            }
        };
    }

    pub(super) async fn come_or_go(&mut self, stage: &Stage) {
        if self.is_kela_there {
            remove(&stage.ohjaamo(), &self.plan, KELA).await.unwrap();
        } else {
            add(&stage.ohjaamo(), &self.plan, KELA).await.unwrap();
        }
        self.is_kela_there = !self.is_kela_there;
    }

    pub(super) async fn all_there(&mut self, stage: &Stage) {
        if !self.is_kela_there {
            self.come_or_go(stage).await;
        }
    }

    /// Whether a party may be told of a text now.
    pub(super) fn tells_now(&self, marker: &str, party: usize) -> bool {
        let fickle = FICKLE.iter().zip(&self.fickle).filter(|(_, consent)| consent.is_some());
        tells(marker, party, &fickle.map(|(it, _)| *it).collect::<Vec<_>>())
    }

    /// Whether a party could have been told of a text at any time.
    pub(super) fn ever_tells(&self, marker: &str, party: usize) -> bool {
        tells(marker, party, &FICKLE)
    }
}

fn tells(marker: &str, party: usize, fickle: &[(&str, &str, i32)]) -> bool {
    let mut words = marker.split('.');
    let (owner, category) = (words.next().unwrap(), words.next().unwrap().parse::<i32>().unwrap());
    let (reader, from) = (PARTIES[party], if owner == "youth" { OHJAAMO } else { owner });
    let is_lasting = LASTING.iter().any(|(one, other, more)| {
        (*one, *other) == (from, reader) && (category == 9 || more.contains(&category))
    });
    let is_of_late = fickle.contains(&(from, reader, category));
    from == reader || reader == "youth" || is_lasting || is_of_late
}

/// Who records a consent: one of the two that it is about.
fn recorder(stage: &Stage, from: &str, to: &str) -> Client {
    if [from, to].contains(&OHJAAMO) { stage.ohjaamo() } else { stage.te() }
}

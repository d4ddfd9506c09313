//! Who is in a random history, what may they tell each other, and what do texts say of themselves?

use std::collections::BTreeSet;

use polku_proto::v1::{Consent, ConsentChange, DataCategory};
use polku_tests::simulators::Ledger;
use polku_tests::world::{AddedAgency, Client, KELA, OHJAAMO, TE, WorldSettings, professional};

use super::super::table::*;
use crate::stage::Stage;

/// A coaching service with a system of its own that works over gRPC, too.
pub(super) const VALMENNUS: &str = "valmennus";

/// Social services.
const SOCIAL: &str = "sosiaali";

/// Who has a section; the first has the responsible worker, the last is the young person.
pub(super) const PARTIES: [&str; 6] = [OHJAAMO, TE, KELA, VALMENNUS, SOCIAL, "youth"];
/// The first so many are agencies.
pub(super) const AGENCIES: usize = 5;

/// Needs, plan, work, housing, benefits.
pub(super) const CATEGORIES: [i32; 5] = [8, 9, 5, 11, 12];

const BASE: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::JointPlan];

/// What may be told all the time: from, to, and beside the base what else.
const LASTING: [(&str, &str, &[i32]); 10] = [
    (OHJAAMO, TE, &[]),
    (OHJAAMO, KELA, &[12]),
    (OHJAAMO, VALMENNUS, &[]),
    (TE, OHJAAMO, &[8]),
    (KELA, OHJAAMO, &[12]),
    (VALMENNUS, OHJAAMO, &[8, 5]),
    (TE, VALMENNUS, &[]),
    (VALMENNUS, TE, &[]),
    (OHJAAMO, SOCIAL, &[]),
    (SOCIAL, OHJAAMO, &[11]),
];

/// What may be told as long as the young person says so: from, to, what.
pub(super) type Told = (&'static str, &'static str, i32);
pub(super) const FICKLE: [Told; 6] = [
    (OHJAAMO, TE, NEEDS),
    (OHJAAMO, TE, 5),
    (OHJAAMO, VALMENNUS, NEEDS),
    (TE, VALMENNUS, 5),
    (OHJAAMO, SOCIAL, NEEDS),
    (SOCIAL, OHJAAMO, NEEDS),
];

/// Of these [`FICKLE`] has the most.
pub(super) const NEEDS: i32 = 8;

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
    let social = AddedAgency::new(SOCIAL, "social", "usual", "social");
    let agencies = vec![coaching, social];
    Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await
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
        for party in [TE, KELA, VALMENNUS, SOCIAL] {
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
            4 => {
                let worker = professional("sosiaalityontekija-1", "yksikko-1", "official");
                stage.caller(&stage.world.agencies[SOCIAL].identity, &worker)
            }
            _ => stage.subject(&self.youth),
        }
    }

    /// The book of the party's own system, if it has one.
    pub(super) fn ledger<'s>(&self, stage: &'s Stage, party: usize) -> Option<&'s Ledger> {
        match party {
            1 => Some(stage.world.te.ledger()),
            3 | 4 => Some(stage.world.agencies[PARTIES[party]].simulator.control().ledger()),
            _ => None,
        }
    }

    /// The young person gives a permission, or takes it back. Tells of what a delivery was under way then.
    pub(super) async fn change_mind(&mut self, stage: &Stage, place: usize) -> Vec<String> {
        let (from, to, category) = FICKLE[place];
        if let Some(consent) = self.fickle[place].take() {
            let ConsentChange { under_way, .. } = withdraw(stage, &consent).await;
            return under_way;
        }
        let category = DataCategory::try_from(category).unwrap();
        let mut recorder = recorder(stage, from, to);
        let consent = recorder.record_consent(&self.youth, from, to, PURPOSE, &[category]).await.unwrap();
        self.fickle[place] = Some(consent);
        Vec::new()
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

    /// Whether a party is one now.
    pub(super) fn is_there(&self, party: usize) -> bool {
        PARTIES[party] != KELA || self.is_kela_there
    }

    /// What may be told now, beside what may be told all the time.
    pub(super) fn permitted(&self) -> Vec<Told> {
        let given = FICKLE.iter().zip(&self.fickle).filter(|(_, consent)| consent.is_some());
        given.map(|(told, _)| *told).collect()
    }
}

/// Whether a party may be told of a text while this is permitted.
pub(super) fn tells(marker: &str, party: usize, fickle: &[Told]) -> bool {
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

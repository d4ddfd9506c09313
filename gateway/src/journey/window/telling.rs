//! Whose data does a look at a journey tell, and how is that written down?
//!
//! One leaf for each thing that is read; of entries, one for what each agency's under one id tell: of those categories that
//! were told, on those grounds. What the young person's side sees of them passes from nobody to nobody, and is one leaf for
//! each id.
//!
//! What the whole call tells of one agency's data for one purpose is one event, and one notice to its register: it goes
//! with the first leaf that tells of it.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use polku_policy::{Authorised, Decision};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, Party, YouthId, YouthName};

use super::sight::{Look, Looks as _};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::{Lock, Reading, Seen, Shown};
use crate::store::About;
use crate::trail::{Entry, Note};

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// What has been told.
#[derive(Default)]
pub(super) struct Telling {
    leaves: Vec<Leaf>,
    /// By entries: under which id, of whose data, and whether it is what became of a referral.
    entries: BTreeMap<(YouthId, Party, bool), Decision>,
}

/// One thing that was read.
pub(super) struct Leaf {
    youth: YouthId,
    name: String,
    purpose: Purpose,
    decision: Decision,
    discloser: Option<AgencyId>,
    told: Vec<Shown>,
}

impl Leaf {
    /// A part of the answer by its resource name.
    pub(super) fn of<X>(youth: YouthId, name: String, view: &Authorised<X>) -> Self {
        let purpose = view.purpose().unwrap_or(Purpose::Unspecified);
        Self { youth, name, purpose, decision: view.decision().clone(), discloser: None, told: Vec::new() }
    }

    /// With whose data it is, where its name does not say so.
    pub(super) fn from(self, discloser: Option<AgencyId>) -> Self {
        Self { discloser, ..self }
    }

    /// With what the registers have to hold of it.
    pub(super) fn telling(self, told: impl IntoIterator<Item = Shown>) -> Self {
        Self { told: told.into_iter().collect(), ..self }
    }
}

impl Leaf {
    fn reading<'a>(&'a self, look: &Look<'a>) -> Reading<'a> {
        Reading { caller: look.caller, youth: self.youth, name: &self.name, lock: Lock::Free }
    }

    fn seen(&self) -> Seen<'_> {
        Seen { purpose: self.purpose, decision: &self.decision, discloser: self.discloser.as_ref() }
    }
}

impl Telling {
    /// One more thing.
    pub(super) fn read(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }

    /// One more entry, or something that rests on one.
    pub(super) fn entry(&mut self, youth: YouthId, holder: &Party, category: i32, decision: &Decision) {
        let key = (youth, holder.clone(), CategorySet::named(category) == STATUS);
        let all = match self.entries.remove(&key) {
            Some(earlier) => earlier.merged(decision.clone()),
            None => decision.clone(),
        };
        self.entries.insert(key, all);
    }
}

impl Gateway {
    /// Writes down what was told, entries as this part of the journey, and what was held back there, and puts the notices
    /// that it makes into the queue.
    ///
    /// What was held back is written in one go with what was told, and in place of nothing: by the time of the answer
    /// nobody tells whether there is any.
    pub(super) async fn note_look(
        &self,
        look: &Look<'_>,
        part: &str,
        telling: Telling,
        withheld: CategorySet,
    ) -> Result<(), Error> {
        // First what names whose data it is: there its officer finds all of it.
        let mut leaves = self.leaves_of_entries(look, part, telling.entries)?;
        leaves.extend(telling.leaves);
        let mut leaves = by_event(leaves);
        let told = leaves.iter_mut().map(|leaf| {
            let told = std::mem::take(&mut leaf.told);
            let leaf = &*leaf;
            async move { self.note_new(&leaf.reading(look), &leaf.seen(), told).await }
        });
        let told = try_join_all(told).await?;
        let rest = leaves.iter().zip(told).filter(|(_, told)| !told);
        let mut notes: Vec<Note<'_>> = rest.map(|(leaf, _)| leaf.seen().note(&leaf.reading(look))).collect();
        let name = format!("{}/{part}", YouthName { youth: look.youth });
        let looked = || Entry::of(Event::Read, look.youth).by(look.caller).for_purpose(look.purpose);
        let bare = self.refusal(look, &name, withheld);
        let bare = bare.or_else(|| notes.is_empty().then(|| looked().of_what(&name)));
        notes.extend(bare.map(|entry| Note { entry, youth: look.youth, details: None }));
        self.note_all(notes, self.now()).await
    }

    fn leaves_of_entries(
        &self,
        look: &Look<'_>,
        part: &str,
        entries: BTreeMap<(YouthId, Party, bool), Decision>,
    ) -> Result<Vec<Leaf>, Error> {
        let mut leaves: BTreeMap<(YouthId, Option<AgencyId>), Leaf> = BTreeMap::new();
        for ((youth, holder, is_status), decision) in entries {
            let question = look.under(youth).question(&holder, is_status);
            let told = match question {
                Some(question) => {
                    let holds = decision.permitted();
                    self.owed_notice(About::Journey, holds, &question, &decision, look.now)?
                }
                None => None,
            };
            let discloser = (!look.is_own_side()).then_some(holder.agency);
            let key = (youth, discloser.clone());
            let (decision, earlier) = match leaves.remove(&key) {
                Some(leaf) => (leaf.decision.merged(decision), leaf.told),
                None => (decision, Vec::new()),
            };
            let name = format!("{}/{part}", YouthName { youth });
            let told = earlier.into_iter().chain(told).collect();
            leaves.insert(key, Leaf { youth, name, purpose: look.purpose, decision, discloser, told });
        }
        Ok(leaves.into_values().collect())
    }
}

/// With everything that is one event in the first leaf that tells of it.
fn by_event(leaves: Vec<Leaf>) -> Vec<Leaf> {
    let mut noted: Vec<Leaf> = Vec::new();
    for mut leaf in leaves {
        let mut own = Vec::new();
        for shown in leaf.told {
            let is_part = |told: &Shown| told.is_one_event_with(&shown);
            let first =
                noted.iter_mut().find(|other| other.youth == leaf.youth && other.told.iter().any(is_part));
            match first {
                Some(first) => first.told.push(shown),
                None => own.push(shown),
            }
        }
        leaf.told = own;
        noted.push(leaf);
    }
    noted
}

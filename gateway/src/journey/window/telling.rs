//! Whose data does a look at a journey tell, and how is that written down?
//!
//! One leaf for what each agency's entries under one id tell: of those categories that were told, on those grounds. What the
//! young person's side sees passes from nobody to nobody, and is one leaf for each id.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use polku_policy::Decision;
use polku_proto::v1::DataCategory;
use polku_proto::{AgencyId, CategorySet, YouthId, YouthName};

use super::sight::{Look, Looks as _};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::{Lock, Reading, Seen, Shown};
use crate::store::About;

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Whether the registers of those whose data it is are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registers {
    Told,
    NotTold,
}

/// What has been told: under which id, of whose data, and whether it is what became of a referral.
#[derive(Default)]
pub(super) struct Telling(BTreeMap<(YouthId, AgencyId, bool), Decision>);

/// Whose data, whether they are what became of a referral, and why they were told.
type Parts<'a> = Vec<(&'a AgencyId, bool, &'a Decision)>;

impl Telling {
    /// One more part of the answer.
    pub(super) fn add(&mut self, youth: YouthId, agency: &AgencyId, category: i32, decision: &Decision) {
        let key = (youth, agency.clone(), CategorySet::named(category) == STATUS);
        let all = match self.0.remove(&key) {
            Some(earlier) => earlier.merged(decision.clone()),
            None => decision.clone(),
        };
        self.0.insert(key, all);
    }

    /// By id, and by agency where the reader is one.
    fn by_discloser(&self, look: &Look<'_>) -> BTreeMap<(YouthId, Option<&AgencyId>), Parts<'_>> {
        let mut parts: BTreeMap<_, Parts<'_>> = BTreeMap::new();
        for ((youth, agency, is_status), decision) in &self.0 {
            let discloser = (!look.is_own_side()).then_some(agency);
            parts.entry((*youth, discloser)).or_default().push((agency, *is_status, decision));
        }
        parts
    }
}

impl Gateway {
    /// Writes down what was told by this part of a journey, and puts the notices that it makes into the queue.
    pub(super) async fn note_entries(
        &self,
        look: &Look<'_>,
        part: &str,
        telling: &Telling,
        registers: Registers,
    ) -> Result<(), Error> {
        let leaves = telling.by_discloser(look).into_iter().map(|((youth, discloser), parts)| async move {
            let (mut decision, mut shown): (Option<Decision>, Vec<Shown>) = (None, Vec::new());
            for (agency, is_status, part) in parts {
                decision = Some(match decision {
                    Some(earlier) => earlier.merged(part.clone()),
                    None => part.clone(),
                });
                let question = look.at(youth).question(agency, is_status);
                if let Some(question) = question.filter(|_| registers == Registers::Told) {
                    let holds = part.permitted();
                    shown.extend(self.owed_notice(About::Journey, holds, &question, part, look.now)?);
                }
            }
            let Some(decision) = decision else { return Ok(()) };
            let name = format!("{}/{part}", YouthName { youth });
            let reading = Reading { caller: look.caller, youth, name: &name, lock: Lock::Free };
            let seen = Seen { purpose: look.purpose, decision: &decision, discloser };
            self.note_seen(&reading, &seen, shown).await
        });
        try_join_all(leaves).await.map(drop)
    }
}

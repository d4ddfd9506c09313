//! May an agency be asked what it holds? The question itself tells it that the requester deals with the young person.
//!
//! The consent or the law that lets the agency answer covers the question: nobody could be told anything otherwise. But
//! where the young person has prohibited that the agency is told of them, or the requester has no agreement with it, it is
//! not asked, and nobody learns why: it is left out as if it might tell nothing. When social services ask, their register
//! has to hold what the question tells (law 703/2023), as it holds every other disclosure of theirs.

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{Channel, Decision, Question, Reason, Sector, Viewer};
use polku_proto::v1::DataCategory;
use polku_proto::{AgencyId, CategorySet, Party, YouthId};

use super::sight::Look;
use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;
use crate::outbox::Told;
use crate::store::{About, Change, DeliveryItem};

/// Who the young person is, and that the requester deals with them.
const ASKING: CategorySet =
    CategorySet::of(&[DataCategory::IdentityContact, DataCategory::ServiceAttendance]);

impl Look<'_> {
    /// May this agency be told what a question tells it? Nothing: the young person's side asks, or the agency itself.
    fn asking(&self, agency: &AgencyId) -> Option<Question> {
        let Actor::Professional { .. } = self.caller.actor else { return None };
        if self.caller.agency == *agency {
            return None;
        }
        let channel = Channel { from: self.caller.party(), to: Party::whole(agency.clone()) };
        let question = Question::new(self.youth, channel, Viewer::Addressee, self.purpose, self.now);
        Some(Question { actor: self.caller.role(), ..question })
    }
}

impl Gateway {
    /// Whether nothing stands against asking this agency.
    pub(super) fn may_be_asked(&self, look: &Look<'_>, agency: &AgencyId) -> Result<bool, Error> {
        let Some(question) = look.asking(agency) else { return Ok(true) };
        let decision = self.heard(&question, ASKING)?;
        let stands_against = [Reason::Prohibited, Reason::NoAgreement];
        Ok(!decision.reasons().iter().any(|reason| stands_against.contains(reason)))
    }

    /// What the questions to these agencies tell them of the requester's data, as far as the requester's register has to
    /// hold it.
    pub(super) fn told_by_asking<'a>(
        &self,
        look: &Look<'_>,
        asked: impl Iterator<Item = (&'a AgencyId, &'a CategorySet)>,
    ) -> Result<Vec<Told>, Error> {
        let own = self.directory.agency(&look.caller.agency);
        if own.is_none_or(|own| own.sector != Sector::Social) {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for (agency, categories) in asked {
            let Some(question) = look.asking(agency) else { continue };
            let mut ground = self.heard(&question, ASKING)?;
            // What nothing of its own permits rests on what lets the agency answer.
            if ground.permitted().is_empty()
                && let Some(answer) = look.question(&Party::whole(agency.clone()), false)
            {
                ground = self.heard(&answer, *categories)?;
            }
            all.push(Told::by_asking(&question, ASKING, &ground, self.new_id(look.now)?, look.now));
        }
        Ok(all)
    }

    /// Queues the notices to the requester's own register of what so many questions tell, if it has a system for them.
    pub(super) fn notify_of_asking(
        &self,
        change: &mut Change,
        caller: &Caller,
        notices: usize,
        youth: YouthId,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !self.can_be_sent(&caller.agency, Matter::DisclosureNotice) {
            return Ok(());
        }
        for (index, _) in (0..).zip(0..notices) {
            let item = DeliveryItem::DisclosureNotice { leaf: change.leaf, index };
            let discloser = caller.agency.clone();
            change.enqueue.push(self.queued_delivery(About::Journey, youth, item, discloser, now)?);
        }
        Ok(())
    }

    fn heard(&self, question: &Question, asked: CategorySet) -> Result<Decision, Error> {
        let decision = self.engine().decide(&self.index(), asked, question);
        check_decided(&decision)?;
        Ok(decision)
    }
}

//! An address is protected: who is alerted that it was to be told?
//!
//! The agency that both has had it protected and discloses (domain.md, P8): its own referral says where the young person
//! lives, is reached or is met, though it knows of the protection. That is one task for a referral that is sent without
//! it, one for each open referral that had it when the protection began, and one, until somebody looks, for all that were
//! refused because the recipient needs it. Nobody else is alerted: to another discloser the task would tell that the
//! address is protected, and to another protector, which anybody may be, that somebody deals with the young person. The
//! young person reads of both in `ListDisclosures`.

use jiff::Timestamp;
use polku_policy::{Decision, Reason};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::{DataCategory, ReferralContent};
use polku_proto::{AgencyId, CategorySet, Disclose};

use super::about;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::machine::is_final;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{ReferralFilter, TaskWrite};

const PLACE: CategorySet = CategorySet::of(&[DataCategory::AddressContact]);

impl Gateway {
    /// The task of a sender who has had the address protected that this decision holds back; about the referral of
    /// this name, or about none where it is refused.
    pub(in crate::journey) async fn held_back(
        &self,
        caller: &Caller,
        person: &Person,
        (decision, referral): (&Decision, &str),
        now: Timestamp,
    ) -> Result<Option<TaskWrite>, Error> {
        let is_held_back =
            decision.reasons().contains(&Reason::AddressProtected) && PLACE.is_subset(decision.withheld());
        if !is_held_back || !self.has_protected(&caller.agency, person).await? {
            return Ok(None);
        }
        let is_known =
            !self.open_tasks(person, &caller.agency, Kind::AddressProtected, referral).await?.is_empty();
        if is_known {
            return Ok(None);
        }
        let follow_up = about(Kind::AddressProtected, referral.to_owned());
        self.new_task(person, caller.agency.clone(), follow_up, now).map(Some)
    }

    /// The tasks of whoever has an address protected from now on: one for each open referral of its own with a place.
    pub(in crate::journey) async fn protection_begins(
        &self,
        agency: &AgencyId,
        person: &Person,
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        let mut tasks = Vec::new();
        for id in self.ids_of(person.id) {
            let person = self.person(id).await?;
            tasks.append(&mut self.protection_begins_under(agency, &person, now).await?);
        }
        Ok(tasks)
    }

    async fn protection_begins_under(
        &self,
        agency: &AgencyId,
        person: &Person,
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        let mut tasks = Vec::new();
        let party = Some(agency.clone());
        let mut filter = ReferralFilter { party, youth: Some(person.id), before: None, limit: 100 };
        loop {
            let rows = self.store.referrals(&filter).await?;
            let Some(last) = rows.last() else { return Ok(tasks) };
            filter.before = Some((last.created, last.id));
            for row in rows.into_iter().filter(|row| row.sender == *agency && !is_final(row.state)) {
                let record = ReferralRecord::open(person, row)?;
                let name = record.name().to_string();
                let is_new = self.open_tasks(person, agency, Kind::AddressProtected, &name).await?.is_empty();
                if is_new && tells_a_place(&record) {
                    let follow_up = about(Kind::AddressProtected, name);
                    tasks.push(self.new_task(person, agency.clone(), follow_up, now)?);
                }
            }
        }
    }
}

/// Whether the referral, or an answer to a question about it, says where the young person lives, is reached or is met.
fn tells_a_place(record: &ReferralRecord) -> bool {
    let answers = record.message.information.iter().filter_map(|exchange| exchange.answer.as_ref());
    let mut contents = record.message.content.iter().chain(answers);
    contents.any(|content: &ReferralContent| PLACE.is_subset(content.categories()))
}

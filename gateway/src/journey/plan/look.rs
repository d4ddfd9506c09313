//! What if something else of a plan may be seen, though nobody has changed it?
//!
//! Whoever gives a permission or takes one back, and whoever records a legal status, has it looked at at once. A
//! permission that begins or ends by time has nobody who calls: each plan says when time alone may next change what one of
//! its parties sees, and a sweep looks then. It also does what a crash has left. Who is told, and what, is kept with a
//! revision of the plan in one commit: so everybody is told once, whoever looks. Whoever was asked whether two items are
//! the same, and does not see both any more, is not asked any more.

use jiff::Timestamp;
use polku_proto::YouthId;
use serde_json::json;

use super::record::{Author, PlanRecord};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::Change;
use crate::trail::Entry;

impl Gateway {
    /// The same as [`Gateway::tell_permissions`], by itself.
    pub(in crate::journey) async fn look_at_plans(&self, youth: YouthId) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        self.tell_permissions(youth, self.now()).await
    }

    /// Tells whoever sees more or less of a person's plans by now, under whichever of their ids: those who watch them;
    /// and the systems of the parties, what there is for them in place of what they have, or that they hear no more.
    /// What waits to be sent is decided on again then in any case.
    pub(in crate::journey) async fn tell_permissions(
        &self,
        youth: YouthId,
        now: Timestamp,
    ) -> Result<(), Error> {
        for id in self.ids_of(youth) {
            self.tell_permissions_under(&self.person(id).await?, now).await?;
        }
        Ok(())
    }

    async fn tell_permissions_under(&self, person: &Person, now: Timestamp) -> Result<(), Error> {
        for row in self.store.plans_of(person.id).await? {
            let before = PlanRecord::open(person, row)?;
            let mut after = before.clone();
            let mut change = Change::announced_by(0);
            let looks = self.looks(Some(&before), &after, now)?;
            let any_system = self.tell_systems(person, &mut after, &looks, &mut change, now).await?;
            let mut tasks = Vec::new();
            self.offer_duplicates(person, Some(&before), &mut after, &mut tasks, now)?;
            let any_offer = after.kept.offer_next != before.kept.offer_next;
            let any_watcher = looks.tell_watchers(Some(&before), &mut after, &mut change, now);
            self.close_moot_tasks(person, &mut after, &mut tasks, now).await?;
            self.follow_clashes(person, &after, &mut tasks, now).await?;
            if !any_system && !any_watcher && !any_offer && tasks.is_empty() {
                self.store.look_at_plan(after.row.id, before.row.revision, after.row.look_at).await?;
                continue;
            }
            after.kept.author = Some(Author::default());
            // Those of the revision before have been told with it.
            after.kept.clashes.clear();
            let details = json!({"plan": after.name().to_string(), "method": "permissions"});
            let entry = Entry::of(Event::PlanChange, person.id);
            let announced = self.announce(entry, person, &details, now).await?;
            change.leaf = announced.receipt.sequence;
            change.detail = announced.detail;
            change.tasks = tasks;
            change.plans.push(after.next_revision(person, Some(before.row.revision), now)?);
            self.commit(change).await?;
        }
        Ok(())
    }
}

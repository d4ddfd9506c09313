//! Does a plan that is older than the ids that it keeps know which ones were used?

use polku_proto::v1::{DataCategory, Plan, PlanNeed, PlanPart, PlanSection, Purpose};
use polku_proto::{PlanId, YouthName};
use serde_json::json;
use uuid::Uuid;

use super::world::{ADULT, SOSIAALI, TE, World};
use crate::audit::Event;
use crate::journey::{Kept, PlanRecord};
use crate::plan::{UsedIds, YOUTH};
use crate::store::{Change, PlanRow};
use crate::trail::Entry;

fn part(needs: &[&str]) -> PlanPart {
    let need = |id: &&str| PlanNeed {
        id: (*id).to_owned(),
        category: DataCategory::JointPlan.into(),
        ..PlanNeed::default()
    };
    PlanPart { owner: YOUTH.to_owned(), needs: needs.iter().map(need).collect(), ..PlanPart::default() }
}

#[tokio::test]
async fn an_older_plan_has_used_what_stood_in_its_revisions() {
    let world = World::open(polku_adapters::Redelivery::Deduplicates).await;
    let name: YouthName = world.identify(ADULT).await.parse().unwrap();
    let person = world.gateway.person(name.youth).await.unwrap();
    let now = world.gateway.now();
    let row = PlanRow {
        id: PlanId::from_uuid(Uuid::from_u128(8)),
        youth: name.youth,
        coordinator: SOSIAALI.parse().unwrap(),
        parties: Vec::new(),
        revision: 0,
        created: now,
        updated: now,
        ended: false,
        look_at: None,
        sealed: Vec::new(),
    };
    let parties = [SOSIAALI, TE].map(str::to_owned).to_vec();
    let plan = Plan {
        purpose: Purpose::EmploymentServices as i32,
        coordinator: SOSIAALI.to_owned(),
        ..Plan::default()
    };
    let mut record = PlanRecord { row, kept: Kept { plan: Some(plan), parties, ..Kept::default() } };
    let mut before = None;
    let stages = [part(&["te:n1"]), part(&["te:n1", "n2"]), part(&["n2"]), part(&[])];
    for part in stages.clone() {
        let section = PlanSection { part: Some(part), ..PlanSection::default() };
        record.kept.plan.as_mut().unwrap().sections = vec![section];
        let write = record.next_revision(&person, before, now).unwrap();
        before = Some(record.row.revision);
        let entry = Entry::of(Event::ReferralChange, person.id);
        let announced = world.gateway.announce(entry, &person, &json!({}), now).await.unwrap();
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.plans.push(write);
        world.gateway.commit(change).await.unwrap();
    }
    let record = world.gateway.with_used_ids(&person, record).await.unwrap();
    let mut used = UsedIds::default();
    // Nothing is there any more of the last but one; and before that, of the one before it.
    for stage in stages[..3].iter().rev() {
        used.note(stage, &stages[3]);
    }
    let found = used.whole();
    assert!(record.kept.used == found);
    assert!(record.kept.used.is_whole(), "it is not looked through again");
    // Nor for a trial, which keeps nothing of it; but of another revision it is.
    world.tamper("UPDATE plan_revision SET sealed = x'00'");
    let mut older = PlanRecord { row: record.row, kept: Kept { used: UsedIds::default(), ..record.kept } };
    let again = world.gateway.with_used_ids(&person, older.clone()).await.unwrap();
    assert!(again.kept.used == found);
    older.row.revision += 1;
    assert!(world.gateway.with_used_ids(&person, older).await.is_err());
}

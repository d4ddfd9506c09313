//! Does a joint plan come to be the same for both who change it?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use polku_proto::PlanName;
use polku_proto::v1::{
    AddPlanPartyRequest, CreatePlanRequest, DataCategory, GetPlanRequest, GoalState, MergePlanRequest, Plan,
    PlanGoal, PlanPart, PlanState, Worker,
};
use polku_tests::checks::Made;
use polku_tests::world::{OHJAAMO, TE};

use crate::day::People;
use crate::people::{PURPOSE, YOUTHS};

const SHARED: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceAttendance, DataCategory::JointPlan];

/// The sections that are changed, and by which caller.
const SECTIONS: [(&str, usize); 2] = [("youth", 0), (TE, 2)];

/// The joint plan of one young person. Clones are the same plan.
#[derive(Clone)]
pub(crate) struct JointPlan {
    name: String,
    /// By section: how often it was changed, and which change was acknowledged last.
    written: Arc<Mutex<BTreeMap<&'static str, (u64, u64)>>>,
    /// Whoever changes a section waits for the answer.
    alone: Arc<BTreeMap<&'static str, tokio::sync::Mutex<()>>>,
}

fn text(number: u64) -> String {
    format!("tavoite-{number}.")
}

/// The guidance point begins the plan, and asks the employment services in.
pub(crate) async fn begin(people: &People) -> JointPlan {
    let youth = people.youths[YOUTHS].clone();
    for (caller, from, to) in [(0, OHJAAMO, TE), (2, TE, OHJAAMO)] {
        people.consent(caller, &youth, (from, to), &SHARED).await;
    }
    let request = CreatePlanRequest {
        request_id: people.id(),
        youth,
        purpose: PURPOSE as i32,
        responsible_worker: Some(Worker {
            id: "ohjaaja-0".into(),
            name: "Ohjaaja Nolla".into(),
            ..Worker::default()
        }),
        replaces: String::new(),
    };
    let created = people
        .insist(0, |mut client| {
            let request = request.clone();
            async move { Ok(client.plan.create_plan(request).await?.into_inner()) }
        })
        .await
        .unwrap();
    let begun = created.plan.unwrap();
    let name = begun.name;
    let id: PlanName = name.parse().unwrap();
    people.acknowledged(created.receipt, Made::Plan(id.plan));
    let request = AddPlanPartyRequest {
        request_id: people.id(),
        name: name.clone(),
        party: TE.into(),
        etag: begun.etag,
    };
    people
        .insist(0, |mut client| {
            let request = request.clone();
            async move { Ok(client.plan.add_plan_party(request).await?.into_inner()) }
        })
        .await
        .unwrap();
    let alone = SECTIONS.map(|(owner, _)| (owner, tokio::sync::Mutex::new(()))).into();
    JointPlan { name, written: Arc::default(), alone: Arc::new(alone) }
}

fn section(plan: &Plan, owner: &str) -> PlanPart {
    let mut parts = plan.sections.iter().filter_map(|section| section.part.clone());
    parts.find(|part| part.owner == owner).unwrap_or_else(|| PlanPart {
        owner: owner.to_owned(),
        state: PlanState::Draft as i32,
        ..PlanPart::default()
    })
}

impl JointPlan {
    /// Somebody writes the next number into a goal of the own section.
    pub(crate) async fn change(&self, people: &People) {
        let (owner, caller) = *people.chance.pick(&SECTIONS);
        let _alone = self.alone[owner].lock().await;
        let seen = self.read(people, caller).await;
        let number = {
            let mut written = self.written.lock().unwrap();
            let (tried, _) = written.entry(owner).or_default();
            *tried += 1;
            *tried
        };
        let mut part = section(&seen, owner);
        part.goals = vec![PlanGoal {
            id: "g1".into(),
            category: DataCategory::JointPlan as i32,
            text: text(number),
            state: GoalState::Proposed as i32,
            ..PlanGoal::default()
        }];
        let request = MergePlanRequest {
            request_id: people.id(),
            name: self.name.clone(),
            etag: seen.etag,
            sections: vec![part],
            validate_only: false,
            found_in: None,
        };
        let merged = people
            .insist(caller, |mut client| {
                let request = request.clone();
                async move { Ok(client.plan.merge_plan(request).await?.into_inner()) }
            })
            .await;
        match merged {
            Ok(merged) if merged.conflicts.is_empty() => {
                self.written.lock().unwrap().entry(owner).or_default().1 = number;
                people.town.book.open().counts.merges += 1;
                people.town.book.note(format!("{owner} has changed the plan to {number}"));
            }
            Ok(_) => people.town.book.open().violate(format!("I8: {owner} clashes with itself")),
            Err(status) => {
                people.town.book.open().violate(format!("I8: {owner} is refused: {status:?}"));
            }
        }
    }

    async fn read(&self, people: &People, caller: usize) -> Plan {
        let request = GetPlanRequest { name: self.name.clone() };
        let plan = people.insist(caller, |mut client| {
            let request = request.clone();
            async move { Ok(client.plan.get_plan(request).await?.into_inner()) }
        });
        plan.await.unwrap()
    }

    /// I8: both see the same, and it is what was acknowledged last.
    pub(crate) async fn check(&self, people: &People) {
        let views = [self.read(people, 0).await, self.read(people, 2).await];
        let written = self.written.lock().unwrap().clone();
        for (owner, (_, acknowledged)) in written {
            let expected = if acknowledged == 0 { Vec::new() } else { vec![text(acknowledged)] };
            for (view, reader) in views.iter().zip([OHJAAMO, TE]) {
                let goals: Vec<String> =
                    section(view, owner).goals.into_iter().map(|goal| goal.text).collect();
                if goals != expected {
                    let said = format!("I8: {reader} sees {goals:?} of {owner}, expected {expected:?}");
                    people.town.book.open().violate(said);
                }
            }
        }
    }
}

//! Does what an agency's system makes of a delivery come in, whatever has become of the answer to that?

use std::time::Duration;

use polku_gateway::clock::{Clock as _, SystemClock};
use polku_proto::v1::PlanPart;
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::TE;

use super::super::systems::{hears, office_plan, takes};
use super::super::table::*;
use super::History;
use super::cast::text;
use crate::stage::Stage;

impl History {
    /// A professional of the office changes its section here, the answer of its system to that may be lost, and the system
    /// goes on from what it has been delivered: what it says then stands, or somebody is asked.
    pub(super) async fn office_answers(&mut self, stage: &Stage) {
        let (te, plan, system) = (self.cast.client(stage, 1), self.cast.plan.clone(), &stage.world.te);
        self.count += 2;
        let (here, there) = (text(TE, 9, self.count - 1), text(TE, 9, self.count));
        if self.numbers.below(2) == 0 {
            system.control().faults().once_on(Operation::Plan, Fault::ResetAfterEffect);
        }
        let id = "toimisto";
        let written = edit(&te, &plan, TE, |part| {
            part.goals.retain(|goal| goal.id != id);
            part.goals.push(goal(id, &here));
        });
        let written = written.await.unwrap();
        self.hold(1, &written);
        if !written.conflicts.is_empty() {
            return;
        }
        self.acknowledged.insert(here.clone());
        hears(system.ledger(), &plan, TE, &here).await;
        // What is settled only later comes over what it said before: in doubt somebody is asked.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut part = section(&read(&te, &plan).await.unwrap(), TE);
        part.goals.iter_mut().filter(|goal| goal.id == id).for_each(|goal| goal.text.clone_from(&there));
        let seconds = SystemClock.now().as_second();
        let word = PlanPart {
            plan: String::new(),
            owner: String::new(),
            reference: office_plan("").reference,
            revision: self.count,
            update_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            redacted: false,
            ..part
        };
        takes(stage, self.cast.identity_code, word).await;
        let asked = async || {
            let waiting = tasks(&te).await.unwrap();
            waiting.iter().any(|task| said(task).contains(&there))
        };
        let stands =
            section(&read(&te, &plan).await.unwrap(), TE).goals.iter().any(|goal| goal.text == there);
        assert!(stands || asked().await, "what the office's system has said is lost");
        self.answered += usize::from(stands);
    }
}

//! What was done with a plan beside writing in its sections' parts?

use std::collections::{BTreeMap, HashMap};

use polku_proto::v1::{
    MeetingRecord, Plan, PlanActivity, PlanLink, PlanPart, PlanSection, PlanSource, StarReading,
    WhoqolReading, plan_activity::Kind,
};
use prost_types::Timestamp;

use super::YOUTH;
use super::section::{owner_of, section_of};

/// One thing that was done, and whose section tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The owner of the section that it is told with; what belongs to no section is told as the young person's is.
    pub owner: String,
    /// What was done.
    pub activity: PlanActivity,
}

/// Tells what is different between two views of a plan by one reader, so that nothing shows that neither of them does.
/// Without a view before, the plan was begun. `accepted` is the time when the young person accepted the later one.
#[must_use]
pub fn activities(before: Option<&Plan>, after: &Plan, accepted: Option<Timestamp>) -> Vec<Activity> {
    let mut found = Activities { all: Vec::new() };
    let Some(before) = before else {
        let responsible_worker = after.responsible_worker.clone();
        let begun = PlanActivity { responsible_worker, ..about(Kind::Begun, &after.coordinator) };
        found.add(YOUTH, begun);
        return found.all;
    };
    found.of_plan(before, after);
    found.of_agreement(before, after, accepted);
    found.of_links(&before.links, &after.links);
    let nothing = PlanSection::default();
    for section in &after.sections {
        found.of_section(section_of(before, owner_of(section)).unwrap_or(&nothing), section);
    }
    found.all
}

struct Activities {
    all: Vec<Activity>,
}

impl Activities {
    fn add(&mut self, owner: &str, activity: PlanActivity) {
        self.all.push(Activity { owner: owner.to_owned(), activity });
    }

    fn of_plan(&mut self, before: &Plan, after: &Plan) {
        let is_handed_over = before.coordinator != after.coordinator;
        // Also to another worker of the same agency.
        if is_handed_over || before.responsible_worker != after.responsible_worker {
            let responsible_worker = after.responsible_worker.clone();
            let kind = Kind::Transferred;
            self.add(YOUTH, PlanActivity { responsible_worker, ..about(kind, &after.coordinator) });
        }
        if !is_handed_over {
            // Who hands the plan over does not see the parties any more, and they stay.
            for gone in before.parties.iter().filter(|party| !after.parties.contains(party)) {
                self.add(YOUTH, about(Kind::PartyRemoved, gone));
            }
            for new in after.parties.iter().filter(|party| !before.parties.contains(party)) {
                self.add(YOUTH, about(Kind::PartyAdded, new));
            }
        }
        if before.step != after.step {
            let (kind, item) = match &after.step {
                Some(step) => (Kind::StepFlagged, Some(step)),
                None => (Kind::StepUnflagged, before.step.as_ref()),
            };
            let owner = item.map_or("", |item| item.owner.as_str());
            self.add(YOUTH, PlanActivity { item: item.cloned(), ..about(kind, owner) });
        }
    }

    /// What leads from a draft on, and what the state has become by it.
    fn of_agreement(&mut self, before: &Plan, after: &Plan, accepted: Option<Timestamp>) {
        let anew = after.accept_time.filter(|_| after.accept_time != before.accept_time);
        let changes = accepted.filter(|_| before.changed_since_acceptance && !after.changed_since_acceptance);
        if let Some(time) = anew.or(changes) {
            self.add(YOUTH, PlanActivity { time: Some(time), ..about(Kind::Accepted, YOUTH) });
        }
        for section in &after.sections {
            let was = section_of(before, owner_of(section));
            let was: HashMap<&str, Option<Timestamp>> = was
                .into_iter()
                .flat_map(|section| &section.commitments)
                .map(|one| (one.action.as_str(), one.acknowledge_time))
                .collect();
            let is_new = |action: &str| !was.get(action).is_some_and(Option::is_some);
            let owner = owner_of(section);
            let actions = section.part.as_ref().map(|part| part.actions.as_slice()).unwrap_or_default();
            // Who stands by it: in the young person's section whoever provides it.
            let mut latest: BTreeMap<&str, Timestamp> = BTreeMap::new();
            for one in section.commitments.iter().filter(|one| is_new(&one.action)) {
                let Some(time) = one.acknowledge_time else { continue };
                let action = actions.iter().find(|action| action.id == one.action);
                let provider = action.map(|action| action.provider.as_str()).filter(|_| owner == YOUTH);
                let known = latest.entry(provider.unwrap_or(owner)).or_insert(time);
                if (known.seconds, known.nanos) < (time.seconds, time.nanos) {
                    *known = time;
                }
            }
            for (party, time) in latest {
                self.add(owner, PlanActivity { time: Some(time), ..about(Kind::Acknowledged, party) });
            }
        }
        if before.state != after.state {
            let (former_state, state) = (before.state, after.state);
            self.add(YOUTH, PlanActivity { former_state, state, ..about(Kind::State, "") });
        }
    }

    fn of_links(&mut self, before: &[PlanLink], after: &[PlanLink]) {
        for (kind, links, others) in [(Kind::Unlinked, before, after), (Kind::Linked, after, before)] {
            for link in links.iter().filter(|link| !others.contains(link)) {
                self.add(YOUTH, PlanActivity { link: Some(link.clone()), ..about(kind, "") });
            }
        }
    }

    fn of_section(&mut self, before: &PlanSection, after: &PlanSection) {
        let owner = owner_of(after);
        // Whether there was a questionnaire before it follows from the days of the readings, which are told themselves.
        let same = |one: &MeetingRecord, other: &MeetingRecord| {
            let (questionnaire_before, missing) = (one.questionnaire_before, one.missing.clone());
            *one == MeetingRecord { questionnaire_before, missing, ..other.clone() }
        };
        let is_new = |record: &&MeetingRecord| !before.meetings.iter().any(|one| same(one, record));
        for meeting in after.meetings.iter().filter(is_new) {
            let meeting = Some(meeting.clone());
            self.add(owner, PlanActivity { meeting, ..about(Kind::MeetingRecorded, owner) });
        }
        let is_new = |reading: &&WhoqolReading| !before.questionnaires.iter().any(|one| one.id == reading.id);
        for questionnaire in after.questionnaires.iter().filter(is_new) {
            let questionnaire = Some(questionnaire.clone());
            self.add(owner, PlanActivity { questionnaire, ..about(Kind::Measured, owner) });
        }
        // When it was said last is no news.
        let word = |source: &PlanSource| {
            let part = source.part.clone().unwrap_or_default();
            PlanSource { part: Some(PlanPart { revision: 0, update_time: None, ..part }), ..source.clone() }
        };
        let known: Vec<PlanSource> = before.sources.iter().map(word).collect();
        for source in after.sources.iter().filter(|source| !known.contains(&word(source))) {
            let source = Some(source.clone());
            self.add(owner, PlanActivity { source, ..about(Kind::Source, owner) });
        }
        for comment in after.comments.iter().filter(|comment| !before.comments.contains(comment)) {
            let comment = Some(comment.clone());
            self.add(owner, PlanActivity { comment, ..about(Kind::Commented, owner) });
        }
        // The item that it was about is not there any more.
        for comment in before.comments.iter().filter(|comment| !after.comments.contains(comment)) {
            let comment = Some(comment.clone());
            self.add(owner, PlanActivity { comment, ..about(Kind::CommentRemoved, owner) });
        }
        let is_new = |reading: &&StarReading| !before.stars.iter().any(|one| one.id == reading.id);
        for star in after.stars.iter().filter(is_new) {
            let star = Some(star.clone());
            self.add(owner, PlanActivity { star, ..about(Kind::Measured, owner) });
        }
    }
}

fn about(kind: Kind, agency: &str) -> PlanActivity {
    PlanActivity { kind: kind.into(), agency: agency.to_owned(), ..PlanActivity::default() }
}

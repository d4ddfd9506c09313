//! Over what does the next word of an agency's own system come?
//!
//! Over what the system holds: what it has said last, or what has been delivered to it since. Only so does it tell what
//! has changed there. What is delivered is the section as a whole; each of the owner's plans holds what is in its room
//! (`source`).

use polku_proto::v1::{PlanPart, PlanSection, PlanSource};
use polku_proto::{CategorySet, Disclose as _};
use prost_types::Timestamp;

use super::source::{beside, reference_of};

/// Tells what each of the owner's plans holds once its own system has been delivered `told` of the section, as is known
/// at this time; it stands as their `update_time`. All else that a plan says of itself is as it has `said` last.
///
/// An item made here is held by the plan in whose room it is and under whose reference it was delivered: another plan
/// that does not say it has not removed it.
#[must_use]
pub fn held<'a>(
    section: &PlanSection,
    told: &PlanPart,
    said: impl Fn(&str) -> Option<&'a PlanPart>,
    time: Timestamp,
) -> Vec<PlanPart> {
    let unnamed = [PlanSource { leads: true, ..PlanSource::default() }];
    let sources = if section.sources.is_empty() { unnamed.as_slice() } else { &section.sources };
    let tags: Vec<&str> =
        sources.iter().map(|source| source.prefix.as_str()).filter(|tag| !tag.is_empty()).collect();
    let nothing = PlanPart {
        plan: told.plan.clone(),
        owner: told.owner.clone(),
        state: told.state,
        ..PlanPart::default()
    };
    let of = |source: &PlanSource| {
        let reference = reference_of(source);
        let last = said(reference).unwrap_or(&nothing);
        let is_in = |id: &str, has_said: bool| match source.prefix.as_str() {
            "" => (source.leads || has_said) && !tags.iter().any(|tag| id.starts_with(tag)),
            tag => id.starts_with(tag),
        };
        let mut items = told.clone();
        items.needs.retain(|one| is_in(&one.id, last.needs.iter().any(|other| other.id == one.id)));
        items.goals.retain(|one| is_in(&one.id, last.goals.iter().any(|other| other.id == one.id)));
        items.actions.retain(|one| is_in(&one.id, last.actions.iter().any(|other| other.id == one.id)));
        items.meetings.retain(|one| is_in(&one.id, last.meetings.iter().any(|other| other.id == one.id)));
        let mut held = PlanPart {
            plan: last.plan.clone(),
            reference: reference.to_owned(),
            revision: last.revision,
            redacted: last.redacted,
            consent_withdrawn: last.consent_withdrawn,
            standing: None,
            ..beside(if source.leads { told } else { last }, &items)
        };
        // A reference into another plan's room leads nowhere in this one.
        held.restrict(CategorySet::ALL);
        PlanPart { update_time: Some(time), ..held }
    };
    sources.iter().map(of).collect()
}

/// Keeps what a plan of an owner holds, with the revision of the joint plan that was `sent` at this time as its
/// `revision`. `said` tells what its system had said then, and what it has said last. A word that has come in between may
/// have been said before or after the delivery; where it does not tell that it was before, what is held stays as it was,
/// and so it does where a later revision has been delivered.
pub fn keep_held(all: &mut Vec<PlanPart>, new: PlanPart, sent: Timestamp, said: [Option<&PlanPart>; 2]) {
    let [then, last] = said;
    if then != last && !last.is_some_and(|last| is_before(last, Some(sent))) {
        return;
    }
    let is_same_plan = |one: &PlanPart| one.owner == new.owner && one.reference == new.reference;
    let place = all.iter().position(is_same_plan);
    let known = place.and_then(|place| all.get(place));
    if known.is_some_and(|known| known.revision >= new.revision) {
        return;
    }
    let is_said = last.is_some_and(|last| over(&new, last) == *last);
    if let Some(place) = place {
        all.remove(place);
    }
    if !is_said {
        all.push(new);
    }
}

/// Whether a word comes over what its plan was delivered, rather than over what it has said `last`: not the same word
/// once more, nor one of before that was known to be there, which may have been overtaken by it.
#[must_use]
pub fn comes_after(word: &PlanPart, last: &PlanPart, held: &PlanPart) -> bool {
    word != last && !is_before(word, held.update_time)
}

/// What is held, in place of the `last` word.
#[must_use]
pub fn over(held: &PlanPart, last: &PlanPart) -> PlanPart {
    PlanPart { revision: last.revision, update_time: last.update_time, ..held.clone() }
}

/// Whether the word says that it is older. To the second: not every system tells more.
fn is_before(word: &PlanPart, time: Option<Timestamp>) -> bool {
    word.update_time.zip(time).is_some_and(|(word, time)| word.seconds < time.seconds)
}

//! How do several plans of one agency's own system stand in one section?
//!
//! Each of them has its own room: the ids of items of every plan but the first begin with a tag of the plan, so that
//! equal ids of two plans are two items, and what one plan does not say any more takes nothing of another. What stands
//! beside the items there is once: it is what the first plan says that has not ended. What every plan says beside its
//! items is kept with the section ([`PlanSource`]).

use std::collections::HashSet;

use polku_proto::v1::{PlanPart, PlanSection, PlanSource};
use polku_proto::{CategorySet, Disclose};

use super::states::is_over;
use crate::audit::sha256;
use crate::hex::hex;

/// More plans of one owner's own system are refused: a plan of the next period is the place for them.
pub const MOST_SOURCES: usize = 20;

/// How long an id is at most.
const LONGEST_ID: usize = 64;

/// The word of one plan as it is to be merged into its section: over `base`, which stands for what the owner's own
/// system had said before, comes `ours`.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// What the owner's own system had said before.
    pub base: PlanPart,
    /// What it says now.
    pub ours: PlanPart,
}

/// With what the ids of items of this plan begin in the section: those of the first plan with nothing.
#[must_use]
pub fn source_prefix(section: Option<&PlanSection>, reference: &str) -> String {
    let sources = section.map(|section| section.sources.as_slice()).unwrap_or_default();
    match sources.iter().find(|source| reference_of(source) == reference) {
        Some(known) => known.prefix.clone(),
        None if sources.is_empty() => String::new(),
        None => format!("{}:", digest(reference, 8)),
    }
}

/// The plan with the ids that its items have in the section.
#[must_use]
pub fn tagged(part: &PlanPart, prefix: &str) -> PlanPart {
    let mut part = part.clone();
    if prefix.is_empty() {
        return part;
    }
    let tag = |id: &mut String| *id = tagged_id(prefix, id);
    part.needs.iter_mut().for_each(|need| tag(&mut need.id));
    for goal in &mut part.goals {
        tag(&mut goal.id);
        goal.needs.iter_mut().for_each(tag);
    }
    for action in &mut part.actions {
        tag(&mut action.id);
        if !action.goal.is_empty() {
            tag(&mut action.goal);
        }
    }
    part.meetings.iter_mut().for_each(|meeting| tag(&mut meeting.id));
    part
}

/// Notes what a plan of the owner's own system says beside its items, and tells what is to be merged into the section.
///
/// `before` and `now` are what the plan said last, or holds since, and says now, with the ids of the section; `said`
/// finds what any of the owner's plans said last, before this word, by its reference, or what it has been delivered
/// since. Which plan leads may change by it: the section then goes over from what the one said to what the other says,
/// and what was changed here in between clashes with that or stays.
#[must_use]
pub fn take_in<'a>(
    section: &mut PlanSection,
    prefix: String,
    (before, now): (&PlanPart, &PlanPart),
    said: impl Fn(&str) -> Option<&'a PlanPart>,
) -> Word {
    let led =
        section.sources.iter().find(|source| source.leads).map(|source| reference_of(source).to_owned());
    let mut part = beside(now, &PlanPart::default());
    if let Some(background) = &mut part.background {
        background.identity_code.clear();
    }
    let part = Some(part);
    match section.sources.iter_mut().find(|source| reference_of(source) == now.reference) {
        Some(source) => source.part = part,
        None => section.sources.push(PlanSource { prefix, part, leads: false }),
    }
    let runs = |source: &&PlanSource| source.part.as_ref().is_some_and(|part| !is_over(part.state()));
    let led_by = |source: &&PlanSource| led.as_deref() == Some(reference_of(source));
    let sources = &section.sources;
    let leads = sources.iter().find(|source| led_by(source) && runs(source));
    let leads = leads.or_else(|| sources.iter().find(runs));
    let leads = leads.or_else(|| sources.iter().find(led_by)).or_else(|| sources.first());
    let leads = leads.map(|source| reference_of(source).to_owned()).unwrap_or_default();
    for source in &mut section.sources {
        source.leads = reference_of(source) == leads;
    }
    let nothing = PlanPart { state: before.state, ..PlanPart::default() };
    let old = match led.as_deref() {
        None => Some(before),
        Some(led) => said(led),
    };
    let new = if leads == now.reference { Some(now) } else { said(&leads) };
    Word { base: beside(old.unwrap_or(&nothing), before), ours: beside(new.unwrap_or(now), now) }
}

/// Leaves of a section's sources what a reader sees anything of.
pub(super) fn show_sources(seen: &mut PlanSection, stored: &PlanSection, told: CategorySet) {
    let shown: HashSet<&str> = seen.part.iter().flat_map(ids).collect();
    let is_shown = |source: &PlanSource| {
        let part = source.part.as_ref();
        source.leads
            || part.is_some_and(|part| !Disclose::categories(part).is_subset(CategorySet::ENVELOPE))
            || (!source.prefix.is_empty() && shown.iter().any(|id| id.starts_with(&source.prefix)))
    };
    let is_any = !shown.is_empty() || !Disclose::categories(seen).is_subset(CategorySet::ENVELOPE);
    seen.sources.retain(|source| is_any && is_shown(source));
    let is_one = matches!(seen.sources.as_slice(), [only] if only.leads && only.prefix.is_empty());
    if is_one || stored.sources.len() < 2 {
        seen.sources.clear();
    }
    for part in seen.sources.iter_mut().filter_map(|source| source.part.as_mut()) {
        part.revision = 0;
        part.redacted = !super::view::is_everything(told);
        if part.redacted {
            part.update_time = None;
        }
    }
}

pub(super) fn reference_of(source: &PlanSource) -> &str {
    source.part.as_ref().map_or("", |part| part.reference.as_str())
}

/// What stands beside the items in the one, with the items of the other.
pub(super) fn beside(part: &PlanPart, items: &PlanPart) -> PlanPart {
    let PlanPart { needs, goals, actions, meetings, .. } = items.clone();
    PlanPart { needs, goals, actions, meetings, ..part.clone() }
}

fn ids(part: &PlanPart) -> impl Iterator<Item = &str> {
    let needs = part.needs.iter().map(|need| need.id.as_str());
    let goals = part.goals.iter().map(|goal| goal.id.as_str());
    let actions = part.actions.iter().map(|action| action.id.as_str());
    needs.chain(goals).chain(actions).chain(part.meetings.iter().map(|meeting| meeting.id.as_str()))
}

/// An id that would be too long ends with a digest of itself: two long ones that begin alike are still two.
fn tagged_id(prefix: &str, id: &str) -> String {
    if prefix.len() + id.len() <= LONGEST_ID {
        return format!("{prefix}{id}");
    }
    let begins: String = id.chars().take(20).collect();
    format!("{prefix}{begins}.{}", digest(id, 32))
}

fn digest(text: &str, letters: usize) -> String {
    hex(&sha256(&[text.as_bytes()])).chars().take(letters).collect()
}

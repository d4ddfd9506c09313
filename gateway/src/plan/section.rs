//! Whose is a section, and where in its plan does it stand?

use polku_proto::v1::{Plan, PlanPart, PlanSection};

use super::YOUTH;

/// Says whether anything is aimed at, or to be done, in what is seen of a plan.
#[must_use]
pub fn is_begun(seen: &Plan) -> bool {
    let mut parts = seen.sections.iter().filter_map(|section| section.part.as_ref());
    parts.any(|part| !part.goals.is_empty() || !part.actions.is_empty())
}

/// Whose section it is: an agency id, or [`YOUTH`].
#[must_use]
pub fn owner_of(section: &PlanSection) -> &str {
    section.part.as_ref().map_or("", |part| part.owner.as_str())
}

/// The section of an owner, if the plan has one.
#[must_use]
pub fn section_of<'a>(plan: &'a Plan, owner: &str) -> Option<&'a PlanSection> {
    plan.sections.iter().find(|section| owner_of(section) == owner)
}

/// What an owner has written, if the plan has a section of it.
#[must_use]
pub fn part_of<'a>(plan: &'a Plan, owner: &str) -> Option<&'a PlanPart> {
    section_of(plan, owner)?.part.as_ref()
}

/// Brings the sections in their order: the young person's own is first, the others are by agency id.
pub fn order_sections(plan: &mut Plan) {
    plan.sections.sort_by(|one, other| rank(one).cmp(&rank(other)));
}

fn rank(section: &PlanSection) -> (bool, &str) {
    let owner = owner_of(section);
    (owner != YOUTH, owner)
}

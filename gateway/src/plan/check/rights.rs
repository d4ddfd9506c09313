//! Whose is it to change?

use polku_proto::v1::PlanPart;
use polku_proto::{CategorySet, Disclose};

use super::size::author;
use super::{Edit, EditError, Editor, Fault};
use crate::plan::YOUTH;
use crate::plan::change::{Change, changes};
use crate::plan::path::{List, Path};
use crate::plan::view::is_everything;

/// What the young person's side alone changes in the young person's section.
const OF_THE_YOUNG_PERSON: [&str; 4] = ["state", "reference", "client_view", "responsible_worker"];

/// Checks that the editor may make every change.
pub(super) fn check(edit: &Edit<'_>) -> Result<(), EditError> {
    let Edit { editor, base, ours, .. } = *edit;
    let (agency, told) = match editor {
        Editor::Owner => return Ok(()),
        Editor::Coordinator | Editor::YoungPerson if ours.owner == YOUTH => return new_ids(base, ours),
        Editor::Coordinator | Editor::YoungPerson => ("", CategorySet::EMPTY),
        Editor::OtherParty { agency, told, .. } => (agency, told),
    };
    for change in changes(base, ours) {
        let path = Path::parse(&change.path).unwrap_or(Path::Field(""));
        let refusal = if ours.owner == YOUTH {
            refusal_of_other(&change, path, (agency, told), |id| edit.provides(id))
        } else {
            Some((Fault::NotOwned, "changes by the owner of the section alone"))
        };
        if let Some((fault, expected)) = refusal {
            return Err(EditError::new(fault, &ours.owner, path, expected));
        }
    }
    Ok(())
}

/// Whose an item of the young person's section is shows by its id.
fn new_ids(base: &PlanPart, ours: &PlanPart) -> Result<(), EditError> {
    for change in changes(base, ours).iter().filter(|change| change.before.is_none()) {
        if let Some(path @ Path::Item(_, id)) = Path::parse(&change.path)
            && !author(&ours.owner, id).is_empty()
        {
            let expected = "a new id without a colon: others' ids have one";
            return Err(EditError::new(Fault::Invalid, &ours.owner, path, expected));
        }
    }
    Ok(())
}

/// Why another party may not make a change in the young person's section.
///
/// What is asked here does not depend on what the party is not told: otherwise a refusal would tell it.
fn refusal_of_other(
    change: &Change,
    path: Path<'_>,
    (agency, told): (&str, CategorySet),
    provides: impl Fn(&str) -> bool,
) -> Option<(Fault, &'static str)> {
    let known = told.union(CategorySet::ENVELOPE);
    if change.after.as_ref().is_some_and(|after| !Disclose::categories(after).is_subset(known)) {
        return Some((Fault::NotTold, "what may be told to the editor"));
    }
    match path {
        Path::Field(field) if OF_THE_YOUNG_PERSON.contains(&field) => {
            Some((Fault::NotOwned, "changes by the young person or the responsible worker alone"))
        }
        Path::ItemField(List::Actions, id, "state") if !provides(id) => Some((
            Fault::NotOwned,
            "states moved by the young person, the responsible worker or the action's provider alone",
        )),
        // Whoever names itself could then move what others have undertaken.
        Path::ItemField(List::Actions, id, "provider")
            if names(change.after.as_ref(), id, agency)
                && !(is_of(id, agency) && names(change.before.as_ref(), id, "")) =>
        {
            Some((Fault::NotOwned, "a provider of another's action that is not the editor itself"))
        }
        // Removing it would end it, whatever its state.
        Path::Item(List::Actions, _) if change.after.is_none() => {
            Some((Fault::NotOwned, "actions removed by the young person or the responsible worker alone"))
        }
        // What refers to it, or what it refers to, may be hidden.
        Path::ItemField(List::Actions, _, "goal") | Path::ItemField(List::Goals, _, "needs")
            if !is_everything(told) =>
        {
            Some((Fault::NotOwned, "references changed by somebody who is told everything"))
        }
        Path::Item(..) if change.after.is_none() && !is_everything(told) => {
            Some((Fault::NotOwned, "items removed by somebody who is told everything"))
        }
        // An id that somebody else has chosen may be one that is not told.
        Path::Item(_, id) if change.before.is_none() && !is_of(id, agency) => {
            Some((Fault::Invalid, "a new id that begins with the editor's agency id and a colon"))
        }
        Path::Field(_) | Path::Background(_) | Path::Item(..) | Path::ItemField(..) => None,
    }
}

/// Whether an action of a section names this agency as its provider.
pub(super) fn names(part: Option<&PlanPart>, id: &str, agency: &str) -> bool {
    let mut actions = part.into_iter().flat_map(|part| &part.actions);
    actions.any(|action| action.id == id && action.provider == agency)
}

fn is_of(id: &str, agency: &str) -> bool {
    id.strip_prefix(agency).is_some_and(|rest| rest.strip_prefix(':').is_some_and(|rest| !rest.is_empty()))
}

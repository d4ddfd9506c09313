//! Whose is it to change?

use polku_proto::v1::PlanPart;
use polku_proto::{CategorySet, Disclose};
use uuid::Uuid;

use super::size::author;
use super::{Edit, EditError, Editor, Fault};
use crate::plan::YOUTH;
use crate::plan::change::{Change, changes};
use crate::plan::path::{List, Path};
use crate::plan::view::is_everything;

/// What the young person's side alone changes in the young person's section.
const OF_THE_YOUNG_PERSON: [&str; 4] = ["state", "reference", "client_view", "responsible_worker"];

/// What says when an action is done, and why it was not.
const SCHEDULE: [&str; 3] = ["start", "end", "reason"];

/// Why a change may not be made.
type Refusal = Option<(Fault, &'static str)>;

/// Checks that the editor may make every change.
pub(super) fn check(edit: &Edit<'_>) -> Result<(), EditError> {
    let Edit { editor, base, ours, told, .. } = *edit;
    let is_youth = ours.owner == YOUTH;
    let is_holder = match editor {
        Editor::Owner => true,
        Editor::Coordinator | Editor::YoungPerson => is_youth,
        Editor::OtherParty(_) => false,
    };
    if is_holder && !is_youth && is_everything(told) {
        return Ok(());
    }
    for change in changes(base, ours) {
        let path = Path::parse(&change.path).unwrap_or(Path::Field(""));
        let refusal = match editor {
            Editor::OtherParty(agency) if is_youth => refusal_of_untold(&change, path, edit)
                .or_else(|| refusal_of_other(&change, path, agency, edit)),
            _ if is_holder && is_youth => {
                refusal_of_untold(&change, path, edit).or_else(|| refusal_of_anothers(&change, path, edit))
            }
            _ if is_holder => refusal_of_untold(&change, path, edit),
            Editor::Owner | Editor::Coordinator | Editor::YoungPerson | Editor::OtherParty(_) => {
                Some((Fault::NotOwned, "changes by the owner of the section alone"))
            }
        };
        if let Some((fault, expected)) = refusal {
            return Err(EditError::new(fault, &ours.owner, path, expected));
        }
    }
    if is_holder && is_youth { new_ids(base, ours) } else { Ok(()) }
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

/// Why somebody who may not be told everything may not make a change, whoever they are.
///
/// What is asked here does not depend on what they are not told: otherwise a refusal would tell it.
fn refusal_of_untold(change: &Change, path: Path<'_>, edit: &Edit<'_>) -> Refusal {
    let known = edit.told.union(CategorySet::ENVELOPE);
    if change.after.as_ref().is_some_and(|after| !Disclose::categories(after).is_subset(known)) {
        return Some((Fault::NotTold, "what may be told to the editor"));
    }
    match path {
        // What refers to it, or what it refers to, may be hidden.
        Path::ItemField(List::Actions, _, "goal") | Path::ItemField(List::Goals, _, "needs")
            if !is_everything(edit.told) =>
        {
            Some((Fault::NotOwned, "references changed by somebody who is told everything"))
        }
        Path::Item(..) if change.after.is_none() && !is_everything(edit.told) => {
            Some((Fault::NotOwned, "items removed by somebody who is told everything"))
        }
        // An id that a colleague has chosen may be one that is not told. One that nobody can guess is none of these.
        Path::Item(_, id)
            if change.before.is_none() && !edit.fellows_told.is_subset(known) && !is_random(id) =>
        {
            Some((
                Fault::Invalid,
                "a new id that is a UUID, behind the agency id and a colon where there is one",
            ))
        }
        // It may have been removed, or be one that the editor has seen and does not see any more.
        Path::Item(list, id)
            if change.before.is_none() && !is_everything(edit.told) && edit.is_used(list, id) =>
        {
            Some((Fault::Duplicate, "a new id that no item of the section has had"))
        }
        Path::Field(_) | Path::Background(_) | Path::Item(..) | Path::ItemField(..) => None,
    }
}

/// Why the holder of the young person's section may not make a change: what a party has undertaken it moves itself.
///
/// Another provider is the holder's to state while the action is planned, but not along with the state: of the two that
/// are merged field by field one could clash. What has begun is its provider's, and what has ended is nobody else's doing.
fn refusal_of_anothers(change: &Change, path: Path<'_>, edit: &Edit<'_>) -> Refusal {
    match path {
        Path::ItemField(List::Actions, id, "state") if edit.is_undertaken_by_another(id) => {
            Some((Fault::NotOwned, "states of what a party has undertaken moved by that party alone"))
        }
        Path::ItemField(List::Actions, id, field) if SCHEDULE.contains(&field) => {
            refusal_of_anothers_schedule(id, edit)
        }
        Path::ItemField(List::Actions, id, "provider") if edit.is_begun_by_another(id) => {
            Some((Fault::NotOwned, "another provider of what a party has begun stated by that party alone"))
        }
        Path::ItemField(List::Actions, id, "provider") => refusal_of_late_provider(id, edit),
        Path::Item(List::Actions, id) if change.after.is_none() && edit.is_under_way_by_another(id) => {
            Some((Fault::NotOwned, "an action that its provider has ended before it is removed"))
        }
        Path::Field(_) | Path::Background(_) | Path::Item(..) | Path::ItemField(..) => None,
    }
}

/// When it is done, and why it was not, is for whoever has undertaken it to say, as how far it has come is.
fn refusal_of_anothers_schedule(id: &str, edit: &Edit<'_>) -> Refusal {
    let refusal =
        (Fault::NotOwned, "days and reasons of what a party has undertaken changed by that party alone");
    edit.is_known_of_another(id).then_some(refusal)
}

/// Whoever names a party in an action that has ended says for that party that it has ended it.
fn refusal_of_late_provider(id: &str, edit: &Edit<'_>) -> Refusal {
    let refusal = (Fault::NotOwned, "another party named as the provider before the action has ended");
    edit.gives_ended_to_another(id).then_some(refusal)
}

/// Why another party may not make a change in the young person's section.
///
/// The young person owns the goals, and what others have added is theirs: a party changes the words of it, and ends or
/// takes back what it has added itself. What is asked here does not depend on what the party is not told.
fn refusal_of_other(change: &Change, path: Path<'_>, agency: &str, edit: &Edit<'_>) -> Refusal {
    match path {
        Path::Field(field) if OF_THE_YOUNG_PERSON.contains(&field) => {
            Some((Fault::NotOwned, "changes by the young person or the responsible worker alone"))
        }
        Path::ItemField(List::Actions, id, "state") if !edit.provides(id) => Some((
            Fault::NotOwned,
            "states moved by the action's provider; where that is no party, by the young person or the responsible worker",
        )),
        Path::ItemField(List::Actions, id, field) if SCHEDULE.contains(&field) => {
            refusal_of_anothers_schedule(id, edit)
        }
        // Whoever names itself could then move what others have undertaken.
        Path::ItemField(List::Actions, id, "provider")
            if names(change.after.as_ref(), id, agency)
                && !(is_of(id, agency) && names(change.before.as_ref(), id, "")) =>
        {
            Some((Fault::NotOwned, "a provider of another's action that is not the editor itself"))
        }
        // It may have acknowledged it, be it so that the editor does not see that.
        Path::ItemField(List::Actions, id, "provider")
            if !["", agency].iter().any(|free| names(change.before.as_ref(), id, free)) =>
        {
            Some((
                Fault::NotOwned,
                "another provider stated by the young person, the responsible worker or the present provider alone",
            ))
        }
        Path::ItemField(List::Actions, id, "provider") => refusal_of_late_provider(id, edit),
        // Removing it would end it, whatever its state.
        Path::Item(List::Actions, _) if change.after.is_none() => {
            Some((Fault::NotOwned, "actions removed by the young person or the responsible worker alone"))
        }
        Path::Item(_, id) if change.after.is_none() && !is_of(id, agency) => Some((
            Fault::NotOwned,
            "items removed by the young person, the responsible worker or who has added them alone",
        )),
        Path::ItemField(List::Goals, id, "state") if !is_of(id, agency) => Some((
            Fault::NotOwned,
            "states moved by the young person, the responsible worker or who has added the goal alone",
        )),
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

/// A UUID, of the young person's section behind the agency id and a colon.
fn is_random(id: &str) -> bool {
    let own = id.rsplit_once(':').map_or(id, |(_, own)| own);
    Uuid::try_parse(own).is_ok_and(|uuid| matches!(uuid.get_version_num(), 4 | 7))
}

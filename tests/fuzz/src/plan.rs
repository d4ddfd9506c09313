//! What may parties to a joint plan want of a section, and what is always true of what becomes of it?

use jiff::Timestamp;
use polku_gateway::plan::{
    Choice, Edit, Editor, Fault, Grown, Merged, Origin, UsedIds, changes, check, check_stored, merge, resolve,
};
use polku_proto::v1::{Plan, PlanPart};
use polku_proto::{CategorySet, Disclose as _, Valid};
use prost::Message as _;

use crate::{Led, agencies};

/// Tries an input: a line that says who the editor is (`owner`, `coordinator`, `young` or another party), where the change
/// comes from (`call` or `import`) and the bits of the categories that the editor is told; then a `polku.v1.Plan`, of
/// which the sections are the one that was read, the one that is wanted and the one that is stored.
///
/// # Panics
/// Something is true of what comes of it that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let wish = || {
        let line = input.iter().position(|byte| *byte == b'\n')?;
        let mut words = std::str::from_utf8(&input[..line]).ok()?.split(' ');
        let editor = match words.next()? {
            "owner" => Editor::Owner,
            "coordinator" => Editor::Coordinator,
            "young" => Editor::YoungPerson,
            agency => Editor::OtherParty(agency),
        };
        let origin = match words.next()? {
            "call" => Origin::Call,
            "import" => Origin::Import,
            _ => return None,
        };
        Some((editor, origin, told(words.next()?.parse().ok()?), &input[line + 1..]))
    };
    let Some((editor, origin, told, plan)) = wish() else { return Led::Nowhere };
    let Ok(plan) = Plan::decode(plan) else { return Led::ToRefusal };
    let mut parts = plan.sections.into_iter().map(|section| section.part.unwrap_or_default());
    let (Some(base), Some(ours), Some(stored)) = (parts.next(), parts.next(), parts.next()) else {
        return Led::ToRefusal;
    };
    let now = agencies::now();
    if [&base, &ours, &stored].into_iter().any(|part| Valid::check(part.clone()).is_err())
        || [&base, &stored].into_iter().any(|part| check_stored(part, part, now).is_err())
    {
        return Led::ToRefusal;
    }
    let is_inside = changed(editor, origin, told, [&base, &ours, &stored], now);
    if is_inside { Led::Inside } else { Led::ToRefusal }
}

/// The categories of these bits, those that there are.
fn told(bits: u32) -> CategorySet {
    let numbers = CategorySet::ALL.to_wire().into_iter();
    let told: Vec<i32> = numbers.filter(|number| bits & (1 << number) != 0).collect();
    CategorySet::from_wire(&told).unwrap()
}

/// Says whether the change is let in.
fn changed(
    editor: Editor<'_>,
    origin: Origin,
    told: CategorySet,
    [base, ours, stored]: [&PlanPart; 3],
    now: Timestamp,
) -> bool {
    let mut base = base.clone();
    base.restrict(told);
    let base = &base;
    let none = Grown::default();
    let others = ["kela".to_owned(), "te".to_owned()];
    let used = UsedIds::default();
    let edit = Edit {
        editor,
        origin,
        told,
        fellows_told: told,
        others: &others,
        base,
        ours,
        stored,
        used: &used,
        now,
    };
    let Merged { part, clashes } = merge(base, base, stored, told, &none, now);
    assert!(part == *stored && clashes.is_empty(), "who changes nothing changes something");
    if check(&edit).is_err() {
        return false;
    }
    let merged = merge(base, ours, stored, told, &none, now);
    assert!(
        merged == merge(base, ours, stored, told, &none, now),
        "a merge comes to one thing, then to another"
    );
    is_sound(stored, &merged.part, now);
    let only = |categories: CategorySet, part: &PlanPart| {
        let mut part = part.clone();
        part.restrict(categories);
        PlanPart { redacted: false, ..part }
    };
    let changed = |categories| changes(&only(categories, stored), &only(categories, &merged.part));
    // Whatever is left out, the envelope stays, and everybody is told that.
    let touched = changed(CategorySet::ALL.difference(told)) != changed(CategorySet::EMPTY);
    assert!(!touched, "a change touches what its editor is not told");
    if base == stored {
        assert!(merged.clashes.is_empty(), "a change clashes with nothing");
        assert!(
            changes(&merged.part, ours).is_empty(),
            "a change that nothing stands against is not carried out"
        );
    }
    for clash in &merged.clashes {
        let stays = resolve(&merged.part, clash, Choice::Theirs, now);
        assert!(stays.as_ref() == Ok(&merged.part), "a clash is decided for what is there, and that changes");
        if let Ok(part) = resolve(&merged.part, clash, Choice::Ours, now) {
            is_sound(&merged.part, &part, now);
        }
    }
    true
}

/// It may be too much for one answer, and is refused for that later.
fn is_sound(before: &PlanPart, part: &PlanPart, now: Timestamp) {
    let fault = check_stored(before, part, now).err().map(|error| error.fault);
    assert!(fault.is_none_or(|fault| fault == Fault::TooLarge), "a section comes to what cannot be stored");
}

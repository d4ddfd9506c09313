//! What does the server do with what comes, and is it what it should do?

use std::collections::BTreeSet;

use polku_proto::v1::{Plan, PlanComment, PlanPart, PlanSection};
use polku_proto::{CategorySet, Disclose as _};

use super::book::{different, lies_in};
use super::{Answer, Message, Open, PARTIES, Sent, World, is_of};
use crate::plan::tests::any::{JOINT_PLAN, NOW, flat, resolve, told as told_of};
use crate::plan::{
    Choice, Clash, Edit, Editor, Grown, Origin, YOUTH, check, drop_loose_ends, merge, shown_side,
};

impl World {
    /// Takes a message in.
    pub(in crate::plan::tests) fn take(&mut self, message: &Message) -> Answer {
        match message {
            Message::Change(sent) => self.deliver(sent),
            Message::System(told) => self.import(told),
            Message::Delivery(delivered) => {
                self.arrives(delivered);
                Answer::Merged
            }
            Message::Arrival(delivered) => self.has_arrived(delivered),
        }
    }

    /// Takes a change in, and looks whether the section has changed as it should and no other way.
    pub(in crate::plan::tests) fn deliver(&mut self, sent: &Sent) -> Answer {
        let Sent { party, revision, read, ours } = sent;
        if !self.members[*party] {
            self.seen.away += 1;
            return Answer::Refused;
        }
        let then = self.view(*party, *revision);
        if then != **read {
            self.seen.stale += 1;
            return Answer::Stale;
        }
        let owner = ours.owner.as_str();
        let told = self.told(*party, owner);
        let present = self.view(*party, self.revisions.len() - 1);
        let grown = Grown::since(&then, &present, owner);
        let base = then.sections.iter().find(|section| is_of(section, owner));
        let base = base.and_then(|section| section.part.clone()).unwrap_or_default();
        let editor = match party {
            0 if owner == YOUTH => Editor::Coordinator,
            1 => Editor::YoungPerson,
            _ if owner == YOUTH => Editor::OtherParty(PARTIES[*party]),
            _ => Editor::Owner,
        };
        let answer = self.merge(*party, (editor, Origin::Call), (&base, ours), told, &grown);
        self.assert_takes_nothing_unread(*party, (&then, &present));
        answer
    }

    /// Nothing that a party sees and has not read goes with what it removes.
    pub(super) fn assert_takes_nothing_unread(&self, party: usize, (read, present): (&Plan, &Plan)) {
        let now = self.view(party, self.revisions.len() - 1);
        let comments = |plan: &Plan| -> Vec<PlanComment> {
            plan.sections.iter().flat_map(|section| section.comments.clone()).collect()
        };
        let (read_comments, left) = (comments(read), comments(&now));
        for comment in comments(present) {
            assert!(left.contains(&comment) || read_comments.contains(&comment), "removed unread");
        }
        for link in &present.links {
            assert!(now.links.contains(link) || read.links.contains(link), "unlinked unread");
        }
        assert!(now.step == present.step || read.step == present.step, "unflagged unread");
    }

    pub(super) fn merge(
        &mut self,
        party: usize,
        (editor, origin): (Editor<'_>, Origin),
        (base, ours): (&PlanPart, &PlanPart),
        told: CategorySet,
        grown: &Grown,
    ) -> Answer {
        let owner = ours.owner.as_str();
        let theirs = self.section(owner);
        let edit = |stored, used| {
            let (fellows_told, others, now) = (told, &[], NOW);
            check(&Edit { editor, origin, told, fellows_told, others, base, ours, stored, used, now })
        };
        let checked = edit(&theirs, &self.used);
        // The same is refused as if what is hidden was removed.
        let mut less = theirs.clone();
        less.restrict(told);
        let mut gone = self.used.clone();
        gone.note(&theirs, &less);
        assert_eq!(checked, edit(&less, &gone), "what is hidden makes a difference");
        if let Err(error) = checked {
            Self::assert_names_no_more(&error.path, [base, ours]);
            self.seen.refused += 1;
            self.seen.used += usize::from(error.expected.ends_with("has had"));
            return Answer::Refused;
        }
        let merged = merge(base, ours, &theirs, told, grown, NOW);
        let alone = merge(base, ours, &theirs, told, &Grown::default(), NOW);
        self.seen.kept_back += merged.clashes.len().saturating_sub(alone.clashes.len());
        assert_is_this_change(base, ours, &theirs, &merged.part, &merged.clashes);
        let again = merge(base, ours, &merged.part, told, grown, NOW);
        assert!(again.part == merged.part, "merging twice is not merging once");
        assert!(
            again.clashes.is_empty() == merged.clashes.is_empty(),
            "the second time it clashes otherwise"
        );
        assert_sound(&merged.part);
        assert_same_of_less((base, ours, &theirs), told, grown, &merged.clashes);
        let mut numbered = Vec::new();
        for clash in merged.clashes {
            let shown = told_of(&clash, told);
            Self::assert_names_no_more(&shown.path, [base, ours]);
            for part in [&shown.base, &shown.ours, &shown.theirs] {
                self.assert_tells_no_more((party, self.revisions.len() - 1), &[base, ours], part);
            }
            self.seen.clashed += 1;
            numbered.push((self.ask(owner, &clash), clash));
        }
        self.book.note(base, ours, &numbered);
        self.store(merged.part);
        self.seen.merged += 1;
        Answer::Merged
    }

    /// The number of a clash. The same clash again is not asked again.
    fn ask(&mut self, owner: &str, clash: &Clash) -> usize {
        let same = self.open.iter().find(|open| open.owner == owner && open.clash == *clash);
        if let Some(same) = same {
            return same.number;
        }
        self.count += 1;
        self.open.push(Open { number: self.count, owner: owner.to_owned(), clash: clash.clone() });
        self.count
    }

    fn store(&mut self, part: PlanPart) {
        let before = self.section(&part.owner);
        self.used.note(&before, &part);
        for open in self.open.iter_mut().filter(|open| open.owner == part.owner) {
            open.clash.theirs = shown_side(&part, &open.clash.path, CategorySet::ALL);
        }
        let mut plan = self.now().clone();
        match plan.sections.iter_mut().find(|section| is_of(section, &part.owner)) {
            Some(section) => section.part = Some(part),
            None => plan.sections.push(PlanSection { part: Some(part), ..PlanSection::default() }),
        }
        drop_loose_ends(&mut plan);
        self.revisions.push(plan);
    }

    /// Decides an open clash. What cannot be carried out any more stays as it is.
    pub(in crate::plan::tests) fn decide(&mut self, [which, choice]: [u8; 2]) {
        let Some(place) = usize::from(which).checked_rem(self.open.len()) else { return };
        let Open { number, owner, clash } = self.open.remove(place);
        let before = self.section(&owner);
        let other = reworded(&clash, number);
        let choice = match choice % 3 {
            0 => Choice::Theirs,
            1 => Choice::Ours,
            _ => Choice::Other(&other),
        };
        let after = resolve(&before, &clash, choice).unwrap_or_else(|_| before.clone());
        assert_sound(&after);
        let removed = |path: &str| flat(&before).contains_key(path) && !flat(&after).contains_key(path);
        for (path, then, _) in different(&before, &after) {
            let is_reference = path.ends_with("/goal") || path.ends_with("/needs");
            let is_in = lies_in(&path, &clash.path);
            assert!(
                is_in || is_reference && removed(&clash.path),
                "{path} has changed by a decision on {}",
                clash.path
            );
            let is_as_it_was = flat(&clash.theirs).get(&path) == then.as_ref();
            assert!(is_as_it_was || !is_in, "{path} was decided over what nobody had seen");
        }
        self.book.decide(number, &before, &after);
        self.seen.decided += 1;
        if after != before {
            self.store(after);
        }
    }

    /// How many clashes wait for a decision.
    pub(in crate::plan::tests) fn open(&self) -> usize {
        self.open.len()
    }

    /// The places of a section that clashes which wait for a decision are about.
    pub(in crate::plan::tests) fn open_places(&self, owner: &str) -> BTreeSet<String> {
        let of = self.open.iter().filter(|open| open.owner == owner);
        of.map(|open| open.clash.path.clone()).collect()
    }
}

/// What somebody decides who wants neither.
fn reworded(clash: &Clash, number: usize) -> PlanPart {
    let mut other = clash.ours.clone();
    let owner = &clash.ours.owner;
    let text = |category| format!("{owner} {category} decided {number}.");
    let id = clash.path.split('/').nth(1).unwrap_or_default();
    other.needs.iter_mut().filter(|it| it.id == id).for_each(|it| it.text = text(it.category));
    other.goals.iter_mut().filter(|it| it.id == id).for_each(|it| it.text = text(it.category));
    other.actions.iter_mut().filter(|it| it.id == id).for_each(|it| it.text = text(it.category));
    if clash.path == "client_view" {
        other.client_view = text(JOINT_PLAN);
    }
    other
}

/// A section in which every reference leads to an item, no place stands twice, and nothing ends before its start.
fn assert_sound(part: &PlanPart) {
    let mut clean = part.clone();
    clean.restrict(CategorySet::ALL);
    assert!(clean == *part, "a reference leads nowhere");
    flat(part);
    for action in &part.actions {
        let (start, end) = (&action.start, &action.end);
        assert!(start.is_empty() || end.is_empty() || start <= end, "it ends before its start");
    }
}

/// The same clashes are told as if nothing was stored but what may be told.
fn assert_same_of_less(
    (base, ours, theirs): (&PlanPart, &PlanPart, &PlanPart),
    told: CategorySet,
    grown: &Grown,
    clashes: &[Clash],
) {
    let mut less = theirs.clone();
    less.restrict(told);
    let told =
        |clashes: &[Clash]| -> Vec<Clash> { clashes.iter().map(|clash| told_of(clash, told)).collect() };
    let of_less = merge(base, ours, &less, CategorySet::ALL, grown, NOW).clashes;
    assert!(told(&of_less) == told(clashes), "what is hidden makes a difference");
}

/// Nothing has changed but what this editor wanted and had read as it was stored; and all of it has, or clashes.
fn assert_is_this_change(
    base: &PlanPart,
    ours: &PlanPart,
    theirs: &PlanPart,
    merged: &PlanPart,
    clashes: &[Clash],
) {
    let [base, ours, theirs, merged] = [base, ours, theirs, merged].map(flat);
    let every: BTreeSet<&String> =
        base.keys().chain(ours.keys()).chain(theirs.keys()).chain(merged.keys()).collect();
    for path in every {
        let [base, ours, theirs, merged] = [&base, &ours, &theirs, &merged].map(|flat| flat.get(path));
        let clashes = clashes.iter().any(|clash| lies_in(path, &clash.path));
        if theirs != merged {
            assert!(base != ours, "{path} has changed and nobody wanted it");
            let is_wanted = ours == merged || clashes && theirs.is_none() && is_less(merged, ours);
            assert!(is_wanted, "{path} is not what was wanted");
            assert!(base == theirs, "{path} had changed and was overwritten");
        }
        if base != ours && merged != ours {
            assert!(clashes, "{path} was acknowledged and has not changed");
        }
    }
}

/// Whether a new goal has all needs that were wanted but those that somebody has removed.
fn is_less(merged: Option<&String>, ours: Option<&String>) -> bool {
    let ours: BTreeSet<&str> = ours.map(|ours| ours.split(' ').collect()).unwrap_or_default();
    merged.is_some_and(|merged| merged.split(' ').all(|named| ours.contains(named)))
}

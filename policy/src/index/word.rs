//! What has this person said to this question? All categories at once, as sets.

use jiff::Timestamp;
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{CategorySet, ConsentId};
use smallvec::SmallVec;

use super::entry::{Entry, Instrument, Numbers, PartyLists};
use super::{ConsentIndex, ENDLESS, GivenBy, Person, Prohibition, Standing, instant};
use crate::decision::BasisKind;
use crate::directory::Sector;
use crate::engine::SPECIAL;
use crate::question::{Origin, Question};

/// What is told both ways: a consent for the way there lets two agencies keep each other informed, and a prohibition of
/// either way stops it.
const BOTH_WAYS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// The categories that grants in force cover, by who gave them. A special category is among them only where the grant
/// names it explicitly.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given {
    pub(crate) own: CategorySet,
    pub(crate) guardian: CategorySet,
    pub(crate) representative: CategorySet,
}

/// What one person has said to one question, and what is known of them.
#[derive(Default)]
pub(crate) struct Word<'a> {
    /// What consents for the case cover.
    pub(crate) consents: Given,
    /// What permits to disclose cover.
    pub(crate) permits: Given,
    /// What a grant in force covers that names it explicitly.
    pub(crate) explicit: CategorySet,
    /// What a prohibition covers.
    pub(crate) prohibited: CategorySet,
    /// The grants in force that cover something of it.
    pub(crate) grounds: SmallVec<[GrantGround<'a>; 4]>,
    /// The next instant at which a grant begins or ceases to cover something that is not prohibited.
    pub(crate) edge: Option<Timestamp>,
    /// Beside their word.
    pub(crate) standing: Standing,
}

/// The sectors of the two sides, which say whose permits to disclose count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides {
    pub(crate) from: Option<Sector>,
    pub(crate) to: Option<Sector>,
}

/// A grant as the ground of a permission.
pub(crate) struct GrantGround<'a> {
    entry: &'a Entry,
    pub(crate) categories: CategorySet,
}

/// Which grants a question is about.
struct Match<'a> {
    lists: &'a PartyLists,
    purpose: Purpose,
    asked: CategorySet,
    from: Numbers,
    to: Numbers,
    sides: Sides,
}

impl ConsentIndex {
    /// Looks up what the person has said to the question about these categories. What they have prohibited, and what the
    /// law makes of their situation, holds under all of their ids; a grant under its own.
    pub(crate) fn word(&self, question: &Question, sides: Sides, asked: CategorySet) -> Word<'_> {
        let mut word = Word::default();
        self.read_word(question, sides, asked, &mut word);
        word
    }

    /// The same, filled in where it lies: a word is large, and to move it would cost as much as the look-up.
    pub(crate) fn read_word<'a>(
        &'a self,
        question: &Question,
        sides: Sides,
        asked: CategorySet,
        word: &mut Word<'a>,
    ) {
        let Some(person) = self.person(question.youth) else { return };
        word.standing = person.standing();
        word.prohibit(person, question);
        for (_, other) in self.others(question.youth, person) {
            word.standing.join(&other.standing(), &question.actor);
            word.prohibit(other, question);
        }
        let (from, to) = (&question.channel.from, &question.channel.to);
        let lists = &self.lists;
        let (from, to) = (lists.numbers(from), lists.numbers(to));
        let matching = Match { lists, purpose: question.purpose, asked, from, to, sides };
        let now = question.now.as_microsecond();
        let mut edge = ENDLESS;
        for entry in &person.grants {
            let covered = matching.covered(entry);
            if covered.is_empty() {
                continue;
            }
            // A grant that a prohibition makes idle changes no answer; its edge would give the prohibition away.
            if !covered.is_subset(word.prohibited) {
                edge = edge.min(entry.period.edge_after(now));
            }
            // The edge of one that has lapsed counts all the same, or it would tell of a birthday.
            if entry.period.holds(now) && !entry.has_lapsed(person.born, question.now) {
                word.take(entry, covered);
            }
        }
        word.edge = instant(edge);
    }
}

impl<'a> Word<'a> {
    fn prohibit(&mut self, person: &Person, question: &Question) {
        for prohibition in person.prohibitions() {
            self.prohibited.extend(prohibition.covered(question));
        }
    }

    fn take(&mut self, entry: &'a Entry, covered: CategorySet) {
        self.explicit.extend(covered.intersection(entry.explicit));
        let sufficient = covered.intersection(entry.sufficient());
        let given =
            if entry.instrument == Instrument::Consent { &mut self.consents } else { &mut self.permits };
        given.of(entry.given_by).extend(sufficient);
        self.grounds.push(GrantGround { entry, categories: sufficient });
    }
}

impl GrantGround<'_> {
    pub(crate) fn consent(&self) -> (ConsentId, u64) {
        (self.entry.id, u64::from(self.entry.version))
    }

    pub(crate) fn kind(&self) -> BasisKind {
        self.entry.kind()
    }

    pub(crate) fn given_by(&self) -> GivenBy {
        self.entry.given_by
    }

    /// Tells whether it names the category, if only among others: of a special one that does not suffice.
    pub(crate) fn names(&self, category: DataCategory) -> bool {
        self.entry.categories.contains(category)
    }
}

impl Match<'_> {
    /// The categories of a grant that the question is about, whenever it is in force.
    fn covered(&self, entry: &Entry) -> CategorySet {
        let categories = entry.categories.intersection(self.asked);
        if categories.is_empty() || !entry.purposes.contains(self.purpose) {
            return CategorySet::EMPTY;
        }
        let Sides { from, to } = self.sides;
        if entry.is_of(from) && self.goes(entry, self.from, self.to) {
            return categories;
        }
        let status = categories.intersection(BOTH_WAYS);
        if !status.is_empty() && entry.is_of(to) && self.goes(entry, self.to, self.from) {
            return status;
        }
        CategorySet::EMPTY
    }

    fn goes(&self, entry: &Entry, from: Numbers, to: Numbers) -> bool {
        self.lists.covers(entry.disclosers, from) && self.lists.covers(entry.recipients, to)
    }
}

impl Given {
    fn of(&mut self, given_by: GivenBy) -> &mut CategorySet {
        match given_by {
            GivenBy::Self_ => &mut self.own,
            GivenBy::Guardian => &mut self.guardian,
            GivenBy::Representative => &mut self.representative,
        }
    }
}

impl Entry {
    /// What the grant is a ground for: a special category has to be named explicitly (GDPR article 9(2)(a)).
    fn sufficient(&self) -> CategorySet {
        self.categories.difference(SPECIAL.difference(self.explicit))
    }

    /// Tells whether the grant is for data of this sector: a permit is for one care domain.
    fn is_of(&self, sector: Option<Sector>) -> bool {
        match self.instrument {
            Instrument::Consent => true,
            Instrument::SocialPermit => sector == Some(Sector::Social),
            Instrument::HealthPermit => sector == Some(Sector::Health),
            Instrument::Void => false,
        }
    }

    fn kind(&self) -> BasisKind {
        match self.instrument {
            Instrument::Consent => BasisKind::Consent,
            Instrument::SocialPermit | Instrument::HealthPermit | Instrument::Void => {
                BasisKind::DisclosurePermit
            }
        }
    }
}

impl Prohibition {
    /// The categories that the prohibition stops in the question.
    fn covered(&self, question: &Question) -> CategorySet {
        let categories = if self.categories.is_empty() { CategorySet::ALL } else { self.categories };
        let from = &question.channel.from.agency;
        let to = &question.channel.to.agency;
        let there = self.goes(from, to) && self.reaches(&question.origin);
        let back = self.goes(to, from) && self.reaches(&Origin::Unstated);
        match (there, back) {
            (true, _) => categories,
            (false, true) => categories.intersection(BOTH_WAYS),
            (false, false) => CategorySet::EMPTY,
        }
    }

    fn goes(&self, from: &polku_proto::AgencyId, to: &polku_proto::AgencyId) -> bool {
        (self.disclosers.is_empty() || self.disclosers.contains(from))
            && (self.recipients.is_empty() || self.recipients.contains(to))
    }

    /// Tells whether data of this origin are what the prohibition is for. As long as nobody says where they stem from,
    /// they are.
    fn reaches(&self, origin: &Origin) -> bool {
        let everything = self.service_tasks.is_empty() && self.documents.is_empty();
        match origin {
            Origin::Unstated => true,
            Origin::Stated { service_task: None, documents } if documents.is_empty() => true,
            Origin::Stated { service_task, documents } => {
                everything
                    || service_task.as_ref().is_some_and(|task| self.service_tasks.contains(task))
                    || documents.iter().any(|document| self.documents.contains(document))
            }
        }
    }
}

//! How do consents, agencies and rules become one answer?

mod agencies;
mod explain;
mod facts;
mod memo;
mod recorded;
mod rehearsal;
mod vocabulary;

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::DataCategory;
use polku_proto::{CategorySet, Disclose, Valid};
use smallvec::SmallVec;

use crate::decision::{Basis, BasisKind, Decision, Denied, Obligation, Outcome, Reason, earlier};
use crate::directory::{Directory, Sector};
use crate::index::{ConsentIndex, GivenBy, Sides, Word};
use crate::permit::Authorised;
use crate::question::{ActorRole, PurposeSet, Question, Reader, Viewer};
use crate::rules::{Action, Answer, Failed, RuleSays, Rules, digest};
use agencies::{Agencies, Ends, Side};
use facts::{Agreements, Common, Facts, disclosed, next_midnight};
use memo::Memo;
pub use recorded::{Change, Recorded, Replayed, Shift, difference, replay};
pub(crate) use vocabulary::ground_name;
use vocabulary::{Asking, Vocabulary};

/// The special categories of personal data (GDPR article 9) among the data categories.
pub const SPECIAL: CategorySet =
    CategorySet::of(&[DataCategory::HealthCapacity, DataCategory::QualityOfLife]);

/// What both parties of a matter hold anyway.
const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

/// The maker of decisions and permits. Its only state is a memory of what the rules have answered.
pub struct Engine {
    rules: Rules,
    directory: Directory,
    agencies: Agencies,
    vocabulary: Vocabulary,
    policy_digest: [u8; 32],
    memo: Option<Memo>,
}

/// Why an engine cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The schema of the rules does not have the facts that the engine supplies.
    #[error("the schema of the rules does not fit the engine")]
    SchemaUnfit(#[source] Box<cedar_policy::RequestValidationError>),
    /// A name that the engine uses is none in Cedar.
    #[error("a name cannot be written in the rules")]
    NameUnfit(#[source] Box<cedar_policy::ParseErrors>),
    /// An agency cannot be put into the words of the rules.
    #[error("an agency cannot be described to the rules")]
    AgencyUnfit(#[source] Box<cedar_policy::EntityAttrEvaluationError>),
    /// The schema of the rules does not have the agencies that the engine supplies.
    #[error("the agencies do not fit the schema of the rules")]
    AgenciesUnfit(#[source] Box<cedar_policy::entities_errors::EntitiesError>),
    /// There are more than 65,535 agencies.
    #[error("there are too many agencies")]
    TooManyAgencies,
    /// The facts cannot be put together.
    #[error("the facts cannot be supplied to the rules")]
    FactsUnfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine speaks of an agency that it has no place for.
    #[error("an agency has no place")]
    PlaceMissing,
    /// The rules fail on a question that is asked every day.
    #[error("the rules fail on an ordinary question")]
    RulesFail,
}

/// Why a request could not be put together.
enum Unfit {
    Schema(Box<cedar_policy::RequestValidationError>),
    Facts(Box<cedar_policy::ContextCreationError>),
    Record(Box<cedar_policy::ExpressionConstructionError>),
    NoAgency,
}

/// What the rules say to the categories of one question.
#[derive(Default)]
struct Said {
    groups: Groups,
    /// Why categories are forbidden.
    reasons: Answer,
    /// The categories that no rule says anything to.
    silent: CategorySet,
}

/// Which rules permit which categories: few groups, as most categories have the same grounds.
#[derive(Default)]
struct Groups(SmallVec<[(u64, CategorySet); 3]>);

impl Engine {
    /// Makes an engine, and tries every kind of question it can ask on the rules.
    ///
    /// # Errors
    ///
    /// Refuses rules whose schema does not take the facts that the engine supplies.
    pub fn new(rules: Rules, directory: Directory) -> Result<Engine, EngineError> {
        let vocabulary = Vocabulary::new()?;
        let agencies = Agencies::new(&directory, &rules, &vocabulary)?;
        let policy_digest = digest(&[&rules.digest(), directory.canonical().as_bytes()]);
        let memo = Some(Memo::default());
        let engine = Engine { rules, directory, agencies, vocabulary, policy_digest, memo };
        engine.rehearse()?;
        Ok(engine)
    }

    /// The same engine without its memory: every answer comes from the rules anew. For holding the one against the
    /// other.
    #[must_use]
    pub fn without_memory(self) -> Engine {
        Engine { memo: None, ..self }
    }

    /// Gives the agencies and their agreements.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Gives the rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Gives the SHA-256 of the rules, their schema, the ages and the directory. Another one means that answers may
    /// differ.
    #[must_use]
    pub fn policy_digest(&self) -> [u8; 32] {
        self.policy_digest
    }

    /// Decides what of the categories may be seen.
    ///
    /// The decision permits when at least one personal category is permitted, or when nothing personal was asked for
    /// and the matter is between known agencies. Beside personal categories of which none is permitted, the envelope
    /// can still be.
    pub fn decide(&self, index: &ConsentIndex, asked: CategorySet, question: &Question) -> Decision {
        self.decide_under(Agreements::OnFile, index, asked, question)
    }

    /// Decides as if the two agencies had an agreement on file: tells whether anything else stands against it. That is no
    /// permission, and is not remembered as something that was asked.
    pub fn decide_as_agreed(
        &self,
        index: &ConsentIndex,
        asked: CategorySet,
        question: &Question,
    ) -> Decision {
        self.decide_under(Agreements::Assumed, index, asked, question)
    }

    fn decide_under(
        &self,
        agreements: Agreements,
        index: &ConsentIndex,
        asked: CategorySet,
        question: &Question,
    ) -> Decision {
        let mut decision = self.blank(asked, question.now);
        decision.revision = Some(index.revision());
        let disclosed = disclosed(question.viewer);
        let personal = asked.difference(ENVELOPE);
        let ends = self.agencies.ends(&question.channel);
        let era = self.rules.era(question.now);
        // Word, what was said and decision are filled in where they are: to move them would cost as much as a look-up.
        let (mut word, mut said) = (Word::default(), Said::default());
        index.read_word(question, self.sides(ends), personal.intersection(disclosed), &mut word);
        match self.hear(agreements, personal, question, (ends, era), &word, &mut said) {
            Ok(()) => self.conclude(&mut decision, question, (ends, era), &word, &said),
            Err(Failed) => decision.refuse(Some(Reason::RulesFailed)),
        }
        decision
    }

    /// Makes the decision of what the rules have said to the personal categories.
    fn conclude(
        &self,
        decision: &mut Decision,
        question: &Question,
        (ends, era): (Ends, u8),
        word: &Word<'_>,
        said: &Said,
    ) {
        let asked = decision.asked;
        // Looked at only where it matters: most questions are about personal categories alone.
        let asks_envelope = asked.is_empty() || asked.contains(DataCategory::Envelope);
        let envelope_open = asks_envelope && sees_envelope(question.viewer, ends);
        if asked.contains(DataCategory::Envelope) {
            if envelope_open {
                decision.permitted.insert(DataCategory::Envelope);
            } else {
                decision.withheld.insert(DataCategory::Envelope);
                decision.reasons.push(Reason::UnknownAgency);
            }
        }
        let permitted = said.groups.permitted();
        decision.permitted.extend(permitted);
        decision.withheld.extend(asked.difference(ENVELOPE).difference(permitted));
        if said.reasons != Answer::default() {
            decision.reasons.extend(said.reasons.reasons());
        }
        let stands_against = !decision.reasons.is_empty();
        if !said.silent.is_empty() {
            decision.reasons.push(Reason::NoBasis);
        }
        let by_age = self.give_grounds(&said.groups, word, (question.viewer, ends), decision);
        // A guardian's view of a minor's data ends when the minor comes of age.
        let guardian_reads = question.viewer == Viewer::Subject && question.actor == ActorRole::Guardian;
        let by_age = by_age || (guardian_reads && !decision.bases.is_empty());
        decision.valid_until = self.bound(word, (question.now, era), by_age);
        let nothing_asked_is_open = asked.is_empty() && !envelope_open;
        if nothing_asked_is_open {
            decision.reasons.push(Reason::UnknownAgency);
        }
        let withheld_altogether = !asked.is_empty() && decision.permitted.is_empty();
        decision.outcome = if nothing_asked_is_open {
            Outcome::Denied
        } else if withheld_altogether || decision.nothing_personal() {
            if stands_against { Outcome::Denied } else { Outcome::NoConsent }
        } else {
            Outcome::Permitted
        };
        decision.normalise();
    }

    /// Decides whether the one agency of the channel may tell the other one these categories. Nothing counts as
    /// somebody's own word here: the status of a referral, which flows back, is asked about from the author's side.
    pub fn verify(&self, index: &ConsentIndex, asked: CategorySet, question: &Question) -> Decision {
        let told_to = |viewer, asked| self.decide(index, asked, &Question { viewer, ..question.clone() });
        let status = asked.intersection(disclosed(Viewer::Author));
        let content = asked.difference(status);
        if status.is_empty() {
            return told_to(Viewer::Addressee, content);
        }
        let back = told_to(Viewer::Author, status);
        if content.is_empty() { back } else { told_to(Viewer::Addressee, content).either(back) }
    }

    /// Decides on a payload and makes the permit: the payload cut down to what is permitted, for the one reader of the
    /// question.
    ///
    /// Asked for are the categories present in the payload and the required ones, present or not.
    ///
    /// # Errors
    ///
    /// [`Denied`] when something personal is asked for and nothing personal is permitted, when a required category is
    /// not permitted, and when there is an envelope and one of the two agencies is unknown.
    pub fn authorise<X: Disclose>(
        &self,
        index: &ConsentIndex,
        payload: Valid<X>,
        required: CategorySet,
        question: &Question,
    ) -> Result<Authorised<X>, Denied> {
        let mut payload = payload.into_inner();
        let decision = self.decide(index, payload.categories().union(required), question);
        if !required.is_subset(decision.permitted) {
            return Err(Denied::new(decision, Some(Reason::RequiredCategoryMissing)));
        }
        // Cutting down leaves the envelope where it is, so a payload with a withheld envelope must not pass at all.
        let envelope_withheld = decision.withheld.contains(DataCategory::Envelope);
        if decision.outcome != Outcome::Permitted || envelope_withheld {
            return Err(Denied::new(decision, None));
        }
        payload.restrict(decision.permitted);
        let about = Some((question.youth, index.moment()));
        Ok(Authorised::new(payload, question.reader(), PurposeSet::of(&[question.purpose]), decision, about))
    }

    /// Makes the permit of a shell that tells nothing about anybody, for authorised parts to be gathered in.
    ///
    /// # Errors
    ///
    /// [`Denied`] when the shell holds anything but an envelope, or the reader is an agency that is unknown.
    pub fn envelope<X: Disclose>(
        &self,
        shell: Valid<X>,
        reader: Reader,
        now: Timestamp,
    ) -> Result<Authorised<X>, Denied> {
        let shell = shell.into_inner();
        let mut decision = self.blank(shell.categories(), now);
        decision.permitted = decision.asked;
        if !self.knows_reader(&reader) {
            return Err(Denied::new(decision, Some(Reason::UnknownAgency)));
        }
        if !decision.asked.is_subset(ENVELOPE) {
            return Err(Denied::new(decision, Some(Reason::NoBasis)));
        }
        Ok(Authorised::new(shell, reader, PurposeSet::EMPTY, decision, None))
    }

    /// Asks the rules, or remembers what they have said to the same facts.
    fn hear(
        &self,
        agreements: Agreements,
        personal: CategorySet,
        question: &Question,
        (ends, era): (Ends, u8),
        word: &Word<'_>,
        said: &mut Said,
    ) -> Result<(), Failed> {
        let common = Common::of(question, ends, &word.standing, &self.agencies, era);
        let (common, memo) = match agreements {
            Agreements::OnFile => (common, self.memo.as_ref()),
            Agreements::Assumed => (common.agreed(), None),
        };
        let mut fresh = Vec::new();
        let remembered = memo.map(Memo::read);
        let answers = remembered.as_ref().map(|answers| answers.of(common.key()));
        for category in personal.iter() {
            let known = answers.and_then(|answers| answers.get(common.own_key(category, word)));
            let answer = match known {
                Some(answer) => answer,
                None => {
                    let facts = common.with(category, word);
                    let answer = self.ask(&facts)?;
                    fresh.push((facts, answer));
                    answer
                }
            };
            if answer.permits != 0 {
                said.groups.add(answer.permits, category);
            } else if answer.reasons != 0 {
                said.reasons.reasons |= answer.reasons;
            } else {
                said.silent.insert(category);
            }
        }
        drop(remembered);
        if let Some(memo) = memo {
            fresh.iter().for_each(|(facts, answer)| memo.put(facts, *answer));
        }
        Ok(())
    }

    /// Asks the rules about one category: on the law that stands above a prohibition, on the young person's word, and on any
    /// other law.
    fn ask(&self, facts: &Facts) -> Result<Answer, Failed> {
        let mut reasons = 0;
        let asking = self.asking(facts).map_err(|_| Failed)?;
        for action in Action::ALL {
            // A law tells an agency something; to the young person everything is open anyway.
            if action != Action::Disclose && !facts.disclosure {
                continue;
            }
            let request = asking.request(action).map_err(|_| Failed)?;
            let answer = self.rules.answer(action, &request, self.agencies.entities(), facts.era)?;
            if answer.permits != 0 {
                return Ok(Answer { reasons: 0, ..answer });
            }
            reasons |= answer.reasons;
        }
        Ok(Answer { permits: 0, reasons })
    }

    fn asking(&self, facts: &Facts) -> Result<Asking<'_>, Unfit> {
        self.vocabulary.asking(facts, &self.agencies)
    }

    /// Names the grounds of what is permitted, and what comes with them. Tells whether an age has a part in a ground.
    fn give_grounds(
        &self,
        groups: &Groups,
        word: &Word<'_>,
        (viewer, ends): (Viewer, Ends),
        decision: &mut Decision,
    ) -> bool {
        let mut by_age = false;
        for &(permits, categories) in &groups.0 {
            for note in self.rules.named(permits) {
                let RuleSays::Permits(kind) = note.says else { continue };
                let basis =
                    |consent| Basis { kind, rule: note.id.clone(), statute: note.statute.clone(), consent };
                decision.obligations.extend_from_slice(&note.obligations);
                match kind {
                    BasisKind::Consent | BasisKind::DisclosurePermit => {
                        let rests_on = word.grounds.iter().filter(|ground| {
                            ground.kind() == kind
                                && note.given_by.is_none_or(|given_by| given_by == ground.given_by())
                                && !ground.categories.intersection(categories).is_empty()
                        });
                        for ground in rests_on {
                            // What others give in somebody's place may end on a birthday.
                            by_age |= ground.given_by() != GivenBy::Self_;
                            decision.bases.push(basis(Some(ground.consent())));
                        }
                    }
                    BasisKind::Statute => {
                        by_age |= note.reads_ages;
                        decision.bases.push(basis(None));
                    }
                    BasisKind::OwnData => decision.bases.push(basis(None)),
                }
            }
        }
        let told = groups.permitted().intersection(disclosed(viewer));
        if told.is_empty() {
            return by_age;
        }
        if !decision.withheld.is_empty() {
            decision.obligations.push(Obligation::MarkRedacted);
        }
        // Data of social services that go to another controller outside the national archive (law 703/2023).
        let discloser = match viewer {
            Viewer::Addressee | Viewer::Subject => ends.from,
            Viewer::Author => ends.to,
        };
        if self.agencies.sector(discloser) == Some(Sector::Social) {
            decision.obligations.push(Obligation::DisclosureNotice);
        }
        by_age
    }

    /// Finds the instant at which time alone may change the answer.
    ///
    /// Where an age has a part in what is open, that is the next midnight at the latest, whenever the birthday is: an
    /// answer that held until the birthday would give it away.
    fn bound(&self, word: &Word<'_>, (now, era): (Timestamp, u8), by_age: bool) -> Option<Timestamp> {
        let midnight = if by_age { next_midnight(now) } else { None };
        earlier(earlier(word.edge, midnight), self.rules.next_edge(era))
    }

    fn sides(&self, ends: Ends) -> Sides {
        Sides { from: self.agencies.sector(ends.from), to: self.agencies.sector(ends.to) }
    }

    fn knows_reader(&self, reader: &Reader) -> bool {
        match reader {
            Reader::Agency(agency) => self.directory.agency(agency).is_some(),
            Reader::Subject(_) => true,
        }
    }

    /// Gives a decision about nothing yet.
    fn blank(&self, asked: CategorySet, now: Timestamp) -> Decision {
        Decision {
            asked,
            permitted: CategorySet::EMPTY,
            withheld: CategorySet::EMPTY,
            outcome: Outcome::Permitted,
            bases: SmallVec::new(),
            reasons: SmallVec::new(),
            obligations: SmallVec::new(),
            policy_digest: self.policy_digest,
            revision: None,
            evaluated_at: now,
            valid_until: None,
        }
    }
}

/// Tells whether a reader sees who is in the matter: a party does where the directory knows both agencies.
fn sees_envelope(viewer: Viewer, ends: Ends) -> bool {
    match viewer {
        Viewer::Subject => true,
        Viewer::Addressee | Viewer::Author => ends.from != Side::UNKNOWN && ends.to != Side::UNKNOWN,
    }
}

impl Groups {
    fn add(&mut self, permits: u64, category: DataCategory) {
        match self.0.iter_mut().find(|(held, _)| *held == permits) {
            Some((_, categories)) => categories.insert(category),
            None => self.0.push((permits, CategorySet::of(&[category]))),
        }
    }

    fn permitted(&self) -> CategorySet {
        self.0.iter().fold(CategorySet::EMPTY, |all, (_, categories)| all.union(*categories))
    }
}

impl From<Unfit> for EngineError {
    fn from(unfit: Unfit) -> EngineError {
        match unfit {
            Unfit::Schema(source) => EngineError::SchemaUnfit(source),
            Unfit::Facts(source) => EngineError::FactsUnfit(source),
            Unfit::Record(source) => EngineError::FactsUnfit(source),
            Unfit::NoAgency => EngineError::PlaceMissing,
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").field("rules", &self.rules).finish_non_exhaustive()
    }
}

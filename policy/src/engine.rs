//! How do consents, agencies and rules become one answer?

mod facts;

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::DataCategory;
use polku_proto::{CategorySet, Disclose, Valid};

use crate::decision::{Basis, BasisKind, Decision, Denied, Outcome, Reason, earlier};
use crate::directory::Directory;
use crate::index::{ConsentIndex, Coverage, Grant, GrantKind};
use crate::permit::Authorised;
use crate::question::{Channel, PurposeSet, Question, Reader, Viewer};
use crate::rules::{Answer, Failed, Ground, Rules, digest};
use facts::{Facts, Vocabulary};

/// The special categories of personal data (GDPR article 9) among the data categories.
pub const SPECIAL: CategorySet =
    CategorySet::of(&[DataCategory::HealthCapacity, DataCategory::QualityOfLife]);

/// What both parties of a matter hold anyway.
const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

/// The maker of decisions and permits. Holds no state of its own beyond the rules and the directory.
pub struct Engine {
    rules: Rules,
    directory: Directory,
    vocabulary: Vocabulary,
    policy_digest: [u8; 32],
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
    /// The agency made up for the trial has no valid id.
    #[error("no agency id can be made up for the trial of the schema")]
    AgencyUnfit,
    /// The facts cannot be put together.
    #[error("the facts cannot be supplied to the rules")]
    FactsUnfit(#[source] Box<cedar_policy::ContextCreationError>),
}

/// What was found about one category.
enum Finding {
    Permitted(Vec<Basis>),
    Withheld(Vec<Reason>),
}

impl Engine {
    /// Makes an engine, and tries every question it can ask on the schema of the rules.
    ///
    /// # Errors
    ///
    /// Refuses rules whose schema does not take the facts that the engine supplies.
    pub fn new(rules: Rules, directory: Directory) -> Result<Engine, EngineError> {
        let vocabulary = Vocabulary::new()?;
        vocabulary.rehearse(rules.schema())?;
        let policy_digest = digest(&[&rules.digest(), directory.canonical().as_bytes()]);
        Ok(Engine { rules, directory, vocabulary, policy_digest })
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

    /// Gives the SHA-256 of the rules, their schema and the directory. Another one means that answers may differ.
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
        let mut decision = self.blank(asked, question.now);
        decision.revision = Some(index.revision());
        let mut stands_against = false;
        for category in asked.iter() {
            let Ok(finding) = self.finding(index, category, question, &mut decision.valid_until) else {
                return self.failed(index, asked, question.now);
            };
            match finding {
                Finding::Permitted(bases) => {
                    decision.permitted.insert(category);
                    decision.bases.extend(bases);
                }
                Finding::Withheld(reasons) => {
                    decision.withheld.insert(category);
                    stands_against |= reasons.iter().any(|reason| *reason != Reason::NoBasis);
                    decision.reasons.extend(reasons);
                }
            }
        }
        let nothing_asked_is_open = asked.is_empty() && !self.sees_envelope(question);
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
        decision.normalised()
    }

    /// Decides whether the one agency of the channel may tell the other one these categories. Nothing counts as
    /// somebody's own word here: the status of a referral, which flows back, is asked about from the author's side.
    pub fn verify(&self, index: &ConsentIndex, asked: CategorySet, question: &Question) -> Decision {
        let told_to = |viewer, asked| self.decide(index, asked, &Question { viewer, ..question.clone() });
        let status = asked.intersection(STATUS);
        let content = asked.difference(STATUS);
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
        Ok(Authorised::new(payload, question.reader(), PurposeSet::of(&[question.purpose]), decision))
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
        Ok(Authorised::new(shell, reader, PurposeSet::EMPTY, decision))
    }

    /// Finds out about one category, and moves the end of the decision's validity forward where need be.
    fn finding(
        &self,
        index: &ConsentIndex,
        category: DataCategory,
        question: &Question,
        valid_until: &mut Option<Timestamp>,
    ) -> Result<Finding, Failed> {
        if category == DataCategory::Envelope {
            return Ok(if self.sees_envelope(question) {
                Finding::Permitted(Vec::new())
            } else {
                Finding::Withheld(vec![Reason::UnknownAgency])
            });
        }
        let coverage = index.coverage(question, category);
        let grounds = grounds(&coverage, category);
        let facts = Facts {
            disclosure: is_disclosure(question.viewer, category),
            consent_given: grounds.iter().any(|grant| grant.kind == GrantKind::Consent),
            disclosure_permit_given: grounds.iter().any(|grant| grant.kind == GrantKind::DisclosurePermit),
            explicit: coverage.grants.iter().any(|grant| grant.is_explicit(category)),
            special: SPECIAL.contains(category),
            prohibited: coverage.prohibited,
            agreement: self.directory.agreed(&question.channel),
            both_known: self.knows(&question.channel),
            reader_known: self.knows_reader(&question.reader()),
            recipient_is_authority: self.is_authority(&question.reader()),
        };
        // A consent that a prohibition makes idle changes no answer; its edge would give the prohibition away.
        if facts.disclosure && !facts.prohibited {
            *valid_until = earlier(*valid_until, coverage.edge);
        }
        *valid_until = earlier(*valid_until, self.rules.next_edge(question.now));
        let request = self.vocabulary.request(question, category, &facts, self.rules.schema());
        match self.rules.answer(&request.map_err(|_| Failed)?, question.now)? {
            Answer::Permitted(rules) => Ok(Finding::Permitted(bases(&rules, &grounds))),
            Answer::Forbidden(reasons) => Ok(Finding::Withheld(reasons)),
            Answer::Silent => Ok(Finding::Withheld(vec![Reason::NoBasis])),
        }
    }

    fn knows(&self, channel: &Channel) -> bool {
        self.directory.agency(&channel.from).is_some() && self.directory.agency(&channel.to).is_some()
    }

    fn knows_reader(&self, reader: &Reader) -> bool {
        match reader {
            Reader::Agency(agency) => self.directory.agency(agency).is_some(),
            Reader::Subject(_) => true,
        }
    }

    fn is_authority(&self, reader: &Reader) -> bool {
        match reader {
            Reader::Agency(agency) => self.directory.is_authority(agency),
            Reader::Subject(_) => false,
        }
    }

    fn sees_envelope(&self, question: &Question) -> bool {
        match question.viewer {
            Viewer::Subject => true,
            Viewer::Addressee | Viewer::Author => self.knows(&question.channel),
        }
    }

    /// Gives a decision about nothing yet.
    fn blank(&self, asked: CategorySet, now: Timestamp) -> Decision {
        Decision {
            asked,
            permitted: CategorySet::EMPTY,
            withheld: CategorySet::EMPTY,
            outcome: Outcome::Permitted,
            bases: Vec::new(),
            reasons: Vec::new(),
            policy_digest: self.policy_digest,
            revision: None,
            evaluated_at: now,
            valid_until: None,
        }
    }

    fn failed(&self, index: &ConsentIndex, asked: CategorySet, now: Timestamp) -> Decision {
        let mut decision = self.blank(asked, now);
        decision.revision = Some(index.revision());
        decision.refused(Some(Reason::RulesFailed))
    }
}

/// What the recipient of a referral tells its sender.
const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Tells whether the viewer would learn something from the other agency. Own words, and data about oneself, are none.
fn is_disclosure(viewer: Viewer, category: DataCategory) -> bool {
    match viewer {
        Viewer::Addressee => category != DataCategory::ReferralStatus,
        Viewer::Author => category == DataCategory::ReferralStatus,
        Viewer::Subject => false,
    }
}

/// Picks the grants that are a ground for the category: a special one has to be named explicitly.
fn grounds<'a>(coverage: &Coverage<'a>, category: DataCategory) -> Vec<&'a Grant> {
    let suffices = |grant: &&Grant| !SPECIAL.contains(category) || grant.is_explicit(category);
    coverage.grants.iter().copied().filter(suffices).collect()
}

/// Names the grounds of a permission: one for each rule, or for each grant that a rule rests on.
fn bases(rules: &[Ground], grants: &[&Grant]) -> Vec<Basis> {
    let mut bases = Vec::new();
    for Ground { rule, statute, kind } in rules {
        let basis = |consent| Basis { kind: *kind, rule: rule.clone(), statute: statute.clone(), consent };
        let of = |instrument: GrantKind| {
            grants
                .iter()
                .filter(move |grant| grant.kind == instrument)
                .map(|grant| basis(Some((grant.id, grant.version))))
        };
        match kind {
            BasisKind::Consent => bases.extend(of(GrantKind::Consent)),
            BasisKind::DisclosurePermit => bases.extend(of(GrantKind::DisclosurePermit)),
            BasisKind::Statute | BasisKind::OwnData => bases.push(basis(None)),
        }
    }
    bases
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").field("rules", &self.rules).finish_non_exhaustive()
    }
}

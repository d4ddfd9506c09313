//! What was decided, on what ground, and until when does it hold?

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::DataCategory;
use polku_proto::{CategorySet, ConsentId};
use smallvec::{Array, SmallVec};
use smol_str::SmolStr;

/// The engine's answer in one word. Three-valued inside only: on the wire the third value would reveal a prohibition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Something that was asked for is permitted.
    Permitted,
    /// Nothing is permitted, and for at least one category a rule stands against it.
    Denied,
    /// Nothing is permitted, and only for want of a ground.
    NoConsent,
}

/// Why something is withheld. A closed list: whoever handles reasons handles every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No rule permits it.
    NoBasis,
    /// The young person has prohibited it. Must never be told to an agency.
    Prohibited,
    /// The two agencies have no agreement on file.
    NoAgreement,
    /// The directory does not know one of the agencies.
    UnknownAgency,
    /// Data of GDPR article 9, and no matching consent names it explicitly.
    SpecialCategoryNotExplicit,
    /// The role of the actor has no access to the data of young people.
    RoleWithoutAccess,
    /// The professional works in another unit than the one that has the matter.
    OtherUnit,
    /// The professional's agency does not have the young person as a customer.
    NoCareRelation,
    /// The address is protected (turvakielto), and no law opens it to this reader.
    AddressProtected,
    /// Figures about many are no reason to disclose data about one person.
    StatisticsOnly,
    /// A ground in law is for authorities only.
    NotAnAuthority,
    /// A guardian gave the consent, and the young person has come of age since: it has to be given anew.
    RenewConsent,
    /// The minor is able to decide: a guardian's word is not enough for data of social and health care.
    OwnDecisionGoverns,
    /// The minor is not able to decide: a guardian's permission is needed.
    GuardianPermissionMissing,
    /// The minor is able to decide and forbids that guardians are told.
    HiddenFromGuardian,
    /// A category without which the payload is of no use is not permitted.
    RequiredCategoryMissing,
    /// The rules could not be evaluated. Everything is denied; an operator has to act.
    RulesFailed,
}

/// A condition that comes with a permission: whoever cannot meet it must not use the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {
    /// The recipient is told that something was asked for and left out, but not what exists.
    MarkRedacted,
    /// A disclosure notice is made for the data subject's register (law 703/2023).
    DisclosureNotice,
    /// The stated ground and whether consent was asked are kept on record.
    RecordGround,
    /// A second person looks at the disclosure afterwards.
    SecondPersonReview,
    /// Without delay, before everything else.
    HighPriority,
    /// To be sent at once.
    SendAtOnce,
    /// To be sent on the same day.
    SendSameDay,
    /// To be sent the day after the decision.
    SendNextDay,
}

/// The kind of ground that a permission rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BasisKind {
    /// A consent for a case.
    Consent,
    /// A permit to disclose (luovutuslupa).
    DisclosurePermit,
    /// A law, without the young person's word.
    Statute,
    /// The reader's own words, or the young person's own data.
    OwnData,
}

/// One ground of a permission.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Basis {
    /// What kind of ground it is.
    pub kind: BasisKind,
    /// The id of the rule that permitted.
    pub rule: SmolStr,
    /// The section of law that the rule rests on.
    pub statute: SmolStr,
    /// The consent or permit and its version, where one is the ground.
    pub consent: Option<(ConsentId, u64)>,
}

/// What was decided, with everything that explains it.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    pub(crate) asked: CategorySet,
    pub(crate) permitted: CategorySet,
    pub(crate) withheld: CategorySet,
    pub(crate) outcome: Outcome,
    // Most decisions rest on one or two grounds, and give few reasons: those need no memory of their own.
    pub(crate) bases: SmallVec<[Basis; 2]>,
    pub(crate) reasons: SmallVec<[Reason; 8]>,
    pub(crate) obligations: SmallVec<[Obligation; 8]>,
    pub(crate) policy_digest: [u8; 32],
    /// None where no consent was looked at.
    pub(crate) revision: Option<u64>,
    pub(crate) evaluated_at: Timestamp,
    pub(crate) valid_until: Option<Timestamp>,
}

/// A refusal. Its text says nothing about why, or whether there is any data.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("not permitted")]
pub struct Denied {
    decision: Box<Decision>,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 17] = [
        Reason::NoBasis,
        Reason::Prohibited,
        Reason::NoAgreement,
        Reason::UnknownAgency,
        Reason::SpecialCategoryNotExplicit,
        Reason::RoleWithoutAccess,
        Reason::OtherUnit,
        Reason::NoCareRelation,
        Reason::AddressProtected,
        Reason::StatisticsOnly,
        Reason::NotAnAuthority,
        Reason::RenewConsent,
        Reason::OwnDecisionGoverns,
        Reason::GuardianPermissionMissing,
        Reason::HiddenFromGuardian,
        Reason::RequiredCategoryMissing,
        Reason::RulesFailed,
    ];

    /// Goes through the reasons that a rule can give. The others are the engine's own.
    pub(crate) fn of_rules() -> impl Iterator<Item = Reason> {
        let own = [Reason::NoBasis, Reason::RequiredCategoryMissing, Reason::RulesFailed];
        Reason::ALL.into_iter().filter(move |reason| !own.contains(reason))
    }

    /// Gives the code of the reason, as rules and the audit log write it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Reason::NoBasis => "no_basis",
            Reason::Prohibited => "prohibited",
            Reason::NoAgreement => "no_agreement",
            Reason::UnknownAgency => "unknown_agency",
            Reason::SpecialCategoryNotExplicit => "special_category_not_explicit",
            Reason::RoleWithoutAccess => "role_without_access",
            Reason::OtherUnit => "other_unit",
            Reason::NoCareRelation => "no_care_relation",
            Reason::AddressProtected => "address_protected",
            Reason::StatisticsOnly => "statistics_only",
            Reason::NotAnAuthority => "not_an_authority",
            Reason::RenewConsent => "renew_consent",
            Reason::OwnDecisionGoverns => "own_decision_governs",
            Reason::GuardianPermissionMissing => "guardian_permission_missing",
            Reason::HiddenFromGuardian => "hidden_from_guardian",
            Reason::RequiredCategoryMissing => "required_category_missing",
            Reason::RulesFailed => "rules_failed",
        }
    }
}

impl Obligation {
    /// Every obligation.
    pub const ALL: [Obligation; 8] = [
        Obligation::MarkRedacted,
        Obligation::DisclosureNotice,
        Obligation::RecordGround,
        Obligation::SecondPersonReview,
        Obligation::HighPriority,
        Obligation::SendAtOnce,
        Obligation::SendSameDay,
        Obligation::SendNextDay,
    ];

    /// Gives the code of the obligation, as rules write it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Obligation::MarkRedacted => "mark_redacted",
            Obligation::DisclosureNotice => "disclosure_notice",
            Obligation::RecordGround => "record_ground",
            Obligation::SecondPersonReview => "second_person_review",
            Obligation::HighPriority => "high_priority",
            Obligation::SendAtOnce => "send_at_once",
            Obligation::SendSameDay => "send_same_day",
            Obligation::SendNextDay => "send_next_day",
        }
    }
}

impl Decision {
    /// Gives the categories that were asked for: those present in the payload, those required, or those named.
    #[must_use]
    pub fn asked(&self) -> CategorySet {
        self.asked
    }

    /// Gives the categories that may be seen. Always a part of what was asked for.
    #[must_use]
    pub fn permitted(&self) -> CategorySet {
        self.permitted
    }

    /// Gives the categories that were asked for and may not be seen, whether or not there is such data.
    ///
    /// For an answer put together from several parts, a category may be permitted in one part and withheld in another.
    #[must_use]
    pub fn withheld(&self) -> CategorySet {
        self.withheld
    }

    /// Gives the answer in one word. For the audit details; on the wire only "permitted" and "not permitted" exist.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Gives the grounds of what is permitted, in a fixed order, each once. Empty when only the envelope is permitted.
    #[must_use]
    pub fn bases(&self) -> &[Basis] {
        &self.bases
    }

    /// Gives why something is withheld, in a fixed order, each once. For the audit details only.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Tells whether the rules could not be evaluated: nothing was refused then, and nothing is permitted.
    #[must_use]
    pub fn rules_failed(&self) -> bool {
        self.reasons.contains(&Reason::RulesFailed)
    }

    /// Gives what has to be done with the permission, in a fixed order, each once. Empty when nothing is permitted.
    #[must_use]
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    /// Gives the SHA-256 of the rules and the directory that the decision was made under.
    #[must_use]
    pub fn policy_digest(&self) -> [u8; 32] {
        self.policy_digest
    }

    /// Gives the revision of the consent index that the decision was made at; 0 where no consent was looked at.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.unwrap_or(0)
    }

    /// Gives the instant that the decision is for.
    #[must_use]
    pub fn evaluated_at(&self) -> Timestamp {
        self.evaluated_at
    }

    /// Gives the instant from which on the same question may have another answer though no consent has changed.
    /// None if time alone changes nothing.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// Turns the decision into a refusal of everything, for a further reason if there is one.
    pub(crate) fn refuse(&mut self, reason: Option<Reason>) {
        self.permitted = CategorySet::EMPTY;
        self.withheld = self.asked;
        self.bases.clear();
        self.obligations.clear();
        self.reasons.extend(reason);
        if self.outcome == Outcome::Permitted {
            self.outcome = Outcome::Denied;
        }
        self.normalise();
    }

    /// Adds the decision about a part of the same answer: what comes of it is no stronger than either.
    pub fn merged(mut self, part: Decision) -> Decision {
        self.asked.extend(part.asked);
        self.permitted.extend(part.permitted);
        self.withheld.extend(part.withheld);
        self.bases.extend(part.bases);
        self.reasons.extend(part.reasons);
        self.obligations.extend(part.obligations);
        self.revision = earlier(self.revision, part.revision);
        self.evaluated_at = self.evaluated_at.min(part.evaluated_at);
        self.valid_until = earlier(self.valid_until, part.valid_until);
        self.normalised()
    }

    /// Puts two decisions about different categories together: permitted if one of them permits.
    pub(crate) fn either(self, other: Decision) -> Decision {
        let outcome = match (self.outcome, other.outcome) {
            (Outcome::Permitted, _) | (_, Outcome::Permitted) => Outcome::Permitted,
            (Outcome::Denied, _) | (_, Outcome::Denied) => Outcome::Denied,
            (Outcome::NoConsent, Outcome::NoConsent) => Outcome::NoConsent,
        };
        let mut decision = Decision { outcome, ..self.merged(other) };
        // Each part alone may be whole: what one of them withholds is left out of the other one's answer too.
        let told = !decision.permitted.difference(CategorySet::ENVELOPE).is_empty();
        if told && !decision.withheld.is_empty() {
            decision.obligations.push(Obligation::MarkRedacted);
        }
        decision.normalised()
    }

    /// Puts grounds, reasons and obligations in their fixed order, each once.
    pub(crate) fn normalise(&mut self) {
        put_in_order(&mut self.bases);
        put_in_order(&mut self.reasons);
        put_in_order(&mut self.obligations);
    }

    fn normalised(mut self) -> Decision {
        self.normalise();
        self
    }

    /// Tells whether anything beyond the envelope was asked for and none of that is permitted.
    pub(crate) fn nothing_personal(&self) -> bool {
        let envelope = CategorySet::of(&[DataCategory::Envelope]);
        !self.asked.is_subset(envelope) && self.permitted.is_subset(envelope)
    }
}

impl Denied {
    /// Makes a refusal of everything that the decision is about, for a further reason if there is one.
    pub(crate) fn new(mut decision: Decision, reason: Option<Reason>) -> Denied {
        decision.refuse(reason);
        Denied { decision: Box::new(decision) }
    }

    /// Gives the decision behind the refusal. It permits nothing.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Takes the decision out, for the audit log.
    pub fn into_decision(self) -> Decision {
        *self.decision
    }
}

/// Sorts a list and leaves out what is there twice.
fn put_in_order<A: Array<Item: Ord>>(list: &mut SmallVec<A>) {
    // Most lists have one entry or none.
    if list.len() > 1 {
        list.sort_unstable();
        list.dedup();
    }
}

/// Gives the earlier of two edges; an absent one is never.
pub(crate) fn earlier<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, None) => left,
        (None, right) => right,
    }
}

// Grounds and reasons tell about a person: that there is a consent, or a prohibition.
impl fmt::Debug for Basis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Basis(redacted)")
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Decision(redacted)")
    }
}

impl fmt::Debug for Denied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Denied(redacted)")
    }
}

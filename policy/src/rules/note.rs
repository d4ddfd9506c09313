//! What do the annotations of a rule say?

use cedar_policy::{Effect, EntityUid, Policy, PolicyId};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Action, RulesError, concerns};
use crate::decision::{BasisKind, Obligation, Reason};
use crate::index::GivenBy;

/// The annotations that a rule may have.
const ANNOTATIONS: [&str; 7] = ["id", "statute", "basis", GIVEN_BY, OBLIGATIONS, VALID_FROM, VALID_UNTIL];
const GIVEN_BY: &str = "given_by";
const OBLIGATIONS: &str = "obligations";
const VALID_FROM: &str = "valid_from";
const VALID_UNTIL: &str = "valid_until";

/// The annotations of one rule, read.
pub(crate) struct Note {
    // Texts that are mostly short enough to be copied: every ground of a decision names both.
    pub(crate) id: SmolStr,
    pub(crate) statute: SmolStr,
    pub(crate) says: Says,
    /// Whose consent or permit a rule rests on; none: anybody's.
    pub(crate) given_by: Option<GivenBy>,
    pub(crate) obligations: Vec<Obligation>,
    /// Whether the rule speaks of ages.
    pub(crate) reads_ages: bool,
    /// Whether the rule is for the young person's word and own data alone, by its scope.
    on_the_word_alone: bool,
    pub(super) valid_from: Option<Timestamp>,
    pub(super) valid_until: Option<Timestamp>,
}

/// What a rule says when it fires.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    Permits(BasisKind),
    Forbids(Reason),
}

impl Note {
    /// Reads the annotations of a rule, and its id from them.
    pub(super) fn of(policy: &Policy) -> Result<(PolicyId, Note), RulesError> {
        let rule = required(policy, "id", policy.id().as_ref())?;
        let statute = required(policy, "statute", rule)?.into();
        let basis = required(policy, "basis", rule)?;
        let unknown = policy.annotations().find(|(annotation, _)| !ANNOTATIONS.contains(annotation));
        if let Some((annotation, _)) = unknown {
            return Err(RulesError::AnnotationUnknown {
                rule: rule.to_owned(),
                annotation: annotation.to_owned(),
            });
        }
        let says = match policy.effect() {
            Effect::Permit => kind(basis).map(Says::Permits),
            Effect::Forbid => Reason::of_rules().find(|reason| reason.code() == basis).map(Says::Forbids),
        };
        let says = says.ok_or_else(|| RulesError::BasisUnknown { rule: rule.to_owned() })?;
        let valid_from = instant(policy, VALID_FROM, rule)?;
        let valid_until = instant(policy, VALID_UNTIL, rule)?;
        if let (Some(from), Some(until)) = (valid_from, valid_until)
            && until <= from
        {
            return Err(RulesError::NeverValid { rule: rule.to_owned() });
        }
        // A law that nobody dates would be applied to times before it; a permit to disclose is one law's instrument.
        if matches!(says, Says::Permits(BasisKind::Statute | BasisKind::DisclosurePermit)) {
            required(policy, VALID_FROM, rule)?;
        }
        let given_by = giver(policy, rule)?;
        let obligations = obligations(policy, rule)?;
        let reads_ages = age_limits(policy).next().is_some();
        let note = Note {
            id: rule.into(),
            statute,
            says,
            given_by,
            obligations,
            reads_ages,
            on_the_word_alone: !Action::ALL
                .into_iter()
                .any(|action| action != Action::Disclose && concerns(policy, action)),
            valid_from,
            valid_until,
        };
        Ok((PolicyId::new(rule), note))
    }

    /// Refuses a rule that opens on another ground than a law what only laws open: the limits of the rules take what the
    /// actions of the law open for grounds in law.
    pub(super) fn check_ground(&self) -> Result<(), RulesError> {
        match self.says {
            Says::Permits(kind) if kind != BasisKind::Statute && !self.on_the_word_alone => {
                Err(RulesError::NotByLaw { rule: self.id.to_string() })
            }
            Says::Permits(_) | Says::Forbids(_) => Ok(()),
        }
    }

    /// Tells whether the rule is in force at an instant; None is before every date.
    pub(super) fn in_force(&self, instant: Option<Timestamp>) -> bool {
        // None sorts before every instant, on both sides.
        self.valid_from <= instant && self.valid_until.is_none_or(|until| instant < Some(until))
    }
}

/// Gives the age limits that a rule speaks of.
pub(super) fn age_limits(policy: &Policy) -> impl Iterator<Item = EntityUid> {
    policy.entity_literals().into_iter().filter(|uid| uid.type_name().basename() == "AgeLimit")
}

fn required<'a>(policy: &'a Policy, annotation: &'static str, rule: &str) -> Result<&'a str, RulesError> {
    match policy.annotation(annotation) {
        Some(value) if !value.trim().is_empty() => Ok(value),
        Some(_) | None => Err(RulesError::AnnotationMissing { rule: rule.to_owned(), annotation }),
    }
}

fn instant(policy: &Policy, annotation: &'static str, rule: &str) -> Result<Option<Timestamp>, RulesError> {
    let Some(value) = policy.annotation(annotation) else {
        return Ok(None);
    };
    let read = value.parse();
    read.map(Some).map_err(|source| RulesError::InstantUnreadable {
        rule: rule.to_owned(),
        annotation,
        source,
    })
}

fn giver(policy: &Policy, rule: &str) -> Result<Option<GivenBy>, RulesError> {
    let wrong = || RulesError::WordUnknown { rule: rule.to_owned(), annotation: GIVEN_BY };
    match policy.annotation(GIVEN_BY) {
        None => Ok(None),
        Some("self") => Ok(Some(GivenBy::Self_)),
        Some("guardian") => Ok(Some(GivenBy::Guardian)),
        Some("representative") => Ok(Some(GivenBy::Representative)),
        Some(_) => Err(wrong()),
    }
}

fn obligations(policy: &Policy, rule: &str) -> Result<Vec<Obligation>, RulesError> {
    let wrong = || RulesError::WordUnknown { rule: rule.to_owned(), annotation: OBLIGATIONS };
    let codes = policy.annotation(OBLIGATIONS).into_iter().flat_map(|codes| codes.split(','));
    let known = |code: &str| Obligation::ALL.into_iter().find(|obligation| obligation.code() == code.trim());
    codes.map(|code| known(code).ok_or_else(wrong)).collect()
}

fn kind(basis: &str) -> Option<BasisKind> {
    match basis {
        "consent" => Some(BasisKind::Consent),
        "disclosure_permit" => Some(BasisKind::DisclosurePermit),
        "statute" => Some(BasisKind::Statute),
        "own_data" => Some(BasisKind::OwnData),
        _ => None,
    }
}

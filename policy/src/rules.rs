//! Which legal grounds and restrictions are in force? Cedar text, checked when it is read, then never read again.

mod ages;
mod basis;
mod note;
mod rule;
mod trial;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use cedar_policy::entities_errors::EntitiesError;
use cedar_policy::{
    ActionConstraint, Authorizer, CedarSchemaError, Decision as Verdict, Entities, EntityUid, ParseErrors,
    Policy, PolicyId, PolicySet, PolicySetError, Request, Schema, SchemaWarning, ValidationError,
    ValidationWarning,
};
use jiff::Timestamp;
use ring::digest::{Context, SHA256};

use crate::decision::Reason;
use ages::check_ages;
pub use ages::{MINOR, OF_AGE};
use note::{Note, Says};
pub use rule::Rule;
use trial::validate;

pub(crate) use note::Says as RuleSays;

#[cfg(test)]
mod tests;

/// The texts that rules are read from.
#[derive(Debug, Clone, Copy)]
pub struct RuleSource<'a> {
    /// The rules, in Cedar.
    pub rules: &'a str,
    /// The schema of the facts that the engine supplies, in Cedar.
    pub schema: &'a str,
    /// The ages that the rules speak of: Cedar entities in JSON.
    pub ages: &'a str,
}

/// A set of rules that has passed every check.
///
/// Every rule has the annotations `@id` (unique), `@statute` (the section of law) and `@basis`: on a `permit` the kind
/// of ground (`consent`, `disclosure_permit`, `statute`, `own_data`), on a `forbid` the code of the reason. A rule may
/// have `@valid_from` and `@valid_until`, instants with an offset that bound its validity, the end exclusive; a
/// `permit` whose ground is `statute` or `disclosure_permit` has to have `@valid_from`, and one whose ground is not
/// `statute` is for the action `disclose` alone. A `permit` may have `@given_by` (`self`, `guardian`, `representative`:
/// whose consents it rests on) and `@obligations` (codes of [`Obligation`](crate::Obligation), with commas between them).
pub struct Rules {
    schema: Schema,
    ages: Entities,
    /// Every rule, in force or not.
    policies: PolicySet,
    eras: Vec<Era>,
    /// When each era but the first begins, in order: what every decision looks at, side by side.
    beginnings: Vec<Timestamp>,
    /// The notes of all rules. Those that permit come first, so that an answer names them by bits.
    notes: Vec<Note>,
    places: HashMap<PolicyId, usize>,
    authorizer: Authorizer,
    digest: [u8; 32],
}

/// The rules in force from one instant on, until the next era begins.
struct Era {
    /// None for the first era, which has always been.
    from: Option<Timestamp>,
    policies: PolicySet,
    /// The same for each action, in the order of [`Action::ALL`]: a rule for another action need not be looked at.
    by_action: [PolicySet; 3],
}

/// On what kind of ground is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The young person's word, or own data.
    Disclose,
    /// A law that is stronger than a prohibition.
    DiscloseByLawDespiteProhibition,
    /// A law.
    DiscloseByLaw,
}

/// The most rules that permit: an answer holds one bit for each.
const MOST: usize = 64;

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The schema does not parse, or contradicts itself.
    #[error("the schema of the rules cannot be read")]
    SchemaUnreadable(#[source] Box<CedarSchemaError>),
    /// The schema is suspicious.
    #[error("the schema of the rules draws a warning")]
    SchemaSuspicious(#[source] SchemaWarning),
    /// The rules do not parse.
    #[error("the rules cannot be read")]
    Unreadable(#[source] Box<ParseErrors>),
    /// There is no rule at all.
    #[error("there are no rules")]
    Empty,
    /// A rule with slots. Rules are written out in full.
    #[error("rule {rule} is a template")]
    Template {
        /// The place of the rule, counted from `policy0`.
        rule: String,
    },
    /// A rule lacks an annotation, or has an empty one.
    #[error("rule {rule} has no @{annotation}")]
    AnnotationMissing {
        /// The rule's id, or its place, counted from `policy0`.
        rule: String,
        /// The annotation.
        annotation: &'static str,
    },
    /// A rule has an annotation that means nothing here, for example a misspelt one.
    #[error("rule {rule} has the unknown annotation @{annotation}")]
    AnnotationUnknown {
        /// The rule's id.
        rule: String,
        /// The annotation.
        annotation: String,
    },
    /// The `@basis` of a rule is none of the known grounds or reasons.
    #[error("rule {rule} has a @basis that does not fit its effect")]
    BasisUnknown {
        /// The rule's id.
        rule: String,
    },
    /// A rule permits by an action of the law, and its `@basis` is no law.
    #[error("rule {rule} permits by an action of the law and has another @basis than statute")]
    NotByLaw {
        /// The rule's id.
        rule: String,
    },
    /// An annotation of a rule has a word that is none of the known ones.
    #[error("rule {rule} has an unknown word in @{annotation}")]
    WordUnknown {
        /// The rule's id.
        rule: String,
        /// The annotation.
        annotation: &'static str,
    },
    /// The ages do not parse, or contradict the schema.
    #[error("the ages cannot be read")]
    AgesUnreadable(#[source] Box<EntitiesError>),
    /// A rule speaks of an age limit that the ages do not have.
    #[error("rule {rule} speaks of {limit}, which is not among the ages")]
    AgeLimitMissing {
        /// The rule's id.
        rule: String,
        /// The age limit.
        limit: String,
    },
    /// There are more dates between which the rules differ than can be told apart.
    #[error("the rules have more than {most} dates")]
    TooManyDates {
        /// How many there may be.
        most: u8,
    },
    /// There are more rules that permit than an answer can name.
    #[error("there are more than {most} rules that permit")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// A date of a rule is no instant.
    #[error("rule {rule} has no readable instant in @{annotation}")]
    InstantUnreadable {
        /// The rule's id.
        rule: String,
        /// The annotation.
        annotation: &'static str,
        /// Where it goes wrong.
        #[source]
        source: jiff::Error,
    },
    /// A rule ends before it begins.
    #[error("rule {rule} ends before it begins")]
    NeverValid {
        /// The rule's id.
        rule: String,
    },
    /// Two rules have the same id.
    #[error("rule {rule} is there twice")]
    IdTwice {
        /// The id.
        rule: String,
        /// What the rule set says.
        #[source]
        source: Box<PolicySetError>,
    },
    /// A rule contradicts the schema.
    #[error("the rules contradict the schema")]
    Contradiction(#[source] Box<ValidationError>),
    /// A rule is suspicious, for example because it can never apply.
    #[error("the rules draw a warning")]
    Suspicious(#[source] Box<ValidationWarning>),
}

/// What the rules say to one request: which permit, and why others forbid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The rules that permit, by place, one bit each. None as soon as one forbids.
    pub(crate) permits: u64,
    /// The reasons of the rules that forbid, one bit each.
    pub(crate) reasons: u32,
}

/// A rule failed while it was evaluated, or fired without a note. Nothing can be said then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed;

impl RuleSource<'static> {
    /// What the gateway ships with.
    pub const SHIPPED: RuleSource<'static> = RuleSource {
        rules: concat!(
            include_str!("../rules/own-data.cedar"),
            "\n",
            include_str!("../rules/consent.cedar"),
            "\n",
            include_str!("../rules/statute.cedar"),
            "\n",
            include_str!("../rules/restrictions.cedar"),
        ),
        schema: include_str!("../rules/schema.cedarschema"),
        ages: include_str!("../rules/ages.json"),
    };
}

impl Action {
    /// In the order in which the rules are asked.
    pub(crate) const ALL: [Action; 3] =
        [Action::DiscloseByLawDespiteProhibition, Action::Disclose, Action::DiscloseByLaw];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Action::Disclose => "disclose",
            Action::DiscloseByLawDespiteProhibition => "disclose_by_law_despite_prohibition",
            Action::DiscloseByLaw => "disclose_by_law",
        }
    }
}

impl Rules {
    /// Reads the rules that the gateway ships with.
    ///
    /// # Errors
    ///
    /// As [`Rules::parse`].
    pub fn shipped() -> Result<Rules, RulesError> {
        Rules::parse(RuleSource::SHIPPED)
    }

    /// Reads rules and holds them against the schema, in Cedar's strict mode; a mere warning is a refusal too.
    ///
    /// # Errors
    ///
    /// Refuses rules that do not parse, contradict the schema, speak of ages that are not there, do not have the
    /// annotations that explain them, or permit by an action of the law on another ground than a law.
    pub fn parse(source: RuleSource<'_>) -> Result<Rules, RulesError> {
        let digest = digest(&[source.schema.as_bytes(), source.rules.as_bytes(), source.ages.as_bytes()]);
        let (schema, mut warnings) = Schema::from_cedarschema_str(source.schema)
            .map_err(|source| RulesError::SchemaUnreadable(Box::new(source)))?;
        if let Some(warning) = warnings.next() {
            return Err(RulesError::SchemaSuspicious(warning));
        }
        drop(warnings);
        let (policies, mut notes) = annotated(source.rules)?;
        validate(&policies, &schema)?;
        notes.iter().try_for_each(Note::check_ground)?;
        let ages = Entities::from_json_str(source.ages, Some(&schema))
            .map_err(|source| RulesError::AgesUnreadable(Box::new(source)))?;
        check_ages(&policies, &ages)?;
        let eras = eras(&policies, &notes)?;
        let beginnings: Vec<Timestamp> = eras.iter().filter_map(|era| era.from).collect();
        if u8::try_from(eras.len()).is_err() {
            return Err(RulesError::TooManyDates { most: u8::MAX - 1 });
        }
        notes.sort_by_key(|note| (matches!(note.says, Says::Forbids(_)), note.id.clone()));
        if notes.iter().filter(|note| matches!(note.says, Says::Permits(_))).count() > MOST {
            return Err(RulesError::TooMany { most: MOST });
        }
        let places =
            notes.iter().enumerate().map(|(place, note)| (PolicyId::new(&*note.id), place)).collect();
        let authorizer = Authorizer::new();
        Ok(Rules { schema, ages, policies, eras, beginnings, notes, places, authorizer, digest })
    }

    /// Gives the SHA-256 of the text of the rules, their schema and the ages.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Gives the ids of the rules, sorted, whether or not they are in force.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.notes.iter().map(|note| &*note.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Gives the schema of the facts.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Goes through the stretches of time with the same rules: the beginning of each, none for the first one, and the
    /// rules that are in force then.
    pub fn eras(&self) -> impl Iterator<Item = (Option<Timestamp>, &PolicySet)> {
        self.eras.iter().map(|era| (era.from, &era.policies))
    }

    pub(crate) fn ages(&self) -> &Entities {
        &self.ages
    }

    /// Gives the place of the era that an instant is in.
    pub(crate) fn era(&self, now: Timestamp) -> u8 {
        let begun = self.beginnings.partition_point(|from| *from <= now);
        u8::try_from(begun).unwrap_or(u8::MAX)
    }

    /// Gives the instant at which the next era begins.
    pub(crate) fn next_edge(&self, era: u8) -> Option<Timestamp> {
        self.beginnings.get(usize::from(era)).copied()
    }

    /// Goes through the rules that an answer names.
    pub(crate) fn named(&self, permits: u64) -> impl Iterator<Item = &Note> {
        let mut rest = permits;
        std::iter::from_fn(move || {
            let place = usize::try_from(rest.trailing_zeros()).ok().filter(|_| rest != 0)?;
            rest &= rest.wrapping_sub(1);
            self.notes.get(place)
        })
    }

    /// Evaluates the rules of an era.
    pub(crate) fn answer(
        &self,
        action: Action,
        request: &Request,
        entities: &Entities,
        era: u8,
    ) -> Result<Answer, Failed> {
        let mut answer = Answer::default();
        for note in self.deciding(action, request, entities, era)? {
            let place = self.places.get(&PolicyId::new(&*note.id)).ok_or(Failed)?;
            match note.says {
                Says::Permits(_) => answer.permits |= 1 << place,
                Says::Forbids(reason) => answer.reasons |= bit(reason),
            }
        }
        Ok(answer)
    }

    /// Evaluates the rules of an era, and gives those that decide: the permitting ones, or the forbidding ones.
    pub(crate) fn deciding(
        &self,
        action: Action,
        request: &Request,
        entities: &Entities,
        era: u8,
    ) -> Result<Vec<&Note>, Failed> {
        let policies = self.concerned(action, era)?;
        let response = self.authorizer.is_authorized(request, policies, entities);
        // Cedar skips a rule that fails, also one that forbids.
        if response.diagnostics().errors().next().is_some() {
            return Err(Failed);
        }
        let note = |id| self.places.get(id).and_then(|place| self.notes.get(*place)).ok_or(Failed);
        let notes = response.diagnostics().reason().map(note).collect::<Result<Vec<&Note>, Failed>>()?;
        let permits = response.decision() == Verdict::Allow;
        if notes.iter().all(|note| matches!(note.says, Says::Permits(_)) == permits) {
            Ok(notes)
        } else {
            Err(Failed)
        }
    }
}

impl Rules {
    /// The rules of an era that can say something to an action.
    fn concerned(&self, action: Action, era: u8) -> Result<&PolicySet, Failed> {
        let [above, word, law] = &self.eras.get(usize::from(era)).ok_or(Failed)?.by_action;
        Ok(match action {
            Action::Disclose => word,
            Action::DiscloseByLawDespiteProhibition => above,
            Action::DiscloseByLaw => law,
        })
    }
}

impl Answer {
    /// Goes through the reasons, in their fixed order.
    pub(crate) fn reasons(self) -> impl Iterator<Item = Reason> {
        Reason::of_rules().filter(move |reason| self.reasons & bit(*reason) != 0)
    }
}

const fn bit(reason: Reason) -> u32 {
    1 << (reason as u32)
}

/// Gives the SHA-256 of parts, each preceded by its length so that no two lists of parts look alike.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().zip(context.finish().as_ref()) {
        *place = *byte;
    }
    digest
}

/// Reads the rules, names each by its `@id`, and takes down what its annotations say.
fn annotated(text: &str) -> Result<(PolicySet, Vec<Note>), RulesError> {
    let read: PolicySet = text.parse().map_err(|source| RulesError::Unreadable(Box::new(source)))?;
    if let Some(template) = read.templates().next() {
        return Err(RulesError::Template { rule: template.id().to_string() });
    }
    let mut policies = PolicySet::new();
    let mut notes = Vec::new();
    for policy in read.policies() {
        let (id, note) = Note::of(policy)?;
        add(&mut policies, policy.new_id(id.clone()))?;
        notes.push(note);
    }
    if notes.is_empty() {
        return Err(RulesError::Empty);
    }
    Ok((policies, notes))
}

fn add(policies: &mut PolicySet, policy: Policy) -> Result<(), RulesError> {
    let rule = policy.id().to_string();
    policies.add(policy).map_err(|source| RulesError::IdTwice { rule, source: Box::new(source) })
}

/// Makes a set of rules for every stretch of time in which the same rules are in force.
fn eras(policies: &PolicySet, notes: &[Note]) -> Result<Vec<Era>, RulesError> {
    let edges: BTreeSet<Timestamp> =
        notes.iter().flat_map(|note| [note.valid_from, note.valid_until]).flatten().collect();
    let beginnings = std::iter::once(None).chain(edges.into_iter().map(Some));
    beginnings
        .map(|from| {
            let lapsed = |note: &&Note| !note.in_force(from);
            let lapsed: Vec<&str> = notes.iter().filter(lapsed).map(|note| &*note.id).collect();
            let mut era = Era {
                from,
                policies: PolicySet::new(),
                by_action: std::array::from_fn(|_| PolicySet::new()),
            };
            for policy in
                policies.policies().filter(|policy| !lapsed.contains(&AsRef::<str>::as_ref(policy.id())))
            {
                add(&mut era.policies, policy.clone())?;
                for (action, set) in Action::ALL.into_iter().zip(&mut era.by_action) {
                    if concerns(policy, action) {
                        add(set, policy.clone())?;
                    }
                }
            }
            Ok(era)
        })
        .collect()
}

/// Tells whether a rule can say anything to an action.
fn concerns(policy: &Policy, action: Action) -> bool {
    let is = |uid: &EntityUid| uid.id().unescaped() == action.name();
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => is(&uid),
        ActionConstraint::In(uids) => uids.iter().any(is),
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rules").field("ids", &self.ids()).finish_non_exhaustive()
    }
}

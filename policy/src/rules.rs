//! Which legal grounds and restrictions are in force? Cedar text, checked when it is read, then never read again.

mod note;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use cedar_policy::{
    Authorizer, CedarSchemaError, Decision as Verdict, Entities, ParseErrors, Policy, PolicyId, PolicySet,
    PolicySetError, Request, Schema, SchemaWarning, ValidationError, ValidationMode, ValidationWarning,
    Validator,
};
use jiff::Timestamp;
use ring::digest::{Context, SHA256};

use crate::decision::{BasisKind, Reason};
use note::Note;

#[cfg(test)]
mod tests;

/// A set of rules that has passed every check.
///
/// Every rule has the annotations `@id` (unique), `@statute` (the section of law) and `@basis`: on a `permit` the kind
/// of ground (`consent`, `disclosure_permit`, `statute`, `own_data`), on a `forbid` the code of the reason. A rule may
/// have `@valid_from` and `@valid_until`, instants with an offset that bound its validity, the end exclusive.
pub struct Rules {
    schema: Schema,
    eras: Vec<Era>,
    notes: HashMap<PolicyId, Note>,
    authorizer: Authorizer,
    digest: [u8; 32],
}

/// The rules in force from one instant on, until the next era begins.
struct Era {
    /// None for the first era, which has always been.
    from: Option<Timestamp>,
    policies: PolicySet,
}

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

/// What the rules say to one request.
pub(crate) enum Answer {
    /// Permitted, by these rules.
    Permitted(Vec<Ground>),
    /// Forbidden, for these reasons.
    Forbidden(Vec<Reason>),
    /// No rule says anything.
    Silent,
}

/// A rule that permitted.
pub(crate) struct Ground {
    pub(crate) rule: String,
    pub(crate) statute: String,
    pub(crate) kind: BasisKind,
}

/// A rule failed while it was evaluated, or fired without a note. Nothing can be said then.
pub(crate) struct Failed;

impl Rules {
    /// The text of the rules that the gateway ships with.
    pub const TEXT: &'static str = concat!(
        include_str!("../rules/own-data.cedar"),
        "\n",
        include_str!("../rules/consent.cedar"),
        "\n",
        include_str!("../rules/restrictions.cedar"),
    );

    /// The schema of the facts that the engine supplies.
    pub const SCHEMA: &'static str = include_str!("../rules/schema.cedarschema");

    /// Reads the rules that the gateway ships with.
    ///
    /// # Errors
    ///
    /// As [`Rules::parse`].
    pub fn shipped() -> Result<Rules, RulesError> {
        Rules::parse(Rules::TEXT, Rules::SCHEMA)
    }

    /// Reads rules and holds them against the schema, in Cedar's strict mode; a mere warning is a refusal too.
    ///
    /// # Errors
    ///
    /// Refuses rules that do not parse, contradict the schema, or do not have the annotations that explain them.
    pub fn parse(text: &str, schema: &str) -> Result<Rules, RulesError> {
        let digest = digest(&[schema.as_bytes(), text.as_bytes()]);
        let (schema, mut warnings) = Schema::from_cedarschema_str(schema)
            .map_err(|source| RulesError::SchemaUnreadable(Box::new(source)))?;
        if let Some(warning) = warnings.next() {
            return Err(RulesError::SchemaSuspicious(warning));
        }
        drop(warnings);
        let (policies, notes) = annotated(text)?;
        validate(&policies, &schema)?;
        let eras = eras(&policies, &notes)?;
        Ok(Rules { schema, eras, notes, authorizer: Authorizer::new(), digest })
    }

    /// Gives the SHA-256 of the text of the rules and their schema.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Gives the ids of the rules, sorted, whether or not they are in force.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.notes.keys().map(AsRef::as_ref).collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Gives the next instant at which another set of rules comes into force.
    pub(crate) fn next_edge(&self, now: Timestamp) -> Option<Timestamp> {
        self.eras.iter().filter_map(|era| era.from).find(|from| now < *from)
    }

    /// Evaluates the rules in force at an instant.
    pub(crate) fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Failed> {
        let in_force = |era: &&Era| era.from.is_none_or(|from| from <= now);
        let era = self.eras.iter().take_while(in_force).last().ok_or(Failed)?;
        let response = self.authorizer.is_authorized(request, &era.policies, &Entities::empty());
        // Cedar skips a rule that fails, also one that forbids.
        if response.diagnostics().errors().next().is_some() {
            return Err(Failed);
        }
        let mut grounds = Vec::new();
        let mut reasons = Vec::new();
        for id in response.diagnostics().reason() {
            match self.notes.get(id).ok_or(Failed)? {
                Note { statute, says: note::Says::Permits(kind), .. } => {
                    grounds.push(Ground { rule: id.to_string(), statute: statute.clone(), kind: *kind })
                }
                Note { says: note::Says::Forbids(reason), .. } => reasons.push(*reason),
            }
        }
        match (response.decision(), grounds.is_empty(), reasons.is_empty()) {
            (Verdict::Allow, false, true) => Ok(Answer::Permitted(grounds)),
            (Verdict::Deny, true, false) => Ok(Answer::Forbidden(reasons)),
            (Verdict::Deny, true, true) => Ok(Answer::Silent),
            (Verdict::Allow | Verdict::Deny, _, _) => Err(Failed),
        }
    }
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
fn annotated(text: &str) -> Result<(PolicySet, HashMap<PolicyId, Note>), RulesError> {
    let read: PolicySet = text.parse().map_err(|source| RulesError::Unreadable(Box::new(source)))?;
    if let Some(template) = read.templates().next() {
        return Err(RulesError::Template { rule: template.id().to_string() });
    }
    let mut policies = PolicySet::new();
    let mut notes = HashMap::new();
    for policy in read.policies() {
        let (id, note) = Note::of(policy)?;
        add(&mut policies, policy.new_id(id.clone()))?;
        notes.insert(id, note);
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

fn validate(policies: &PolicySet, schema: &Schema) -> Result<(), RulesError> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(RulesError::Contradiction(Box::new(error.clone())));
    }
    if let Some(warning) = result.validation_warnings().next() {
        return Err(RulesError::Suspicious(Box::new(warning.clone())));
    }
    Ok(())
}

/// Makes a set of rules for every stretch of time in which the same rules are in force.
fn eras(policies: &PolicySet, notes: &HashMap<PolicyId, Note>) -> Result<Vec<Era>, RulesError> {
    let edges: BTreeSet<Timestamp> =
        notes.values().flat_map(|note| [note.valid_from, note.valid_until]).flatten().collect();
    let beginnings = std::iter::once(None).chain(edges.into_iter().map(Some));
    beginnings
        .map(|from| {
            let in_force = |policy: &&Policy| notes.get(policy.id()).is_some_and(|note| note.in_force(from));
            let mut in_era = PolicySet::new();
            for policy in policies.policies().filter(in_force) {
                add(&mut in_era, policy.clone())?;
            }
            Ok(Era { from, policies: in_era })
        })
        .collect()
}

impl fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rules").field("ids", &self.ids()).finish_non_exhaustive()
    }
}

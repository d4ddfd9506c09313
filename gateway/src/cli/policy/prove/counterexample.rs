//! Which request breaks a claim, and which rules let it? Cedar is asked too, so that nobody has to trust the solver.

use std::fmt;

use cedar_policy::{
    Authorizer, Decision, Entity, EvalResult, Expression, Policy, PolicySet, Response, eval_expression,
};
use cedar_policy_symcc::Env;

use super::plain::{Plain, told};

/// A request that breaks a claim. It is made up by the solver and names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counterexample {
    /// Who asks.
    pub(super) principal: String,
    /// What for.
    pub(super) action: String,
    /// About what.
    pub(super) resource: String,
    /// The facts of the request, as ordinary as they can be, sorted: the context, then the attributes and parents of the entities.
    pub(super) facts: Vec<String>,
    /// The same in plain words.
    pub(super) plain: Plain,
    /// The `@id` of the rules that permit the request, or of the one that fails on it.
    pub(super) rules: Vec<String>,
}

/// Gives the `@id` of a rule, or its place in its set if it has none.
pub(super) fn id(rule: &Policy) -> String {
    rule.annotation("id").filter(|id| !id.is_empty()).map_or_else(|| rule.id().to_string(), str::to_owned)
}

/// Describes a request that rules permit and a ceiling does not allow, or None if it is none.
pub(super) fn above(rules: &PolicySet, ceiling: &PolicySet, found: &Env) -> Option<Counterexample> {
    let stands = |found: &Env| decide(rules, found).decision() == Decision::Allow && forbids(ceiling, found);
    if !stands(found) {
        return None;
    }
    let (found, plain) = told(found, &[rules, ceiling], stands)?;
    let response = decide(rules, &found);
    let permitting = response.diagnostics().reason().filter_map(|rule| rules.policy(rule)).map(id);
    described(&found, permitting.collect(), plain)
}

/// Describes a request on which a rule fails, or None if it does not.
pub(super) fn failing(rule: &Policy, found: &Env) -> Option<Counterexample> {
    let alone = PolicySet::from_policies([rule.clone()]).ok()?;
    let fails = |found: &Env| decide(&alone, found).diagnostics().errors().next().is_some();
    if !fails(found) {
        return None;
    }
    let (found, plain) = told(found, &[&alone], fails)?;
    described(&found, vec![id(rule)], plain)
}

/// Says whether policies deny a request.
pub(super) fn forbids(policies: &PolicySet, found: &Env) -> bool {
    decide(policies, found).decision() == Decision::Deny
}

fn decide(policies: &PolicySet, found: &Env) -> Response {
    Authorizer::new().is_authorized(&found.request, policies, &found.entities)
}

fn described(found: &Env, mut rules: Vec<String>, plain: Plain) -> Option<Counterexample> {
    let mut facts = Vec::new();
    let context: Expression = "context".parse().ok()?;
    state(&mut facts, "context", &eval_expression(&found.request, &found.entities, &context).ok()?);
    let mut entities: Vec<&Entity> = found.entities.iter().collect();
    entities.sort_by_cached_key(|entity| entity.uid().to_string());
    for entity in entities {
        about(&mut facts, found, entity)?;
    }
    rules.sort_unstable();
    Some(Counterexample {
        principal: found.request.principal()?.to_string(),
        action: found.request.action()?.to_string(),
        resource: found.request.resource()?.to_string(),
        facts,
        plain,
        rules,
    })
}

/// States what is known of an entity. The groups of an action are the schema's, not the request's.
fn about(facts: &mut Vec<String>, found: &Env, entity: &Entity) -> Option<()> {
    let uid = entity.uid();
    if uid.type_name().basename() == "Action" {
        return Some(());
    }
    let mut attributes = Vec::new();
    for (name, value) in entity.attrs() {
        attributes.push((name, value.ok()?));
    }
    attributes.sort_unstable();
    for (name, value) in attributes {
        state(facts, &format!("{uid}.{name}"), &value);
    }
    let mut parents: Vec<String> = found.entities.ancestors(&uid)?.map(ToString::to_string).collect();
    parents.sort_unstable();
    facts.extend(parents.into_iter().map(|parent| format!("{uid} in {parent}")));
    Some(())
}

/// States a value, a record field by field.
fn state(facts: &mut Vec<String>, name: &str, value: &EvalResult) {
    if let EvalResult::Record(record) = value {
        for (field, value) in record.iter() {
            state(facts, &format!("{name}.{field}"), value);
        }
    } else {
        facts.push(format!("{name} = {value}"));
    }
}

/// In plain words; `{:#}` says the facts as the rules name them too.
impl fmt::Display for Counterexample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  decided by: {}", self.rules.join(", "))?;
        writeln!(formatter, "  who reads: {}", plainly(&self.principal))?;
        writeln!(formatter, "  on what ground: {}", plainly(&self.action))?;
        write!(formatter, "  which data: {}", plainly(&self.resource))?;
        for (what, facts) in [("it takes", &self.plain.takes), ("besides", &self.plain.besides)] {
            if !facts.is_empty() {
                write!(formatter, "\n  {what}: {}", facts.join(", "))?;
            }
        }
        let facts: &[String] = if formatter.alternate() { &self.facts } else { &[] };
        facts.iter().try_for_each(|fact| write!(formatter, "\n  {fact}"))
    }
}

/// What an entity stands for. A reader that the solver made up has no name.
fn plainly(uid: &str) -> &str {
    let (kind, id) = uid.split_once("::").unwrap_or((uid, ""));
    let id = id.trim_matches('"');
    match (kind, id) {
        ("Agency", _) => "an agency",
        ("Subject", _) => "the young person, or who represents them",
        ("Action", "disclose") => "the young person's word, or the reader's own data",
        ("Action", "disclose_by_law") => "a law",
        ("Action", "disclose_by_law_despite_prohibition") => "a law that is stronger than a prohibition",
        ("Category", _) => id,
        (_, _) => uid,
    }
}

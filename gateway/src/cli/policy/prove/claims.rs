//! Do rules keep below their ceilings, for every request that can be asked? A solver proves it or shows a request.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use cedar_policy::{
    ParseErrors, Policy, PolicySet, RequestEnv, Schema, ValidationError, ValidationMode, ValidationWarning,
    Validator,
};
use cedar_policy_symcc::solver::SolverError;
use cedar_policy_symcc::{CompiledPolicy, CompiledPolicySet};

use super::ask::{Prover, Question};
use super::counterexample::{self, Counterexample};

/// What no rule may ever permit, as a set of Cedar policies that allows everything else.
///
/// Usually `permit (principal, action, resource);` and a `forbid ... unless { ... };`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ceiling {
    /// The name by which findings refer to it.
    pub(super) id: String,
    /// The Cedar policies.
    pub(super) text: String,
}

/// The rules that are in force together.
#[derive(Debug, Clone)]
pub(super) struct RuleSet {
    /// The name of the stretch of time in which they are in force.
    pub(super) era: String,
    /// The rules, each with an `@id`.
    pub(super) rules: PolicySet,
}

/// The solver, cvc5. It runs as a process of its own and is given the rules, never a person's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Solver {
    /// The program, with or without a path.
    pub(super) program: PathBuf,
    /// The longest that one query may take.
    pub(super) limit: Duration,
}

/// What is claimed of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// A rule can be evaluated on every request. Cedar skips a rule that fails, also one that forbids.
    NeverFails {
        /// The rule's `@id`.
        rule: String,
    },
    /// The rules permit nothing that a ceiling does not allow.
    Below {
        /// The ceiling's id.
        ceiling: String,
    },
}

/// What came out for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is true of every request.
    Holds,
    /// It is false of this one.
    Broken(Counterexample),
}

/// One claim about one set of rules and one kind of request, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The era of the rules.
    pub(super) era: String,
    /// What is claimed.
    pub(super) claim: Claim,
    /// The kind of request: the principal's type, the action, the resource's type.
    pub(super) environment: String,
    /// What came out.
    pub(super) verdict: Verdict,
}

/// Why nothing is proven. None of these means that a claim holds, nor that it is broken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProveError {
    /// There are no rules, or the schema has no kind of request.
    #[error("there is nothing to prove")]
    Nothing,
    /// A ceiling does not parse.
    #[error("ceiling {ceiling} cannot be read")]
    CeilingUnreadable {
        /// The ceiling's id.
        ceiling: String,
        /// What Cedar says.
        #[source]
        source: Box<ParseErrors>,
    },
    /// A ceiling has slots. Ceilings are written out in full.
    #[error("ceiling {ceiling} has a template")]
    CeilingTemplate {
        /// The ceiling's id.
        ceiling: String,
    },
    /// A ceiling contradicts the schema.
    #[error("ceiling {ceiling} contradicts the schema")]
    CeilingContradiction {
        /// The ceiling's id.
        ceiling: String,
        /// What Cedar says.
        #[source]
        source: Box<ValidationError>,
    },
    /// A ceiling is suspicious, for example because a part of it can never apply.
    #[error("ceiling {ceiling} draws a warning")]
    CeilingSuspicious {
        /// The ceiling's id.
        ceiling: String,
        /// What Cedar says.
        #[source]
        source: Box<ValidationWarning>,
    },
    /// A ceiling allows every request, so that to be below it means nothing.
    #[error("ceiling {ceiling} allows everything")]
    CeilingIdle {
        /// The ceiling's id.
        ceiling: String,
    },
    /// A ceiling fails on some requests, so that it allows what it should not.
    #[error("ceiling {ceiling} fails on some requests of {environment}")]
    CeilingFails {
        /// The ceiling's id.
        ceiling: String,
        /// The kind of request.
        environment: String,
    },
    /// The solver cannot be started.
    #[error("the solver {program} cannot be started", program = .program.display())]
    SolverMissing {
        /// The program that was to be started.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: SolverError,
    },
    /// The solver took too long.
    #[error("no answer within {limit:?} on {about} for {environment}")]
    TimedOut {
        /// The rule or ceiling.
        about: String,
        /// The kind of request.
        environment: String,
        /// The longest that one query may take.
        limit: Duration,
    },
    /// The solver gave up.
    #[error("the solver cannot decide {about} for {environment}")]
    Undecided {
        /// The rule or ceiling.
        about: String,
        /// The kind of request.
        environment: String,
    },
    /// The solver failed, or what it was asked cannot be put into its language.
    #[error("the solver could not be asked about {about} for {environment}")]
    Failed {
        /// The rule or ceiling.
        about: String,
        /// The kind of request.
        environment: String,
        /// What went wrong.
        #[source]
        source: Box<cedar_policy_symcc::err::Error>,
    },
    /// The solver showed a request, but Cedar decides it differently. One of the two is wrong.
    #[error("the solver's answer on {about} for {environment} is not borne out")]
    NotBorneOut {
        /// The rule or ceiling.
        about: String,
        /// The kind of request.
        environment: String,
    },
}

/// Decides for every set of rules and every kind of request whether each rule, known by its `@id`, never fails, and
/// whether the rules keep below every ceiling that concerns such requests.
///
/// A request that breaks a claim is evaluated by Cedar before it is reported. Each ceiling is first shown to forbid
/// something, which also shows that the solver does not agree to everything. Facts that the schema leaves independent
/// are independent here too: a request may be reported that the engine would never ask.
///
/// Runs on a tokio runtime with time and I/O enabled.
///
/// # Errors
///
/// Proves nothing at all if a single question stays open, or a ceiling is none.
pub(super) async fn prove(
    schema: &Schema,
    rules: &[RuleSet],
    ceilings: &[Ceiling],
    solver: &Solver,
) -> Result<Vec<Finding>, ProveError> {
    let mut environments: Vec<RequestEnv> = schema.request_envs().collect();
    // Cedar gives them in no order.
    environments.sort_by_cached_key(named);
    let mut prover = Prover::start(solver)?;
    let mut limits = Vec::new();
    for ceiling in ceilings {
        let policies = read(ceiling, schema)?;
        let concerned = sound(&mut prover, ceiling, &policies, schema, &environments).await?;
        limits.push((ceiling, policies, concerned));
    }
    let mut findings = Vec::new();
    let mut tried = HashSet::new();
    for set in rules {
        for environment in &environments {
            let name = named(environment);
            for rule in set.rules.policies() {
                let about = counterexample::id(rule);
                // Whether a rule fails is the same in every era.
                if !tried.insert((about.clone(), name.clone())) {
                    continue;
                }
                let question = Question { about: &about, environment: &name };
                let verdict = never_fails(&mut prover, question, rule, schema, environment).await?;
                let claim = Claim::NeverFails { rule: about };
                findings.push(Finding { era: set.era.clone(), claim, environment: name.clone(), verdict });
            }
            for (ceiling, policies, _) in limits.iter().filter(|(_, _, concerned)| concerned.contains(&name))
            {
                let question = Question { about: &ceiling.id, environment: &name };
                let verdict =
                    below(&mut prover, question, (&set.rules, policies), schema, environment).await?;
                let claim = Claim::Below { ceiling: ceiling.id.clone() };
                findings.push(Finding { era: set.era.clone(), claim, environment: name.clone(), verdict });
            }
        }
    }
    if findings.is_empty() { Err(ProveError::Nothing) } else { Ok(findings) }
}

/// Reads a ceiling and holds it against the schema, in Cedar's strict mode; a mere warning is a refusal too.
fn read(ceiling: &Ceiling, schema: &Schema) -> Result<PolicySet, ProveError> {
    let id = || ceiling.id.clone();
    let policies: PolicySet = ceiling
        .text
        .parse()
        .map_err(|source| ProveError::CeilingUnreadable { ceiling: id(), source: Box::new(source) })?;
    if policies.templates().next().is_some() {
        return Err(ProveError::CeilingTemplate { ceiling: id() });
    }
    let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(ProveError::CeilingContradiction { ceiling: id(), source: Box::new(error.clone()) });
    }
    if let Some(warning) = result.validation_warnings().next() {
        return Err(ProveError::CeilingSuspicious { ceiling: id(), source: Box::new(warning.clone()) });
    }
    Ok(policies)
}

/// Sees to it that a ceiling never fails, and gives the kinds of request in which it forbids something: at least one.
async fn sound(
    prover: &mut Prover,
    ceiling: &Ceiling,
    policies: &PolicySet,
    schema: &Schema,
    environments: &[RequestEnv],
) -> Result<Vec<String>, ProveError> {
    let mut concerned = Vec::new();
    for environment in environments {
        let name = named(environment);
        let question = Question { about: &ceiling.id, environment: &name };
        for policy in policies.policies() {
            if never_fails(prover, question, policy, schema, environment).await? != Verdict::Holds {
                return Err(ProveError::CeilingFails { ceiling: ceiling.id.clone(), environment: name });
            }
        }
        let compiled = CompiledPolicySet::compile(policies, environment, schema);
        let compiled = compiled.map_err(|error| question.failed(error))?;
        if let Some(found) = prover.forbidden(question, &compiled).await? {
            if !counterexample::forbids(policies, &found) {
                return Err(question.not_borne_out());
            }
            concerned.push(name);
        }
    }
    if concerned.is_empty() {
        return Err(ProveError::CeilingIdle { ceiling: ceiling.id.clone() });
    }
    Ok(concerned)
}

async fn never_fails(
    prover: &mut Prover,
    question: Question<'_>,
    rule: &Policy,
    schema: &Schema,
    environment: &RequestEnv,
) -> Result<Verdict, ProveError> {
    let compiled =
        CompiledPolicy::compile(rule, environment, schema).map_err(|error| question.failed(error))?;
    match prover.failing(question, &compiled).await? {
        None => Ok(Verdict::Holds),
        Some(found) => {
            counterexample::failing(rule, &found).map(Verdict::Broken).ok_or_else(|| question.not_borne_out())
        }
    }
}

async fn below(
    prover: &mut Prover,
    question: Question<'_>,
    (rules, ceiling): (&PolicySet, &PolicySet),
    schema: &Schema,
    environment: &RequestEnv,
) -> Result<Verdict, ProveError> {
    let compile = |policies| {
        CompiledPolicySet::compile(policies, environment, schema).map_err(|error| question.failed(error))
    };
    match prover.above(question, &compile(rules)?, &compile(ceiling)?).await? {
        None => Ok(Verdict::Holds),
        Some(found) => counterexample::above(rules, ceiling, &found)
            .map(Verdict::Broken)
            .ok_or_else(|| question.not_borne_out()),
    }
}

/// Names a kind of request.
fn named(environment: &RequestEnv) -> String {
    let action = environment.action();
    format!("{} {} {}", environment.principal(), action.id().unescaped(), environment.resource())
}

//! How is the solver asked? Every question ends: with an answer, or with the reason why there is none.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use cedar_policy_symcc::err::Error;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use tokio::process::Command;
use tokio::time::timeout;

use super::claims::{ProveError, Solver};

/// A running solver. It ends when this is dropped.
pub(super) struct Prover {
    compiler: CedarSymCompiler<LocalSolver>,
    limit: Duration,
}

/// What a question is about, for the errors.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) about: &'a str,
    pub(super) environment: &'a str,
}

impl Prover {
    pub(super) fn start(solver: &Solver) -> Result<Prover, ProveError> {
        let program: PathBuf = solver.program.clone();
        let mut command = Command::new(&program);
        command.args(["--lang", "smt"]);
        // The solver's own limit would make a time-out look like giving up; it is there for the case that this
        // process is killed and cannot end the solver.
        command.arg(format!("--tlimit-per={}", solver.limit.as_millis().saturating_mul(2)));
        command.kill_on_drop(true);
        let started = LocalSolver::from_command(&mut command)
            .map_err(|source| ProveError::SolverMissing { program, source })?;
        let question = Question { about: "its start", environment: "any request" };
        let compiler = CedarSymCompiler::new(started).map_err(|error| question.failed(error))?;
        Ok(Prover { compiler, limit: solver.limit })
    }

    /// Gives a request on which the rule fails, if there is one.
    pub(super) async fn failing(
        &mut self,
        question: Question<'_>,
        rule: &CompiledPolicy,
    ) -> Result<Option<Env>, ProveError> {
        let query = self.compiler.check_never_errors_with_counterexample_opt(rule);
        answer(question, self.limit, query).await
    }

    /// Gives a request that the policies do not allow, if there is one.
    pub(super) async fn forbidden(
        &mut self,
        question: Question<'_>,
        policies: &CompiledPolicySet,
    ) -> Result<Option<Env>, ProveError> {
        let query = self.compiler.check_always_allows_with_counterexample_opt(policies);
        answer(question, self.limit, query).await
    }

    /// Gives a request that the rules permit and the ceiling does not allow, if there is one.
    pub(super) async fn above(
        &mut self,
        question: Question<'_>,
        rules: &CompiledPolicySet,
        ceiling: &CompiledPolicySet,
    ) -> Result<Option<Env>, ProveError> {
        let query = self.compiler.check_implies_with_counterexample_opt(rules, ceiling);
        answer(question, self.limit, query).await
    }
}

impl Question<'_> {
    pub(super) fn failed(self, error: Error) -> ProveError {
        let (about, environment) = (self.about.to_owned(), self.environment.to_owned());
        if matches!(error, Error::SolverUnknown) {
            ProveError::Undecided { about, environment }
        } else {
            ProveError::Failed { about, environment, source: Box::new(error) }
        }
    }

    pub(super) fn not_borne_out(self) -> ProveError {
        ProveError::NotBorneOut { about: self.about.to_owned(), environment: self.environment.to_owned() }
    }
}

async fn answer(
    question: Question<'_>,
    limit: Duration,
    query: impl Future<Output = Result<Option<Env>, Error>>,
) -> Result<Option<Env>, ProveError> {
    match timeout(limit, query).await {
        Ok(answer) => answer.map_err(|error| question.failed(error)),
        Err(_elapsed) => Err(ProveError::TimedOut {
            about: question.about.to_owned(),
            environment: question.environment.to_owned(),
            limit,
        }),
    }
}

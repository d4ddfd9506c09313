//! Which figures are to be reached, and are they?

use super::options::Options;
use super::results::Results;

/// One of them.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Of what.
    pub(crate) what: &'static str,
    /// What was measured; why nothing was otherwise.
    pub(crate) measured: Result<f64, String>,
    /// The aim.
    pub(crate) aim: Result<Aim, String>,
    /// In what both are told.
    pub(crate) unit: &'static str,
    /// Why what was measured says nothing about the aim.
    pub(crate) unjudged: Option<&'static str>,
}

/// From where on it is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// And no further than there.
    Between(f64, f64),
}

impl Figure {
    /// Whether it is reached; nothing where it was not measured, or with too little.
    pub(crate) fn is_met(&self) -> Option<bool> {
        if self.unjudged.is_some() {
            return None;
        }
        let (measured, aim) = (self.measured.as_ref().ok()?, self.aim.as_ref().ok()?);
        Some(match *aim {
            Aim::AtLeast(least) => *measured >= least,
            Aim::AtMost(most) => *measured <= most,
            Aim::Between(least, most) => (least..=most).contains(measured),
        })
    }

    /// Why it was not measured, or is not judged.
    pub(crate) fn reason(&self) -> Option<&str> {
        let reason = self.measured.as_ref().err().or(self.aim.as_ref().err());
        reason.map(String::as_str).or(self.unjudged)
    }
}

/// All of them, of a run with these options.
pub(crate) fn figures(results: &Results, options: &Options) -> Vec<Figure> {
    let is_small = options.grants < 1_000_000 || options.rounds < 5 || options.seconds < 1.0;
    let unjudged = is_small.then_some("needs 1,000,000 grants, 5 rounds and turns of 1 s");
    let ratio = |what, row: &str, yardstick: &str, least: f64, unit| Figure {
        what,
        measured: results.ratio(row, yardstick),
        aim: Ok(Aim::AtLeast(least)),
        unit,
        unjudged,
    };
    let most = |what, measured, most: f64, unit| Figure {
        what,
        measured,
        aim: Ok(Aim::AtMost(most)),
        unit,
        unjudged,
    };
    let same = |what, name: &str| Figure {
        what,
        measured: results.number(name, "ratio"),
        aim: Ok(Aim::Between(0.8, 1.25)),
        unit: "of the own load's",
        unjudged,
    };
    let millis = |row: &str| results.time(row, |round| round.p99).map(|seconds| seconds * 1e3);
    let micros = |row: &str| results.time(row, |round| round.p99).map(|seconds| seconds * 1e6);
    let alone = micros("floor-alone").and_then(|floor| Ok(floor + 2.0 * micros("sync")?));
    vec![
        ratio("VerifyConsent, embedded", "verify", "floor", 0.60, "of the floor"),
        ratio("VerifyConsent, embedded", "verify", "nginx", 3.0, "times nginx with auth_request"),
        ratio("VerifyConsent, PostgreSQL", "verify-postgres", "floor", 0.25, "of the floor"),
        ratio("VerifyConsent, bounded audit buffer", "verify-buffered", "floor", 0.85, "of the floor"),
        Figure {
            what: "BatchVerifyConsents of 100",
            measured: results.rate("batch"),
            aim: Ok(Aim::AtLeast(1e6)),
            unit: "decisions/s",
            unjudged,
        },
        Figure {
            what: "VerifyConsent, one at a time, p99",
            measured: micros("verify-alone"),
            aim: alone.map(Aim::AtMost),
            unit: "us (the floor's p99 and two syncs' p99)",
            unjudged,
        },
        ratio("SendReferral, SQLite", "send-sqlite", "write-sqlite", 0.40, "of the bare writer"),
        ratio("SendReferral, PostgreSQL", "send-postgres", "write-postgres", 0.30, "of the bare writer"),
        ratio(
            "SendReferral, wait_for_delivery",
            "send-delivered",
            "nginx",
            0.35,
            "of nginx with auth_request",
        ),
        most("withdrawal under load, p99, one gateway", millis("withdraw"), 10.0, "ms"),
        most("withdrawal under load, p99, three gateways", millis("withdraw-three"), 250.0, "ms"),
        most("start, ready", results.number("start", "seconds"), 3.0, "s"),
        most("start, memory", results.number("start", "mebibytes"), 400.0, "MiB"),
        same("h2load on the floor", "h2load-floor"),
        same("h2load on VerifyConsent", "h2load-verify"),
        most(
            "ten times the grants, referrals, leaves",
            results.number("growth", "most"),
            1.15,
            "times the cost",
        ),
    ]
}

//! What does the engine answer in every situation of a small world? A table for `clients/python/oracle.py` to judge.
//!
//! [`situations`] goes through products of agencies, consents, prohibitions, grounds, ages and readers, and [`crossed`]
//! through every combination in a smaller world. [`Engines`]
//! answers each with the real engine, and [`write()`] makes a table of it.

mod aside;
mod products;
mod situation;
mod words;
mod world;

use std::io::Write;

use anyhow::{Context as _, Result};
use polku_policy::{BasisKind, Decision, Engine, RuleSource, Rules};
use polku_proto::CategorySet;

pub use products::{crossed, situations};
pub use situation::Situation;
use world::Agreed;

/// The engine twice, over the same agencies: where everybody has an agreement, and where nobody has.
#[derive(Debug)]
pub struct Engines {
    agreed: Engine,
    strangers: Engine,
}

impl Engines {
    /// Makes the engines on these rules.
    ///
    /// # Errors
    ///
    /// Fails where the rules cannot be used.
    pub fn on(rules: RuleSource<'_>) -> Result<Engines> {
        let engine =
            |agreed| -> Result<Engine> { Ok(Engine::new(Rules::parse(rules)?, world::directory(agreed)?)?) };
        Ok(Engines { agreed: engine(Agreed::All)?, strangers: engine(Agreed::Nobody)? })
    }

    /// What the engine says to it.
    ///
    /// # Errors
    ///
    /// Fails where the situation cannot be put into the engine's words.
    pub fn decide(&self, situation: &Situation) -> Result<Decision> {
        let engine = if situation.agreement { &self.agreed } else { &self.strangers };
        let asked = CategorySet::of(&[situation.category]);
        Ok(engine.decide(&world::index(situation)?, asked, &world::question(situation)?))
    }
}

/// Writes the table of the situations with the engines' answers.
///
/// # Errors
///
/// Fails where a situation cannot be put into the engine's words, or the table cannot be written.
pub fn write<'a>(
    engines: &Engines,
    situations: impl IntoIterator<Item = &'a Situation>,
    table: &mut impl Write,
) -> Result<()> {
    writeln!(table, "{}", situation::HEADER)?;
    for situation in situations {
        let decision = engines.decide(situation)?;
        let result = result(&decision)?;
        let reasons = listed(decision.reasons().iter().map(|reason| reason.code()));
        let obligations = listed(decision.obligations().iter().map(|obligation| obligation.code()));
        let asked = world::instant(situation.day)?;
        let until = decision.valid_until().map(|until| until.duration_since(asked).as_micros());
        let until = until.map_or_else(|| "-".to_owned(), |until| until.to_string());
        writeln!(table, "{situation}\t{result}\t{reasons}\t{obligations}\t{until}")?;
    }
    Ok(())
}

/// Whether it is permitted, and on which kind of ground. One category rests on one kind.
fn result(decision: &Decision) -> Result<&'static str> {
    if decision.permitted().is_empty() {
        return Ok("refused");
    }
    let mut kinds = decision.bases().iter().map(|basis| basis.kind);
    let kind = kinds.next().context("permitted without a ground")?;
    // Beside a consent there may be a permit to disclose.
    let also = |other| kind == other || kinds.clone().any(|kind| kind == other);
    Ok(match kind {
        BasisKind::Statute => "by_law",
        BasisKind::OwnData => "permitted",
        BasisKind::Consent | BasisKind::DisclosurePermit if also(BasisKind::Consent) => "by_consent",
        BasisKind::Consent | BasisKind::DisclosurePermit => "by_permit",
    })
}

/// Words with a semicolon between them; a dash for none.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "-".to_owned() } else { words.join(";") }
}

//! What does the engine answer in every situation of a small world? A table for `clients/python/oracle.py` to judge.
//!
//! [`situations`] goes through products of agencies, consents, prohibitions, grounds, ages and readers. [`Engines`]
//! answers each with the real engine, and [`write()`] makes a table of it.

mod aside;
mod products;
mod situation;
mod words;
mod world;

use std::io::Write;

use anyhow::Result;
use polku_policy::{Engine, RuleSource, Rules};
use polku_proto::CategorySet;

pub use products::situations;
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

    /// Tells whether the engine permits it.
    ///
    /// # Errors
    ///
    /// Fails where the situation cannot be put into the engine's words.
    pub fn permit(&self, situation: &Situation) -> Result<bool> {
        let engine = if situation.agreement { &self.agreed } else { &self.strangers };
        let asked = CategorySet::of(&[situation.category]);
        let decision = engine.decide(&world::index(situation)?, asked, &world::question(situation)?);
        Ok(decision.permitted() == asked)
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
        let result = if engines.permit(situation)? { "permitted" } else { "refused" };
        writeln!(table, "{situation}\t{result}")?;
    }
    Ok(())
}

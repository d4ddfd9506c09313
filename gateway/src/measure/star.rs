//! Which areas does an outcome star have, and what has changed since the first reading?

use std::collections::BTreeSet;

use polku_proto::v1::{AreaScore, StarReading};

/// An outcome star, as the operator has configured it. Ids only: the wording is licensed by its publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Star {
    /// Its id.
    pub id: String,
    /// Which edition.
    pub version: i32,
    /// Ids of its areas.
    pub areas: BTreeSet<String>,
    /// The highest step; the lowest is 1.
    pub highest: i32,
}

/// Why a reading is not one of a star.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StarError {
    /// No such star or edition is configured.
    #[error("no such star")]
    UnknownStar,
    /// The areas are not those of the star, each once.
    #[error("the areas are not those of the star")]
    WrongAreas,
    /// A score is above the highest step.
    #[error("a score is above the highest step")]
    TooHigh,
}

/// The reading with what has changed in each area since the first of `earlier` readings of the same star and edition; what
/// was entered in error is none.
///
/// # Errors
/// [`StarError`] when it is no whole reading of one of the stars.
pub fn compare(
    stars: &[Star],
    reading: StarReading,
    earlier: &[StarReading],
) -> Result<StarReading, StarError> {
    let same = |id: &str, version: i32| id == reading.star && version == reading.version;
    let star = stars.iter().find(|star| same(&star.id, star.version)).ok_or(StarError::UnknownStar)?;
    let areas: BTreeSet<&str> = reading.scores.iter().map(|score| score.area.as_str()).collect();
    let wanted: BTreeSet<&str> = star.areas.iter().map(String::as_str).collect();
    if areas != wanted || reading.scores.len() != wanted.len() {
        return Err(StarError::WrongAreas);
    }
    if reading.scores.iter().any(|score| score.score > star.highest) {
        return Err(StarError::TooHigh);
    }
    let counts = |other: &&StarReading| !other.entered_in_error && other.date < reading.date;
    let others = earlier.iter().filter(|other| same(&other.star, other.version)).filter(counts);
    let first = others.min_by(|one, other| one.date.cmp(&other.date));
    let change = |score: &AreaScore| {
        let before = first?.scores.iter().find(|before| before.area == score.area)?;
        Some(score.score - before.score)
    };
    let scores =
        reading.scores.iter().map(|score| AreaScore { change: change(score), ..score.clone() }).collect();
    Ok(StarReading { scores, ..reading })
}

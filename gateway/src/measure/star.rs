//! Which areas does an outcome star have, and what has changed since the first reading?

use std::collections::{BTreeSet, HashMap};

use polku_proto::v1::StarReading;

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

/// Checks that it is a whole reading of one of the stars.
///
/// # Errors
/// [`StarError`] when it is none.
pub fn check_star(stars: &[Star], reading: &StarReading) -> Result<(), StarError> {
    let is_this = |star: &&Star| star.id == reading.star && star.version == reading.version;
    let star = stars.iter().find(is_this).ok_or(StarError::UnknownStar)?;
    let areas: BTreeSet<&str> = reading.scores.iter().map(|score| score.area.as_str()).collect();
    let wanted: BTreeSet<&str> = star.areas.iter().map(String::as_str).collect();
    if areas != wanted || reading.scores.len() != wanted.len() {
        return Err(StarError::WrongAreas);
    }
    if reading.scores.iter().any(|score| score.score > star.highest) {
        return Err(StarError::TooHigh);
    }
    Ok(())
}

/// The first reading of each star and edition.
pub type FirstStars = HashMap<(String, i32), StarReading>;

/// Finds the first of `all` readings of each star and edition; what was entered in error is none.
pub fn first_stars<'a>(all: impl Iterator<Item = &'a StarReading>) -> FirstStars {
    let mut first: HashMap<(&str, i32), &StarReading> = HashMap::new();
    for reading in all.filter(|reading| !reading.entered_in_error) {
        let known = first.entry((&reading.star, reading.version)).or_insert(reading);
        if reading.date < known.date {
            *known = reading;
        }
    }
    first
        .into_iter()
        .map(|((star, version), reading)| ((star.to_owned(), version), reading.clone()))
        .collect()
}

/// Says in the reading what has changed in each area since the first one of the same star and edition, if that is of an
/// earlier day.
pub fn compare(reading: &mut StarReading, first: &FirstStars) {
    let first = first.get(&(reading.star.clone(), reading.version));
    let first = first.filter(|first| first.date < reading.date);
    let before = |area: &str| first?.scores.iter().find(|score| score.area == area);
    for score in &mut reading.scores {
        score.change = before(&score.area).map(|before| score.score - before.score);
    }
}

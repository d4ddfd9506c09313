//! What do the answers to a WHOQOL-BREF come to?
//!
//! Scoring of the WHO's 1996 manual without its look-up table: the mean of the answered items of a domain times 4 lies
//! between 4 and 20; less 4, times 100/16, between 0 and 100. Items 1 and 2 stand for themselves.

use polku_proto::v1::{WhoqolAnswer, WhoqolScores};

/// How the scores are reckoned, as they say of themselves.
const METHOD: &str = "MEAN_OF_ANSWERED";
/// The items of the form.
const ITEMS: usize = 26;
/// With so many items without answer the form is void: more than a fifth.
const VOID: usize = 6;

/// A domain: its items, those of them that are reversed, and how many may be missing.
struct Domain {
    items: &'static [i32],
    reversed: &'static [i32],
    may_miss: usize,
}

const PHYSICAL: Domain = Domain { items: &[3, 4, 10, 15, 16, 17, 18], reversed: &[3, 4], may_miss: 2 };
const PSYCHOLOGICAL: Domain = Domain { items: &[5, 6, 7, 11, 19, 26], reversed: &[26], may_miss: 2 };
const SOCIAL: Domain = Domain { items: &[20, 21, 22], reversed: &[], may_miss: 1 };
const ENVIRONMENT: Domain = Domain { items: &[8, 9, 12, 13, 14, 23, 24, 25], reversed: &[], may_miss: 2 };

/// Why answers cannot be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhoqolError {
    /// One item is answered twice.
    #[error("an item is answered twice")]
    AnsweredTwice,
}

/// Scores the answers, in hundredths from 0 to 10,000. None when the form is void.
///
/// # Errors
/// [`WhoqolError::AnsweredTwice`].
pub fn score(answers: &[WhoqolAnswer]) -> Result<Option<WhoqolScores>, WhoqolError> {
    let mut items: Vec<i32> = answers.iter().map(|answer| answer.item).collect();
    items.sort_unstable();
    items.dedup();
    if items.len() != answers.len() {
        return Err(WhoqolError::AnsweredTwice);
    }
    if ITEMS.saturating_sub(answers.len()) >= VOID {
        return Ok(None);
    }
    Ok(Some(WhoqolScores {
        physical: PHYSICAL.score(answers),
        psychological: PSYCHOLOGICAL.score(answers),
        social: SOCIAL.score(answers),
        environment: ENVIRONMENT.score(answers),
        method: METHOD.to_owned(),
    }))
}

impl Domain {
    fn score(&self, answers: &[WhoqolAnswer]) -> Option<i32> {
        let own = answers.iter().filter(|answer| self.items.contains(&answer.item));
        let values: Vec<i32> = own
            .map(
                |answer| if self.reversed.contains(&answer.item) { 6 - answer.answer } else { answer.answer },
            )
            .collect();
        if values.is_empty() || values.len() + self.may_miss < self.items.len() {
            return None;
        }
        let count = i32::try_from(values.len()).ok()?;
        let sum: i32 = values.iter().sum();
        // (4 x sum / count - 4) x 100 / 16, in hundredths, rounded to the nearest.
        Some((2 * 2_500 * (sum - count) + count) / (2 * count))
    }
}

//! What have the rules said before to the same facts? Their answers, remembered.
//!
//! Sound because of what [`Facts`](super::facts::Facts) promises: the rules see nothing but the facts that make up the
//! key, and the agencies and ages, which do not change during an engine's life.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use super::facts::Facts;
use crate::rules::Answer;

/// How many answers are held. There are far fewer different facts in daily use; if there ever are more, all are forgotten
/// and asked anew, which is slow and never wrong.
const MOST: usize = 100_000;

/// The answers so far.
#[derive(Default)]
pub(super) struct Memo {
    answers: RwLock<Answers>,
    /// What was asked, for the record: kept apart, so that looking an answer up touches little memory.
    seen: Mutex<Vec<(Facts, Answer)>>,
}

/// Answers by the key of their facts.
pub(super) type Answers = HashMap<u128, Answer, RandomState>;

impl Memo {
    /// What is remembered, to be looked through for a whole decision.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Answers> {
        self.answers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was asked, and what was answered.
    pub(super) fn seen(&self) -> Vec<(Facts, Answer)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn put(&self, facts: &Facts, answer: Answer) {
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.clear();
            seen.clear();
        }
        // Two may have asked the same at the same time.
        if answers.insert(facts.key(), answer).is_none() {
            seen.push((*facts, answer));
        }
    }
}

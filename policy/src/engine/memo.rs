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

/// Answers by the key of their facts: first by what the categories of a question have in common, then by what is one
/// category's own. So all that a question needs lies together.
#[derive(Default)]
pub(super) struct Answers {
    /// For each category's own key, in order, the place of the answer.
    questions: HashMap<u128, Vec<(u16, u16)>, RandomState>,
    /// There are few different ones.
    different: Vec<Answer>,
    held: usize,
}

/// The answers to questions with the same common facts.
#[derive(Clone, Copy)]
pub(super) struct Remembered<'a> {
    places: &'a [(u16, u16)],
    different: &'a [Answer],
}

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
        if answers.held >= MOST {
            *answers = Answers::default();
            seen.clear();
        }
        // Two may have asked the same at the same time.
        if answers.put(facts.key(), answer) {
            seen.push((*facts, answer));
        }
    }
}

impl Answers {
    /// What is remembered under the common part of a key.
    pub(super) fn of(&self, common: u128) -> Remembered<'_> {
        let places = self.questions.get(&common).map(Vec::as_slice).unwrap_or_default();
        Remembered { places, different: &self.different }
    }

    /// Takes an answer down; false when there was one already.
    fn put(&mut self, (common, own): (u128, u16), answer: Answer) -> bool {
        let known = self.different.iter().position(|known| *known == answer);
        let place = known.unwrap_or(self.different.len());
        // So many different answers there never are; whatever has no place is asked anew.
        let Ok(number) = u16::try_from(place) else { return false };
        if known.is_none() {
            self.different.push(answer);
        }
        let places = self.questions.entry(common).or_default();
        let Err(free) = places.binary_search_by_key(&own, |(key, _)| *key) else { return false };
        places.insert(free, (own, number));
        self.held += 1;
        true
    }
}

impl Remembered<'_> {
    /// The answer to the category with this key of its own.
    pub(super) fn get(self, own: u16) -> Option<Answer> {
        let found = self.places.binary_search_by_key(&own, |(key, _)| *key).ok()?;
        let (_, place) = self.places.get(found)?;
        self.different.get(usize::from(*place)).copied()
    }
}

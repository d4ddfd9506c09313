//! What have agencies answered lately, so that they need not be asked again?
//!
//! Kept in memory only, sealed under the person's key, and for a day at most: it is theirs, and they can be asked again.
//! Each gateway knows what it was answered itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use polku_proto::{AgencyId, CategorySet, YouthId};

/// How long an answer is used again at most, as the contract has it.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How many bytes of answers there are at most: those that came first go first. What is forgotten is asked again.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Who asked about whom. The asker is a keyed hash of the professional with their unit, the purpose and the identity code:
/// the same question of somebody else, for something else, or about another code, the agency may answer differently.
type Asked = (YouthId, [u8; 32]);

/// What an agency has answered when it was asked about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Which agency.
    pub(crate) agency: AgencyId,
    /// What it was asked for.
    pub(crate) asked: CategorySet,
    /// When it answered.
    pub(crate) answered: Timestamp,
    /// The contract's `AgencyFacts`, sealed.
    pub(crate) sealed: Vec<u8>,
}

impl Answer {
    /// Whether it may still be used, if only because nothing newer is to be had.
    pub(crate) fn is_of_a_day(&self, now: Timestamp) -> bool {
        self.answered >= now - KEPT
    }
}

/// The answers of all agencies.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    answers: HashMap<Asked, Vec<Answer>>,
    bytes: usize,
}

impl Book {
    /// Forgets what was answered longest ago, until so many bytes more fit.
    fn make_room(&mut self, added: usize) {
        if self.bytes + added <= MOST_BYTES {
            return;
        }
        let place = |asked: &Asked, answer: &Answer| (answer.answered, *asked, answer.agency.clone());
        let mut oldest: Vec<_> = self
            .answers
            .iter()
            .flat_map(|(asked, answers)| {
                answers.iter().map(|answer| (place(asked, answer), answer.sealed.len()))
            })
            .collect();
        oldest.sort_unstable();
        let mut left = self.bytes;
        let gone: BTreeSet<_> = oldest
            .into_iter()
            .map_while(|(place, bytes)| {
                // A quarter more than is needed: not every answer looks for the oldest one.
                let has_room = left + added <= MOST_BYTES - MOST_BYTES / 4;
                left -= bytes;
                (!has_room).then_some(place)
            })
            .collect();
        self.answers.retain(|asked, answers| {
            answers.retain(|answer| !gone.contains(&place(asked, answer)));
            !answers.is_empty()
        });
        self.bytes = self.answers.values().flatten().map(|answer| answer.sealed.len()).sum();
    }
}

impl Answers {
    /// What was answered to this asker about this person.
    pub(crate) fn of(&self, youth: YouthId, asker: [u8; 32]) -> Vec<Answer> {
        self.book().answers.get(&(youth, asker)).cloned().unwrap_or_default()
    }

    /// Keeps answers. The newest one to the same question takes the place of the one before.
    pub(crate) fn keep(&self, youth: YouthId, asker: [u8; 32], answers: Vec<Answer>) {
        let mut book = self.book();
        let added: usize = answers.iter().map(|answer| answer.sealed.len()).sum();
        book.make_room(added);
        book.bytes += added;
        let all = book.answers.entry((youth, asker)).or_default();
        let mut gone = 0;
        for answer in answers {
            let is_same = |other: &Answer| other.agency == answer.agency && other.asked == answer.asked;
            gone += all.extract_if(.., |other| is_same(other)).map(|other| other.sealed.len()).sum::<usize>();
            all.push(answer);
        }
        book.bytes -= gone;
    }

    /// Forgets what is old.
    pub(crate) fn prune(&self, now: Timestamp) {
        self.keep_only(|_, answers| {
            answers.retain(|answer| answer.is_of_a_day(now));
            !answers.is_empty()
        });
    }

    /// Forgets what was answered about people.
    pub(crate) fn forget(&self, youths: &[YouthId]) {
        self.keep_only(|(youth, _), _| !youths.contains(youth));
    }

    fn keep_only(&self, is_kept: impl FnMut(&Asked, &mut Vec<Answer>) -> bool) {
        let mut book = self.book();
        book.answers.retain(is_kept);
        book.bytes = book.answers.values().flatten().map(|answer| answer.sealed.len()).sum();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

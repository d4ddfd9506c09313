//! Who is answered before a leaf is on disk, and for how long may it be lost?
//!
//! For an operator who has chosen so: a question about consent that discloses nothing is answered when its leaf has its
//! place in the log. The leaf is on disk within the time of the buffer, or as soon as a disk that cannot be written can be;
//! an end in between loses it, and the receipt that was given for it. Nothing else is answered early: a leaf that a
//! disclosure or a change rests on has everything before it written and synced with it. Of leaves that come at the same
//! time, those that are answered early come first.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Answer, Group, Job, QUEUE_LEAVES, Shared};
use crate::audit::merkle::Hash;
use crate::audit::record::GROUP_LEAVES;
use crate::audit::{AuditError, Leaf};

/// How long a disk that could not be written is left alone, if nobody comes meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// The writer of a log with a buffer.
pub(super) struct Buffered<'a> {
    shared: &'a Shared,
    longest: Duration,
    /// Answered leaves that are not on disk, in front of those that somebody waits for.
    group: Group,
    /// When the first of them has to be there.
    due: Option<Instant>,
    /// Whether it could not be put there.
    has_failed: bool,
}

/// How far a group went.
struct Point {
    bytes: usize,
    leaves: u64,
    last_hash: Hash,
    marks: usize,
}

impl<'a> Buffered<'a> {
    pub(super) fn new(shared: &'a Shared, longest: Duration) -> Buffered<'a> {
        Buffered { shared, longest, group: Group::behind(&shared.durable()), due: None, has_failed: false }
    }

    /// Writes until nothing more can come.
    pub(super) async fn write(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(GROUP_LEAVES);
        loop {
            let next = jobs.recv_many(&mut waiting, GROUP_LEAVES);
            let received = match self.due {
                None => next.await,
                Some(due) => match timeout_at(due, next).await {
                    Ok(received) => received,
                    Err(_) => {
                        self.put_or_wait();
                        continue;
                    }
                },
            };
            if received == 0 {
                if self.put().is_err() {
                    let leaves = self.group.leaves - self.shared.durable().leaves;
                    tracing::error!(leaves, "leaves that were answered before they were on disk are lost");
                }
                return;
            }
            self.take(waiting.drain(..));
        }
    }

    fn take(&mut self, jobs: impl Iterator<Item = Job>) {
        let mut durable = Vec::new();
        for job in jobs {
            match job {
                Job::Append { leaf, answer } => durable.push((leaf, answer)),
                Job::Buffer { leaf, answer } => self.answer(&leaf, answer),
                // There are no others.
                Job::CopyOthers { answer } => drop(answer.send(Ok(()))),
            }
        }
        if durable.is_empty() {
            return;
        }
        let answered = self.reach();
        for (leaf, answer) in durable {
            self.group.take(&leaf, answer);
        }
        if self.put().is_err() {
            // Those that waited know; what was answered before is tried again.
            self.cut(&answered);
        }
    }

    /// Answers at once, if what was answered before can be written and is not too much.
    fn answer(&mut self, leaf: &Leaf, answer: Answer) {
        let held = self.group.leaves - self.shared.durable().leaves;
        let is_due = self.due.is_some_and(|due| due <= Instant::now());
        let has_failed = self.has_failed || self.shared.disk.is_stuck();
        if self.shared.disk.is_broken() {
            return drop(answer.send(Err(AuditError::Broken)));
        }
        if (is_due || has_failed || held >= QUEUE_LEAVES as u64)
            && let Err(error) = self.ready().and_then(|()| self.put())
        {
            return drop(answer.send(Err(error)));
        }
        match self.group.place(leaf) {
            Ok(receipt) => {
                self.due.get_or_insert_with(|| Instant::now() + self.longest);
                // Nobody waits any more: the leaf is there all the same.
                let _ = answer.send(Ok(receipt));
            }
            Err(source) => drop(answer.send(Err(AuditError::Malformed(source)))),
        }
    }

    /// Whether the log can be written; after a write that has failed, it is tried.
    fn ready(&self) -> Result<(), AuditError> {
        self.shared.disk.try_again(|| self.shared.durable().bytes)
    }

    /// Puts what is held on disk. Where that fails, all of it is still held.
    fn put(&mut self) -> Result<(), AuditError> {
        let put = self.shared.finish(&mut self.group);
        self.has_failed = put.is_err();
        put?;
        self.group = Group::behind(&self.shared.durable());
        self.due = None;
        Ok(())
    }

    /// The same when the time is up; where it fails, it is tried again after a pause, if that can help.
    fn put_or_wait(&mut self) {
        if self.put().is_err() {
            self.due = (!self.shared.disk.is_broken()).then(|| Instant::now() + PAUSE.max(self.longest));
        }
    }

    fn reach(&self) -> Point {
        let Group { bytes, leaves, last_hash, marks, .. } = &self.group;
        Point { bytes: bytes.len(), leaves: *leaves, last_hash: *last_hash, marks: marks.len() }
    }

    fn cut(&mut self, to: &Point) {
        self.group.bytes.truncate(to.bytes);
        self.group.marks.truncate(to.marks);
        (self.group.leaves, self.group.last_hash) = (to.leaves, to.last_hash);
    }
}

#[cfg(test)]
mod tests;

//! What is known of the gateway from outside, and does what leaves it keep the promises?
//!
//! I3: nothing of a referral leaves after the withdrawal of its ground was acknowledged, but for what that answer named as
//! under way. I4: the intent of what leaves is on disk. I8: what the policy hides never leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use polku_gateway::audit::{self, AuditLog};
use polku_gateway::store::sqlite;
use polku_tests::checks::Acknowledged;
use polku_tests::pki::sha256_hex;
use rusqlite::OptionalExtension as _;
use tokio::time::Instant;
use uuid::Uuid;

use crate::people::{HIDDEN, mark};

/// A day that is over.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) lines: Vec<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) counts: Counts,
}

impl Day {
    /// Of everything that happened.
    pub(crate) fn hash(&self) -> String {
        sha256_hex(self.lines.join("\n").as_bytes())
    }
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) referrals: usize,
    pub(crate) withdrawals: usize,
    /// Steps of agencies and senders.
    pub(crate) steps: usize,
    pub(crate) merges: usize,
    pub(crate) faults: usize,
    pub(crate) kills: usize,
    pub(crate) delivered: usize,
    pub(crate) in_doubt: usize,
    pub(crate) stopped: usize,
    pub(crate) leaves: usize,
}

impl Counts {
    pub(crate) fn sum(all: &[Counts]) -> Counts {
        all.iter().fold(Counts::default(), |sum, one| Counts {
            referrals: sum.referrals + one.referrals,
            withdrawals: sum.withdrawals + one.withdrawals,
            steps: sum.steps + one.steps,
            merges: sum.merges + one.merges,
            faults: sum.faults + one.faults,
            kills: sum.kills + one.kills,
            delivered: sum.delivered + one.delivered,
            in_doubt: sum.in_doubt + one.in_doubt,
            stopped: sum.stopped + one.stopped,
            leaves: sum.leaves + one.leaves,
        })
    }

    /// A simulation in which nothing goes wrong shows nothing.
    pub(crate) fn assert_something_happened(&self) {
        let Counts {
            referrals,
            withdrawals,
            steps,
            merges,
            faults,
            kills,
            delivered,
            in_doubt,
            stopped,
            leaves,
        } = *self;
        let all =
            [referrals, withdrawals, steps, merges, faults, kills, delivered, in_doubt, stopped, leaves];
        assert!(all.iter().all(|count| *count > 0), "{self:?}");
    }
}

/// A young person and an agency that may be told about them.
pub(crate) type Pair = (usize, &'static str);

/// How it stands with the permission of a pair.
#[derive(Debug, Clone)]
pub(crate) enum Ground {
    /// Asked for, given, or being withdrawn: what leaves may.
    Open,
    /// The withdrawal was acknowledged, with these referrals under way.
    Withdrawn(Vec<String>),
}

/// What is known. Clones are the same book.
#[derive(Clone)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

pub(crate) struct Pages {
    began: Instant,
    data: PathBuf,
    pub(crate) lines: Vec<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) counts: Counts,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) grounds: BTreeMap<Pair, Ground>,
    /// Each referral that somebody has wanted to send.
    pub(crate) wanted: Vec<Pair>,
    /// Those that were acknowledged, by number.
    pub(crate) sent: BTreeMap<usize, (String, &'static str)>,
    /// The consents that are in force.
    pub(crate) consents: BTreeMap<Pair, String>,
    /// Those that a withdrawal has stopped.
    pub(crate) stopped: BTreeSet<String>,
    /// How long the log was, and its hash, whenever the gateway was dead.
    pub(crate) logs: Vec<(usize, String)>,
}

impl Book {
    pub(crate) fn new(data: &Path) -> Self {
        Self(Arc::new(Mutex::new(Pages {
            began: Instant::now(),
            data: data.to_owned(),
            lines: Vec::new(),
            violations: Vec::new(),
            counts: Counts::default(),
            acknowledged: Vec::new(),
            grounds: BTreeMap::new(),
            wanted: Vec::new(),
            sent: BTreeMap::new(),
            consents: BTreeMap::new(),
            stopped: BTreeSet::new(),
            logs: Vec::new(),
        })))
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap()
    }

    /// Something has happened.
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.open().note(line);
    }

    /// Looks at all that leaves the gateway for an agency over one connection.
    pub(crate) fn watch(&self, agency: &'static str) -> impl Fn(&[u8]) + Send + Sync + 'static {
        let (book, seen) = (self.clone(), Mutex::new((Vec::new(), BTreeSet::new())));
        move |bytes| {
            let (all, marks) = &mut *seen.lock().unwrap();
            all.extend_from_slice(bytes);
            let text = String::from_utf8_lossy(all);
            let mut pages = book.open();
            if text.contains(HIDDEN) {
                pages.violate(format!("I8: what is hidden has left for {agency}"));
            }
            for number in 0..pages.wanted.len() {
                if text.contains(&mark(number)) && marks.insert(number) {
                    pages.leaves(agency, number, &text);
                }
            }
        }
    }

    /// The gateway is dead: what its log has for good.
    pub(crate) fn note_log(&self) {
        let mut pages = self.open();
        let log = std::fs::read(pages.data.join(audit::FILE)).unwrap();
        pages.logs.push((log.len(), sha256_hex(&log)));
    }
}

impl Pages {
    pub(crate) fn note(&mut self, line: impl Into<String>) {
        let at = self.began.elapsed().as_millis();
        self.lines.push(format!("{at} {}", line.into()));
    }

    pub(crate) fn violate(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("VIOLATION {what}"));
        let at = self.began.elapsed().as_millis();
        self.violations.push(format!("{what} (at {at} ms)"));
    }

    /// A referral leaves for an agency.
    fn leaves(&mut self, agency: &'static str, number: usize, text: &str) {
        self.counts.leaves += 1;
        self.note(format!("referral {number} leaves for {agency}"));
        let pair = self.wanted[number];
        if pair.1 != agency {
            self.violate(format!("I8: referral {number} to {} has left for {agency}", pair.1));
        }
        let lower = text.to_lowercase();
        if let Some(Ground::Withdrawn(under_way)) = self.grounds.get(&pair) {
            let is_named = under_way.iter().any(|name| lower.contains(name.rsplit('/').next().unwrap()));
            if !is_named {
                self.violate(format!("I3: referral {number} leaves for {agency} after the withdrawal"));
            }
        }
        match self.intent(&lower) {
            Ok(()) => {}
            Err(what) => self.violate(format!("I4: referral {number} leaves for {agency}: {what}")),
        }
    }

    /// Whether the last delivery that these bytes name has an intent on disk, and nothing says that it has ended.
    fn intent(&self, text: &str) -> Result<(), String> {
        let store =
            rusqlite::Connection::open(self.data.join(sqlite::FILE)).map_err(|error| error.to_string())?;
        let mut sql = store.prepare("SELECT state, intent FROM delivery WHERE message = ?1").unwrap();
        let mut rows = Vec::new();
        for id in ids(text) {
            let row = sql.query_row([id.as_bytes().as_slice()], |row| Ok((row.get(0)?, row.get(1)?)));
            let row: Option<(i64, Option<i64>)> = row.optional().map_err(|error| error.to_string())?;
            rows.extend(row);
        }
        if rows.is_empty() {
            return Err("no delivery has this message".to_owned());
        }
        let announced = rows.iter().find_map(|(state, intent)| intent.filter(|_| *state == SENDING));
        let Some(intent) = announced else { return Err(format!("not announced: {rows:?}")) };
        // The whole log is read for it: not every time.
        if self.counts.leaves.is_multiple_of(4) {
            let log = AuditLog::verify(&self.data.join(audit::FILE)).map_err(|error| error.to_string())?;
            if intent.cast_unsigned() >= log.leaves {
                return Err(format!("intent {intent} is not in the log"));
            }
        }
        Ok(())
    }
}

/// `DELIVERY_STATE_SENDING`.
const SENDING: i64 = polku_proto::v1::DeliveryState::Sending as i64;

/// Everything in a text that looks like a UUID.
fn ids(text: &str) -> BTreeSet<Uuid> {
    let starts = text.match_indices('-').filter_map(|(at, _)| text.get(at.checked_sub(8)?..at + 28));
    starts.filter_map(|candidate| Uuid::try_parse(candidate).ok()).collect()
}

//! Which leaves are about one person?
//!
//! An index beside the log, in a SQLite file of its own: `audit.index` beside `audit.log`. It is made of the log alone
//! and can be deleted at any time: nothing rests on it, and whatever is read through it is held against the log. It
//! catches up with the log before every answer; where it does not fit the log, or is damaged, it is made anew.
//!
//! A person stands in it as the first 8 bytes of the pseudonym. Leaves about nobody have a person too: zeros. A leaf takes
//! 24 bytes, measured with 100,000 leaves about 2,000 people, beside about 180 in the log itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::log::{Reach, Shared};
use super::merkle::Hash;
use super::record::START;
use super::{AuditError, Event, Leaf};

#[cfg(test)]
mod tests;

/// How many leaves are taken in at once: about 4 MiB of memory.
const STEP_LEAVES: usize = 65_536;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
-- How far the log has been taken in, where the record of its last leaf so far begins, and the sum of all rows of `about`
-- and `later`.
CREATE TABLE IF NOT EXISTS reach (
    leaves INTEGER NOT NULL, bytes INTEGER NOT NULL, last_hash BLOB NOT NULL, last_place INTEGER NOT NULL,
    sum INTEGER NOT NULL
);
-- Where the record before the leaf begins in the log.
CREATE TABLE IF NOT EXISTS about (
    subject INTEGER NOT NULL, sequence INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (subject, sequence)
) WITHOUT ROWID;
-- Which organisations have a leaf about a person, and the most that one of these says: 0, that it has asked; 1, that it
-- has acted or was sent something; 2, that it has identified the person.
CREATE TABLE IF NOT EXISTS known (
    subject INTEGER NOT NULL, organisation TEXT NOT NULL, tie INTEGER NOT NULL,
    PRIMARY KEY (subject, organisation)
) WITHOUT ROWID;
-- What a later leaf says of an earlier one: the outcome of an intent, be it a person who has found it out, or that it
-- announced what never came to be.
CREATE TABLE IF NOT EXISTS later (
    earlier INTEGER NOT NULL, sequence INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (earlier, sequence)
) WITHOUT ROWID;
";

/// The person whom leaves about nobody are about.
const NOBODY: i64 = 0;

/// What a leaf says that its organisation has to do with the person: nothing, where it could be about anybody.
const ASKED: i64 = 0;
/// It has acted on the person's data, or was sent some of it.
const ACTED: i64 = 1;
/// It has identified the person, by an identity that it had.
const IDENTIFIED: i64 = 2;

/// Finds leaves by person.
#[derive(Debug)]
pub struct Subjects {
    log: Arc<Shared>,
    path: PathBuf,
    open: Mutex<Option<Connection>>,
}

/// A leaf of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place in the log.
    pub sequence: u64,
    /// What it says.
    pub leaf: Leaf,
    /// Its hash.
    pub hash: Hash,
    /// Later leaves about this one, oldest first: its outcome, or that it is closed.
    pub later: Vec<Entry>,
}

/// Leaves of one person.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Before which leaf the next ones are found; none, if there are no more.
    pub next: Option<u64>,
}

/// Why the index did not answer.
enum Trouble {
    /// It is not what it should be: damaged, or of another log.
    Misfit,
    Sqlite(rusqlite::Error),
    Log(AuditError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Sqlite(error)
    }
}

impl From<AuditError> for Trouble {
    fn from(error: AuditError) -> Self {
        Trouble::Log(error)
    }
}

impl Subjects {
    /// The index of a log. Nothing is opened before it is asked.
    pub(super) fn beside(log_path: &Path, log: Arc<Shared>) -> Subjects {
        Subjects { log, path: log_path.with_extension("index"), open: Mutex::new(None) }
    }

    /// Takes in what the log has got since it was asked last. Blocks.
    ///
    /// # Errors
    /// [`AuditError`], when the log cannot be read or the index cannot be written.
    pub fn catch_up(&self) -> Result<(), AuditError> {
        self.ask(|_| Ok(()))
    }

    /// Tells whether the organisation has acted on the person's data, or was sent some of it. That it has asked, in vain
    /// or not, tells nothing: it can ask about nobody as well. Blocks.
    ///
    /// # Errors
    /// As [`Subjects::catch_up`].
    pub fn knows(&self, subject: &[u8; 32], organisation: &str) -> Result<bool, AuditError> {
        self.is_tied(subject, organisation, ACTED)
    }

    /// Tells whether the organisation has identified the person, by an identity that it had. Blocks.
    ///
    /// # Errors
    /// As [`Subjects::catch_up`].
    pub fn identified(&self, subject: &[u8; 32], organisation: &str) -> Result<bool, AuditError> {
        self.is_tied(subject, organisation, IDENTIFIED)
    }

    /// Gives the organisations that have identified the person. Blocks.
    ///
    /// # Errors
    /// As [`Subjects::catch_up`].
    pub fn identified_by(&self, subject: &[u8; 32]) -> Result<Vec<String>, AuditError> {
        self.ask(|connection| {
            let sql = "SELECT organisation FROM known WHERE subject = ?1 AND tie >= ?2";
            let mut query = connection.prepare_cached(sql)?;
            let rows = query.query_map(params![key(subject), IDENTIFIED], |row| row.get(0))?;
            Ok(rows.collect::<Result<Vec<String>, rusqlite::Error>>()?)
        })
    }

    fn is_tied(&self, subject: &[u8; 32], organisation: &str, least: i64) -> Result<bool, AuditError> {
        self.ask(|connection| {
            let sql = "SELECT 1 FROM known WHERE subject = ?1 AND organisation = ?2 AND tie >= ?3";
            let mut query = connection.prepare_cached(sql)?;
            Ok(query.exists(params![key(subject), organisation, least])?)
        })
    }

    /// Gives leaves about a person before a place in the log, or the newest ones, and among them those of `shared`:
    /// leaves about several persons that are about this one too. Blocks.
    ///
    /// # Errors
    /// As [`Subjects::catch_up`].
    pub fn about(
        &self,
        subject: &[u8; 32],
        shared: &[u64],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Entries, AuditError> {
        self.ask(|connection| {
            let before = before.unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs());
            let mut places = places(connection, subject, before, limit + 1)?;
            // With more of the person's own than are asked for, older ones of the others do not come in.
            let oldest = places.first().map_or(0, |(oldest, _)| *oldest);
            let oldest = if places.len() > limit { oldest } else { 0 };
            for sequence in shared.iter().copied().filter(|sequence| (oldest..before).contains(sequence)) {
                places.insert((sequence, place_of_shared(connection, sequence)?));
            }
            let more = places.len() > limit;
            let mut found = Entries::default();
            for (sequence, place) in places.into_iter().rev().take(limit) {
                let (leaf, hash) = self.log.leaf(place, sequence)?.ok_or(Trouble::Misfit)?;
                found.next = Some(sequence);
                // Two persons may have 8 bytes in common.
                if leaf.subject == *subject || shared.contains(&sequence) {
                    let later = self.later(connection, sequence)?;
                    found.entries.push(Entry { sequence, leaf, hash, later });
                } else if key(&leaf.subject) != key(subject) {
                    return Err(Trouble::Misfit);
                }
            }
            found.next = found.next.filter(|_| more);
            Ok(found)
        })
    }

    fn later(&self, connection: &Connection, earlier: u64) -> Result<Vec<Entry>, Trouble> {
        let sql = "SELECT sequence, place FROM later WHERE earlier = ?1 ORDER BY sequence";
        let mut query = connection.prepare_cached(sql)?;
        let rows = query.query_map([number(earlier)?], pair)?;
        let mut later = Vec::new();
        for row in rows {
            let (sequence, place) = row?;
            let (leaf, hash) = self.log.leaf(place, sequence)?.ok_or(Trouble::Misfit)?;
            if leaf.refers_to != Some(earlier) {
                return Err(Trouble::Misfit);
            }
            later.push(Entry { sequence, leaf, hash, later: Vec::new() });
        }
        Ok(later)
    }

    /// Asks the index when it is up to date; once more with a new one, if it is not what it should be.
    fn ask<T>(&self, query: impl Fn(&Connection) -> Result<T, Trouble>) -> Result<T, AuditError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.current(&mut open).and_then(&query);
        let again = match first {
            Ok(answer) => return Ok(answer),
            Err(Trouble::Log(error @ AuditError::File(_))) => return Err(error),
            Err(trouble) => trouble,
        };
        tracing::warn!(reason = again.word(), "the index of the audit log is made anew");
        drop(open.take());
        self.remove().map_err(AuditError::File)?;
        self.current(&mut open).and_then(&query).map_err(|trouble| match trouble {
            Trouble::Log(error) => error,
            Trouble::Sqlite(error) => AuditError::Index(error),
            Trouble::Misfit => AuditError::Index(rusqlite::Error::QueryReturnedNoRows),
        })
    }

    fn current<'a>(&self, open: &'a mut Option<Connection>) -> Result<&'a Connection, Trouble> {
        let connection = match open {
            Some(connection) => connection,
            None => open.insert(self.connect()?),
        };
        let to = self.log.reach();
        loop {
            let (from, last) = reached(connection)?;
            if from == to {
                return Ok(connection);
            }
            if from.leaves >= to.leaves || from.bytes >= to.bytes {
                return Err(Trouble::Misfit);
            }
            let transaction = connection.transaction()?;
            self.take_in(&transaction, (&from, last), &to)?;
            transaction.commit()?;
        }
    }

    /// Takes in the next leaves.
    fn take_in(
        &self,
        into: &Transaction<'_>,
        (from, last): (&Reach, u64),
        to: &Reach,
    ) -> Result<(), Trouble> {
        let mut records = self.log.between(from, to);
        let mut rows = Vec::new();
        let (mut known, mut later) = (BTreeSet::new(), Vec::new());
        let (mut reach, mut place) = (*from, last);
        while rows.len() < STEP_LEAVES {
            let Some(found) = records.next()? else { break };
            let (sequence, subject) = (found.sequence, key(&found.leaf.subject));
            rows.push((subject, sequence, place));
            let event = found.leaf.event;
            if let Some(earlier) =
                found.leaf.refers_to.filter(|_| event.tells_outcome() || event == Event::Closed)
            {
                later.push((earlier, sequence, place));
            }
            if subject != NOBODY {
                known.insert((subject, found.leaf.organisation, tie(found.leaf.event)));
            }
            place = found.offset;
            reach = Reach { leaves: sequence + 1, bytes: records.offset(), last_hash: found.hash };
        }
        if rows.is_empty() {
            return Err(Trouble::Misfit);
        }
        // In the order of the table: neighbours go into the same page.
        rows.sort_unstable();
        let mut sum = sum_of_all(into, "SELECT sum FROM reach")?;
        let mut insert = into.prepare_cached("INSERT INTO about VALUES (?1, ?2, ?3)")?;
        for (subject, sequence, place) in rows {
            insert.execute(params![subject, number(sequence)?, number(place)?])?;
            sum = sum.wrapping_add(mixed(subject, number(sequence)?, number(place)?));
        }
        let mut insert = into.prepare_cached(
            "INSERT INTO known VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET tie = max(tie, excluded.tie)",
        )?;
        for (subject, organisation, tie) in known {
            insert.execute(params![subject, organisation, tie])?;
        }
        let mut insert = into.prepare_cached("INSERT INTO later VALUES (?1, ?2, ?3)")?;
        for (earlier, sequence, place) in later {
            insert.execute(params![number(earlier)?, number(sequence)?, number(place)?])?;
            sum = sum.wrapping_add(mixed(number(earlier)?, number(sequence)?, number(place)?));
        }
        let sql = "UPDATE reach SET leaves = ?1, bytes = ?2, last_hash = ?3, last_place = ?4, sum = ?5";
        let values =
            params![number(reach.leaves)?, number(reach.bytes)?, reach.last_hash, number(place)?, sum];
        into.execute(sql, values)?;
        Ok(())
    }

    fn connect(&self) -> Result<Connection, Trouble> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path);
        drop(file.map_err(AuditError::File)?);
        let connection = Connection::open(&self.path)?;
        connection.execute_batch(SCHEMA)?;
        let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(Trouble::Misfit);
        }
        let begun: bool =
            connection.query_row("SELECT EXISTS (SELECT 1 FROM reach)", [], |row| row.get(0))?;
        if !begun {
            connection.execute("INSERT INTO reach VALUES (0, 0, ?1, 0, 0)", [START])?;
        }
        // A row that is lost or altered would be missing in an answer, and nobody would see it.
        let about = sum_of_all(&connection, "SELECT subject, sequence, place FROM about")?;
        let later = sum_of_all(&connection, "SELECT earlier, sequence, place FROM later")?;
        if about.wrapping_add(later) != sum_of_all(&connection, "SELECT sum FROM reach")? {
            return Err(Trouble::Misfit);
        }
        Ok(connection)
    }

    fn remove(&self) -> io::Result<()> {
        for ending in ["", "-wal", "-shm"] {
            let mut name = OsString::from(self.path.as_os_str());
            name.push(ending);
            match fs::remove_file(PathBuf::from(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Trouble {
    fn word(&self) -> &'static str {
        match self {
            Trouble::Misfit => "it does not fit the log",
            Trouble::Sqlite(_) => "its file is damaged",
            Trouble::Log(_) => "the log does not go on where it ends",
        }
    }
}

/// The sum over the rows that a query finds: of three numbers, mixed, or of one that is a sum already.
fn sum_of_all(connection: &Connection, sql: &str) -> Result<i64, Trouble> {
    let mut query = connection.prepare_cached(sql)?;
    let is_sum = query.column_count() == 1;
    let mut rows = query.query([])?;
    let mut sum = 0_i64;
    while let Some(row) = rows.next()? {
        let one = if is_sum { row.get(0)? } else { mixed(row.get(0)?, row.get(1)?, row.get(2)?) };
        sum = sum.wrapping_add(one);
    }
    Ok(sum)
}

/// A number that differs with each of these.
fn mixed(one: i64, two: i64, three: i64) -> i64 {
    [one, two, three].iter().fold(0, |mix: i64, number| {
        let mix = (mix ^ number).wrapping_mul(-0x61c8_8646_80b5_83eb);
        mix ^ (mix >> 29)
    })
}

/// How far the log has been taken in, and where the record of its last leaf so far begins.
fn reached(connection: &Connection) -> Result<(Reach, u64), Trouble> {
    let mut query = connection.prepare_cached("SELECT leaves, bytes, last_hash, last_place FROM reach")?;
    let row = |row: &Row<'_>| {
        let reach = Reach { leaves: unsigned(row, 0)?, bytes: unsigned(row, 1)?, last_hash: row.get(2)? };
        Ok((reach, unsigned(row, 3)?))
    };
    query.query_row([], row).optional()?.ok_or(Trouble::Misfit)
}

fn places(
    connection: &Connection,
    subject: &[u8; 32],
    before: u64,
    limit: usize,
) -> Result<BTreeSet<(u64, u64)>, Trouble> {
    let sql = "SELECT sequence, place FROM about WHERE subject = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3";
    let mut query = connection.prepare_cached(sql)?;
    let values = params![key(subject), number(before)?, i64::try_from(limit).unwrap_or(i64::MAX)];
    let rows = query.query_map(values, pair)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn place_of_shared(connection: &Connection, sequence: u64) -> Result<u64, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT place FROM about WHERE subject = ?1 AND sequence = ?2")?;
    let place = query.query_row(params![NOBODY, number(sequence)?], |row| unsigned(row, 0)).optional()?;
    place.ok_or(Trouble::Misfit)
}

/// What such a leaf says that its organisation has to do with the person.
fn tie(event: Event) -> i64 {
    match event {
        Event::IdentifyYouth | Event::IdentityLink => IDENTIFIED,
        // Of these there are leaves about nobody, too; and who links somebody need not know by which ids they go elsewhere.
        Event::VerifyConsent | Event::Refusal | Event::Read | Event::IdentityTied => ASKED,
        Event::SendReferral
        | Event::ReferralChange
        | Event::ConsentChange
        | Event::ProhibitionChange
        | Event::DeliveryIntent
        | Event::DeliveryOutcome
        | Event::Closed
        | Event::Erasure
        | Event::LegalStatusChange
        | Event::Policy
        | Event::PlanChange
        | Event::FactsQuery
        | Event::JourneyEntry
        | Event::Tally
        | Event::Loss
        | Event::OlderState
        | Event::PersonErasure
        | Event::MasterKey
        | Event::Administration => ACTED,
    }
}

/// A person as the index names them.
fn key(subject: &[u8; 32]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *subject;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Two columns.
fn pair(row: &Row<'_>) -> rusqlite::Result<(u64, u64)> {
    Ok((unsigned(row, 0)?, unsigned(row, 1)?))
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn number(value: u64) -> Result<i64, Trouble> {
    i64::try_from(value).map_err(|_| Trouble::Misfit)
}

//! Which tables are there, and how does an older file get them?
//!
//! Instants are milliseconds since 1970, ids are the 16 bytes of the UUID, states and kinds are the numbers of the
//! contract. What has come to its end is in no index that is searched for work.

mod later;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use self::later::{ANSWERS, ASKERS, FACTS_IN_MEMORY, KNOWN, OPERATED_DELIVERIES, UPKEEP};
use super::{Unusable, failed};
use crate::store::StoreError;

/// Number 1 first. A migration that has been released is never changed.
pub(super) const MIGRATIONS: &[&str] = &[
    FIRST,
    CONSENTS,
    HASTE,
    JOINT_PLAN,
    JOURNEY,
    IDENTITIES,
    ASKERS,
    ANSWERS,
    UPKEEP,
    OPERATED_DELIVERIES,
    KNOWN,
    FACTS_IN_MEMORY,
];

/// The version that this release writes.
pub(super) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Opens the connection that writes.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000;").map_err(failed)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(failed(Unusable::NoWriteAheadLog));
    }
    connection.execute_batch(WRITER_SETTINGS).map_err(failed)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.execute_batch(READER_SETTINGS).map_err(failed)?;
    // Otherwise a statement on a table with a partial index is compiled anew with every parameter.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Brings the schema up to date, all steps or none.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found: u32 =
        transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let known = newest();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    if found < known {
        transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// `secure_delete`: erased content is overwritten, not only left to be reused. `temp_store`: nothing personal in
/// temporary files.
const WRITER_SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA mmap_size = 0;
    PRAGMA cache_size = -65536;
    PRAGMA journal_size_limit = 67108864;
";

const READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA mmap_size = 0;
    PRAGMA cache_size = -16384;
";

/// Referral state 1: requested. Delivery states 1, 2, 4, 5: queued, sending, retrying, in doubt.
const FIRST: &str = "
CREATE TABLE youth (
    id BLOB NOT NULL PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    sealed_identity BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    organisation TEXT NOT NULL,
    request BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    youth BLOB NOT NULL REFERENCES youth (id),
    sealed_answer BLOB NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (organisation, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_by_time ON request (time);

CREATE TABLE referral (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    youth BLOB NOT NULL REFERENCES youth (id),
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    respond_by INTEGER NOT NULL,
    reached_recipient INTEGER NOT NULL,
    delivery_ended INTEGER,
    holds_content INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX referral_by_youth ON referral (youth, created, id);
CREATE INDEX referral_by_sender ON referral (sender, created, id);
CREATE INDEX referral_by_recipient ON referral (recipient, created, id) WHERE reached_recipient = 1;
CREATE INDEX referral_waiting ON referral (respond_by) WHERE state IN (1, 2);
CREATE INDEX referral_erasable ON referral (delivery_ended) WHERE holds_content = 1 AND delivery_ended IS NOT NULL;

CREATE TABLE instrument (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    youth BLOB NOT NULL REFERENCES youth (id),
    kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    in_force INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX instrument_by_youth ON instrument (youth);

CREATE TABLE event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    referral BLOB NOT NULL REFERENCES referral (id),
    sender TEXT NOT NULL,
    recipient TEXT,
    time INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
    number INTEGER PRIMARY KEY,
    message BLOB NOT NULL UNIQUE,
    item INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    referral BLOB NOT NULL REFERENCES referral (id),
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    leased_until INTEGER,
    intent INTEGER,
    reference TEXT,
    wake INTEGER NOT NULL AS (ifnull(leased_until, due)) VIRTUAL
) STRICT;
CREATE INDEX delivery_pending ON delivery (agency, wake) WHERE state IN (1, 2, 4);
CREATE INDEX delivery_open_by_youth ON delivery (youth) WHERE state IN (1, 2, 4, 5);
CREATE INDEX delivery_by_referral ON delivery (referral);

CREATE TABLE audit_detail (
    sequence INTEGER PRIMARY KEY,
    youth BLOB REFERENCES youth (id),
    sealed BLOB,
    CHECK ((youth IS NULL) = (sealed IS NULL))
) STRICT;

CREATE TABLE reconciled (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    until INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT;
INSERT INTO reconciled (only, until, root) VALUES (1, 0, zeroblob(32));
";

/// Which agency is told to ask about whom again, and which questions were asked in a batch. The first index has the
/// position in it, as every index has.
const CONSENTS: &str = "
CREATE TABLE consent_notice (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    youth BLOB NOT NULL REFERENCES youth (id),
    agency BLOB NOT NULL,
    revision INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_notice_by_agency ON consent_notice (agency);

CREATE TABLE batch_item (
    leaf INTEGER NOT NULL REFERENCES audit_detail (sequence),
    item INTEGER NOT NULL,
    subject BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (leaf, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_item_by_subject ON batch_item (subject, leaf);
";

/// What goes first when several deliveries are due: 1 urgent, 2 ordinary. And one notice (item 5) for each disclosure, by
/// its audit leaf.
const HASTE: &str = "
ALTER TABLE delivery ADD COLUMN priority INTEGER NOT NULL DEFAULT 2;
DROP INDEX delivery_pending;
CREATE INDEX delivery_pending ON delivery (agency, priority, wake) WHERE state IN (1, 2, 4);
CREATE UNIQUE INDEX delivery_of_disclosure ON delivery (item_index) WHERE item = 5;
";

/// Joint plans, with every revision as it was written; tasks (state 1: open); and deliveries that are about a section of
/// a plan (item 6: the section, 7: its end) instead of a referral. A column cannot lose its `NOT NULL`, so the
/// deliveries move to a new table. Of one section one part is queued for each agency; one that is tried again may wait
/// beside it, for it was being sent when the other came.
/// What agencies have been told of a plan or of a referral, by reading it or by their systems, stands as keyed hashes of it.
/// Of what was told by a reading there can be several notices (item 5) by one audit leaf, by their place in it, and some of them are
/// about neither a referral nor a section.
const JOINT_PLAN: &str = "
CREATE TABLE plan (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    youth BLOB NOT NULL REFERENCES youth (id),
    coordinator TEXT NOT NULL,
    parties TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    look_at INTEGER
) STRICT;
CREATE INDEX plan_by_youth ON plan (youth, created, id);
CREATE INDEX plan_to_look_at ON plan (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE plan_revision (
    number INTEGER PRIMARY KEY,
    plan BLOB NOT NULL REFERENCES plan (id),
    revision INTEGER NOT NULL,
    time INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (plan, revision)
) STRICT;

CREATE TABLE plan_event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    plan BLOB NOT NULL REFERENCES plan (id),
    youth BLOB NOT NULL REFERENCES youth (id),
    revision INTEGER NOT NULL,
    agency TEXT NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_event_by_agency ON plan_event (agency);
CREATE INDEX plan_event_by_plan ON plan_event (plan, agency);

CREATE TABLE task (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    plan BLOB REFERENCES plan (id),
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX task_by_agency ON task (agency, created, id);
CREATE INDEX task_open_by_agency ON task (agency, created, id) WHERE state = 1;
CREATE INDEX task_by_youth ON task (youth, agency, created, id);
CREATE INDEX task_open_by_plan ON task (plan, created, id) WHERE state = 1;

CREATE TABLE task_event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    task BLOB NOT NULL REFERENCES task (id),
    agency TEXT NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX task_event_by_agency ON task_event (agency);

CREATE TABLE told (
    about BLOB NOT NULL,
    mark BLOB NOT NULL,
    PRIMARY KEY (about, mark)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery_of_any (
    number INTEGER PRIMARY KEY,
    message BLOB NOT NULL UNIQUE,
    item INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    item_place INTEGER NOT NULL DEFAULT 0,
    referral BLOB REFERENCES referral (id),
    plan BLOB REFERENCES plan (id),
    owner TEXT,
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    leased_until INTEGER,
    intent INTEGER,
    reference TEXT,
    priority INTEGER NOT NULL,
    wake INTEGER NOT NULL AS (ifnull(leased_until, due)) VIRTUAL,
    CHECK ((plan IS NULL) = (owner IS NULL) AND (referral IS NULL OR plan IS NULL)
        AND (item = 5 OR referral IS NOT NULL OR plan IS NOT NULL))
) STRICT;
INSERT INTO delivery_of_any (number, message, item, item_index, referral, youth, agency, state, attempts, due,
        deadline, fence, leased_until, intent, reference, priority)
    SELECT number, message, item, item_index, referral, youth, agency, state, attempts, due,
        deadline, fence, leased_until, intent, reference, priority FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_of_any RENAME TO delivery;
CREATE INDEX delivery_pending ON delivery (agency, priority, wake) WHERE state IN (1, 2, 4);
CREATE INDEX delivery_open_by_youth ON delivery (youth) WHERE state IN (1, 2, 4, 5);
CREATE INDEX delivery_by_referral ON delivery (referral) WHERE referral IS NOT NULL;
CREATE UNIQUE INDEX delivery_of_disclosure ON delivery (item_index, item_place) WHERE item = 5;
CREATE INDEX delivery_of_section ON delivery (plan, owner, agency) WHERE item IN (6, 7) AND state IN (3, 5);
CREATE INDEX delivery_waiting_part ON delivery (plan, owner, agency) WHERE item = 6 AND state IN (1, 4);
CREATE UNIQUE INDEX delivery_queued_part ON delivery (plan, owner, agency) WHERE item = 6 AND state = 1;
";

/// Entries of journeys; what agencies have answered about a person, the newest answer to each question; what is to be
/// looked after (matter 1: nobody has met the person, 2: retention after the referral that it is about); and what is
/// counted without anybody's name (kind 1: a walk-in, 2: a form of feedback), whose table refers to no person.
const JOURNEY: &str = "
CREATE TABLE journey_entry (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    kind INTEGER NOT NULL,
    created INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX journey_entry_by_youth ON journey_entry (youth, agency, kind, number);
CREATE INDEX journey_entry_by_agency ON journey_entry (agency, youth, number);

CREATE TABLE agency_facts (
    youth BLOB NOT NULL REFERENCES youth (id),
    agency TEXT NOT NULL,
    asked INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (youth, agency, asked)
) STRICT;
CREATE INDEX agency_facts_by_age ON agency_facts (answered);

CREATE TABLE follow_up (
    number INTEGER PRIMARY KEY,
    youth BLOB NOT NULL REFERENCES youth (id),
    matter INTEGER NOT NULL,
    about BLOB NOT NULL,
    agency TEXT NOT NULL,
    due INTEGER NOT NULL,
    UNIQUE (youth, matter, about, agency)
) STRICT;
CREATE INDEX follow_up_by_day ON follow_up (due);

CREATE TABLE tally (
    organisation TEXT NOT NULL,
    request BLOB NOT NULL,
    agency TEXT NOT NULL,
    day TEXT NOT NULL,
    kind INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (organisation, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_by_agency ON tally (agency, day);

CREATE INDEX plan_by_coordinator ON plan (coordinator, youth);
";

/// Identities that came after the first one of a person, and ids under which a person was known before: both follow from
/// the links that have been made and not ended. What a link says of the identity of each id is sealed for that id.
const IDENTITIES: &str = "
CREATE TABLE identity_alias (
    identity BLOB NOT NULL PRIMARY KEY,
    youth BLOB NOT NULL REFERENCES youth (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_alias_by_youth ON identity_alias (youth);

CREATE TABLE former_youth (
    former BLOB NOT NULL PRIMARY KEY REFERENCES youth (id),
    youth BLOB NOT NULL REFERENCES youth (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_youth_by_youth ON former_youth (youth);

CREATE TABLE identity_link (
    number INTEGER PRIMARY KEY,
    youth BLOB NOT NULL REFERENCES youth (id),
    identity BLOB NOT NULL,
    holder BLOB REFERENCES youth (id),
    agency TEXT NOT NULL,
    leaf INTEGER NOT NULL
) STRICT;
CREATE INDEX identity_link_by_youth ON identity_link (youth);
CREATE INDEX identity_link_by_holder ON identity_link (holder);

CREATE TABLE identity_link_end (
    link INTEGER PRIMARY KEY REFERENCES identity_link (number),
    leaf INTEGER NOT NULL
) STRICT;

CREATE TABLE linked_identity (
    youth BLOB NOT NULL REFERENCES youth (id),
    link INTEGER NOT NULL REFERENCES identity_link (number),
    sealed BLOB NOT NULL,
    PRIMARY KEY (youth, link)
) STRICT, WITHOUT ROWID;
";

//! Which tables are there, and how does an older database get them?
//!
//! Instants are milliseconds since 1970, states and kinds are the numbers of the contract. Texts are compared byte by
//! byte, as the other back end does, whatever language the server speaks. What has come to its end is in no index that is
//! searched for work.

use tokio_postgres::Client;

use super::fault::failed;
use crate::store::StoreError;

/// Number 1 first. A migration that has been released is never changed.
const MIGRATIONS: &[&str] =
    &[FIRST, ASKERS, ANSWERS, UPKEEP, OPERATED_DELIVERIES, SEVERAL, FACTS_IN_MEMORY, NO_STATISTICS];

/// Locks of this database that are known by number alone. The first number is that of all locks of a gateway.
pub(super) const LOCKS: i32 = 0x706f_6c6b;

/// Shared by the gateways that work on the database, as long as they are connected.
pub(super) const GATEWAY_LOCK: i32 = 1;

/// Takes [`GATEWAY_LOCK`] as one of them.
pub(super) const PRESENT: &str = "SELECT pg_advisory_lock_shared(1886350443, 1)";

/// Held by every transaction that writes, to its end. So changes are made one after the other, whoever makes them: what a
/// change has looked at is still so when it is committed, and positions follow the order of commits.
pub(super) const WRITER_LOCK: i32 = 2;

/// The version that this release writes.
fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Brings the schema up to date, all steps or none, one gateway after the other.
pub(super) async fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(VERSION).await.map_err(failed)?;
    let row = transaction.query_opt("SELECT version FROM schema_version", &[]).await.map_err(failed)?;
    let found = row.map(|row| row.try_get::<_, i64>(0)).transpose().map_err(failed)?.unwrap_or_default();
    let found = u32::try_from(found).map_err(|_| StoreError::Unreadable { table: "schema_version" })?;
    let known = newest();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.batch_execute(migration).await.map_err(failed)?;
    }
    if found < known {
        let sql = "INSERT INTO schema_version (one, version) VALUES (1, $1)
            ON CONFLICT (one) DO UPDATE SET version = excluded.version";
        transaction.execute(sql, &[&i64::from(known)]).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// A migration may take as long as it takes.
const VERSION: &str = "
SET LOCAL statement_timeout = 0;
SELECT pg_advisory_xact_lock(1886350443, 2);

CREATE TABLE IF NOT EXISTS schema_version (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL
);
";

/// Positions are counted in a table of their own: what is rolled back leaves no gap, and what is deleted is not counted
/// anew. `writer` says which transaction of a gateway was the last one that was committed.
///
/// Referral state 1: requested. Delivery states 1 to 5: queued, sending, delivered, retrying, in doubt; items 5, 6, 7: a
/// notice of a disclosure, a section of a plan, its end; priorities 1, 2: urgent, ordinary. Task state 1: open. Matters of
/// what is to be looked after 1, 2, 3: nobody has met the person, retention, renewal of a guardian's consent. Kinds of what
/// is counted 1, 2, 3: a walk-in, a form of feedback, the figures of a third of a year.
///
/// What agencies have been told of a plan or of a referral stands as keyed hashes of it. Aliases of identities and former
/// ids follow from the links that have been made and not ended; what a link says of the identity of each id is sealed for
/// that id.
const FIRST: &str = r#"
CREATE TABLE writer (
    id UUID NOT NULL PRIMARY KEY,
    written BIGINT NOT NULL
);

CREATE TABLE event_position (
    stream TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO event_position (stream, last)
    VALUES ('event', 0), ('consent_notice', 0), ('plan_event', 0), ('task_event', 0);
CREATE FUNCTION next_position(of_stream TEXT) RETURNS BIGINT LANGUAGE SQL VOLATILE
    AS 'UPDATE event_position SET last = last + 1 WHERE stream = of_stream RETURNING last';

CREATE TABLE youth (
    id UUID NOT NULL PRIMARY KEY,
    identity BYTEA NOT NULL UNIQUE,
    wrapped_key BYTEA NOT NULL,
    sealed_identity BYTEA NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE request (
    organisation TEXT COLLATE "C" NOT NULL,
    request UUID NOT NULL,
    fingerprint BYTEA NOT NULL,
    youth UUID NOT NULL REFERENCES youth (id),
    sealed_answer BYTEA NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (organisation, request)
);
CREATE INDEX request_by_time ON request (time);

CREATE TABLE referral (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    youth UUID NOT NULL REFERENCES youth (id),
    sender TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    respond_by BIGINT NOT NULL,
    reached_recipient BIGINT NOT NULL,
    delivery_ended BIGINT,
    holds_content BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX referral_by_youth ON referral (youth, created, id);
CREATE INDEX referral_by_sender ON referral (sender, created, id);
CREATE INDEX referral_by_recipient ON referral (recipient, created, id) WHERE reached_recipient = 1;
CREATE INDEX referral_waiting ON referral (respond_by) WHERE state IN (1, 2);
CREATE INDEX referral_erasable ON referral (delivery_ended) WHERE holds_content = 1 AND delivery_ended IS NOT NULL;

CREATE TABLE instrument (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    youth UUID NOT NULL REFERENCES youth (id),
    kind BIGINT NOT NULL,
    version BIGINT NOT NULL,
    in_force BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX instrument_by_youth ON instrument (youth, number);

CREATE TABLE event (
    position BIGINT NOT NULL DEFAULT next_position('event') PRIMARY KEY,
    kind BIGINT NOT NULL,
    referral UUID NOT NULL REFERENCES referral (id),
    sender TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C",
    time BIGINT NOT NULL
);

CREATE TABLE audit_detail (
    sequence BIGINT PRIMARY KEY,
    youth UUID REFERENCES youth (id),
    sealed BYTEA,
    CHECK ((youth IS NULL) = (sealed IS NULL))
);

CREATE TABLE reconciled (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    until BIGINT NOT NULL,
    root BYTEA NOT NULL
);
INSERT INTO reconciled (one, until, root) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE consent_notice (
    position BIGINT NOT NULL DEFAULT next_position('consent_notice') PRIMARY KEY,
    youth UUID NOT NULL REFERENCES youth (id),
    agency BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX consent_notice_by_agency ON consent_notice (agency, position);

CREATE TABLE batch_item (
    leaf BIGINT NOT NULL REFERENCES audit_detail (sequence),
    item BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (leaf, item)
);
CREATE INDEX batch_item_by_subject ON batch_item (subject, leaf);

CREATE TABLE plan (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    youth UUID NOT NULL REFERENCES youth (id),
    coordinator TEXT COLLATE "C" NOT NULL,
    parties TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    look_at BIGINT
);
CREATE INDEX plan_by_youth ON plan (youth, created, id);
CREATE INDEX plan_to_look_at ON plan (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE plan_revision (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan UUID NOT NULL REFERENCES plan (id),
    revision BIGINT NOT NULL,
    time BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    UNIQUE (plan, revision)
);

CREATE TABLE plan_event (
    position BIGINT NOT NULL DEFAULT next_position('plan_event') PRIMARY KEY,
    plan UUID NOT NULL REFERENCES plan (id),
    youth UUID NOT NULL REFERENCES youth (id),
    revision BIGINT NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX plan_event_by_agency ON plan_event (agency, position);
CREATE INDEX plan_event_by_plan ON plan_event (plan, agency, position);

CREATE TABLE task (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    youth UUID NOT NULL REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    plan UUID REFERENCES plan (id),
    state BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX task_by_agency ON task (agency, created, id);
CREATE INDEX task_open_by_agency ON task (agency, created, id) WHERE state = 1;
CREATE INDEX task_by_youth ON task (youth, agency, created, id);
CREATE INDEX task_open_by_plan ON task (plan, created, id) WHERE state = 1;

CREATE TABLE task_event (
    position BIGINT NOT NULL DEFAULT next_position('task_event') PRIMARY KEY,
    task UUID NOT NULL REFERENCES task (id),
    agency TEXT COLLATE "C" NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX task_event_by_agency ON task_event (agency, position);

CREATE TABLE told (
    about UUID NOT NULL,
    mark BYTEA NOT NULL,
    PRIMARY KEY (about, mark)
);

CREATE TABLE delivery (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message UUID NOT NULL UNIQUE,
    item BIGINT NOT NULL,
    item_index BIGINT NOT NULL,
    item_place BIGINT NOT NULL DEFAULT 0,
    referral UUID REFERENCES referral (id),
    plan UUID REFERENCES plan (id),
    owner TEXT COLLATE "C",
    youth UUID NOT NULL REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    leased_until BIGINT,
    intent BIGINT,
    reference TEXT COLLATE "C",
    priority BIGINT NOT NULL,
    wake BIGINT NOT NULL GENERATED ALWAYS AS (coalesce(leased_until, due)) STORED,
    CHECK ((plan IS NULL) = (owner IS NULL) AND (referral IS NULL OR plan IS NULL)
        AND (item = 5 OR referral IS NOT NULL OR plan IS NOT NULL))
);
CREATE INDEX delivery_pending ON delivery (agency, priority, wake, number) WHERE state IN (1, 2, 4);
CREATE INDEX delivery_open_by_youth ON delivery (youth, number) WHERE state IN (1, 2, 4, 5);
CREATE INDEX delivery_by_referral ON delivery (referral, number) WHERE referral IS NOT NULL;
CREATE UNIQUE INDEX delivery_of_disclosure ON delivery (item_index, item_place) WHERE item = 5;
CREATE INDEX delivery_of_section ON delivery (plan, owner, agency) WHERE item IN (6, 7) AND state IN (3, 5);
CREATE INDEX delivery_waiting_part ON delivery (plan, owner, agency) WHERE item = 6 AND state IN (1, 4);
CREATE UNIQUE INDEX delivery_queued_part ON delivery (plan, owner, agency) WHERE item = 6 AND state = 1;

CREATE TABLE journey_entry (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    youth UUID NOT NULL REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    created BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX journey_entry_by_youth ON journey_entry (youth, agency, kind, number);
CREATE INDEX journey_entry_by_agency ON journey_entry (agency, youth, number);

CREATE TABLE agency_facts (
    youth UUID NOT NULL REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    asked BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (youth, agency, asked)
);
CREATE INDEX agency_facts_by_age ON agency_facts (answered);

CREATE TABLE follow_up (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    youth UUID NOT NULL REFERENCES youth (id),
    matter BIGINT NOT NULL,
    about UUID NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    due BIGINT NOT NULL,
    UNIQUE (youth, matter, about, agency)
);
CREATE INDEX follow_up_by_day ON follow_up (due, number);

CREATE TABLE tally (
    organisation TEXT COLLATE "C" NOT NULL,
    request UUID NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (organisation, request)
);
CREATE INDEX tally_by_agency ON tally (agency, day);

CREATE INDEX plan_by_coordinator ON plan (coordinator, youth);

CREATE TABLE identity_alias (
    identity BYTEA NOT NULL PRIMARY KEY,
    youth UUID NOT NULL REFERENCES youth (id)
);
CREATE INDEX identity_alias_by_youth ON identity_alias (youth);

CREATE TABLE former_youth (
    former UUID NOT NULL PRIMARY KEY REFERENCES youth (id),
    youth UUID NOT NULL REFERENCES youth (id)
);
CREATE INDEX former_youth_by_youth ON former_youth (youth);

CREATE TABLE identity_link (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    youth UUID NOT NULL REFERENCES youth (id),
    identity BYTEA NOT NULL,
    holder UUID REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    leaf BIGINT NOT NULL
);
CREATE INDEX identity_link_by_youth ON identity_link (youth);
CREATE INDEX identity_link_by_holder ON identity_link (holder);

CREATE TABLE identity_link_end (
    link BIGINT NOT NULL PRIMARY KEY REFERENCES identity_link (number),
    leaf BIGINT NOT NULL
);

CREATE TABLE linked_identity (
    youth UUID NOT NULL REFERENCES youth (id),
    link BIGINT NOT NULL REFERENCES identity_link (number),
    sealed BYTEA NOT NULL,
    PRIMARY KEY (youth, link)
);
"#;

/// An agency's answer is for whoever asked. Those that were kept without that are asked for again.
const ASKERS: &str = r#"
DROP TABLE agency_facts;

CREATE TABLE agency_facts (
    youth UUID NOT NULL REFERENCES youth (id),
    agency TEXT COLLATE "C" NOT NULL,
    asker BYTEA NOT NULL,
    asked BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (youth, asker, agency, asked)
);
CREATE INDEX agency_facts_by_age ON agency_facts (answered);
"#;

/// Of requests that have been answered long ago, the ids alone are kept.
const ANSWERS: &str = "
DROP INDEX request_by_time;
CREATE INDEX request_with_answer ON request (time) WHERE length(sealed_answer) > 0;
";

/// Which master key is which, by version; by which of them keys of people are wrapped; what is found by person, or by age,
/// to be erased; and how many times a scrub was wanted, and had been wanted when the last one began.
const UPKEEP: &str = "
CREATE TABLE master_key (
    version BIGINT PRIMARY KEY,
    check_value BYTEA NOT NULL
);

CREATE TABLE scrub (
    only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
    wanted BIGINT NOT NULL,
    done BIGINT NOT NULL
);
INSERT INTO scrub (only_one, wanted, done) VALUES (1, 0, 0);

CREATE INDEX youth_by_master_key ON youth (substr(wrapped_key, 1, 1));
CREATE INDEX request_by_youth ON request (youth);
CREATE INDEX delivery_by_youth ON delivery (youth, state);
CREATE INDEX delivery_by_plan ON delivery (plan) WHERE plan IS NOT NULL;
CREATE INDEX event_by_referral ON event (referral);
CREATE INDEX task_event_by_task ON task_event (task);
CREATE INDEX task_by_plan ON task (plan) WHERE plan IS NOT NULL;
CREATE INDEX plan_event_by_youth ON plan_event (youth);
CREATE INDEX consent_notice_by_youth ON consent_notice (youth);
CREATE INDEX audit_detail_by_youth ON audit_detail (youth) WHERE youth IS NOT NULL;
CREATE INDEX linked_identity_by_link ON linked_identity (link);
CREATE INDEX plan_ended ON plan (updated) WHERE ended = 1;
CREATE INDEX journey_entry_by_age ON journey_entry (created);
";

/// What an operator lists, and what ends although its agency is left alone.
const OPERATED_DELIVERIES: &str = "
CREATE INDEX delivery_not_arrived ON delivery (number) WHERE state <> 3;
CREATE INDEX delivery_by_deadline ON delivery (agency, deadline) WHERE state IN (1, 2, 4);
";

/// What is known of people for deciding changes in one order, in which those who were erased stand by their pseudonyms
/// in the audit log, and what was never done is written down as closed. The audit log stands here when several gateways
/// write it; `batch` tells the leaves of one transaction. Which gateway has which part of all people for itself is
/// forgotten when the server crashes: then nobody has any.
const SEVERAL: &str = r#"
ALTER TABLE youth ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
CREATE INDEX youth_by_known ON youth (known) WHERE known > 0;

CREATE TABLE closed_leaf (sequence BIGINT PRIMARY KEY);

CREATE TABLE erased_person (known BIGINT PRIMARY KEY, subject BYTEA NOT NULL);

CREATE TABLE audit_leaf (
    sequence BIGINT PRIMARY KEY,
    bytes BYTEA NOT NULL,
    batch BYTEA NOT NULL
);

CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL,
    last_hash BYTEA NOT NULL
);
INSERT INTO audit_head (one, size, last_hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE UNLOGGED TABLE hold (
    part BIGINT PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);
"#;

/// What agencies have answered is kept in memory.
const FACTS_IN_MEMORY: &str = "
DROP TABLE agency_facts;
";

/// The server keeps samples of columns to plan by, and keeps them when the row is gone. A column that gets its type anew has
/// lost its samples.
const NO_STATISTICS: &str = "
ALTER TABLE youth
    ALTER COLUMN identity TYPE BYTEA, ALTER COLUMN wrapped_key TYPE BYTEA, ALTER COLUMN sealed_identity TYPE BYTEA;
ALTER TABLE youth
    ALTER COLUMN identity SET STATISTICS 0, ALTER COLUMN wrapped_key SET STATISTICS 0,
    ALTER COLUMN sealed_identity SET STATISTICS 0;
ALTER TABLE identity_alias ALTER COLUMN identity TYPE BYTEA;
ALTER TABLE identity_alias ALTER COLUMN identity SET STATISTICS 0;
ALTER TABLE identity_link ALTER COLUMN identity TYPE BYTEA;
ALTER TABLE identity_link ALTER COLUMN identity SET STATISTICS 0;
ALTER TABLE linked_identity ALTER COLUMN sealed TYPE BYTEA;
ALTER TABLE linked_identity ALTER COLUMN sealed SET STATISTICS 0;
";

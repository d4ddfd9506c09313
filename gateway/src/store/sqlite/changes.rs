//! How is a change written down, and what makes it conflict?

use jiff::Timestamp;
use rusqlite::{Connection, Params, ffi, params};

use super::deliveries::{enqueue, stop, update_delivery};
use super::failed;
use super::identities::{self, expect_no_alias};
use super::journeys::{add_entry, keep_facts, write_follow_up};
use super::plans::{add_mark_told, add_plan_event, look_at_plans_of, write_plan};
use super::read::request;
use super::rows::{blob, instant, kind_number, number};
use super::tallies::add_tally;
use super::tasks::write_task;
use crate::store::{
    BatchItem, Change, DetailRow, InstrumentWrite, NewEvent, NewNotice, Reconciled, ReferralWrite,
    RequestRow, StoreError, YouthRow,
};

/// Makes a change, within the savepoint of the writer.
pub(super) fn apply(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    if let Some(youth) = &change.youth {
        add_youth(connection, youth).map_err(|error| match (error, &change.request) {
            // Of a repeated call both are there already: what matters is that it is a repetition.
            (StoreError::IdentityTaken, Some(row))
                if matches!(request(connection, &row.key), Ok(Some(_))) =>
            {
                StoreError::RequestTaken
            }
            (error, _) => error,
        })?;
    }
    if let Some(link) = &change.link {
        identities::link(connection, link, change.leaf)?;
    }
    if let Some(link) = change.unlink {
        identities::unlink(connection, link, change.leaf)?;
    }
    if let Some(request) = &change.request {
        add_request(connection, request)?;
    }
    mark_committed(connection, change.leaf, change.detail.as_ref())?;
    for referral in &change.referrals {
        write_referral(connection, referral)?;
    }
    for instrument in &change.instruments {
        write_instrument(connection, instrument)?;
    }
    for plan in &change.plans {
        write_plan(connection, plan)?;
    }
    for (youth, when) in &change.look_at_plans_of {
        look_at_plans_of(connection, *youth, *when)?;
    }
    for task in &change.tasks {
        write_task(connection, task)?;
    }
    for entry in &change.entries {
        add_entry(connection, entry)?;
    }
    for facts in &change.facts {
        keep_facts(connection, facts)?;
    }
    for told in &change.told {
        add_mark_told(connection, told)?;
    }
    for follow_up in &change.follow_ups {
        write_follow_up(connection, follow_up)?;
    }
    for tally in &change.tallies {
        add_tally(connection, tally)?;
    }
    for event in &change.events {
        add_event(connection, event)?;
    }
    for event in &change.plan_events {
        add_plan_event(connection, event)?;
    }
    for notice in &change.notices {
        add_notice(connection, notice)?;
    }
    for (place, item) in (0_u32..).zip(&change.items) {
        add_batch_item(connection, change.leaf, place, item)?;
    }
    for delivery in &change.enqueue {
        enqueue(connection, delivery)?;
    }
    for delivery in &change.deliveries {
        update_delivery(connection, delivery)?;
    }
    for message in &change.stops {
        stop(connection, *message)?;
    }
    Ok(())
}

/// Moves the mark of [`crate::store::Store::reconciled`].
pub(super) fn set_reconciled(connection: &Connection, mark: &Reconciled) -> Result<(), StoreError> {
    let sql = "UPDATE reconciled SET until = ?1, root = ?2";
    execute(connection, sql, params![number(mark.until)?, mark.root])?;
    Ok(())
}

/// Forgets request ids, at most `limit`.
pub(super) fn prune_requests(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM request WHERE (organisation, request) IN
        (SELECT organisation, request FROM request WHERE time < ?1 ORDER BY time LIMIT ?2)";
    execute(connection, sql, params![instant(before), limit]).map(|count| count as u64)
}

fn add_youth(connection: &Connection, youth: &YouthRow) -> Result<(), StoreError> {
    expect_no_alias(connection, &youth.identity)?;
    let sql =
        "INSERT INTO youth (id, identity, wrapped_key, sealed_identity, created) VALUES (?1, ?2, ?3, ?4, ?5)";
    let added = connection.prepare_cached(sql).and_then(|mut statement| {
        statement.execute(params![
            blob(youth.id.uuid()),
            youth.identity.as_bytes(),
            youth.key.as_bytes(),
            youth.sealed_identity,
            instant(youth.created),
        ])
    });
    added.map(drop).map_err(|error| match extended_code(&error) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE) => StoreError::IdentityTaken,
        _ => conflict_or_failed(error),
    })
}

fn add_request(connection: &Connection, request: &RequestRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO request (organisation, request, fingerprint, youth, sealed_answer, time)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        request.key.organisation.as_str(),
        blob(request.key.request),
        request.fingerprint,
        blob(request.youth.uuid()),
        request.sealed_answer,
        instant(request.time),
    ];
    execute(connection, sql, values).map(drop).map_err(request_taken)
}

/// Of a table whose key is that of a call.
pub(super) fn request_taken(error: StoreError) -> StoreError {
    if matches!(error, StoreError::Conflict) { StoreError::RequestTaken } else { error }
}

/// Every committed leaf has a row, with details or without.
fn mark_committed(connection: &Connection, leaf: u64, detail: Option<&DetailRow>) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit_detail (sequence, youth, sealed) VALUES (?1, ?2, ?3)";
    let youth = detail.map(|detail| blob(detail.youth.uuid()));
    execute(connection, sql, params![number(leaf)?, youth, detail.map(|detail| &detail.sealed)])?;
    Ok(())
}

fn write_referral(connection: &Connection, write: &ReferralWrite) -> Result<(), StoreError> {
    let row = &write.row;
    let Some(expected) = write.expected else {
        let sql = "INSERT INTO referral (id, youth, sender, recipient, state, version, created, updated, respond_by,
                reached_recipient, delivery_ended, holds_content, sealed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            blob(row.id.uuid()),
            blob(row.youth.uuid()),
            row.sender.as_str(),
            row.recipient.as_str(),
            row.state as i32,
            number(row.version)?,
            instant(row.created),
            instant(row.updated),
            instant(row.respond_by),
            row.reached_recipient,
            row.delivery_ended.map(instant),
            row.holds_content,
            row.sealed,
        ];
        return execute(connection, sql, values).map(drop);
    };
    // Whose a referral is, between whom and since when never changes.
    let sql =
        "UPDATE referral SET state = ?3, version = ?4, updated = ?5, respond_by = ?6, reached_recipient = ?7,
            delivery_ended = ?8, holds_content = ?9, sealed = ?10
        WHERE id = ?1 AND version = ?2";
    let values = params![
        blob(row.id.uuid()),
        number(expected)?,
        row.state as i32,
        number(row.version)?,
        instant(row.updated),
        instant(row.respond_by),
        row.reached_recipient,
        row.delivery_ended.map(instant),
        row.holds_content,
        row.sealed,
    ];
    expect_one(execute(connection, sql, values)?)
}

fn write_instrument(connection: &Connection, write: &InstrumentWrite) -> Result<(), StoreError> {
    let row = &write.row;
    let Some(expected) = write.expected else {
        let sql = "INSERT INTO instrument (id, youth, kind, version, in_force, revision, sealed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            blob(row.id),
            blob(row.youth.uuid()),
            kind_number(row.kind),
            number(row.version)?,
            row.in_force,
            number(row.revision)?,
            row.sealed,
        ];
        return execute(connection, sql, values).map(drop);
    };
    // Whose an instrument is and of which kind never changes.
    let sql = "UPDATE instrument SET version = ?3, in_force = ?4, revision = ?5, sealed = ?6
        WHERE id = ?1 AND version = ?2";
    let values = params![
        blob(row.id),
        number(expected)?,
        number(row.version)?,
        row.in_force,
        number(row.revision)?,
        row.sealed,
    ];
    expect_one(execute(connection, sql, values)?)
}

fn add_event(connection: &Connection, event: &NewEvent) -> Result<(), StoreError> {
    let sql = "INSERT INTO event (kind, referral, sender, recipient, time) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        event.kind,
        blob(event.referral.uuid()),
        event.sender.as_str(),
        event.recipient.as_ref().map(|recipient| recipient.as_str()),
        instant(event.time),
    ];
    execute(connection, sql, values).map(drop)
}

fn add_notice(connection: &Connection, notice: &NewNotice) -> Result<(), StoreError> {
    let sql = "INSERT INTO consent_notice (youth, agency, revision, time) VALUES (?1, ?2, ?3, ?4)";
    let values =
        params![blob(notice.youth.uuid()), notice.agency, number(notice.revision)?, instant(notice.time),];
    execute(connection, sql, values).map(drop)
}

fn add_batch_item(
    connection: &Connection,
    leaf: u64,
    place: u32,
    item: &BatchItem,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO batch_item (leaf, item, subject, bytes) VALUES (?1, ?2, ?3, ?4)";
    execute(connection, sql, params![number(leaf)?, place, item.subject, item.bytes]).map(drop)
}

/// Runs a statement; [`StoreError::Conflict`] when a row with this key is there already.
pub(super) fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<usize, StoreError> {
    let executed = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
    executed.map_err(conflict_or_failed)
}

/// [`StoreError::Conflict`] unless one row was changed.
pub(super) fn expect_one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn conflict_or_failed(error: rusqlite::Error) -> StoreError {
    match extended_code(&error) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => StoreError::Conflict,
        _ => failed(error),
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

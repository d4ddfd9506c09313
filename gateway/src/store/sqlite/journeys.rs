//! How do journeys stand on disk?

use jiff::Timestamp;
use polku_proto::{AgencyId, CategorySet, ConsentId, EntryId, ReferralId, YouthId};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::changes::execute;
use super::read::{all, one, select};
use super::rows::{Columns, blob, instant};
use crate::store::{EntryRow, FactsRow, FollowUp, FollowUpRow, FollowUpWrite, StoreError};

const NOT_MET: i32 = 1;
const RETENTION: i32 = 2;
const RENEWAL: i32 = 3;

const ENTRY: &str = "id, youth, agency, kind, created, sealed";

/// See [`crate::store::Store::entries_of`].
pub(super) fn entries_of(
    connection: &Connection,
    youth: YouthId,
    limit: u32,
) -> Result<Vec<EntryRow>, StoreError> {
    let newest = "SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY agency, kind ORDER BY number DESC) AS place
            FROM journey_entry WHERE youth = ?1
        ) WHERE place <= ?2";
    let sql = select(ENTRY, &format!("journey_entry WHERE number IN ({newest}) ORDER BY number DESC"));
    all(connection, &sql, params![blob(youth.uuid()), limit], entry_row)
}

/// See [`crate::store::Store::entries_by`].
pub(super) fn entries_by(
    connection: &Connection,
    agency: &AgencyId,
    after: Option<(YouthId, EntryId)>,
    limit: u32,
) -> Result<Vec<EntryRow>, StoreError> {
    let order = "ORDER BY youth, number LIMIT";
    let Some((youth, entry)) = after else {
        let sql = select(ENTRY, &format!("journey_entry WHERE agency = ?1 {order} ?2"));
        return all(connection, &sql, params![agency.as_str(), limit], entry_row);
    };
    let behind = "(youth, number) > (?2, (SELECT number FROM journey_entry WHERE id = ?3))";
    let sql = select(ENTRY, &format!("journey_entry WHERE agency = ?1 AND {behind} {order} ?4"));
    let values = params![agency.as_str(), blob(youth.uuid()), blob(entry.uuid()), limit];
    all(connection, &sql, values, entry_row)
}

/// See [`crate::store::Store::facts_of`].
pub(super) fn facts_of(connection: &Connection, youth: YouthId) -> Result<Vec<FactsRow>, StoreError> {
    let sql = select(
        "youth, agency, asked, answered, sealed",
        "agency_facts WHERE youth = ?1 ORDER BY agency, asked",
    );
    all(connection, &sql, params![blob(youth.uuid())], facts_row)
}

/// See [`crate::store::Store::due_follow_ups`].
pub(super) fn due_follow_ups(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<FollowUpRow>, StoreError> {
    let sql = select(
        "youth, matter, about, agency, due",
        "follow_up WHERE due <= ?1 ORDER BY due, number LIMIT ?2",
    );
    all(connection, &sql, params![instant(now), limit], follow_up_row)
}

/// See [`crate::store::Store::follow_up_due`].
pub(super) fn follow_up_due(
    connection: &Connection,
    youth: YouthId,
    matter: FollowUp,
    agency: &AgencyId,
) -> Result<Option<Timestamp>, StoreError> {
    let (matter, about) = columns_of(matter);
    let sql = "SELECT due FROM follow_up WHERE youth = ?1 AND matter = ?2 AND about = ?3 AND agency = ?4";
    let values = params![blob(youth.uuid()), matter, blob(about), agency.as_str()];
    one(connection, sql, values, |row| Columns::new(row, "follow_up").instant())
}

/// See [`crate::store::Store::prune_facts`].
pub(super) fn prune_facts(connection: &Connection, before: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM agency_facts WHERE answered < ?1";
    execute(connection, sql, params![instant(before)]).map(drop)
}

pub(super) fn add_entry(connection: &Connection, row: &EntryRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO journey_entry (id, youth, agency, kind, created, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        blob(row.id.uuid()),
        blob(row.youth.uuid()),
        row.agency.as_str(),
        row.kind,
        instant(row.created),
        row.sealed,
    ];
    execute(connection, sql, values).map(drop)
}

pub(super) fn keep_facts(connection: &Connection, row: &FactsRow) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO agency_facts (youth, agency, asked, answered, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        blob(row.youth.uuid()),
        row.agency.as_str(),
        row.asked.bits(),
        instant(row.answered),
        row.sealed,
    ];
    execute(connection, sql, values).map(drop)
}

pub(super) fn write_follow_up(connection: &Connection, write: &FollowUpWrite) -> Result<(), StoreError> {
    match write {
        FollowUpWrite::Set(row) => {
            let (matter, about) = columns_of(row.matter);
            let sql = "INSERT INTO follow_up (youth, matter, about, agency, due) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (youth, matter, about, agency) DO UPDATE SET due = excluded.due";
            let values =
                params![blob(row.youth.uuid()), matter, blob(about), row.agency.as_str(), instant(row.due)];
            execute(connection, sql, values).map(drop)
        }
        FollowUpWrite::Drop { youth, matter, agency } => {
            let (matter, about) = columns_of(*matter);
            let sql = "DELETE FROM follow_up WHERE youth = ?1 AND matter = ?2 AND about = ?3 AND agency = ?4";
            let values = params![blob(youth.uuid()), matter, blob(about), agency.as_str()];
            execute(connection, sql, values).map(drop)
        }
    }
}

/// Matter, and what it is about: zeros for nothing.
fn columns_of(matter: FollowUp) -> (i32, Uuid) {
    match matter {
        FollowUp::NotMet => (NOT_MET, Uuid::nil()),
        FollowUp::Retention(referral) => (RETENTION, referral.uuid()),
        FollowUp::Renewal(consent) => (RENEWAL, consent.uuid()),
    }
}

fn entry_row(row: &Row<'_>) -> Result<EntryRow, StoreError> {
    let mut columns = Columns::new(row, "journey_entry");
    Ok(EntryRow {
        id: EntryId::from_uuid(columns.id()?),
        youth: YouthId::from_uuid(columns.id()?),
        agency: columns.agency()?,
        kind: columns.next()?,
        created: columns.instant()?,
        sealed: columns.next()?,
    })
}

fn facts_row(row: &Row<'_>) -> Result<FactsRow, StoreError> {
    let mut columns = Columns::new(row, "agency_facts");
    Ok(FactsRow {
        youth: YouthId::from_uuid(columns.id()?),
        agency: columns.agency()?,
        asked: CategorySet::from_bits_truncate(columns.next()?),
        answered: columns.instant()?,
        sealed: columns.next()?,
    })
}

fn follow_up_row(row: &Row<'_>) -> Result<FollowUpRow, StoreError> {
    let mut columns = Columns::new(row, "follow_up");
    let youth = YouthId::from_uuid(columns.id()?);
    let matter: i32 = columns.next()?;
    let about = columns.id()?;
    let matter = match matter {
        NOT_MET => FollowUp::NotMet,
        RETENTION => FollowUp::Retention(ReferralId::from_uuid(about)),
        RENEWAL => FollowUp::Renewal(ConsentId::from_uuid(about)),
        _ => return Err(StoreError::Unreadable { table: "follow_up" }),
    };
    let agency: AgencyId = columns.agency()?;
    Ok(FollowUpRow { youth, matter, agency, due: columns.instant()? })
}

//! How do journeys stand on disk?

use jiff::Timestamp;
use polku_proto::{AgencyId, ConsentId, EntryId, ReferralId, YouthId};
use uuid::Uuid;

use super::read::select;
use super::rows::{Columns, blob, instant};
use super::value::{Row, params};
use super::{Query, Step};
use crate::store::{EntryRow, FollowUp, FollowUpRow, FollowUpWrite, StoreError};

const NOT_MET: i32 = 1;
const RETENTION: i32 = 2;
const RENEWAL: i32 = 3;
const CANCELLATION: i32 = 4;
const UNANSWERED: i32 = 5;

/// The columns that [`entry_row`] reads.
pub(super) const ENTRY: &str = "id, youth, agency, kind, created, sealed";

/// See [`crate::store::Store::entries_of`].
pub(super) fn entries_of(youth: YouthId, limit: u32) -> Query<EntryRow> {
    let newest = "SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY agency, kind ORDER BY number DESC) AS place
            FROM journey_entry WHERE youth = ?1
        ) AS placed WHERE place <= ?2";
    let sql = select(ENTRY, &format!("journey_entry WHERE number IN ({newest}) ORDER BY number DESC"));
    Query { sql, values: params![blob(youth.uuid()), limit], read: entry_row }
}

/// See [`crate::store::Store::has_entry_by`]. When one was written.
pub(super) fn entry_by(youth: YouthId, agency: &AgencyId) -> Query<Timestamp> {
    let values = params![blob(youth.uuid()), agency.as_str().to_owned()];
    let read = |row: &dyn Row| Columns::new(row, "journey_entry").instant();
    let condition = "journey_entry WHERE youth = ?1 AND agency = ?2 LIMIT 1";
    Query { sql: select("created", condition), values, read }
}

/// See [`crate::store::Store::entries_by`].
pub(super) fn entries_by(
    agency: &AgencyId,
    after: Option<(YouthId, EntryId)>,
    limit: u32,
) -> Query<EntryRow> {
    let mut values = params![agency.as_str().to_owned(), limit];
    let behind = match after {
        Some((youth, entry)) => {
            values.extend(params![blob(youth.uuid()), blob(entry.uuid())]);
            "AND (youth, number) > (?3, (SELECT number FROM journey_entry WHERE id = ?4))"
        }
        None => "",
    };
    let condition = format!("journey_entry WHERE agency = ?1 {behind} ORDER BY youth, number LIMIT ?2");
    Query { sql: select(ENTRY, &condition), values, read: entry_row }
}

/// See [`crate::store::Store::due_follow_ups`].
pub(super) fn due_follow_ups(now: Timestamp, limit: u32) -> Query<FollowUpRow> {
    let sql = select(
        "youth, matter, about, agency, due",
        "follow_up WHERE due <= ?1 ORDER BY due, number LIMIT ?2",
    );
    Query { sql, values: params![instant(now), limit], read: follow_up_row }
}

/// See [`crate::store::Store::follow_up_due`].
pub(super) fn follow_up_due(youth: YouthId, matter: FollowUp, agency: &AgencyId) -> Query<Timestamp> {
    let (matter, about) = columns_of(matter);
    let condition = "follow_up WHERE youth = ?1 AND matter = ?2 AND about = ?3 AND agency = ?4";
    let values = params![blob(youth.uuid()), matter, blob(about), agency.as_str().to_owned()];
    let read = |row: &dyn Row| Columns::new(row, "follow_up").instant();
    Query { sql: select("due", condition), values, read }
}

pub(super) fn add_entry(row: &EntryRow) -> Step<'_> {
    let sql = "INSERT INTO journey_entry (id, youth, agency, kind, created, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        blob(row.id.uuid()),
        blob(row.youth.uuid()),
        row.agency.as_str(),
        row.kind,
        instant(row.created),
        &row.sealed,
    ];
    Step::any(sql, values)
}

pub(super) fn write_follow_up(write: &FollowUpWrite) -> Step<'_> {
    match write {
        FollowUpWrite::Set(row) => {
            let (matter, about) = columns_of(row.matter);
            let sql = "INSERT INTO follow_up (youth, matter, about, agency, due) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (youth, matter, about, agency) DO UPDATE SET due = excluded.due";
            let values =
                params![blob(row.youth.uuid()), matter, blob(about), row.agency.as_str(), instant(row.due)];
            Step::any(sql, values)
        }
        FollowUpWrite::Drop { youth, matter, agency } => {
            let (matter, about) = columns_of(*matter);
            let sql = "DELETE FROM follow_up WHERE youth = ?1 AND matter = ?2 AND about = ?3 AND agency = ?4";
            Step::any(sql, params![blob(youth.uuid()), matter, blob(about), agency.as_str()])
        }
    }
}

/// Matter, and what it is about: zeros for nothing.
fn columns_of(matter: FollowUp) -> (i32, Uuid) {
    match matter {
        FollowUp::NotMet => (NOT_MET, Uuid::nil()),
        FollowUp::Retention(referral) => (RETENTION, referral.uuid()),
        FollowUp::Renewal(consent) => (RENEWAL, consent.uuid()),
        FollowUp::Cancellation(referral) => (CANCELLATION, referral.uuid()),
        FollowUp::Unanswered(referral) => (UNANSWERED, referral.uuid()),
    }
}

pub(super) fn entry_row(row: &dyn Row) -> Result<EntryRow, StoreError> {
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

fn follow_up_row(row: &dyn Row) -> Result<FollowUpRow, StoreError> {
    let mut columns = Columns::new(row, "follow_up");
    let youth = YouthId::from_uuid(columns.id()?);
    let matter: i32 = columns.next()?;
    let about = columns.id()?;
    let matter = match matter {
        NOT_MET => FollowUp::NotMet,
        RETENTION => FollowUp::Retention(ReferralId::from_uuid(about)),
        RENEWAL => FollowUp::Renewal(ConsentId::from_uuid(about)),
        CANCELLATION => FollowUp::Cancellation(ReferralId::from_uuid(about)),
        UNANSWERED => FollowUp::Unanswered(ReferralId::from_uuid(about)),
        _ => return Err(StoreError::Unreadable { table: "follow_up" }),
    };
    let agency: AgencyId = columns.agency()?;
    Ok(FollowUpRow { youth, matter, agency, due: columns.instant()? })
}

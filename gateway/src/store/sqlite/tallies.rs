//! How does that stand on disk which is counted without anybody's name?

use jiff::civil::Date;
use polku_proto::AgencyId;
use rusqlite::{Connection, Row, params};

use super::changes::{execute, request_taken};
use super::read::{all, select};
use super::rows::{Columns, blob};
use crate::store::{RequestKey, StoreError, Tallied, TallyKind, TallyRow};

const WALK_IN: i32 = 1;
const FEEDBACK: i32 = 2;
const BOOK: i32 = 3;

/// See [`crate::store::Store::tally`].
pub(super) fn tally(connection: &Connection, key: &RequestKey) -> Result<Option<TallyRow>, StoreError> {
    let sql = select("agency, day, kind, content", "tally WHERE organisation = ?1 AND request = ?2");
    let values = params![key.organisation.as_str(), blob(key.request)];
    let found = all(connection, &sql, values, |row| {
        let mut columns = Columns::new(row, "tally");
        let agency = columns.agency()?;
        let day: String = columns.next()?;
        let day = day.parse().map_err(|_| UNREADABLE)?;
        Ok(TallyRow { key: key.clone(), agency, day, kind: kind(columns.next()?)?, content: columns.next()? })
    })?;
    Ok(found.into_iter().next())
}

/// See [`crate::store::Store::tallied`].
pub(super) fn tallied(
    connection: &Connection,
    agency: &AgencyId,
    first: Date,
    last: Date,
) -> Result<Vec<Tallied>, StoreError> {
    // Days of this form sort as they follow each other.
    let sql = select(
        "kind, content, count(*)",
        "tally WHERE agency = ?1 AND day BETWEEN ?2 AND ?3 GROUP BY kind, content ORDER BY kind, content",
    );
    all(connection, &sql, params![agency.as_str(), first.to_string(), last.to_string()], tallied_row)
}

pub(super) fn add_tally(connection: &Connection, row: &TallyRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO tally (organisation, request, agency, day, kind, content)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        row.key.organisation.as_str(),
        blob(row.key.request),
        row.agency.as_str(),
        row.day.to_string(),
        number(row.kind),
        row.content,
    ];
    execute(connection, sql, values).map(drop).map_err(request_taken)
}

const UNREADABLE: StoreError = StoreError::Unreadable { table: "tally" };

fn number(kind: TallyKind) -> i32 {
    match kind {
        TallyKind::WalkIn => WALK_IN,
        TallyKind::Feedback => FEEDBACK,
        TallyKind::Book => BOOK,
    }
}

fn kind(number: i32) -> Result<TallyKind, StoreError> {
    match number {
        WALK_IN => Ok(TallyKind::WalkIn),
        FEEDBACK => Ok(TallyKind::Feedback),
        BOOK => Ok(TallyKind::Book),
        _ => Err(UNREADABLE),
    }
}

fn tallied_row(row: &Row<'_>) -> Result<Tallied, StoreError> {
    let mut columns = Columns::new(row, "tally");
    Ok(Tallied { kind: kind(columns.next()?)?, content: columns.next()?, count: columns.next()? })
}

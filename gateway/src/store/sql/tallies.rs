//! How does that stand on disk which is counted without anybody's name?

use jiff::civil::Date;
use polku_proto::AgencyId;

use super::read::select;
use super::rows::{Columns, blob};
use super::value::{Row, params};
use super::{Query, Refusal, Step};
use crate::store::{RequestKey, StoreError, Tallied, TallyKind, TallyRow};

const WALK_IN: i32 = 1;
const FEEDBACK: i32 = 2;
const BOOK: i32 = 3;

/// See [`crate::store::Store::tally`].
pub(super) fn tally(key: &RequestKey) -> Query<TallyRow> {
    let columns = "organisation, request, agency, day, kind, content";
    let sql = select(columns, "tally WHERE organisation = ?1 AND request = ?2");
    let values = params![key.organisation.as_str().to_owned(), blob(key.request)];
    Query { sql, values, read: tally_row }
}

/// See [`crate::store::Store::tallied`].
pub(super) fn tallied(agency: &AgencyId, first: Date, last: Date) -> Query<Tallied> {
    // Days of this form sort as they follow each other.
    let sql = select(
        "kind, content, count(*)",
        "tally WHERE agency = ?1 AND day BETWEEN ?2 AND ?3 GROUP BY kind, content ORDER BY kind, content",
    );
    let values = params![agency.as_str().to_owned(), first.to_string(), last.to_string()];
    Query { sql, values, read: tallied_row }
}

pub(super) fn add_tally(row: &TallyRow) -> Step<'_> {
    let sql = "INSERT INTO tally (organisation, request, agency, day, kind, content)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        row.key.organisation.as_str(),
        blob(row.key.request),
        row.agency.as_str(),
        row.day.to_string(),
        number(row.kind),
        &row.content,
    ];
    Step { when_taken: Refusal::RequestTaken, ..Step::any(sql, values) }
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

fn tally_row(row: &dyn Row) -> Result<TallyRow, StoreError> {
    let mut columns = Columns::new(row, "tally");
    Ok(TallyRow {
        key: RequestKey { organisation: columns.agency()?, request: columns.id()? },
        agency: columns.agency()?,
        day: columns.converted(|day: String| day.parse().ok())?,
        kind: kind(columns.next()?)?,
        content: columns.next()?,
    })
}

fn tallied_row(row: &dyn Row) -> Result<Tallied, StoreError> {
    let mut columns = Columns::new(row, "tally");
    Ok(Tallied { kind: kind(columns.next()?)?, content: columns.next()?, count: columns.next()? })
}

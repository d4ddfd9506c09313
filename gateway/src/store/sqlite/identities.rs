//! How do identities lead to people on disk?
//!
//! A row of a person has the identity that they were first known by. What came later is an alias, and an alias is
//! looked at first. Former ids all stand directly behind the present one, so no search goes in circles. Both follow from the
//! links that stand: when one ends, those that it has to do with are made anew without it.

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::YouthId;
use rusqlite::{Connection, params};

use super::changes::{execute, expect_one};
use super::read::{all, one};
use super::rows::{Columns, YOUTH, blob, number, youth as youth_row};
use crate::seal::IdentityIndex;
use crate::store::{IdentityLink, IdentityLinkRow, StoreError, YouthRow};

/// See [`crate::store::Store::youth_by_identity`].
pub(super) fn youth_by_identity(
    connection: &Connection,
    identity: &IdentityIndex,
) -> Result<Option<YouthRow>, StoreError> {
    let sql = format!(
        "SELECT {YOUTH} FROM youth WHERE id = ifnull(
            (SELECT youth FROM identity_alias WHERE identity = ?1), (SELECT id FROM youth WHERE identity = ?1))"
    );
    one(connection, &sql, params![identity.as_bytes()], youth_row)
}

/// See [`crate::store::Store::former_youths`].
pub(super) fn former_youths(connection: &Connection, youth: YouthId) -> Result<Vec<YouthId>, StoreError> {
    let sql = format!("SELECT former FROM former_youth WHERE youth = ?1 ORDER BY ({SINCE} AND {STANDS})");
    all(connection, &sql, params![blob(youth.uuid())], only_id)
}

/// See [`crate::store::Store::all_former_youths`].
pub(super) fn all_former_youths(connection: &Connection) -> Result<Vec<(YouthId, YouthId)>, StoreError> {
    let sql = format!("SELECT former, youth FROM former_youth ORDER BY youth, ({SINCE} AND {STANDS})");
    all(connection, &sql, params![], |row| {
        let mut columns = Columns::new(row, "former_youth");
        Ok((YouthId::from_uuid(columns.id()?), YouthId::from_uuid(columns.id()?)))
    })
}

/// See [`crate::store::Store::present_youth`].
pub(super) fn present_youth(connection: &Connection, youth: YouthId) -> Result<Option<YouthId>, StoreError> {
    let sql = "SELECT youth FROM former_youth WHERE former = ?1";
    one(connection, sql, params![blob(youth.uuid())], only_id)
}

/// [`StoreError::IdentityTaken`] when somebody has been linked to this identity.
pub(super) fn expect_no_alias(connection: &Connection, identity: &IdentityIndex) -> Result<(), StoreError> {
    let sql = "SELECT youth FROM identity_alias WHERE identity = ?1";
    match one(connection, sql, params![identity.as_bytes()], only_id)? {
        Some(_) => Err(StoreError::IdentityTaken),
        None => Ok(()),
    }
}

/// Links an identity, if all is still as the link says. The leaf is what announced it.
pub(super) fn link(connection: &Connection, link: &IdentityLink, leaf: u64) -> Result<(), StoreError> {
    let holder = youth_by_identity(connection, &link.identity)?.map(|row| row.id);
    let is_former = present_youth(connection, link.youth)?.is_some();
    if is_former || holder != link.holder || holder == Some(link.youth) {
        return Err(StoreError::IdentityTaken);
    }
    let sql = "INSERT INTO identity_link (youth, identity, holder, agency, leaf) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        blob(link.youth.uuid()),
        link.identity.as_bytes(),
        holder.map(|holder| holder.uuid().into_bytes()),
        link.agency.as_str(),
        number(leaf)?,
    ];
    execute(connection, sql, values)?;
    let made = connection.last_insert_rowid();
    for (youth, sealed) in &link.sealed {
        let sql = "INSERT INTO linked_identity (youth, link, sealed) VALUES (?1, ?2, ?3)";
        execute(connection, sql, params![blob(youth.uuid()), made, sealed])?;
    }
    lead(connection, link.youth, &link.identity)
}

/// Ends a link. What was linked since is linked anew, in its order, as if this one had not been there.
pub(super) fn unlink(connection: &Connection, link: u64, leaf: u64) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO identity_link_end (link, leaf) SELECT number, ?2 FROM identity_link WHERE number = ?1";
    expect_one(execute(connection, sql, params![number(link)?, number(leaf)?])?)?;
    let sql = "DELETE FROM linked_identity WHERE link = ?1";
    execute(connection, sql, params![number(link)?])?;
    let (ids, links) = tied(connection, link)?;
    for id in &ids {
        let id = blob(id.uuid());
        execute(connection, "DELETE FROM identity_alias WHERE youth = ?1", params![id])?;
        execute(connection, "DELETE FROM former_youth WHERE youth = ?1 OR former = ?1", params![id])?;
    }
    for Made { number, youth, identity } in links {
        let youth = present_youth(connection, youth)?.unwrap_or(youth);
        let mut sealed_for = former_youths(connection, youth)?;
        sealed_for.push(youth);
        // Who is not the same person any more does not have this identity either.
        let sql = "SELECT youth FROM linked_identity WHERE link = ?1";
        for id in all(connection, sql, params![number], only_id)? {
            if !sealed_for.contains(&id) {
                let sql = "DELETE FROM linked_identity WHERE link = ?1 AND youth = ?2";
                execute(connection, sql, params![number, blob(id.uuid())])?;
            }
        }
        let holder = youth_by_identity(connection, &identity)?.map(|row| row.id);
        if holder != Some(youth) {
            lead(connection, youth, &identity)?;
        }
    }
    Ok(())
}

/// See [`crate::store::Store::identity_links`].
pub(super) fn identity_links(
    connection: &Connection,
    youth: YouthId,
) -> Result<Vec<IdentityLinkRow>, StoreError> {
    let sql = format!(
        "SELECT number, identity, agency FROM identity_link WHERE youth = ?1 AND {STANDS} ORDER BY number"
    );
    all(connection, &sql, params![blob(youth.uuid())], |row| {
        let mut columns = Columns::new(row, "identity_link");
        Ok(IdentityLinkRow {
            number: columns.number()?,
            identity: IdentityIndex::from_bytes(columns.next()?),
            agency: columns.agency()?,
        })
    })
}

/// The first link of a former id, of those that are counted.
const SINCE: &str = "SELECT min(number) FROM identity_link WHERE identity_link.youth = former";
const STANDS: &str = "number NOT IN (SELECT link FROM identity_link_end)";

/// A link that stands, as it is made anew.
struct Made {
    number: i64,
    youth: YouthId,
    identity: IdentityIndex,
}

/// The ids that this link has to do with, by itself or by way of others, and the links among them that stand, oldest first.
fn tied(connection: &Connection, link: u64) -> Result<(BTreeSet<YouthId>, Vec<Made>), StoreError> {
    let sql = "SELECT youth FROM identity_link WHERE number = ?1";
    let mut open = all(connection, sql, params![number(link)?], only_id)?;
    let (mut ids, mut links) = (BTreeSet::new(), BTreeMap::new());
    while let Some(id) = open.pop() {
        if !ids.insert(id) {
            continue;
        }
        let other = "SELECT holder FROM identity_link WHERE youth = ?1 AND holder IS NOT NULL
            UNION SELECT youth FROM identity_link WHERE holder = ?1";
        open.extend(all(connection, other, params![blob(id.uuid())], only_id)?);
        let sql = format!("SELECT number, youth, identity FROM identity_link WHERE youth = ?1 AND {STANDS}");
        let made = all(connection, &sql, params![blob(id.uuid())], |row| {
            let mut columns = Columns::new(row, "identity_link");
            let number = columns.next()?;
            let youth = YouthId::from_uuid(columns.id()?);
            Ok(Made { number, youth, identity: IdentityIndex::from_bytes(columns.next()?) })
        })?;
        links.extend(made.into_iter().map(|made| (made.number, made)));
    }
    Ok((ids, links.into_values().collect()))
}

/// From now on the identity and the person lead to the same id: that of who has the identity, or else the person's own.
fn lead(connection: &Connection, youth: YouthId, identity: &IdentityIndex) -> Result<(), StoreError> {
    let holder = youth_by_identity(connection, identity)?.map(|row| row.id);
    let youth = blob(youth.uuid());
    let Some(holder) = holder else {
        let sql = "INSERT INTO identity_alias (identity, youth) VALUES (?1, ?2)";
        return execute(connection, sql, params![identity.as_bytes(), youth]).map(drop);
    };
    let holder = blob(holder.uuid());
    let moves = [
        "UPDATE identity_alias SET youth = ?2 WHERE youth = ?1",
        "INSERT OR REPLACE INTO identity_alias (identity, youth) SELECT identity, ?2 FROM youth WHERE id = ?1",
        "UPDATE former_youth SET youth = ?2 WHERE youth = ?1",
        "INSERT INTO former_youth (former, youth) VALUES (?1, ?2)",
    ];
    for sql in moves {
        execute(connection, sql, params![youth, holder])?;
    }
    Ok(())
}

fn only_id(row: &rusqlite::Row<'_>) -> Result<YouthId, StoreError> {
    Ok(YouthId::from_uuid(Columns::new(row, "former_youth").id()?))
}

//! How do identities lead to people on disk?
//!
//! A row of a person has the identity that they were first known by. What came later is an alias, and an alias is
//! looked at first. Former ids all stand directly behind the present one, so no search goes in circles.

use polku_proto::YouthId;
use rusqlite::{Connection, params};

use super::changes::{execute, expect_one};
use super::read::{all, one};
use super::rows::{Columns, YOUTH, blob, youth as youth_row};
use crate::seal::IdentityIndex;
use crate::store::{IdentityLink, StoreError, YouthRow};

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
    let sql = "SELECT former FROM former_youth WHERE youth = ?1";
    all(connection, sql, params![blob(youth.uuid())], only_id)
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

/// Links an identity, if all is still as the link says.
pub(super) fn link(connection: &Connection, link: &IdentityLink) -> Result<(), StoreError> {
    let holder = youth_by_identity(connection, &link.identity)?.map(|row| row.id);
    let is_former = present_youth(connection, link.youth)?.is_some();
    if is_former || holder != link.holder || holder == Some(link.youth) {
        return Err(StoreError::IdentityTaken);
    }
    let youth = blob(link.youth.uuid());
    match holder {
        None => {
            let sql = "INSERT INTO identity_alias (identity, youth) VALUES (?1, ?2)";
            execute(connection, sql, params![link.identity.as_bytes(), youth])?;
        }
        Some(holder) => {
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
        }
    }
    for (youth, sealed) in &link.sealed {
        let sql = "UPDATE youth SET sealed_identity = ?2 WHERE id = ?1";
        expect_one(execute(connection, sql, params![blob(youth.uuid()), sealed])?)?;
    }
    Ok(())
}

fn only_id(row: &rusqlite::Row<'_>) -> Result<YouthId, StoreError> {
    Ok(YouthId::from_uuid(Columns::new(row, "former_youth").id()?))
}

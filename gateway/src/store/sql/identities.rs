//! How do identities lead to people on disk?
//!
//! A row of a person has the identity that they were first known by. What came later is an alias, and an alias is
//! looked at first. Former ids all stand directly behind the present one, so no search goes in circles.

use polku_proto::YouthId;

use super::rows::{self, Columns, YOUTH, blob};
use super::value::{Row, params};
use super::{Query, Session, Step};
use crate::seal::IdentityIndex;
use crate::store::{IdentityLink, StoreError, YouthRow};

/// See [`crate::store::Store::youth_by_identity`].
pub(super) fn youth_by_identity(identity: &IdentityIndex) -> Query<YouthRow> {
    let sql = format!(
        "SELECT {YOUTH} FROM youth WHERE id = coalesce(
            (SELECT youth FROM identity_alias WHERE identity = ?1), (SELECT id FROM youth WHERE identity = ?1))"
    );
    Query { sql, values: params![*identity.as_bytes()], read: rows::youth }
}

/// See [`crate::store::Store::former_youths`].
pub(super) fn former_youths(youth: YouthId) -> Query<YouthId> {
    let sql = "SELECT former FROM former_youth WHERE youth = ?1".to_owned();
    Query { sql, values: params![blob(youth.uuid())], read: only_id }
}

/// See [`crate::store::Store::present_youth`].
pub(super) fn present_youth(youth: YouthId) -> Query<YouthId> {
    let sql = "SELECT youth FROM former_youth WHERE former = ?1".to_owned();
    Query { sql, values: params![blob(youth.uuid())], read: only_id }
}

/// Links an identity, if all is still as the link says.
pub(super) async fn link<S: Session>(session: &S, link: &IdentityLink) -> Result<(), StoreError> {
    let holder = session.first(youth_by_identity(&link.identity)).await?.map(|row| row.id);
    let is_former = session.first(present_youth(link.youth)).await?.is_some();
    if is_former || holder != link.holder || holder == Some(link.youth) {
        return Err(StoreError::IdentityTaken);
    }
    let youth = blob(link.youth.uuid());
    let mut steps = Vec::new();
    match holder {
        None => {
            let sql = "INSERT INTO identity_alias (identity, youth) VALUES (?1, ?2)";
            steps.push(Step::any(sql, params![*link.identity.as_bytes(), youth]));
        }
        Some(holder) => {
            let moves = [
                "UPDATE identity_alias SET youth = ?2 WHERE youth = ?1",
                "INSERT INTO identity_alias (identity, youth) SELECT identity, ?2 FROM youth WHERE id = ?1
                    ON CONFLICT (identity) DO UPDATE SET youth = excluded.youth",
                "UPDATE former_youth SET youth = ?2 WHERE youth = ?1",
                "INSERT INTO former_youth (former, youth) VALUES (?1, ?2)",
            ];
            steps.extend(moves.map(|sql| Step::any(sql, params![youth, blob(holder.uuid())])));
        }
    }
    for (youth, sealed) in &link.sealed {
        let sql = "UPDATE youth SET sealed_identity = ?2 WHERE id = ?1";
        steps.push(Step::one(sql, params![blob(youth.uuid()), sealed]));
    }
    session.take(&steps).await.map(drop)
}

fn only_id(row: &dyn Row) -> Result<YouthId, StoreError> {
    Ok(YouthId::from_uuid(Columns::new(row, "former_youth").id()?))
}

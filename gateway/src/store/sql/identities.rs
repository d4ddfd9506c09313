//! How do identities lead to people on disk?
//!
//! A row of a person has the identity that they were first known by. What came later is an alias, and an alias is
//! looked at first. Former ids all stand directly behind the present one, so no search goes in circles. Both follow from the
//! links that stand: when one ends, those that it has to do with are made anew without it.

use std::collections::{BTreeMap, BTreeSet};

use polku_proto::YouthId;

use super::read::select;
use super::rows::{self, Columns, YOUTH, blob, number};
use super::value::{Row, params};
use super::{Query, Session, Step};
use crate::seal::IdentityIndex;
use crate::store::{IdentityLink, IdentityLinkRow, StoreError, YouthRow};

const STANDS: &str = "number NOT IN (SELECT link FROM identity_link_end)";

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
    let condition = format!("former_youth WHERE youth = ?1 ORDER BY {}, former", since());
    Query { sql: select("former", &condition), values: params![blob(youth.uuid())], read: only_id }
}

/// See [`crate::store::Store::all_former_youths`].
pub(super) fn all_former_youths() -> Query<(YouthId, YouthId)> {
    let condition = format!("former_youth ORDER BY youth, {}, former", since());
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "former_youth");
        Ok((YouthId::from_uuid(columns.id()?), YouthId::from_uuid(columns.id()?)))
    };
    Query { sql: select("former, youth", &condition), values: params![], read }
}

/// The first link of a former id, of those that are counted. Databases do not agree on where nothing stands in an order:
/// whoever has no such link comes first.
fn since() -> String {
    format!(
        "coalesce((SELECT min(number) FROM identity_link WHERE identity_link.youth = former AND {STANDS}), 0)"
    )
}

/// See [`crate::store::Store::present_youth`].
pub(super) fn present_youth(youth: YouthId) -> Query<YouthId> {
    let sql = "SELECT youth FROM former_youth WHERE former = ?1".to_owned();
    Query { sql, values: params![blob(youth.uuid())], read: only_id }
}

/// See [`crate::store::Store::identity_links`].
pub(super) fn identity_links(youth: YouthId) -> Query<IdentityLinkRow> {
    let condition = format!("identity_link WHERE youth = ?1 AND {STANDS} ORDER BY number");
    Query {
        sql: select("number, identity, agency", &condition),
        values: params![blob(youth.uuid())],
        read: link_row,
    }
}

/// Links an identity, if all is still as the link says. The leaf is what announced it.
pub(super) async fn link<S: Session>(session: &S, link: &IdentityLink, leaf: u64) -> Result<(), StoreError> {
    let holder = session.first(youth_by_identity(&link.identity)).await?.map(|row| row.id);
    let is_former = session.first(present_youth(link.youth)).await?.is_some();
    if is_former || holder != link.holder || holder == Some(link.youth) {
        return Err(StoreError::IdentityTaken);
    }
    let made = session.first(add_link(link, leaf)?).await?.ok_or(UNREADABLE)?;
    let steps: Vec<_> = link.sealed.iter().map(|(youth, sealed)| seal_for(*youth, made, sealed)).collect();
    session.take(&steps).await?;
    lead(session, link.youth, &link.identity).await
}

/// Ends a link. What was linked since is linked anew, in its order, as if this one had not been there.
pub(super) async fn unlink<S: Session>(session: &S, link: u64, leaf: u64) -> Result<(), StoreError> {
    let link = number(link)?;
    let end =
        "INSERT INTO identity_link_end (link, leaf) SELECT number, ?2 FROM identity_link WHERE number = ?1";
    let end = Step::one(end, params![link, number(leaf)?]);
    let unseal = Step::any("DELETE FROM linked_identity WHERE link = ?1", params![link]);
    session.take(&[end, unseal]).await?;
    let (ids, links) = tied(session, link).await?;
    session.take(&ids.iter().copied().flat_map(forget_leads).collect::<Vec<_>>()).await?;
    for Made { number, youth, identity } in links {
        let youth = session.first(present_youth(youth)).await?.unwrap_or(youth);
        let mut same = session.find(former_youths(youth)).await?;
        same.push(youth);
        // Who is not the same person any more does not have this identity either.
        let mut others = session.find(sealed_for(number)).await?;
        others.retain(|id| !same.contains(id));
        let steps: Vec<_> = others.into_iter().map(|other| unseal_for(other, number)).collect();
        session.take(&steps).await?;
        let holder = session.first(youth_by_identity(&identity)).await?.map(|row| row.id);
        if holder != Some(youth) {
            lead(session, youth, &identity).await?;
        }
    }
    Ok(())
}

const UNREADABLE: StoreError = StoreError::Unreadable { table: "identity_link" };

/// A link that stands, as it is made anew.
struct Made {
    number: i64,
    youth: YouthId,
    identity: IdentityIndex,
}

/// The ids that this link has to do with, by itself or by way of others, and the links among them that stand, oldest first.
async fn tied<S: Session>(session: &S, link: i64) -> Result<(BTreeSet<YouthId>, Vec<Made>), StoreError> {
    let mut open = session.find(linked_by(link)).await?;
    let (mut ids, mut links) = (BTreeSet::new(), BTreeMap::new());
    while let Some(id) = open.pop() {
        if !ids.insert(id) {
            continue;
        }
        open.extend(session.find(tied_to(id)).await?);
        links.extend(session.find(made_for(id)).await?.into_iter().map(|made| (made.number, made)));
    }
    Ok((ids, links.into_values().collect()))
}

/// From now on the identity and the person lead to the same id: that of who has the identity, or else the person's own.
async fn lead<S: Session>(session: &S, youth: YouthId, identity: &IdentityIndex) -> Result<(), StoreError> {
    let holder = session.first(youth_by_identity(identity)).await?.map(|row| row.id);
    let youth = blob(youth.uuid());
    let Some(holder) = holder else {
        let sql = "INSERT INTO identity_alias (identity, youth) VALUES (?1, ?2)";
        return session.take(&[Step::any(sql, params![*identity.as_bytes(), youth])]).await.map(drop);
    };
    let moves = [
        "UPDATE identity_alias SET youth = ?2 WHERE youth = ?1",
        "INSERT INTO identity_alias (identity, youth) SELECT identity, ?2 FROM youth WHERE id = ?1
            ON CONFLICT (identity) DO UPDATE SET youth = excluded.youth",
        "UPDATE former_youth SET youth = ?2 WHERE youth = ?1",
        "INSERT INTO former_youth (former, youth) VALUES (?1, ?2)",
    ];
    let steps = moves.map(|sql| Step::any(sql, params![youth, blob(holder.uuid())]));
    session.take(&steps).await.map(drop)
}

/// Writes a link down, and answers its number.
fn add_link(link: &IdentityLink, leaf: u64) -> Result<Query<i64>, StoreError> {
    let sql = "INSERT INTO identity_link (youth, identity, holder, agency, leaf) VALUES (?1, ?2, ?3, ?4, ?5)
        RETURNING number";
    let values = params![
        blob(link.youth.uuid()),
        *link.identity.as_bytes(),
        link.holder.map(|holder| blob(holder.uuid())),
        link.agency.as_str().to_owned(),
        number(leaf)?,
    ];
    let read = |row: &dyn Row| Columns::new(row, "identity_link").next();
    Ok(Query { sql: sql.to_owned(), values, read })
}

fn seal_for(youth: YouthId, link: i64, sealed: &Vec<u8>) -> Step<'_> {
    let sql = "INSERT INTO linked_identity (youth, link, sealed) VALUES (?1, ?2, ?3)";
    Step::any(sql, params![blob(youth.uuid()), link, sealed])
}

fn unseal_for(youth: YouthId, link: i64) -> Step<'static> {
    let sql = "DELETE FROM linked_identity WHERE link = ?1 AND youth = ?2";
    Step::any(sql, params![link, blob(youth.uuid())])
}

fn forget_leads(id: YouthId) -> [Step<'static>; 2] {
    let forget = [
        "DELETE FROM identity_alias WHERE youth = ?1",
        "DELETE FROM former_youth WHERE youth = ?1 OR former = ?1",
    ];
    forget.map(|sql| Step::any(sql, params![blob(id.uuid())]))
}

/// For whom this link has sealed the identity.
fn sealed_for(link: i64) -> Query<YouthId> {
    let sql = select("youth", "linked_identity WHERE link = ?1");
    Query { sql, values: params![link], read: only_id }
}

/// For whom this link was made.
fn linked_by(link: i64) -> Query<YouthId> {
    let sql = select("youth", "identity_link WHERE number = ?1");
    Query { sql, values: params![link], read: only_id }
}

/// The ids next to this one.
fn tied_to(id: YouthId) -> Query<YouthId> {
    let sql = "SELECT holder FROM identity_link WHERE youth = ?1 AND holder IS NOT NULL
        UNION SELECT youth FROM identity_link WHERE holder = ?1";
    Query { sql: sql.to_owned(), values: params![blob(id.uuid())], read: only_id }
}

/// The links for this id that stand.
fn made_for(id: YouthId) -> Query<Made> {
    let condition = format!("identity_link WHERE youth = ?1 AND {STANDS}");
    Query {
        sql: select("number, youth, identity", &condition),
        values: params![blob(id.uuid())],
        read: made_row,
    }
}

fn made_row(row: &dyn Row) -> Result<Made, StoreError> {
    let mut columns = Columns::new(row, "identity_link");
    let number = columns.next()?;
    let youth = YouthId::from_uuid(columns.id()?);
    Ok(Made { number, youth, identity: IdentityIndex::from_bytes(columns.bytes()?) })
}

fn link_row(row: &dyn Row) -> Result<IdentityLinkRow, StoreError> {
    let mut columns = Columns::new(row, "identity_link");
    Ok(IdentityLinkRow {
        number: columns.number()?,
        identity: IdentityIndex::from_bytes(columns.bytes()?),
        agency: columns.agency()?,
    })
}

fn only_id(row: &dyn Row) -> Result<YouthId, StoreError> {
    Ok(YouthId::from_uuid(Columns::new(row, "former_youth").id()?))
}

//! Does the order of what is known hold, and what was closed?

use anyhow::{Result, ensure};
use polku_gateway::store::{
    Change, Erased, IdentityLink, InstrumentWrite, Known, PersonErasure, Store, StoreError,
};
use polku_proto::YouthId;

use super::samples::{agency, begin, instrument, youth, youth_id};

async fn known_after(store: &dyn Store, position: u64) -> Result<Vec<YouthId>> {
    let known = store.known_after(position, 100).await?;
    let positions: Vec<u64> = known.iter().map(|(_, position)| *position).collect();
    ensure!(positions.is_sorted() && positions.last() <= Some(&store.newest_known().await?));
    let person = |known| match known {
        Known::Person(row) => Some(row.id),
        Known::Erased(_) => None,
    };
    Ok(known.into_iter().filter_map(|(known, _)| person(known)).collect())
}

/// Whoever has looked at what is known of people finds those of whom something else is known since, and nobody else.
///
/// # Errors
/// What the store answers.
pub async fn what_is_known_of_people_has_an_order(store: &dyn Store) -> Result<()> {
    ensure!(store.newest_known().await? == 0);
    begin(store).await?;
    let mut change = Change::announced_by(900);
    change.youth = Some(youth(2));
    store.commit(change).await?;
    let met = store.newest_known().await?;
    ensure!(known_after(store, 0).await? == [youth_id(1), youth_id(2)]);
    ensure!(known_after(store, met).await?.is_empty());

    let mut change = Change::announced_by(901);
    change.instruments = vec![InstrumentWrite { row: instrument(3), parties: Vec::new(), expected: None }];
    store.commit(change).await?;
    ensure!(known_after(store, met).await? == [youth_id(1)]);
    let given = store.newest_known().await?;
    store.commit(Change::announced_by(902)).await?;
    ensure!(store.newest_known().await? == given, "nothing else is known of anybody");

    let mut change = Change::announced_by(903);
    let (youth, holder) = (youth_id(1), Some(youth_id(2)));
    let identity = super::samples::youth(2).identity;
    change.link = Some(IdentityLink { youth, identity, agency: agency("te")?, holder, sealed: Vec::new() });
    change.tied = vec![youth_id(2), youth_id(1)];
    store.commit(change).await?;
    ensure!(known_after(store, given).await?.len() == 2);
    ensure!(known_after(store, 0).await?.len() == 2, "each once, at the last change");

    // The newest change is of somebody who goes: their position is not given again.
    let tied = store.newest_known().await?;
    let leaves = vec![Erased { leaf: 904, subject: [9; 32] }];
    let (youths, fences) = (vec![youth_id(1), youth_id(2)], Vec::new());
    store.erase_people(PersonErasure { leaves, youths, fences }).await?;
    let erased = store.newest_known().await?;
    ensure!(erased > tied, "nobody is told that somebody was erased");
    ensure!(store.known_after(tied, 100).await? == [(Known::Erased([9; 32]), erased)]);
    let mut change = Change::announced_by(905);
    change.youth = Some(super::samples::youth(2));
    store.commit(change).await?;
    ensure!(known_after(store, erased).await? == [youth_id(2)]);
    Ok(())
}

/// What was closed is never committed, and what was committed is not closed.
///
/// # Errors
/// What the store answers.
pub async fn a_closed_leaf_is_never_committed(store: &dyn Store) -> Result<()> {
    store.commit(Change::announced_by(1)).await?;
    ensure!(!store.close_leaf(1).await?, "it is there");
    ensure!(store.close_leaf(2).await?);
    ensure!(store.close_leaf(2).await?, "still closed");
    let late = store.commit(Change::announced_by(2)).await;
    ensure!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    ensure!(store.committed_leaves(0).await? == [1]);
    Ok(())
}

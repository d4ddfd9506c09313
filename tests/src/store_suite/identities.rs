//! Do all identities of a person lead to one id?

use anyhow::{Result, ensure};
use polku_gateway::seal::IdentityIndex;
use polku_gateway::store::{Change, IdentityLink, Store, StoreError, YouthRow};
use polku_proto::YouthId;

use super::samples::{youth, youth_id};

fn index(number: u8) -> IdentityIndex {
    IdentityIndex::from_bytes([number; 32])
}

async fn begin(store: &dyn Store) -> Result<()> {
    for number in [1, 2, 3] {
        let mut change = Change::announced_by(number.try_into()?);
        change.youth = Some(youth(number));
        store.commit(change).await?;
    }
    Ok(())
}

async fn link(
    store: &dyn Store,
    leaf: u64,
    (from, identity): (u128, IdentityIndex),
    holder: Option<u128>,
    resealed: &[u128],
) -> Result<(), StoreError> {
    let mut change = Change::announced_by(leaf);
    let sealed =
        resealed.iter().map(|number| (youth_id(*number), vec![u8::try_from(leaf).unwrap_or(0)])).collect();
    change.link =
        Some(IdentityLink { youth: youth_id(from), identity, holder: holder.map(youth_id), sealed });
    store.commit(change).await
}

async fn found(store: &dyn Store, identity: IdentityIndex) -> Result<Option<YouthId>> {
    Ok(store.youth_by_identity(&identity).await?.map(|row| row.id))
}

/// A person is found by the identity that came first and by what was linked since, and nobody else gets any of them.
///
/// # Errors
/// What the store answers.
pub async fn identities_that_are_linked_are_taken(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    link(store, 11, (1, index(91)), None, &[1]).await?;
    for identity in [youth(1).identity, index(91)] {
        assert_eq!(found(store, identity).await?, Some(youth_id(1)));
    }
    let row = store.youth(youth_id(1)).await?;
    assert_eq!(row, Some(YouthRow { sealed_identity: vec![11], ..youth(1) }));
    assert_eq!(
        (store.former_youths(youth_id(1)).await?, store.present_youth(youth_id(1)).await?),
        (vec![], None)
    );
    let mut new = Change::announced_by(12);
    new.youth = Some(YouthRow { identity: index(91), ..youth(4) });
    ensure!(matches!(store.commit(new).await, Err(StoreError::IdentityTaken)));
    // What the link says of the holder does not hold any more, or is the person themselves.
    for (from, identity, holder) in
        [(2, index(91), None), (2, index(92), Some(1)), (1, index(91), Some(1)), (1, youth(1).identity, None)]
    {
        let refused = link(store, 13, (from, identity), holder, &[from]).await;
        ensure!(matches!(refused, Err(StoreError::IdentityTaken)), "{from} {holder:?}");
    }
    assert_eq!(store.youth(youth_id(2)).await?, Some(youth(2)));
    Ok(())
}

/// However persons turn out to be the same, every identity leads to the last one, and every former id is known.
///
/// # Errors
/// What the store answers.
pub async fn former_ids_lead_to_the_present_one(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    link(store, 11, (1, index(91)), None, &[1]).await?;
    link(store, 12, (1, youth(2).identity), Some(2), &[1]).await?;
    link(store, 13, (2, youth(3).identity), Some(3), &[2, 1]).await?;
    for identity in [youth(1).identity, index(91), youth(2).identity, youth(3).identity] {
        assert_eq!(found(store, identity).await?, Some(youth_id(3)));
    }
    let mut former = store.former_youths(youth_id(3)).await?;
    former.sort_unstable();
    assert_eq!(former, [youth_id(1), youth_id(2)]);
    for former in [1, 2] {
        assert_eq!(store.present_youth(youth_id(former)).await?, Some(youth_id(3)));
        ensure!(store.former_youths(youth_id(former)).await?.is_empty());
        let again = link(store, 14, (former, index(93)), None, &[former]).await;
        ensure!(matches!(again, Err(StoreError::IdentityTaken)));
    }
    let circle = link(store, 14, (3, youth(1).identity), Some(1), &[3]).await;
    ensure!(matches!(circle, Err(StoreError::IdentityTaken)));
    assert_eq!(store.youth(youth_id(1)).await?.map(|row| row.sealed_identity), Some(vec![13]));
    Ok(())
}

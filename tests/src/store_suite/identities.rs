//! Do all identities of a person lead to one id?

use anyhow::{Result, ensure};
use polku_gateway::seal::IdentityIndex;
use polku_gateway::store::{Change, IdentityLink, Store, StoreError, YouthRow};
use polku_proto::YouthId;

use super::samples::{agency, youth, youth_id};

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
    let (youth, holder) = (youth_id(from), holder.map(youth_id));
    let agency = agency("te").map_err(|_| StoreError::Conflict)?;
    change.link = Some(IdentityLink { youth, identity, agency, holder, sealed });
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

/// Of several links one ends, in the middle: every identity and every id leads to whom it would without that one.
///
/// # Errors
/// What the store answers.
pub async fn a_link_that_ends_is_as_if_it_had_not_been(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let end = async |leaf: u64, link: u64| {
        let mut change = Change::announced_by(leaf);
        change.unlink = Some(link);
        store.commit(change).await
    };
    link(store, 11, (1, index(91)), None, &[1]).await?;
    link(store, 12, (1, youth(2).identity), Some(2), &[1]).await?;
    link(store, 13, (2, youth(3).identity), Some(3), &[2, 1]).await?;
    let links = store.identity_links(youth_id(1)).await?;
    assert_eq!(links.iter().map(|link| link.identity).collect::<Vec<_>>(), [index(91), youth(2).identity]);
    assert!(links.iter().all(|link| link.agency.as_str() == "te"));
    let [first, second] = &links[..] else { anyhow::bail!("{} links", links.len()) };
    let all = [1, 2].map(|former| (youth_id(former), youth_id(3)));
    assert_eq!(store.all_former_youths().await?, all);

    end(14, second.number).await?;
    ensure!(matches!(end(15, second.number).await, Err(StoreError::Conflict)));
    for (identity, person) in
        [(youth(1).identity, 1), (index(91), 1), (youth(2).identity, 3), (youth(3).identity, 3)]
    {
        assert_eq!(found(store, identity).await?, Some(youth_id(person)));
    }
    assert_eq!(store.former_youths(youth_id(3)).await?, [youth_id(2)]);
    assert_eq!(store.all_former_youths().await?, [(youth_id(2), youth_id(3))]);
    assert_eq!(store.present_youth(youth_id(1)).await?, None);
    // The first has the identity again that it had before, and not that of whom it is not.
    let sealed =
        async |person| store.youth(youth_id(person)).await.map(|row| row.map(|row| row.sealed_identity));
    assert_eq!((sealed(1).await?, sealed(2).await?), (Some(vec![11]), Some(vec![13])));

    end(16, first.number).await?;
    assert_eq!(found(store, index(91)).await?, None);
    assert_eq!(store.youth(youth_id(1)).await?, Some(youth(1)));
    assert_eq!(store.identity_links(youth_id(1)).await?, []);
    // Somebody else may have it now.
    link(store, 17, (3, index(91)), None, &[3, 2]).await?;
    assert_eq!(found(store, index(91)).await?, Some(youth_id(3)));
    Ok(())
}

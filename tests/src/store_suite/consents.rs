//! Is kept who is to ask about whom again, and who has asked in a batch?

use anyhow::{Result, ensure};
use polku_gateway::store::{Change, Store, StoreError};

use super::samples::{begin, item, notice};

/// Notices have positions without repetition; the named agency is told, nobody else.
///
/// # Errors
/// What the store answers.
pub async fn notices_are_told_to_their_agency(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    assert_eq!(store.last_notice().await?, 0);
    for revision in 1..=20 {
        let mut change = Change::announced_by(revision);
        change.notices.push(notice(1, revision));
        if revision % 2 == 0 {
            change.notices.push(notice(2, revision));
        }
        store.commit(change).await?;
        let mut lost = Change::announced_by(revision);
        lost.notices.push(notice(1, revision));
        ensure!(matches!(store.commit(lost).await, Err(StoreError::Conflict)));
    }
    for (told, expected) in
        [(1, (1..=20).collect::<Vec<u64>>()), (2, (1..=10).map(|half| half * 2).collect())]
    {
        for limit in [1, 3, 100] {
            let (mut position, mut revisions) = (0, Vec::new());
            loop {
                let rows = store.notices_after(position, &[told; 32], limit).await?;
                ensure!(rows.len() <= usize::try_from(limit)?);
                let Some(last) = rows.last() else { break };
                ensure!(rows.iter().all(|row| row.position > position && row.notice.agency == [told; 32]));
                ensure!(rows.is_sorted_by(|one, next| one.position < next.position));
                position = last.position;
                revisions.extend(rows.iter().map(|row| row.notice.revision));
            }
            assert_eq!(revisions, expected, "agency {told}, {limit} at a time");
        }
    }
    assert_eq!(store.notices_after(0, &[3; 32], 10).await?, []);
    let last = store.notices_after(store.last_notice().await? - 1, &[2; 32], 10).await?;
    assert_eq!(last.first().map(|row| row.notice.clone()), Some(notice(2, 20)));
    // Events have an order of their own.
    assert_eq!(store.last_event().await?, 0);
    Ok(())
}

/// The items of a batch are there in their order, and are found by whom they are about.
///
/// # Errors
/// What the store answers.
pub async fn a_batch_is_kept_item_by_item(store: &dyn Store) -> Result<()> {
    for (leaf, people) in [(7, vec![1, 2, 1]), (9, vec![2]), (8, vec![3; 100])] {
        let mut change = Change::announced_by(leaf);
        change.items = people.iter().map(|person| item(*person)).collect();
        let expected = change.items.clone();
        store.commit(change).await?;
        assert_eq!(store.batch_items(leaf).await?, expected);
    }
    assert_eq!(store.batch_items(6).await?, []);
    for (person, leaves) in [(1, vec![7]), (2, vec![7, 9]), (3, vec![8]), (4, vec![])] {
        assert_eq!(store.batches_about(&[person; 32]).await?, leaves, "person {person}");
    }
    Ok(())
}

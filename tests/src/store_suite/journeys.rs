//! Is what happens on a person's way found again?

use anyhow::{Result, ensure};
use polku_gateway::store::{
    Change, EntryRow, FactsRow, FollowUp, FollowUpRow, FollowUpWrite, Store, StoreError,
};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

use super::samples::{agency, at, entry, facts, follow_up, referral, youth, youth_id};

async fn begin(store: &dyn Store) -> Result<()> {
    for number in [1, 2] {
        let mut change = Change::announced_by(number.try_into()?);
        change.youth = Some(youth(number));
        store.commit(change).await?;
    }
    Ok(())
}

/// A person's entries come newest first, whatever the times in them, and each is written once.
///
/// # Errors
/// What the store answers.
pub async fn entries_are_found_by_person(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let of_other = EntryRow { youth: youth_id(2), ..entry(3, 5)? };
    let mut change = Change::announced_by(3);
    change.entries = vec![entry(1, 9)?, of_other.clone(), entry(2, 4)?];
    store.commit(change).await?;
    assert_eq!(store.entries_of(youth_id(1), 10).await?, [entry(2, 4)?, entry(1, 9)?]);
    assert_eq!(store.entries_of(youth_id(1), 1).await?, [entry(2, 4)?]);
    assert_eq!(store.entries_of(youth_id(2), 10).await?, [of_other]);
    let mut again = Change::announced_by(4);
    again.entries = vec![entry(1, 9)?];
    ensure!(matches!(store.commit(again).await, Err(StoreError::Conflict)));
    Ok(())
}

/// The newest answer to a question takes the place of the one before, and old ones are forgotten.
///
/// # Errors
/// What the store answers.
pub async fn the_newest_answer_of_an_agency_is_kept(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let asked = CategorySet::of(&[DataCategory::Housing]);
    let narrow = FactsRow { asked, ..facts("kela", 3)? };
    let mut change = Change::announced_by(3);
    change.facts = vec![facts("te", 1)?, narrow.clone(), facts("kela", 2)?];
    store.commit(change).await?;
    let mut change = Change::announced_by(4);
    change.facts = vec![facts("te", 8)?];
    store.commit(change).await?;
    assert_eq!(store.facts_of(youth_id(1)).await?, [facts("kela", 2)?, narrow.clone(), facts("te", 8)?]);
    assert_eq!(store.facts_of(youth_id(2)).await?, []);
    store.prune_facts(at(3)).await?;
    assert_eq!(store.facts_of(youth_id(1)).await?, [narrow, facts("te", 8)?]);
    Ok(())
}

/// What is to be looked after comes up in the order of the days, moves to another day, and is dropped.
///
/// # Errors
/// What the store answers.
pub async fn follow_ups_come_up_when_they_are_due(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let retention = FollowUp::Retention(referral(1, 0)?.id);
    let rows = [
        follow_up(FollowUp::NotMet, "te", 20)?,
        follow_up(retention, "kela", 10)?,
        follow_up(FollowUp::NotMet, "kela", 30)?,
    ];
    let mut change = Change::announced_by(3);
    change.follow_ups = rows.iter().cloned().map(FollowUpWrite::Set).collect();
    store.commit(change).await?;
    assert_eq!(store.due_follow_ups(at(9), 10).await?, []);
    assert_eq!(store.due_follow_ups(at(20), 10).await?, [rows[1].clone(), rows[0].clone()]);
    assert_eq!(store.due_follow_ups(at(99), 1).await?, [rows[1].clone()]);
    let later = FollowUpRow { due: at(60), ..rows[0].clone() };
    let mut change = Change::announced_by(4);
    let agency = agency("kela")?;
    change.follow_ups = vec![
        FollowUpWrite::Set(later.clone()),
        FollowUpWrite::Drop { youth: youth_id(1), matter: retention, agency },
    ];
    store.commit(change).await?;
    assert_eq!(store.due_follow_ups(at(99), 10).await?, [rows[2].clone(), later]);
    Ok(())
}

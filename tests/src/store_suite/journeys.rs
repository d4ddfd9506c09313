//! Is what happens on a person's way found again?

use anyhow::{Result, ensure};
use jiff::civil::date;
use polku_gateway::store::{
    Change, EntryRow, FollowUp, FollowUpRow, FollowUpWrite, RequestKey, Store, StoreError, Tallied,
    TallyKind, TallyRow,
};
use polku_proto::ConsentId;

use super::samples::{agency, at, entry, follow_up, referral, tally, youth, youth_id};

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

/// However many entries there are of one agency and kind, those of others are found.
///
/// # Errors
/// What the store answers.
pub async fn entries_of_each_kind_are_found(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let first = EntryRow { kind: 8, ..entry(1, 1)? };
    let of_other = EntryRow { agency: agency("kela")?, ..entry(2, 2)? };
    let mut change = Change::announced_by(3);
    change.entries = vec![first.clone(), of_other.clone()];
    for number in 3..30 {
        change.entries.push(entry(number, 3)?);
    }
    store.commit(change).await?;
    let found = store.entries_of(youth_id(1), 2).await?;
    assert_eq!(found, [entry(29, 3)?, entry(28, 3)?, of_other, first]);
    for (youth, id, expected) in [(1, "te", true), (1, "kela", true), (1, "ohjaamo", false), (2, "te", false)]
    {
        assert_eq!(store.has_entry_by(youth_id(youth), &agency(id)?).await?, expected, "{youth}, {id}");
    }
    Ok(())
}

/// An agency's entries come person by person and oldest first, page by page, and nobody else's among them.
///
/// # Errors
/// What the store answers.
pub async fn entries_are_found_by_agency(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let of_second = EntryRow { youth: youth_id(2), ..entry(3, 1)? };
    let of_other = EntryRow { agency: agency("kela")?, ..entry(4, 2)? };
    let mut change = Change::announced_by(3);
    change.entries = vec![of_second.clone(), entry(9, 8)?, of_other.clone(), entry(1, 9)?];
    store.commit(change).await?;
    let te = agency("te")?;
    let all = [entry(9, 8)?, entry(1, 9)?, of_second];
    assert_eq!(store.entries_by(&te, None, 10).await?, all);
    let mut after = None;
    for row in &all {
        assert_eq!(store.entries_by(&te, after, 1).await?, std::slice::from_ref(row));
        after = Some((row.youth, row.id));
    }
    assert_eq!(store.entries_by(&te, after, 1).await?, []);
    assert_eq!(store.entries_by(&agency("kela")?, None, 10).await?, [of_other]);
    Ok(())
}

/// What is counted without a name is kept once for each call, and added up by agency and day.
///
/// # Errors
/// What the store answers.
pub async fn tallies_are_added_up_by_agency_and_day(store: &dyn Store) -> Result<()> {
    let first = tally(1, date(2026, 3, 2))?;
    let rows = [
        first.clone(),
        tally(2, date(2026, 3, 3))?,
        TallyRow { content: vec![8, 9], ..tally(3, date(2026, 3, 3))? },
        TallyRow { kind: TallyKind::Feedback, ..tally(4, date(2026, 3, 4))? },
        TallyRow { agency: agency("kela")?, ..tally(5, date(2026, 3, 3))? },
        TallyRow { kind: TallyKind::Book, ..tally(6, date(2026, 4, 30))? },
    ];
    for (leaf, row) in (1..).zip(&rows) {
        let mut change = Change::announced_by(leaf);
        change.tallies = vec![row.clone()];
        store.commit(change).await?;
        assert_eq!(store.tally(&row.key).await?.as_ref(), Some(row));
    }
    let tallied = |kind, content: &[u8], count| Tallied { kind, content: content.to_vec(), count };
    let all = store.tallied(&agency("te")?, date(2026, 3, 2), date(2026, 3, 4)).await?;
    let walk_ins = |count| tallied(TallyKind::WalkIn, &[8, 1], count);
    let other = tallied(TallyKind::WalkIn, &[8, 9], 1);
    assert_eq!(all, [walk_ins(2), other.clone(), tallied(TallyKind::Feedback, &[8, 1], 1)]);
    let one_day = store.tallied(&agency("te")?, date(2026, 3, 3), date(2026, 3, 3)).await?;
    assert_eq!(one_day, [walk_ins(1), other]);
    let book = store.tallied(&agency("te")?, date(2026, 4, 30), date(2026, 4, 30)).await?;
    assert_eq!(book, [tallied(TallyKind::Book, &[8, 1], 1)]);
    let nobody = RequestKey { organisation: agency("kela")?, ..first.key.clone() };
    assert_eq!(store.tally(&nobody).await?, None);
    let mut again = Change::announced_by(9);
    again.tallies = vec![first];
    ensure!(matches!(store.commit(again).await, Err(StoreError::RequestTaken)));
    Ok(())
}

/// What is to be looked after comes up in the order of the days, moves to another day, and is dropped.
///
/// # Errors
/// What the store answers.
pub async fn follow_ups_come_up_when_they_are_due(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let retention = FollowUp::Retention(referral(1, 0)?.id);
    // Another matter about the same id is another one.
    let renewal = FollowUp::Renewal(ConsentId::from_uuid(referral(1, 0)?.id.uuid()));
    let rows = [
        follow_up(FollowUp::NotMet, "te", 20)?,
        follow_up(retention, "kela", 10)?,
        follow_up(FollowUp::NotMet, "kela", 30)?,
        follow_up(renewal, "kela", 40)?,
        follow_up(FollowUp::Cancellation(referral(1, 0)?.id), "kela", 70)?,
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
    assert_eq!(
        store.due_follow_ups(at(99), 10).await?,
        [rows[2].clone(), rows[3].clone(), later, rows[4].clone()]
    );
    Ok(())
}

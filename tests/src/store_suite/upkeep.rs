//! Are keys exchanged, people erased and old contents found as it is said?

use anyhow::Result;
use polku_gateway::seal::{CheckValue, MasterKey, WrappedKey};
use polku_gateway::store::{
    Change, ContentErasure, DetailRow, Erased, IdentityLink, InstrumentRow, InstrumentWrite, MarkTold,
    PersonErasure, PlanRow, Rewrapped, Store, YouthRow,
};
use polku_proto::v1::DeliveryState;
use uuid::Uuid;

use super::everything;
use super::samples::{
    agency, at, begin, begin_with_plan, delivery, entry, instrument, new_plan, new_task, notice, plan,
    plan_event, plan_id, referral, request, task, youth, youth_id,
};

fn wrapped(version: u8, rest: u8) -> WrappedKey {
    let mut bytes = [rest; WrappedKey::BYTES];
    if let Some(first) = bytes.first_mut() {
        *first = version;
    }
    WrappedKey::from_bytes(bytes)
}

async fn add(store: &dyn Store, leaf: u64, row: YouthRow) -> Result<()> {
    let mut change = Change::announced_by(leaf);
    change.youth = Some(row);
    Ok(store.commit(change).await?)
}

/// Keys are found by the version that wraps them, and exchanged where they are still those that were read.
///
/// # Errors
/// What the store answers.
pub async fn keys_are_wrapped_anew(store: &dyn Store) -> Result<()> {
    assert_eq!(store.wrapped_versions().await?, []);
    for (number, version) in [(1, 1), (2, 1), (3, 2)] {
        add(store, number, YouthRow { key: wrapped(version, 7), ..youth(u128::from(number)) }).await?;
    }
    assert_eq!(store.wrapped_versions().await?, [(1, 2), (2, 1)]);
    assert_eq!(store.wrapped_by(1, 1).await?.len(), 1);
    assert_eq!(store.wrapped_by(1, 10).await?.len(), 2);
    assert_eq!(store.wrapped_by(3, 10).await?, []);
    assert!(!store.scrub_due().await?);
    let put = |number, from, to| Rewrapped { youth: youth_id(number), from, to };
    let stale = put(2, wrapped(1, 6), wrapped(2, 6));
    let nobody = put(9, wrapped(1, 7), wrapped(2, 9));
    store.rewrap(vec![put(1, wrapped(1, 7), wrapped(2, 8)), stale, nobody]).await?;
    assert_eq!(store.wrapped_versions().await?, [(1, 1), (2, 2)]);
    assert_eq!(store.youth(youth_id(1)).await?.map(|row| row.key), Some(wrapped(2, 8)));
    assert_eq!(store.youth(youth_id(2)).await?.map(|row| row.key), Some(wrapped(1, 7)));
    assert!(store.scrub_due().await?);
    store.scrub().await?;
    assert!(!store.scrub_due().await?);
    assert_eq!(store.wrapped_versions().await?, [(1, 1), (2, 2)]);

    assert_eq!(store.master_keys().await?, []);
    let key = |version, check| MasterKey { version, check: CheckValue::from_bytes([check; 8]) };
    for (version, check) in [(2, 5), (1, 4), (2, 6)] {
        store.note_master_key(key(version, check)).await?;
    }
    assert_eq!(store.master_keys().await?, [key(1, 4), key(2, 5)]);
    Ok(())
}

/// Of a person who is erased nothing is there any more, and of others everything.
///
/// # Errors
/// What the store answers.
pub async fn a_person_is_erased_with_everything_about_them(store: &dyn Store) -> Result<()> {
    let mut change = everything()?;
    let enqueued = [(50, DeliveryState::Delivered), (51, DeliveryState::InDoubt)];
    for (number, state) in enqueued {
        change.enqueue.push(polku_gateway::store::DeliveryRow { state, ..delivery(number, 0)? });
    }
    // That a second look at what was delivered was asked for is known by the message.
    let (about, mark) = (delivery(50, 0)?.message.uuid(), [5; 32]);
    change.told.push(MarkTold { about, mark });
    store.commit(change).await?;
    add(store, 30, youth(2)).await?;
    add(store, 31, youth(3)).await?;
    // The first person has the identity of the third from now on, and is called by the other id.
    let mut change = Change::announced_by(32);
    let sealed = vec![(youth_id(1), vec![1]), (youth_id(3), vec![3])];
    let (holder, identity) = (Some(youth_id(3)), youth(3).identity);
    change.link = Some(IdentityLink { youth: youth_id(1), identity, agency: agency("te")?, holder, sealed });
    store.commit(change).await?;
    let mut change = Change::announced_by(33);
    change.detail = Some(DetailRow { youth: youth_id(2), sealed: vec![8] });
    let row = InstrumentRow { id: Uuid::from_u128(77), youth: youth_id(2), ..instrument(77) };
    change.instruments.push(InstrumentWrite { row, parties: Vec::new(), expected: None });
    store.commit(change).await?;
    assert_eq!(store.agencies_told(youth_id(1)).await?, [agency("kela")?]);
    assert_eq!(store.open_tasks_about(youth_id(1)).await?, [task(8, 0)?]);

    let leaves = vec![Erased { leaf: 40, subject: [3; 32] }, Erased { leaf: 41, subject: [1; 32] }];
    let erasure = PersonErasure { leaves, youths: vec![youth_id(3), youth_id(1)], fences: Vec::new() };
    store.erase_people(erasure.clone()).await?;
    // Another gateway may have read the same leaves.
    store.erase_people(erasure).await?;
    for number in [1, 3] {
        let id = youth_id(number);
        assert_eq!(store.youth(id).await?, None);
        assert_eq!(store.youth_by_identity(&youth(number).identity).await?, None);
        assert_eq!(store.instruments_of(id).await?, []);
        assert_eq!(store.plans_of(id).await?, []);
        assert_eq!(store.entries_of(id, 10).await?, []);
        assert_eq!(store.open_deliveries_of(id).await?, []);
        assert_eq!(store.open_tasks_about(id).await?, []);
        assert_eq!(store.agencies_told(id).await?, []);
        assert_eq!(store.identity_links(id).await?, []);
    }
    assert_eq!(store.all_former_youths().await?, []);
    assert_eq!(store.request(&request(1, 0)?.key).await?, None);
    assert_eq!(store.referral(referral(1, 0)?.id).await?, None);
    assert_eq!(store.plan_revision(plan(6, 0)?.id, 1).await?, None);
    assert_eq!(store.marks_told(plan_id(6).uuid(), vec![[6; 32]]).await?, [[0; 32]; 0]);
    assert_eq!(store.marks_told(about, vec![mark]).await?, [[0; 32]; 0]);
    assert_eq!(store.due_follow_ups(at(9), 10).await?, []);
    assert_eq!(store.notices_after(0, &notice(1, 17).agency, 10).await?, []);
    assert_eq!(store.plan_events_after(0, &agency("te")?, None, 10).await?, []);
    assert_eq!(store.task_events_after(0, &agency("te")?, 10).await?, []);
    assert_eq!(store.events_after(0, &agency("te")?, 10).await?, []);
    assert_eq!(store.audit_detail(17).await?, None);
    assert_eq!(store.committed_leaves(0).await?, [17, 30, 31, 32, 33, 40, 41]);
    // What a batch commits to is a part of the log.
    assert_eq!(store.batch_items(17).await?.len(), 2);
    assert!(store.youth(youth_id(2)).await?.is_some());
    assert_eq!(store.instruments_of(youth_id(2)).await?.len(), 1);
    assert_eq!(store.audit_detail(33).await?, Some(DetailRow { youth: youth_id(2), sealed: vec![8] }));
    store.scrub().await?;
    assert_eq!(store.instruments_of(youth_id(2)).await?.len(), 1);
    // They can come back, as anybody can; what watchers are told goes on in its order.
    store.commit(Change { leaf: 50, tallies: Vec::new(), ..everything()? }).await?;
    assert_eq!(store.last_event().await?, 2);
    Ok(())
}

/// What is past is found from the oldest on, and goes with all that belongs to it.
///
/// # Errors
/// What the store answers.
pub async fn what_is_past_is_found_and_erased(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    for (number, second) in [(7, 100), (8, 50)] {
        change.plans.push(new_plan(PlanRow { ended: true, ..plan(number, second)? }));
    }
    change.plan_events.push(plan_event(8, "te")?);
    change.tasks.push(new_task(polku_gateway::store::TaskRow { plan: Some(plan_id(8)), ..task(8, 0)? }));
    change.entries = vec![entry(1, 30)?, entry(2, 10)?, entry(3, 20)?];
    let ended = |number, in_force, revision| {
        let row = InstrumentRow { in_force, revision, ..instrument(number) };
        InstrumentWrite { row, parties: Vec::new(), expected: None }
    };
    change.instruments = vec![ended(1, false, 9), ended(2, true, 8), ended(3, false, 10)];
    change.detail = Some(DetailRow { youth: youth_id(1), sealed: vec![8] });
    store.commit(change).await?;

    let plans = async |second, limit| {
        let found = store.expired_plans(at(second), None, limit).await?;
        Ok::<_, anyhow::Error>(found.iter().map(|row| row.id).collect::<Vec<_>>())
    };
    assert_eq!(plans(50, 10).await?, []);
    assert_eq!(plans(101, 10).await?, [plan_id(8), plan_id(7)]);
    assert_eq!(plans(101, 1).await?, [plan_id(8)]);
    let behind = store.expired_plans(at(101), Some((at(50), plan_id(8))), 10).await?;
    assert_eq!(behind.iter().map(|row| row.id).collect::<Vec<_>>(), [plan_id(7)]);
    let entries = store.expired_entries(at(30), None, 10).await?;
    assert_eq!(entries, [entry(2, 10)?, entry(3, 20)?]);
    assert_eq!(store.expired_entries(at(30), None, 1).await?, [entry(2, 10)?]);
    let oldest = entry(2, 10)?;
    assert_eq!(store.expired_entries(at(30), Some((oldest.created, oldest.id)), 10).await?, [entry(3, 20)?]);
    let found = store.instruments_before(10, 0, 10).await?;
    assert_eq!(found.iter().map(|(row, _)| row.id.as_u128()).collect::<Vec<_>>(), [1, 2]);
    let behind = store.instruments_before(10, found.first().map_or(0, |(_, number)| *number), 10).await?;
    assert_eq!(behind.len(), 1);

    store
        .erase_contents(ContentErasure {
            leaf: 3,
            detail: Some(DetailRow { youth: youth_id(1), sealed: vec![9] }),
            fences: Vec::new(),
            referrals: Vec::new(),
            tasks: Vec::new(),
            plans: vec![plan_id(8)],
            entries: entries.iter().map(|row| row.id).collect(),
            instruments: vec![Uuid::from_u128(1)],
        })
        .await?;
    assert_eq!(plans(101, 10).await?, [plan_id(7)]);
    assert_eq!(store.plan_revision(plan_id(8), 1).await?, None);
    assert_eq!(store.open_tasks_about(youth_id(1)).await?, []);
    assert_eq!(store.entries_of(youth_id(1), 10).await?, [entry(1, 30)?]);
    assert_eq!(store.instruments_of(youth_id(1)).await?.len(), 2);
    assert_eq!(store.plan(plan_id(6)).await?.map(|row| row.id), Some(plan_id(6)));

    assert_eq!(store.erase_details(3, 10).await?, 1);
    assert_eq!(store.erase_details(3, 10).await?, 0);
    assert_eq!(store.audit_detail(2).await?, None);
    assert!(store.audit_detail(3).await?.is_some());
    assert_eq!(store.committed_leaves(0).await?, [0, 1, 2, 3]);
    Ok(())
}

/// A plan of which something is under way is not over, however long ago it ended.
///
/// # Errors
/// What the store answers.
pub async fn a_plan_that_is_still_told_is_not_past(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.plans.push(new_plan(PlanRow { ended: true, ..plan(6, 0)? }));
    change.enqueue.push(super::samples::part(9, "youth")?);
    store.commit(change).await?;
    assert_eq!(store.expired_plans(at(1), None, 10).await?, []);
    let mut change = Change::announced_by(2);
    change.stops.push(super::samples::part(9, "youth")?.message);
    store.commit(change).await?;
    assert_eq!(store.expired_plans(at(1), None, 10).await?.len(), 1);
    Ok(())
}

/// Referrals and tasks that are past are found page by page.
///
/// # Errors
/// What the store answers.
pub async fn what_is_past_is_found_page_by_page(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    for number in 21..=23 {
        change.tasks.push(new_task(polku_gateway::store::TaskRow { plan: None, ..task(number, 0)? }));
    }
    store.commit(change).await?;
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = store.expired_tasks(at(1_000), after, 2).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.updated, last.id));
        found.extend(page.into_iter().map(|row| row.id));
    }
    let all = store.expired_tasks(at(1_000), None, 10).await?;
    assert_eq!(found, all.iter().map(|row| row.id).collect::<Vec<_>>());
    assert_eq!(found.len(), 3);
    let referrals = store.expired_referrals(at(1_000), None, 10).await?;
    let last = referrals.last().map(|row| (row.updated, row.id));
    assert_eq!(store.expired_referrals(at(1_000), last, 10).await?, []);
    Ok(())
}

//! In which order do the sections of a plan wait?

use anyhow::Result;
use polku_gateway::store::{
    About, Change, DeliveryFilter, DeliveryItem, DeliveryRow, PlanRow, Store, StoreError,
};
use polku_proto::v1::DeliveryState;

use super::queue::{lease, numbers, write};
use super::samples::{
    agency, at, begin_with_plan, delivery, new_plan, part, plan, plan_id, referral, youth_id,
};

/// Of a section one delivery waits for an agency, however often it is put into the queue, alone or beside other parts of
/// a change. Another section, another agency, another item and another plan have their own.
///
/// # Errors
/// What the store answers.
pub async fn a_part_of_a_plan_waits_once(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.plans.push(new_plan(PlanRow { ended: true, ..plan(7, 0)? }));
    change.enqueue = vec![
        part(1, "te")?,
        part(2, "te")?,
        part(3, "youth")?,
        DeliveryRow { agency: agency("social")?, ..part(4, "te")? },
        DeliveryRow { about: About::Plan { plan: plan_id(7), owner: "te".to_owned() }, ..part(5, "te")? },
        DeliveryRow { item: DeliveryItem::PlanEnded, ..part(6, "te")? },
        DeliveryRow { item: DeliveryItem::PlanEnded, ..part(7, "te")? },
        delivery(8, 0)?,
    ];
    store.commit(change).await?;
    let mut again = Change::announced_by(3);
    let later = DeliveryRow { deadline: at(90_000), ..part(9, "youth")? };
    let sooner = DeliveryRow { deadline: at(1), ..part(11, "te")? };
    again.enqueue = vec![later.clone(), sooner, delivery(10, 0)?];
    store.commit(again).await?;
    assert_eq!(numbers(&store.deliveries_about(referral(1, 0)?.id).await?), [8, 10]);
    // Something of the plan waited behind both of them: a change is not told before an earlier one.
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [4, 5, 6, 7, 8, 3, 1, 10]);
    let mut last = Change::announced_by(4);
    last.enqueue = vec![part(12, "te")?];
    store.commit(last).await?;
    // It is given up when the last of those would have been for which it stands.
    let moved = DeliveryRow { fence: part(1, "te")?.fence + 1, ..part(1, "te")? };
    assert_eq!(store.delivery(moved.message).await?, Some(moved));
    let deadline = later.deadline;
    let moved = DeliveryRow { fence: part(3, "youth")?.fence + 1, deadline, ..part(3, "youth")? };
    assert_eq!(store.delivery(moved.message).await?, Some(moved));
    for unused in [part(2, "te")?, later, part(11, "te")?, part(12, "te")?] {
        assert_eq!(store.delivery(unused.message).await?, None);
    }
    Ok(())
}

/// What goes behind others of its plan is nobody's any more, and is due as it was; a list that goes on from its place leaves
/// nothing out.
///
/// # Errors
/// What the store answers.
pub async fn a_part_of_a_plan_that_is_leased_goes_behind(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.enqueue = vec![part(1, "te")?, part(2, "youth")?];
    store.commit(change).await?;
    let leased = store.lease_due(&lease(10, 10)).await?;
    assert_eq!(numbers(&leased), [1, 2]);
    let held = leased.first().cloned().ok_or(StoreError::Conflict)?;
    let states = vec![DeliveryState::Queued];
    let filter = DeliveryFilter { states, agency: None, after: None, limit: 1 };
    let page = store.deliveries(&filter).await?;
    let mut change = Change::announced_by(3);
    change.enqueue.push(part(3, "te")?);
    store.commit(change).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [2, 1]);
    let free = DeliveryRow { fence: held.fence + 1, leased_until: None, ..held.clone() };
    assert_eq!(store.delivery(held.message).await?, Some(free));
    store.release(held.message, held.fence, at(90_000)).await?;
    assert_eq!(numbers(&store.lease_due(&lease(10, 10)).await?), [1]);
    let rest = DeliveryFilter { after: page.first().map(|(place, _)| *place), limit: 10, ..filter };
    let rest: Vec<_> = store.deliveries(&rest).await?.into_iter().map(|(_, row)| row).collect();
    assert_eq!(numbers(&rest), [2, 1]);
    Ok(())
}

/// What is being sent, or has come to its end, does not stand for what is put into the queue after it; what waits to be
/// tried again does, and may wait beside another one.
///
/// # Errors
/// What the store answers.
pub async fn a_part_of_a_plan_that_is_sent_does_not_wait(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut leaf = 1;
    let mut enqueue = |row: DeliveryRow| {
        leaf += 1;
        let mut change = Change::announced_by(leaf);
        change.enqueue.push(row);
        store.commit(change)
    };
    enqueue(part(1, "te")?).await?;
    write(store, 100, &DeliveryRow { state: DeliveryState::Sending, ..part(1, "te")? }).await?;
    enqueue(part(2, "te")?).await?;
    enqueue(part(3, "te")?).await?;
    // The first one has failed, and waits beside the second.
    let retrying = DeliveryRow { state: DeliveryState::Retrying, ..part(1, "te")? };
    write(store, 101, &retrying).await?;
    write(store, 102, &DeliveryRow { state: DeliveryState::Delivered, ..part(2, "te")? }).await?;
    enqueue(part(4, "te")?).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [1]);
    assert_eq!(store.delivery(part(4, "te")?.message).await?, None);
    write(store, 103, &DeliveryRow { state: DeliveryState::Rejected, ..retrying }).await?;
    enqueue(part(5, "te")?).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [5]);
    let mut stop = Change::announced_by(104);
    stop.stops.push(part(5, "te")?.message);
    store.commit(stop).await?;
    enqueue(part(6, "te")?).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [6]);
    assert_eq!(numbers(&store.lease_due(&lease(10, 10)).await?), [6]);
    Ok(())
}

/// What has been tried and is not there goes behind what has come up since, and waits like what has not been tried. Where
/// another one waits beside it, that one goes.
///
/// # Errors
/// What the store answers.
pub async fn a_part_of_a_plan_that_was_tried_goes_behind(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.enqueue = vec![part(1, "te")?, part(2, "youth")?];
    store.commit(change).await?;
    let tried = DeliveryRow { state: DeliveryState::Retrying, attempts: 3, ..part(1, "te")? };
    write(store, 100, &tried).await?;
    let enqueue = async |leaf: u64, number: u128| {
        let mut change = Change::announced_by(leaf);
        change.enqueue.push(part(number, "te")?);
        Ok::<_, anyhow::Error>(store.commit(change).await?)
    };
    enqueue(101, 3).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [2, 1]);
    let stored = store.delivery(tried.message).await?.ok_or(StoreError::Conflict)?;
    assert_eq!((stored.state, stored.attempts), (DeliveryState::Queued, 3));
    write(store, 102, &DeliveryRow { state: DeliveryState::Sending, ..stored }).await?;
    enqueue(103, 4).await?;
    let sent = store.delivery(tried.message).await?.ok_or(StoreError::Conflict)?;
    write(store, 104, &DeliveryRow { state: DeliveryState::Retrying, ..sent }).await?;
    let mut change = Change::announced_by(105);
    change.enqueue.push(DeliveryRow { item: DeliveryItem::PlanEnded, ..part(5, "youth")? });
    store.commit(change).await?;
    enqueue(106, 6).await?;
    assert_eq!(numbers(&store.open_deliveries_of(youth_id(1)).await?), [2, 1, 5, 4]);
    Ok(())
}

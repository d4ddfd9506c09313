//! Does every delivery have one holder at a time?

use anyhow::{Context, Result, ensure};
use polku_gateway::store::{
    Change, DeliveryFilter, DeliveryItem, DeliveryRow, DeliveryWrite, LeaseRequest, Priority, Store,
    StoreError,
};
use polku_proto::MessageId;
use polku_proto::v1::DeliveryState;
use uuid::Uuid;

use super::samples::{agency, at, begin, delivery, referral, youth_id};

pub(super) fn lease(second: i64, limit: u32) -> LeaseRequest {
    LeaseRequest {
        now: at(second),
        time: at(second),
        until: at(second + 30),
        limit,
        per_agency: 100,
        under_way: Vec::new(),
        held: Vec::new(),
    }
}

async fn enqueued(store: &dyn Store, deliveries: Vec<DeliveryRow>) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.enqueue = deliveries;
    Ok(store.commit(change).await?)
}

/// Waiting deliveries are taken when they are due, the earliest first, and by one worker only.
///
/// # Errors
/// What the store answers.
pub async fn due_deliveries_are_leased_once(store: &dyn Store) -> Result<()> {
    let retrying =
        DeliveryRow { state: DeliveryState::Retrying, agency: agency("social")?, ..delivery(3, 20)? };
    let done = DeliveryRow { state: DeliveryState::Delivered, ..delivery(4, 1)? };
    let doubtful = DeliveryRow { state: DeliveryState::InDoubt, ..delivery(5, 1)? };
    enqueued(store, vec![delivery(1, 30)?, delivery(2, 10)?, retrying.clone(), done, doubtful]).await?;
    assert_eq!(store.next_due(&[]).await?, Some(at(10)));
    assert_eq!(store.lease_due(&lease(9, 10)).await?, []);
    let taken = store.lease_due(&lease(25, 10)).await?;
    let expected = [
        DeliveryRow { fence: 2, leased_until: Some(at(55)), ..delivery(2, 10)? },
        DeliveryRow { fence: 2, leased_until: Some(at(55)), ..retrying },
    ];
    assert_eq!(taken, expected);
    assert_eq!(store.delivery(delivery(2, 10)?.message).await?.as_ref(), expected.first());
    assert_eq!(store.lease_due(&lease(25, 10)).await?, []);
    assert_eq!(store.next_due(&[]).await?, Some(at(30)));
    let taken = store.lease_due(&lease(31, 1)).await?;
    assert_eq!(taken.len(), 1);
    assert_eq!(store.next_due(&[]).await?, Some(at(55)));
    Ok(())
}

/// Whose lease has run out is taken again, in the state that its last holder left it in.
///
/// # Errors
/// What the store answers.
pub async fn a_lease_that_has_run_out_is_taken_again(store: &dyn Store) -> Result<()> {
    enqueued(store, vec![delivery(1, 0)?]).await?;
    assert_eq!(store.lease_due(&lease(0, 10)).await?.len(), 1);
    assert_eq!(store.lease_due(&lease(29, 10)).await?, []);
    let taken = store.lease_due(&lease(30, 10)).await?;
    let again = DeliveryRow { fence: 3, leased_until: Some(at(60)), ..delivery(1, 0)? };
    assert_eq!(taken.as_slice(), std::slice::from_ref(&again));
    let sending = DeliveryRow { state: DeliveryState::Sending, attempts: 1, intent: Some(1), ..again };
    write(store, 2, &sending).await?;
    assert_eq!(store.lease_due(&lease(59, 10)).await?, []);
    let third = DeliveryRow { fence: 4, leased_until: Some(at(90)), ..sending };
    assert_eq!(store.lease_due(&lease(60, 10)).await?.as_slice(), std::slice::from_ref(&third));
    // To be asked about later: in sending, without a holder.
    let asked = DeliveryRow { due: at(200), leased_until: None, ..third };
    write(store, 3, &asked).await?;
    assert_eq!(store.next_due(&[]).await?, Some(at(200)));
    assert_eq!(store.lease_due(&lease(199, 10)).await?, []);
    let fourth = DeliveryRow { fence: 5, leased_until: Some(at(230)), ..asked };
    assert_eq!(store.lease_due(&lease(200, 10)).await?, [fourth]);
    Ok(())
}

/// What is given back is due again when its holder says; who has lost the lease gives nothing back.
///
/// # Errors
/// What the store answers.
pub async fn a_lease_can_be_given_back(store: &dyn Store) -> Result<()> {
    enqueued(store, vec![delivery(1, 0)?]).await?;
    let message = delivery(1, 0)?.message;
    store.lease_due(&lease(0, 10)).await?;
    store.release(message, 1, at(1)).await?;
    assert_eq!(store.next_due(&[]).await?, Some(at(30)));
    store.release(message, 2, at(7)).await?;
    assert_eq!(store.delivery(message).await?, Some(DeliveryRow { fence: 2, due: at(7), ..delivery(1, 0)? }));
    assert_eq!(store.lease_due(&lease(6, 10)).await?, []);
    let again = DeliveryRow { fence: 3, due: at(7), leased_until: Some(at(37)), ..delivery(1, 0)? };
    assert_eq!(store.lease_due(&lease(7, 10)).await?, [again]);
    store.release(MessageId::from_uuid(Uuid::from_u128(9)), 1, at(1)).await?;
    Ok(())
}

pub(super) async fn write(store: &dyn Store, leaf: u64, row: &DeliveryRow) -> Result<()> {
    let mut change = Change::announced_by(leaf);
    change.deliveries.push(DeliveryWrite { row: row.clone(), expected_fence: row.fence });
    Ok(store.commit(change).await?)
}

/// Who has lost a lease can write nothing.
///
/// # Errors
/// What the store answers.
pub async fn an_older_fence_cannot_write(store: &dyn Store) -> Result<()> {
    enqueued(store, vec![delivery(1, 0)?]).await?;
    let taken = store.lease_due(&lease(0, 10)).await?;
    let first = taken.first().context("leased")?.clone();
    let taken = store.lease_due(&lease(30, 10)).await?;
    let second = taken.first().context("leased again")?.clone();
    let settle = |leaf, row: &DeliveryRow| {
        let mut change = Change::announced_by(leaf);
        let done = DeliveryRow {
            state: DeliveryState::Delivered,
            attempts: 1,
            leased_until: None,
            intent: Some(2),
            reference: Some("K-1".to_owned()),
            ..row.clone()
        };
        change.deliveries.push(DeliveryWrite { row: done, expected_fence: row.fence });
        change
    };
    ensure!(matches!(store.commit(settle(3, &first)).await, Err(StoreError::Conflict)));
    store.commit(settle(4, &second)).await?;
    let stored = store.delivery(second.message).await?.context("stored")?;
    assert_eq!((stored.state, stored.attempts, stored.intent), (DeliveryState::Delivered, 1, Some(2)));
    assert_eq!(stored.reference.as_deref(), Some("K-1"));
    assert_eq!(store.next_due(&[]).await?, None);
    assert_eq!(store.lease_due(&lease(90, 10)).await?, []);
    Ok(())
}

/// A lease of which nothing has been sent does not stand in the way of whoever stops the delivery.
///
/// # Errors
/// What the store answers.
pub async fn a_waiting_delivery_is_stopped_whoever_holds_it(store: &dyn Store) -> Result<()> {
    enqueued(store, vec![delivery(1, 0)?]).await?;
    let taken = store.lease_due(&lease(0, 10)).await?;
    let held = taken.first().context("leased")?.clone();
    let stop = |leaf| {
        let mut change = Change::announced_by(leaf);
        change.stops.push(held.message);
        change
    };
    store.commit(stop(2)).await?;
    let stopped = DeliveryRow {
        state: DeliveryState::Stopped,
        fence: held.fence + 1,
        leased_until: None,
        ..held.clone()
    };
    assert_eq!(store.delivery(held.message).await?, Some(stopped));
    assert_eq!(store.next_due(&[]).await?, None);
    ensure!(write(store, 3, &held).await.is_err(), "the holder can still write");
    // What has ended, or is being sent, cannot be stopped so.
    ensure!(matches!(store.commit(stop(4)).await, Err(StoreError::Conflict)));
    Ok(())
}

/// An agency that has enough under way is left out, however much waits for it.
///
/// # Errors
/// What the store answers.
pub async fn leases_leave_out_busy_agencies(store: &dyn Store) -> Result<()> {
    let mut deliveries = Vec::new();
    for number in 1..=20 {
        deliveries.push(delivery(number, 0)?);
    }
    deliveries.push(DeliveryRow { agency: agency("social")?, ..delivery(21, 5)? });
    deliveries.push(DeliveryRow { agency: agency("walmu")?, ..delivery(22, 4)? });
    enqueued(store, deliveries).await?;
    let taken = store
        .lease_due(&LeaseRequest { per_agency: 2, under_way: vec![(agency("kela")?, 2)], ..lease(10, 10) })
        .await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [22, 21]);
    let taken = store.lease_due(&lease(10, 5)).await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [1, 2, 3, 4, 5]);
    Ok(())
}

/// To an agency that is left alone goes nothing, or one as a probe; what is past its deadline is taken all the same, within
/// the room that the agency has. Others are served as always.
///
/// # Errors
/// What the store answers.
pub async fn agencies_that_are_left_alone_get_a_probe_and_ends(store: &dyn Store) -> Result<()> {
    let mut deliveries = Vec::new();
    for number in 1..=20 {
        deliveries.push(delivery(number, 0)?);
    }
    for number in 21..=25 {
        deliveries.push(DeliveryRow { deadline: at(50), ..delivery(number, 5)? });
    }
    deliveries.push(DeliveryRow { priority: Priority::Urgent, ..delivery(26, 5)? });
    deliveries.push(DeliveryRow { agency: agency("social")?, ..delivery(27, 7)? });
    enqueued(store, deliveries).await?;
    let (kela, social) = (agency("kela")?, agency("social")?);
    let held = |more| vec![(kela.clone(), more)];
    let taken = store.lease_due(&LeaseRequest { held: held(0), ..lease(10, 10) }).await?;
    assert_eq!(numbers(&taken), [27]);
    // Nothing else is due before the lease of that one runs out.
    assert_eq!(store.next_due(std::slice::from_ref(&kela)).await?, Some(at(40)));
    assert_eq!(store.next_due(&[kela.clone(), social.clone()]).await?, None);
    // The probe is what goes first in any case.
    let taken = store.lease_due(&LeaseRequest { held: held(1), ..lease(11, 10) }).await?;
    assert_eq!(numbers(&taken), [26]);
    let busy =
        LeaseRequest { per_agency: 3, under_way: vec![(kela.clone(), 1), (social, 1)], ..lease(60, 10) };
    let mut taken = numbers(&store.lease_due(&LeaseRequest { held: held(0), ..busy.clone() }).await?);
    taken.sort_unstable();
    assert_eq!(taken, [21, 22, 27]);
    let mut taken = numbers(&store.lease_due(&LeaseRequest { held: held(0), ..lease(61, 10) }).await?);
    taken.sort_unstable();
    assert_eq!(taken, [23, 24, 25]);
    assert_eq!(numbers(&store.lease_due(&LeaseRequest { held: held(2), ..lease(62, 10) }).await?), [26, 1]);
    Ok(())
}

/// What has not arrived is listed in the order of the queue, by state and agency, and without what has.
///
/// # Errors
/// What the store answers.
pub async fn what_has_not_arrived_is_listed_page_by_page(store: &dyn Store) -> Result<()> {
    let states = [
        DeliveryState::Queued,
        DeliveryState::Sending,
        DeliveryState::Delivered,
        DeliveryState::Retrying,
        DeliveryState::InDoubt,
        DeliveryState::Rejected,
        DeliveryState::Stopped,
        DeliveryState::Expired,
    ];
    let mut deliveries = Vec::new();
    for (number, state) in (1..).zip(states) {
        deliveries.push(DeliveryRow { state, ..delivery(number, 0)? });
        let agency = agency("social")?;
        deliveries.push(DeliveryRow { state, agency, ..delivery(number + 10, 0)? });
    }
    enqueued(store, deliveries).await?;
    let filter = DeliveryFilter { states: states.to_vec(), agency: None, after: None, limit: 100 };
    let listed = async |filter: &DeliveryFilter| -> Result<Vec<DeliveryRow>> {
        Ok(store.deliveries(filter).await?.into_iter().map(|(_, row)| row).collect())
    };
    let all = listed(&filter).await?;
    assert_eq!(numbers(&all), [1, 11, 2, 12, 4, 14, 5, 15, 6, 16, 7, 17, 8, 18]);
    assert_eq!(all.first(), store.delivery(delivery(1, 0)?.message).await?.as_ref());
    let of_social = DeliveryFilter { agency: Some(agency("social")?), ..filter.clone() };
    assert_eq!(numbers(&listed(&of_social).await?), [11, 12, 14, 15, 16, 17, 18]);
    let failed =
        DeliveryFilter { states: vec![DeliveryState::Rejected, DeliveryState::Expired], ..of_social };
    assert_eq!(numbers(&listed(&failed).await?), [16, 18]);
    // Page by page there is nothing missing and nothing twice.
    let mut page = DeliveryFilter { limit: 3, ..filter.clone() };
    let mut paged = Vec::new();
    loop {
        let rows = store.deliveries(&page).await?;
        let Some((place, _)) = rows.last() else { break };
        page.after = Some(*place);
        paged.extend(rows.into_iter().map(|(_, row)| row));
    }
    assert_eq!(paged, all);
    let behind_all = DeliveryFilter { after: Some(1_000_000), ..filter };
    assert_eq!(store.deliveries(&behind_all).await?, []);
    Ok(())
}

/// What is urgent is taken before all that waits, within the room that its agency has.
///
/// # Errors
/// What the store answers.
pub async fn what_is_urgent_goes_first(store: &dyn Store) -> Result<()> {
    let mut deliveries = Vec::new();
    for number in 1..=200 {
        deliveries.push(delivery(number, 0)?);
    }
    deliveries.push(DeliveryRow { agency: agency("te")?, ..delivery(201, 0)? });
    let urgent = |number, second| -> Result<DeliveryRow> {
        Ok(DeliveryRow { priority: Priority::Urgent, ..delivery(number, second)? })
    };
    deliveries.extend([urgent(301, 9)?, urgent(302, 8)?, urgent(303, 20)?]);
    deliveries.push(DeliveryRow { agency: agency("social")?, ..urgent(304, 10)? });
    enqueued(store, deliveries).await?;
    let taken = store.lease_due(&LeaseRequest { per_agency: 3, ..lease(10, 5) }).await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [302, 301, 304, 1, 201]);
    assert_eq!(store.next_due(&[]).await?, Some(at(0)));
    let taken = store.lease_due(&lease(20, 2)).await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [303, 2]);
    Ok(())
}

/// A second notice of the same disclosure is not put into the queue.
///
/// # Errors
/// What the store answers.
pub async fn a_disclosure_has_one_notice(store: &dyn Store) -> Result<()> {
    let of = |leaf, index, number| -> Result<DeliveryRow> {
        Ok(DeliveryRow { item: DeliveryItem::DisclosureNotice { leaf, index }, ..delivery(number, 0)? })
    };
    let first = vec![of(7, 0, 1)?, of(8, 0, 2)?, delivery(3, 0)?, delivery(4, 0)?, of(7, 1, 7)?];
    enqueued(store, first).await?;
    for index in [0, 1] {
        let mut again = Change::announced_by(2);
        again.enqueue = vec![delivery(5, 0)?, of(7, index, 6)?];
        ensure!(matches!(store.commit(again).await, Err(StoreError::Conflict)));
    }
    assert_eq!(store.deliveries_about(referral(1, 0)?.id).await?.len(), 5);
    Ok(())
}

/// What is final is not open any more; what is in doubt is.
///
/// # Errors
/// What the store answers.
pub async fn open_deliveries_end(store: &dyn Store) -> Result<()> {
    let states = [
        (DeliveryState::Queued, true),
        (DeliveryState::Sending, true),
        (DeliveryState::Delivered, false),
        (DeliveryState::Retrying, true),
        (DeliveryState::InDoubt, true),
        (DeliveryState::Rejected, false),
        (DeliveryState::Stopped, false),
        (DeliveryState::Expired, false),
    ];
    let mut deliveries = Vec::new();
    for (number, (state, _)) in (1..).zip(states) {
        deliveries.push(DeliveryRow { state, ..delivery(number, 0)? });
    }
    enqueued(store, deliveries.clone()).await?;
    let open: Vec<DeliveryState> =
        store.open_deliveries_of(youth_id(1)).await?.iter().map(|row| row.state).collect();
    let expected: Vec<DeliveryState> =
        states.iter().filter(|(_, open)| *open).map(|(state, _)| *state).collect();
    assert_eq!(open, expected);
    assert_eq!(store.open_deliveries_of(youth_id(2)).await?, []);
    assert_eq!(store.deliveries_about(referral(1, 0)?.id).await?, deliveries);
    Ok(())
}

pub(super) fn numbers(rows: &[DeliveryRow]) -> Vec<u128> {
    rows.iter().map(|row| row.message.uuid().as_u128()).collect()
}

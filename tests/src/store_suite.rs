//! Does a store keep its promises? Cases that every back end has to pass.
//!
//! Each case takes a store that is empty.

mod consents;
mod identities;
mod journeys;
mod lists;
mod parts;
mod plans;
mod queue;
mod samples;
mod several;
mod tasks;
mod upkeep;

use anyhow::{Result, ensure};
use jiff::civil::date;
use polku_gateway::store::{
    About, Change, DeliveryItem, DeliveryRow, DeliveryWrite, DetailRow, FollowUp, FollowUpWrite,
    InstrumentRow, InstrumentWrite, MarkTold, NoticeRow, PlanRow, Reconciled, ReferralRow, ReferralWrite,
    RequestKey, RequestRow, Store, StoreError, YouthRow,
};
use polku_proto::v1::ReferralState;
use uuid::Uuid;

use self::samples::{
    agency, at, begin, delivery, entry, event, follow_up, instrument, item, new_plan, new_referral, new_task,
    notice, part, plan, plan_event, plan_id, referral, request, tally, task, youth, youth_id,
};

pub use consents::{a_batch_is_kept_item_by_item, notices_are_told_to_their_agency};
pub use identities::{
    a_link_that_ends_is_as_if_it_had_not_been, former_ids_lead_to_the_present_one,
    identities_that_are_linked_are_taken,
};
pub use journeys::{
    entries_are_found_by_agency, entries_are_found_by_person, entries_of_each_kind_are_found,
    follow_ups_come_up_when_they_are_due, tallies_are_added_up_by_agency_and_day,
};
pub use lists::{
    a_recipient_sees_what_has_reached_it, contents_that_are_still_told_hold_no_other_up,
    events_are_told_to_their_parties, instruments_are_found_by_person_and_in_force,
    overdue_and_erasable_referrals_are_found, referrals_are_listed_page_by_page,
};
pub use parts::{
    a_part_of_a_plan_that_is_leased_goes_behind, a_part_of_a_plan_that_is_sent_does_not_wait,
    a_part_of_a_plan_that_was_tried_goes_behind, a_part_of_a_plan_waits_once,
};
pub use plans::{
    a_part_of_a_change_that_fails_takes_plans_and_tasks_along, a_person_has_a_plan_at_several_agencies,
    every_revision_of_a_plan_is_kept, plan_events_are_told_to_their_agency, plans_are_found_by_person,
    plans_are_looked_at_when_it_is_due, plans_change_from_the_revision_that_is_expected,
};
pub use queue::{
    a_disclosure_has_one_notice, a_lease_can_be_given_back, a_lease_that_has_run_out_is_taken_again,
    a_waiting_delivery_is_stopped_whoever_holds_it, agencies_that_are_left_alone_get_a_probe_and_ends,
    an_older_fence_cannot_write, due_deliveries_are_leased_once, leases_leave_out_busy_agencies,
    open_deliveries_end, what_has_not_arrived_is_listed_page_by_page, what_is_urgent_goes_first,
};
pub use several::{a_closed_leaf_is_never_committed, what_is_known_of_people_has_an_order};
pub use tasks::{
    open_tasks_are_found_by_plan, task_events_are_told_to_the_agency_that_decides,
    tasks_are_listed_page_by_page, tasks_change_from_the_version_that_is_expected,
};

pub use upkeep::{
    a_person_is_erased_with_everything_about_them, a_plan_that_is_still_told_is_not_past,
    keys_are_wrapped_anew, what_is_past_is_found_and_erased, what_is_past_is_found_page_by_page,
};

/// Runs every case of this module as a test of its own, with the store that the async function `$open` opens. `$open` gives
/// something that holds the store, and whatever it lives in, as `.store`.
#[macro_export]
macro_rules! store_suite {
    ($open:path) => {
        $crate::store_suite!($open:
            a_change_is_there_with_everything_in_it,
            a_change_that_conflicts_leaves_nothing_behind,
            a_request_id_is_taken_once,
            an_identity_is_taken_once,
            identities_that_are_linked_are_taken,
            former_ids_lead_to_the_present_one,
            a_link_that_ends_is_as_if_it_had_not_been,
            a_leaf_is_committed_once,
            versions_guard_referrals_and_instruments,
            a_recipient_sees_what_has_reached_it,
            referrals_are_listed_page_by_page,
            overdue_and_erasable_referrals_are_found,
            contents_that_are_still_told_hold_no_other_up,
            instruments_are_found_by_person_and_in_force,
            events_are_told_to_their_parties,
            notices_are_told_to_their_agency,
            a_batch_is_kept_item_by_item,
            plans_change_from_the_revision_that_is_expected,
            a_person_has_a_plan_at_several_agencies,
            plans_are_found_by_person,
            plans_are_looked_at_when_it_is_due,
            every_revision_of_a_plan_is_kept,
            plan_events_are_told_to_their_agency,
            a_part_of_a_change_that_fails_takes_plans_and_tasks_along,
            tasks_change_from_the_version_that_is_expected,
            tasks_are_listed_page_by_page,
            open_tasks_are_found_by_plan,
            task_events_are_told_to_the_agency_that_decides,
            entries_are_found_by_person,
            entries_of_each_kind_are_found,
            entries_are_found_by_agency,
            tallies_are_added_up_by_agency_and_day,
            follow_ups_come_up_when_they_are_due,
            due_deliveries_are_leased_once,
            a_lease_that_has_run_out_is_taken_again,
            a_lease_can_be_given_back,
            an_older_fence_cannot_write,
            a_waiting_delivery_is_stopped_whoever_holds_it,
            leases_leave_out_busy_agencies,
            agencies_that_are_left_alone_get_a_probe_and_ends,
            what_has_not_arrived_is_listed_page_by_page,
            what_is_urgent_goes_first,
            a_disclosure_has_one_notice,
            a_part_of_a_plan_waits_once,
            a_part_of_a_plan_that_is_leased_goes_behind,
            a_part_of_a_plan_that_is_sent_does_not_wait,
            a_part_of_a_plan_that_was_tried_goes_behind,
            open_deliveries_end,
            committed_leaves_are_marked,
            old_answers_are_erased,
            keys_are_wrapped_anew,
            a_person_is_erased_with_everything_about_them,
            what_is_past_is_found_and_erased,
            what_is_past_is_found_page_by_page,
            a_plan_that_is_still_told_is_not_past,
            a_closed_leaf_is_never_committed,
            what_is_known_of_people_has_an_order,
            concurrent_changes_all_come_to_an_end,
        );
    };
    ($open:path: $($case:ident,)*) => {$(
        #[tokio::test]
        async fn $case() -> anyhow::Result<()> {
            let opened = $open().await?;
            $crate::store_suite::$case(&opened.store).await
        }
    )*};
}

fn everything() -> Result<Change> {
    Ok(Change {
        leaf: 17,
        detail: Some(DetailRow { youth: youth_id(1), sealed: vec![4, 4] }),
        request: Some(request(1, 0)?),
        youth: Some(youth(1)),
        link: None,
        unlink: None,
        tied: Vec::new(),
        referrals: vec![new_referral(referral(1, 0)?)],
        instruments: vec![InstrumentWrite { row: instrument(3), parties: Vec::new(), expected: None }],
        plans: vec![new_plan(plan(6, 0)?)],
        look_at_plans_of: vec![(youth_id(1), at(9))],
        tasks: vec![new_task(task(8, 0)?)],
        entries: vec![entry(9, 0)?],
        told: vec![MarkTold { about: plan_id(6).uuid(), mark: [6; 32] }],
        tallies: vec![tally(11, date(2026, 3, 2))?],
        follow_ups: vec![FollowUpWrite::Set(follow_up(FollowUp::NotMet, "te", 0)?)],
        events: vec![event(1, Some(agency("kela")?))?],
        plan_events: vec![plan_event(6, "te")?, plan_event(6, "kela")?],
        notices: vec![notice(1, 17), notice(2, 17)],
        items: vec![item(1), item(2)],
        enqueue: vec![delivery(4, 0)?],
        deliveries: Vec::new(),
        stops: Vec::new(),
    })
}

/// All parts of a change are read back as they were written.
///
/// # Errors
/// What the store answers.
pub async fn a_change_is_there_with_everything_in_it(store: &dyn Store) -> Result<()> {
    assert_eq!(store.youth(youth_id(1)).await?, None);
    assert_eq!(store.last_event().await?, 0);
    store.commit(everything()?).await?;
    assert_eq!(store.request(&request(1, 0)?.key).await?, Some(request(1, 0)?));
    assert_eq!(store.youth(youth_id(1)).await?, Some(youth(1)));
    assert_eq!(store.youth_by_identity(&youth(1).identity).await?, Some(youth(1)));
    assert_eq!(store.youth_by_identity(&youth(2).identity).await?, None);
    assert_eq!(store.referral(referral(1, 0)?.id).await?, Some(referral(1, 0)?));
    assert_eq!(store.instrument(Uuid::from_u128(3)).await?, Some(instrument(3)));
    assert_eq!(store.delivery(delivery(4, 0)?.message).await?, Some(delivery(4, 0)?));
    let looked_at = PlanRow { look_at: Some(at(9)), ..plan(6, 0)? };
    assert_eq!(store.plan(looked_at.id).await?, Some(looked_at));
    assert_eq!(store.task(task(8, 0)?.id).await?, Some(task(8, 0)?));
    assert_eq!(store.entries_of(youth_id(1), 10).await?, [entry(9, 0)?]);
    assert_eq!(store.marks_told(plan_id(6).uuid(), vec![[5; 32], [6; 32]]).await?, [[6; 32]]);
    assert_eq!(store.marks_told(plan_id(7).uuid(), vec![[6; 32]]).await?, [[0; 32]; 0]);
    assert_eq!(store.tally(&tally(11, date(2026, 3, 2))?.key).await?, Some(tally(11, date(2026, 3, 2))?));
    assert_eq!(store.due_follow_ups(at(0), 10).await?, [follow_up(FollowUp::NotMet, "te", 0)?]);
    assert_eq!(store.deliveries_about(referral(1, 0)?.id).await?, [delivery(4, 0)?]);
    assert_eq!(store.audit_detail(17).await?, Some(DetailRow { youth: youth_id(1), sealed: vec![4, 4] }));
    assert_eq!(store.committed_leaves(0).await?, [17]);
    assert_eq!(store.last_event().await?, 1);
    assert_eq!((store.last_plan_event().await?, store.last_task_event().await?), (2, 1));
    assert_eq!(store.last_notice().await?, 2);
    let told = store.notices_after(0, &[2; 32], 10).await?;
    assert_eq!(told, [NoticeRow { position: 2, notice: notice(2, 17) }]);
    assert_eq!(store.batch_items(17).await?, [item(1), item(2)]);

    let mut items = Change::announced_by(18);
    for (number, item) in [
        DeliveryItem::Handover,
        DeliveryItem::StateChange,
        DeliveryItem::Information(0),
        DeliveryItem::Information(7),
        DeliveryItem::ConsentWithdrawn,
        DeliveryItem::DisclosureNotice { leaf: 0, index: 0 },
        DeliveryItem::DisclosureNotice { leaf: u64::from(u32::MAX) + 1, index: 3 },
    ]
    .into_iter()
    .enumerate()
    {
        let leased_until = Some(at(9));
        let row = delivery(100 + number as u128, 0)?;
        let reference = Some("saapunut 1".to_owned());
        items.enqueue.push(DeliveryRow { item, leased_until, intent: Some(17), reference, ..row });
    }
    let mut expected = items.enqueue.clone();
    store.commit(items).await?;
    let mut parts = Change::announced_by(19);
    let notice = |index| DeliveryItem::DisclosureNotice { leaf: 9, index };
    for (number, item) in (200..).zip([DeliveryItem::PlanPart, DeliveryItem::PlanEnded, notice(0)]) {
        parts.enqueue.push(DeliveryRow { item, ..part(number, "youth")? });
    }
    parts.enqueue.push(DeliveryRow { item: notice(1), about: About::Journey, ..part(300, "youth")? });
    expected.extend(parts.enqueue.clone());
    store.commit(parts).await?;
    for row in expected {
        assert_eq!(store.delivery(row.message).await?, Some(row));
    }
    Ok(())
}

/// A change whose last part conflicts is not there at all.
///
/// # Errors
/// What the store answers.
pub async fn a_change_that_conflicts_leaves_nothing_behind(store: &dyn Store) -> Result<()> {
    let mut change = everything()?;
    let row = delivery(99, 0)?;
    change.deliveries.push(DeliveryWrite { row, expected_fence: 1 });
    ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)));
    assert_eq!(store.youth(youth_id(1)).await?, None);
    assert_eq!(store.request(&request(1, 0)?.key).await?, None);
    assert_eq!(store.referral(referral(1, 0)?.id).await?, None);
    assert_eq!(store.instrument(Uuid::from_u128(3)).await?, None);
    assert_eq!(store.plan(plan(6, 0)?.id).await?, None);
    assert_eq!(store.plan_revision(plan(6, 0)?.id, 1).await?, None);
    assert_eq!(store.task(task(8, 0)?.id).await?, None);
    assert_eq!((store.last_plan_event().await?, store.last_task_event().await?), (0, 0));
    assert_eq!(store.delivery(delivery(4, 0)?.message).await?, None);
    assert_eq!(store.committed_leaves(0).await?, [0_u64; 0]);
    assert_eq!(store.last_notice().await?, 0);
    assert_eq!(store.batch_items(17).await?, []);
    assert_eq!(store.next_due(&[]).await?, None);
    // The same leaf can announce it once more.
    store.commit(everything()?).await?;
    assert_eq!(store.last_event().await?, 1);
    Ok(())
}

/// The same request id of the same organisation is refused; of another one it is not.
///
/// # Errors
/// What the store answers.
pub async fn a_request_id_is_taken_once(store: &dyn Store) -> Result<()> {
    store.commit(everything()?).await?;
    let repeated = Change { leaf: 18, ..everything()? };
    ensure!(matches!(store.commit(repeated).await, Err(StoreError::RequestTaken)));
    let mut again = Change::announced_by(19);
    again.request = Some(request(1, 5)?);
    ensure!(matches!(store.commit(again).await, Err(StoreError::RequestTaken)));
    let mut other = Change::announced_by(20);
    let key = RequestKey { organisation: agency("kela")?, ..request(1, 5)?.key };
    other.request = Some(RequestRow { key, ..request(1, 5)? });
    store.commit(other).await?;
    assert_eq!(store.request(&request(1, 0)?.key).await?, Some(request(1, 0)?));
    Ok(())
}

/// Two rows cannot have the same identity.
///
/// # Errors
/// What the store answers.
pub async fn an_identity_is_taken_once(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut other = Change::announced_by(1);
    other.youth = Some(YouthRow { id: youth_id(2), ..youth(1) });
    ensure!(matches!(store.commit(other).await, Err(StoreError::IdentityTaken)));
    let mut same = Change::announced_by(1);
    same.youth = Some(YouthRow { identity: youth(2).identity, ..youth(1) });
    ensure!(matches!(store.commit(same).await, Err(StoreError::Conflict)));
    assert_eq!(store.youth(youth_id(2)).await?, None);
    assert_eq!(store.youth(youth_id(1)).await?, Some(youth(1)));
    Ok(())
}

/// A leaf announces one change.
///
/// # Errors
/// What the store answers.
pub async fn a_leaf_is_committed_once(store: &dyn Store) -> Result<()> {
    store.commit(Change::announced_by(3)).await?;
    ensure!(matches!(store.commit(Change::announced_by(3)).await, Err(StoreError::Conflict)));
    Ok(())
}

/// Rows change only from the version that is expected, and are made only once.
///
/// # Errors
/// What the store answers.
pub async fn versions_guard_referrals_and_instruments(store: &dyn Store) -> Result<()> {
    store.commit(everything()?).await?;
    let changed = ReferralRow {
        state: ReferralState::Accepted,
        version: 2,
        updated: at(60),
        respond_by: at(70),
        reached_recipient: true,
        delivery_ended: Some(at(50)),
        holds_content: false,
        sealed: vec![6],
        ..referral(1, 0)?
    };
    let revoked =
        InstrumentRow { version: 2, in_force: false, revision: 9, sealed: vec![4], ..instrument(3) };
    let mut leaf = 20;
    for expected in [None, Some(0), Some(2)] {
        leaf += 1;
        let mut change = Change::announced_by(leaf);
        change.referrals.push(ReferralWrite { row: changed.clone(), expected });
        ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)), "{expected:?}");
        let mut change = Change::announced_by(leaf);
        change.instruments.push(InstrumentWrite { row: revoked.clone(), parties: Vec::new(), expected });
        ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)), "{expected:?}");
    }
    let mut change = Change::announced_by(30);
    change.referrals.push(ReferralWrite { row: changed.clone(), expected: Some(1) });
    change.instruments.push(InstrumentWrite { row: revoked.clone(), parties: Vec::new(), expected: Some(1) });
    store.commit(change).await?;
    assert_eq!(store.referral(changed.id).await?, Some(changed));
    assert_eq!(store.instrument(revoked.id).await?, Some(revoked));
    let mut missing = Change::announced_by(31);
    missing.referrals.push(ReferralWrite { row: referral(77, 0)?, expected: Some(1) });
    ensure!(matches!(store.commit(missing).await, Err(StoreError::Conflict)));
    Ok(())
}

/// Every commit marks its leaf, with details or without; the mark of reconciliation stays where it is put.
///
/// # Errors
/// What the store answers.
pub async fn committed_leaves_are_marked(store: &dyn Store) -> Result<()> {
    assert_eq!(store.reconciled().await?.until, 0);
    begin(store).await?;
    for leaf in [9, 2, 5] {
        store.commit(Change::announced_by(leaf)).await?;
    }
    assert_eq!(store.committed_leaves(0).await?, [0, 2, 5, 9]);
    assert_eq!(store.committed_leaves(3).await?, [5, 9]);
    assert_eq!(store.audit_detail(5).await?, None);
    assert_eq!(store.audit_detail(6).await?, None);
    let mark = Reconciled { until: 7, root: [9; 32] };
    store.set_reconciled(mark).await?;
    assert_eq!(store.reconciled().await?, mark);
    Ok(())
}

/// Answers are erased when they are old; the ids of their requests are not, and cannot be used again.
///
/// # Errors
/// What the store answers.
pub async fn old_answers_are_erased(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    for number in 1..=1201_u32 {
        let mut change = Change::announced_by(u64::from(number));
        change.request = Some(request(u128::from(number), i64::from(number))?);
        store.commit(change).await?;
    }
    assert_eq!(store.erase_answers(at(1)).await?, 0);
    assert_eq!(store.erase_answers(at(1201)).await?, 1200);
    assert_eq!(store.erase_answers(at(1201)).await?, 0);
    let old = RequestRow { sealed_answer: Vec::new(), ..request(1200, 1200)? };
    assert_eq!(store.request(&old.key).await?, Some(old));
    assert_eq!(store.request(&request(1201, 0)?.key).await?, Some(request(1201, 1201)?));
    let mut again = Change::announced_by(2000);
    again.request = Some(request(1, 2000)?);
    assert!(matches!(store.commit(again).await, Err(StoreError::RequestTaken)));
    Ok(())
}

/// Of many changes to the same row at once one wins; the others conflict, and harm nobody else.
///
/// # Errors
/// What the store answers.
pub async fn concurrent_changes_all_come_to_an_end(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut commits = Vec::new();
    for number in 1..=100_u64 {
        let mut change = Change::announced_by(number);
        if number % 2 == 0 {
            let row = ReferralRow { version: 2, ..referral(1, 0)? };
            change.referrals.push(ReferralWrite { row, expected: Some(1) });
        } else {
            change.referrals.push(new_referral(referral(1000 + u128::from(number), 0)?));
            change.events.push(event(1000 + u128::from(number), None)?);
        }
        commits.push(store.commit(change));
    }
    let (mut done, mut conflicts) = (0, 0);
    for answer in together(commits).await {
        match answer {
            Ok(()) => done += 1,
            Err(StoreError::Conflict) => conflicts += 1,
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!((done, conflicts), (51, 49));
    assert_eq!(store.committed_leaves(1).await?.len(), 51);
    let events = store.events_after(0, &agency("te")?, 1000).await?;
    let positions: Vec<u64> = events.iter().map(|row| row.position).collect();
    assert_eq!(positions, (1..=50).collect::<Vec<u64>>());
    Ok(())
}

/// Waits for all at once, in one task.
async fn together<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<Option<F>> = futures.into_iter().map(Some).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        for slot in &mut waiting {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
            {
                done.push(output);
                *slot = None;
            }
        }
        if waiting.iter().all(Option::is_none) {
            std::task::Poll::Ready(std::mem::take(&mut done))
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

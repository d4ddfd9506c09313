//! Are referrals, instruments and events found by whom they concern?

use anyhow::{Context, Result, ensure};
use polku_gateway::store::{
    About, Change, DeliveryItem, DeliveryRow, InForce, InstrumentKind, InstrumentRow, InstrumentWrite,
    ReferralFilter, ReferralRow, Store, StoreError,
};
use polku_proto::v1::{DeliveryState, ReferralState};
use uuid::Uuid;

use super::samples::{
    agency, at, begin, delivery, event, instrument, new_referral, referral, youth, youth_id,
};

/// The sender sees its referrals at once, the recipient when they have reached it, the young person always.
///
/// # Errors
/// What the store answers.
pub async fn a_recipient_sees_what_has_reached_it(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.youth = Some(youth(2));
    change.referrals.push(new_referral(ReferralRow { reached_recipient: true, ..referral(2, 10)? }));
    change.referrals.push(new_referral(ReferralRow {
        youth: youth_id(2),
        sender: agency("kela")?,
        recipient: agency("te")?,
        ..referral(3, 20)?
    }));
    store.commit(change).await?;
    for (party, person, expected) in [
        (Some("te"), None, vec![2, 1]),
        (Some("kela"), None, vec![3, 2]),
        (Some("social"), None, vec![]),
        (Some("te"), Some(1), vec![2, 1]),
        (Some("kela"), Some(1), vec![2]),
        (Some("te"), Some(2), vec![]),
        (Some("kela"), Some(2), vec![3]),
        (Some("social"), Some(1), vec![]),
        (None, Some(1), vec![2, 1]),
        (None, Some(2), vec![3]),
        (None, Some(9), vec![]),
        (None, None, vec![3, 2, 1]),
    ] {
        let filter = ReferralFilter {
            party: party.map(agency).transpose()?,
            youth: person.map(youth_id),
            before: None,
            limit: 10,
        };
        assert_eq!(numbers(&store.referrals(&filter).await?), expected, "{filter:?}");
    }
    Ok(())
}

/// Pages follow one another without gap or repetition, also among referrals of the same instant.
///
/// # Errors
/// What the store answers.
pub async fn referrals_are_listed_page_by_page(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    for number in 2..=25 {
        let mut row = referral(number, i64::try_from(number / 4)?)?;
        if number % 2 == 0 {
            (row.sender, row.recipient, row.reached_recipient) = (row.recipient, row.sender, true);
        }
        change.referrals.push(new_referral(row));
    }
    store.commit(change).await?;
    let expected: Vec<u128> = (1..=25).rev().collect();
    for (party, person) in
        [(Some(agency("te")?), None), (Some(agency("te")?), Some(youth_id(1))), (None, Some(youth_id(1)))]
    {
        for limit in [1, 4, 25, 100] {
            let mut filter = ReferralFilter { party: party.clone(), youth: person, before: None, limit };
            let mut seen = Vec::new();
            loop {
                let page = store.referrals(&filter).await?;
                ensure!(page.len() <= usize::try_from(limit)?);
                let Some(last) = page.last() else { break };
                filter.before = Some((last.created, last.id));
                seen.extend(numbers(&page));
            }
            assert_eq!(seen, expected, "{party:?}, pages of {limit}");
        }
    }
    Ok(())
}

/// Referrals without an answer in time, and content whose time is over.
///
/// # Errors
/// What the store answers.
pub async fn overdue_and_erasable_referrals_are_found(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.referrals.push(new_referral(ReferralRow { respond_by: at(500), ..referral(2, 0)? }));
    let accepted =
        ReferralRow { state: ReferralState::Accepted, delivery_ended: Some(at(100)), ..referral(3, 0)? };
    change.referrals.push(new_referral(accepted.clone()));
    let earlier = ReferralRow { id: referral(4, 0)?.id, delivery_ended: Some(at(90)), ..accepted.clone() };
    change.referrals.push(new_referral(earlier));
    let erased = ReferralRow { id: referral(5, 0)?.id, holds_content: false, ..accepted };
    change.referrals.push(new_referral(erased));
    store.commit(change).await?;
    assert_eq!(numbers(&store.overdue_referrals(at(499), 10).await?), [0_u128; 0]);
    assert_eq!(numbers(&store.overdue_referrals(at(500), 10).await?), [2]);
    assert_eq!(numbers(&store.overdue_referrals(at(1000), 10).await?), [2, 1]);
    assert_eq!(numbers(&store.overdue_referrals(at(1000), 1).await?), [2]);
    assert_eq!(numbers(&store.erasable_referrals(at(90), 10).await?), [0_u128; 0]);
    assert_eq!(numbers(&store.erasable_referrals(at(100), 10).await?), [4]);
    assert_eq!(numbers(&store.erasable_referrals(at(101), 10).await?), [4, 3]);
    assert_eq!(numbers(&store.erasable_referrals(at(101), 1).await?), [4]);
    Ok(())
}

/// What is still to be delivered of a content keeps it, and nothing from going that comes behind it.
///
/// # Errors
/// What the store answers.
pub async fn contents_that_are_still_told_hold_no_other_up(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let accepted = |number| -> Result<ReferralRow> {
        let ended = Some(at(i64::try_from(number)?));
        Ok(ReferralRow { state: ReferralState::Accepted, delivery_ended: ended, ..referral(number, 0)? })
    };
    let about = |number, state, item| -> Result<DeliveryRow> {
        let about = About::Referral(referral(number, 0)?.id);
        Ok(DeliveryRow { about, state, item, ..delivery(number, 0)? })
    };
    let notice = DeliveryItem::DisclosureNotice { leaf: 3, index: 0 };
    let mut change = Change::announced_by(1);
    for (number, state, item) in [
        (2, DeliveryState::Queued, DeliveryItem::Information(0)),
        (3, DeliveryState::Sending, DeliveryItem::StateChange),
        (4, DeliveryState::Retrying, DeliveryItem::Handover),
        (5, DeliveryState::InDoubt, DeliveryItem::Information(0)),
        (6, DeliveryState::Delivered, DeliveryItem::Handover),
        (7, DeliveryState::Queued, DeliveryItem::ConsentWithdrawn),
        (8, DeliveryState::Retrying, notice),
    ] {
        change.referrals.push(new_referral(accepted(number)?));
        change.enqueue.push(about(number, state, item)?);
    }
    change.referrals.push(new_referral(accepted(9)?));
    store.commit(change).await?;
    assert_eq!(numbers(&store.erasable_referrals(at(100), 10).await?), [5, 6, 7, 8, 9]);
    assert_eq!(numbers(&store.erasable_referrals(at(100), 1).await?), [5]);
    Ok(())
}

/// Instruments of one person, oldest first; those in force of everybody, page by page.
///
/// # Errors
/// What the store answers.
pub async fn instruments_are_found_by_person_and_in_force(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.youth = Some(youth(2));
    let kind = InstrumentKind::Prohibition;
    for row in [
        instrument(30),
        InstrumentRow { in_force: false, ..instrument(10) },
        InstrumentRow { kind, ..instrument(20) },
        InstrumentRow { youth: youth_id(2), ..instrument(40) },
    ] {
        change.instruments.push(InstrumentWrite { row, parties: Vec::new(), expected: None });
    }
    store.commit(change).await?;
    let ids = |rows: &[InstrumentRow]| rows.iter().map(|row| row.id.as_u128()).collect::<Vec<u128>>();
    let of_one = store.instruments_of(youth_id(1)).await?;
    assert_eq!(ids(&of_one), [30, 10, 20]);
    assert_eq!(of_one.iter().filter(|row| row.kind == kind).count(), 1);
    for limit in [1, 2, 3, 10] {
        let mut rows = Vec::new();
        let mut after = Some(InForce::default());
        while let Some(place) = after {
            let page = store.instruments_in_force(place, limit).await?;
            ensure!(page.rows.len() <= usize::try_from(limit)?);
            rows.extend(page.rows);
            after = page.next;
        }
        rows.sort_by_key(|row| row.id);
        assert_eq!(ids(&rows), [20, 30, 40], "pages of {limit}");
        assert_eq!(rows.first(), Some(&InstrumentRow { kind, ..instrument(20) }));
    }
    assert_eq!(store.youths(Uuid::nil(), 10).await?, [youth(1), youth(2)]);
    assert_eq!(store.youths(Uuid::nil(), 1).await?, [youth(1)]);
    assert_eq!(store.youths(youth_id(1).uuid(), 1).await?, [youth(2)]);
    assert_eq!(store.youths(youth_id(2).uuid(), 1).await?, []);
    Ok(())
}

/// Events have positions without repetition; sender and named recipient are told, nobody else.
///
/// # Errors
/// What the store answers.
pub async fn events_are_told_to_their_parties(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.events = vec![event(1, None)?, event(1, Some(agency("kela")?))?];
    store.commit(change).await?;
    let mut lost = Change::announced_by(1);
    lost.events = vec![event(1, None)?];
    ensure!(matches!(store.commit(lost).await, Err(StoreError::Conflict)));
    let mut change = Change::announced_by(2);
    change.events = vec![event(1, None)?];
    store.commit(change).await?;
    let (te, kela, social) = (agency("te")?, agency("kela")?, agency("social")?);
    let told = store.events_after(0, &te, 10).await?;
    let positions: Vec<u64> = told.iter().map(|row| row.position).collect();
    ensure!(positions.is_sorted_by(|one, next| one < next) && positions.len() == 3, "{positions:?}");
    assert_eq!(told.first().map(|row| &row.event), Some(&event(1, None)?));
    assert_eq!(Some(&store.last_event().await?), positions.last());
    let second = positions.get(1).copied().context("three events")?;
    assert_eq!(store.events_after(0, &kela, 10).await?.first().map(|row| row.position), Some(second));
    assert_eq!(store.events_after(0, &kela, 10).await?.len(), 1);
    assert_eq!(store.events_after(second, &te, 10).await?.len(), 1);
    assert_eq!(store.events_after(0, &te, 2).await?.len(), 2);
    assert_eq!(store.events_after(0, &social, 10).await?, []);
    Ok(())
}

fn numbers(rows: &[ReferralRow]) -> Vec<u128> {
    rows.iter().map(|row| row.id.uuid().as_u128()).collect()
}

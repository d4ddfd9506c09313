//! Does a store keep its promises? Cases that every back end has to pass.
//!
//! Each case takes a store that is empty.

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use polku_gateway::seal::{IdentityIndex, WrappedKey};
use polku_gateway::store::{
    Change, DeliveryItem, DeliveryRow, DeliveryWrite, DetailRow, InstrumentKind, InstrumentRow, InstrumentWrite,
    LeaseRequest, NewEvent, ReferralFilter, ReferralRow, ReferralWrite, RequestKey, RequestRow, Store, StoreError,
    YouthRow,
};
use polku_proto::v1::{DeliveryState, ReferralState};
use polku_proto::{AgencyId, MessageId, ReferralId, YouthId};
use uuid::Uuid;

/// Runs every case of this module as a test of its own, with the store that the function `$open` opens. `$open` gives
/// something that holds the store, and whatever it lives in, as `.store`.
#[macro_export]
macro_rules! store_suite {
    ($open:path) => {
        $crate::store_suite!($open:
            a_change_is_there_with_everything_in_it,
            a_change_that_conflicts_leaves_nothing_behind,
            a_request_id_is_taken_once,
            an_identity_is_taken_once,
            a_leaf_is_committed_once,
            versions_guard_referrals_and_instruments,
            a_recipient_sees_what_has_reached_it,
            referrals_are_listed_page_by_page,
            overdue_and_erasable_referrals_are_found,
            instruments_are_found_by_person_and_in_force,
            events_are_told_to_their_parties,
            due_deliveries_are_leased_once,
            a_lease_that_has_run_out_is_taken_again,
            a_lease_can_be_given_back,
            an_older_fence_cannot_write,
            leases_leave_out_busy_agencies,
            open_deliveries_end,
            committed_leaves_are_marked,
            old_requests_are_forgotten,
            concurrent_changes_all_come_to_an_end,
        );
    };
    ($open:path: $($case:ident,)*) => {$(
        #[tokio::test]
        async fn $case() -> anyhow::Result<()> {
            let opened = $open()?;
            $crate::store_suite::$case(&opened.store).await
        }
    )*};
}

/// A person of the cases.
#[must_use]
pub fn youth(number: u128) -> YouthRow {
    let mut identity = [0; 32];
    identity[..16].copy_from_slice(&number.to_be_bytes());
    YouthRow {
        id: youth_id(number),
        identity: IdentityIndex::from_bytes(identity),
        key: WrappedKey::from_bytes([1; WrappedKey::BYTES]),
        sealed_identity: vec![1, 2, 3],
        created: at(0),
    }
}

/// A referral of person 1 from `te` to `kela`, sent so many seconds after the beginning.
///
/// # Errors
/// None.
pub fn referral(number: u128, second: i64) -> Result<ReferralRow> {
    Ok(ReferralRow {
        id: ReferralId::from_uuid(Uuid::from_u128(number)),
        youth: youth_id(1),
        sender: agency("te")?,
        recipient: agency("kela")?,
        state: ReferralState::Requested,
        version: 1,
        created: at(second),
        updated: at(second),
        respond_by: at(second + 1000),
        reached_recipient: false,
        delivery_ended: None,
        holds_content: true,
        sealed: vec![7; 900],
    })
}

/// A delivery about referral 1 of person 1 to `kela`, due so many seconds after the beginning.
///
/// # Errors
/// None.
pub fn delivery(number: u128, second: i64) -> Result<DeliveryRow> {
    Ok(DeliveryRow {
        message: MessageId::from_uuid(Uuid::from_u128(number)),
        item: DeliveryItem::Handover,
        referral: ReferralId::from_uuid(Uuid::from_u128(1)),
        youth: youth_id(1),
        agency: agency("kela")?,
        state: DeliveryState::Queued,
        attempts: 0,
        due: at(second),
        deadline: at(second + 10_000),
        fence: 1,
        leased_until: None,
        intent: None,
        reference: None,
    })
}

fn instrument(number: u128) -> InstrumentRow {
    InstrumentRow {
        id: Uuid::from_u128(number),
        youth: youth_id(1),
        kind: InstrumentKind::Consent,
        version: 1,
        in_force: true,
        revision: 5,
        terms: vec![1],
        sealed: vec![2],
    }
}

fn request(number: u128, second: i64) -> Result<RequestRow> {
    Ok(RequestRow {
        key: RequestKey { organisation: agency("te")?, request: Uuid::from_u128(number) },
        fingerprint: [8; 32],
        youth: youth_id(1),
        sealed_answer: vec![9, 9],
        time: at(second),
    })
}

fn event(referral: u128, recipient: Option<AgencyId>) -> Result<NewEvent> {
    Ok(NewEvent {
        kind: 1,
        referral: ReferralId::from_uuid(Uuid::from_u128(referral)),
        sender: agency("te")?,
        recipient,
        time: at(1),
    })
}

fn youth_id(number: u128) -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(number))
}

fn agency(id: &str) -> Result<AgencyId> {
    Ok(id.parse()?)
}

/// So many seconds after the beginning.
fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_772_438_400 + second)
}

fn new_referral(row: ReferralRow) -> ReferralWrite {
    ReferralWrite { row, expected: None }
}

/// Commits person 1 and referral 1 with the leaf 0.
///
/// # Errors
/// What the store answers.
pub async fn begin(store: &dyn Store) -> Result<()> {
    let mut change = Change::announced_by(0);
    change.youth = Some(youth(1));
    change.referrals.push(new_referral(referral(1, 0)?));
    Ok(store.commit(change).await?)
}

fn everything() -> Result<Change> {
    Ok(Change {
        leaf: 17,
        detail: Some(DetailRow { youth: youth_id(1), sealed: vec![4, 4] }),
        request: Some(request(1, 0)?),
        youth: Some(youth(1)),
        referrals: vec![new_referral(referral(1, 0)?)],
        instruments: vec![InstrumentWrite { row: instrument(3), expected: None }],
        events: vec![event(1, Some(agency("kela")?))?],
        enqueue: vec![delivery(4, 0)?],
        deliveries: Vec::new(),
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
    assert_eq!(store.deliveries_about(referral(1, 0)?.id).await?, [delivery(4, 0)?]);
    assert_eq!(store.audit_detail(17).await?, Some(DetailRow { youth: youth_id(1), sealed: vec![4, 4] }));
    assert_eq!(store.committed_leaves(0).await?, [17]);
    assert_eq!(store.last_event().await?, 1);

    let mut items = Change::announced_by(18);
    for (number, item) in [
        DeliveryItem::Handover,
        DeliveryItem::StateChange,
        DeliveryItem::Information(0),
        DeliveryItem::Information(7),
        DeliveryItem::ConsentWithdrawn,
    ]
    .into_iter()
    .enumerate()
    {
        let leased_until = Some(at(9));
        let row = delivery(100 + number as u128, 0)?;
        let reference = Some("saapunut 1".to_owned());
        items.enqueue.push(DeliveryRow { item, leased_until, intent: Some(17), reference, ..row });
    }
    let expected = items.enqueue.clone();
    store.commit(items).await?;
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
    assert_eq!(store.delivery(delivery(4, 0)?.message).await?, None);
    assert_eq!(store.committed_leaves(0).await?, [0_u64; 0]);
    assert_eq!(store.next_due().await?, None);
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
    let revoked = InstrumentRow { version: 2, in_force: false, revision: 9, terms: vec![3], sealed: vec![4], ..instrument(3) };
    let mut leaf = 20;
    for expected in [None, Some(0), Some(2)] {
        leaf += 1;
        let mut change = Change::announced_by(leaf);
        change.referrals.push(ReferralWrite { row: changed.clone(), expected });
        ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)), "{expected:?}");
        let mut change = Change::announced_by(leaf);
        change.instruments.push(InstrumentWrite { row: revoked.clone(), expected });
        ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)), "{expected:?}");
    }
    let mut change = Change::announced_by(30);
    change.referrals.push(ReferralWrite { row: changed.clone(), expected: Some(1) });
    change.instruments.push(InstrumentWrite { row: revoked.clone(), expected: Some(1) });
    store.commit(change).await?;
    assert_eq!(store.referral(changed.id).await?, Some(changed));
    assert_eq!(store.instrument(revoked.id).await?, Some(revoked));
    let mut missing = Change::announced_by(31);
    missing.referrals.push(ReferralWrite { row: referral(77, 0)?, expected: Some(1) });
    ensure!(matches!(store.commit(missing).await, Err(StoreError::Conflict)));
    Ok(())
}

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
    for (party, person) in [(Some(agency("te")?), None), (Some(agency("te")?), Some(youth_id(1))), (None, Some(youth_id(1)))] {
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
    let accepted = ReferralRow { state: ReferralState::Accepted, delivery_ended: Some(at(100)), ..referral(3, 0)? };
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
        change.instruments.push(InstrumentWrite { row, expected: None });
    }
    store.commit(change).await?;
    let ids = |rows: &[InstrumentRow]| rows.iter().map(|row| row.id.as_u128()).collect::<Vec<u128>>();
    let of_one = store.instruments_of(youth_id(1)).await?;
    assert_eq!(ids(&of_one), [30, 10, 20]);
    assert_eq!(of_one.iter().filter(|row| row.kind == kind).count(), 1);
    assert_eq!(ids(&store.instruments_in_force(Uuid::nil(), 10).await?), [20, 30, 40]);
    assert_eq!(ids(&store.instruments_in_force(Uuid::nil(), 2).await?), [20, 30]);
    assert_eq!(ids(&store.instruments_in_force(Uuid::from_u128(30), 2).await?), [40]);
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

fn lease(second: i64, limit: u32) -> LeaseRequest {
    LeaseRequest { now: at(second), until: at(second + 30), limit, not_to: Vec::new() }
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
    let retrying = DeliveryRow { state: DeliveryState::Retrying, agency: agency("social")?, ..delivery(3, 20)? };
    let done = DeliveryRow { state: DeliveryState::Delivered, ..delivery(4, 1)? };
    let doubtful = DeliveryRow { state: DeliveryState::InDoubt, ..delivery(5, 1)? };
    enqueued(store, vec![delivery(1, 30)?, delivery(2, 10)?, retrying.clone(), done, doubtful]).await?;
    assert_eq!(store.next_due().await?, Some(at(10)));
    assert_eq!(store.lease_due(&lease(9, 10)).await?, []);
    let taken = store.lease_due(&lease(25, 10)).await?;
    let expected = [
        DeliveryRow { fence: 2, leased_until: Some(at(55)), ..delivery(2, 10)? },
        DeliveryRow { fence: 2, leased_until: Some(at(55)), ..retrying },
    ];
    assert_eq!(taken, expected);
    assert_eq!(store.delivery(delivery(2, 10)?.message).await?.as_ref(), expected.first());
    assert_eq!(store.lease_due(&lease(25, 10)).await?, []);
    assert_eq!(store.next_due().await?, Some(at(30)));
    let taken = store.lease_due(&lease(31, 1)).await?;
    assert_eq!(taken.len(), 1);
    assert_eq!(store.next_due().await?, Some(at(55)));
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
    assert_eq!(taken, [again.clone()]);
    let sending = DeliveryRow { state: DeliveryState::Sending, attempts: 1, intent: Some(1), ..again };
    write(store, 2, &sending).await?;
    assert_eq!(store.lease_due(&lease(59, 10)).await?, []);
    let third = DeliveryRow { fence: 4, leased_until: Some(at(90)), ..sending };
    assert_eq!(store.lease_due(&lease(60, 10)).await?, [third.clone()]);
    // To be asked about later: in sending, without a holder.
    let asked = DeliveryRow { due: at(200), leased_until: None, ..third };
    write(store, 3, &asked).await?;
    assert_eq!(store.next_due().await?, Some(at(200)));
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
    assert_eq!(store.next_due().await?, Some(at(30)));
    store.release(message, 2, at(7)).await?;
    assert_eq!(store.delivery(message).await?, Some(DeliveryRow { fence: 2, ..delivery(1, 7)? }));
    assert_eq!(store.lease_due(&lease(6, 10)).await?, []);
    let again = DeliveryRow { fence: 3, leased_until: Some(at(37)), ..delivery(1, 7)? };
    assert_eq!(store.lease_due(&lease(7, 10)).await?, [again]);
    store.release(MessageId::from_uuid(Uuid::from_u128(9)), 1, at(1)).await?;
    Ok(())
}

async fn write(store: &dyn Store, leaf: u64, row: &DeliveryRow) -> Result<()> {
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
    assert_eq!(store.next_due().await?, None);
    assert_eq!(store.lease_due(&lease(90, 10)).await?, []);
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
    let taken = store.lease_due(&LeaseRequest { not_to: vec![agency("kela")?], ..lease(10, 10) }).await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [22, 21]);
    let taken = store.lease_due(&lease(10, 5)).await?;
    let messages: Vec<u128> = taken.iter().map(|row| row.message.uuid().as_u128()).collect();
    assert_eq!(messages, [1, 2, 3, 4, 5]);
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
    let expected: Vec<DeliveryState> = states.iter().filter(|(_, open)| *open).map(|(state, _)| *state).collect();
    assert_eq!(open, expected);
    assert_eq!(store.open_deliveries_of(youth_id(2)).await?, []);
    assert_eq!(store.deliveries_about(referral(1, 0)?.id).await?, deliveries);
    Ok(())
}

/// Every commit marks its leaf, with details or without; the mark of reconciliation stays where it is put.
///
/// # Errors
/// What the store answers.
pub async fn committed_leaves_are_marked(store: &dyn Store) -> Result<()> {
    assert_eq!(store.reconciled().await?, 0);
    begin(store).await?;
    for leaf in [9, 2, 5] {
        store.commit(Change::announced_by(leaf)).await?;
    }
    assert_eq!(store.committed_leaves(0).await?, [0, 2, 5, 9]);
    assert_eq!(store.committed_leaves(3).await?, [5, 9]);
    assert_eq!(store.audit_detail(5).await?, None);
    assert_eq!(store.audit_detail(6).await?, None);
    store.set_reconciled(7).await?;
    assert_eq!(store.reconciled().await?, 7);
    Ok(())
}

/// Request ids are forgotten when they are old, and can then be used again.
///
/// # Errors
/// What the store answers.
pub async fn old_requests_are_forgotten(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    for number in 1..=1201_u32 {
        let mut change = Change::announced_by(u64::from(number));
        change.request = Some(request(u128::from(number), i64::from(number))?);
        store.commit(change).await?;
    }
    assert_eq!(store.prune_requests(at(1)).await?, 0);
    assert_eq!(store.prune_requests(at(1201)).await?, 1200);
    assert_eq!(store.request(&request(1200, 0)?.key).await?, None);
    assert_eq!(store.request(&request(1201, 0)?.key).await?, Some(request(1201, 1201)?));
    let mut again = Change::announced_by(2000);
    again.request = Some(request(1, 2000)?);
    store.commit(again).await?;
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

fn numbers(rows: &[ReferralRow]) -> Vec<u128> {
    rows.iter().map(|row| row.id.uuid().as_u128()).collect()
}

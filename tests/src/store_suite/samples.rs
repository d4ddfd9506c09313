//! Which rows do the cases work with?

use anyhow::Result;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_gateway::seal::{IdentityIndex, WrappedKey};
use polku_gateway::store::{
    About, BatchItem, Change, DeliveryItem, DeliveryRow, EntryRow, FollowUp, FollowUpRow, InstrumentKind,
    InstrumentRow, NewEvent, NewNotice, NewPlanEvent, PlanRow, PlanWrite, Priority, ReferralRow,
    ReferralWrite, RequestKey, RequestRow, Store, TallyKind, TallyRow, TaskRow, TaskWrite, YouthRow,
};
use polku_proto::v1::{DeliveryState, ReferralState, task};
use polku_proto::{AgencyId, EntryId, MessageId, PlanId, ReferralId, TaskId, YouthId};
use uuid::Uuid;

/// A person of the cases.
pub(super) fn youth(number: u128) -> YouthRow {
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
pub(super) fn referral(number: u128, second: i64) -> Result<ReferralRow> {
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

/// An entry of person 1 by `te`, written down so many seconds after the beginning.
pub(super) fn entry(number: u128, second: i64) -> Result<EntryRow> {
    Ok(EntryRow {
        id: EntryId::from_uuid(Uuid::from_u128(number)),
        youth: youth_id(1),
        agency: agency("te")?,
        created: at(second),
        kind: 9,
        sealed: vec![3; 40],
    })
}

/// What an agency is to look after about person 1, from so many seconds after the beginning on.
pub(super) fn follow_up(matter: FollowUp, who: &str, second: i64) -> Result<FollowUpRow> {
    Ok(FollowUpRow { youth: youth_id(1), matter, agency: agency(who)?, due: at(second) })
}

/// Somebody who has come to `te` without a name.
pub(super) fn tally(number: u128, day: Date) -> Result<TallyRow> {
    let key = RequestKey { organisation: agency("te")?, request: Uuid::from_u128(number) };
    Ok(TallyRow { key, agency: agency("te")?, day, kind: TallyKind::WalkIn, content: vec![8, 1] })
}

/// A delivery about referral 1 of person 1 to `kela`, due so many seconds after the beginning.
pub(super) fn delivery(number: u128, second: i64) -> Result<DeliveryRow> {
    Ok(DeliveryRow {
        message: MessageId::from_uuid(Uuid::from_u128(number)),
        item: DeliveryItem::Handover,
        about: About::Referral(ReferralId::from_uuid(Uuid::from_u128(1))),
        youth: youth_id(1),
        agency: agency("kela")?,
        priority: Priority::Ordinary,
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

/// A delivery of a section of plan 6 of person 1 to `kela`, due from the beginning.
pub(super) fn part(number: u128, owner: &str) -> Result<DeliveryRow> {
    let about = About::Plan { plan: plan_id(6), owner: owner.to_owned() };
    Ok(DeliveryRow { item: DeliveryItem::PlanPart, about, ..delivery(number, 0)? })
}

/// A joint plan of person 1 that `te` coordinates and `kela` is a party to, begun so many seconds after the beginning.
pub(super) fn plan(number: u128, second: i64) -> Result<PlanRow> {
    Ok(PlanRow {
        id: plan_id(number),
        youth: youth_id(1),
        coordinator: agency("te")?,
        parties: vec![agency("te")?, agency("kela")?],
        revision: 1,
        created: at(second),
        updated: at(second),
        ended: false,
        look_at: None,
        sealed: vec![5; 700],
    })
}

/// A task of `te` about person 1 and plan 6, which came up so many seconds after the beginning.
pub(super) fn task(number: u128, second: i64) -> Result<TaskRow> {
    Ok(TaskRow {
        id: TaskId::from_uuid(Uuid::from_u128(number)),
        youth: youth_id(1),
        agency: agency("te")?,
        plan: Some(plan_id(6)),
        state: task::State::Open,
        version: 1,
        created: at(second),
        updated: at(second),
        sealed: vec![3; 300],
    })
}

pub(super) fn new_plan(row: PlanRow) -> PlanWrite {
    PlanWrite { row, expected: None }
}

pub(super) fn new_task(row: TaskRow) -> TaskWrite {
    TaskWrite { row, expected: None }
}

/// What an agency is told of a plan of person 1.
pub(super) fn plan_event(plan: u128, told: &str) -> Result<NewPlanEvent> {
    let (plan, youth, agency) = (plan_id(plan), youth_id(1), agency(told)?);
    Ok(NewPlanEvent { plan, youth, revision: 1, agency, time: at(1) })
}

pub(super) fn plan_id(number: u128) -> PlanId {
    PlanId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn instrument(number: u128) -> InstrumentRow {
    InstrumentRow {
        id: Uuid::from_u128(number),
        youth: youth_id(1),
        kind: InstrumentKind::Consent,
        version: 1,
        in_force: true,
        revision: 5,
        sealed: vec![2],
    }
}

pub(super) fn request(number: u128, second: i64) -> Result<RequestRow> {
    Ok(RequestRow {
        key: RequestKey { organisation: agency("te")?, request: Uuid::from_u128(number) },
        fingerprint: [8; 32],
        youth: youth_id(1),
        sealed_answer: vec![9, 9],
        time: at(second),
    })
}

pub(super) fn event(referral: u128, recipient: Option<AgencyId>) -> Result<NewEvent> {
    Ok(NewEvent {
        kind: 1,
        referral: ReferralId::from_uuid(Uuid::from_u128(referral)),
        sender: agency("te")?,
        recipient,
        time: at(1),
    })
}

/// A notice about person 1, for one of the agencies.
pub(super) fn notice(agency: u8, revision: u64) -> NewNotice {
    NewNotice { youth: youth_id(1), agency: [agency; 32], revision, time: at(1) }
}

/// An item of a batch about this person.
pub(super) fn item(person: u8) -> BatchItem {
    BatchItem { subject: [person; 32], bytes: vec![1, person] }
}

pub(super) fn youth_id(number: u128) -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn agency(id: &str) -> Result<AgencyId> {
    Ok(id.parse()?)
}

/// So many seconds after the beginning.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_772_438_400 + second)
}

pub(super) fn new_referral(row: ReferralRow) -> ReferralWrite {
    ReferralWrite { row, expected: None }
}

/// Commits person 1 and referral 1 with the leaf 0.
pub(super) async fn begin(store: &dyn Store) -> Result<()> {
    let mut change = Change::announced_by(0);
    change.youth = Some(youth(1));
    change.referrals.push(new_referral(referral(1, 0)?));
    Ok(store.commit(change).await?)
}

/// The same, and plan 6 with the leaf 1.
pub(super) async fn begin_with_plan(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.plans.push(new_plan(plan(6, 0)?));
    Ok(store.commit(change).await?)
}

//! Is on disk what the gateway has acknowledged, and does every disclosure have its end?

use std::collections::BTreeSet;

use polku_gateway::audit::{Event, Leaf};
use polku_gateway::store::{Store, StoreError};
use polku_proto::v1::ReferralState;
use polku_proto::{PlanId, ReferralId, YouthId};
use uuid::Uuid;

/// A call that was answered OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Which leaf the answer named.
    pub sequence: u64,
    /// Its hash, as the answer had it.
    pub leaf_hash: Vec<u8>,
    /// What came of the call.
    pub made: Made,
}

/// What a call has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A consent.
    Consent(Uuid),
    /// A referral, which is to be delivered.
    Referral(ReferralId),
    /// A consent was taken back.
    Withdrawn(Uuid),
    /// A referral was called off.
    CalledOff(ReferralId),
    /// A joint plan.
    Plan(PlanId),
}

/// In these states nobody has called a referral off.
const GOES_ON: [ReferralState; 5] = [
    ReferralState::Requested,
    ReferralState::InfoRequested,
    ReferralState::Accepted,
    ReferralState::InProgress,
    ReferralState::OnHold,
];

/// I1: the leaf is in the log, by the hashes of its leaves, and the rest is in the store, with what is to be delivered.
///
/// # Errors
/// What is not there.
pub async fn is_there(call: &Acknowledged, hashes: &[[u8; 32]], store: &dyn Store) -> Result<(), String> {
    let leaf = usize::try_from(call.sequence).ok().and_then(|at| hashes.get(at));
    if leaf.map(<[u8; 32]>::as_slice) != Some(call.leaf_hash.as_slice()) {
        return Err(format!("leaf {} was acknowledged and is not in the log", call.sequence));
    }
    // The details of a leaf come with all of the change that it announces.
    if store.audit_detail(call.sequence).await.map_err(|error| failed(&error))?.is_none() {
        return Err(format!("leaf {} was acknowledged and is not committed in the store", call.sequence));
    }
    let found = match &call.made {
        Made::Consent(id) => store.instrument(*id).await.map_err(|error| failed(&error))?.is_some(),
        Made::Referral(id) => {
            let referral = store.referral(*id).await.map_err(|error| failed(&error))?;
            referral.is_some()
                && !store.deliveries_about(*id).await.map_err(|error| failed(&error))?.is_empty()
        }
        Made::Withdrawn(id) => {
            let row = store.instrument(*id).await.map_err(|error| failed(&error))?;
            row.is_some_and(|row| !row.in_force)
        }
        Made::CalledOff(id) => {
            let referral = store.referral(*id).await.map_err(|error| failed(&error))?;
            referral.is_some_and(|row| !GOES_ON.contains(&row.state))
        }
        Made::Plan(id) => store.plan(*id).await.map_err(|error| failed(&error))?.is_some(),
    };
    if found { Ok(()) } else { Err(format!("{:?} was acknowledged and is not in the store", call.made)) }
}

/// The intents to which nothing has come: neither outcome, nor next attempt, nor a leaf that closes them.
#[must_use]
pub fn open_intents(leaves: &[Leaf]) -> Vec<u64> {
    let follows =
        |later: &&Leaf| matches!(later.event, Event::DeliveryOutcome | Event::Closed | Event::DeliveryIntent);
    let ended: BTreeSet<u64> = leaves.iter().filter(follows).filter_map(|leaf| leaf.refers_to).collect();
    let intents = leaves.iter().zip(0_u64..).filter(|(leaf, _)| leaf.event == Event::DeliveryIntent);
    intents.map(|(_, number)| number).filter(|number| !ended.contains(number)).collect()
}

/// I4: those of them that no delivery to these people is still about. Those that the last life of the gateway has left
/// open are for its next start to close: they are not among them.
///
/// # Errors
/// When the store cannot be read.
pub async fn endless_intents(
    leaves: &[Leaf],
    store: &dyn Store,
    everybody: &[YouthId],
) -> Result<Vec<u64>, String> {
    let mut under_way = BTreeSet::new();
    for youth in everybody {
        let open = store.open_deliveries_of(*youth).await.map_err(|error| failed(&error))?;
        under_way.extend(open.into_iter().filter_map(|row| row.intent));
    }
    let last_start = store.reconciled().await.map_err(|error| failed(&error))?.until;
    let committed = store.committed_leaves(last_start).await.map_err(|error| failed(&error))?;
    let is_cut_short = |number: &u64| *number >= last_start && !committed.contains(number);
    let open = open_intents(leaves).into_iter();
    Ok(open.filter(|number| !under_way.contains(number) && !is_cut_short(number)).collect())
}

fn failed(error: &StoreError) -> String {
    format!("the store cannot be read: {error}")
}

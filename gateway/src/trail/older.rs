//! Is the database older than the audit log, and what becomes of what it lacks?
//!
//! What a crash has left open was never acknowledged. A database that was brought back from a backup lacks more: what was
//! acknowledged since, and the log tells of it. Then nothing is served until an operator answers for it. From then on
//! what the log tells counts, as far as it tells anything: consents of whoever has said something since do not open
//! anything, and what waits for an agency that was sent something about the same person since may have arrived there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use polku_proto::YouthId;
use polku_proto::v1::DeliveryState;
use uuid::Uuid;

use super::{Settled, has_state};
use crate::audit::{AuditLog, Event, Hash, Leaf, Verdict};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::{Change, DeliveryRow, DeliveryWrite, Store};

/// How many people are looked at at once.
const PAGE: u32 = 4_000;

/// What a log tells of a database, from the mark on up to which they have been compared.
#[derive(Debug)]
pub(crate) struct Behind {
    /// Whether the database is older, and nobody has answered for it.
    pub(crate) is_older: bool,
    /// The last leaf that says that an operator has, if the database has not been brought up to it.
    accepted: Option<u64>,
    /// The changes that are not in the database, and were not closed.
    lost: Vec<(u64, Leaf)>,
    /// Of lost links, the other ids of that person.
    tied: Vec<Leaf>,
}

impl Behind {
    /// Looks; what was there once, as is kept beside the log, and is not now, proves that the database is older.
    pub(crate) async fn look(
        store: &dyn Store,
        audit: &AuditLog,
        settled: Option<Settled>,
    ) -> Result<Behind, Error> {
        let from = super::expect_log(store, audit).await?;
        let (mut open, mut outcomes, mut found, mut accepted) = (BTreeMap::new(), Vec::new(), None, None);
        let (mut tied, mut was_there) = (Vec::new(), 0);
        audit.read(from, |sequence, leaf| {
            if let Some(settled) = settled.filter(|settled| settled.ends_with(sequence, &leaf)) {
                was_there = settled.until;
            }
            match (leaf.event, leaf.refers_to) {
                (Event::IdentityTied, Some(link)) => tied.push((link, leaf)),
                (Event::Closed, Some(closed)) => {
                    open.remove(&closed);
                }
                (Event::OlderState, _) if leaf.verdict == Verdict::Permitted => accepted = Some(sequence),
                (Event::OlderState, _) => found = Some(sequence),
                (event, earlier) if has_state(event) => {
                    let intent = earlier.filter(|_| event.tells_outcome());
                    outcomes.extend(intent.filter(|intent| *intent >= from).map(|intent| (sequence, intent)));
                    open.insert(sequence, leaf);
                }
                _ => {}
            }
        })?;
        // Asked last: what other gateways have written down meanwhile is there by now.
        let committed = store.committed_leaves(from).await?;
        let is_committed = |leaf: &u64| committed.binary_search(leaf).is_ok();
        // What became of a delivery is only told of one that had begun, in the database too.
        let proofs = outcomes.into_iter().filter(|(_, intent)| !is_committed(intent));
        let proof = proofs.map(|(outcome, _)| outcome).chain(found).max();
        open.retain(|leaf, _| !is_committed(leaf));
        let missing = open.range(..was_there).next_back().map(|(leaf, _)| *leaf);
        let proof = proof.max(missing);
        tied.retain(|(link, _)| open.contains_key(link));
        Ok(Behind {
            is_older: proof > accepted,
            accepted: accepted.filter(|leaf| !is_committed(leaf)),
            lost: open.into_iter().collect(),
            tied: tied.into_iter().map(|(_, leaf)| leaf).collect(),
        })
    }

    /// How many changes of each kind are lost, by the agency that made them or was told something.
    pub(crate) fn told(&self) -> BTreeMap<(String, &'static str), u64> {
        let mut told = BTreeMap::new();
        for (_, leaf) in &self.lost {
            *told.entry((leaf.organisation.clone(), words(leaf.event))).or_default() += 1;
        }
        told
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.lost.is_empty()
    }
}

fn words(event: Event) -> &'static str {
    match event {
        Event::ConsentChange => "consents given, changed or taken back",
        Event::ProhibitionChange => "prohibitions made or lifted",
        Event::LegalStatusChange => "legal statuses recorded or ended",
        Event::DeliveryIntent => "attempts to send",
        Event::SendReferral => "referrals sent",
        Event::ReferralChange => "changes of referrals",
        Event::IdentifyYouth => "people identified",
        Event::IdentityLink => "ids linked, or links of ids ended",
        Event::PlanChange => "changes of joint plans",
        Event::JourneyEntry => "entries of journeys",
        Event::VerifyConsent
        | Event::Read
        | Event::Refusal
        | Event::DeliveryOutcome
        | Event::Closed
        | Event::Erasure
        | Event::Policy
        | Event::FactsQuery
        | Event::Tally
        | Event::PersonErasure
        | Event::MasterKey
        | Event::Loss
        | Event::Administration
        | Event::IdentityTied
        | Event::OlderState => "others",
    }
}

/// Who has said something since, and what was sent about whom to whom.
#[derive(Debug, Default)]
struct Since {
    /// The agencies whose words about a person on what is prohibited or stands by law, or on who that is, are lost; none,
    /// where only consents have changed. What was prohibited under the other id of somebody is not known of this one.
    said: HashMap<Hash, BTreeSet<String>>,
    sent: HashSet<(Hash, String)>,
}

impl Since {
    fn of(behind: Behind, until: u64) -> Since {
        let Behind { lost, tied, .. } = behind;
        let mut since = Since::default();
        let lost = lost.into_iter().filter(|(sequence, _)| *sequence < until).map(|(_, leaf)| leaf);
        let tied = tied.into_iter().filter(|leaf| leaf.refers_to.is_some_and(|link| link < until));
        for leaf in lost.chain(tied) {
            if leaf.event == Event::DeliveryIntent {
                since.sent.insert((leaf.subject, leaf.organisation));
            } else if leaf.event == Event::ConsentChange {
                since.said.entry(leaf.subject).or_default();
            } else if closes(leaf.event) {
                since.said.entry(leaf.subject).or_default().insert(leaf.organisation);
            }
        }
        since
    }
}

/// Whether everything is closed to everybody about whom such a change is lost.
fn closes(event: Event) -> bool {
    matches!(
        event,
        Event::ProhibitionChange | Event::LegalStatusChange | Event::IdentityLink | Event::IdentityTied
    )
}

/// Brings an older database, for which an operator has answered, up to what the log tells, before anything else is done.
/// What was cut short is done again.
pub(crate) async fn bring_up(gateway: &Arc<Gateway>) -> Result<(), Error> {
    let behind = Behind::look(gateway.store.as_ref(), &gateway.audit, None).await?;
    let Some(accepted) = behind.accepted else { return Ok(()) };
    gateway.rebuild_index().await?;
    let since = Since::of(behind, accepted);
    let (mut suspended, mut change) = (0_u64, Change::announced_by(accepted));
    let mut after = Uuid::nil();
    loop {
        let rows = gateway.store.youths(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.id.uuid();
        for youth in rows.into_iter().map(|row| row.id) {
            let subject = gateway.subject_pseudonym(youth);
            if let Some(agencies) = since.said.get(&subject) {
                gateway.suspend(youth, agencies, gateway.now()).await?;
                suspended += 1;
            }
            change.deliveries.extend(in_question(gateway, youth, &since.sent).await?);
        }
    }
    let deliveries = change.deliveries.len();
    gateway.commit(change).await?;
    tracing::warn!(suspended, deliveries, "the store was older than the log: what the log tells counts");
    Ok(())
}

/// What waits for an agency that was sent something about this person since.
async fn in_question(
    gateway: &Gateway,
    youth: YouthId,
    sent: &HashSet<(Hash, String)>,
) -> Result<Vec<DeliveryWrite>, Error> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let subject = gateway.subject_pseudonym(youth);
    let waits = |row: &DeliveryRow| {
        matches!(row.state, DeliveryState::Queued | DeliveryState::Retrying)
            && sent.contains(&(subject, row.agency.to_string()))
    };
    let rows = gateway.store.open_deliveries_of(youth).await?.into_iter().filter(waits);
    let asked = rows.map(|row| DeliveryWrite {
        expected_fence: row.fence,
        row: DeliveryRow { state: DeliveryState::Sending, due: gateway.timer(), leased_until: None, ..row },
    });
    Ok(asked.collect())
}

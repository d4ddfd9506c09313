//! Who was erased since a store was written, so that none of them comes back with a backup?
//!
//! The audit log names people by keyed hashes of their ids, and outlives every copy of the store. What of it a store has
//! not committed is applied to it before anything is read from it.

use std::collections::HashSet;

use uuid::Uuid;

use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::{Erased, PersonErasure};

/// How many people are looked at at once.
const PAGE: u32 = 4_000;

/// The erasures that the log tells of from this leaf on and the store has not committed.
pub(crate) async fn erasures_since(gateway: &Gateway, leaf: u64) -> Result<Vec<Erased>, Error> {
    let committed = gateway.store.committed_leaves(leaf).await?;
    let mut erased = Vec::new();
    gateway.audit.read(leaf, |sequence, leaf| {
        if let (Event::Closed, Some(closed)) = (leaf.event, leaf.refers_to) {
            erased.retain(|other: &Erased| other.leaf != closed);
        } else if leaf.event == Event::PersonErasure && committed.binary_search(&sequence).is_err() {
            erased.push(Erased { leaf: sequence, subject: leaf.subject });
        }
    })?;
    Ok(erased)
}

/// Erases from the store whoever the log says was erased from this leaf on.
pub(crate) async fn apply_since(gateway: &Gateway, leaf: u64) -> Result<(), Error> {
    apply(gateway, erasures_since(gateway, leaf).await?).await
}

/// Erases from the store whoever these leaves are about.
pub(crate) async fn apply(gateway: &Gateway, erased: Vec<Erased>) -> Result<(), Error> {
    if erased.is_empty() {
        return Ok(());
    }
    let subjects: HashSet<[u8; 32]> = erased.iter().map(|erased| erased.subject).collect();
    let (mut youths, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let rows = gateway.store.youths(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.id.uuid();
        let ids = rows.into_iter().map(|row| row.id);
        youths.extend(ids.filter(|id| subjects.contains(&gateway.subject_pseudonym(*id))));
    }
    tracing::warn!(
        erasures = erased.len(),
        found = youths.len(),
        "erasures made since are applied to the store"
    );
    Ok(gateway.store.erase_people(PersonErasure { leaves: erased, youths, fences: Vec::new() }).await?)
}

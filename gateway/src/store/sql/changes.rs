//! How is a change written down, and what makes it conflict?

use jiff::Timestamp;

use super::deliveries::{enqueue, stop, update_delivery};
use super::identities::{link, unlink};
use super::journeys::{add_entry, write_follow_up};
use super::plans::{add_mark_told, add_plan_event, look_at_plans_of, write_plan};
use super::read::request;
use super::rows::{blob, instant, kind_number, number};
use super::several::{known_anew, still_holds};
use super::tallies::add_tally;
use super::tasks::write_task;
use super::value::params;
use super::{Refusal, Session, Step};
use crate::store::{
    BatchItem, Change, DetailRow, Fence, InstrumentWrite, NewEvent, NewNotice, Reconciled, ReferralWrite,
    RequestRow, StoreError, YouthRow,
};

/// Makes a change.
pub(super) async fn apply<S: Session>(
    session: &S,
    change: &Change,
    fences: &[Fence],
) -> Result<(), StoreError> {
    if let Some(youth) = &change.youth {
        match (session.take(&[add_youth(youth)]).await, &change.request) {
            // Of a repeated call both are there already: what matters is that it is a repetition.
            (Err(StoreError::IdentityTaken), Some(row)) => {
                let is_repetition = session.first(request(&row.key)).await?.is_some();
                return Err(if is_repetition { StoreError::RequestTaken } else { StoreError::IdentityTaken });
            }
            (done, _) => done?,
        };
    }
    if let Some(made) = &change.link {
        link(session, made, change.leaf).await?;
    }
    if let Some(ended) = change.unlink {
        unlink(session, ended, change.leaf).await?;
    }
    session.take(&steps(change, fences)?).await.map(drop)
}

/// Everything but the person and their identity.
fn steps<'a>(change: &'a Change, fences: &[Fence]) -> Result<Vec<Step<'a>>, StoreError> {
    let mut steps: Vec<Step<'_>> = fences.iter().map(still_holds).collect();
    steps.extend(change.request.as_ref().map(add_request));
    steps.push(mark_committed(change.leaf, change.detail.as_ref())?);
    for referral in &change.referrals {
        steps.push(write_referral(referral)?);
    }
    for instrument in &change.instruments {
        steps.push(write_instrument(instrument)?);
    }
    for plan in &change.plans {
        steps.extend(write_plan(plan)?);
    }
    steps.extend(change.look_at_plans_of.iter().map(|(youth, when)| look_at_plans_of(*youth, *when)));
    for task in &change.tasks {
        steps.extend(write_task(task)?);
    }
    steps.extend(change.entries.iter().map(add_entry));
    steps.extend(change.told.iter().map(add_mark_told));
    steps.extend(change.follow_ups.iter().map(write_follow_up));
    steps.extend(change.tallies.iter().map(add_tally));
    steps.extend(change.events.iter().map(add_event));
    for event in &change.plan_events {
        steps.push(add_plan_event(event)?);
    }
    for notice in &change.notices {
        steps.push(add_notice(notice)?);
    }
    for (place, item) in (0_u32..).zip(&change.items) {
        steps.push(add_batch_item(change.leaf, place, item)?);
    }
    for delivery in &change.enqueue {
        steps.extend(enqueue(delivery)?);
    }
    for delivery in &change.deliveries {
        steps.push(update_delivery(delivery)?);
    }
    steps.extend(change.stops.iter().map(|message| stop(*message)));
    steps.extend(known_anew(change));
    Ok(steps)
}

/// Moves the mark of [`crate::store::Store::reconciled`].
pub(super) fn set_reconciled(mark: Reconciled) -> Result<Step<'static>, StoreError> {
    Ok(Step::one("UPDATE reconciled SET until = ?1, root = ?2", params![number(mark.until)?, mark.root]))
}

/// Writes the mark as it is.
pub(super) fn as_it_is() -> Step<'static> {
    Step::one("UPDATE reconciled SET until = until", params![])
}

/// Erases the answers of requests, at most `limit`. A sealed answer is never empty.
pub(super) fn erase_answers(before: Timestamp, limit: u32) -> Step<'static> {
    let sql = "UPDATE request SET sealed_answer = ?3 WHERE (organisation, request) IN
        (SELECT organisation, request FROM request WHERE time < ?1 AND length(sealed_answer) > 0
            ORDER BY time LIMIT ?2)";
    Step::any(sql, params![instant(before), limit, &b""[..]])
}

/// Nobody may have the identity, whether they were first known by it or linked to it.
fn add_youth(youth: &YouthRow) -> Step<'_> {
    let sql = "INSERT INTO youth (id, identity, wrapped_key, sealed_identity, created)
        SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM youth WHERE identity = ?2)
            AND NOT EXISTS (SELECT 1 FROM identity_alias WHERE identity = ?2)";
    let values = params![
        blob(youth.id.uuid()),
        *youth.identity.as_bytes(),
        &youth.key.as_bytes()[..],
        &youth.sealed_identity,
        instant(youth.created),
    ];
    Step { unless_one: Some(Refusal::IdentityTaken), ..Step::any(sql, values) }
}

fn add_request(request: &RequestRow) -> Step<'_> {
    let sql = "INSERT INTO request (organisation, request, fingerprint, youth, sealed_answer, time)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        request.key.organisation.as_str(),
        blob(request.key.request),
        request.fingerprint,
        blob(request.youth.uuid()),
        &request.sealed_answer,
        instant(request.time),
    ];
    Step { when_taken: Refusal::RequestTaken, ..Step::any(sql, values) }
}

/// Every committed leaf has a row, with details or without. One that was closed is never committed.
pub(super) fn mark_committed(leaf: u64, detail: Option<&DetailRow>) -> Result<Step<'_>, StoreError> {
    let sql = "INSERT INTO audit_detail (sequence, youth, sealed)
        SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM closed_leaf WHERE sequence = ?1)";
    let youth = detail.map(|detail| blob(detail.youth.uuid()));
    Ok(Step::one(sql, params![number(leaf)?, youth, detail.map(|detail| &detail.sealed)]))
}

fn write_referral(write: &ReferralWrite) -> Result<Step<'_>, StoreError> {
    let row = &write.row;
    let Some(expected) = write.expected else {
        let sql = "INSERT INTO referral (id, youth, sender, recipient, state, version, created, updated, respond_by,
                reached_recipient, delivery_ended, holds_content, sealed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            blob(row.id.uuid()),
            blob(row.youth.uuid()),
            row.sender.as_str(),
            row.recipient.as_str(),
            row.state as i32,
            number(row.version)?,
            instant(row.created),
            instant(row.updated),
            instant(row.respond_by),
            row.reached_recipient,
            row.delivery_ended.map(instant),
            row.holds_content,
            &row.sealed,
        ];
        return Ok(Step::any(sql, values));
    };
    // Whose a referral is, between whom and since when never changes.
    let sql =
        "UPDATE referral SET state = ?3, version = ?4, updated = ?5, respond_by = ?6, reached_recipient = ?7,
            delivery_ended = ?8, holds_content = ?9, sealed = ?10
        WHERE id = ?1 AND version = ?2";
    let values = params![
        blob(row.id.uuid()),
        number(expected)?,
        row.state as i32,
        number(row.version)?,
        instant(row.updated),
        instant(row.respond_by),
        row.reached_recipient,
        row.delivery_ended.map(instant),
        row.holds_content,
        &row.sealed,
    ];
    Ok(Step::one(sql, values))
}

fn write_instrument(write: &InstrumentWrite) -> Result<Step<'_>, StoreError> {
    let row = &write.row;
    let Some(expected) = write.expected else {
        let sql = "INSERT INTO instrument (id, youth, kind, version, in_force, revision, sealed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            blob(row.id),
            blob(row.youth.uuid()),
            kind_number(row.kind),
            number(row.version)?,
            row.in_force,
            number(row.revision)?,
            &row.sealed,
        ];
        return Ok(Step::any(sql, values));
    };
    // Whose an instrument is and of which kind never changes.
    let sql = "UPDATE instrument SET version = ?3, in_force = ?4, revision = ?5, sealed = ?6
        WHERE id = ?1 AND version = ?2";
    let values = params![
        blob(row.id),
        number(expected)?,
        number(row.version)?,
        row.in_force,
        number(row.revision)?,
        &row.sealed,
    ];
    Ok(Step::one(sql, values))
}

fn add_event(event: &NewEvent) -> Step<'_> {
    let sql = "INSERT INTO event (kind, referral, sender, recipient, time) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        event.kind,
        blob(event.referral.uuid()),
        event.sender.as_str(),
        event.recipient.as_ref().map(|recipient| recipient.as_str()),
        instant(event.time),
    ];
    Step::any(sql, values)
}

fn add_notice(notice: &NewNotice) -> Result<Step<'_>, StoreError> {
    let sql = "INSERT INTO consent_notice (youth, agency, revision, time) VALUES (?1, ?2, ?3, ?4)";
    let values =
        params![blob(notice.youth.uuid()), notice.agency, number(notice.revision)?, instant(notice.time),];
    Ok(Step::any(sql, values))
}

fn add_batch_item(leaf: u64, place: u32, item: &BatchItem) -> Result<Step<'_>, StoreError> {
    let sql = "INSERT INTO batch_item (leaf, item, subject, bytes) VALUES (?1, ?2, ?3, ?4)";
    Ok(Step::any(sql, params![number(leaf)?, place, item.subject, &item.bytes]))
}

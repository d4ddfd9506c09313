//! How are keys wrapped anew, and people and old contents erased, in a database?

use async_trait::async_trait;
use jiff::Timestamp;
use polku_proto::{AgencyId, EntryId, PlanId, ReferralId, TaskId, YouthId};
use uuid::Uuid;

use super::changes::mark_committed;
use super::journeys::{ENTRY, entry_row};
use super::plans::{PLAN, PRESENT, plan_row};
use super::read::select;
use super::rows::{self, Columns, INSTRUMENT, REFERRAL, YOUTH, blob, instant, number};
use super::several::{known_erased, still_holds};
use super::tasks::{TASK, task_row};
use super::value::{Row, Value, params};
use super::{Backend, Done, Query, Step, Work};
use crate::seal::{CheckValue, MasterKey};
use crate::store::{
    ContentErasure, EntryRow, InstrumentRow, PersonErasure, PlanRow, ReferralRow, Rewrapped, StoreError,
    TaskRow, Upkeep, YouthRow,
};

/// Everything about an id but its details of audit leaves: what refers to something goes before it. Links that have ended
/// can refer to somebody else: they go as well, for they name this id.
const ERASE: [&str; 21] = [
    "DELETE FROM told WHERE about IN (SELECT id FROM referral WHERE youth = ?1)",
    "DELETE FROM told WHERE about IN (SELECT id FROM plan WHERE youth = ?1)",
    "DELETE FROM told WHERE about IN (SELECT message FROM delivery WHERE youth = ?1)",
    "DELETE FROM event WHERE referral IN (SELECT id FROM referral WHERE youth = ?1)",
    "DELETE FROM delivery WHERE youth = ?1",
    "DELETE FROM referral WHERE youth = ?1",
    "DELETE FROM task_event WHERE task IN (SELECT id FROM task WHERE youth = ?1)",
    "DELETE FROM task WHERE youth = ?1",
    "DELETE FROM plan_event WHERE youth = ?1",
    "DELETE FROM plan_revision WHERE plan IN (SELECT id FROM plan WHERE youth = ?1)",
    "DELETE FROM plan WHERE youth = ?1",
    "DELETE FROM instrument WHERE youth = ?1",
    "DELETE FROM consent_notice WHERE youth = ?1",
    "DELETE FROM journey_entry WHERE youth = ?1",
    "DELETE FROM follow_up WHERE youth = ?1",
    "DELETE FROM request WHERE youth = ?1",
    "DELETE FROM linked_identity WHERE youth = ?1
        OR link IN (SELECT number FROM identity_link WHERE youth = ?1 OR holder = ?1)",
    "DELETE FROM identity_link_end
        WHERE link IN (SELECT number FROM identity_link WHERE youth = ?1 OR holder = ?1)",
    "DELETE FROM identity_link WHERE youth = ?1 OR holder = ?1",
    "DELETE FROM identity_alias WHERE youth = ?1",
    "DELETE FROM former_youth WHERE youth = ?1 OR former = ?1",
];

/// Everything about a referral, likewise.
const ERASE_REFERRAL: [&str; 5] = [
    "DELETE FROM told WHERE about IN (SELECT message FROM delivery WHERE referral = ?1)",
    "DELETE FROM told WHERE about = ?1",
    "DELETE FROM event WHERE referral = ?1",
    "DELETE FROM delivery WHERE referral = ?1",
    "DELETE FROM referral WHERE id = ?1",
];

/// Everything about a task, likewise.
const ERASE_TASK: [&str; 2] = ["DELETE FROM task_event WHERE task = ?1", "DELETE FROM task WHERE id = ?1"];

/// Everything about a plan, likewise.
const ERASE_PLAN: [&str; 8] = [
    "DELETE FROM told WHERE about IN (SELECT message FROM delivery WHERE plan = ?1)",
    "DELETE FROM told WHERE about = ?1",
    "DELETE FROM delivery WHERE plan = ?1",
    "DELETE FROM task_event WHERE task IN (SELECT id FROM task WHERE plan = ?1)",
    "DELETE FROM task WHERE plan = ?1",
    "DELETE FROM plan_event WHERE plan = ?1",
    "DELETE FROM plan_revision WHERE plan = ?1",
    "DELETE FROM plan WHERE id = ?1",
];

#[async_trait]
impl<B: Backend> Upkeep for B {
    async fn wrapped_versions(&self) -> Result<Vec<(u8, u64)>, StoreError> {
        self.read_many(wrapped_versions()).await
    }

    async fn wrapped_by(&self, version: u8, limit: u32) -> Result<Vec<YouthRow>, StoreError> {
        self.read(wrapped_by(version, limit)).await
    }

    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<(), StoreError> {
        self.write(Work::Rewrap(keys)).await.map(drop)
    }

    async fn master_keys(&self) -> Result<Vec<MasterKey>, StoreError> {
        self.read(master_keys()).await
    }

    async fn note_master_key(&self, key: MasterKey) -> Result<(), StoreError> {
        self.write(Work::NoteMasterKey(key)).await.map(drop)
    }

    async fn agencies_told(&self, youth: YouthId) -> Result<Vec<AgencyId>, StoreError> {
        self.read(agencies_told(youth)).await
    }

    async fn open_tasks_about(&self, youth: YouthId) -> Result<Vec<TaskRow>, StoreError> {
        self.read(open_tasks_about(youth)).await
    }

    async fn erase_people(&self, erasure: PersonErasure) -> Result<(), StoreError> {
        self.write(Work::ErasePeople(erasure)).await.map(drop)
    }

    async fn expired_referrals(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, ReferralId)>,
        limit: u32,
    ) -> Result<Vec<ReferralRow>, StoreError> {
        let after = after.map(|(changed, id)| (changed, id.uuid()));
        self.read_many(expired_referrals(before, after, limit)).await
    }

    async fn expired_tasks(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, TaskId)>,
        limit: u32,
    ) -> Result<Vec<TaskRow>, StoreError> {
        let after = after.map(|(changed, id)| (changed, id.uuid()));
        self.read_many(expired_tasks(before, after, limit)).await
    }

    async fn bare_youths(
        &self,
        before: Timestamp,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<YouthId>, StoreError> {
        self.read_many(bare_youths(before, after, limit)).await
    }

    async fn expired_plans(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, PlanId)>,
        limit: u32,
    ) -> Result<Vec<PlanRow>, StoreError> {
        let after = after.map(|(changed, id)| (changed, id.uuid()));
        self.read(expired_plans(before, after, limit)).await
    }

    async fn expired_entries(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, EntryId)>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let after = after.map(|(created, id)| (created, id.uuid()));
        self.read(expired_entries(before, after, limit)).await
    }

    async fn instruments_before(
        &self,
        leaf: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(InstrumentRow, u64)>, StoreError> {
        self.read_many(instruments_before(leaf, after, limit)?).await
    }

    async fn erase_details(&self, leaf: u64, limit: u32) -> Result<u64, StoreError> {
        match self.write(Work::EraseDetails { leaf, limit }).await? {
            Done::Changed(count) => Ok(count),
            Done::Leased(_) => Ok(0),
        }
    }

    async fn erase_contents(&self, erasure: ContentErasure) -> Result<(), StoreError> {
        self.write(Work::EraseContents(erasure)).await.map(drop)
    }

    async fn scrub_due(&self) -> Result<bool, StoreError> {
        Ok(self.read(scrub_due()).await?.into_iter().next().unwrap_or_default())
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        let passed = self.read(scrubs_wanted()).await?.into_iter().next().unwrap_or_default();
        self.rewrite().await?;
        self.write(Work::Scrubbed { wanted: passed }).await.map(drop)
    }
}

/// Puts keys in the place of keys.
pub(super) fn rewrap(keys: &[Rewrapped]) -> Vec<Step<'_>> {
    let sql = "UPDATE youth SET wrapped_key = ?3 WHERE id = ?1 AND wrapped_key = ?2";
    let put = keys.iter().map(|key| {
        let (from, to) = (&key.from.as_bytes()[..], &key.to.as_bytes()[..]);
        Step::any(sql, params![blob(key.youth.uuid()), from, to])
    });
    put.chain([want_scrub()]).collect()
}

/// Notes a master key.
pub(super) fn note_master_key(key: MasterKey) -> Step<'static> {
    let sql =
        "INSERT INTO master_key (version, check_value) VALUES (?1, ?2) ON CONFLICT (version) DO NOTHING";
    Step::any(sql, params![i32::from(key.version), key.check.as_bytes().to_vec()])
}

/// Erases people.
pub(super) fn erase_people(erasure: &PersonErasure) -> Result<Vec<Step<'_>>, StoreError> {
    let mut steps: Vec<Step<'_>> = erasure.fences.iter().map(still_holds).collect();
    steps.extend(erasure.leaves.iter().map(known_erased));
    for youth in &erasure.youths {
        let id = || params![blob(youth.uuid())];
        // The row stays: it says that the leaf is committed.
        let forget = "UPDATE audit_detail SET youth = NULL, sealed = NULL WHERE youth = ?1";
        steps.push(Step::any(forget, id()));
        steps.extend(ERASE.map(|sql| Step::any(sql, id())));
    }
    // Ids of one person refer to each other.
    for youth in &erasure.youths {
        steps.push(Step::any("DELETE FROM youth WHERE id = ?1", params![blob(youth.uuid())]));
    }
    for erased in &erasure.leaves {
        // Another gateway may have done it, because the log has said so.
        let mark = "INSERT INTO audit_detail (sequence) VALUES (?1) ON CONFLICT (sequence) DO NOTHING";
        steps.push(Step::any(mark, params![number(erased.leaf)?]));
    }
    steps.push(want_scrub());
    Ok(steps)
}

/// Erases contents of one person.
pub(super) fn erase_contents(erasure: &ContentErasure) -> Result<Vec<Step<'_>>, StoreError> {
    let mut steps: Vec<Step<'_>> = erasure.fences.iter().map(still_holds).collect();
    steps.push(mark_committed(erasure.leaf, erasure.detail.as_ref())?);
    for referral in &erasure.referrals {
        steps.extend(ERASE_REFERRAL.map(|sql| Step::any(sql, params![blob(referral.uuid())])));
    }
    for task in &erasure.tasks {
        steps.extend(ERASE_TASK.map(|sql| Step::any(sql, params![blob(task.uuid())])));
    }
    for plan in &erasure.plans {
        steps.extend(ERASE_PLAN.map(|sql| Step::any(sql, params![blob(plan.uuid())])));
    }
    for entry in &erasure.entries {
        steps.push(Step::any("DELETE FROM journey_entry WHERE id = ?1", params![blob(entry.uuid())]));
    }
    for instrument in &erasure.instruments {
        steps.push(Step::any("DELETE FROM instrument WHERE id = ?1", params![blob(*instrument)]));
    }
    Ok(steps)
}

/// Erases details of audit leaves.
pub(super) fn erase_details(leaf: u64, limit: u32) -> Result<Step<'static>, StoreError> {
    let sql = "UPDATE audit_detail SET youth = NULL, sealed = NULL WHERE sequence IN
        (SELECT sequence FROM audit_detail WHERE sequence < ?1 AND youth IS NOT NULL LIMIT ?2)";
    Ok(Step::any(sql, params![number(leaf)?, limit]))
}

/// That all that was wanted by then has been done.
pub(super) fn scrubbed(wanted: u64) -> Result<Step<'static>, StoreError> {
    Ok(Step::any("UPDATE scrub SET done = ?1 WHERE done < ?1", params![number(wanted)?]))
}

fn want_scrub() -> Step<'static> {
    Step::one("UPDATE scrub SET wanted = wanted + 1", params![])
}

fn scrubs_wanted() -> Query<u64> {
    Query { sql: select("wanted", "scrub"), values: params![], read: rows::only_number }
}

fn scrub_due() -> Query<bool> {
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "scrub");
        Ok(columns.number()? > columns.number()?)
    };
    Query { sql: select("wanted, done", "scrub"), values: params![], read }
}

fn wrapped_versions() -> Query<(u8, u64)> {
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "youth");
        let [version] = columns.bytes()?;
        Ok((version, columns.number()?))
    };
    let condition = "youth GROUP BY substr(wrapped_key, 1, 1) ORDER BY 1";
    Query { sql: select("substr(wrapped_key, 1, 1), count(*)", condition), values: params![], read }
}

fn wrapped_by(version: u8, limit: u32) -> Query<YouthRow> {
    let sql = select(YOUTH, "youth WHERE substr(wrapped_key, 1, 1) = ?1 LIMIT ?2");
    Query { sql, values: params![vec![version], limit], read: rows::youth }
}

fn master_keys() -> Query<MasterKey> {
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "master_key");
        let version = columns.converted(|version: u32| u8::try_from(version).ok())?;
        Ok(MasterKey { version, check: CheckValue::from_bytes(columns.bytes()?) })
    };
    Query { sql: select("version, check_value", "master_key ORDER BY version"), values: params![], read }
}

fn agencies_told(youth: YouthId) -> Query<AgencyId> {
    let sql = select("DISTINCT agency", "delivery WHERE youth = ?1 AND state IN (3, 5) ORDER BY agency");
    let read = |row: &dyn Row| Columns::new(row, "delivery").agency();
    Query { sql, values: params![blob(youth.uuid())], read }
}

fn open_tasks_about(youth: YouthId) -> Query<TaskRow> {
    let sql = select(TASK, "task WHERE youth = ?1 AND state = 1 ORDER BY created, id");
    Query { sql, values: params![blob(youth.uuid())], read: task_row }
}

/// Kind 1: a consent, which ends by its own terms.
fn instruments_before(leaf: u64, after: u64, limit: u32) -> Result<Query<(InstrumentRow, u64)>, StoreError> {
    let columns = format!("{INSTRUMENT}, number");
    let condition = "instrument WHERE revision < ?1 AND (in_force = 0 OR kind = 1) AND number > ?2
        ORDER BY number LIMIT ?3";
    let values = params![number(leaf)?, number(after)?, limit];
    Ok(Query { sql: select(&columns, condition), values, read: rows::instrument_and_number })
}

/// Before when, behind which place, and how many.
fn page_of_past(before: Timestamp, after: Option<(Timestamp, Uuid)>, limit: u32) -> Vec<Value<'static>> {
    let (time, id) = match after {
        Some((time, id)) => (instant(time), id),
        None => (i64::MIN, Uuid::nil()),
    };
    params![instant(before), time, blob(id), limit]
}

fn expired_referrals(before: Timestamp, after: Option<(Timestamp, Uuid)>, limit: u32) -> Query<ReferralRow> {
    let condition = "referral WHERE updated < ?1 AND (updated, id) > (?2, ?3)
        AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.referral = referral.id
            AND delivery.state IN (1, 2, 4, 5))
        ORDER BY updated, id LIMIT ?4";
    let values = page_of_past(before, after, limit);
    Query { sql: select(REFERRAL, condition), values, read: rows::referral }
}

fn expired_tasks(before: Timestamp, after: Option<(Timestamp, Uuid)>, limit: u32) -> Query<TaskRow> {
    let condition = "task WHERE plan IS NULL AND updated < ?1 AND (updated, id) > (?2, ?3)
        ORDER BY updated, id LIMIT ?4";
    Query { sql: select(TASK, condition), values: page_of_past(before, after, limit), read: task_row }
}

/// Calls that were answered say nothing of anybody, nor does what nobody has to look after any more.
fn bare_youths(before: Timestamp, after: Uuid, limit: u32) -> Query<YouthId> {
    let kept = ["referral", "plan", "instrument", "journey_entry", "task", "delivery"];
    let nothing =
        kept.map(|table| format!("NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.youth = youth.id)"));
    let condition =
        format!("youth WHERE created < ?1 AND id > ?2 AND {} ORDER BY id LIMIT ?3", nothing.join(" AND "));
    let read = |row: &dyn Row| Columns::new(row, "youth").id().map(YouthId::from_uuid);
    Query { sql: select("id", &condition), values: params![instant(before), blob(after), limit], read }
}

/// A plan of which something is still to be delivered is not over.
fn expired_plans(before: Timestamp, after: Option<(Timestamp, Uuid)>, limit: u32) -> Query<PlanRow> {
    let condition = format!(
        "{PRESENT} WHERE plan.ended = 1 AND plan.updated < ?1 AND (plan.updated, plan.id) > (?2, ?3)
        AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.youth = plan.youth AND delivery.plan = plan.id
            AND delivery.state IN (1, 2, 4, 5))
        ORDER BY plan.updated, plan.id LIMIT ?4"
    );
    Query { sql: select(PLAN, &condition), values: page_of_past(before, after, limit), read: plan_row }
}

fn expired_entries(before: Timestamp, after: Option<(Timestamp, Uuid)>, limit: u32) -> Query<EntryRow> {
    let oldest = "SELECT number FROM journey_entry WHERE created < ?1 AND (created, id) > (?2, ?3)
        ORDER BY created, id LIMIT ?4";
    let sql = select(ENTRY, &format!("journey_entry WHERE number IN ({oldest}) ORDER BY youth, number"));
    Query { sql, values: page_of_past(before, after, limit), read: entry_row }
}

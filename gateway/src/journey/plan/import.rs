//! A plan that an agency's own system keeps comes into the agency's section.
//!
//! What the system said last of the plan is the base: only what has changed there since is brought in, over what was
//! changed here. An agency can have several plans of one person, one after the other or beside each other: each has its
//! own base, and its items have ids of their own in the section (`crate::plan::take_in`).

use jiff::Timestamp;
use polku_adapters::{AdapterError, AdapterErrorKind, InboundOutcome, InboundPlanPart};
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{DataCategory, FactsQuery, ImportPlanRequest, MergePlanResponse, PlanPart, Purpose};
use polku_proto::{CategorySet, PlanName, Valid, YouthId};
use uuid::Uuid;

use super::begin::check_running;
use super::clash::Clashed;
use super::commit::Draft;
use super::content::check_content;
use super::merge::{Proof, Wanted, bring_in};
use super::record::{PlanRecord, empty_part};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::own_record;
use crate::journey::read::name;
use crate::once::Begun;
use crate::person::Person;
use crate::plan::{self, Edit, Editor, Origin, Word};

/// What is asked for of an agency's own plan.
const WHOLE: CategorySet = CategorySet::ALL
    .difference(CategorySet::ENVELOPE)
    .difference(CategorySet::of(&[DataCategory::ReferralStatus]));

const NO_SYSTEM: Error = Error::RecordState { expected: "a system of the caller's agency that can be asked" };

impl Gateway {
    /// Fetches the plans from the caller's own system and merges them, all or none.
    pub(crate) async fn import_plan(
        &self,
        caller: &Caller,
        request: Valid<ImportPlanRequest>,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional of the agency whose plan it is" });
        };
        let call = self.call(caller, "ImportPlan", &request.request_id, &request)?;
        self.check_own_word(caller, own_record(caller, plan.youth, Purpose::Unspecified, self.now()))?;
        // The agency is asked before the person is locked: its answer can take long.
        let person = self.person(plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, self.now())?;
        let known = self.is_known_request(caller, call.id()).await?;
        let fetched = if known { None } else { Some(self.own_plans(caller, &person, &record).await?) };

        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.merged_before(caller, &person, &record, earlier, now).await;
        }
        let parts = fetched.ok_or(Error::EtagMismatch)?;
        let merged = imported(caller, record, parts, now)?;
        let (committed, answer) =
            self.commit_merge(&call, &person, ("ImportPlan", Proof::OfChange), merged, now).await?;
        self.merged(caller, &committed.record, answer, self.now()).await
    }

    /// An agency's system tells of its plan. Without a joint plan that the agency is a party to nothing is kept of it.
    pub(crate) async fn take_plan(
        &self,
        caller: &Caller,
        message: Uuid,
        inbound: InboundPlanPart,
    ) -> Result<InboundOutcome, Error> {
        let InboundPlanPart { identity, part } = inbound;
        let Some(row) = self.store.youth_by_identity(&self.keys.identity_index(&identity)).await? else {
            return Ok(not_kept());
        };
        let call = self.call(caller, "inbound/plan", &message.to_string(), &part)?;
        let youth = self.plan_holder(caller, row.id, &part.plan).await?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return taken(&earlier);
        }
        let Some(record) = self.joint_plan(caller, &person, &part.plan).await? else {
            return Ok(not_kept());
        };
        let merged = imported(caller, record, vec![part], now)?;
        let (_, answer) =
            self.commit_merge(&call, &person, ("inbound/plan", Proof::OfCall), merged, now).await?;
        taken(&answer)
    }

    /// Under which id of the person their joint plan is kept: the present one, or one that they had before.
    async fn plan_holder(&self, caller: &Caller, present: YouthId, named: &str) -> Result<YouthId, Error> {
        for id in self.ids_of(present) {
            if self.joint_plan(caller, &self.person(id).await?, named).await?.is_some() {
                return Ok(id);
            }
        }
        Ok(present)
    }

    /// The person's joint plan that has not ended and that the agency is a party to; the named one, if it is named.
    async fn joint_plan(
        &self,
        caller: &Caller,
        person: &Person,
        named: &str,
    ) -> Result<Option<PlanRecord>, Error> {
        for row in self.store.plans_of(person.id).await? {
            if row.ended || !row.parties.contains(&caller.agency) {
                continue;
            }
            let record = PlanRecord::open(person, row)?;
            if named.is_empty() || record.name().to_string() == named {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The plans that the caller's own system keeps: those that have not ended, and those that have come in before, which
    /// may have ended since. What was changed last comes last.
    async fn own_plans(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
    ) -> Result<Vec<PlanPart>, Error> {
        let now = self.now();
        let adapter = self.adapter(&caller.agency).ok_or(NO_SYSTEM)?;
        let identity = person.identity_code()?.ok_or(Error::IdentityCodeMissing)?;
        let query = FactsQuery {
            query_id: self.new_id(now)?.to_string(),
            requester: caller.agency.to_string(),
            professional: caller.professional().to_owned(),
            purpose: record.plan()?.purpose,
            categories: WHOLE.to_wire(),
            identity_code: identity.expose().to_owned(),
        };
        let own = Channel { from: caller.party(), to: caller.party() };
        let question = Question::new(person.id, own, Viewer::Author, record.plan()?.purpose(), now);
        let question = Question { actor: caller.role(), ..question };
        let query = self
            .engine()
            .authorise(&self.index(), Valid::check(query)?, CategorySet::EMPTY, &question)
            .map_err(|denied| Error::NotPermitted(Box::new(denied.into_decision())))?;
        let facts = adapter.fetch(query, now).await.map_err(|error| {
            tracing::info!(agency = %caller.agency, kind = %error.kind, "own plan not fetched");
            unfetched(&error)
        })?;
        let came_in = |part: &PlanPart| {
            let mut imports = record.kept.imports.iter();
            imports.any(|base| base.owner == caller.agency.as_str() && base.reference == part.reference)
        };
        let mut parts = facts.plans;
        parts.retain(|part| !plan::is_over(part.state()) || came_in(part));
        let changed = |part: &PlanPart| part.update_time.map(|time| (time.seconds, time.nanos));
        parts.sort_by(|one, other| (changed(one), &one.reference).cmp(&(changed(other), &other.reference)));
        // Of one plan that is told twice the later word counts.
        let mut last: Vec<PlanPart> = Vec::with_capacity(parts.len());
        for part in parts {
            last.retain(|other| other.reference != part.reference);
            last.push(part);
        }
        if last.is_empty() {
            return Err(Error::RecordState {
                expected: "a plan in the caller's own system that has not ended",
            });
        }
        Ok(last)
    }
}

/// The draft with the system's words in it.
fn imported(
    caller: &Caller,
    record: PlanRecord,
    parts: Vec<PlanPart>,
    now: Timestamp,
) -> Result<(Draft, Vec<Clashed>), Error> {
    check_running(&record)?;
    let owner = caller.agency.as_str();
    let references: Vec<&str> = parts.iter().map(|part| part.reference.as_str()).collect();
    let reference = references.join(" ");
    let mut draft = Draft { source: Source::AgencySystem, reference, ..Draft::by_call(record) };
    let mut clashed = Vec::new();
    for part in parts {
        check_content(&part)?;
        take_word(&mut draft, owner, &part, &mut clashed, now)?;
    }
    Ok((draft, clashed))
}

/// Why nothing could be fetched. Only where the agency was silent, or wants to be asked later, can the same call bring
/// something else.
fn unfetched(error: &AdapterError) -> Error {
    match &error.kind {
        _ if error.has_unusable_answer() => Error::Unusable,
        AdapterErrorKind::Unavailable { .. }
        | AdapterErrorKind::Timeout
        | AdapterErrorKind::PermitMismatch
        | AdapterErrorKind::Unanswered => Error::Unreachable,
        AdapterErrorKind::Rejected { .. } => Error::Unusable,
        AdapterErrorKind::Unwritable { .. } => NO_SYSTEM,
    }
}

/// Brings the word of one plan of the owner's own system into the owner's section.
fn take_word(
    draft: &mut Draft,
    owner: &str,
    part: &PlanPart,
    clashed: &mut Vec<Clashed>,
    now: Timestamp,
) -> Result<(), Error> {
    let name = draft.after.name().to_string();
    let prefix = plan::source_prefix(draft.after.section(owner), &part.reference);
    let part = plan::tagged(part, &prefix);
    let imports = &draft.after.kept.imports;
    let is_own = |base: &&PlanPart| base.owner == owner;
    let base = imports.iter().filter(is_own).find(|base| base.reference == part.reference).cloned();
    if base.is_none() && imports.iter().filter(is_own).count() >= plan::MOST_SOURCES {
        return Err(Error::RecordState { expected: "at most 20 plans of one agency's own system in a plan" });
    }
    let base = base.unwrap_or_else(|| empty_part(&name, owner));
    let (revision, updated) = (part.revision, part.update_time);
    let instant = |time: prost_types::Timestamp| (time.seconds, time.nanos);
    let is_older = updated.zip(base.update_time).is_some_and(|(time, last)| instant(time) < instant(last));
    // A message that was overtaken would take back what a later one has said. Who does not count says 0.
    if revision < base.revision && revision != 0 || revision == 0 && is_older {
        return Err(Error::RecordState {
            expected: "a plan that is no older than the one that came in last",
        });
    }
    let ours = PlanPart {
        plan: name,
        owner: owner.to_owned(),
        revision: base.revision,
        update_time: base.update_time,
        redacted: base.redacted,
        consent_withdrawn: base.consent_withdrawn,
        ..part
    };
    // A system knows all that its agency has written.
    let (told, fellows_told) = (CategorySet::ALL, CategorySet::ALL);
    let (editor, origin) = (Editor::Owner, Origin::Import);
    plan::check(&Edit { editor, origin, told, fellows_told, base: &base, ours: &ours, now })?;
    let said = imports.clone();
    let said = |reference: &str| said.iter().filter(is_own).find(|base| base.reference == reference);
    let told = PlanPart { revision, update_time: updated, ..ours.clone() };
    let word = plan::take_in(draft.after.section_mut(owner)?, prefix, (&base, &told), said);
    // In its place: the first one is the first one for good.
    let imports = &mut draft.after.kept.imports;
    match imports.iter_mut().find(|base| base.owner == owner && base.reference == told.reference) {
        Some(base) => *base = told,
        None => imports.push(told),
    }
    let Word { base, ours } = word;
    bring_in(draft, &Wanted { base, ours, told: CategorySet::ALL }, clashed, now)
}

fn taken(answer: &MergePlanResponse) -> Result<InboundOutcome, Error> {
    let receipt =
        answer.receipt.as_ref().ok_or(Error::Inconsistent("a plan that was taken without a leaf"))?;
    Ok(InboundOutcome::PlanTaken { sequence: receipt.sequence })
}

/// Nothing of a plan is written down, neither that it came.
fn not_kept() -> InboundOutcome {
    let hint = "the person has no joint plan here that your agency is a party to: go on as before".to_owned();
    InboundOutcome::Refused { reason: "PLAN_NOT_KEPT", hint, retry: polku_adapters::Retry::Never }
}

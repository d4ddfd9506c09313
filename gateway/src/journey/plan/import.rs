//! A plan that an agency's own system keeps comes into the agency's section.
//!
//! What the system said last is the base: only what has changed there since is brought in, over what was changed here.

use jiff::Timestamp;
use polku_adapters::{InboundOutcome, InboundPlanPart};
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{DataCategory, FactsQuery, ImportPlanRequest, MergePlanResponse, PlanPart, Purpose};
use polku_proto::{CategorySet, PlanName, Valid, YouthId};
use uuid::Uuid;

use super::begin::check_running;
use super::commit::Draft;
use super::content::check_content;
use super::merge::{Clashed, Wanted, bring_in};
use super::record::{PlanRecord, empty_part};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::own_record;
use crate::journey::read::name;
use crate::once::Begun;
use crate::person::Person;
use crate::plan::{self, Edit, Editor, Origin};

/// What is asked for of an agency's own plan.
const WHOLE: CategorySet = CategorySet::ALL
    .difference(CategorySet::ENVELOPE)
    .difference(CategorySet::of(&[DataCategory::ReferralStatus]));

/// How many plans of one owner's own system are remembered, as they last came in.
const MOST_IMPORTS: usize = 10;

impl Gateway {
    /// Fetches the plan from the caller's own system and merges it.
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
        self.eyes(caller, &record)?;
        let known = self.is_known_request(caller, call.id()).await?;
        let fetched = if known { None } else { Some(self.own_plan(caller, &person, &record).await?) };

        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.eyes(caller, &record)?;
        if let Some(earlier) = earlier {
            return self.merged_before(caller, &person, &record, earlier, now).await;
        }
        let part = fetched.ok_or(Error::EtagMismatch)?;
        let merged = self.imported(caller, &person, record, part, now)?;
        let (committed, answer) = self.commit_merge(&call, &person, "ImportPlan", merged, now).await?;
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
        let merged = self.imported(caller, &person, record, part, now)?;
        let (_, answer) = self.commit_merge(&call, &person, "inbound/plan", merged, now).await?;
        taken(&answer)
    }

    /// Under which id of the person their joint plan is kept: the present one, or one that they had before.
    async fn plan_holder(&self, caller: &Caller, present: YouthId, named: &str) -> Result<YouthId, Error> {
        let mut ids = vec![present];
        ids.extend(self.store.former_youths(present).await?);
        for id in ids {
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

    /// The draft with the system's word in it.
    fn imported(
        &self,
        caller: &Caller,
        person: &Person,
        record: PlanRecord,
        part: PlanPart,
        now: Timestamp,
    ) -> Result<(Draft, Vec<Clashed>), Error> {
        check_running(&record)?;
        check_content(&part)?;
        let owner = caller.agency.as_str();
        let reference = part.reference.clone();
        let mut draft =
            Draft { source: Source::AgencySystem, reference: reference.clone(), ..Draft::by_call(record) };
        let name = draft.after.name().to_string();
        let imports = &mut draft.after.kept.imports;
        let base = imports.iter().find(|base| base.owner == owner && base.reference == reference).cloned();
        let base = base.unwrap_or_else(|| empty_part(&name, owner));
        let (revision, updated) = (part.revision, part.update_time);
        let instant = |time: prost_types::Timestamp| (time.seconds, time.nanos);
        let is_older =
            updated.zip(base.update_time).is_some_and(|(time, last)| instant(time) < instant(last));
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
        let edit = Edit { editor: Editor::Owner, origin: Origin::Import, base: &base, ours: &ours, now };
        plan::check(&edit)?;
        imports.retain(|base| base.owner != owner || base.reference != reference);
        imports.push(PlanPart { revision, update_time: updated, ..ours.clone() });
        let own = imports.iter().filter(|base| base.owner == owner).count();
        if own > MOST_IMPORTS {
            // The oldest one: it would come in as a plan that was never heard of.
            let oldest = imports.iter().position(|base| base.owner == owner);
            oldest.map(|place| imports.remove(place));
        }
        let mut clashed = Vec::new();
        bring_in(&mut draft, &Wanted { base, ours, told: CategorySet::ALL }, &mut clashed, now)?;
        self.offer_duplicates(person, &mut draft, owner, now)?;
        Ok((draft, clashed))
    }

    /// The plan that the caller's own system keeps; of several, the one that was changed last and has not ended.
    async fn own_plan(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
    ) -> Result<PlanPart, Error> {
        const NO_SYSTEM: Error =
            Error::RecordState { expected: "a system of the caller's agency that can be asked" };
        const SILENT: Error = Error::Unreachable;
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
            SILENT
        })?;
        let running = |part: &&PlanPart| !plan::is_over(part.state());
        let time = |part: &&PlanPart| part.update_time.map(|time| (time.seconds, time.nanos));
        let part = facts.plans.iter().filter(running).max_by_key(time);
        part.cloned()
            .ok_or(Error::RecordState { expected: "a plan in the caller's own system that has not ended" })
    }
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

//! What does one reader see of a plan, now?
//!
//! Of every section what its owner may tell this reader; of the young person's own section what the coordinator may. A
//! reader is a party, or the young person's side. To everybody else there is no such plan.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, Channel, Question, Reader, Viewer};
use polku_proto::v1::{DataCategory, Plan, PlanSection};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, PlanName, Valid};
use prost::Message;

use super::record::PlanRecord;
use crate::audit::{Hash, sha256};
use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided, check_refused};
use crate::gateway::Gateway;
use crate::hex::hex;
use crate::journey::refer::mismatch;
use crate::journey::view::read_by;
use crate::outbox::{Lock, Mark, Reading, Shown};
use crate::plan::{self, owner_of};
use crate::store::About;

/// What can be told of a plan. What became of a referral is told by referrals.
pub(super) const TELLABLE: CategorySet =
    CategorySet::ALL.difference(CategorySet::of(&[DataCategory::ReferralStatus]));

/// Who looks at a plan.
#[derive(Debug, Clone)]
pub(crate) struct Eyes {
    /// As which party; none: as the young person's side.
    party: Option<Party>,
    actor: ActorRole,
}

impl Eyes {
    /// An agency's own system.
    pub(crate) fn of_system(party: Party) -> Self {
        Self { party: Some(party), actor: ActorRole::System }
    }

    /// The young person, or who represents them.
    pub(crate) fn of_own_side(actor: ActorRole) -> Self {
        Self { party: None, actor }
    }
}

/// What a reader may see at one instant. To all of whom it is the same the plan looks the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Which agency; none: the young person's side.
    pub(super) reader: Option<AgencyId>,
    /// Of the section of each owner.
    pub(super) told: BTreeMap<String, CategorySet>,
}

impl Sight {
    /// What of the section of this owner.
    pub(super) fn told_of(&self, owner: &str) -> CategorySet {
        self.told.get(owner).copied().unwrap_or(CategorySet::EMPTY)
    }

    /// How a plan looks with it.
    pub(super) fn of(&self, record: &PlanRecord) -> Result<Plan, Error> {
        let told = |owner: &str| self.told_of(owner);
        let reader = match &self.reader {
            None => plan::Reader::YoungPerson,
            Some(agency) => plan::Reader::Agency(agency.as_str()),
        };
        let mut view = plan::view(record.plan()?, told, reader);
        record.kept.agreement.mark(&mut view, told);
        // Whom the coordinator works with is not for a role that sees nothing of what they do.
        if told(plan::YOUTH).is_subset(CategorySet::ENVELOPE) {
            view.parties.clear();
        }
        plan::mark_missing(&mut view, &record.kept.seated, reader);
        Ok(view)
    }
}

/// What a reading shows, before it is permitted to anybody.
pub(crate) struct Seen {
    /// Everything but the sections and the etag.
    plan: Plan,
    /// Each with what it holds.
    sections: Vec<(Valid<PlanSection>, CategorySet)>,
    digest: Hash,
}

impl Seen {
    /// In bytes, as it is told.
    pub(super) fn size(&self) -> usize {
        let sections = self.sections.iter().map(|(section, _)| section.get().encoded_len());
        self.plan.encoded_len() + sections.sum::<usize>()
    }
}

/// A plan as it is shown to somebody.
pub(crate) struct ShownPlan {
    pub(crate) plan: Authorised<Plan>,
    /// What of it whoever's data it is has to hear of.
    pub(crate) told: Vec<Shown>,
}

/// A part of a plan as it is shown to somebody, and what whoever's data it is has to hear of that.
pub(crate) type ShownPiece<X> = (Authorised<X>, Option<Shown>);

impl Gateway {
    /// As whom the caller looks at the plan.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody who is no party, and for a professional in a role without access.
    pub(crate) fn eyes(&self, caller: &Caller, record: &PlanRecord) -> Result<Eyes, Error> {
        self.check_reader(caller, record.row.youth)?;
        let party = match caller.actor {
            Actor::Professional { .. } => Some(record.party(&caller.agency).ok_or(Error::NotFound)?),
            Actor::Subject(_) | Actor::Representative { .. } => None,
        };
        Ok(Eyes { party, actor: caller.role() })
    }

    /// As whom the caller changes the plan: whoever sees nothing of what the own agency has written changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody who is no party, and for a professional in a role without access or of another
    /// unit than the party has in this plan: to them there is no plan to be changed, and a refusal tells nothing of it.
    pub(crate) fn hands(&self, caller: &Caller, record: &PlanRecord, now: Timestamp) -> Result<Eyes, Error> {
        let eyes = self.eyes(caller, record)?;
        let own = caller.agency.as_str();
        if eyes.party.is_some() && self.permitted(record, own, &eyes, now)?.is_subset(CategorySet::ENVELOPE) {
            return Err(Error::NotFound);
        }
        Ok(eyes)
    }

    /// May these eyes see what this owner has written?
    pub(crate) fn plan_question(
        &self,
        record: &PlanRecord,
        owner: &str,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<Question, Error> {
        let controller = record.controller(owner)?;
        let from = record.party(&controller).unwrap_or_else(|| Party::whole(controller.clone()));
        let (channel, viewer) = match &eyes.party {
            None => (Channel { from: from.clone(), to: from }, Viewer::Subject),
            Some(party) if party.agency == controller => {
                (Channel { from: party.clone(), to: party.clone() }, Viewer::Author)
            }
            Some(party) => (Channel { from, to: party.clone() }, Viewer::Addressee),
        };
        let purpose = record.plan()?.purpose();
        let question = Question::new(record.row.youth, channel, viewer, purpose, now);
        Ok(Question { actor: eyes.actor.clone(), ..question })
    }

    /// What of this owner's section these eyes may see.
    pub(crate) fn permitted(
        &self,
        record: &PlanRecord,
        owner: &str,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<CategorySet, Error> {
        Ok(self.permitted_until(record, owner, eyes, now)?.0)
    }

    /// The same, and when time alone may change it.
    fn permitted_until(
        &self,
        record: &PlanRecord,
        owner: &str,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<(CategorySet, Option<Timestamp>), Error> {
        let question = self.plan_question(record, owner, eyes, now)?;
        let decision = self.engine().decide(&self.index(), TELLABLE, &question);
        check_decided(&decision)?;
        Ok((decision.permitted(), decision.valid_until()))
    }

    /// What of each section these eyes may see now.
    pub(crate) fn sight(&self, record: &PlanRecord, eyes: &Eyes, now: Timestamp) -> Result<Sight, Error> {
        Ok(self.sight_until(record, eyes, now)?.0)
    }

    /// The same, and when time alone may change it.
    pub(super) fn sight_until(
        &self,
        record: &PlanRecord,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<(Sight, Option<Timestamp>), Error> {
        let (mut told, mut next): (BTreeMap<_, _>, Option<Timestamp>) = Default::default();
        let owners = record.plan()?.sections.iter().map(owner_of);
        for owner in owners.filter(|owner| *owner != plan::YOUTH).chain([plan::YOUTH]) {
            let (permitted, until) = self.permitted_until(record, owner, eyes, now)?;
            told.insert(owner.to_owned(), permitted);
            next = next.into_iter().chain(until).min();
        }
        Ok((Sight { reader: eyes.party.as_ref().map(|party| party.agency.clone()), told }, next))
    }

    /// The most that these eyes see, whatever is permitted to the agency: what its own unit and role let a professional
    /// see of the agency's own data.
    pub(super) fn sees_at_most(
        &self,
        record: &PlanRecord,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<CategorySet, Error> {
        let Some(party) = &eyes.party else { return Ok(CategorySet::ALL) };
        let channel = Channel { from: party.clone(), to: party.clone() };
        let purpose = record.plan()?.purpose();
        let question = Question::new(record.row.youth, channel, Viewer::Author, purpose, now);
        let question = Question { actor: eyes.actor.clone(), ..question };
        let decision = self.engine().decide(&self.index(), TELLABLE, &question);
        check_decided(&decision)?;
        Ok(decision.permitted())
    }

    /// The plan as these eyes see it, without what is made anew for each reading. For comparing, and for merging: what
    /// leaves the gateway is [`Gateway::plan_view`].
    pub(crate) fn seen(&self, record: &PlanRecord, eyes: &Eyes, now: Timestamp) -> Result<Plan, Error> {
        self.sight(record, eyes, now)?.of(record)
    }

    /// The plan as the caller may see it now.
    pub(crate) fn plan_view(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        now: Timestamp,
    ) -> Result<ShownPlan, Error> {
        let eyes = self.eyes(caller, record)?;
        let seen = self.look(record, &eyes, &self.sight(record, &eyes, now)?, now)?;
        self.shown_plan(caller, record, &eyes, &seen, now)
    }

    /// What a reading shows to whoever may see this.
    pub(crate) fn look(
        &self,
        record: &PlanRecord,
        eyes: &Eyes,
        sight: &Sight,
        now: Timestamp,
    ) -> Result<Seen, Error> {
        let mut plan = sight.of(record)?;
        let digest = digest(&plan);
        let mut sections = Vec::with_capacity(plan.sections.len());
        for mut section in std::mem::take(&mut plan.sections) {
            let question = self.plan_question(record, owner_of(&section), eyes, now)?;
            section.etag = self.section_etag(&section, &question);
            let holds = section.categories();
            sections.push((Valid::check(section)?, holds));
        }
        Ok(Seen { plan, sections, digest })
    }

    /// What was seen, as an answer to this caller: decided on anew, section by section.
    pub(crate) fn shown_plan(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        eyes: &Eyes,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<ShownPlan, Error> {
        let etag = self.reading(record, caller, &seen.digest)?;
        let question = read_by(caller, self.plan_question(record, plan::YOUTH, eyes, now)?);
        let mut view = self.authorise_or_envelope(Plan { etag, ..seen.plan.clone() }, &question)?;
        let about = |owner: &str| About::Plan { plan: record.row.id, owner: owner.to_owned() };
        let mut told = Vec::new();
        let whole =
            self.owed_notice(about(plan::YOUTH), seen.plan.categories(), &question, view.decision(), now)?;
        told.extend(whole.map(|shown| shown.marked(self.frame_mark(&seen.plan, &caller.agency))));
        for (section, holds) in &seen.sections {
            let owner = owner_of(section.get());
            let question = read_by(caller, self.plan_question(record, owner, eyes, now)?);
            let authorised =
                self.engine().authorise(&self.index(), section.clone(), CategorySet::EMPTY, &question);
            let authorised = match authorised {
                Ok(authorised) => authorised,
                Err(denied) => {
                    // Refused only when a permission has ended since the look before.
                    check_refused(&denied)?;
                    continue;
                }
            };
            let decision = authorised.decision();
            let shown = self.owed_notice(about(owner), *holds, &question, decision, now)?;
            told.extend(shown.map(|shown| shown.marked(self.section_mark(section.get(), &caller.agency))));
            view = view.gather(authorised).map_err(mismatch)?;
        }
        Ok(ShownPlan { plan: view, told })
    }

    /// Writes down that a plan was read, with what that has told.
    pub(crate) async fn note_plan(
        &self,
        caller: &Caller,
        name: PlanName,
        shown: ShownPlan,
        lock: Lock,
    ) -> Result<Authorised<Plan>, Error> {
        let ShownPlan { plan, told } = shown;
        let reading = Reading { caller, youth: name.youth, name: &name.to_string(), lock };
        self.note_telling(&reading, &plan, told).await?;
        Ok(plan)
    }

    /// What an agency is told of a section, in short. A part that its system is sent and a section that shows no more
    /// than that are the same: not counted is how and when it was read, how it compares with what was accepted, and that
    /// an action which is shown has not been acknowledged yet.
    pub(crate) fn section_mark(&self, section: &PlanSection, reader: &AgencyId) -> Mark {
        let mut told = section.clone();
        told.etag.clear();
        told.changed_since_acceptance = false;
        told.commitments.retain(|commitment| commitment.acknowledge_time.is_some());
        told.stars.iter_mut().flat_map(|star| &mut star.scores).for_each(|score| score.change = None);
        if let Some(part) = &mut told.part {
            (part.revision, part.update_time) = (0, None);
        }
        self.told_mark(&told.encode_to_vec(), reader)
    }

    /// The same of what is beside the sections, as a system is told it with the young person's.
    pub(super) fn frame_mark(&self, plan: &Plan, reader: &AgencyId) -> Mark {
        self.told_mark(&frame(plan).encode_to_vec(), reader)
    }

    /// A part of a plan, or of a task about one, as the caller may see it now; nothing if nothing of it.
    pub(crate) fn plan_piece<X: Disclose + polku_proto::Validate + Message + Clone>(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        owner: &str,
        piece: X,
        now: Timestamp,
    ) -> Result<Option<ShownPiece<X>>, Error> {
        let eyes = self.eyes(caller, record)?;
        let told = self.permitted(record, owner, &eyes, now)?;
        let holds = piece.categories().difference(CategorySet::ENVELOPE);
        // Of which nothing is told but that it is there, that is not told either. In the envelope alone stands a state of
        // the section: whoever sees anything of the section sees that.
        let sees = if holds.is_empty() { told } else { told.intersection(holds) };
        if sees.is_subset(CategorySet::ENVELOPE) {
            return Ok(None);
        }
        self.shown_piece(caller, record, &eyes, (owner, piece), now)
    }

    /// A part of this owner's, as these eyes may see it now; nothing if it is refused.
    pub(super) fn shown_piece<X: Disclose + polku_proto::Validate + Message + Clone>(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        eyes: &Eyes,
        (owner, piece): (&str, X),
        now: Timestamp,
    ) -> Result<Option<ShownPiece<X>>, Error> {
        let question = read_by(caller, self.plan_question(record, owner, eyes, now)?);
        let mut told = piece.clone();
        let piece =
            self.engine().authorise(&self.index(), Valid::check(piece)?, CategorySet::EMPTY, &question);
        let piece = match piece {
            Ok(piece) => piece,
            Err(denied) => return check_refused(&denied).map(|()| None),
        };
        let decision = piece.decision();
        told.restrict(decision.permitted());
        let about = About::Plan { plan: record.row.id, owner: owner.to_owned() };
        let shown = self.owed_notice(about, told.categories(), &question, decision, now)?;
        let mark = || self.told_mark(&told.encode_to_vec(), &caller.agency);
        let shown = shown.map(|shown| shown.marked(mark()));
        Ok(Some((piece, shown)))
    }

    fn authorise_or_envelope(&self, mut plan: Plan, question: &Question) -> Result<Authorised<Plan>, Error> {
        let full = Valid::check(plan.clone())?;
        match self.engine().authorise(&self.index(), full, CategorySet::EMPTY, question) {
            Ok(view) => return Ok(view),
            Err(denied) => check_refused(&denied)?,
        }
        plan.restrict(CategorySet::ENVELOPE);
        Ok(self.engine().authorise(&self.index(), Valid::check(plan)?, CategorySet::EMPTY, question)?)
    }

    /// The etag of a reading: which revision it shows, and what of it. Sealed, so that it tells the reader neither.
    fn reading(&self, record: &PlanRecord, caller: &Caller, digest: &Hash) -> Result<String, Error> {
        let plain = [record.row.revision.to_be_bytes().as_slice(), digest].concat();
        Ok(self.keys.seal_token(&binding(record, caller), &plain)?)
    }

    /// Which revision an etag shows, and the digest of what was seen of it.
    ///
    /// # Errors
    /// [`Error::Field`] for anything but an etag of the same plan and caller.
    pub(crate) fn open_reading(
        &self,
        record: &PlanRecord,
        caller: &Caller,
        etag: &str,
    ) -> Result<(u64, Hash), Error> {
        const WRONG: Error = Error::Field {
            field: "etag",
            reason: "ETAG_INVALID",
            expected: "the etag of a reading of the same plan by the same agency",
        };
        let plain = self.keys.open_token(&binding(record, caller), etag).map_err(|_| WRONG)?;
        let (revision, digest) = plain.split_first_chunk::<8>().ok_or(WRONG)?;
        Ok((u64::from_be_bytes(*revision), digest.try_into().map_err(|_| WRONG)?))
    }

    /// Stays the same while what the reader sees of the section does. Keyed: it tells nothing about what it is made of.
    fn section_etag(&self, section: &PlanSection, question: &Question) -> String {
        let reader = match question.reader() {
            Reader::Agency(agency) => agency.to_string(),
            Reader::Subject(_) => plan::YOUTH.to_owned(),
        };
        let hash = self.keys.pseudonym(b"section", &[reader.as_bytes(), &section.encode_to_vec()].concat());
        hex(&hash).chars().take(32).collect()
    }
}

/// What of a plan is beside its sections.
pub(super) fn frame(plan: &Plan) -> Plan {
    Plan {
        name: plan.name.clone(),
        responsible_worker: plan.responsible_worker.clone(),
        accept_time: plan.accept_time,
        step: plan.step.clone(),
        links: plan.links.clone(),
        ..Plan::default()
    }
}

/// What is seen, in short.
pub(crate) fn digest(seen: &Plan) -> Hash {
    sha256(&[&seen.encode_to_vec()])
}

fn binding(record: &PlanRecord, caller: &Caller) -> String {
    let reader = match caller.actor {
        Actor::Professional { .. } => caller.agency.to_string(),
        Actor::Subject(_) | Actor::Representative { .. } => plan::YOUTH.to_owned(),
    };
    format!("plan/{}/{reader}", record.row.id)
}

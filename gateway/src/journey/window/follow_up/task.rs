//! Somebody is asked to look after something: who sees that, and what comes of their answer?

use jiff::Timestamp;
use polku_policy::{Authorised, Channel, Question};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{DeliveryState, FollowUp, Purpose, ResolveTaskResponse, RetentionAnswer, Task};
use polku_proto::{Party, ReferralName};
use serde_json::json;

use super::super::matter::wrong;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::plan::{DECIDED, OTHER_KIND, TaskRecord};
use crate::journey::refer::mismatch;
use crate::journey::view::own_record;
use crate::once::{Begun, Call};
use crate::person::Person;
use crate::record::wire_time;
use crate::store::Change;
use crate::trail::{Entry, receipt};

impl Gateway {
    /// Takes the word that something has been looked after.
    pub(in crate::journey) async fn resolve_follow_up(
        &self,
        call: &Call<'_>,
        begun: Begun<ResolveTaskResponse>,
        mut task: TaskRecord,
        resolution: Option<Resolution>,
    ) -> Result<Authorised<ResolveTaskResponse>, Error> {
        let Begun { person, earlier, now, alone: _alone } = begun;
        let caller = call.caller;
        self.check_access(caller, &person, &task).await?;
        if let Some(earlier) = earlier {
            return self.resolved(caller, task, earlier);
        }
        if task.row.state != State::Open {
            return Err(DECIDED);
        }
        let (Some(Matter::FollowUp(matter)), Some(Resolution::FollowUp(resolution))) =
            (&task.message.matter, resolution)
        else {
            return Err(OTHER_KIND);
        };
        let (mut follow_up, mut entry) = (None, None);
        let mut change = Change::announced_by(0);
        let mut arrived = None;
        let is_about_message = matches!(
            matter.kind(),
            Kind::NoticeNotDelivered | Kind::DeliveryInDoubt | Kind::NewsNotDelivered
        );
        if resolution.send_again && !is_about_message {
            return Err(wrong("follow_up.send_again", "nothing: the task is not about a message"));
        }
        let can_have_arrived = is_about_message && matter.kind() != Kind::NewsNotDelivered;
        if !resolution.reference.is_empty() && (resolution.send_again || !can_have_arrived) {
            return Err(wrong("follow_up.reference", "nothing: that is not what the task asks"));
        }
        match (matter.kind(), resolution.retention()) {
            (
                Kind::NoticeNotDelivered | Kind::DeliveryInDoubt | Kind::NewsNotDelivered,
                Retained::Unspecified,
            ) => arrived = self.found_out(&person, matter, &resolution, &mut change, now).await?,
            (Kind::Retention, Retained::Unspecified) => {
                return Err(wrong("follow_up.retention", "whether the young person is still there"));
            }
            (Kind::Retention, result) => {
                let answer = RetentionAnswer { referral: matter.referral.clone(), result: result as i32 };
                let who = (&caller.party(), caller.professional());
                entry = Some(self.retained(&person, who, answer, now)?);
            }
            (Kind::NotMet, Retained::Unspecified) => {
                follow_up = Some(self.unmet_from(&person, task.row.agency.clone(), now)?);
            }
            // Who has disclosed knows already why.
            (Kind::SecondLook, Retained::Unspecified)
                if !matter.professional.is_empty() && matter.professional == caller.professional() =>
            {
                return Err(Error::ActorNotAllowed {
                    expected: "another professional than the one who disclosed looks at it",
                });
            }
            (
                Kind::ReferralUnanswered
                | Kind::SecondLook
                | Kind::ConsentRenewal
                | Kind::AddressProtected
                | Kind::AdultReplaced
                | Kind::TwoPlans,
                Retained::Unspecified,
            ) => {}
            (
                Kind::NotMet
                | Kind::ReferralUnanswered
                | Kind::SecondLook
                | Kind::ConsentRenewal
                | Kind::AddressProtected
                | Kind::AdultReplaced
                | Kind::TwoPlans
                | Kind::NoticeNotDelivered
                | Kind::DeliveryInDoubt
                | Kind::NewsNotDelivered
                | Kind::Unspecified,
                _,
            ) => {
                return Err(wrong("follow_up.retention", "nothing: that is not what the task asks"));
            }
        }
        task.row.state = State::Resolved;
        task.message.resolve_time = Some(wire_time(now)?);
        caller.professional().clone_into(&mut task.message.resolved_by);
        let write = task.next_version(&person, now)?;
        let details = json!({
            "name": task.message.name,
            "referral": referral(&task)?.map(|name| name.to_string()).unwrap_or_default(),
            "entry": entry.as_ref().map(|row| row.id.to_string()),
            "state": arrived.map(|_| DeliveryState::Delivered.as_str_name()).unwrap_or_default(),
        });
        let mut leaf = Entry::of(Event::JourneyEntry, person.id).by(caller);
        if let Some(intent) = arrived {
            leaf = leaf.refers_to(intent);
        }
        let announced = self.announce(leaf, &person, &details, now).await?;
        change.leaf = announced.receipt.sequence;
        change.detail = announced.detail;
        change.tasks.push(write);
        change.follow_ups.extend(follow_up);
        change.entries.extend(entry);
        let answer = ResolveTaskResponse { task: None, receipt: Some(receipt(&announced.receipt)) };
        change.request = Some(call.answered(&person, &answer, now)?);
        self.commit(change).await?;
        self.resolved(caller, task, answer)
    }

    /// A task of this kind, as the caller may see it now.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a role or unit without access to what it is about.
    pub(in crate::journey) async fn follow_up_view(
        &self,
        caller: &Caller,
        person: &Person,
        task: TaskRecord,
    ) -> Result<Authorised<Task>, Error> {
        self.check_access(caller, person, &task).await?;
        self.shell(caller, task.message)
    }

    /// Whoever may write about the young person, or about the referral in question, may see the task.
    async fn check_access(&self, caller: &Caller, person: &Person, task: &TaskRecord) -> Result<(), Error> {
        let now = self.now();
        let question = match referral(task)? {
            None => self.of_unit(caller, person, task, now)?,
            Some(name) => {
                let record = self.referral_of(person, name).await?;
                match self.viewer(caller, &record.row) {
                    Ok(viewer) => record.question(viewer, caller.role(), now),
                    // The adult's agency need be no party to it.
                    Err(Error::NotFound)
                        if task.row.agency == caller.agency
                            && self.may_hear_of(&record, &caller.agency, now)? =>
                    {
                        self.of_unit(caller, person, task, now)?
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let checked = self.check_own_word(caller, question);
        if matches!(checked, Err(Error::ActorNotAllowed { .. })) { Err(Error::NotFound) } else { checked }
    }

    /// What may be written about the young person where the matter is.
    fn of_unit(
        &self,
        caller: &Caller,
        person: &Person,
        task: &TaskRecord,
        now: Timestamp,
    ) -> Result<Question, Error> {
        let question = own_record(caller, person.id, Purpose::Unspecified, now);
        if task.message.unit.is_empty() {
            return Ok(question);
        }
        let unit = task.message.unit.parse();
        let unit = unit.map_err(|_| Error::Inconsistent("a stored unit id is none"))?;
        let with = self.known_party(Party { agency: task.row.agency.clone(), unit: Some(unit) });
        Ok(Question { channel: Channel { from: with.clone(), to: with }, ..question })
    }

    fn resolved(
        &self,
        caller: &Caller,
        task: TaskRecord,
        answer: ResolveTaskResponse,
    ) -> Result<Authorised<ResolveTaskResponse>, Error> {
        let task = self.shell(caller, task.message)?;
        self.shell(caller, answer)?.gather(task).map_err(mismatch)
    }
}

/// The referral that a task is about, if it is about one.
fn referral(task: &TaskRecord) -> Result<Option<ReferralName>, Error> {
    match &task.message.matter {
        Some(Matter::FollowUp(FollowUp { referral, .. })) if referral.is_empty() => Ok(None),
        Some(Matter::FollowUp(FollowUp { referral, .. })) => {
            referral.parse().map(Some).map_err(|_| Error::Inconsistent("a task about an unreadable referral"))
        }
        Some(Matter::Conflict(_) | Matter::Duplicate(_)) | None => {
            Err(Error::Inconsistent("a task about nothing"))
        }
    }
}

//! What may this caller see of this referral?

use jiff::Timestamp;
use polku_policy::{Authorised, Channel, Question, Reader, Viewer};
use polku_proto::v1::{DataCategory, Purpose, Referral};
use polku_proto::{CategorySet, Disclose, Valid, YouthId};
use uuid::Uuid;

use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided, check_refused};
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::ReferralRow;

/// The question as this caller reads the answer: the young person's side by the id that it calls itself by, whichever id of
/// the person it is about. What the young person's side may see is the same under all of them.
pub(crate) fn read_by(caller: &Caller, question: Question) -> Question {
    match caller.actor {
        Actor::Subject(youth) | Actor::Representative { youth, .. } => Question { youth, ..question },
        Actor::Professional { .. } => question,
    }
}

/// What the caller sees beside any referral: an agency what is its own, the young person's side what is about them.
pub(crate) fn own_record(caller: &Caller, youth: YouthId, purpose: Purpose, now: Timestamp) -> Question {
    let viewer = match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => Viewer::Subject,
        Actor::Professional { .. } => Viewer::Author,
    };
    let channel = Channel::between(caller.agency.clone(), caller.agency.clone());
    let question = Question::new(youth, channel, viewer, purpose, now);
    read_by(caller, Question { actor: caller.role(), ..question })
}

/// To whom an answer goes.
pub(crate) fn reader(caller: &Caller) -> Reader {
    match &caller.actor {
        Actor::Subject(youth) | Actor::Representative { youth, .. } => Reader::Subject(*youth),
        Actor::Professional { .. } => Reader::Agency(caller.agency.clone()),
    }
}

impl Gateway {
    /// From which end the caller looks at a referral.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the caller is no party: to others the referral does not exist.
    pub(crate) fn viewer(&self, caller: &Caller, row: &ReferralRow) -> Result<Viewer, Error> {
        match &caller.actor {
            Actor::Subject(youth) | Actor::Representative { youth, .. }
                if self.is_same(*youth, row.youth) =>
            {
                Ok(Viewer::Subject)
            }
            Actor::Subject(_) | Actor::Representative { .. } => Err(Error::NotFound),
            Actor::Professional { .. } if caller.agency == row.sender => Ok(Viewer::Author),
            Actor::Professional { .. } if caller.agency == row.recipient && row.reached_recipient => {
                Ok(Viewer::Addressee)
            }
            Actor::Professional { .. } => Err(Error::NotFound),
        }
    }

    /// A subject's call concerns that subject only, under whichever of their ids. A guardian sees what a minor's
    /// guardian may see.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else: to them there is no such person.
    pub(crate) fn check_subject(&self, caller: &Caller, youth: YouthId) -> Result<(), Error> {
        match &caller.actor {
            Actor::Professional { .. } => Ok(()),
            Actor::Subject(own) if self.is_same(*own, youth) => Ok(()),
            Actor::Representative { youth: own, .. }
                if self.is_same(*own, youth) && self.represents(caller, youth)? =>
            {
                Ok(())
            }
            Actor::Subject(_) | Actor::Representative { .. } => Err(Error::NotFound),
        }
    }

    /// Lets only those read about a person who may be told anything about anybody: to a professional in a role without
    /// access the own agency's people are nobody, too.
    ///
    /// # Errors
    /// [`Error::NotFound`], as [`Gateway::check_subject`].
    pub(crate) fn check_reader(&self, caller: &Caller, youth: YouthId) -> Result<(), Error> {
        self.check_subject(caller, youth)?;
        if self.has_access(caller)? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Whether the rules let the caller's role see anything of what the own agency has written. Of others it is not asked.
    pub(crate) fn has_access(&self, caller: &Caller) -> Result<bool, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(true) };
        let nobody = YouthId::from_uuid(Uuid::nil());
        let question = own_record(caller, nobody, Purpose::Unspecified, self.now());
        let decision = self.engine().decide(&self.index(), CategorySet::ALL, &question);
        check_decided(&decision)?;
        Ok(!decision.permitted().is_subset(CategorySet::ENVELOPE))
    }

    /// A professional changes what the own role and unit may see: nothing about anybody for a role without access, and
    /// of a referral only what is with the own unit.
    ///
    /// # Errors
    /// [`Error::ActorNotAllowed`].
    pub(crate) fn check_own_word(&self, caller: &Caller, question: Question) -> Result<(), Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(()) };
        let own = match question.viewer {
            Viewer::Addressee => DataCategory::ReferralStatus,
            Viewer::Author => DataCategory::GuidanceNotes,
            Viewer::Subject => return Ok(()),
        };
        let own = CategorySet::of(&[own]);
        let question = Question { actor: caller.role(), ..question };
        let decision = self.engine().decide(&self.index(), own, &question);
        check_decided(&decision)?;
        if decision.permitted() == own {
            return Ok(());
        }
        Err(Error::ActorNotAllowed {
            expected: "a professional in a role with access, of the unit that has the matter or a coordinator",
        })
    }

    /// Whether the rules let this representative see the young person's own data at all.
    fn represents(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let question = own_record(caller, youth, Purpose::Unspecified, self.now());
        let attendance = CategorySet::of(&[DataCategory::ServiceAttendance]);
        let decision = self.engine().decide(&self.index(), attendance, &question);
        check_decided(&decision)?;
        Ok(decision.permitted() == attendance)
    }

    /// A record beside any referral, as the caller may see it: a consent, a prohibition, a legal status.
    pub(super) fn view_record<X: Disclose + polku_proto::Validate>(
        &self,
        record: X,
        question: &Question,
    ) -> Result<Authorised<X>, Error> {
        Ok(self.engine().authorise(&self.index(), Valid::check(record)?, CategorySet::EMPTY, question)?)
    }

    /// The referral as this caller may see it now.
    pub(crate) fn view(
        &self,
        caller: &Caller,
        person: &Person,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<Authorised<Referral>, Error> {
        let viewer = self.viewer(caller, &record.row)?;
        self.check_reader(caller, record.row.youth)?;
        // What the law lets wait is not there yet for the young person's side.
        if viewer == Viewer::Subject && self.delays.hold_back(record.ground(), record.row.created, now) {
            return Err(Error::NotFound);
        }
        let mut message = record.message.clone();
        if viewer == Viewer::Addressee
            && let Some(content) = message.content.as_mut()
        {
            content.identity_code = person.identity_code_text()?;
        }
        let question = read_by(caller, record.question(viewer, caller.role(), now));
        let full = Valid::check(message.clone())?;
        match self.engine().authorise(&self.index(), full, CategorySet::EMPTY, &question) {
            Ok(authorised) => Ok(authorised),
            Err(denied) => {
                check_refused(&denied)?;
                // Nothing personal is permitted: the party still sees that the matter exists, and its state.
                message.restrict(CategorySet::ENVELOPE);
                let envelope = Valid::check(message)?;
                Ok(self.engine().authorise(&self.index(), envelope, CategorySet::EMPTY, &question)?)
            }
        }
    }

    /// An answer that so far has nothing personal in it.
    pub(crate) fn shell<X: Disclose + polku_proto::Validate>(
        &self,
        caller: &Caller,
        message: X,
    ) -> Result<Authorised<X>, Error> {
        Ok(self.engine().envelope(Valid::check(message)?, reader(caller), self.now())?)
    }
}

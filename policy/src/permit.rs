//! What may leave, to whom, and until when? The permit that only the engine can make.

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::Purpose;
use polku_proto::{Gather, YouthId};

use crate::decision::Decision;
use crate::index::{ConsentIndex, Moment};
use crate::question::{PurposeSet, Reader};

/// A payload that has been cut down to what one reader may see, with the decision that says why.
///
/// INVARIANT: made by the engine alone, after a decision that permits. It cannot be cloned, edited, taken apart or
/// written out; [`Authorised::spend`] uses it up.
#[must_use = "a permit that is not spent discloses nothing"]
pub struct Authorised<X> {
    payload: X,
    reader: Reader,
    purposes: PurposeSet,
    decision: Decision,
    /// Whose data it is decided on, and what had changed in the consent index by then; nobody for a mere envelope.
    about: Option<(Vec<YouthId>, Moment)>,
}

/// Why a permit cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It was made for another reader.
    #[error("the permit is for another reader")]
    WrongReader,
    /// The decision behind it does not hold any more.
    #[error("the permit has expired")]
    Expired,
}

impl<X> Authorised<X> {
    pub(crate) fn new(
        payload: X,
        reader: Reader,
        purposes: PurposeSet,
        decision: Decision,
        about: Option<(YouthId, Moment)>,
    ) -> Authorised<X> {
        let about = about.map(|(youth, then)| (vec![youth], then));
        Authorised { payload, reader, purposes, decision, about }
    }

    /// Tells whether nothing has changed for the people since it was decided that may take back what was decided: that is
    /// not to be told any more.
    #[must_use]
    pub fn still_holds(&self, index: &ConsentIndex) -> bool {
        self.about.as_ref().is_none_or(|(people, then)| !index.has_changed(people, *then))
    }

    /// Gives the decision behind the permit.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Gives who may read the payload.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Gives the purpose that was decided on. None for a mere envelope, and where parts have different purposes.
    #[must_use]
    pub fn purpose(&self) -> Option<Purpose> {
        self.purposes.only()
    }

    /// Uses the permit up and gives the payload to its reader.
    ///
    /// # Errors
    ///
    /// Refuses any other reader, and an instant at or after [`Decision::valid_until`]. The payload is gone then.
    pub fn spend(self, reader: &Reader, now: Timestamp) -> Result<(X, Decision), Mismatch> {
        if self.reader != *reader {
            return Err(Mismatch::WrongReader);
        }
        if self.decision.valid_until().is_some_and(|edge| edge <= now) {
            return Err(Mismatch::Expired);
        }
        Ok((self.payload, self.decision))
    }

    /// Puts an authorised part into this payload. The decisions become one that is no stronger than either.
    ///
    /// # Errors
    ///
    /// Refuses a part that was authorised for another reader.
    pub fn gather<P>(mut self, part: Authorised<P>) -> Result<Authorised<X>, Mismatch>
    where
        X: Gather<P>,
    {
        if self.reader != part.reader {
            return Err(Mismatch::WrongReader);
        }
        self.payload.gather(part.payload);
        Ok(Authorised {
            payload: self.payload,
            reader: self.reader,
            purposes: self.purposes.union(part.purposes),
            decision: self.decision.merged(part.decision),
            about: both(self.about, part.about),
        })
    }
}

/// The people of both, and the earlier moment.
fn both(
    one: Option<(Vec<YouthId>, Moment)>,
    other: Option<(Vec<YouthId>, Moment)>,
) -> Option<(Vec<YouthId>, Moment)> {
    match (one, other) {
        (Some((mut people, then)), Some((others, moment))) => {
            people.extend(others.into_iter().filter(|youth| !people.contains(youth)).collect::<Vec<_>>());
            Some((people, then.min(moment)))
        }
        (one, other) => one.or(other),
    }
}

impl<X> fmt::Debug for Authorised<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authorised(redacted)")
    }
}

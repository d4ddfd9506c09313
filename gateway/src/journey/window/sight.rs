//! What does a caller see of the entries of a journey?
//!
//! Of each agency's entries what that agency may tell this reader, for the purpose that the reader names. The young
//! person sees all of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, Channel, Question, Viewer};
use polku_proto::v1::{CurrentWorker, DataCategory, JourneyEntry, Purpose};
use polku_proto::{AgencyId, CategorySet, Party, UnitId, Valid, YouthId};

use super::entry::standing;
use super::former::youth_of;
use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;
use crate::journey::view::read_by;

#[cfg(test)]
mod tests;

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Whose journey is looked at, by whom, for what and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) caller: &'a Caller,
    pub(super) youth: YouthId,
    pub(super) purpose: Purpose,
    pub(super) now: Timestamp,
}

/// Who looks.
pub(super) trait Looks: Copy {
    /// The same look at what stands under another id.
    fn under(self, youth: YouthId) -> Self;

    /// Whether it is the young person's side.
    fn is_own_side(&self) -> bool;

    /// May they be told data of this category that this agency, or unit, holds? Nothing: no question about it makes sense.
    fn question(&self, holder: &Party, is_status: bool) -> Option<Question>;
}

/// An agency itself looks, through none of its professionals: whoever asks for it, it comes to the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgencyLook<'a> {
    pub(super) agency: &'a AgencyId,
    pub(super) youth: YouthId,
    pub(super) purpose: Purpose,
    pub(super) now: Timestamp,
}

impl<'a> AgencyLook<'a> {
    /// For guidance, of which looking after somebody is a part.
    pub(super) fn for_guidance(agency: &'a AgencyId, youth: YouthId, now: Timestamp) -> Self {
        Self { agency, youth, purpose: Purpose::Guidance, now }
    }
}

impl Looks for Look<'_> {
    fn under(self, youth: YouthId) -> Self {
        Self { youth, ..self }
    }

    fn is_own_side(&self) -> bool {
        !matches!(self.caller.actor, Actor::Professional { .. })
    }

    fn question(&self, holder: &Party, is_status: bool) -> Option<Question> {
        Look::question(self, holder, is_status)
    }
}

impl Looks for AgencyLook<'_> {
    fn under(self, youth: YouthId) -> Self {
        Self { youth, ..self }
    }

    fn is_own_side(&self) -> bool {
        false
    }

    fn question(&self, holder: &Party, is_status: bool) -> Option<Question> {
        let (own, other) = (Party::whole(self.agency.clone()), to_others(holder));
        let (channel, viewer) = match (*self.agency == holder.agency, is_status) {
            (true, true) => (Channel { from: own.clone(), to: own }, Viewer::Addressee),
            (true, false) => (Channel { from: own.clone(), to: own }, Viewer::Author),
            (false, _) if self.purpose == Purpose::Unspecified => return None,
            // What became of a referral flows from its recipient to its sender, whoever of the two writes it down.
            (false, true) => (Channel { from: own, to: other }, Viewer::Author),
            (false, false) => (Channel { from: other, to: own }, Viewer::Addressee),
        };
        let question = Question::new(self.youth, channel, viewer, self.purpose, self.now);
        Some(Question { actor: ActorRole::System, ..question })
    }
}

impl Look<'_> {
    /// May this caller be told data of this category that this agency, or unit, holds? Nothing: what others hold is told for
    /// a purpose only.
    ///
    /// In the own agency it is with the unit that holds it (P17), not with the one that asks.
    /// What became of a referral flows from its recipient to its sender, whoever of the two writes it down: so it is
    /// asked from the author's side.
    pub(super) fn question(&self, holder: &Party, is_status: bool) -> Option<Question> {
        let other = to_others(holder);
        let (channel, viewer) = match &self.caller.actor {
            Actor::Subject(_) | Actor::Representative { .. } => {
                (Channel { from: other.clone(), to: other }, Viewer::Subject)
            }
            Actor::Professional { .. } if self.caller.agency == holder.agency => {
                let viewer = if is_status { Viewer::Addressee } else { Viewer::Author };
                (Channel { from: holder.clone(), to: holder.clone() }, viewer)
            }
            Actor::Professional { .. } if self.purpose == Purpose::Unspecified => return None,
            Actor::Professional { .. } if is_status => {
                (Channel { from: self.caller.party(), to: other }, Viewer::Author)
            }
            Actor::Professional { .. } => {
                (Channel { from: other, to: self.caller.party() }, Viewer::Addressee)
            }
        };
        let question = Question::new(self.youth, channel, viewer, self.purpose, self.now);
        Some(read_by(self.caller, Question { actor: self.caller.role(), ..question }))
    }
}

impl Gateway {
    /// What of all that this agency, or unit, holds the caller may be told.
    pub(super) fn told_by(
        &self,
        look: &impl Looks,
        holder: &Party,
        asked: CategorySet,
    ) -> Result<CategorySet, Error> {
        let mut told = CategorySet::EMPTY;
        for (asked, is_status) in [(asked.difference(STATUS), false), (asked.intersection(STATUS), true)] {
            let Some(question) = look.question(holder, is_status).filter(|_| !asked.is_empty()) else {
                continue;
            };
            let decision = self.engine().decide(&self.index(), asked, &question);
            check_decided(&decision)?;
            told.extend(decision.permitted());
        }
        Ok(told)
    }

    /// The entries that the caller may be told of: what happened last comes first. Those that were replaced are left out,
    /// as far as the caller may be told by what: otherwise that an entry has gone would tell of what took its place.
    pub(super) fn visible<'a>(
        &self,
        look: &impl Looks,
        entries: impl IntoIterator<Item = &'a JourneyEntry>,
    ) -> Result<Vec<&'a JourneyEntry>, Error> {
        Ok(standing(self.parted(look, entries)?.0))
    }

    /// Of which categories the caller may not be told that there are entries.
    pub(super) fn withheld<'a>(
        &self,
        look: &impl Looks,
        entries: impl IntoIterator<Item = &'a JourneyEntry>,
    ) -> Result<CategorySet, Error> {
        Ok(self.parted(look, entries)?.1)
    }

    /// The entries that the caller may be told of, and what the others are about.
    fn parted<'a>(
        &self,
        look: &impl Looks,
        entries: impl IntoIterator<Item = &'a JourneyEntry>,
    ) -> Result<(Vec<&'a JourneyEntry>, CategorySet), Error> {
        let personal = CategorySet::ALL.difference(CategorySet::ENVELOPE);
        let mut told: BTreeMap<(YouthId, Party), CategorySet> = BTreeMap::new();
        let (mut visible, mut withheld) = (Vec::new(), CategorySet::EMPTY);
        for entry in entries {
            let of = (youth_of(entry)?, holder(entry)?);
            let told = match told.get(&of) {
                Some(told) => *told,
                None => {
                    let now_told = self.told_by(&look.under(of.0), &of.1, personal)?;
                    told.insert(of, now_told);
                    now_told
                }
            };
            let category = CategorySet::named(entry.category);
            if !category.is_empty() && category.is_subset(told) {
                visible.push(entry);
            } else {
                withheld.extend(category);
            }
        }
        Ok((visible, withheld))
    }

    /// The party as a young person's matter can be with it: nobody here is of a unit that only the agency's own system knows,
    /// so that is the agency as a whole.
    pub(super) fn known_party(&self, party: Party) -> Party {
        let is_known = party.unit.is_none() || self.units.has(&party);
        if is_known { party } else { Party::whole(party.agency) }
    }

    /// The adult beside the young person, as the caller may be told by the entry that says so.
    pub(super) fn shown_worker(
        &self,
        look: &Look<'_>,
        (worker, by): (CurrentWorker, &JourneyEntry),
    ) -> Result<Authorised<CurrentWorker>, Error> {
        self.shown(&look.under(youth_of(by)?), (&holder(by)?, worker.category), worker)
    }

    /// Something that rests on this entry, as the caller may be told of it.
    pub(super) fn shown<X: polku_proto::Disclose + polku_proto::Validate>(
        &self,
        look: &Look<'_>,
        (holder, category): (&Party, i32),
        message: X,
    ) -> Result<Authorised<X>, Error> {
        let is_status = CategorySet::named(category) == STATUS;
        let question = look.question(holder, is_status).ok_or(Error::NotFound)?;
        Ok(self.engine().authorise(&self.index(), Valid::check(message)?, CategorySet::EMPTY, &question)?)
    }
}

/// With whom an entry is: the unit, or the agency as a whole.
///
/// Entries had no unit once. What a professional wrote then can be with any of them: so in the agency it is with none, and
/// only whom the rules let read of every unit reads it. What the young person's side, or the gateway itself, says is with
/// the whole agency unless a unit is named.
pub(super) fn holder(entry: &JourneyEntry) -> Result<Party, Error> {
    let agency = entry.agency.parse().map_err(|_| Error::Inconsistent("a stored agency id is none"))?;
    let unit = match (entry.unit.as_str(), entry.professional.as_str()) {
        ("", "") => None,
        ("", _) => Some(UnitId::unknown()),
        (unit, _) => Some(unit.parse().map_err(|_| Error::Inconsistent("a stored unit id is none"))?),
    };
    Ok(Party { agency, unit })
}

/// The holder as others are told by it: what is with an unknown unit, the agency as a whole tells.
fn to_others(holder: &Party) -> Party {
    let unit = holder.unit.clone().filter(|unit| *unit != UnitId::unknown());
    Party { agency: holder.agency.clone(), unit }
}

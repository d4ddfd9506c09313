//! A guardian has consented, or another representative of a minor, and the young person comes of age: who asks them, and
//! when?
//!
//! The agency that recorded the consent, once, from the eighteenth birthday on (domain.md, P5). By then the consent reads
//! as expired, for that agency as for everybody who may read it: the task tells nothing besides. That a guardian's
//! authority has ended in another way, by a court's decision for instance, no register tells the gateway: whoever knows of
//! it revokes the consent. A minor who is assessed as able to decide makes no task either: whoever recorded the consent
//! may not know of the assessment.

use jiff::Timestamp;
use polku_proto::v1;
use polku_proto::v1::follow_up::Kind;
use polku_proto::{AgencyId, ConsentId, ConsentName};

use super::due::Outcome;
use super::{LookedAfter, agency_of};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::consent::is_in_force;
use crate::journey::evidence::{ends_at_full_age, of_age};
use crate::person::Person;
use crate::record::grant::given;
use crate::record::{ConsentRecord, instant};
use crate::store::{FollowUp, FollowUpRow, FollowUpWrite, InstrumentKind};

impl Gateway {
    /// What a consent, as it is from now on, changes of what is to be looked after.
    pub(in crate::journey) async fn after_consent(
        &self,
        person: &Person,
        consent: &v1::Consent,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let name: ConsentName =
            consent.name.parse().map_err(|_| Error::Inconsistent("a consent without its name"))?;
        let (agency, matter) = (agency_of(&consent.recorder)?, FollowUp::Renewal(name.consent));
        if let Some(due) = lapses(of_age(person)?, consent)? {
            let row = FollowUpRow { youth: person.id, matter, agency, due };
            after.follow_ups.push(FollowUpWrite::Set(row));
            return Ok(());
        }
        self.close_tasks(person, (&agency, Kind::ConsentRenewal, &consent.name), after, now).await?;
        after.follow_ups.push(FollowUpWrite::Drop { youth: person.id, matter, agency });
        Ok(())
    }

    /// The person is known to be of age from this instant on, and not from the one that was known before.
    pub(in crate::journey) async fn after_birth_date(
        &self,
        person: &Person,
        full_age: Timestamp,
    ) -> Result<Vec<FollowUpWrite>, Error> {
        let mut follow_ups = Vec::new();
        for row in self.store.instruments_of(person.id).await? {
            if row.kind != InstrumentKind::Consent || !row.in_force {
                continue;
            }
            let matter = FollowUp::Renewal(ConsentId::from_uuid(row.id));
            let consent = ConsentRecord::open(person.key(), row)?.message;
            if let Some(due) = lapses(Some(full_age), &consent)? {
                let agency = agency_of(&consent.recorder)?;
                follow_ups.push(FollowUpWrite::Set(FollowUpRow { youth: person.id, matter, agency, due }));
            }
        }
        Ok(follow_ups)
    }

    /// The young person is of age: would the consent still hold, had they given it?
    pub(super) async fn renewal(
        &self,
        person: &Person,
        agency: &AgencyId,
        consent: ConsentId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let Some(row) = self.store.instrument(consent.uuid()).await? else { return Ok(Outcome::Nothing) };
        let record = ConsentRecord::open(person.key(), row)?;
        let due = lapses(of_age(person)?, &record.message)?;
        let Some(due) = due else { return Ok(Outcome::Nothing) };
        if due > now {
            return Ok(Outcome::Later(due));
        }
        let follow_up = v1::FollowUp {
            kind: Kind::ConsentRenewal as i32,
            consent: record.message.name,
            ..v1::FollowUp::default()
        };
        let task = self.new_task(person, agency.clone(), follow_up, now)?;
        Ok(Outcome::Task(Box::new(task)))
    }
}

/// From when on nothing rests on what somebody else has given because the young person is of age; nothing for their own
/// consent, and for one that is not in force or ends by then.
fn lapses(full_age: Option<Timestamp>, consent: &v1::Consent) -> Result<Option<Timestamp>, Error> {
    let Some(evidence) = consent.evidence.as_ref().filter(|_| is_in_force(consent.state())) else {
        return Ok(None);
    };
    let (given_by, given) = (evidence.given_by(), given(consent)?);
    let until = consent.terms.as_ref().and_then(|terms| terms.valid_until.as_ref());
    let until = until.map(instant).transpose()?;
    Ok(full_age.filter(|full_age| {
        ends_at_full_age(given_by, given, *full_age) && until.is_none_or(|until| until > *full_age)
    }))
}

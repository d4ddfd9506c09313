//! What is kept here of a young person beside the entries: referrals, consents, prohibitions, legal statuses, joint plans.
//!
//! Each is read beside the others: together they take as long as the slowest of them.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{Consent, Journey, LegalStatus, Prohibition, Referral};
use polku_proto::{ConsentName, LegalStatusName, PlanName, ProhibitionName, ReferralName};

use super::sight::Look;
use super::telling::{Leaf, Telling};
use crate::caller::Actor;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::ShownPlan;
use crate::journey::page;
use crate::journey::refer::mismatch;
use crate::outbox::Shown;
use crate::store::ReferralFilter;

/// How many referrals a journey shows.
const REFERRALS: u32 = 200;

/// What the caller may see of all that, in the order of the answer, with its names.
pub(super) struct Kept {
    referrals: Vec<ShownReferral>,
    /// Those that are too many to be shown: their names, and whether the young person was handed over by each.
    older: Vec<(String, bool)>,
    consents: Vec<(ConsentName, Authorised<Consent>)>,
    prohibitions: Vec<(ProhibitionName, Authorised<Prohibition>)>,
    statuses: Vec<(LegalStatusName, Authorised<LegalStatus>)>,
    plans: Vec<(PlanName, ShownPlan)>,
}

struct ShownReferral {
    name: ReferralName,
    handed_over: bool,
    view: Authorised<Referral>,
    told: Vec<Shown>,
}

impl Kept {
    /// Names of all referrals, and whether the young person was handed over by each.
    pub(super) fn referrals(&self) -> Vec<(String, bool)> {
        let shown = self.referrals.iter().map(|shown| (shown.name.to_string(), shown.handed_over));
        shown.chain(self.older.iter().cloned()).collect()
    }

    /// Whether there is nothing of it for the caller.
    pub(super) fn is_empty(&self) -> bool {
        let Self { referrals, older, consents, prohibitions, statuses, plans } = self;
        referrals.is_empty()
            && older.is_empty()
            && consents.is_empty()
            && prohibitions.is_empty()
            && statuses.is_empty()
            && plans.is_empty()
    }

    /// Whether there are more referrals than are shown.
    pub(super) fn has_more(&self) -> bool {
        !self.older.is_empty()
    }

    /// Whether anything of it could be seen differently by now because time has passed.
    pub(super) fn has_an_end_before(&self, now: Timestamp) -> bool {
        let ends = self.referrals.iter().map(|shown| shown.view.decision().valid_until());
        let ends = ends.chain(self.plans.iter().map(|(_, shown)| shown.plan.decision().valid_until()));
        let ends = ends.chain(ends_of(&self.consents)).chain(ends_of(&self.prohibitions));
        let mut ends = ends.chain(ends_of(&self.statuses));
        ends.any(|end| end.is_some_and(|end| end <= now))
    }

    /// All of it in the answer, and that it is told.
    pub(super) fn into_answer(
        self,
        shell: Authorised<Journey>,
        telling: &mut Telling,
    ) -> Result<Authorised<Journey>, Error> {
        let mut answer = shell;
        for ShownReferral { name, view, told, .. } in self.referrals {
            telling.read(Leaf::of(name.youth, name.to_string(), &view).telling(told));
            answer = answer.gather(view).map_err(mismatch)?;
        }
        for (name, consent) in self.consents {
            telling.read(Leaf::of(name.youth, name.to_string(), &consent));
            answer = answer.gather(consent).map_err(mismatch)?;
        }
        for (name, prohibition) in self.prohibitions {
            telling.read(Leaf::of(name.youth, name.to_string(), &prohibition));
            answer = answer.gather(prohibition).map_err(mismatch)?;
        }
        for (name, status) in self.statuses {
            telling.read(Leaf::of(name.youth, name.to_string(), &status));
            answer = answer.gather(status).map_err(mismatch)?;
        }
        for (name, ShownPlan { plan, told }) in self.plans {
            telling.read(Leaf::of(name.youth, name.to_string(), &plan).telling(told));
            answer = answer.gather(plan).map_err(mismatch)?;
        }
        Ok(answer)
    }
}

fn ends_of<N, X>(views: &[(N, Authorised<X>)]) -> impl Iterator<Item = Option<Timestamp>> {
    views.iter().map(|(_, view)| view.decision().valid_until())
}

impl Gateway {
    /// What of it the caller may see, under each id that they look at.
    pub(super) async fn kept_here(&self, look: &Look<'_>) -> Result<Kept, Error> {
        let Look { caller, youth, now, .. } = *look;
        let ((referrals, older), recorded, plans) = tokio::try_join!(
            self.referrals_here(look),
            self.recorded(caller, youth),
            self.running_plans(look),
        )?;
        let consents = self.consents_for(caller, &recorded)?;
        let prohibitions = self.prohibitions_for(caller, &recorded, now)?;
        let statuses = self.legal_statuses_for(caller, &recorded)?;
        Ok(Kept { referrals, older, consents, prohibitions, statuses, plans })
    }

    /// The newest ones as they are shown, and what counts of the others.
    async fn referrals_here(
        &self,
        look: &Look<'_>,
    ) -> Result<(Vec<ShownReferral>, Vec<(String, bool)>), Error> {
        let party = match look.caller.actor {
            Actor::Professional { .. } => Some(look.caller.agency.clone()),
            Actor::Subject(_) | Actor::Representative { .. } => None,
        };
        let filter = ReferralFilter { party, youth: Some(look.youth), before: None, limit: u32::MAX };
        let ids = self.ids_seen(look.caller, look.youth);
        let mut rows = self.referrals_of(&filter, &ids).await?;
        let rest = rows.split_off(page::fitting(&rows, REFERRALS));
        let readings = rows.into_iter().map(|row| async move {
            let Some((record, view)) = self.view_row(look.caller, row, look.now).await? else {
                return Ok(None);
            };
            let told = self.told_in_referral(look.caller, &record, view.decision(), look.now)?;
            let (name, handed_over) = (record.name(), record.handed_over().is_some());
            Ok::<_, Error>(Some(ShownReferral { name, handed_over, view, told }))
        });
        let shown = try_join_all(readings).await?.into_iter().flatten().collect();
        let mut older = Vec::new();
        for row in rest {
            if let Some((record, _)) = self.view_row(look.caller, row, look.now).await? {
                older.push((record.name().to_string(), record.handed_over().is_some()));
            }
        }
        Ok((shown, older))
    }

    /// The joint plans that have not ended.
    async fn running_plans(&self, look: &Look<'_>) -> Result<Vec<(PlanName, ShownPlan)>, Error> {
        let mut plans = Vec::new();
        for record in self.plans_under(&self.ids_seen(look.caller, look.youth)).await? {
            if record.row.ended {
                continue;
            }
            match self.plan_view(look.caller, &record, look.now) {
                Ok(shown) => plans.push((record.name(), shown)),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(plans)
    }
}

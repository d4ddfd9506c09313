//! An agency's system is told about whom to ask again.
//!
//! A notice says that what a person permits may have changed, and never what: given, withdrawn, prohibited, lifted or a
//! legal status, all look the same. Told are the agencies that a consent of the person names. A prohibition and a legal status
//! hold against grounds in law too, and those may be anybody's who has to do with the person: so of these is told whoever
//! may ask about the person at all, by a consent, a referral, a plan, an entry or having identified them.
//!
//! Other rules can change every answer there is. That is one notice, which names nobody: a watcher is told so when the
//! rules are others than those that it was told of last, by its token, also after a restart.

use std::collections::BTreeSet;
use std::sync::Arc;

use polku_policy::Authorised;
use polku_proto::v1::{ConsentNotice, WatchConsentsRequest};
use polku_proto::{AgencyId, Valid, YouthId, YouthName};

use super::watch::{Feed, Watch};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::news::Topic;
use crate::record::wire_time;
use crate::store::{Change, InstrumentKind, NewNotice, ReferralFilter};

/// About whom to ask again.
#[derive(Debug)]
pub(crate) struct Consents;

impl Gateway {
    /// Begins a watch behind the notice of the token, or behind the newest notice.
    pub(crate) async fn watch_consents(
        self: &Arc<Self>,
        caller: Caller,
        request: Valid<WatchConsentsRequest>,
    ) -> Result<Watch<Consents>, Error> {
        self.follow(caller, (), &request.get().resume_token).await
    }

    /// Who is told of a change that is about to be committed.
    ///
    /// The index is either as before the change, when something is given, or already as after it, when something is
    /// taken away. Together with the parties of the consents that change, that is everybody whom a consent names before
    /// the change or after it.
    pub(crate) async fn notices_of(&self, change: &Change) -> Result<Vec<NewNotice>, Error> {
        let mut told = BTreeSet::new();
        for write in &change.instruments {
            let youth = write.row.youth;
            told.extend(write.parties.iter().map(|agency| (youth, agency.clone())));
            told.extend(self.index().parties_of(youth).into_iter().map(|agency| (youth, agency)));
        }
        let by_law = change.instruments.iter().filter(|write| write.row.kind != InstrumentKind::Consent);
        // What is prohibited, or found out, under one id of a person holds under all of them. An age that is known from now
        // on opens and closes as well.
        let mut youths: BTreeSet<YouthId> = by_law.flat_map(|write| self.ids_of(write.row.youth)).collect();
        youths.extend(&change.tied);
        for youth in youths {
            told.extend(self.index().parties_of(youth).into_iter().map(|agency| (youth, agency)));
            told.extend(self.related_to(youth).await?.into_iter().map(|agency| (youth, agency)));
        }
        let (revision, time) = (change.leaf, self.now());
        let notice = |(youth, agency)| NewNotice { youth, agency: self.told(&agency), revision, time };
        Ok(told.into_iter().map(notice).collect())
    }

    /// The agencies that have to do with the person under this id, beside those that a consent names.
    async fn related_to(&self, youth: YouthId) -> Result<BTreeSet<AgencyId>, Error> {
        let mut related = self.referral_parties(youth).await?;
        related.extend(self.store.entries_of(youth, 1).await?.into_iter().map(|row| row.agency));
        related.extend(self.store.plans_of(youth).await?.into_iter().flat_map(|row| row.parties));
        let subject = self.subject_pseudonym(youth);
        let identified = self.in_log(move |log| log.identified_by(&subject)).await?;
        related.extend(identified.iter().filter_map(|organisation| organisation.parse().ok()));
        Ok(related)
    }

    /// The agencies that have sent or received a referral of the person.
    async fn referral_parties(&self, youth: YouthId) -> Result<BTreeSet<AgencyId>, Error> {
        let mut parties = BTreeSet::new();
        let mut filter = ReferralFilter { party: None, youth: Some(youth), before: None, limit: 100 };
        loop {
            let rows = self.store.referrals(&filter).await?;
            let Some(last) = rows.last() else { break };
            filter.before = Some((last.created, last.id));
            for row in rows {
                parties.insert(row.sender);
                if row.reached_recipient {
                    parties.insert(row.recipient);
                }
            }
        }
        Ok(parties)
    }

    /// The name under which an agency's notices are kept.
    fn told(&self, agency: &AgencyId) -> [u8; 32] {
        self.keys.pseudonym(b"told", agency.as_str().as_bytes())
    }
}

impl Feed for Consents {
    type Row = NewNotice;
    type Item = ConsentNotice;
    type Scope = ();

    const TOKEN: &'static str = "watch consents";
    const FOLLOWERS: &'static str = "a professional's system watches consents";

    fn rules(gateway: &Gateway) -> Option<[u8; 32]> {
        Some(gateway.engine().policy_digest())
    }

    fn other_rules(
        gateway: &Gateway,
        caller: &Caller,
        resume_token: String,
    ) -> Result<Option<Authorised<ConsentNotice>>, Error> {
        let revision = gateway.index().revision();
        let time = Some(wire_time(gateway.now())?);
        let shell = ConsentNotice { resume_token, youth: String::new(), revision, time };
        Ok(Some(gateway.shell(caller, shell)?))
    }

    fn topic(gateway: &Gateway, caller: &Caller, (): &()) -> Topic {
        Topic::Consents(gateway.told(&caller.agency))
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_notice().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        (): &(),
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, NewNotice)>, Error> {
        let rows = gateway.store.notices_after(position, &gateway.told(&caller.agency), limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row.notice)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        notice: NewNotice,
        resume_token: String,
    ) -> Result<Option<Authorised<ConsentNotice>>, Error> {
        // The change is in the store, and in the index once whoever makes it is done: who asks again on this notice
        // must not be answered from before it.
        drop(gateway.alone_with(notice.youth).await?);
        let shell = ConsentNotice {
            resume_token,
            youth: YouthName { youth: notice.youth }.to_string(),
            revision: notice.revision,
            time: Some(wire_time(notice.time)?),
        };
        Ok(Some(gateway.shell(caller, shell)?))
    }
}

//! What do people do in a day, and what goes wrong meanwhile?

use std::time::Duration;

use jiff::SignedDuration;
use polku_proto::ReferralName;
use polku_proto::v1::{
    AuditReceipt, CancelReferralRequest, GetReferralRequest, IdentifyYouthRequest, RecordConsentRequest,
    WithdrawConsentRequest,
};
use polku_proto::{ConsentName, v1::SendReferralRequest};
use polku_tests::checks::{Acknowledged, Made};
use polku_tests::simulators::{Action, Message, Official, Outgoing, Reply};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE, evidence, referral_to, terms};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::{Code, Status};

use crate::book::{Day, Ground};
use crate::chance::Chance;
use crate::check;
use crate::people::{AGENCIES, PERMITTED, PURPOSE, YOUTHS, content};
use crate::plan;
use crate::town::Town;
use crate::trouble;

/// How long a day is.
pub(crate) const LENGTH: Duration = Duration::from_secs(24 * 60 * 60);

/// How many referrals somebody wants to send.
const REFERRALS: usize = 14;
/// How often somebody takes a consent back, and gives it again later.
const WITHDRAWALS: usize = 5;
/// How often an agency takes a step with a referral, or its sender calls it off.
const STEPS: usize = 7;
/// How often somebody changes the joint plan.
const MERGES: usize = 4;

/// Lives the day of a seed.
pub(crate) fn live(seed: u64) -> Day {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(whole_day(seed))
}

async fn whole_day(seed: u64) -> Day {
    let town = Town::make(seed);
    let chance = Chance::of(seed, 4);
    town.start().await;
    let people = People::arrive(&town, chance.clone()).await;
    let plan = plan::begin(&people).await;

    let morning = Instant::now();
    let at = move |passed: Duration| morning + passed;
    let moment = || chance.millis(0, usize::try_from(LENGTH.as_millis()).unwrap());
    let mut work = JoinSet::new();
    let mut moments = Vec::new();
    for number in 0..REFERRALS {
        let (moment, pair) = (moment(), (chance.below(YOUTHS), *chance.pick(&AGENCIES)));
        moments.push((moment, pair));
        town.book.open().wanted.push(pair);
        let (people, caller) = (people.clone(), chance.below(2));
        work.spawn(async move {
            sleep_until(at(moment)).await;
            people.refer(caller, number, pair).await;
        });
    }
    for _ in 0..WITHDRAWALS {
        // While something is on its way, if that can be.
        let (sent, pair) = *chance.pick(&moments);
        let people = people.clone();
        let moment = sent + chance.millis(0, if chance.one_in(3) { 3_600_000 } else { 1_500 });
        work.spawn(async move {
            sleep_until(at(moment)).await;
            people.change_mind(pair).await;
        });
    }
    for _ in 0..STEPS {
        let (people, moment) = (people.clone(), moment());
        work.spawn(async move {
            sleep_until(at(moment)).await;
            people.step().await;
        });
    }
    for _ in 0..MERGES {
        let (people, moment, plan) = (people.clone(), moment(), plan.clone());
        work.spawn(async move {
            sleep_until(at(moment)).await;
            plan.change(&people).await;
        });
    }
    let moments: Vec<Duration> = moments.iter().map(|(moment, _)| *moment).collect();
    trouble::all_day(&town, &Chance::of(seed, 5), morning, &moments).await;

    sleep_until(at(LENGTH)).await;
    trouble::end(&town).await;
    town.book.note("all trouble is over");
    let evening = Instant::now();
    while let Ok(ended) = tokio::time::timeout_at(evening + LENGTH, work.join_next()).await {
        match ended {
            Some(ended) => ended.unwrap(),
            None => break,
        }
    }
    if !work.is_empty() {
        town.book.open().violate(format!("I7: {} callers have no answer", work.len()));
    }
    check::drains(&town).await;
    plan.check(&people).await;
    let youths = people.youths.clone();
    drop((work, people, plan));
    town.kill().await;
    check::all(&town, &youths).await;
    let pages = town.book.open();
    Day { lines: pages.lines.clone(), violations: pages.violations.clone(), counts: pages.counts }
}

/// Those who call.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) town: Town,
    pub(crate) chance: Chance,
    pub(crate) callers: Vec<Client>,
    /// Names of the young people; the last one has the joint plan, and nobody refers them.
    pub(crate) youths: Vec<String>,
}

/// Whether the same call may be answered otherwise later.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::ResourceExhausted
    )
}

impl People {
    /// Everybody is known, and has permitted that every agency is told.
    async fn arrive(town: &Town, chance: Chance) -> Self {
        let callers = (0..crate::town::CALLERS).map(|number| town.caller(number)).collect();
        let mut people = Self { town: town.clone(), chance, callers, youths: Vec::new() };
        for code in &PEOPLE[..=YOUTHS] {
            let request = IdentifyYouthRequest {
                request_id: people.chance.uuid().to_string(),
                identity_code: (*code).into(),
                ..IdentifyYouthRequest::default()
            };
            for caller in [0, 2] {
                let request = IdentifyYouthRequest { request_id: people.id(), ..request.clone() };
                let name = people
                    .insist(caller, |mut client| {
                        let request = request.clone();
                        async move { Ok(client.journey.identify_youth(request).await?.into_inner().youth) }
                    })
                    .await
                    .unwrap();
                if caller == 0 {
                    people.youths.push(name);
                }
            }
        }
        for youth in 0..YOUTHS {
            for agency in AGENCIES {
                people.permit((youth, agency)).await;
            }
        }
        people
    }

    pub(crate) fn id(&self) -> String {
        self.chance.uuid().to_string()
    }

    /// Makes the same call until it is answered for good.
    pub(crate) async fn insist<T, F>(&self, caller: usize, call: impl Fn(Client) -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>>,
    {
        loop {
            match call(self.callers[caller].clone()).await {
                Err(status) if is_passing(&status) => sleep(self.chance.seconds(5, 400)).await,
                answer => return answer,
            }
        }
    }

    pub(crate) fn acknowledged(&self, receipt: Option<AuditReceipt>, made: Made) {
        let AuditReceipt { sequence, leaf_hash } = receipt.expect("an answer with a receipt");
        self.town.book.open().acknowledged.push(Acknowledged { sequence, leaf_hash, made });
    }

    async fn permit(&self, pair: (usize, &'static str)) {
        self.town.book.open().grounds.insert(pair, Ground::Open);
        let consent = self.consent(0, &self.youths[pair.0], (OHJAAMO, pair.1), &PERMITTED).await;
        self.town.book.note(format!("permitted {pair:?}"));
        self.town.book.open().consents.insert(pair, consent);
    }

    /// Records a consent and gives its name.
    pub(crate) async fn consent(
        &self,
        caller: usize,
        youth: &str,
        (from, to): (&str, &str),
        categories: &[polku_proto::v1::DataCategory],
    ) -> String {
        let mut terms = terms(from, to, PURPOSE, categories);
        let until = self.town.clock.right() + SignedDuration::from_hours(300 * 24);
        terms.valid_until = Some(prost_types::Timestamp { seconds: until.as_second(), nanos: 0 });
        let request = RecordConsentRequest {
            request_id: self.id(),
            youth: youth.to_owned(),
            terms: Some(terms),
            evidence: Some(evidence()),
            ..RecordConsentRequest::default()
        };
        let change = self
            .insist(caller, |mut client| {
                let request = request.clone();
                async move { Ok(client.consent.record_consent(request).await?.into_inner()) }
            })
            .await
            .unwrap();
        let name = change.consent.unwrap().name;
        let id: ConsentName = name.parse().unwrap();
        self.acknowledged(change.receipt, Made::Consent(id.consent.uuid()));
        name
    }

    async fn refer(&self, caller: usize, number: usize, pair: (usize, &'static str)) {
        let (youth, agency) = pair;
        let request = SendReferralRequest {
            request_id: self.id(),
            ..referral_to(agency, &self.youths[youth], PURPOSE, content(number))
        };
        let sent = self
            .insist(caller, |mut client| {
                let request = request.clone();
                async move { Ok(client.referral.send_referral(request).await?.into_inner()) }
            })
            .await;
        match sent {
            Ok(sent) => {
                let name = sent.referral.unwrap().name;
                let id: ReferralName = name.parse().unwrap();
                self.acknowledged(sent.receipt, Made::Referral(id.referral));
                let mut pages = self.town.book.open();
                pages.note(format!("referral {number} to {agency} is acknowledged"));
                pages.counts.referrals += 1;
                pages.sent.insert(number, (name, agency));
            }
            Err(status) => self.town.book.note(format!("referral {number} is refused: {:?}", status.code())),
        }
    }

    /// A consent is taken back, and given again some time later.
    async fn change_mind(&self, pair: (usize, &'static str)) {
        let Some(consent) = self.town.book.open().consents.remove(&pair) else { return };
        let id: ConsentName = consent.parse().unwrap();
        let request = WithdrawConsentRequest {
            request_id: self.id(),
            name: consent,
            ..WithdrawConsentRequest::default()
        };
        let change = self
            .insist(1, |mut client| {
                let request = request.clone();
                async move { Ok(client.consent.withdraw_consent(request).await?.into_inner()) }
            })
            .await
            .unwrap();
        {
            let mut pages = self.town.book.open();
            let named = (change.stopped.len(), change.under_way.len());
            pages.note(format!("withdrawn {pair:?}: stopped, under way {named:?}"));
            pages.counts.withdrawals += 1;
            pages.counts.stopped += change.stopped.len();
            pages.stopped.extend(change.stopped);
            pages.grounds.insert(pair, Ground::Withdrawn(change.under_way));
        }
        self.acknowledged(change.receipt, Made::Withdrawn(id.consent.uuid()));
        sleep(self.chance.seconds(600, 6 * 3_600)).await;
        self.permit(pair).await;
    }

    /// An agency answers in its own protocol, or the sender calls a referral off.
    async fn step(&self) {
        let sent: Vec<_> = self.town.book.open().sent.clone().into_iter().collect();
        if sent.is_empty() {
            return;
        }
        let (number, (name, agency)) = self.chance.pick(&sent).clone();
        if self.chance.one_in(4) {
            self.call_off(&name, number).await
        } else {
            self.answer(&name, number, agency).await
        }
    }

    async fn call_off(&self, name: &str, number: usize) {
        let seen = self
            .insist(0, |mut client| {
                let request = GetReferralRequest { name: name.to_owned() };
                async move { Ok(client.referral.get_referral(request).await?.into_inner()) }
            })
            .await;
        let Ok(seen) = seen else { return };
        let request = CancelReferralRequest {
            request_id: self.id(),
            name: name.to_owned(),
            etag: seen.etag,
            note: String::new(),
        };
        let change = self
            .insist(0, |mut client| {
                let request = request.clone();
                async move { Ok(client.referral.cancel_referral(request).await?.into_inner()) }
            })
            .await;
        match change {
            Ok(change) => {
                let id: ReferralName = name.parse().unwrap();
                self.acknowledged(change.receipt, Made::CalledOff(id.referral));
                self.town.book.open().counts.steps += 1;
                self.town.book.note(format!("referral {number} is called off"));
            }
            Err(status) => {
                self.town.book.note(format!("referral {number} is not called off: {:?}", status.code()));
            }
        }
    }

    async fn answer(&self, name: &str, number: usize, agency: &'static str) {
        let unit = if agency == TE { "nuorten-palvelut" } else { "yksikko-1" };
        let message = Message {
            id: self.chance.uuid(),
            official: Official::new("virkailija-7", unit),
            what: Outgoing::Change {
                referral: name.rsplit('/').next().unwrap().to_owned(),
                action: self.chance.pick(&[Action::Accept, Action::Accept, Action::Start]).clone(),
                reason: None,
                outcome: None,
                note: String::new(),
            },
        };
        loop {
            match self.town.simulator(agency).send(&message).await {
                Ok(Reply::Applied { state, .. }) => {
                    self.town.book.open().counts.steps += 1;
                    self.town.book.note(format!("referral {number} at {agency} is {}", state.as_str_name()));
                    return;
                }
                Ok(Reply::Refused { code }) if !code.contains("UNAVAILABLE") => {
                    self.town.book.note(format!("the step of {agency} is refused: {code}"));
                    return;
                }
                Ok(Reply::Unsupported) => return,
                Ok(_) | Err(_) => sleep(self.chance.seconds(5, 400)).await,
            }
        }
    }
}

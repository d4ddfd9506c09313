//! What happens to Aino, and does it happen as it should?

mod after;
mod arrival;
mod beside;
mod employment;
mod handover;
mod plan;
mod window;
mod withdrawal;
mod workshop;

use std::time::Duration;

use jiff::SignedDuration;
use polku_gateway::clock::Clock as _;
use polku_gateway::front::Bound;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, AuditReceipt, Consent, ConsentState, ConsentTerms, Decision, DeliveryState,
    GetNextStepRequest, GetReferralRequest, JourneyEntry, NextStep, Purpose, RecordConsentRequest, Referral,
    ReferralState, SendReferralRequest, SendReferralResponse, VerifyConsentRequest, VerifyConsentResponse,
};
use tokio::time::{Instant, sleep};

use super::cast;
use super::clock::StoryClock;
use super::teller::{Deviation, Teller, answered, same, there};
use crate::simulators::{SimulatedAgency, TakenIn};
use crate::world::{Client, KELA, OHJAAMO, OMA, PAJA, TE, World, evidence, professional, request_id};

/// How long the story waits for something that happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Three months after the hand-over, and some days to ask.
const THREE_MONTHS: SignedDuration = SignedDuration::from_hours(96 * 24);
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What the story leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `youths/{youth}` of the young person.
    pub youth: String,
}

/// Tells the whole story and checks every step of it. The gateway and the agencies are on this clock, which it moves.
///
/// # Errors
/// The first [`Deviation`].
pub async fn tell(
    world: &World,
    bound: Bound,
    clock: &StoryClock,
    teller: &mut Teller<'_>,
) -> Result<Told, Deviation> {
    introduce(world, bound, clock, teller)?;
    teller.chapter("Aino walks in")?;
    let mut scene = Scene::open(world, bound, clock, teller).await?;
    arrival::walk_in(&mut scene).await?;
    arrival::one_adult(&mut scene).await?;
    arrival::this_week(&mut scene).await?;
    scene.teller.chapter("What she lets be told, and what she does not")?;
    let consent = employment::consent(&mut scene).await?;
    let first = employment::refer(&mut scene, &consent).await?;
    employment::accept(&mut scene, &first).await?;
    workshop::refuse(&mut scene).await?;
    let second = workshop::refer(&mut scene).await?;
    workshop::answer(&mut scene, &second).await?;
    let (support, third) = withdrawal::queue(&mut scene).await?;
    withdrawal::withdraw(&mut scene, &support, &third).await?;
    withdrawal::nothing_arrives(&mut scene, &consent, &first, &third).await?;
    scene.teller.chapter("One window over five agencies")?;
    window::permit(&mut scene).await?;
    window::look(&mut scene).await?;
    scene.teller.chapter("Nobody is sent on alone")?;
    let fourth = handover::refer(&mut scene).await?;
    handover::escort(&mut scene, &fourth).await?;
    scene.teller.chapter("One plan instead of five")?;
    let joint = plan::begin(&mut scene).await?;
    plan::come_together(&mut scene, &joint).await?;
    plan::clash(&mut scene, &joint).await?;
    plan::measure(&mut scene, &joint).await?;
    plan::meet(&mut scene, &joint).await?;
    plan::agree(&mut scene, &joint).await?;
    plan::stay_in_step(&mut scene, &joint).await?;
    scene.teller.chapter("One adult, one thing at a time")?;
    beside::next_step(&mut scene, &joint).await?;
    beside::mandate(&mut scene).await?;
    beside::profile(&mut scene).await?;
    scene.teller.chapter("Three months later")?;
    after::retention(&mut scene, &fourth).await?;
    after::disclosures(&mut scene).await?;
    after::end(&mut scene).await?;
    let youth = scene.youth;
    let steps = teller.steps();
    teller.title(&format!("\nAll {steps} steps went as told."))?;
    Ok(Told { youth })
}

fn introduce(
    world: &World,
    bound: Bound,
    clock: &StoryClock,
    teller: &mut Teller<'_>,
) -> Result<(), Deviation> {
    teller.title(
        "Polku: the way of a young person from walking in to three months after, over five agencies.",
    )?;
    teller.title("People and agencies are invented.")?;
    let te = format!("employment services; X-Road SOAP 4.0 at {}", world.te.base_url());
    let paja = format!("youth workshop; REST with OAuth 2.0 at {}", world.walmu.base_url());
    let gateway = format!("gRPC on {}, agencies' own protocols on {}", bound.grpc, bound.inbound);
    for (name, who) in [
        (OHJAAMO, "one-stop guidance point; calls the gateway over gRPC"),
        (OMA, "front in which the young person acts herself; calls the gateway over gRPC"),
        (TE, te.as_str()),
        (PAJA, paja.as_str()),
        (KELA, "the Social Insurance Institution; X-Road REST, and gRPC"),
        (cast::CITY, "the city's employment unit; X-Road SOAP 4.0, and gRPC"),
        (cast::SOCIAL, "social services; FHIR over X-Road REST, and gRPC"),
        ("gateway", gateway.as_str()),
    ] {
        teller.entry(name, &[who])?;
    }
    let day = clock.day();
    teller.entry("clock", &[format!("of the story, for all of them: it begins on {day} and moves with it")])
}

/// Where the story plays.
struct Scene<'a, 'b> {
    world: &'a World,
    bound: Bound,
    clock: &'a StoryClock,
    teller: &'a mut Teller<'b>,
    ohjaamo: Client,
    aino: Client,
    youth: String,
}

impl<'a, 'b> Scene<'a, 'b> {
    /// Aino comes to Ohjaamo and becomes an id.
    async fn open(
        world: &'a World,
        bound: Bound,
        clock: &'a StoryClock,
        teller: &'a mut Teller<'b>,
    ) -> Result<Self, Deviation> {
        let client = |identity| {
            world.client(bound.grpc, identity).map_err(|error| Deviation {
                what: "a client of the gateway".into(),
                expected: "one".into(),
                seen: format!("{error:#}"),
            })
        };
        let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
        let mut ohjaamo = client(&world.identities.ohjaamo)?.acting(&worker);
        teller.step("Aino, without work or a place to study, walks into Ohjaamo without a referral")?;
        let youth = ohjaamo.identify(cast::IDENTITY_CODE).await.map_err(|status| Deviation {
            what: "IdentifyYouth".into(),
            expected: "an id".into(),
            seen: super::teller::refusal(&status),
        })?;
        teller.line("Her identity code is given once and answered with the id that all use from now on.")?;
        teller.entry("id", &[&youth])?;
        let aino = client(&world.identities.oma)?.acting(&cast::herself(&youth));
        Ok(Self { world, bound, clock, teller, ohjaamo, aino, youth })
    }

    /// Time passes, and is told.
    fn pass(&mut self, time: SignedDuration, said: &str) -> Result<(), Deviation> {
        self.clock.advance(time);
        self.teller.title(&format!("\n{said}: it is {}.", self.clock.day()))
    }

    /// Somebody writes down what has happened.
    async fn note(&mut self, client: &Client, matter: Matter) -> Result<JourneyEntry, Deviation> {
        let written = client.clone().journey.add_journey_entry(entered(&self.youth, matter)).await;
        there("the entry in the answer", answered("AddJourneyEntry", written)?.entry)
    }

    /// Who is beside her and what is next, as she asks it herself.
    async fn next(&mut self) -> Result<NextStep, Deviation> {
        let request = GetNextStepRequest { youth: self.youth.clone(), ..GetNextStepRequest::default() };
        answered("GetNextStep", self.aino.journey.get_next_step(request).await)
    }

    /// Ohjaamo records what Aino has signed, for a year.
    async fn record(&mut self, terms: ConsentTerms) -> Result<Consent, Deviation> {
        let until = self.clock.now().as_second() + YEAR.as_secs();
        let valid_until = Some(prost_types::Timestamp { seconds: until, nanos: 0 });
        let terms = ConsentTerms { valid_until, ..terms };
        self.teller.entry("may receive", &terms.recipients)?;
        let purposes = terms.purposes.iter().filter_map(|purpose| Purpose::try_from(*purpose).ok());
        let purposes: Vec<&str> = purposes.map(|purpose| purpose.as_str_name()).collect();
        self.teller.entry("for", &purposes)?;
        self.teller.entry("consent names", &cast::names(&terms.categories))?;
        let request = RecordConsentRequest {
            request_id: request_id(),
            youth: self.youth.clone(),
            terms: Some(terms),
            evidence: Some(evidence()),
            ..RecordConsentRequest::default()
        };
        let change = answered("RecordConsent", self.ohjaamo.consent.record_consent(request).await)?;
        let consent = there("the consent in the answer", change.consent)?;
        same("state of the consent", &ConsentState::Given, &consent.state())?;
        self.receipt(change.receipt)?;
        Ok(consent)
    }

    /// What `VerifyConsent` says to Ohjaamo about all that it would tell. The referral's status is not its to tell.
    async fn verify(&mut self, terms: &ConsentTerms) -> Result<Decision, Deviation> {
        let request = VerifyConsentRequest {
            youth: self.youth.clone(),
            discloser: OHJAAMO.into(),
            recipient: terms.recipients.first().cloned().unwrap_or_default(),
            purpose: terms.purposes.first().copied().unwrap_or_default(),
            categories: cast::told_by_sender(&terms.categories),
            ..VerifyConsentRequest::default()
        };
        let answer = answered("VerifyConsent", self.ohjaamo.consent.verify_consent(request).await)?;
        let VerifyConsentResponse { decision, receipt } = answer;
        let decision = there("the decision of VerifyConsent", decision)?;
        let mut words = vec![decision.verdict().as_str_name().to_owned()];
        words.extend(cast::names(&decision.permitted));
        self.teller.entry("VerifyConsent", &words)?;
        self.receipt(receipt)?;
        Ok(decision)
    }

    /// Ohjaamo sends a referral.
    async fn send(&mut self, request: SendReferralRequest) -> Result<(Referral, Decision), Deviation> {
        let answer = answered("SendReferral", self.ohjaamo.referral.send_referral(request).await)?;
        let SendReferralResponse { referral, decision, receipt, warnings: _ } = answer;
        let referral = there("the referral in the answer", referral)?;
        let decision = there("the decision in the answer", decision)?;
        self.teller.entry("referral", &[&referral.name])?;
        self.teller.entry("decision", &[decision.verdict().as_str_name()])?;
        self.receipt(receipt)?;
        Ok((referral, decision))
    }

    /// What the agency's system has really taken in, by the names of its own document.
    fn tell_received(&mut self, taken: &TakenIn) -> Result<(), Deviation> {
        let mut names: Vec<&str> = taken.fields.iter().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        self.teller.entry("received", &names)
    }

    /// What stayed behind, and why.
    fn tell_withheld(&mut self, decision: &Decision, terms: &ConsentTerms) -> Result<(), Deviation> {
        for category in &decision.withheld {
            let why = cast::why(*category, terms);
            for name in cast::names(&[*category]) {
                self.teller.entry("held back", &[format!("{name}: {why}")])?;
            }
        }
        Ok(())
    }

    fn receipt(&mut self, receipt: Option<AuditReceipt>) -> Result<(), Deviation> {
        let receipt = there("the audit receipt", receipt)?;
        self.receipt_number(receipt.sequence)
    }

    fn receipt_number(&mut self, sequence: u64) -> Result<(), Deviation> {
        self.teller.entry("audit receipt", &[format!("no. {sequence}")])
    }

    /// The referral as Ohjaamo sees it now.
    async fn seen(&mut self, referral: &Referral) -> Result<Referral, Deviation> {
        let request = GetReferralRequest { name: referral.name.clone() };
        answered("GetReferral", self.ohjaamo.referral.get_referral(request).await)
    }

    /// Tells in which state Ohjaamo sees the referral, and that it is the right one.
    async fn tell_state(
        &mut self,
        referral: &Referral,
        state: ReferralState,
        delivery: DeliveryState,
    ) -> Result<(), Deviation> {
        let seen = self.seen(referral).await?;
        same("state of the referral", &state, &seen.state())?;
        same("state of the delivery", &delivery, &seen.delivery_state())?;
        self.teller.entry("Ohjaamo sees", &[state.as_str_name(), delivery.as_str_name()])
    }
}

/// Waits until something that happens by itself has happened.
async fn wait_for<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Deviation>,
) -> Result<T, Deviation> {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = look().await?;
        if found.is_some() || Instant::now() >= end {
            return there(what, found);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The system of an agency.
fn own_system<'w>(world: &'w World, id: &str) -> Result<&'w dyn SimulatedAgency, Deviation> {
    match id {
        TE => Ok(&world.te),
        PAJA => Ok(&world.walmu),
        _ => Ok(there("an agency's own system", world.agencies.get(id))?.simulator.as_ref()),
    }
}

fn entered(youth: &str, matter: Matter) -> AddJourneyEntryRequest {
    let entry = JourneyEntry { matter: Some(matter), ..JourneyEntry::default() };
    AddJourneyEntryRequest { request_id: request_id(), parent: youth.to_owned(), entry: Some(entry) }
}

/// The UUID at the end of a referral's name.
fn id_of(referral: &Referral) -> &str {
    referral.name.rsplit('/').next().unwrap_or_default()
}

/// Checks that none of these texts has reached the agency in any form.
fn nothing_of(texts: &[&str], ledger: &crate::simulators::Ledger, agency: &str) -> Result<(), Deviation> {
    for (index, text) in texts.iter().enumerate() {
        let what = format!("text {} that is to stay behind, at {agency}", index + 1);
        same(&what, &false, &ledger.received_contains(text.as_bytes()))?;
    }
    Ok(())
}

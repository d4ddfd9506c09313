//! What happens in a journey in which everything personal is recognisable?

use std::net::SocketAddr;
use std::time::Duration;

use polku_proto::v1::{
    CompleteReferralRequest, Consent, ConsentEvidence, DataCategory, DeliveryState, GetJourneyRequest,
    GetReferralRequest, Outcome, ProvideInformationRequest, RecordConsentRequest, Referral, ReferralContent,
    ReferralState, SendReferralRequest, WatchReferralsRequest, WithdrawConsentRequest,
};
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::simulators::walmu::event::{Event, EventReply};
use polku_tests::simulators::{Action, Official};
use polku_tests::world::{
    Client, KELA, OHJAAMO, PAJA, TE, World, evidence, full_content, official, professional, referral_to,
    request_id, terms,
};
use prost::Message as _;
use tonic::Status;

/// What must have been told to an agency, for the journey to be one.
pub(super) const MUST_ARRIVE: [&str; 8] = [
    "010594Y9032",
    "Testi Kanarialintu",
    "Esimerkkinen",
    "+358 40 0000000",
    "kanarialintu@example.fi",
    "Kanarialinnunkuja 1",
    "kanaria-terveys",
    "kanaria-lisatieto",
];

pub(super) const ALL: [DataCategory; 14] = [
    DataCategory::IdentityContact,
    DataCategory::AddressContact,
    DataCategory::ServiceAttendance,
    DataCategory::EducationWork,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::ServiceNeeds,
    DataCategory::JointPlan,
    DataCategory::GuidanceNotes,
    DataCategory::Housing,
    DataCategory::BenefitsIncome,
    DataCategory::OutcomeMeasures,
    DataCategory::QualityOfLife,
    DataCategory::ReferralStatus,
];

/// Something that the gateway said to somebody who made a mistake.
pub(super) struct Answer {
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Journey<'w> {
    pub(super) world: &'w World,
    pub(super) address: SocketAddr,
    pub(super) ohjaamo: Client,
    pub(super) youth: String,
    pub(super) answers: Vec<Answer>,
}

/// The full content, with an address that is not to be found by chance.
pub(super) fn content() -> ReferralContent {
    let mut content = full_content();
    let contact = content.contact.as_mut().unwrap();
    contact.postal_code = "XK-07 QZ".into();
    contact.city = "Kanarianlinna".into();
    content
}

impl<'w> Journey<'w> {
    pub(super) fn new(world: &'w World, address: SocketAddr) -> Self {
        let worker = professional("kanaria.ohjaaja", "keskusta", "guidance_worker");
        let ohjaamo = world.client(address, &world.identities.ohjaamo).unwrap().acting(&worker);
        Self { world, address, ohjaamo, youth: String::new(), answers: Vec::new() }
    }

    /// Keeps what the gateway said to a call that had to fail.
    pub(super) fn refused<T: std::fmt::Debug>(&mut self, what: &str, result: Result<T, Status>) {
        let status = result.expect_err(what);
        let mut bytes = status.message().as_bytes().to_vec();
        bytes.push(b'\n');
        bytes.extend_from_slice(status.details());
        for entry in status.metadata().clone().into_headers().values() {
            bytes.push(b'\n');
            bytes.extend_from_slice(entry.as_bytes());
        }
        bytes.extend_from_slice(format!("\n{status:?}").as_bytes());
        self.answers.push(Answer { what: what.to_owned(), bytes });
    }

    pub(super) async fn consent(&self, youth: &str, agency: &str, categories: &[DataCategory]) -> Consent {
        let request = RecordConsentRequest {
            request_id: request_id(),
            youth: youth.to_owned(),
            terms: Some(terms(OHJAAMO, agency, super::errors::purpose(agency), categories)),
            evidence: Some(ConsentEvidence { reference: "kanaria-viite".into(), ..evidence() }),
            ..RecordConsentRequest::default()
        };
        self.ohjaamo.consent.clone().record_consent(request).await.unwrap().into_inner().consent.unwrap()
    }

    pub(super) fn request(&self, agency: &str) -> SendReferralRequest {
        let mut request = referral_to(agency, &self.youth, super::errors::purpose(agency), content());
        request.wait_for_delivery = true;
        request
    }

    pub(super) async fn send(&self, agency: &str) -> Referral {
        let answer = self.ohjaamo.referral.clone().send_referral(self.request(agency)).await.unwrap();
        answer.into_inner().referral.unwrap()
    }

    pub(super) fn update(&self, name: &str, action: Action, note: &str) -> Update {
        let mut update = Update::new(name.rsplit('/').next().unwrap(), action).with_note(note);
        update.official = official();
        update
    }

    async fn applied(&self, update: &Update) {
        let reply = self.world.te.send_update(update).await.unwrap();
        assert!(matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
    }

    /// Everything goes well, with every agency and every kind of data.
    pub(super) async fn with_success(&mut self) {
        self.youth = self.ohjaamo.identify("010594Y9032").await.unwrap();
        let mut events =
            self.ohjaamo.referral.watch_referrals(WatchReferralsRequest::default()).await.unwrap();
        for agency in [TE, PAJA, KELA] {
            self.consent(&self.youth, agency, &ALL).await;
        }
        for agency in [TE, PAJA, KELA] {
            let referral = self.send(agency).await;
            assert_eq!(referral.delivery_state(), DeliveryState::Delivered, "{agency}");
            if agency == TE {
                self.conversation(&referral.name).await;
            } else if agency == PAJA {
                self.webhook(&referral.name).await;
            }
        }
        let journey = GetJourneyRequest { youth: self.youth.clone(), ..GetJourneyRequest::default() };
        let journey = self.ohjaamo.journey.get_journey(journey).await.unwrap().into_inner();
        assert!(String::from_utf8_lossy(&journey.encode_to_vec()).contains("kanaria-terveys"));
        let event = events.get_mut().message().await.unwrap().unwrap();
        assert!(event.referral.is_some());

        // Somebody else's identity code, and a consent that is taken back for a reason.
        let other = self.ohjaamo.identify("010594-9032").await.unwrap();
        let consent = self.consent(&other, TE, &ALL).await;
        let request = WithdrawConsentRequest {
            request_id: request_id(),
            name: consent.name,
            reason: "kanaria-peruuttamisen syy".into(),
            ..WithdrawConsentRequest::default()
        };
        self.ohjaamo.consent.withdraw_consent(request).await.unwrap();
    }

    /// Question, answer, notes, end.
    async fn conversation(&self, name: &str) {
        self.applied(&self.update(name, Action::AskForInformation, "kanaria-kysymys")).await;
        let request = ProvideInformationRequest {
            request_id: request_id(),
            name: name.to_owned(),
            answer: Some(ReferralContent { reason: "kanaria-lisatieto".into(), ..content() }),
            ..ProvideInformationRequest::default()
        };
        self.ohjaamo.referral.clone().provide_information(request).await.unwrap();
        self.applied(&self.update(name, Action::Accept, "kanaria-hyvaksynta")).await;
        self.applied(&self.update(name, Action::Start, "kanaria-aloitus")).await;
        let mut end = self.update(name, Action::Complete, "kanaria-lopetus");
        end.outcome = Some("SAI_PALVELUN".into());
        self.applied(&end).await;
        let told = || async {
            let notices = self.world.te.ledger().notices();
            notices.iter().any(|notice| notice.field("laji") == Some("LISATIEDOT_ANNETTU")).then_some(())
        };
        polku_tests::world::eventually(Duration::from_secs(10), told).await.unwrap();
        let request = GetReferralRequest { name: name.to_owned() };
        let seen = self.ohjaamo.referral.clone().get_referral(request).await.unwrap().into_inner();
        assert_eq!((seen.state(), seen.status_note.as_str()), (ReferralState::Completed, "kanaria-lopetus"));
    }

    async fn webhook(&self, name: &str) {
        let mut event =
            Event::new(name.rsplit('/').next().unwrap(), Action::Accept).with_note("kanaria-tervetuloa");
        event.official = Official::new("valmentaja-1", "paja");
        let reply = self.world.walmu.send_event(&event).await.unwrap();
        assert!(matches!(reply, EventReply::Applied { .. }), "{reply:?}");
    }

    /// A step that is not allowed in the referral's state.
    pub(super) fn completion(&self, name: &str) -> CompleteReferralRequest {
        CompleteReferralRequest {
            request_id: request_id(),
            name: name.to_owned(),
            outcome: Outcome::GotService as i32,
            note: "kanaria-ennenaikainen".into(),
            ..CompleteReferralRequest::default()
        }
    }
}

//! Which payloads are the adapters tried with? A made-up person, and a permit that the real engine gives.

mod answers;
pub(super) mod any;
pub(super) mod asked;
mod canary;
mod cut;
mod members;
mod moments;
mod plan;
mod standing;
mod steps;
mod subsets;

use std::path::PathBuf;

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, Authorised, Channel, ConsentIndex, Decision, Directory, Engine, GivenBy, Grant,
    GrantKind, Period, PurposeSet, Question, Reader, Rules, Sector, Standing, Viewer,
};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    ContactDetails, DataCategory, Delivery, DeliveryState, EducationWork, Outcome, Purpose, ReferralContent,
    ReferralHandover, ReferralNotice, ReferralState, RejectionReason, referral_notice,
};
use polku_proto::{AgencyId, CategorySet, Valid, time};
use uuid::Uuid;

use crate::{InboundChange, InboundEvent, InboundMatter};

pub(super) use answers::{
    Answering, Dates, OFFICE_STATES, Replies, Spelling, Told, receipt_in_json, try_every_answer,
};
pub(super) use cut::try_any_cut;
pub(super) use members::Members;
pub(super) use moments::{Zones, try_every_day, try_every_moment};
pub(super) use plan::{PLAN, QUERY, facts_query, plan_part, query_permit};
pub(super) use standing::{standing_in_json, standing_in_xml, try_every_standing};
pub(super) use steps::{Step, as_xml, try_every_step};
pub(super) use subsets::{
    FINNISH, Places, try_every_disclosure, try_every_plan, try_every_referral, try_every_subset,
};

pub(super) const YOUTH: &str = "0193c5a0-0000-7000-8000-000000000001";
pub(super) const REFERRAL: &str = "0193c5a0-0000-7000-8000-000000000002";
pub(super) const MESSAGE: &str = "0193c5a0-0000-7000-8000-000000000003";
pub(super) const CONSENT: &str = "0193c5a0-0000-7000-8000-000000000004";
/// By which the gateway's log tells of any message.
pub(super) const LOG_ID: Uuid = Uuid::from_u128(0x0193_c5a0_0000_7000_8000_0000_0000_1065);

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn now() -> Timestamp {
    instant("2026-11-21T09:31:00Z")
}

pub(super) fn agency(text: &str) -> AgencyId {
    text.parse().unwrap()
}

/// An agency, or a unit of it, as the contract names it.
pub(super) fn party(agency: &str, unit: &str) -> String {
    if unit.is_empty() { agency.to_owned() } else { format!("{agency}/{unit}") }
}

pub(super) fn ca_file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/agencies/testdata/ca.pem"))
}

pub(super) fn content() -> ReferralContent {
    ReferralContent {
        identity_code: "010594Y9032".into(),
        given_names: "Aino Maria".into(),
        family_name: "Esimerkki".into(),
        contact_language: "fi".into(),
        contact: Some(ContactDetails {
            phone: "+358 40 1234567".into(),
            email: "aino@example.invalid".into(),
            street_address: "Koivukuja 3 A 12".into(),
            postal_code: "90100".into(),
            city: "Oulu".into(),
            municipality: "564".into(),
        }),
        reason: "Etsii \"omaa\" alaa & <työtä>.\nHaluaa jutella.".into(),
        service_needs: vec!["Uraohjaus".into(), "Työkokeilu".into()],
        education_work: Some(EducationWork {
            education_level: Some(3),
            education: "Datanomi".into(),
            work_history: "Kesätyö 2025".into(),
            job_seeker_status: "02".into(),
        }),
        social_situation: "Asuu yksin.".into(),
        health_capacity: "Uni on kevyttä.".into(),
        housing: "Vuokralla.".into(),
        benefits_income: "Työmarkkinatuki.".into(),
        joint_plan: "Ensin työkokeilu.".into(),
        service_attendance: "Kolme käyntiä.".into(),
        outcome_measures: "Tähti 3/5.".into(),
        quality_of_life: "62/100.".into(),
        correspondence_address: "PL 7, 90015 Oulu".into(),
        contact_wish: "Soita iltapäivällä.".into(),
    }
}

pub(super) fn handover(content: Option<ReferralContent>) -> ReferralHandover {
    ReferralHandover {
        purpose: Purpose::EmploymentServices.into(),
        create_time: Some(time::to_wire(instant("2026-11-21T09:30:00Z")).unwrap()),
        respond_by: content.as_ref().map(|_| time::to_wire(instant("2026-12-21T09:30:00.5Z")).unwrap()),
        content,
        recipient_unit: String::new(),
        claim: None,
        redacted: false,
    }
}

pub(super) fn notice() -> ReferralNotice {
    ReferralNotice {
        kind: referral_notice::Kind::StateChanged.into(),
        state: ReferralState::Rejected.into(),
        time: Some(time::to_wire(instant("2026-11-21T09:30:00Z")).unwrap()),
        rejection_reason: RejectionReason::WrongService.into(),
        outcome: Outcome::ReferredElsewhere.into(),
        status_note: "Vastaanottajan sana.".into(),
        answer: Some(ReferralContent { housing: "Vuokralla.".into(), ..ReferralContent::default() }),
        sender_note: "Lähettäjän sana.".into(),
        delivery_state: DeliveryState::Unspecified.into(),
    }
}

/// A delivery from `ohjaamo` to the recipient.
pub(super) fn delivery(recipient: &str, item: Item) -> Delivery {
    Delivery {
        message_id: MESSAGE.into(),
        referral: format!("youths/{YOUTH}/referrals/{REFERRAL}"),
        sender: "ohjaamo".into(),
        recipient: recipient.into(),
        item: Some(item),
        professional: String::new(),
    }
}

/// Has the engine authorise a delivery to its recipient, under a consent for everything.
pub(super) fn permit(delivery: Delivery) -> Authorised<Delivery> {
    let recipient = agency(&delivery.recipient);
    let (index, question) = (index(&recipient), question(&recipient));
    engine(&recipient)
        .authorise(&index, Valid::check(delivery).unwrap(), CategorySet::EMPTY, &question)
        .unwrap()
}

/// Has the engine authorise a delivery, and gives it as its recipient gets it.
pub(super) fn spent(delivery: Delivery) -> (Delivery, Decision) {
    let reader = Reader::Agency(agency(&delivery.recipient));
    permit(delivery).spend(&reader, now()).unwrap()
}

/// The change that an agency tells of.
pub(super) fn changed(event: InboundEvent) -> InboundChange {
    match event.matter {
        InboundMatter::Change { change, .. } => change,
        InboundMatter::Referral(_) | InboundMatter::PlanPart(_) => panic!("no change"),
    }
}

fn engine(recipient: &AgencyId) -> Engine {
    let party = |id: AgencyId, sector| Agency::new(id, sector, Standing::Authority);
    let agencies =
        vec![party(agency("ohjaamo"), Sector::YouthWork), party(recipient.clone(), Sector::Employment)];
    // Both ways: news go back on the sender's own referral.
    let there = Agreement { from: agency("ohjaamo"), to: recipient.clone() };
    let back = Agreement { from: recipient.clone(), to: agency("ohjaamo") };
    let directory = Directory::new(agencies, vec![there, back]).unwrap();
    Engine::new(Rules::shipped().unwrap(), directory).unwrap()
}

fn channel(recipient: &AgencyId) -> Channel {
    Channel::between(agency("ohjaamo"), recipient.clone())
}

fn question(recipient: &AgencyId) -> Question {
    let youth = YOUTH.parse().unwrap();
    Question::new(youth, channel(recipient), Viewer::Addressee, Purpose::EmploymentServices, now())
}

fn index(recipient: &AgencyId) -> ConsentIndex {
    index_for(&channel(recipient), CategorySet::ALL.difference(CategorySet::of(&[DataCategory::Envelope])))
}

/// One consent for these categories, all of them explicit, to tell along this channel.
fn index_for(channel: &Channel, categories: CategorySet) -> ConsentIndex {
    let mut index = ConsentIndex::new();
    let grant = Grant {
        id: CONSENT.parse().unwrap(),
        version: 1,
        youth: YOUTH.parse().unwrap(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: instant("2026-11-01T00:00:00Z"),
        disclosers: vec![channel.from.clone()],
        recipients: vec![channel.to.clone()],
        purposes: PurposeSet::of(&[Purpose::EmploymentServices]),
        categories,
        explicit: polku_policy::SPECIAL.intersection(categories),
        period: Period::new(instant("2026-11-01T00:00:00Z"), Some(instant("2027-11-01T00:00:00Z"))).unwrap(),
    };
    index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
    index.put_grant(&grant, 1);
    index
}

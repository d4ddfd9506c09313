//! What is sent so that there is an answer to read? A made-up person, and permits that the real engine gives.

use polku_policy::{
    Agency, Agreement, Authorised, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant, GrantKind,
    Period, PurposeSet, Question, Rules, Sector, Standing, Viewer,
};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{
    DataCategory, Delivery, DisclosureNotice, FactsQuery, PlanPart, PlanState, Purpose, ReferralContent,
    ReferralHandover, ReferralNotice, ReferralState, referral_notice,
};
use polku_proto::{AgencyId, CategorySet, Disclose, MessageId, Party, Valid, time};

use crate::agencies::now;

const YOUTH: &str = "0193c5a0-0000-7000-8000-000000000001";
const REFERRAL: &str = "0193c5a0-0000-7000-8000-000000000002";
const MESSAGE: &str = "0193c5a0-0000-7000-8000-000000000003";
const CONSENT: &str = "0193c5a0-0000-7000-8000-000000000004";
const PLAN: &str = "0193c5a0-0000-7000-8000-000000000005";
const SENDER: &str = "ohjaamo";

/// Makes permits under a consent to tell everybody everything.
pub struct Permits {
    engine: Engine,
    index: ConsentIndex,
}

impl Permits {
    pub fn new() -> Self {
        let id = |text: &str| -> AgencyId { text.parse().unwrap() };
        let party = |text: &str, sector| Agency::new(id(text), sector, Standing::Authority);
        let recipients = || polku_adapters::kinds().iter().map(|kind| kind.id);
        let mut agencies = vec![party(SENDER, Sector::YouthWork)];
        agencies.extend(recipients().map(|recipient| party(recipient, Sector::Employment)));
        let agreement = |to: &str| Agreement { from: id(SENDER), to: id(to) };
        let directory = Directory::new(agencies, recipients().map(agreement).collect()).unwrap();
        let categories = CategorySet::ALL.difference(CategorySet::of(&[DataCategory::Envelope]));
        let mut index = ConsentIndex::new();
        let period = Period::new(now() - jiff::SignedDuration::from_hours(1), None).unwrap();
        let grant = Grant {
            id: CONSENT.parse().unwrap(),
            version: 1,
            youth: YOUTH.parse().unwrap(),
            kind: GrantKind::Consent,
            given_by: GivenBy::Self_,
            given: period.from(),
            disclosers: vec![Party::whole(id(SENDER))],
            recipients: recipients().map(|recipient| Party::whole(id(recipient))).collect(),
            purposes: PurposeSet::of(&[Purpose::EmploymentServices]),
            categories,
            explicit: polku_policy::SPECIAL.intersection(categories),
            period,
        };
        index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
        index.put_grant(&grant, 1);
        Self { engine: Engine::new(Rules::shipped().unwrap(), directory).unwrap(), index }
    }

    /// A new referral.
    pub fn handover(&self, recipient: &AgencyId) -> Authorised<Delivery> {
        let handover = ReferralHandover {
            purpose: Purpose::EmploymentServices.into(),
            create_time: time::to_wire(now()).ok(),
            content: Some(content()),
            ..ReferralHandover::default()
        };
        self.delivery(recipient, format!("youths/{YOUTH}/referrals/{REFERRAL}"), Item::Handover(handover))
    }

    /// News about a referral.
    pub fn notice(&self, recipient: &AgencyId) -> Authorised<Delivery> {
        let notice = ReferralNotice {
            kind: referral_notice::Kind::StateChanged.into(),
            state: ReferralState::Accepted.into(),
            time: time::to_wire(now()).ok(),
            ..ReferralNotice::default()
        };
        self.delivery(recipient, format!("youths/{YOUTH}/referrals/{REFERRAL}"), Item::Notice(notice))
    }

    /// A part of a plan.
    pub fn plan_part(&self, recipient: &AgencyId) -> Authorised<Delivery> {
        let part = PlanPart {
            plan: format!("youths/{YOUTH}/plans/{PLAN}"),
            owner: SENDER.to_owned(),
            revision: 1,
            update_time: time::to_wire(now()).ok(),
            state: PlanState::Active.into(),
            background: Some(content()),
            ..PlanPart::default()
        };
        self.delivery(recipient, String::new(), Item::PlanPart(part))
    }

    /// A notice of a disclosure.
    pub fn disclosure(&self, recipient: &AgencyId) -> Authorised<Delivery> {
        let notice = DisclosureNotice {
            identity_code: identity_code(),
            disclose_time: time::to_wire(now()).ok(),
            disclosed_message: MESSAGE.to_owned(),
            told_to: "te".to_owned(),
            purpose: Purpose::EmploymentServices.into(),
            data_sets: vec![DataCategory::SocialSituation.into()],
            arrival: Arrival::Known.into(),
            ..DisclosureNotice::default()
        };
        self.delivery(recipient, format!("youths/{YOUTH}/referrals/{REFERRAL}"), Item::Disclosure(notice))
    }

    /// A question for everything that is held on a person.
    pub fn facts(&self, source: &AgencyId) -> Authorised<FactsQuery> {
        let personal = CategorySet::ALL.difference(CategorySet::of(&[DataCategory::Envelope]));
        let query = FactsQuery {
            query_id: MESSAGE.to_owned(),
            requester: SENDER.to_owned(),
            professional: String::new(),
            purpose: Purpose::EmploymentServices.into(),
            categories: personal.iter().map(Into::into).collect(),
            identity_code: identity_code(),
        };
        self.permit(source, query)
    }

    fn delivery(&self, recipient: &AgencyId, referral: String, item: Item) -> Authorised<Delivery> {
        let delivery = Delivery {
            message_id: MESSAGE.to_owned(),
            referral,
            sender: SENDER.to_owned(),
            recipient: recipient.to_string(),
            item: Some(item),
            professional: String::new(),
        };
        self.permit(recipient, delivery)
    }

    fn permit<X: Disclose + polku_proto::Validate>(&self, reader: &AgencyId, payload: X) -> Authorised<X> {
        let channel = Channel::between(SENDER.parse().unwrap(), reader.clone());
        let youth = YOUTH.parse().unwrap();
        let question = Question::new(youth, channel, Viewer::Addressee, Purpose::EmploymentServices, now());
        let payload = Valid::check(payload).unwrap();
        self.engine.authorise(&self.index, payload, CategorySet::EMPTY, &question).unwrap()
    }
}

/// The id of every message that is sent.
pub fn message() -> MessageId {
    MESSAGE.parse().unwrap()
}

fn content() -> ReferralContent {
    ReferralContent { identity_code: identity_code(), ..ReferralContent::default() }
}

/// Of an invented person: the individual numbers from 900 on are nobody's.
fn identity_code() -> String {
    "010594Y9032".to_owned()
}

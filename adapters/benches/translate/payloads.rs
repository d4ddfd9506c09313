//! What is told to an agency, and who permits it? One message for everything that a matter can be about.

use std::error::Error;

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{
    Agency, Agreement, Authorised, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant, GrantKind,
    Period, PurposeSet, Question, Rules, SPECIAL, Sector, Standing, Viewer,
};
use polku_proto::v1::DataCategory::{
    IdentityContact, JointPlan, ServiceAttendance, ServiceNeeds, SocialSituation,
};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    Achievement, ActionState, Basis, Consent, ConsentState, ConsentTerms, ContactDetails, DataCategory,
    Delivery, DisclosureNotice, EducationWork, FactsQuery, GoalState, LegalBasis, LegalClaim, LegalGround,
    MeetingState, Origin, Outcome, PermitDomain, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart,
    PlanState, Purpose, ReferralContent, ReferralHandover, ReferralNotice, ReferralState, RejectionReason,
    Worker, basis,
};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, Valid, Validate, time};

type Failure = Box<dyn Error>;

const SENDER: &str = "ohjaamo";
const HETU: &str = "010594Y9032";
/// Somebody who is 22 years old then: Nuotti coaching is for the young.
const YOUNG: &str = "020504A902E";
const YOUTH: &str = "0193c5a0-0000-7000-8000-000000000001";
const REFERRAL: &str = "0193c5a0-0000-7000-8000-000000000002";
pub(crate) const MESSAGE: &str = "0193c5a0-0000-7000-8000-000000000003";
const CONSENT: &str = "0193c5a0-0000-7000-8000-000000000004";
/// The id of the recorded questions.
pub(crate) const QUERY: &str = "0193c5a0-0000-7000-8000-000000000006";
/// The id of the message whose arrival was asked about when it was recorded.
pub(crate) const ASKED_ABOUT: &str = "0193c5a0-0000-7000-8000-000000001001";
const PLAN: &str = "0193c5a0-0000-7000-8000-000000000005";
const PURPOSE: Purpose = Purpose::MultiSectorSupport;

/// Grounds in law that a referral can state, of each sort of notice one.
const GROUNDS: [(&str, LegalGround); 4] = [
    ("referral-on-outreach-notice", LegalGround::OutreachNotice),
    ("referral-on-child-welfare-notice", LegalGround::ChildWelfareNotice),
    ("referral-on-social-care-inability", LegalGround::SocialCareInability),
    ("referral-on-assistance-social-work", LegalGround::AssistanceSocialWork),
];

/// Whose engine permits deliveries from the sender to one agency.
pub(crate) struct Permits {
    recipient: AgencyId,
    engine: Engine,
    index: ConsentIndex,
    question: Question,
    /// The same to the agency as the one that has sent the referral.
    turned: Question,
}

impl Permits {
    /// The real engine with the shipped rules, under a consent for everything.
    pub(crate) fn to(recipient: &AgencyId, now: Timestamp) -> Result<Self, Failure> {
        let sender: AgencyId = SENDER.parse()?;
        let agencies = vec![
            Agency::new(sender.clone(), Sector::YouthWork, Standing::Authority),
            Agency::new(recipient.clone(), Sector::Employment, Standing::Authority),
        ];
        let agreements = vec![
            Agreement { from: sender.clone(), to: recipient.clone() },
            Agreement { from: recipient.clone(), to: sender.clone() },
        ];
        let engine = Engine::new(Rules::shipped()?, Directory::new(agencies, agreements)?)?;
        let categories = CategorySet::ALL.difference(CategorySet::ENVELOPE);
        let mut index = ConsentIndex::new();
        let grant = Grant {
            id: CONSENT.parse()?,
            version: 1,
            youth: YOUTH.parse()?,
            kind: GrantKind::Consent,
            given_by: GivenBy::Self_,
            given: "2026-11-01T00:00:00Z".parse()?,
            disclosers: vec![Party::whole(sender.clone()), Party::whole(recipient.clone())],
            recipients: vec![Party::whole(recipient.clone()), Party::whole(sender.clone())],
            purposes: PurposeSet::of(&[PURPOSE]),
            categories,
            explicit: SPECIAL.intersection(categories),
            period: Period::new("2026-11-01T00:00:00Z".parse()?, Some("2027-11-01T00:00:00Z".parse()?))?,
        };
        index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
        index.put_grant(&grant, 1);
        let channel = Channel::between(sender.clone(), recipient.clone());
        let question = Question::new(YOUTH.parse()?, channel, Viewer::Addressee, PURPOSE, now);
        let channel = Channel::between(recipient.clone(), sender);
        let turned = Question::new(YOUTH.parse()?, channel, Viewer::Author, PURPOSE, now);
        Ok(Self { recipient: recipient.clone(), engine, index, question, turned })
    }

    /// A permit to deliver this, to be spent once.
    pub(crate) fn permit(&self, item: &Item) -> Result<Authorised<Delivery>, Failure> {
        let referral = match item {
            Item::PlanPart(_) => String::new(),
            Item::Handover(_) | Item::Notice(_) | Item::Disclosure(_) => {
                format!("youths/{YOUTH}/referrals/{REFERRAL}")
            }
        };
        let delivery = Delivery {
            message_id: MESSAGE.to_owned(),
            referral,
            sender: SENDER.to_owned(),
            recipient: self.recipient.to_string(),
            item: Some(item.clone()),
            professional: "ohjaaja-7".to_owned(),
        };
        match item {
            Item::Notice(notice) if !notice.status_note.is_empty() => {
                let Delivery { sender, recipient, .. } = delivery.clone();
                self.authorise(Delivery { sender: recipient, recipient: sender, ..delivery }, &self.turned)
            }
            Item::Handover(_) | Item::Notice(_) | Item::PlanPart(_) | Item::Disclosure(_) => {
                self.authorise(delivery, &self.question)
            }
        }
    }

    /// A permit to ask this, to be spent once.
    pub(crate) fn permit_to_ask(&self, query: &FactsQuery) -> Result<Authorised<FactsQuery>, Failure> {
        self.authorise(query.clone(), &self.question)
    }

    fn authorise<X: Disclose + Validate>(
        &self,
        payload: X,
        question: &Question,
    ) -> Result<Authorised<X>, Failure> {
        let payload = Valid::check(payload).map_err(|violations| violations.to_string())?;
        let permit = self.engine.authorise(&self.index, payload, CategorySet::EMPTY, question);
        permit.map_err(|_| "denied under a consent for everything".into())
    }
}

/// The question for these categories about the person, with the id of a recorded one.
pub(crate) fn question(categories: CategorySet) -> FactsQuery {
    FactsQuery {
        query_id: QUERY.to_owned(),
        requester: SENDER.to_owned(),
        professional: "ohjaaja-1".to_owned(),
        purpose: PURPOSE.into(),
        categories: categories.to_wire(),
        identity_code: HETU.to_owned(),
    }
}

/// What can be sent in this matter, each with a name.
pub(crate) fn items(matter: Matter) -> Result<Vec<(&'static str, Item)>, Failure> {
    Ok(match matter {
        Matter::Referral => {
            let handover = ReferralHandover {
                purpose: PURPOSE.into(),
                create_time: Some(time::to_wire("2026-11-21T09:30:00Z".parse()?)?),
                respond_by: Some(time::to_wire("2026-12-21T09:30:00Z".parse()?)?),
                content: Some(content()),
                ..ReferralHandover::default()
            };
            let mut items = vec![("referral", handover.clone())];
            // To Kela a request to phone (Nuotti), because the application itself is oral.
            let purpose = Purpose::Rehabilitation.into();
            let young = Some(ReferralContent { identity_code: YOUNG.to_owned(), ..content() });
            let rehabilitation = ReferralHandover { purpose, content: young, ..handover.clone() };
            items.push(("referral-for-rehabilitation", rehabilitation));
            for (name, ground) in GROUNDS {
                let claim = Some(LegalClaim {
                    ground: ground.into(),
                    statement: "Tuki ei riitä vuokraan, eikä kukaan ole tavannut häntä kuukauteen."
                        .to_owned(),
                    consent_asked: ConsentAsked::NotReached.into(),
                });
                items.push((name, ReferralHandover { claim, ..handover.clone() }));
            }
            items.into_iter().map(|(name, handover)| (name, Item::Handover(handover))).collect()
        }
        Matter::StateChange => {
            let cancelled = notice(Kind::StateChanged, ReferralState::Cancelled)?;
            // To whoever sent the referral: what has become of it.
            let news = |state: ReferralState| -> Result<ReferralNotice, Failure> {
                let status_note = "Aika varattu, nähdään maanantaina.".to_owned();
                let notice = notice(Kind::StateChanged, state)?;
                Ok(ReferralNotice { sender_note: String::new(), status_note, ..notice })
            };
            let rejected = ReferralNotice {
                rejection_reason: RejectionReason::NoCapacity.into(),
                ..news(ReferralState::Rejected)?
            };
            let completed =
                ReferralNotice { outcome: Outcome::GotService.into(), ..news(ReferralState::Completed)? };
            vec![
                ("cancellation", Item::Notice(cancelled)),
                ("news-accepted", Item::Notice(news(ReferralState::Accepted)?)),
                ("news-rejected", Item::Notice(rejected)),
                ("news-completed", Item::Notice(completed)),
            ]
        }
        Matter::Information => {
            let notice = notice(Kind::InformationProvided, ReferralState::Requested)?;
            let notice = ReferralNotice { answer: Some(content()), ..notice };
            vec![("information", Item::Notice(notice))]
        }
        Matter::ConsentWithdrawal => {
            let notice = notice(Kind::ConsentWithdrawn, ReferralState::ConsentWithdrawn)?;
            vec![("withdrawal", Item::Notice(notice))]
        }
        Matter::PlanPart => vec![("plan", Item::PlanPart(plan_part()?))],
        Matter::DisclosureNotice => vec![("disclosure", Item::Disclosure(disclosure()?))],
    })
}

fn content() -> ReferralContent {
    ReferralContent {
        identity_code: HETU.to_owned(),
        given_names: "Aino Maria".to_owned(),
        family_name: "Esimerkki".to_owned(),
        contact_language: "fi".to_owned(),
        contact: Some(ContactDetails {
            phone: "+358 40 1234567".to_owned(),
            email: "aino@example.invalid".to_owned(),
            street_address: "Koivukuja 3 A 12".to_owned(),
            postal_code: "90100".to_owned(),
            city: "Oulu".to_owned(),
            municipality: "564".to_owned(),
        }),
        reason: "Etsii \"omaa\" alaa & <työtä>. Keskeytti lukion toisen vuoden keväällä, on sen jälkeen ollut \
                 kotona eikä ole hakenut mihinkään.\nHaluaa jutella jonkun kanssa, joka tuntee käytännön alojen \
                 koulutukset ja työkokeilut."
            .to_owned(),
        service_needs: vec!["Uraohjaus".to_owned(), "Työkokeilu".to_owned()],
        education_work: Some(EducationWork {
            education_level: Some(3),
            education: "Perusopetus, lukio kesken".to_owned(),
            work_history: "Kesätyö kaupan kassalla 2025".to_owned(),
            job_seeker_status: "02".to_owned(),
        }),
        social_situation: "Asuu yksin ensimmäisessä omassa asunnossaan.".to_owned(),
        health_capacity: "Uni on kevyttä, aamut vaikeita. Hoitosuhde on alkamassa.".to_owned(),
        housing: "Vuokralla, sopimus toistaiseksi.".to_owned(),
        benefits_income: "Työmarkkinatuki ja asumistuki haettu.".to_owned(),
        joint_plan: "Ensin kaksi viikkoa työkokeilua, sitten yhteishaku.".to_owned(),
        service_attendance: "Kolme käyntiä syksyllä, yksi peruttu.".to_owned(),
        outcome_measures: "Tähti 3/5.".to_owned(),
        quality_of_life: "62/100.".to_owned(),
        correspondence_address: "PL 7, 90015 Oulu".to_owned(),
        contact_wish: "Soita iltapäivällä.".to_owned(),
    }
}

fn notice(kind: Kind, state: ReferralState) -> Result<ReferralNotice, Failure> {
    Ok(ReferralNotice {
        kind: kind.into(),
        state: state.into(),
        time: Some(time::to_wire("2026-11-21T09:30:30Z".parse()?)?),
        sender_note: "Löysi itse paikan, kiitos vaivasta.".to_owned(),
        ..ReferralNotice::default()
    })
}

/// With an item of every list for each of three categories.
fn plan_part() -> Result<PlanPart, Failure> {
    let mut part = PlanPart {
        plan: format!("youths/{YOUTH}/plans/{PLAN}"),
        owner: SENDER.to_owned(),
        reference: "S-17".to_owned(),
        revision: 3,
        update_time: Some(time::to_wire("2026-11-20T08:00:00Z".parse()?)?),
        state: PlanState::Active.into(),
        background: Some(content()),
        client_view: "Haluan ulos kotoa ja omaa rahaa.".to_owned(),
        worker_view: "Tarvitsee aikaa ja yhden tutun ihmisen.".to_owned(),
        next_review: "2027-01-15".to_owned(),
        responsible_worker: Some(Worker {
            id: "ohjaaja-7".to_owned(),
            name: "Olli Ohjaaja".to_owned(),
            unit: "keskusta".to_owned(),
            phone: "+358 40 7654321".to_owned(),
            email: "olli@example.invalid".to_owned(),
        }),
        ..PlanPart::default()
    };
    for (number, category) in [ServiceNeeds, JointPlan, ServiceAttendance].into_iter().enumerate() {
        add_items(&mut part, number, category)?;
    }
    Ok(part)
}

fn add_items(part: &mut PlanPart, number: usize, category: DataCategory) -> Result<(), Failure> {
    part.needs.push(PlanNeed {
        id: format!("n-{number}"),
        category: category.into(),
        text: "Kaipaa rytmiä arkeen & tekemistä.".to_owned(),
        found_in_meeting: true,
    });
    part.goals.push(PlanGoal {
        id: format!("g-{number}"),
        category: category.into(),
        text: "Oma ala löytyy.".to_owned(),
        state: GoalState::Active.into(),
        achievement: Achievement::Improving.into(),
        due: "2027-03-31".to_owned(),
        needs: vec![format!("n-{number}")],
    });
    part.actions.push(PlanAction {
        id: format!("a-{number}"),
        category: category.into(),
        text: "Työkokeilu kirjastossa, kaksi viikkoa.".to_owned(),
        state: ActionState::Agreed.into(),
        goal: format!("g-{number}"),
        provider: "Oulun kaupunki".to_owned(),
        ptv_service: "7d4c9f5e-1111-4222-8333-0123456789ab".to_owned(),
        start: "2026-12-01".to_owned(),
        end: "2027-02-28".to_owned(),
        reason: String::new(),
    });
    part.meetings.push(PlanMeeting {
        id: format!("m-{number}"),
        category: category.into(),
        time: Some(time::to_wire("2026-12-03T12:30:00Z".parse()?)?),
        state: MeetingState::Planned.into(),
        place: "Byströmin nuorten palvelut".to_owned(),
        participants: vec![SENDER.to_owned(), "Nuorten työpaja".to_owned()],
        note: "Mukana myös äiti.".to_owned(),
    });
    Ok(())
}

fn permit() -> Result<Consent, Failure> {
    let begin = Some(time::to_wire("2026-11-01T08:00:00Z".parse()?)?);
    Ok(Consent {
        name: format!("youths/{YOUTH}/consents/{CONSENT}"),
        state: ConsentState::Given.into(),
        terms: Some(ConsentTerms {
            kind: ConsentKind::DisclosurePermit.into(),
            disclosers: vec![SENDER.to_owned()],
            recipients: vec!["te/nuoret".to_owned()],
            purposes: vec![PURPOSE.into()],
            categories: vec![IdentityContact.into(), SocialSituation.into()],
            explicit_categories: vec![SocialSituation.into()],
            valid_from: begin,
            legal_basis: LegalBasis::PublicTask.into(),
            permit_domain: PermitDomain::Social.into(),
            ..ConsentTerms::default()
        }),
        recorder: SENDER.to_owned(),
        recorder_unit: "keskusta".to_owned(),
        recorder_professional: "ohjaaja-7".to_owned(),
        create_time: begin,
        ..Consent::default()
    })
}

fn disclosure() -> Result<DisclosureNotice, Failure> {
    Ok(DisclosureNotice {
        identity_code: HETU.to_owned(),
        disclose_time: Some(time::to_wire("2026-11-21T09:30:00Z".parse()?)?),
        disclosed_message: MESSAGE.to_owned(),
        told_to: "te/nuoret".to_owned(),
        purpose: PURPOSE.into(),
        data_sets: vec![IdentityContact.into(), SocialSituation.into()],
        bases: vec![Basis {
            kind: basis::Kind::DisclosurePermit.into(),
            rule: "consent".to_owned(),
            statute: String::new(),
            consent: format!("youths/{YOUTH}/consents/{CONSENT}"),
            consent_version: 1,
        }],
        origin: Some(Origin { service_task: "2".to_owned(), documents: vec!["1.2.246.10.1.1".to_owned()] }),
        consents: vec![permit()?],
        arrival: Arrival::Known.into(),
        temporary_id: String::new(),
    })
}

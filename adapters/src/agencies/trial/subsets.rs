//! Which values may stand in a message, for every set of categories that a consent can name?

use polku_policy::{Decision, Engine, Question, Reader, Viewer};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Achievement, ActionState, ContactDetails, DataCategory, Delivery, DeliveryState, DisclosureNotice,
    EducationWork, GoalState, LegalClaim, LegalGround, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanStanding, ReferralContent, ReferralHandover, ReferralNotice, Worker,
};
use polku_proto::{AgencyId, CategorySet, Disclose as _, Valid, time};

use super::canary::Canaries;
use super::{agency, delivery, engine, handover, index_for, instant, notice, now, plan_part, question};

/// What a recipient would be sent, written by its adapter.
pub(in crate::agencies) type Written = Vec<u8>;

/// What stands in an agency's message if and only if one of those values does that are too short to be told from chance.
pub(in crate::agencies) struct Places {
    pub(in crate::agencies) contact_language: &'static str,
    pub(in crate::agencies) education_level: &'static str,
    pub(in crate::agencies) job_seeker_status: &'static str,
    pub(in crate::agencies) rejection_reason: &'static str,
    pub(in crate::agencies) outcome: &'static str,
    /// That a questionnaire was filled in before a meeting.
    pub(in crate::agencies) questionnaire: &'static str,
}

/// Has a handover and a notice written under a consent for every set of categories, by an adapter whose agency has the
/// usual Finnish names for the places of values, and its own for that of the outcome.
pub(in crate::agencies) fn try_every_subset(
    recipient: &str,
    outcome: &'static str,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    try_every_referral(recipient, &Places { outcome, ..FINNISH }, write);
}

/// The places as most Finnish agencies name them.
pub(in crate::agencies) const FINNISH: Places = Places {
    contact_language: "asiointikieli",
    education_level: "koulutusaste",
    job_seeker_status: "tyonhakijanTila",
    rejection_reason: "hylkaysSyy",
    outcome: "tulos\"",
    questionnaire: "kyselyEnnen",
};

/// Has a handover and a notice written under a consent for every set of categories, and news to the sender, and holds
/// each value against the permit: there if its category is in it, and nowhere if not.
pub(in crate::agencies) fn try_every_referral(
    recipient: &str,
    places: &Places,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    let trial = Trial::new(recipient);
    let (mut in_handover, mut in_notice) = (Canaries::default(), Canaries::default());
    let handover = full_handover(&mut in_handover);
    let handover = Valid::check(delivery(recipient, Item::Handover(handover))).unwrap();
    let notice = full_notice(&mut in_notice);
    let notice = Valid::check(delivery(recipient, Item::Notice(notice))).unwrap();
    let mut written = 0;
    trial.every_set(|chosen| {
        if let Some((text, permitted)) = trial.write(chosen, handover.clone(), &write) {
            in_handover.check(&text, permitted);
            in_content(places).iter().for_each(|value| value.check(&text, permitted));
            written += 1;
        }
        if let Some((text, permitted)) = trial.write(chosen, notice.clone(), &write) {
            in_notice.check(&text, permitted);
            let news = in_news(places);
            in_content(places).iter().chain(&news).for_each(|value| value.check(&text, permitted));
            assert!(!text.contains(OWN_WORD), "the recipient's own word comes back\n{text}");
            written += 1;
        }
    });
    // A handover tells no news, so that it is denied under none and under that category alone.
    assert_eq!(written, 2 * 16_384 - 2);
    try_every_news(recipient, places, write);
}

/// The same of news to the agency as the one that has sent a referral: what is not its own word is the recipient's, on
/// what has become of it.
fn try_every_news(sender: &str, places: &Places, write: impl Fn(Delivery, &Decision) -> Written) {
    let trial = Trial::of_sender(sender);
    let mut canaries = Canaries::default();
    let delivery = Delivery {
        sender: sender.to_owned(),
        recipient: OTHER.to_owned(),
        ..delivery(sender, Item::Notice(news(&mut canaries)))
    };
    let delivery = Valid::check(delivery).unwrap();
    trial.every_set(|chosen| {
        let written = trial.write(chosen, delivery.clone(), &write);
        let (text, permitted) = written.unwrap_or_else(|| panic!("news are denied under {chosen}"));
        canaries.check(&text, permitted);
        in_news(places).iter().for_each(|value| value.check(&text, permitted));
        assert!(!text.contains(OWN_WORD), "the sender's own word comes back\n{text}");
    });
}

/// At the other end of every referral.
const OTHER: &str = "ohjaamo";
/// What a party has said itself, and what is no news to it.
const OWN_WORD: &str = "qOwnWord";

/// The same of a part of a plan, with a need, a goal, an action and a meeting of every category in it: an item is there
/// as a whole if its category is permitted, and the place of a meeting if the address is as well.
pub(in crate::agencies) fn try_every_plan(
    recipient: &str,
    places: &Places,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    let trial = Trial::new(recipient);
    let mut canaries = Canaries::default();
    let part = full_plan(&mut canaries);
    let part = Delivery { referral: String::new(), ..delivery(recipient, Item::PlanPart(part)) };
    let part = Valid::check(part).unwrap();
    let mut written = 0;
    trial.every_set(|chosen| {
        if let Some((text, permitted)) = trial.write(chosen, part.clone(), &write) {
            canaries.check(&text, permitted);
            in_content(places).iter().chain(&IN_STANDING).for_each(|value| value.check(&text, permitted));
            let told = CategorySet::of(&[DataCategory::JointPlan, DataCategory::QualityOfLife]);
            let due = told.is_subset(permitted);
            assert!(text.contains(places.questionnaire) == due, "{} under {permitted}", places.questionnaire);
            written += 1;
        }
    });
    // Under no consent there is a plan part only for what became of a referral.
    assert!(written >= 16_384 - 2, "{written}");
}

/// The same of a notice of a disclosure: of whom it is about, where the data stem from, and who recorded a consent. What it
/// is made of is the adapter's own, which knows what its register holds.
pub(in crate::agencies) fn try_every_disclosure(
    recipient: &str,
    full: impl FnOnce(&mut dyn FnMut(DataCategory) -> String) -> DisclosureNotice,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    let trial = Trial::new(recipient);
    let mut canaries = Canaries::default();
    let notice = full(&mut |category| canaries.text(&[category]));
    let by_code = DisclosureNotice { identity_code: "020504A902E".into(), ..notice.clone() };
    let temporary_id = "1.2.246.10.2048198.22.2026.471147".into();
    let by_id = DisclosureNotice { identity_code: String::new(), temporary_id, ..notice };
    for (notice, shown) in [(by_code, "020504A902E"), (by_id, "471147")] {
        let who = Alone(DataCategory::IdentityContact, shown);
        let delivery = Valid::check(delivery(recipient, Item::Disclosure(notice))).unwrap();
        let mut written = 0;
        trial.every_set(|chosen| {
            if let Some((text, permitted)) = trial.write(chosen, delivery.clone(), &write) {
                canaries.check(&text, permitted);
                who.check(&text, permitted);
                written += 1;
            }
        });
        // It holds data of three categories, and is denied under each set without any of them.
        assert_eq!(written, 16_384 - 2_048);
    }
}

/// The agency that everything is sent to, and who decides.
pub(super) struct Trial {
    to: AgencyId,
    engine: Engine,
    question: Question,
}

impl Trial {
    pub(super) fn new(recipient: &str) -> Self {
        let to = agency(recipient);
        Self { engine: engine(&to), question: question(&to), to }
    }

    /// The agency has sent the referral that it is told of.
    pub(super) fn of_sender(sender: &str) -> Self {
        let trial = Self::new(sender);
        let channel = trial.question.channel.reversed();
        Self { question: Question { channel, viewer: Viewer::Author, ..trial.question }, ..trial }
    }

    fn every_set(&self, mut each: impl FnMut(CategorySet)) {
        let personal: Vec<DataCategory> = CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().collect();
        for bits in 0..1_u32 << personal.len() {
            let chosen = personal.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
            each(chosen.map(|(_, category)| *category).collect());
        }
    }

    /// Gives what is written under a consent for these categories, and what is permitted. Every permit is the real
    /// engine's, and has no more than the consent, save the reader's own word: to the recipient what became of a
    /// referral, to the sender all else.
    pub(super) fn write(
        &self,
        chosen: CategorySet,
        delivery: Valid<Delivery>,
        write: impl Fn(Delivery, &Decision) -> Written,
    ) -> Option<(String, CategorySet)> {
        let news = CategorySet::of(&[DataCategory::ReferralStatus]);
        let own = match self.question.viewer {
            Viewer::Author => CategorySet::ALL.difference(news),
            Viewer::Addressee | Viewer::Subject => news,
        };
        let index = index_for(&self.question.channel, chosen);
        let held = delivery.get().categories();
        let Ok(permit) = self.engine.authorise(&index, delivery, CategorySet::EMPTY, &self.question) else {
            assert!(held.intersection(chosen).is_subset(own), "{chosen} is denied");
            return None;
        };
        let (delivery, decision) = permit.spend(&Reader::Agency(self.to.clone()), now()).unwrap();
        let permitted = decision.permitted().difference(CategorySet::ENVELOPE);
        assert!(permitted.difference(chosen).is_subset(own), "{permitted} under {chosen}");
        Some((String::from_utf8(write(delivery, &decision)).unwrap(), permitted))
    }
}

/// When a part was accepted and acknowledged.
const IN_STANDING: [Alone; 2] = [
    Alone(DataCategory::JointPlan, "2026-11-19T07:45:00Z"),
    Alone(DataCategory::JointPlan, "2026-11-19T11:15:00Z"),
];

/// A value that is looked for by itself.
struct Alone(DataCategory, &'static str);

impl Alone {
    fn check(&self, text: &str, permitted: CategorySet) {
        let Self(category, value) = self;
        assert!(text.contains(value) == permitted.contains(*category), "{value} under {permitted}\n{text}");
    }
}

fn in_content(places: &Places) -> [Alone; 5] {
    [
        Alone(DataCategory::IdentityContact, "020504A902E"),
        Alone(DataCategory::IdentityContact, places.contact_language),
        Alone(DataCategory::AddressContact, "687"),
        Alone(DataCategory::EducationWork, places.education_level),
        Alone(DataCategory::EducationWork, places.job_seeker_status),
    ]
}

fn in_news(places: &Places) -> [Alone; 2] {
    [
        Alone(DataCategory::ReferralStatus, places.rejection_reason),
        Alone(DataCategory::ReferralStatus, places.outcome),
    ]
}

fn full_handover(canaries: &mut Canaries) -> ReferralHandover {
    ReferralHandover {
        claim: Some(LegalClaim {
            ground: LegalGround::OutreachNotice.into(),
            statement: canaries.text(&[DataCategory::GuidanceNotes]),
            consent_asked: ConsentAsked::NotReached.into(),
        }),
        ..handover(Some(content(canaries)))
    }
}

/// The sender's note goes to the recipient; the recipient's own word does not.
fn full_notice(canaries: &mut Canaries) -> ReferralNotice {
    ReferralNotice {
        answer: Some(content(canaries)),
        status_note: OWN_WORD.to_owned(),
        sender_note: canaries.text(&[DataCategory::GuidanceNotes]),
        ..notice()
    }
}

/// And the other way round.
fn news(canaries: &mut Canaries) -> ReferralNotice {
    ReferralNotice {
        answer: None,
        status_note: canaries.text(&[DataCategory::ReferralStatus]),
        sender_note: OWN_WORD.to_owned(),
        delivery_state: DeliveryState::Delivered.into(),
        ..notice()
    }
}

fn content(canaries: &mut Canaries) -> ReferralContent {
    let address = &[DataCategory::AddressContact];
    let person = &[DataCategory::IdentityContact];
    let work = &[DataCategory::EducationWork];
    ReferralContent {
        identity_code: "020504A902E".into(),
        given_names: canaries.text(person),
        family_name: canaries.text(person),
        contact_language: "sv".into(),
        contact: Some(ContactDetails {
            phone: canaries.phone(address),
            email: canaries.text(address),
            street_address: canaries.text(address),
            postal_code: canaries.text(address),
            city: canaries.text(address),
            municipality: "687".into(),
        }),
        reason: canaries.text(&[DataCategory::GuidanceNotes]),
        service_needs: vec![canaries.text(&[DataCategory::ServiceNeeds])],
        education_work: Some(EducationWork {
            education_level: Some(7),
            education: canaries.text(work),
            work_history: canaries.text(work),
            job_seeker_status: "06".into(),
        }),
        social_situation: canaries.text(&[DataCategory::SocialSituation]),
        health_capacity: canaries.text(&[DataCategory::HealthCapacity]),
        housing: canaries.text(&[DataCategory::Housing]),
        benefits_income: canaries.text(&[DataCategory::BenefitsIncome]),
        joint_plan: canaries.text(&[DataCategory::JointPlan]),
        service_attendance: canaries.text(&[DataCategory::ServiceAttendance]),
        outcome_measures: canaries.text(&[DataCategory::OutcomeMeasures]),
        quality_of_life: canaries.text(&[DataCategory::QualityOfLife]),
        correspondence_address: canaries.text(person),
        contact_wish: canaries.text(&[DataCategory::ServiceAttendance]),
    }
}

/// Where it stands in the plan, every id and name a value of its own.
fn full_standing(canaries: &mut Canaries) -> Option<PlanStanding> {
    let plan = &[DataCategory::JointPlan];
    let mut standing = plan_part().standing?;
    standing.commitments.iter_mut().for_each(|one| one.action = canaries.text(plan));
    for record in &mut standing.meetings {
        record.meeting = canaries.text(plan);
        record.attended.iter_mut().for_each(|agency| *agency = canaries.text(plan));
    }
    let ends = standing.links.iter_mut().flat_map(|link| [&mut link.first, &mut link.second]);
    for item in ends.chain([&mut standing.step]).flatten() {
        item.id = canaries.text(plan);
    }
    Some(standing)
}

fn full_plan(canaries: &mut Canaries) -> PlanPart {
    let attendance = &[DataCategory::ServiceAttendance];
    let mut part = PlanPart {
        background: Some(content(canaries)),
        needs: Vec::new(),
        goals: Vec::new(),
        actions: Vec::new(),
        meetings: Vec::new(),
        client_view: canaries.text(&[DataCategory::JointPlan]),
        worker_view: canaries.text(&[DataCategory::GuidanceNotes]),
        next_review: canaries.date(&[DataCategory::JointPlan]),
        responsible_worker: Some(Worker {
            id: canaries.text(attendance),
            name: canaries.text(attendance),
            unit: canaries.text(attendance),
            phone: canaries.phone(attendance),
            email: canaries.text(attendance),
        }),
        standing: full_standing(canaries),
        ..plan_part()
    };
    let mut last = None;
    for category in CategorySet::ALL.difference(CategorySet::ENVELOPE).iter() {
        let own = &[category];
        let need = canaries.text(own);
        let goal = canaries.text(own);
        // Also one of another category, which may be there when the one that it serves is not.
        let served = last.replace((need.clone(), goal.clone()));
        let (need_before, goal_before) = served.unwrap_or_else(|| (need.clone(), goal.clone()));
        part.goals.push(PlanGoal {
            id: goal.clone(),
            category: category.into(),
            text: canaries.text(own),
            state: GoalState::Active.into(),
            achievement: Achievement::Improving.into(),
            due: canaries.date(own),
            needs: vec![need.clone(), need_before],
        });
        part.needs.push(PlanNeed {
            id: need,
            category: category.into(),
            text: canaries.text(own),
            found_in_meeting: true,
        });
        part.actions.push(PlanAction {
            id: canaries.text(own),
            category: category.into(),
            text: canaries.text(own),
            state: ActionState::NotDone.into(),
            goal: goal_before,
            provider: canaries.text(own),
            ptv_service: canaries.uuid(own),
            start: canaries.date(own),
            end: canaries.date(own),
            reason: canaries.text(own),
        });
        part.meetings.push(PlanMeeting {
            id: canaries.text(own),
            category: category.into(),
            time: time::to_wire(instant(&format!("{}T10:00:00Z", canaries.date(own)))).ok(),
            state: MeetingState::Held.into(),
            place: canaries.text(&[category, DataCategory::AddressContact]),
            participants: vec![canaries.text(own)],
            note: canaries.text(own),
        });
    }
    part
}

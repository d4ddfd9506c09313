//! What can be told to social services? Contents made up by chance.

use jiff::Timestamp;
use polku_proto::time;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Basis, Consent, ConsentEvidence, ConsentState, ConsentTerms, ContactDetails, DataCategory,
    DisclosureNotice, EducationWork, LegalClaim, LegalGround, MeetingRecord, Origin, PlanAction,
    PlanCommitment, PlanGoal, PlanItem, PlanLink, PlanMeeting, PlanNeed, PlanPart, PlanStanding,
    ReferralContent, ReferralHandover, ReferralNotice, ReferralState, Worker, basis, referral_notice,
};
use polku_tests::world::PEOPLE;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{CONSENT, PLAN, YOUTH, everything};

/// Values by chance, the same in every run.
pub(super) struct Chance(TestRunner);

impl Chance {
    pub(super) fn new() -> Self {
        Self(TestRunner::deterministic())
    }

    fn any<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    fn one_in_two(&mut self) -> bool {
        self.any(any::<bool>())
    }

    /// A text, or none; sometimes one of white space only, which FHIR does not have.
    fn perhaps(&mut self) -> String {
        match self.any(0..8_u8) {
            0..4 => self.text(),
            4 => " \n".into(),
            _ => String::new(),
        }
    }

    fn text(&mut self) -> String {
        self.any("[A-Za-zÅÄÖåäö0-9€😀\u{a0}\"'<>&/\\\\{}\\[\\]\n\t .,-]{0,40}[A-ZÅÄÖa-zåäö]")
    }

    fn day(&mut self) -> String {
        let (month, day) = self.any((1..13_u8, 1..29_u8));
        if self.one_in_two() { format!("2027-{month:02}-{day:02}") } else { String::new() }
    }

    fn instant(&mut self) -> Option<prost_types::Timestamp> {
        let (seconds, nanos) = self.any((0..4_000_000_000_i64, 0..1_000_000_000_i32));
        let nanos = if self.one_in_two() { nanos } else { 0 };
        time::to_wire(Timestamp::new(seconds, nanos).unwrap()).ok()
    }

    fn content(&mut self) -> ReferralContent {
        let level = if self.one_in_two() { Some(self.any(0..=9)) } else { None };
        let short = |yes: bool, text: &str| if yes { text.to_owned() } else { String::new() };
        ReferralContent {
            identity_code: PEOPLE[0].into(),
            given_names: self.perhaps(),
            family_name: self.perhaps(),
            contact_language: short(self.one_in_two(), "sv"),
            contact: self.one_in_two().then(|| ContactDetails {
                phone: short(self.one_in_two(), "+358 40 1234567"),
                email: short(self.one_in_two(), "a@example.invalid"),
                street_address: self.perhaps(),
                postal_code: short(self.one_in_two(), "90100"),
                city: self.perhaps(),
                municipality: short(self.one_in_two(), "564"),
            }),
            reason: self.perhaps(),
            service_needs: (0..self.any(0..3_u8)).map(|_| self.text()).collect(),
            education_work: self.one_in_two().then(|| EducationWork {
                education_level: level,
                education: self.perhaps(),
                work_history: self.perhaps(),
                job_seeker_status: short(self.one_in_two(), "02"),
            }),
            social_situation: self.perhaps(),
            health_capacity: self.perhaps(),
            housing: self.perhaps(),
            benefits_income: self.perhaps(),
            joint_plan: self.perhaps(),
            service_attendance: self.perhaps(),
            outcome_measures: self.perhaps(),
            quality_of_life: self.perhaps(),
            correspondence_address: self.perhaps(),
            contact_wish: self.perhaps(),
        }
    }

    pub(super) fn handover(&mut self) -> ReferralHandover {
        let ground = LegalGround::try_from(self.any(1..=10)).unwrap();
        let asked = ConsentAsked::try_from(self.any(1..=3)).unwrap();
        ReferralHandover {
            purpose: self.any(1..=7),
            create_time: self.instant(),
            respond_by: if self.one_in_two() { self.instant() } else { None },
            content: Some(self.content()),
            recipient_unit: if self.one_in_two() { "nuoret".into() } else { String::new() },
            claim: self.one_in_two().then(|| LegalClaim {
                ground: ground.into(),
                statement: self.perhaps(),
                consent_asked: asked.into(),
            }),
            redacted: self.one_in_two(),
        }
    }

    pub(super) fn notice(&mut self) -> ReferralNotice {
        let kind = referral_notice::Kind::try_from(self.any(1..=3)).unwrap();
        ReferralNotice {
            kind: kind.into(),
            state: ReferralState::try_from(self.any(1..=13)).unwrap().into(),
            time: self.instant(),
            rejection_reason: self.any(0..=6),
            outcome: self.any(0..=8),
            status_note: self.perhaps(),
            answer: self.one_in_two().then(|| self.content()),
            sender_note: self.perhaps(),
            delivery_state: self.any(0..=8),
        }
    }

    fn category(&mut self) -> i32 {
        self.any(2..=15)
    }

    pub(super) fn plan(&mut self) -> PlanPart {
        let background = self.one_in_two().then(|| self.content());
        let needs = (0..self.any(0..3_u8)).map(|number| PlanNeed {
            id: format!("tarve_{number}:a"),
            category: self.category(),
            text: self.text(),
            found_in_meeting: self.one_in_two(),
        });
        let needs: Vec<_> = needs.collect();
        let goals = (0..self.any(0..3_u8)).map(|number| PlanGoal {
            id: format!("tavoite_{number}"),
            category: self.category(),
            text: self.text(),
            state: self.any(1..=9),
            achievement: self.any(0..=9),
            due: self.day(),
            needs: vec!["tarve_0:a".into(), "muualla".into()],
        });
        let goals: Vec<_> = goals.collect();
        let actions = (0..self.any(0..3_u8)).map(|number| PlanAction {
            id: format!("teko_{number}"),
            category: self.category(),
            text: self.text(),
            state: self.any(1..=6),
            goal: if self.one_in_two() { "tavoite_0".into() } else { String::new() },
            provider: self.perhaps(),
            ptv_service: if self.one_in_two() { PLAN.into() } else { String::new() },
            start: self.day().replace("2027", "2026"),
            end: self.day(),
            reason: self.perhaps(),
        });
        let actions: Vec<_> = actions.collect();
        let meetings = (0..self.any(0..3_u8)).map(|number| PlanMeeting {
            id: format!("kokous_{number}"),
            category: self.category(),
            time: self.instant(),
            state: self.any(1..=3),
            place: self.perhaps(),
            participants: vec![self.text()],
            note: self.perhaps(),
        });
        let meetings: Vec<_> = meetings.collect();
        PlanPart {
            plan: format!("youths/{YOUTH}/plans/{PLAN}"),
            owner: "ohjaamo".into(),
            reference: if self.one_in_two() { "S_1:a".into() } else { String::new() },
            revision: self.any(1..2_147_483_647_u64),
            update_time: self.instant(),
            state: self.any(1..=6),
            redacted: self.one_in_two(),
            consent_withdrawn: self.one_in_two(),
            background,
            needs,
            goals,
            actions,
            meetings,
            client_view: self.perhaps(),
            worker_view: self.perhaps(),
            next_review: self.day(),
            responsible_worker: self.one_in_two().then(|| Worker {
                id: if self.one_in_two() { "ohjaaja_7".into() } else { String::new() },
                name: self.perhaps(),
                unit: if self.one_in_two() { "keskusta_1".into() } else { String::new() },
                phone: String::new(),
                email: self.perhaps(),
            }),
            standing: self.one_in_two().then(|| self.standing()),
        }
    }

    /// Where a part stands in the joint plan.
    fn standing(&mut self) -> PlanStanding {
        let commitments = (0..self.any(0..3_u8))
            .map(|number| PlanCommitment { action: format!("a_{number}"), acknowledge_time: self.instant() });
        let commitments = commitments.collect();
        let meetings = (0..self.any(0..3_u8)).map(|number| MeetingRecord {
            category: DataCategory::JointPlan.into(),
            meeting: format!("kokous_{number}"),
            kind: self.any(1..=2),
            attended: vec!["ohjaamo".into(), "te".into()],
            client_attended: self.one_in_two(),
            missing: if self.one_in_two() { vec![self.any(1..=4)] } else { Vec::new() },
            questionnaire_before: self.one_in_two(),
        });
        let meetings = meetings.collect();
        let links = (0..self.any(0..3_u8)).map(|_| PlanLink {
            kind: self.any(1..=3),
            first: Some(self.item()),
            second: Some(self.item()),
        });
        PlanStanding {
            links: links.collect(),
            changed_since_acceptance: self.one_in_two(),
            commitments,
            meetings,
            accept_time: self.instant(),
            step: self.one_in_two().then(|| self.item()),
        }
    }

    fn item(&mut self) -> PlanItem {
        PlanItem { owner: "te".into(), kind: self.any(1..=4), id: format!("x_{}", self.any(0..9_u8)) }
    }

    pub(super) fn disclosure(&mut self) -> DisclosureNotice {
        let sets: Vec<i32> = everything().iter().filter(|_| self.one_in_two()).map(i32::from).collect();
        let consent = format!("youths/{YOUTH}/consents/{CONSENT}");
        let kind = basis::Kind::try_from(self.any(1..=4)).unwrap();
        let consented = matches!(kind, basis::Kind::Consent | basis::Kind::DisclosurePermit);
        let consents = match kind {
            basis::Kind::Consent => vec![self.permission(&consent, ConsentKind::Consent)],
            basis::Kind::DisclosurePermit => vec![self.permission(&consent, ConsentKind::DisclosurePermit)],
            basis::Kind::Unspecified | basis::Kind::Statute | basis::Kind::OwnData => Vec::new(),
        };
        let (identity_code, temporary_id) = if self.one_in_two() {
            (PEOPLE[0].into(), String::new())
        } else {
            (String::new(), "1.2.246.10.2048198.22.2026.4711".into())
        };
        DisclosureNotice {
            identity_code,
            temporary_id,
            disclose_time: self.instant(),
            disclosed_message: PLAN.into(),
            told_to: if self.one_in_two() { "ohjaamo/keskusta".into() } else { "ohjaamo".into() },
            purpose: self.any(1..=7),
            data_sets: if sets.is_empty() { vec![DataCategory::Housing.into()] } else { sets },
            bases: vec![Basis {
                kind: kind.into(),
                rule: "consent_covers".into(),
                statute: if self.one_in_two() { "703/2023 § 55".into() } else { String::new() },
                consent: if consented { consent } else { String::new() },
                consent_version: self.any(0..9_u64),
            }],
            origin: self.one_in_two().then(|| Origin {
                service_task: if self.one_in_two() { "12".into() } else { String::new() },
                documents: vec!["1.2.246.10.1".into(), "d_2".into()],
            }),
            arrival: self.any(1..=2),
            consents,
        }
    }

    fn permission(&mut self, name: &str, kind: ConsentKind) -> Consent {
        let is_permit = kind == ConsentKind::DisclosurePermit;
        let categories: Vec<i32> = everything().iter().filter(|_| self.one_in_two()).map(i32::from).collect();
        let by_professional = self.one_in_two();
        let text = |filled: &str| if by_professional { filled.to_owned() } else { String::new() };
        Consent {
            name: name.to_owned(),
            state: ConsentState::Given.into(),
            terms: Some(ConsentTerms {
                kind: kind.into(),
                disclosers: vec!["social".into()],
                recipients: vec!["ohjaamo".into(), "te/nuoret".into()],
                purposes: vec![self.any(1..=7)],
                categories: if categories.is_empty() {
                    vec![DataCategory::Housing.into()]
                } else {
                    categories
                },
                explicit_categories: Vec::new(),
                valid_from: None,
                valid_until: (!is_permit || self.one_in_two()).then(|| self.instant()).flatten(),
                legal_basis: self.any(1..=4),
                permit_domain: if is_permit { self.any(1..=2) } else { 0 },
                review_time: None,
            }),
            evidence: Some(ConsentEvidence {
                given_by: self.any(1..=3),
                form: 1,
                notice_version: "1".into(),
                notice_language: "fi".into(),
                notice_sha256: vec![7; 32],
                ..ConsentEvidence::default()
            }),
            recorder: "social".into(),
            recorder_unit: text("lapsiperheet"),
            recorder_professional: text("tt-17"),
            create_time: self.instant(),
            ..Consent::default()
        }
    }
}

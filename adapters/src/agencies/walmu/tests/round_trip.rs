//! Is anything lost between the contract and the case management's words?

use polku_proto::Valid;
use polku_proto::v1::{
    ActionState, ContactDetails, EducationWork, GoalState, PlanAction, PlanGoal, PlanNeed, PlanPart,
    PlanState, ReferralContent,
};
use proptest::prelude::*;
use proptest::strategy::Union;

use super::*;
use crate::agencies::walmu::content::Sisalto;
use crate::agencies::walmu::plan::Suunnitelma;

/// Texts with the letters of the country, what JSON escapes, what XML would stumble over, and anything else that the
/// contract lets stand.
fn text(most: usize) -> impl Strategy<Value = String> {
    let kinds: Vec<BoxedStrategy<String>> = vec![
        Just(String::new()).boxed(),
        proptest::string::string_regex("[a-zåäöA-ZÅÄÖ .,-]{1,40}").unwrap().boxed(),
        proptest::string::string_regex("[\"\\\\/\t\n\r<>&'\\]\\[{}:,\u{2028}\u{fffd}\u{85}😀]{1,20}")
            .unwrap()
            .boxed(),
        Just("<![CDATA[a]]>]]>\u{7f}".replace('\u{7f}', "")).boxed(),
        Just("ä".repeat(most)).boxed(),
    ];
    Union::new(kinds)
}

fn some_text(most: usize) -> impl Strategy<Value = String> {
    text(most).prop_map(|text| if text.is_empty() { "a".to_owned() } else { text })
}

fn date() -> impl Strategy<Value = String> {
    let dates = prop::sample::select(vec!["", "0001-01-01", "2026-02-28", "2028-02-29", "9999-12-31"]);
    dates.prop_map(str::to_owned)
}

fn content() -> impl Strategy<Value = ReferralContent> {
    let texts = prop::collection::vec(text(200), 12);
    let needs = prop::collection::vec(some_text(500), 0..4);
    let education = prop::option::of((prop::option::of(0..=8_i32), text(200)));
    (texts, needs, education, text(100)).prop_map(|(texts, service_needs, education, city)| {
        let at = |place: usize| texts[place].clone();
        let education_work = education.map(|(education_level, education)| EducationWork {
            education_level,
            education,
            ..EducationWork::default()
        });
        ReferralContent {
            given_names: at(0),
            family_name: at(1),
            contact_language: "sv".into(),
            contact: (!city.is_empty()).then(|| ContactDetails { city, ..ContactDetails::default() }),
            reason: at(2),
            service_needs,
            education_work: education_work.filter(|told| *told != EducationWork::default()),
            social_situation: at(3),
            health_capacity: at(4),
            housing: at(5),
            benefits_income: at(6),
            joint_plan: at(7),
            service_attendance: at(8),
            outcome_measures: at(9),
            quality_of_life: at(10),
            correspondence_address: at(11),
            ..ReferralContent::default()
        }
    })
}

fn part() -> impl Strategy<Value = PlanPart> {
    let categories = prop::sample::select(
        CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().map(i32::from).collect::<Vec<_>>(),
    );
    let item = (categories, some_text(2000), date(), text(200), 1..=5_i32);
    let items = prop::collection::vec(item, 0..5);
    let seconds = prop::sample::select(vec![-62_135_596_800, -1, 0, 1_795_253_460, 253_402_207_200]);
    let time = prop::option::of((seconds, 0..1_000_000_000_i32));
    (content(), items, time, text(4000), date()).prop_map(|(background, items, time, view, review)| {
        let mut part = PlanPart {
            owner: "walmu".into(),
            reference: "S-1".into(),
            revision: u64::MAX,
            state: PlanState::OnHold.into(),
            update_time: time.map(|(seconds, nanos)| {
                let mut wire = polku_proto::time::to_wire(trial::now()).unwrap();
                (wire.seconds, wire.nanos) = (seconds, nanos);
                wire
            }),
            background: Some(background),
            client_view: view,
            next_review: review,
            ..PlanPart::default()
        };
        for (number, (category, text, date, words, state)) in items.into_iter().enumerate() {
            let id = format!("i-{number}");
            part.needs.push(PlanNeed {
                id: id.clone(),
                category,
                text: text.clone(),
                found_in_meeting: state > 2,
            });
            let due = date.clone();
            part.goals.push(PlanGoal {
                id: id.clone(),
                category,
                text: text.clone(),
                state: GoalState::try_from(state).unwrap().into(),
                achievement: state,
                due,
                needs: vec![id.clone()],
            });
            part.actions.push(PlanAction {
                id,
                category,
                text,
                state: ActionState::try_from(state).unwrap().into(),
                provider: words,
                start: date.clone(),
                end: date,
                ..PlanAction::default()
            });
        }
        part
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_of_a_person(content in content()) {
        prop_assert!(Valid::check(content.clone()).is_ok());
        let written = serde_json::to_vec(&Sisalto::of(content.clone())).unwrap();
        let read: Sisalto = serde_json::from_slice(&written).unwrap();
        let (identity, told) = read.read().unwrap();
        prop_assert!(identity.is_none() && told == content);
    }

    #[test]
    fn plans(part in part()) {
        prop_assert!(Valid::check(part.clone()).is_ok());
        let (worded, _) = Suunnitelma::of(part.clone()).unwrap();
        let read: Suunnitelma = serde_json::from_slice(&serde_json::to_vec(&worded).unwrap()).unwrap();
        let (identity, told) = read.read(&trial::agency("walmu")).unwrap();
        prop_assert!(identity.is_none() && told == part);
    }
}

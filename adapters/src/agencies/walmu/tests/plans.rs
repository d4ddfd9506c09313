//! How is a plan worded, and what in a plan of the case management's own is refused?

use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    Achievement, ActionState, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart,
    PlanState, ReferralContent, Worker,
};
use serde_json::{Value, json};

use super::*;
use crate::agencies::walmu::plan::Suunnitelma;

pub(super) fn part() -> PlanPart {
    let at = |text: &str| Some(time::to_wire(trial::instant(text)).unwrap());
    PlanPart {
        plan: format!("youths/{}/plans/{}", trial::YOUTH, trial::REFERRAL),
        owner: "te".into(),
        reference: "TE-2026:4711".into(),
        revision: 3,
        update_time: at("2026-11-21T09:30:00Z"),
        state: PlanState::Active.into(),
        redacted: true,
        consent_withdrawn: false,
        background: Some(ReferralContent {
            identity_code: "010594Y9032".into(),
            given_names: "Aino Maria".into(),
            family_name: "Esimerkki".into(),
            social_situation: "Asuu yksin.".into(),
            ..ReferralContent::default()
        }),
        needs: vec![PlanNeed {
            id: "t-1".into(),
            category: DataCategory::ServiceNeeds.into(),
            text: "Uraohjaus".into(),
            found_in_meeting: true,
        }],
        goals: vec![PlanGoal {
            id: "g-1".into(),
            category: DataCategory::JointPlan.into(),
            text: "Löytää \"oma\" ala.".into(),
            state: GoalState::Active.into(),
            achievement: Achievement::Improving.into(),
            due: "2027-03-31".into(),
            needs: vec!["t-1".into()],
        }],
        actions: vec![PlanAction {
            id: "v-1".into(),
            category: DataCategory::ServiceAttendance.into(),
            text: "Valmennusjakso".into(),
            state: ActionState::InProgress.into(),
            goal: "g-1".into(),
            provider: "Nuorten työpaja".into(),
            ptv_service: trial::MESSAGE.into(),
            start: "2026-12-01".into(),
            end: "2027-02-28".into(),
            reason: "Ei esteitä.".into(),
        }],
        meetings: vec![PlanMeeting {
            id: "p-1".into(),
            category: DataCategory::JointPlan.into(),
            time: at("2026-12-01T10:00:00Z"),
            state: MeetingState::Planned.into(),
            place: "Ohjaamo, Torikatu 1".into(),
            participants: vec!["te".into(), "Nuorten työpaja".into()],
            note: "Mukaan todistukset.".into(),
        }],
        client_view: "Haluan tehdä käsilläni.".into(),
        worker_view: "Tarvitsee tukea.".into(),
        next_review: "2027-01-15".into(),
        responsible_worker: Some(Worker {
            id: "virkailija-7".into(),
            name: "Vilma Virkailija".into(),
            unit: "nuorten-palvelut".into(),
            phone: "+358 40 7654321".into(),
            email: "vilma@example.invalid".into(),
        }),
        standing: trial::plan_part().standing,
    }
}

fn worded(part: PlanPart) -> Message {
    let (delivery, decision) = trial::spent(trial::delivery("walmu", Item::PlanPart(part)));
    Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), &decision).unwrap()
}

#[test]
fn full_plan() {
    let message = worded(part());
    assert_eq!(message.path, "/suunnitelmat");
    let written = std::str::from_utf8(&message.body).unwrap();
    assert!(written == include_str!("../testdata/plan-full.json").trim_end(), "{written}");
}

#[test]
fn last_word_on_a_plan() {
    let part = PlanPart {
        consent_withdrawn: true,
        plan: String::new(),
        owner: "te".into(),
        revision: 4,
        state: PlanState::Revoked.into(),
        background: part().background,
        ..PlanPart::default()
    };
    let written: Value = serde_json::from_slice(&worded(part).body).unwrap();
    assert_eq!(written["suunnitelma"]["lupaPeruttu"], true);
    assert_eq!(written["suunnitelma"].get("tunnus"), None);
    assert_eq!(written["luovutuslupa"]["perusteet"], json!([format!("consents/{}", trial::CONSENT)]));
}

#[test]
fn what_cannot_be_written() {
    let what = |spoil: fn(&mut PlanPart)| {
        let mut part = part();
        spoil(&mut part);
        Suunnitelma::of(part).err().unwrap().0
    };
    assert_eq!(what(|part| part.plan = "plans/1".into()), "plan");
    assert_eq!(what(|part| part.plan = "youths/1/plans/2".into()), "plan");
    assert_eq!(what(|part| part.revision = 0), "revision");
    assert_eq!(what(|part| part.state = 0), "state");
    assert_eq!(what(|part| part.state = 77), "state");
    assert_eq!(what(|part| part.update_time.as_mut().unwrap().nanos = -1), "update_time");
    assert_eq!(what(|part| part.needs[0].category = 77), "category");
    assert_eq!(what(|part| part.goals[0].state = 0), "goal state");
    assert_eq!(what(|part| part.goals[0].achievement = 77), "achievement");
    assert_eq!(what(|part| part.actions[0].state = 0), "action state");
    assert_eq!(what(|part| part.meetings[0].state = 77), "meeting state");
    assert_eq!(what(|part| part.meetings[0].time.as_mut().unwrap().nanos = -1), "meeting time");
}

/// The plan of the test, as the case management would write it of its own.
pub(super) fn own() -> Value {
    let (plan, _) = Suunnitelma::of(part()).unwrap();
    serde_json::to_value(plan).unwrap()
}

pub(super) fn read(plan: Value) -> Result<PlanPart, Misread> {
    let plan: Suunnitelma = serde_json::from_value(plan).map_err(|_| Misread("json"))?;
    plan.read(&trial::agency("walmu")).map(|(_, part)| part)
}

#[test]
fn a_plan_of_its_own() {
    let told = read(own()).unwrap();
    assert_eq!((told.plan.as_str(), told.owner.as_str(), told.redacted), ("", "walmu", true));
    // Where it stands in the joint plan is not its own to say.
    let mut expected = PlanPart { plan: String::new(), owner: "walmu".into(), standing: None, ..part() };
    expected.background.as_mut().unwrap().identity_code.clear();
    assert!(told == expected);
}

#[test]
fn bad_plans_of_its_own() {
    let bad = [
        ("/omistajanTunnus", json!("")),
        ("/omistajanTunnus", json!("a b")),
        ("/omistajanTunnus", json!("S-010594Y9032")),
        ("/versio", json!(0)),
        ("/versio", json!(-1)),
        ("/versio", json!(null)),
        ("/tila", json!("VOIMASSA")),
        ("/paivitetty", json!("2026-11-21")),
        ("/paivitetty", json!("2026-11-21T09:30:00+02:00")),
        ("/tarkistusPvm", json!("2027-02-30")),
        ("/tarkistusPvm", json!("20270215")),
        ("/lahtotilanne/asiakas/henkilotunnus", json!("010594Y9031")),
        ("/lahtotilanne/asiakas/etunimet", json!("ä".repeat(201))),
        ("/lahtotilanne/asiakas", json!(null)),
        ("/tarpeet/0/tunnus", json!("")),
        ("/tarpeet/0/tunnus", json!("010594Y9032")),
        ("/tavoitteet/0/tarpeet", json!(["n-010594Y9032"])),
        ("/toimenpiteet/0/tavoite", json!("010594y9032")),
        ("/tarpeet", json!(vec![json!({"tunnus": "t", "luokka": "housing", "kuvaus": "a"}); 2])),
        ("/paivitetty", json!("2026-11-21 09:30Z")),
        ("/tarpeet/0/luokka", json!("envelope")),
        ("/tarpeet/0/luokka", json!("SERVICE_NEEDS")),
        ("/tarpeet/0/kuvaus", json!("a\u{0}")),
        ("/tarpeet/0/kuvaus", json!("")),
        ("/tavoitteet/0/tila", json!("unohdettu")),
        ("/tavoitteet/0/toteutuminen", json!("hyvin")),
        ("/tavoitteet/0/maaraPvm", json!("2027-13-01")),
        ("/toimenpiteet/0/alkuPvm", json!("1.12.2026")),
        ("/toimenpiteet/0/ptvPalvelu", json!("palvelu")),
        ("/toimenpiteet/0/kuvaus", json!("ö".repeat(2001))),
        ("/tapaamiset/0/aika", json!("2026-12-01 10:00")),
        ("/tapaamiset/0/osallistujat", json!([""])),
        ("/vastuutyontekija/tunnus", json!("010594Y9032")),
        ("/vastuutyontekija/puhelin", json!("soita")),
        ("/tarpeet", json!(vec![json!({"tunnus": "t", "luokka": "housing", "kuvaus": "a"}); 201])),
    ];
    for (pointer, value) in bad {
        let mut plan = own();
        *plan.pointer_mut(pointer).unwrap() = value.clone();
        assert!(read(plan).is_err(), "{pointer}: {value}");
    }
}

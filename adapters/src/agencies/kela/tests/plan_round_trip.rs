//! Does Kela get every part of a plan whole? Read back as README.md has it, by a reader that is no part of the adapter.

use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agencies::event::read_code;
use crate::agencies::trial::any;

/// A member of an object, as long as it is of this form.
struct Members<'v>(&'v Value);

impl Members<'_> {
    fn text(&self, name: &str) -> String {
        self.0.get(name).map(|value| value.as_str().unwrap().to_owned()).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.as_bool().unwrap())
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.list(name, |value| value.as_str().unwrap().to_owned())
    }

    fn list<T>(&self, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
        self.0.get(name).map(|all| all.as_array().unwrap().iter().map(read).collect()).unwrap_or_default()
    }

    fn instant(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name);
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn code<T: Copy + TryFrom<i32> + Into<i32>>(&self, name: &str, of: fn(T) -> Option<&'static str>) -> i32 {
        match self.text(name).as_str() {
            "" => 0,
            code => read_code(code, of).map(T::into).unwrap(),
        }
    }

    fn class(&self) -> i32 {
        polku_proto::named(&self.text("luokka")).unwrap().into()
    }
}

fn read(written: &Value) -> PlanPart {
    let part = Members(written);
    let names = ["nuori", "toivottuYhteydenottoaika", "perustelu", "palvelutarpeet", "tausta"];
    let mut told = json!({});
    for name in names {
        if let Some(value) = written.get(name) {
            told[name] = value.clone();
        }
    }
    let told: content::Lisatiedot = serde_json::from_value(told).unwrap();
    let background = content::Tiedot::from(told).content();
    let plan = part.text("suunnitelmaTunnus");
    PlanPart {
        plan: if plan.is_empty() { plan } else { format!("youths/{}/plans/{plan}", trial::YOUTH) },
        owner: part.text("omistaja"),
        reference: part.text("omistajanTunnus"),
        revision: written["versio"].as_u64().unwrap(),
        update_time: part.instant("paivitetty").map(|instant| time::to_wire(instant).unwrap()),
        state: part.code("tila", codes::plan::plan),
        redacted: part.flag("tietojaKarsittu"),
        consent_withdrawn: part.flag("lupaPeruttu"),
        background: Some(background).filter(|told| *told != ReferralContent::default()),
        needs: part.list("tarpeet", |need| {
            let need = Members(need);
            PlanNeed {
                id: need.text("tunnus"),
                category: need.class(),
                text: need.text("kuvaus"),
                found_in_meeting: need.flag("havaittuKokouksessa"),
            }
        }),
        goals: part.list("tavoitteet", |goal| {
            let goal = Members(goal);
            PlanGoal {
                id: goal.text("tunnus"),
                category: goal.class(),
                text: goal.text("kuvaus"),
                state: goal.code("tila", codes::plan::goal),
                achievement: goal.code("toteutuminen", codes::plan::achievement),
                due: goal.text("maaraaika"),
                needs: goal.texts("tarpeet"),
            }
        }),
        actions: part.list("toimenpiteet", |action| {
            let action = Members(action);
            PlanAction {
                id: action.text("tunnus"),
                category: action.class(),
                text: action.text("kuvaus"),
                state: action.code("tila", codes::plan::action),
                goal: action.text("tavoite"),
                provider: action.text("tuottaja"),
                ptv_service: action.text("ptvPalvelu"),
                start: action.text("alkaa"),
                end: action.text("paattyy"),
                reason: action.text("syy"),
            }
        }),
        meetings: part.list("tapaamiset", |meeting| {
            let meeting = Members(meeting);
            PlanMeeting {
                id: meeting.text("tunnus"),
                category: meeting.class(),
                time: meeting.instant("aika").map(|instant| time::to_wire(instant).unwrap()),
                state: meeting.code("tila", codes::plan::meeting),
                place: meeting.text("paikka"),
                participants: meeting.texts("osallistujat"),
                note: meeting.text("muistiinpano"),
            }
        }),
        client_view: part.text("nuorenNakemys"),
        worker_view: part.text("tyontekijanNakemys"),
        next_review: part.text("seuraavaTarkistus"),
        responsible_worker: written.get("vastuutyontekija").map(|worker| {
            let worker = Members(worker);
            Worker {
                id: worker.text("tunnus"),
                name: worker.text("nimi"),
                unit: worker.text("yksikko"),
                phone: worker.text("puhelin"),
                email: worker.text("sahkoposti"),
            }
        }),
    }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn plan(part in any::plan(), withdrawn in any::<bool>(), own in any::<bool>()) {
        let plan = if own { String::new() } else { part.plan.clone() };
        let part = PlanPart { plan, consent_withdrawn: withdrawn, ..part };
        prop_assert!(part.state() != PlanState::Unspecified);
        let delivery = Delivery { referral: String::new(), ..trial::delivery("kela", Item::PlanPart(part.clone())) };
        let (_, decision) = trial::spent(trial::delivery("kela", Item::Notice(trial::notice())));
        let written = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), &decision);
        match written {
            Ok(message) => {
                let written = json(&message.body);
                prop_assert_eq!(written["sanomaTunnus"].as_str(), Some(trial::MESSAGE));
                prop_assert!(read(&written) == part);
            }
            // Kela's document wants both.
            Err(unwritable) if part.revision == 0 => prop_assert_eq!(unwritable.0, "revision"),
            Err(unwritable) => {
                prop_assert!(part.update_time.is_none());
                prop_assert_eq!(unwritable.0, "update_time");
            }
        }
    }
}

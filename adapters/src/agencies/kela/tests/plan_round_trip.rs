//! Does Kela get every part of a plan whole? Read back as README.md has it, by a reader that is no part of the adapter.

use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::agencies::trial::{Members, any};

/// What is told of the person, in the members of these names.
pub(super) const TOLD: [&str; 5] =
    ["nuori", "toivottuYhteydenottoaika", "perustelu", "palvelutarpeet", "tausta"];

/// What is told of the person; nothing if nothing is.
pub(super) fn told(said: Value) -> Option<ReferralContent> {
    let told: content::Lisatiedot = serde_json::from_value(said).unwrap();
    let content = content::Tiedot::from(told).content();
    Some(content).filter(|told| *told != ReferralContent::default())
}

fn class(item: &mut Members) -> i32 {
    polku_proto::named(&item.text("luokka")).unwrap().into()
}

fn read(written: Value) -> PlanPart {
    let mut part = Members::of(written);
    assert_eq!(part.text("sanomaTunnus"), trial::MESSAGE);
    let plan = part.text("suunnitelmaTunnus");
    let background = told(part.all(&TOLD));
    part.whole(|part| PlanPart {
        plan: if plan.is_empty() { String::new() } else { format!("youths/{}/plans/{plan}", trial::YOUTH) },
        owner: part.text("omistaja"),
        reference: part.text("omistajanTunnus"),
        revision: part.value("versio").unwrap().as_u64().unwrap(),
        update_time: part.instant("paivitetty").and_then(|instant| time::to_wire(instant).ok()),
        state: part.code("tila", codes::plan::plan),
        redacted: part.flag("tietojaKarsittu"),
        consent_withdrawn: part.flag("lupaPeruttu"),
        background: background.clone(),
        needs: part.each("tarpeet", |need| PlanNeed {
            id: need.text("tunnus"),
            category: class(need),
            text: need.text("kuvaus"),
            found_in_meeting: need.flag("havaittuKokouksessa"),
        }),
        goals: part.each("tavoitteet", |goal| PlanGoal {
            id: goal.text("tunnus"),
            category: class(goal),
            text: goal.text("kuvaus"),
            state: goal.code("tila", codes::plan::goal),
            achievement: goal.code("toteutuminen", codes::plan::achievement),
            due: goal.text("maaraaika"),
            needs: goal.texts("tarpeet"),
        }),
        actions: part.each("toimenpiteet", |action| PlanAction {
            id: action.text("tunnus"),
            category: class(action),
            text: action.text("kuvaus"),
            state: action.code("tila", codes::plan::action),
            goal: action.text("tavoite"),
            provider: action.text("tuottaja"),
            ptv_service: action.text("ptvPalvelu"),
            start: action.text("alkaa"),
            end: action.text("paattyy"),
            reason: action.text("syy"),
        }),
        meetings: part.each("tapaamiset", |meeting| PlanMeeting {
            id: meeting.text("tunnus"),
            category: class(meeting),
            time: meeting.instant("aika").and_then(|instant| time::to_wire(instant).ok()),
            state: meeting.code("tila", codes::plan::meeting),
            place: meeting.text("paikka"),
            participants: meeting.texts("osallistujat"),
            note: meeting.text("muistiinpano"),
        }),
        client_view: part.text("nuorenNakemys"),
        worker_view: part.text("tyontekijanNakemys"),
        next_review: part.text("seuraavaTarkistus"),
        responsible_worker: part.object("vastuutyontekija").map(|mut worker| {
            worker.whole(|worker| Worker {
                id: worker.text("tunnus"),
                name: worker.text("nimi"),
                unit: worker.text("yksikko"),
                phone: worker.text("puhelin"),
                email: worker.text("sahkoposti"),
            })
        }),
        standing: part.value("yhteinenTilanne").map(trial::standing_in_json),
    })
}

#[test]
fn where_it_stands() {
    trial::try_every_standing(|part| {
        let delivery = Delivery { referral: String::new(), ..trial::delivery("kela", Item::PlanPart(part)) };
        let message =
            Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), &DECISION, coached())
                .unwrap();
        read(json(&message.body)).standing.unwrap()
    });
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn plan(part in any::plan(), own in any::<bool>()) {
        let plan = if own { String::new() } else { part.plan.clone() };
        let part = PlanPart { plan, ..part };
        prop_assert!(part.state() != PlanState::Unspecified);
        let delivery = Delivery { referral: String::new(), ..trial::delivery("kela", Item::PlanPart(part.clone())) };
        match Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), &DECISION, coached()) {
            Ok(message) => prop_assert!(read(json(&message.body)) == part),
            // Kela's document wants both.
            Err(unwritable) if part.revision == 0 => prop_assert_eq!(unwritable.0, "revision"),
            Err(unwritable) => {
                prop_assert!(part.update_time.is_none());
                prop_assert_eq!(unwritable.0, "update_time");
            }
        }
    }
}

//! Does it arrive whole where a part stands in the joint plan, in the words that the Finnish systems share?

use polku_proto::time;
use polku_proto::v1::{
    DataCategory, MeetingRecord, PlanCommitment, PlanItem, PlanLink, PlanPart, PlanStanding,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value};

use super::members::Members;
use super::{any, plan_part};
use crate::agencies::event::read_code;
use crate::agencies::standing as codes;
use crate::transport::xml::Element;

/// Has parts written that stand in every way there is, and holds what is read of that against what was told.
pub(in crate::agencies) fn try_every_standing(read: impl Fn(PlanPart) -> PlanStanding) {
    let tried = TestRunner::new(any::config()).run(&any::standing(), |standing| {
        let told = read(PlanPart { standing: Some(standing.clone()), ..plan_part() });
        prop_assert!(told == standing, "{told:#?}\n{standing:#?}");
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Reads the element `yhteinenTilanne`.
pub(in crate::agencies) fn standing_in_xml(element: &Element) -> PlanStanding {
    standing_in_json(as_json(element))
}

/// Reads the member `yhteinenTilanne`.
pub(in crate::agencies) fn standing_in_json(told: Value) -> PlanStanding {
    Members::of(told).whole(|told| PlanStanding {
        changed_since_acceptance: told.flag("muuttunutHyvaksymisesta"),
        commitments: told.each("vahvistetut", |one| PlanCommitment {
            action: one.text("tunnus"),
            acknowledge_time: one.instant("aika").map(|instant| time::to_wire(instant).unwrap()),
        }),
        meetings: told.each("kirjaukset", |record| MeetingRecord {
            category: DataCategory::JointPlan.into(),
            meeting: record.text("tapaaminen"),
            kind: code(&record.text("laji"), codes::record_kind),
            attended: record.texts("lasna"),
            client_attended: record.flag("asiakasLasna"),
            missing: record.texts("puuttuu").iter().map(|seat| code(seat, codes::seat)).collect(),
            questionnaire_before: record.flag("kyselyEnnen"),
        }),
        accept_time: told.instant("hyvaksytty").map(|instant| time::to_wire(instant).unwrap()),
        step: told.object("seuraavaAskel").map(item),
        links: told.each("yhteydet", |link| PlanLink {
            kind: code(&link.text("laji"), codes::link_kind),
            first: link.object("alku").map(item),
            second: link.object("loppu").map(item),
        }),
    })
}

fn item(mut told: Members) -> PlanItem {
    told.whole(|told| PlanItem {
        owner: told.text("omistaja"),
        kind: code(&told.text("laji"), codes::item_kind),
        id: told.text("tunnus"),
    })
}

/// Reads a code, however the agency spells it.
fn code<T: Copy + TryFrom<i32> + Into<i32>>(told: &str, of: fn(T) -> Option<&'static str>) -> i32 {
    read_code(&told.to_uppercase(), of).map(T::into).unwrap()
}

/// What stands in an element, with the names of lists where elements repeat.
fn as_json(element: &Element) -> Value {
    if element.children().is_empty() {
        return if element.text() == "true" { Value::Bool(true) } else { element.text().into() };
    }
    let mut members = Map::new();
    for child in element.children() {
        let list = match child.name() {
            "vahvistettu" => "vahvistetut",
            "kirjaus" => "kirjaukset",
            "yhteys" => "yhteydet",
            "lasna" | "puuttuu" => child.name(),
            once => {
                assert!(members.insert(once.to_owned(), as_json(child)).is_none(), "{once} twice");
                continue;
            }
        };
        let items = members.entry(list).or_insert_with(|| Value::Array(Vec::new()));
        items.as_array_mut().unwrap().push(as_json(child));
    }
    members.into()
}

//! Does everything stand where the agency's document says, and is it said when something is left out?

use polku_adapters::Matter;
use polku_proto::v1::DataCategory;
use polku_proto::v1::delivery::Item;

use super::bench::{Bench, benches};
use super::payloads::{delivery, handover, message, plan_part};

/// What the agencies call the place of each value of the content. In FHIR the name stands right before the value.
const PLACES: [(&str, &[&str]); 25] = [
    ("Qaahto Vreemi", &["etunimet", "text"]),
    ("Vreemi", &["given"]),
    ("Wolpukka-Jax", &["sukunimi", "family"]),
    ("sv", &["asiointikieli", "urn:ietf:bcp:47"]),
    ("PL 8817 Zyxlehto", &["yhteysosoite", "postal"]),
    ("+358 99 7150432", &["puhelin", "puhelinnumero", "phone"]),
    ("vq7k@postia.invalid", &["sahkoposti", "sahkopostiosoite", "email"]),
    ("Rhubarbkuja 6174", &["katuosoite", "lahiosoite", "line"]),
    ("ZK-48 QX", &["postinumero", "postalCode"]),
    ("Ylibuzzula", &["postitoimipaikka", "city"]),
    ("687", &["kuntakoodi", "kotikunta", "urn:oid:1.2.246.537.6.21"]),
    ("gn-hq5w2", &["perustelu", "ohjauksenSyy", "reason"]),
    ("sn-bb81z", &["palvelutarve", "palvelutarpeet", "service_needs"]),
    ("ew-xo31j", &["koulutus", "education"]),
    ("ew-kk77v", &["tyohistoria", "work_history"]),
    ("06", &["tyonhakijanTila", "urn:polku:job-seeker-status"]),
    ("so-p0tt6", &["sosiaalinenTilanne", "tilanne", "social_situation"]),
    ("he-zw9uu", &["toimintakyky", "health_capacity"]),
    ("ho-mm4qd", &["asuminen", "housing"]),
    ("be-yr2xk", &["etuudetJaTulot", "toimeentulo", "benefits_income"]),
    ("jp-tt0wv", &["yhteinenSuunnitelma", "suunnitelma", "suunnitelmatiivistelma", "joint_plan"]),
    ("at-qq6nb", &["palveluunOsallistuminen", "kaynnit", "service_attendance"]),
    ("cw-kb3jd", &["toivottuYhteydenotto", "toivottuYhteydenottoaika", "yhteydenottotoive", "contact_wish"]),
    ("om-zz3hj", &["tulosmittarit", "outcome_measures"]),
    ("ql-vx5ee", &["elamanlaatu", "quality_of_life"]),
];

/// Every value of what has taken effect under this number, with its path; the number itself is left out of both.
pub(super) fn fields(bench: &Bench, number: u32) -> Vec<(String, String)> {
    let id = message(number);
    let taken = bench.agency.control().ledger().all_taken_in();
    let [one] = &taken.iter().filter(|one| one.message_id == id).collect::<Vec<_>>()[..] else {
        panic!("{}: not one effect of {number}", bench.name())
    };
    let (_, own) = id.rsplit_once('-').unwrap();
    one.fields.iter().map(|(path, value)| (path.clone(), value.replace(own, "?"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_stands_in_its_own_place() {
    for bench in benches() {
        bench.deliver(delivery(bench.kind.id, 1, handover())).await.unwrap();
        let fields = fields(&bench, 1);
        let mut found = 0;
        for (number, (path, value)) in fields.iter().enumerate() {
            let Some((_, places)) = PLACES.iter().find(|(known, _)| known == value) else { continue };
            let own = path.rsplit('.').next().unwrap();
            let before = number.checked_sub(1).map_or("", |before| fields[before].1.as_str());
            let fits = places.contains(&own) || places.contains(&before);
            assert!(fits, "{}: {value} stands in {path} after {before}", bench.name());
            found += 1;
        }
        // The given names stand together or one by one.
        assert_eq!(found, PLACES.len() - 1, "{}", bench.name());
        bench.agency.control().stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_something_is_left_out_is_said() {
    for bench in benches() {
        let mut number = 0;
        let mut matters = vec![Matter::Referral];
        matters.extend(bench.kind.delivers.iter().filter(|matter| **matter == Matter::PlanPart));
        for matter in matters {
            let mut told = Vec::new();
            for redacted in [false, false, true] {
                let mut item = if matter == Matter::Referral {
                    handover()
                } else {
                    Item::PlanPart(plan_part(&[DataCategory::JointPlan]))
                };
                match &mut item {
                    Item::Handover(handover) => handover.redacted = redacted,
                    Item::PlanPart(part) => part.redacted = redacted,
                    Item::Notice(_) | Item::Disclosure(_) => panic!("says nothing of what is left out"),
                }
                number += 1;
                bench.deliver(delivery(bench.kind.id, number, item)).await.unwrap();
                told.push(fields(&bench, number));
            }
            let name = format!("{}, {}", bench.name(), matter.name());
            assert_eq!(told[0], told[1], "{name}");
            assert_ne!(told[1], told[2], "{name}: nobody hears that something is left out");
        }
        bench.agency.control().stop();
    }
}

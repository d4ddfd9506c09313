//! Does everything come out as it went in?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    AgencyFacts, DataCategory, Delivery, FactsQuery, LegalClaim, PlanPart, ReferralContent, ReferralHandover,
};
use polku_proto::{CategorySet, Disclose, time};
use proptest::prelude::*;

use super::*;
use crate::agencies::form::Expected;
use crate::agencies::soap::tree::{self, Node, text};
use crate::agencies::soap::{Outgoing, Parts};
use crate::agencies::trial::{any, asked};
use crate::transport::xml::{Element, XmlLimits, XmlWriter, read_document};
use crate::transport::xroad::soap::check_request;
use crate::{InboundChange, InboundMatter};

/// The body of a delivery as it was on the wire.
pub(super) fn body(delivery: Delivery) -> Element {
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap();
    check_request(&office().office.write(&message).unwrap()).unwrap().body().clone()
}

/// The children of an element from this place on, as an element of their own.
fn after(element: &Element, names: &[&str]) -> Element {
    let mut writer = XmlWriter::fragment();
    writer.start("tns:loput", &[("xmlns:tns", wire::PROTOCOL.namespace)]);
    for child in element.children().iter().filter(|child| !names.contains(&child.name())) {
        writer.tree(child);
    }
    writer.end();
    read_document(writer.finish().unwrap().as_bytes(), &XmlLimits::default()).unwrap()
}

fn document(name: &str, nodes: &[Node]) -> Element {
    let mut writer = XmlWriter::fragment();
    writer.start(name, &[("xmlns:tns", wire::PROTOCOL.namespace)]);
    tree::write(nodes, &mut writer);
    writer.end();
    read_document(writer.finish().unwrap().as_bytes(), &XmlLimits::default()).unwrap()
}

fn nodes(pairs: &[(&'static str, &str)]) -> Vec<Node> {
    pairs.iter().filter_map(|(name, value)| text(name, (*value).to_owned())).collect()
}

fn official() -> Node {
    Node::Group("tns:kasittelija", nodes(&[("tns:tunnus", "virkailija-1"), ("tns:yksikko", "nuoret")]))
}

fn try_service(name: &str, body: &[Node]) -> Result<InboundMatter, Expected> {
    let service = wire::PROTOCOL.services.iter().find(|service| service.code == name).unwrap();
    (service.read)(&document(&format!("tns:{name}"), body), &trial::agency("te")).map(|event| event.matter)
}

fn read_service(name: &str, body: &[Node]) -> InboundMatter {
    try_service(name, body).unwrap()
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn plan_to_the_office(part in any::plan()) {
        let delivery = Delivery { referral: String::new(), ..trial::delivery("te", Item::PlanPart(part.clone())) };
        let body = body(delivery);
        prop_assert_eq!(body.text_of("suunnitelmaTunnus"), Some(trial::PLAN));
        prop_assert_eq!(body.text_of("omistaja"), Some("ohjaamo"));
        prop_assert_eq!(body.text_of("lupaPeruttu").is_some(), part.consent_withdrawn);
        let rest = after(&body, &["sanomaTunnus", "suunnitelmaTunnus", "omistaja", "lupaPeruttu"]);
        let read = plan::read(&mut Parts::of(&rest).unwrap(), &trial::agency("ohjaamo")).unwrap();
        let known = PlanPart { plan: part.plan.clone(), consent_withdrawn: part.consent_withdrawn, ..read };
        prop_assert_eq!(known, part);
    }

    #[test]
    fn plan_of_the_office(part in any::plan()) {
        // Its own plan is always its own to tell.
        let mut part = PlanPart { plan: String::new(), owner: "te".into(), consent_withdrawn: false, ..part };
        let mut background = part.background.take().unwrap_or_default();
        background.identity_code = "010594Y9032".into();
        part.background = Some(background);
        let plan::Outgoing { nodes: written, .. } = plan::outgoing(part.clone()).unwrap();
        let mut body = nodes(&[("tns:sanomaTunnus", trial::MESSAGE)]);
        body.push(official());
        // Without `omistaja`: it is the office.
        body.extend(written.into_iter().skip(1));
        let InboundMatter::PlanPart(plan) = read_service("lahetaSuunnitelma", &body) else { panic!("no plan") };
        prop_assert_eq!(plan.identity.expose(), "010594Y9032");
        let mut read = plan.part;
        let mut background = read.background.take().unwrap_or_default();
        prop_assert_eq!(&background.identity_code, "");
        background.identity_code = "010594Y9032".into();
        read.background = Some(background);
        prop_assert_eq!(read, part);
    }

    #[test]
    fn referral_of_the_office(content in any::content(), handover in any::handover()) {
        let ReferralHandover { purpose, respond_by, recipient_unit, claim, redacted, .. } = handover;
        let respond_by = respond_by.map(|instant| time::from_wire(&instant).unwrap());
        let mut body = nodes(&[("tns:sanomaTunnus", trial::MESSAGE)]);
        body.push(official());
        body.extend(nodes(&[
            ("tns:vastaanottaja", "etsiva"),
            ("tns:vastaanottavaYksikko", &recipient_unit),
            ("tns:kayttotarkoitus", codes::purpose(purpose.try_into().unwrap()).unwrap()),
            ("tns:vastausViimeistaan", &respond_by.map(|instant| instant.to_string()).unwrap_or_default()),
        ]));
        body.extend(tree::flag("tns:tietojaKarsittu", redacted));
        if let Some(LegalClaim { ground, statement, consent_asked }) = &claim {
            let claim = [
                ("tns:peruste", codes::ground((*ground).try_into().unwrap()).unwrap()),
                ("tns:selostus", statement),
                ("tns:suostumusta", codes::consent_asked((*consent_asked).try_into().unwrap()).unwrap()),
            ];
            body.push(Node::Group("tns:ilmoitusperuste", nodes(&claim)));
        }
        body.extend(details::nodes(content.clone()));
        let read = try_service("lahetaLahete", &body);
        // A ground that is not explained is none.
        if claim.as_ref().is_some_and(|claim| claim.statement.trim().is_empty()) {
            prop_assert!(read.is_err());
            return Ok(());
        }
        let InboundMatter::Referral(referral) = read.unwrap() else { panic!("no referral") };
        prop_assert_eq!(referral.identity.expose(), &content.identity_code);
        let recipient = trial::party("etsiva", &recipient_unit);
        prop_assert_eq!(referral.recipient.to_string(), recipient);
        prop_assert_eq!((i32::from(referral.purpose), referral.redacted), (purpose, redacted));
        prop_assert_eq!(referral.respond_by, respond_by);
        let content = ReferralContent { identity_code: String::new(), ..content };
        prop_assert!(referral.claim == claim && referral.content == content);
    }

    #[test]
    fn answer_to_a_question(content in any::content()) {
        let mut content = content;
        content.identity_code = String::new();
        let mut body = nodes(&[("tns:sanomaTunnus", trial::MESSAGE), ("tns:laheteTunnus", trial::REFERRAL)]);
        body.push(official());
        body.extend(nodes(&[("tns:toimenpide", "ANNA_LISATIEDOT")]));
        body.push(Node::Group("tns:lisatiedot", details::nodes(content.clone())));
        let InboundMatter::Change { change, .. } = read_service("paivitaLahete", &body) else { panic!("no change") };
        let InboundChange::ProvideInformation { answer, origin: None } = change else { panic!("no answer") };
        prop_assert_eq!(*answer, content);
    }

    #[test]
    fn facts(
        words in any::words(4000),
        since in any::maybe_date(),
        until in any::maybe_date(),
        recorded in any::instant(),
        reference in "[A-Za-z._:-]{1,128}",
        plan in any::plan(),
    ) {
        let part = PlanPart { plan: String::new(), owner: "te".into(), consent_withdrawn: false, ..plan };
        let record = |extra: &[(&'static str, &str)]| {
            let mut all = nodes(extra);
            all.extend(nodes(&[
                ("tns:kuvaus", &words),
                ("tns:alkaen", &since),
                ("tns:asti", &until),
                ("tns:kirjattu", &recorded.to_string()),
                ("tns:tunnus", &reference),
            ]));
            all
        };
        let mut answer = nodes(&[("tns:henkilotunnus", "010594Y9032"), ("tns:haettu", "2026-11-21T09:30:00Z")]);
        answer.push(Node::Group("tns:asiakkuus", record(&[])));
        answer.push(Node::Group("tns:tyonhakijanTila", record(&[("tns:koodi", "02")])));
        answer.push(Node::Group("tns:tyottomyys", record(&[])));
        answer.push(Node::Group("tns:vastuuasiantuntija", record(&[("tns:virkailija", "v-1")])));
        answer.push(Node::Group("tns:ajanvaraus", record(&[])));
        answer.push(Node::Group("tns:koulutus", record(&[("tns:koulutusaste", "3")])));
        answer.push(Node::Group("tns:tyokokemus", record(&[])));
        answer.push(Node::Group("tns:palvelutarve", record(&[])));
        let written = plan::outgoing(part.clone()).unwrap().nodes;
        answer.push(Node::Group("tns:suunnitelma", written.into_iter().skip(1).collect()));
        let answer = document("tns:haeAsiakkuusResponse", &answer);

        let asked: Vec<DataCategory> = query::ANSWERED.iter().collect();
        let FactsQuery { identity_code, .. } = trial::facts_query(&asked);
        prop_assert_eq!(identity_code.as_str(), "010594Y9032");
        let (_, asked) = query::outgoing(trial::facts_query(&asked)).unwrap();
        let read: AgencyFacts = query::read(&answer, &trial::agency("te"), &asked).unwrap();
        prop_assert_eq!(read.facts.len(), 8);
        for fact in &read.facts {
            prop_assert_eq!(&fact.text, &words);
            prop_assert_eq!((&fact.since, &fact.until), (&since, &until));
            prop_assert_eq!(fact.record_time, time::to_wire(recorded).ok());
            prop_assert_eq!(&fact.reference, &reference);
        }
        let codes: Vec<&str> = read.facts.iter().map(|fact| fact.code.as_str()).collect();
        prop_assert_eq!(codes, ["", "02", "", "v-1", "", "3", "", ""]);
        // The plan comes without the identity code and without what was not asked for.
        let mut part = part;
        if let Some(background) = &mut part.background {
            background.identity_code = String::new();
        }
        part.restrict(query::ANSWERED);
        let left = !Disclose::categories(&part).is_subset(CategorySet::ENVELOPE);
        prop_assert_eq!(read.plans, if left { vec![part] } else { Vec::new() });
    }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn question(query in asked::query()) {
        let told: CategorySet = CategorySet::from_wire(&query.categories).unwrap().intersection(query::ANSWERED);
        let (written, _) = match query::outgoing(query.clone()) {
            Ok(written) => written,
            Err(unwritable) => {
                prop_assert!(told.is_empty() && unwritable.0 == "categories");
                return Ok(());
            }
        };
        let professional = Some(query.professional.clone()).filter(|id| !id.is_empty());
        prop_assert_eq!(&written.professional, &professional);
        prop_assert_eq!((&written.id, written.requester.as_str()), (&query.query_id, query.requester.as_str()));
        let document = office().office.write(&Message::asking(written)).unwrap();
        let body = check_request(&document).unwrap().body().clone();
        prop_assert_eq!(body.text_of("kyselyTunnus"), Some(query.query_id.as_str()));
        prop_assert_eq!(body.text_of("kysyja"), Some(query.requester.as_str()));
        prop_assert_eq!(body.text_of("henkilotunnus"), Some(query.identity_code.as_str()));
        let purpose = body.text_of("kayttotarkoitus").and_then(codes::read_purpose);
        prop_assert_eq!(purpose.map(i32::from), Some(query.purpose));
        let categories = body.all("tietoryhma").map(|category| codes::plan::read::<DataCategory>(category.text(), codes::plan::category).unwrap());
        let categories: CategorySet = categories.map(|number| DataCategory::try_from(number).unwrap()).collect();
        prop_assert_eq!(categories, told);
    }
}

#[test]
fn the_longest_plan_that_cannot_be_sent_is_not_sent() {
    let mut part = trial::plan_part();
    let need = part.needs.remove(0);
    part.needs = (0..200)
        .map(|number| polku_proto::v1::PlanNeed {
            id: format!("n{number}"),
            text: "&".repeat(2000),
            ..need.clone()
        })
        .collect();
    let delivery = Delivery { referral: String::new(), ..trial::delivery("te", Item::PlanPart(part)) };
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap();
    let failure = office().office.write(&message).unwrap_err();
    assert_eq!(failure.kind, AdapterErrorKind::Unwritable { what: "soap message" });
    assert!(message.head().issue.is_some());
}

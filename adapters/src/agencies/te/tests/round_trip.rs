//! Does everything come out as it went in?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    AgencyFacts, DataCategory, Delivery, FactsQuery, PlanPart, ReferralHandover, ReferralNotice,
};
use polku_proto::{CategorySet, Disclose, time};
use proptest::prelude::*;

use super::*;
use crate::agencies::soap::tree::{self, Node, text};
use crate::agencies::soap::{Outgoing, Parts};
use crate::agencies::trial::{any, asked};
use crate::transport::xml::{Element, XmlLimits, XmlWriter, read_document};
use crate::transport::xroad::soap::check_request;
use crate::{InboundChange, InboundMatter};

fn body(delivery: Delivery) -> Element {
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

fn read_service(name: &str, body: &[Node]) -> InboundMatter {
    let service = wire::PROTOCOL.services.iter().find(|service| service.code == name).unwrap();
    (service.read)(&document(&format!("tns:{name}"), body), &trial::agency("te")).unwrap().matter
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(content in any::content(), respond_by in any::instant()) {
        let item = ReferralHandover {
            respond_by: time::to_wire(respond_by).ok(),
            ..trial::handover(Some(content.clone()))
        };
        let body = body(trial::delivery("te", Item::Handover(item)));
        prop_assert_eq!(body.text_of("vastausViimeistaan").unwrap().parse().ok(), Some(respond_by));
        let frame = ["sanomaTunnus", "laheteTunnus", "lahettaja", "kayttotarkoitus", "luotu", "vastausViimeistaan"];
        let rest = after(&body, &frame);
        let mut parts = Parts::of(&rest).unwrap();
        prop_assert_eq!(details::read(&mut parts).unwrap(), content);
        prop_assert!(parts.end().is_ok());
    }

    #[test]
    fn notice(content in any::content(), note in any::words(2000), when in any::instant()) {
        let item = ReferralNotice {
            answer: Some(content.clone()),
            sender_note: note.clone(),
            time: time::to_wire(when).ok(),
            ..trial::notice()
        };
        let body = body(trial::delivery("te", Item::Notice(item)));
        prop_assert_eq!(body.text_of("huomautus"), Some(note.as_str()));
        prop_assert_eq!(body.text_of("aika").unwrap().parse().ok(), Some(when));
        let mut parts = Parts::of(body.child("lisatiedot").unwrap()).unwrap();
        prop_assert_eq!(details::read(&mut parts).unwrap(), content);
    }

    #[test]
    fn plan_to_the_office(part in any::plan()) {
        let delivery = Delivery { referral: String::new(), ..trial::delivery("te", Item::PlanPart(part.clone())) };
        let body = body(delivery);
        prop_assert_eq!(body.text_of("suunnitelmaTunnus"), Some(trial::PLAN));
        prop_assert_eq!(body.text_of("omistaja"), Some("ohjaamo"));
        let rest = after(&body, &["sanomaTunnus", "suunnitelmaTunnus", "omistaja"]);
        let read = plan::read(&mut Parts::of(&rest).unwrap(), &trial::agency("ohjaamo")).unwrap();
        prop_assert_eq!(PlanPart { plan: part.plan.clone(), ..read }, part);
    }

    #[test]
    fn plan_of_the_office(part in any::plan()) {
        let mut part = PlanPart { plan: String::new(), owner: "te".into(), ..part };
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
    fn referral_of_the_office(
        content in any::content(),
        respond_by in any::instant(),
        statement in any::words(2000),
        redacted in any::<bool>(),
    ) {
        let mut body = nodes(&[("tns:sanomaTunnus", trial::MESSAGE)]);
        body.push(official());
        body.extend(nodes(&[
            ("tns:vastaanottaja", "etsiva"),
            ("tns:vastaanottavaYksikko", "keskusta"),
            ("tns:kayttotarkoitus", "ETSIVA_NUORISOTYO"),
            ("tns:vastausViimeistaan", &respond_by.to_string()),
        ]));
        body.extend(tree::flag("tns:tietojaKarsittu", redacted));
        let stated = !statement.trim().is_empty();
        if stated {
            let claim = [
                ("tns:peruste", "ETSIVA_NUORISOTYO"),
                ("tns:selostus", statement.as_str()),
                ("tns:suostumusta", "EI_TAVOITETTU"),
            ];
            body.push(Node::Group("tns:ilmoitusperuste", nodes(&claim)));
        }
        body.extend(details::nodes(content.clone()));
        let InboundMatter::Referral(referral) = read_service("lahetaLahete", &body) else { panic!("no referral") };
        prop_assert_eq!(referral.identity.expose(), "010594Y9032");
        prop_assert_eq!(referral.recipient.to_string(), "etsiva/keskusta");
        prop_assert_eq!((referral.respond_by, referral.redacted), (Some(respond_by), redacted));
        prop_assert_eq!(referral.claim.map(|claim| claim.statement), stated.then_some(statement));
        let mut read = referral.content;
        read.identity_code = "010594Y9032".into();
        prop_assert_eq!(read, content);
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
        let part = PlanPart { plan: String::new(), owner: "te".into(), ..plan };
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

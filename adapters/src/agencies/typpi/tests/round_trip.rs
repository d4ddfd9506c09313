//! Does everything come out as it went in?

use polku_proto::v1::{
    AgencyFacts, DataCategory, LegalClaim, PlanPart, Purpose, ReferralContent, ReferralHandover,
};
use polku_proto::{CategorySet, Disclose, time};
use proptest::prelude::*;

use super::*;
use crate::agencies::event;
use crate::agencies::form::Expected;
use crate::agencies::soap::Parts;
use crate::agencies::soap::tree::{self, Node, text};
use crate::agencies::trial::{any, asked};
use crate::transport::xml::XmlWriter;
use crate::transport::xroad::soap::check_request;
use crate::{InboundChange, InboundMatter};

const HETU: &str = "010594Y9032";

/// The body of a delivery as it was on the wire.
pub(super) fn body(delivery: Delivery, decision: &Decision) -> Element {
    let written = text_of(&message(delivery, decision));
    check_request(written.as_bytes()).unwrap().body().clone()
}

/// The children of these names alone, as the only ones of an element of its own.
fn only(element: &Element, names: &[&str]) -> Element {
    let mut writer = XmlWriter::fragment();
    writer.start("tns:ote", &[("xmlns:tns", wire::NAMESPACE)]);
    for child in element.children().iter().filter(|child| names.contains(&child.name())) {
        writer.tree(child);
    }
    writer.end();
    read_document(writer.finish().unwrap().as_bytes(), &XmlLimits::default()).unwrap()
}

fn document(name: &str, nodes: &[Node]) -> Element {
    let mut writer = XmlWriter::fragment();
    writer.start(name, &[("xmlns:tns", wire::NAMESPACE)]);
    tree::write(nodes, &mut writer);
    writer.end();
    read_document(writer.finish().unwrap().as_bytes(), &XmlLimits::default()).unwrap()
}

fn nodes(pairs: &[(&'static str, &str)]) -> Vec<Node> {
    pairs.iter().filter_map(|(name, value)| text(name, (*value).to_owned())).collect()
}

fn frame() -> Vec<Node> {
    let mut frame = nodes(&[("tns:viestiTunnus", trial::MESSAGE)]);
    frame.push(Node::Group("tns:virkailija", nodes(&[("tns:tunnus", "v-7"), ("tns:yksikko", "nuoret")])));
    frame
}

fn try_service(name: &str, body: &[Node]) -> Result<InboundMatter, Expected> {
    let service = wire::PROTOCOL.services.iter().find(|service| service.code == name).unwrap();
    let event = (service.read)(&document(&format!("tns:{name}"), body), &trial::agency("typpi"));
    event.map(|event| event.matter)
}

fn received(name: &str, body: &[Node]) -> InboundMatter {
    try_service(name, body).unwrap()
}

/// With the identity code, or without.
fn about(mut part: PlanPart, code: &str) -> PlanPart {
    let mut background = part.background.take().unwrap_or_default();
    background.identity_code = code.to_owned();
    part.background = Some(background).filter(|background| *background != ReferralContent::default());
    part
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn plan_to_the_register(part in any::plan()) {
        let body = body(part_of(part.clone()), &DECISION);
        prop_assert_eq!(body.text_of("omistaja"), Some("ohjaamo"));
        prop_assert_eq!(body.text_of("lupaPeruttu").is_some(), part.consent_withdrawn);
        let told = only(&body, &["tietojaPuuttuu", "suunnitelma"]);
        let read = plan_read::read(&mut Parts::of(&told).unwrap(), &trial::agency("ohjaamo")).unwrap();
        prop_assert_eq!(PlanPart { consent_withdrawn: part.consent_withdrawn, ..read }, part);
    }

    #[test]
    fn plan_of_the_register(part in any::plan()) {
        // Its own plan is always its own to tell.
        let part = PlanPart { owner: "typpi".into(), consent_withdrawn: false, ..part };
        let mut body = frame();
        body.extend(tree::flag("tns:tietojaPuuttuu", part.redacted));
        body.push(plan::word(about(part.clone(), HETU)).unwrap().node);
        let InboundMatter::PlanPart(told) = received("lahetaSuunnitelma", &body) else { panic!("no plan") };
        prop_assert_eq!(told.identity.expose(), HETU);
        prop_assert_eq!(told.part, about(part, ""));
    }

    #[test]
    fn referral_of_the_register(content in any::content(), handover in any::handover()) {
        let ReferralHandover { purpose, respond_by, recipient_unit, claim, redacted, .. } = handover;
        let respond_by = respond_by.map(|instant| time::from_wire(&instant).unwrap());
        let mut body = frame();
        body.extend(nodes(&[
            ("tns:vastaanottaja", "etsiva"),
            ("tns:kohdeyksikko", &recipient_unit),
            ("tns:kayttotarkoitus", codes::purpose(purpose.try_into().unwrap()).unwrap()),
            ("tns:vastattavaViimeistaan", &respond_by.map(|instant| instant.to_string()).unwrap_or_default()),
        ]));
        body.extend(tree::flag("tns:tietojaPuuttuu", redacted));
        if let Some(LegalClaim { ground, statement, consent_asked }) = &claim {
            let asked = codes::consent_asked((*consent_asked).try_into().unwrap()).unwrap();
            let claim = [
                ("tns:saannos", codes::ground((*ground).try_into().unwrap()).unwrap()),
                ("tns:selvitys", statement),
                ("tns:suostumuksenKysyminen", asked),
            ];
            body.push(Node::Group("tns:lakiperuste", nodes(&claim)));
        }
        body.extend(customer::node(content.clone()));
        let read = try_service("lahetaLahete", &body);
        // A ground that is not explained is none.
        if claim.as_ref().is_some_and(|claim| claim.statement.trim().is_empty()) {
            prop_assert!(read.is_err());
            return Ok(());
        }
        let InboundMatter::Referral(told) = read.unwrap() else { panic!("no referral") };
        prop_assert_eq!(told.identity.expose(), &content.identity_code);
        let recipient = trial::party("etsiva", &recipient_unit);
        prop_assert_eq!(told.recipient.to_string(), recipient);
        prop_assert_eq!((i32::from(told.purpose), told.redacted), (purpose, redacted));
        prop_assert_eq!(told.respond_by, respond_by);
        let content = ReferralContent { identity_code: String::new(), ..content };
        prop_assert!(told.claim == claim && told.content == content);
    }

    #[test]
    fn answer_to_a_question(content in any::content()) {
        let content = ReferralContent { identity_code: String::new(), ..content };
        prop_assume!(content != ReferralContent::default());
        let mut body = frame();
        body.extend(nodes(&[("tns:laheteTunnus", trial::REFERRAL), ("tns:toiminto", "ANNA_LISATIETO")]));
        body.extend(customer::node(content.clone()));
        let InboundMatter::Change { change, .. } = received("paivitaLahete", &body) else { panic!("no change") };
        let InboundChange::ProvideInformation { answer, origin: None } = change else { panic!("no answer") };
        prop_assert_eq!(*answer, content);
    }

    #[test]
    fn question(query in asked::query()) {
        let told = CategorySet::from_wire(&query.categories).unwrap().intersection(KIND.fetches);
        let (written, _) = match Message::question(query.clone()) {
            Ok(written) => written,
            Err(unwritable) => {
                prop_assert!(told.is_empty() && unwritable.0 == "categories");
                return Ok(());
            }
        };
        let body = check_request(text_of(&written).as_bytes()).unwrap().body().clone();
        prop_assert_eq!(body.text_of("kyselyTunnus"), Some(query.query_id.as_str()));
        prop_assert_eq!(body.text_of("kysyja"), Some(query.requester.as_str()));
        prop_assert_eq!(body.text_of("hetu"), Some(query.identity_code.as_str()));
        let purpose: Option<Purpose> = body.text_of("kayttotarkoitus").and_then(|code| event::read_code(code, codes::purpose));
        prop_assert_eq!(purpose.map(i32::from), Some(query.purpose));
        let categories = body.all("tietoluokka").map(|category| event::read_code(category.text(), codes::plan::category).unwrap());
        prop_assert_eq!(categories.collect::<CategorySet>(), told);
    }

    #[test]
    fn facts(
        words in any::maybe_words(4000),
        since in any::maybe_date(),
        until in any::maybe_date(),
        recorded in any::instant(),
        reference in any::maybe("[A-Za-z._:-]{1,128}"),
        system in any::maybe("[A-Za-z._:/-]{1,128}"),
        part in any::plan(),
    ) {
        let part = PlanPart { owner: "typpi".into(), consent_withdrawn: false, ..part };
        let row = |name| Node::Group(name, nodes(&[
            ("tns:kirjausTunnus", &reference),
            ("tns:kirjattu", &recorded.to_string()),
            ("tns:alkaen", &since),
            ("tns:saakka", &until),
            ("tns:koodisto", &system),
            ("tns:koodi", "K-1"),
            ("tns:kuvaus", &words),
        ]));
        let mut plan: Vec<Node> = tree::flag("tns:tietojaPuuttuu", part.redacted).into_iter().collect();
        plan.push(plan::word(about(part.clone(), HETU)).unwrap().node);
        let mut known = nodes(&[("tns:hetu", HETU)]);
        known.push(Node::Group("tns:perustiedot", vec![row("tns:asiakkuus"), row("tns:asiakkuus")]));
        known.push(Node::Group("tns:seuranta", vec![row("tns:muistiinpano")]));
        known.push(Node::Group("tns:suunnitelmat", vec![Node::Group("tns:suunnitelmatieto", plan)]));
        let mut answer = nodes(&[("tns:vastattu", "2026-11-21T09:30:00Z")]);
        answer.push(Node::Group("tns:asiakas", known));
        let answer = document("tns:haeAsiakasResponse", &answer);

        let categories: Vec<DataCategory> = KIND.fetches.iter().collect();
        let (_, asked) = Message::question(trial::facts_query(&categories)).unwrap();
        let held: AgencyFacts = holdings::read(&answer, &trial::agency("typpi"), &asked).unwrap();
        prop_assert_eq!(held.facts.len(), 3);
        for fact in &held.facts {
            prop_assert_eq!(&fact.text, &words);
            prop_assert_eq!((&fact.since, &fact.until), (&since, &until));
            prop_assert_eq!(fact.record_time, time::to_wire(recorded).ok());
            prop_assert_eq!((&fact.reference, &fact.code_system), (&reference, &system));
            prop_assert_eq!(fact.code.as_str(), "K-1");
        }
        // The plan comes without the identity code and without what was not asked for.
        let mut part = about(part, "");
        part.restrict(KIND.fetches);
        let is_left = !Disclose::categories(&part).is_subset(CategorySet::ENVELOPE);
        prop_assert_eq!(held.plans, if is_left { vec![part] } else { Vec::new() });
    }
}

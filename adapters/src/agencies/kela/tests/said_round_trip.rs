//! Is anything lost of what Kela tells: what it holds, its notices and referrals, its answers? And of what it is asked?

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory, Fact, FactKind, LegalClaim, LegalGround, Purpose, ReferralContent, ReferralHandover,
};
use polku_proto::{CategorySet, time};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::received::received;
use super::*;
use crate::agencies::event::read_code;
use crate::agencies::trial::any;
use crate::agencies::trial::asked::{Record, query, record};
use crate::{InboundChange, InboundMatter};

/// The six notices of README.md, with their urgency.
const NOTICES: [(&str, &str, LegalGround); 6] = [
    ("TOIMEENTULOTUKI_SOSIAALITYO", "HETI", LegalGround::AssistanceSocialWork),
    ("TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA", "HETI", LegalGround::AssistanceSupplementary),
    ("TOIMEENTULOTUKI_ALENNETTU", "PAATOSTA_SEURAAVANA_PAIVANA", LegalGround::AssistanceLowered),
    ("TOIMEENTULOTUKI_TYOTON_ALLE_25", "SAMANA_PAIVANA", LegalGround::AssistanceUnemployedYoung),
    ("TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT", "SAMANA_PAIVANA", LegalGround::AssistanceUnemployed),
    ("TOIMEENTULOTUKI_MAAHANMUUTTAJA", "SAMANA_PAIVANA", LegalGround::AssistanceImmigrant),
];

/// A record as README.md has it, with these members beside; what there is nothing of is left out.
fn written(record: &Record, more: Value, (since, until): (&str, &str)) -> Value {
    let mut all = more;
    all["tunnus"] = json!(record.id);
    all["kuvaus"] = json!(record.words);
    if let Some(instant) = record.recorded {
        all["kirjattu"] = json!(instant.to_string());
    }
    for (name, day) in [(since, &record.since), (until, &record.until)] {
        if !name.is_empty() && !day.is_empty() {
            all[name] = json!(day);
        }
    }
    all
}

fn told(record: &Record, category: DataCategory, kind: FactKind, (code, list): (&str, &str)) -> Fact {
    Fact {
        category: category.into(),
        kind: kind.into(),
        text: record.words.clone(),
        code: code.to_owned(),
        code_system: list.to_owned(),
        since: record.since.clone(),
        until: record.until.clone(),
        record_time: record.recorded.map(|instant| time::to_wire(instant).unwrap()),
        reference: record.id.clone(),
    }
}

fn content_members(content: &ReferralContent) -> Value {
    serde_json::from_slice(&json::write(&content::Tiedot::of(content.clone())).unwrap()).unwrap()
}

fn bare(content: &ReferralContent) -> ReferralContent {
    ReferralContent { identity_code: String::new(), ..content.clone() }
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn facts(
        records in vec(record(), 6),
        benefit in "[A-Z0-9_]{1,31}",
        result in select(&["MYONNETTY", "HYLATTY", "TARKISTETTU", "LAKKAUTETTU"]),
        service in select(&["AMMATILLINEN_KUNTOUTUSSELVITYS", "KOULUTUSKOKEILU", "TYOKOKEILU", "TYOLLISTYMISTA_EDISTAVA_KUNTOUTUS"]),
        chosen in btree_set(2..=15_i32, 1..=14),
    ) {
        let categories = CategorySet::from_wire(&chosen.into_iter().collect::<Vec<_>>()).unwrap();
        let both = ("alkaa", "paattyy");
        let pending = Record { until: String::new(), ..records[0].clone() };
        let answer = json!({
            "kyselyTunnus": trial::QUERY,
            "vireillaOlevat": [written(&pending, json!({"etuus": benefit}), ("saapunut", ""))],
            "paatokset": [written(&records[1], json!({"etuus": benefit, "ratkaisu": result}), both)],
            "maksut": [written(&records[2], json!({"etuus": benefit}), both)],
            "asiakkuudet": [written(&records[3], json!({"palvelu": benefit}), both)],
            "nuottivalmennukset": [written(&records[4], json!({}), both)],
            "kuntoutukset": [written(&records[5], json!({"palvelu": service}), both)],
        });
        let (body, kela) = (answer.to_string(), trial::agency("kela"));
        let held = facts::read(body.as_bytes(), trial::QUERY, categories, &kela, trial::now()).unwrap();
        let (benefits, attendance) = (DataCategory::BenefitsIncome, DataCategory::ServiceAttendance);
        let decided = format!("{benefit}:{result}");
        let mut expected = vec![
            told(&pending, benefits, FactKind::Benefit, (&benefit, "kela/vireilla-oleva-etuus")),
            told(&records[1], benefits, FactKind::BenefitDecision, (&decided, "kela/etuuspaatos")),
            told(&records[2], benefits, FactKind::Benefit, (&benefit, "kela/etuusmaksu")),
            told(&records[3], attendance, FactKind::Customer, (&benefit, "kela/palvelu")),
            told(&records[4], attendance, FactKind::Service, ("NUOTTI", "kela/kuntoutus")),
            told(&records[5], DataCategory::HealthCapacity, FactKind::Service, (service, "kela/kuntoutus")),
        ];
        expected.retain(|fact| categories.contains(fact.category()));
        prop_assert!(held.facts == expected, "{:#?}\n{:#?}", held.facts, expected);
        prop_assert_eq!(held.as_of, time::to_wire(trial::now()).ok());
    }

    #[test]
    fn question(asked in query()) {
        let groups = [
            (DataCategory::BenefitsIncome, "ETUUDET"),
            (DataCategory::ServiceAttendance, "ASIAKKUUS"),
            (DataCategory::HealthCapacity, "KUNTOUTUS"),
        ];
        let wanted = groups.into_iter().filter(|(category, _)| asked.categories.contains(&i32::from(*category)));
        let wanted: Vec<&str> = wanted.map(|(_, group)| group).collect();
        let question = match Question::of(asked.clone()) {
            Ok(question) => question,
            Err(unwritable) => {
                prop_assert!(wanted.is_empty() && unwritable.0 == "categories");
                return Ok(());
            }
        };
        let written = json(&question.body);
        let text = |name: &str| written.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        prop_assert_eq!(&written["tietoryhmat"], &json!(wanted));
        prop_assert_eq!(text("kyselyTunnus"), asked.query_id);
        prop_assert_eq!(text("henkilotunnus"), asked.identity_code);
        prop_assert_eq!(text("kysyja"), asked.requester);
        prop_assert_eq!(text("tyontekija"), asked.professional);
        let purpose: Option<Purpose> = read_code(&text("kayttotarkoitus"), codes::purpose);
        prop_assert_eq!(purpose.map(i32::from), Some(asked.purpose));
    }

    #[test]
    fn notices(
        (kind, urgency, ground) in select(&NOTICES),
        content in any::content(),
        statement in any::words(2000),
        asked in prop::option::of(1..=3_i32),
        respond_by in prop::option::of(any::instant()),
        unit in any::maybe("[A-Za-z._:-]{1,64}"),
        redacted in any::<bool>(),
    ) {
        prop_assume!(!statement.trim().is_empty());
        let mut notice = content_members(&content);
        notice["sanomaTunnus"] = json!(trial::MESSAGE);
        notice["kasittelija"] = json!({"tunnus": "asiantuntija-1", "yksikko": "nuoret"});
        notice["ilmoitusTyyppi"] = json!(kind);
        notice["kiireellisyys"] = json!(urgency);
        notice["kohdeHyvinvointialue"] = json!("pohde");
        notice["kohdeYksikko"] = json!(unit);
        notice["selostus"] = json!(statement);
        notice["tietojaKarsittu"] = json!(redacted);
        let asked = asked.map(|number| ConsentAsked::try_from(number).unwrap());
        if let Some(asked) = asked {
            notice["suostumusta"] = json!(codes::consent_asked(asked).unwrap());
        }
        if let Some(instant) = respond_by {
            notice["vastausViimeistaan"] = json!(instant.to_string());
        }
        let event = received(&json!({"toimeentulotukiIlmoitus": notice})).unwrap();
        let InboundMatter::Referral(told) = event.matter else { panic!("no referral") };
        prop_assert!(told.content == bare(&content));
        prop_assert_eq!(told.identity.expose(), &content.identity_code);
        prop_assert_eq!((told.purpose, told.redacted, told.respond_by), (Purpose::SocialServices, redacted, respond_by));
        let recipient = trial::party("pohde", &unit);
        prop_assert_eq!(told.recipient.to_string(), recipient);
        let claim = told.claim.unwrap();
        prop_assert_eq!((claim.ground(), claim.consent_asked()), (ground, asked.unwrap_or(ConsentAsked::No)));
        prop_assert_eq!(claim.statement, statement);
    }

    #[test]
    fn other_referrals(content in any::content(), handover in any::handover()) {
        let ReferralHandover { purpose, respond_by, recipient_unit, claim, redacted, .. } = handover;
        let respond_by = respond_by.map(|instant| time::from_wire(&instant).unwrap());
        let mut referral = content_members(&content);
        for (name, value) in [
            ("sanomaTunnus", json!(trial::MESSAGE)),
            ("kasittelija", json!({"tunnus": "asiantuntija-1", "yksikko": "nuoret"})),
            ("vastaanottaja", json!("etsiva")),
            ("vastaanottavaYksikko", json!(recipient_unit)),
            ("kayttotarkoitus", json!(codes::purpose(purpose.try_into().unwrap()).unwrap())),
            ("vastausViimeistaan", json!(respond_by.map(|instant| instant.to_string()).unwrap_or_default())),
            ("tietojaKarsittu", json!(redacted)),
        ] {
            referral[name] = value;
        }
        if let Some(LegalClaim { ground, statement, consent_asked }) = &claim {
            referral["ilmoitusperuste"] = json!({
                "peruste": codes::ground((*ground).try_into().unwrap()).unwrap(),
                "selostus": statement,
                "suostumusta": codes::consent_asked((*consent_asked).try_into().unwrap()).unwrap(),
            });
        }
        let read = received(&json!({"lahete": referral}));
        // A ground that is not explained is none, and social assistance has notices of its own.
        let is_other = |claim: &LegalClaim| {
            codes::urgency(claim.ground()).is_some() || claim.statement.trim().is_empty()
        };
        if claim.as_ref().is_some_and(is_other) {
            prop_assert!(read.is_err());
            return Ok(());
        }
        let InboundMatter::Referral(told) = read.unwrap().matter else { panic!("no referral") };
        prop_assert!(told.content == bare(&content) && told.claim == claim);
        prop_assert_eq!(told.identity.expose(), &content.identity_code);
        prop_assert_eq!((i32::from(told.purpose), told.redacted), (purpose, redacted));
        prop_assert_eq!(told.respond_by, respond_by);
        let recipient = trial::party("etsiva", &recipient_unit);
        prop_assert_eq!(told.recipient.to_string(), recipient);
    }

    #[test]
    fn answer_to_a_question(content in any::content()) {
        let content = bare(&content);
        let event = received(&json!({"tilamuutos": {
            "sanomaTunnus": trial::MESSAGE,
            "laheteTunnus": trial::REFERRAL,
            "kasittelija": {"tunnus": "asiantuntija-1", "yksikko": "nuoret"},
            "toimenpide": "ANNA_LISATIEDOT",
            "lisatiedot": content_members(&content),
        }}));
        // Nothing is no answer.
        if content == ReferralContent::default() {
            prop_assert!(event.is_err());
            return Ok(());
        }
        let InboundChange::ProvideInformation { answer, origin: None } = trial::changed(event.unwrap()) else {
            panic!("no answer")
        };
        prop_assert!(*answer == content);
    }
}

//! What the engine remembers can be written down, read again, and put to other rules.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use polku_policy::{
    ActorRole, Agreement, ConsentIndex, Engine, GivenBy, Grant, GrantKind, Period, PurposeSet, Question,
    Reason, Recorded, Rules, Shift, Viewer, difference, replay,
};
use polku_proto::v1::{DataCategory, LegalGround, Purpose};
use polku_proto::{CategorySet, ConsentId, Party};
use uuid::Uuid;

use crate::world::{AGENCIES, agreements, directory, engine, id, now, question, rules_with, youth};

const FROM: [&str; 4] = ["employment", "social", "workshop", "stranger"];
const TO: [&str; 4] = ["employment", "social", "health", "stranger"];
const ASKED: CategorySet = CategorySet::of(&[
    DataCategory::Envelope,
    DataCategory::IdentityContact,
    DataCategory::EducationWork,
    DataCategory::HealthCapacity,
    DataCategory::Housing,
    DataCategory::ReferralStatus,
]);

/// The age of the young person, from which on rules differ.
const BORN: &str = "2008-06-01";

fn index() -> ConsentIndex {
    let mut index = ConsentIndex::new();
    index.put_person(youth(), BORN.parse().unwrap());
    let parties: Vec<Party> = AGENCIES.iter().map(|agency| Party::whole(id(agency))).collect();
    let grant = Grant {
        id: ConsentId::from_uuid(Uuid::from_u128(7)),
        version: 1,
        youth: youth(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Guardian,
        given: Timestamp::UNIX_EPOCH,
        disclosers: parties.clone(),
        recipients: parties,
        purposes: PurposeSet::of(&[Purpose::Guidance]),
        categories: CategorySet::of(&[DataCategory::Housing, DataCategory::EducationWork]),
        explicit: CategorySet::EMPTY,
        period: Period::new(Timestamp::UNIX_EPOCH, None).unwrap(),
    };
    index.put_grant(&grant, 1);
    index
}

/// Asks the engine what it may be asked on a day.
fn ask_around(engine: &Engine) {
    let index = index();
    for from in FROM {
        for to in TO {
            let plain = question(from, to);
            let at = Party::whole(id(to));
            let questions = [
                plain.clone(),
                Question { viewer: Viewer::Author, ..plain.clone() },
                Question { viewer: Viewer::Subject, actor: ActorRole::Subject, ..plain.clone() },
                Question { ground: LegalGround::ChildWelfareNotice, ..plain.clone() },
                Question { actor: ActorRole::Professional { at, role: "peer".to_owned() }, ..plain.clone() },
                // Long ago, under other rules.
                Question { now: "2020-01-01T00:00:00Z".parse().unwrap(), ..plain },
            ];
            for question in questions {
                let _ = engine.decide(&index, ASKED, &question);
            }
        }
    }
}

/// The shipped rules, asked around once for all tests.
fn asked() -> &'static (Engine, Vec<Recorded>) {
    static ASKED: LazyLock<(Engine, Vec<Recorded>)> = LazyLock::new(|| {
        let engine = engine(Rules::shipped().unwrap());
        ask_around(&engine);
        let recorded = engine.recorded();
        assert!(recorded.len() > 300, "{}", recorded.len());
        (engine, recorded)
    });
    &ASKED
}

fn line(recorded: &Recorded) -> String {
    serde_json::to_string(recorded).unwrap()
}

#[test]
fn a_record_survives_being_written_and_read() {
    let (_, recorded) = asked();
    let lines: BTreeSet<String> = recorded.iter().map(line).collect();
    assert_eq!(lines.len(), recorded.len(), "no record is there twice");
    for one in recorded {
        let read: Recorded = serde_json::from_str(&line(one)).unwrap();
        assert!(read == *one);
    }
}

#[test]
fn a_record_says_nothing_about_a_person() {
    let engine = engine(Rules::shipped().unwrap());
    let housing = CategorySet::of(&[DataCategory::Housing]);
    let _ = engine.decide(&index(), housing, &question("employment", "social"));
    let recorded = engine.recorded();
    assert_eq!(
        recorded.iter().map(line).collect::<Vec<String>>(),
        [concat!(
            r#"{"reader":{"agency":"social"},"discloser":{"agency":"employment"},"category":"housing","#,
            r#""viewer":"recipient","actor":"system","role":"other","purpose":"guidance","ground":"none","age":17,"#,
            r#""capacity":"not_assessed","consent":{"own":false,"guardian":true,"representative":false},"#,
            r#""disclosure_permit":{"own":false,"guardian":false,"representative":false},"explicit":false,"#,
            r#""prohibited":false,"agreement":true,"same_unit":true,"care_relation":true,"#,
            r#""address_protected":false,"multi_sector_support":false,"home_municipality":false,"#,
            r#""rules":["consent-of-guardian"],"reasons":[]}"#
        )]
    );
    assert_eq!(format!("{:?}", recorded[0]), "Recorded(redacted)");
}

#[test]
fn the_order_of_records_is_fixed() {
    let (engine, recorded) = asked();
    let other = crate::world::engine(Rules::shipped().unwrap());
    let index = index();
    let reversed = TO.iter().rev().map(|to| question("employment", to));
    for question in reversed {
        let _ = other.decide(&index, ASKED, &question);
    }
    let there = |one: &Recorded| recorded.iter().position(|held| held == one).unwrap();
    let places: Vec<usize> = other.recorded().iter().map(there).collect();
    assert!(places.is_sorted() && places.len() == 20);
    assert!(engine.recorded() == *recorded);
}

#[test]
fn an_engine_without_memory_has_no_records() {
    let engine = engine(Rules::shipped().unwrap()).without_memory();
    ask_around(&engine);
    assert!(engine.recorded().is_empty());
}

/// The record is all that the rules see: put to the same rules, it has the answer that was given.
#[test]
fn replaying_gives_the_answer_of_the_time() {
    let (engine, recorded) = asked();
    for one in recorded {
        assert_eq!(replay(engine, one, now()), one.answer());
    }
}

#[test]
fn the_same_rules_change_nothing() {
    let (old, recorded) = asked();
    let new = engine(Rules::shipped().unwrap());
    assert!(difference(old, &new, recorded, now()).is_empty());
}

#[test]
fn a_changed_rule_changes_what_it_is_about_and_nothing_else() {
    let (old, recorded) = asked();
    // A guardian's consent is no longer enough for housing.
    let rules = rules_with(
        "  context.disclosure && context.consent.guardian &&\n",
        "  context.disclosure && context.consent.guardian && resource != Category::\"housing\" &&\n",
    );
    let new = engine(rules);
    let changes = difference(old, &new, recorded, now());
    let mut expected = 0;
    for one in recorded {
        let is = one.answer().rules.contains(&"consent-of-guardian".to_owned())
            && line(one).contains(r#""category":"housing""#);
        assert_eq!(changes.iter().any(|change| change.recorded == *one), is);
        expected += usize::from(is);
    }
    assert_eq!(changes.len(), expected);
    assert!(expected > 5);
    assert!(changes.iter().any(|change| change.shift() == Shift::Closes));
    let texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let plain = "employment to social for guidance: housing (guardian's consent, age 17): \
                 permitted by consent-of-guardian -> withheld for no_basis";
    assert!(texts.iter().any(|text| text == plain), "{texts:#?}");
    assert_eq!(format!("{:?}", changes[0]), "Change(redacted)");
}

/// A law that stands above a prohibition is the ground with or without a consent; without the law it is the consent.
#[test]
fn what_stays_permitted_by_another_rule_has_other_grounds() {
    let (old, recorded) = asked();
    let rules = rules_with(
        "   Category::\"housing\", Category::\"education_work\"].contains(resource)\n",
        "   Category::\"education_work\"].contains(resource)\n",
    );
    let changes = difference(old, &engine(rules), recorded, now());
    let expected = "employment to social for guidance: housing (guardian's consent, ground child_welfare_notice, \
                    age 17): permitted by child-welfare-notice -> permitted by consent-of-guardian";
    let texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let place = texts.iter().position(|text| text == expected);
    let place = place.unwrap_or_else(|| panic!("{texts:#?}"));
    assert_eq!(changes[place].shift(), Shift::OtherGrounds);
}

#[test]
fn another_directory_answers_for_its_own_agencies() {
    let (old, recorded) = asked();
    let fewer: Vec<Agreement> =
        agreements().into_iter().filter(|agreement| agreement.to != id("health")).collect();
    let new = Engine::new(Rules::shipped().unwrap(), directory(fewer)).unwrap();
    let changes = difference(old, &new, recorded, now());
    assert!(!changes.is_empty());
    for change in &changes {
        let text = change.to_string();
        assert!(text.contains("health"), "{text}");
        assert!(change.would_be.reasons.contains(&Reason::NoAgreement), "{text}");
    }
}

#[test]
fn an_agency_that_the_other_engine_does_not_know_is_unknown() {
    let (_, recorded) = asked();
    let empty = polku_policy::Directory::new(Vec::new(), Vec::new()).unwrap();
    let new = Engine::new(Rules::shipped().unwrap(), empty).unwrap();
    for one in recorded {
        let replayed = replay(&new, one, now());
        let own = line(one).contains("\"reader\":\"young_person\"");
        assert_eq!(replayed.permitted, own);
        assert_eq!(replayed.reasons.contains(&Reason::UnknownAgency), !own);
    }
}

#[test]
fn rules_that_fail_withhold() {
    let (old, recorded) = asked();
    let rules = rules_with(
        "when { context.role == Role::\"peer\" };",
        "when { context.role == Role::\"peer\" && context.age * 9223372036854775807 != 7 };",
    );
    let new = engine(rules);
    let changes = difference(old, &new, recorded, now());
    assert!(!changes.is_empty());
    for change in changes {
        assert!(change.to_string().contains("by a professional, role peer"), "{change}");
        assert_eq!(change.would_be.reasons, [Reason::RulesFailed]);
    }
}

#[test]
fn words_that_nobody_knows_are_errors() {
    let (_, recorded) = asked();
    let good = line(&recorded[recorded.len() / 2]);
    let read = |text: &str| serde_json::from_str::<Recorded>(text).map(|_| ());
    assert!(read(&good).is_ok());
    for (key, words) in [
        ("category", vec!["\"houses\"", "\"envelope\"", "\"unspecified\"", "3", "null"]),
        ("viewer", vec!["\"nobody\"", "1"]),
        ("actor", vec!["\"robot\""]),
        ("role", vec!["\"chief\""]),
        ("purpose", vec!["\"fun\""]),
        ("ground", vec!["\"because\""]),
        ("age", vec!["-1", "256", "\"17\""]),
        ("capacity", vec!["\"some\""]),
        ("reader", vec!["\"nobody\"", "{\"agency\":\"No Agency\"}", "{\"agency\":\"a\",\"more\":1}"]),
        ("consent", vec!["{}", "true"]),
        ("explicit", vec!["1"]),
        ("reasons", vec!["[\"whatever\"]"]),
    ] {
        for word in words {
            let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&good).unwrap();
            fields.insert(key.to_owned(), serde_json::from_str(word).unwrap());
            let text = serde_json::to_string(&fields).unwrap();
            assert!(read(&text).is_err(), "{key} may be {word}");
        }
        let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&good).unwrap();
        fields.remove(key);
        if key != "age" {
            assert!(read(&serde_json::to_string(&fields).unwrap()).is_err(), "{key} may be left out");
        }
        fields.insert("hetu".to_owned(), "".into());
        assert!(read(&serde_json::to_string(&fields).unwrap()).is_err());
    }
    let unknown = read(&good.replacen("\"purpose\":\"", "\"purpose\":\"x", 1)).unwrap_err().to_string();
    assert!(unknown.contains("expected one of unspecified guidance employment_services"), "{unknown}");
}

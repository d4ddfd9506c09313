//! An explanation says what the decision says, category by category, and in three languages.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::{Span, Timestamp};
use polku_policy::{
    ActorRole, Basis, BasisKind, Capacity, CaseFile, CategoryExplanation, ConsentIndex, Engine, Explanation,
    GivenBy, Grant, GrantKind, Language, LegalStatus, Missing, Period, Prohibition, PurposeSet, Question,
    Reason, Relation, Rules, Viewer,
};
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use polku_proto::{CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, time};
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::world::{AGENCIES, directory, engine, id, now, question, rules_with, youth};

fn categories() -> impl Strategy<Value = CategorySet> {
    (0..=u32::MAX).prop_map(CategorySet::from_bits_truncate)
}

fn actors() -> impl Strategy<Value = ActorRole> {
    let professional = (select(&AGENCIES[..]), select(vec!["peer", "coordinator", "adviser"]));
    let professional = professional
        .prop_map(|(at, role)| ActorRole::Professional { at: Party::whole(id(at)), role: role.to_owned() });
    let others =
        select(vec![ActorRole::System, ActorRole::Subject, ActorRole::Guardian, ActorRole::Representative]);
    proptest::prop_oneof![professional, others]
}

fn questions() -> impl Strategy<Value = Question> {
    let parties = (select(&AGENCIES[..]), select(&AGENCIES[..]));
    let viewers = select(vec![Viewer::Addressee, Viewer::Addressee, Viewer::Author, Viewer::Subject]);
    let purposes = select(PurposeSet::ALL.iter().collect::<Vec<Purpose>>());
    let grounds = select((0..).map_while(|number| LegalGround::try_from(number).ok()).collect::<Vec<_>>());
    let relations = select(vec![Relation::Established, Relation::Established, Relation::None]);
    (parties, viewers, purposes, grounds, actors(), relations).prop_map(
        |((from, to), viewer, purpose, ground, actor, relation)| Question {
            viewer,
            purpose,
            ground,
            actor,
            relation,
            ..question(from, to)
        },
    )
}

fn grants(question: &Question) -> impl Strategy<Value = Grant> + use<> {
    let Question { channel, purpose, .. } = question.clone();
    let kinds = select(vec![
        GrantKind::Consent,
        GrantKind::DisclosurePermit(PermitDomain::Social),
        GrantKind::DisclosurePermit(PermitDomain::Health),
    ]);
    let givers = select(vec![GivenBy::Self_, GivenBy::Guardian, GivenBy::Representative]);
    (any::<u128>(), kinds, givers, categories(), categories()).prop_map(
        move |(number, kind, given_by, categories, explicit)| Grant {
            id: ConsentId::from_uuid(Uuid::from_u128(number)),
            version: 1,
            youth: youth(),
            kind,
            given_by,
            given: Timestamp::UNIX_EPOCH,
            disclosers: vec![channel.from.clone()],
            recipients: vec![channel.to.clone()],
            purposes: PurposeSet::of(&[purpose]),
            categories,
            explicit: explicit.intersection(categories),
            period: Period::new(Timestamp::UNIX_EPOCH, None).unwrap(),
        },
    )
}

fn indexes(question: &Question) -> impl Strategy<Value = ConsentIndex> + use<> {
    let statuses = select(vec![
        LegalStatus::AddressProtected,
        LegalStatus::MultiSectorSupport,
        LegalStatus::Capacity(Capacity::Capable),
        LegalStatus::Capacity(Capacity::CapableHidden),
        LegalStatus::Capacity(Capacity::NotCapable),
    ]);
    let parts = (
        prop::collection::vec(grants(question), 0..3),
        prop::option::weighted(0.3, categories()),
        prop::collection::vec(statuses, 0..3),
        prop::option::weighted(0.9, 10_i16..35),
    );
    parts.prop_map(|(grants, prohibited, statuses, age)| {
        let mut index = ConsentIndex::new();
        for grant in &grants {
            index.put_grant(grant, 1);
        }
        for (number, status) in (1..).zip(statuses) {
            index.put_status(youth(), LegalStatusId::from_uuid(Uuid::from_u128(number)), status, 1);
        }
        if let Some(age) = age {
            let born = time::finnish_date(now()).checked_sub(Span::new().years(age).days(3)).unwrap();
            index.put_person(youth(), born);
        }
        if let Some(categories) = prohibited {
            let id = ProhibitionId::from_uuid(Uuid::from_u128(1));
            index.put_prohibition(
                Prohibition {
                    id,
                    youth: youth(),
                    disclosers: Vec::new(),
                    recipients: Vec::new(),
                    categories,
                    service_tasks: Vec::new(),
                    documents: Vec::new(),
                },
                1,
            );
        }
        index
    })
}

/// Holds an explanation against the decision on the same question.
fn agrees(engine: &Engine, index: &ConsentIndex, asked: CategorySet, question: &Question) -> Explanation {
    let explanation = engine.explain(index, asked, question);
    let decision = engine.decide(index, asked, question);
    assert!(explanation.decision == decision);
    let explained: Vec<DataCategory> = explanation.categories.iter().map(|one| one.category).collect();
    assert_eq!(explained, asked.iter().collect::<Vec<DataCategory>>());
    let mut bases: Vec<Basis> = Vec::new();
    let mut reasons: BTreeSet<Reason> = BTreeSet::new();
    for one in &explanation.categories {
        assert_eq!(one.permitted, decision.permitted().contains(one.category));
        assert_eq!(one.permitted, one.missing.is_empty());
        assert!(one.permitted || one.bases.is_empty());
        assert_eq!(one.permitted && one.category != DataCategory::Envelope, !one.bases.is_empty());
        bases.extend(one.bases.iter().cloned());
        reasons.extend(one.missing.iter().map(|missing| missing.reason));
        for missing in &one.missing {
            let engine_s_own = matches!(missing.reason, Reason::NoBasis | Reason::RulesFailed)
                || one.category == DataCategory::Envelope;
            assert_eq!(missing.rule.is_none(), engine_s_own);
            assert_eq!(missing.statute.is_none(), engine_s_own);
        }
    }
    bases.sort_unstable();
    bases.dedup();
    assert!(bases == decision.bases(), "the grounds are the same");
    if !asked.is_empty() {
        // Where something stands against it, the explanation alone says that there is no ground either.
        let decided: BTreeSet<Reason> = decision.reasons().iter().copied().collect();
        assert!(decided.is_subset(&reasons));
        assert!(reasons.difference(&decided).all(|reason| *reason == Reason::NoBasis));
    }
    explanation
}

/// Without an agreement between the two, and with or without a consent.
fn no_agreement_and(grant: Option<Grant>) -> Vec<Reason> {
    let mut index = ConsentIndex::new();
    index.put_person(youth(), "2000-01-01".parse().unwrap());
    if let Some(grant) = grant {
        index.put_grant(&grant, 1);
    }
    let engine = Engine::new(Rules::shipped().unwrap(), directory(Vec::new())).unwrap();
    let asked = CategorySet::of(&[DataCategory::HealthCapacity]);
    let explanation = agrees(&engine, &index, asked, &question("employment", "social"));
    explanation.categories[0].missing.iter().map(|missing| missing.reason).collect()
}

#[test]
fn a_ground_that_is_lacking_is_named_beside_what_stands_against_it() {
    let health = CategorySet::of(&[DataCategory::HealthCapacity]);
    let consent = |explicit, given_by| Grant {
        id: ConsentId::from_uuid(Uuid::from_u128(1)),
        version: 1,
        youth: youth(),
        kind: GrantKind::Consent,
        given_by,
        given: Timestamp::UNIX_EPOCH,
        disclosers: vec![Party::whole(id("employment"))],
        recipients: vec![Party::whole(id("social"))],
        purposes: PurposeSet::of(&[Purpose::Guidance]),
        categories: health,
        explicit,
        period: Period::new(Timestamp::UNIX_EPOCH, None).unwrap(),
    };
    let none = CategorySet::EMPTY;
    let named = |grant| BTreeSet::from_iter(no_agreement_and(grant));
    let (agreement, explicit) = (Reason::NoAgreement, Reason::SpecialCategoryNotExplicit);
    assert_eq!(named(None), BTreeSet::from([Reason::NoBasis, agreement, explicit]));
    assert_eq!(named(Some(consent(none, GivenBy::Self_))), BTreeSet::from([agreement, explicit]));
    assert_eq!(named(Some(consent(health, GivenBy::Self_))), BTreeSet::from([agreement]));
    // What is lacking has its own name here: the young person's own word.
    let guardians = named(Some(consent(health, GivenBy::Guardian)));
    assert_eq!(guardians, BTreeSet::from([agreement, Reason::RenewConsent]));
}

#[test]
fn an_explanation_agrees_with_the_decision() {
    let engine = engine(Rules::shipped().unwrap());
    let strategy = questions().prop_flat_map(|question| (indexes(&question), categories(), Just(question)));
    // More where PROPTEST_CASES says so.
    let cases = Config::default().cases.max(400);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let fired = RefCell::new(BTreeSet::new());
    let run = runner.run(&strategy, |(index, asked, question)| {
        for one in agrees(&engine, &index, asked, &question).categories {
            fired.borrow_mut().extend(one.bases.into_iter().map(|basis| basis.rule.to_string()));
            fired.borrow_mut().extend(
                one.missing.into_iter().filter_map(|missing| missing.rule.map(|rule| rule.to_string())),
            );
        }
        Ok(())
    });
    run.unwrap();
    let fired = fired.into_inner();
    assert!(fired.len() > 10, "the questions reach too few rules: {fired:?}");
}

#[test]
fn rules_that_fail_explain_nothing_else() {
    // Nobody is that old when the engine tries its rules out: it does not know anybody's age.
    let rules = rules_with(
        "when { context.role == Role::\"peer\" };",
        "when { context.role == Role::\"peer\" && context.age * 9223372036854775807 != 7 };",
    );
    let engine = Engine::new(rules, directory(Vec::new())).unwrap();
    let mut index = ConsentIndex::new();
    index.put_person(youth(), "2000-01-01".parse().unwrap());
    let at = Party::whole(id("social"));
    let actor = ActorRole::Professional { at, role: "peer".to_owned() };
    let question = Question { actor, ..question("employment", "social") };
    let asked = CategorySet::of(&[DataCategory::Envelope, DataCategory::Housing]);
    let explanation = agrees(&engine, &index, asked, &question);
    for one in explanation.categories {
        assert!(one.missing == [missing(Reason::RulesFailed)]);
    }
}

fn missing(reason: Reason) -> Missing {
    Missing { reason, rule: None, statute: None }
}

fn told(kind: BasisKind, statute: &str) -> CategoryExplanation {
    let basis = Basis { kind, rule: "r".into(), statute: statute.into(), consent: None };
    CategoryExplanation {
        category: DataCategory::Housing,
        viewer: Viewer::Addressee,
        permitted: true,
        bases: vec![basis.clone(), basis],
        missing: Vec::new(),
    }
}

#[test]
fn what_is_permitted_is_said_with_its_ground_in_law() {
    let texts = |explained: &CategoryExplanation| Language::ALL.map(|language| explained.text(language));
    assert_eq!(
        texts(&told(BasisKind::Consent, "621/1999 § 26, 442/1999 § 29")),
        [
            "Asuminen: tiedot saa kertoa. Siihen on annettu suostumus (julkisuuslaki 26 §, holhoustoimilaki 29 §).",
            "Boende: uppgifterna får lämnas ut. Det finns ett samtycke till det (offentlighetslagen 26 §, \
             lagen om förmyndarverksamhet 29 §).",
            "Housing: may be told. Consent has been given for it (the Act on the Openness of Government \
             Activities section 26, the Guardianship Services Act section 29).",
        ]
    );
    let own = told(BasisKind::OwnData, "GDPR article 15");
    let own = CategoryExplanation { viewer: Viewer::Subject, ..own };
    assert_eq!(
        texts(&own),
        [
            "Asuminen: tiedot saa näyttää. Tiedot koskevat sinua, ja sinulla on oikeus nähdä ne \
             (EU:n tietosuoja-asetus, artikla 15).",
            "Boende: uppgifterna får visas. Uppgifterna gäller dig, och du har rätt att se dem \
             (EU:s dataskyddsförordning, artikel 15).",
            "Housing: may be shown. The data are about you, and you have a right to see them \
             (the GDPR, article 15).",
        ]
    );
    let law = told(BasisKind::Statute, "381/2023, 339/2022 § 9");
    assert_eq!(
        law.text(Language::Finnish),
        "Asuminen: tiedot saa kertoa. Laki sallii sen myös ilman suostumustasi (laki 381/2023, laki 339/2022 9 §)."
    );
    let envelope = CategoryExplanation { bases: Vec::new(), category: DataCategory::Envelope, ..law };
    assert_eq!(
        envelope.text(Language::English),
        "Basic facts of the matter: may be told. Both sides of the matter know these anyway."
    );
}

#[test]
fn what_is_withheld_is_said_with_what_stands_against_it() {
    let file = CaseFile::parse(CaseFile::SHIPPED).unwrap();
    let title = "On the eighteenth birthday a guardian's consent ends";
    let explanation = file.explain(title, Rules::shipped().unwrap()).unwrap();
    let one = &explanation.categories[0];
    assert_eq!(
        Language::ALL.map(|language| one.text(language)),
        [
            "Koulutus ja työ: tietoja ei saa kertoa. Suostumuksen on antanut huoltajasi, ja olet nyt täysi-ikäinen \
             (holhoustoimilaki 2 §, 4 §).",
            "Utbildning och arbete: uppgifterna får inte lämnas ut. Din vårdnadshavare gav samtycket, och du är nu \
             myndig (lagen om förmyndarverksamhet 2 §, 4 §).",
            "Education and work: may not be told. Your guardian gave the consent, and you are of age now \
             (the Guardianship Services Act section 2, section 4).",
        ]
    );
    assert_eq!(
        Language::ALL.map(|language| one.missing[0].remedy(language)),
        [
            "Jos haluat, että tiedot kerrotaan edelleen, anna suostumus nyt itse.",
            "Om du vill att uppgifterna lämnas ut även i fortsättningen kan du nu själv ge ditt samtycke.",
            "If you want it to be told from now on too, give the consent yourself.",
        ]
    );
}

#[test]
fn there_are_words_for_everything_in_each_language() {
    for language in Language::ALL {
        assert_eq!(language.code().parse(), Ok(language));
        let names: BTreeSet<&str> =
            CategorySet::ALL.iter().map(|category| language.category(category)).collect();
        assert_eq!(names.len(), 15, "each category has a name of its own");
        let mut sentences = BTreeSet::new();
        for reason in Reason::ALL {
            let missing = missing(reason);
            let remedy = missing.remedy(language);
            assert!(remedy.ends_with('.') && !remedy.contains("  "), "{remedy}");
            let withheld = CategoryExplanation {
                category: DataCategory::Housing,
                viewer: Viewer::Addressee,
                permitted: false,
                bases: Vec::new(),
                missing: vec![missing],
            };
            let text = withheld.text(language);
            assert!(text.ends_with('.') && !text.contains("..") && !text.contains("  "), "{text}");
            sentences.insert(text);
        }
        assert_eq!(sentences.len(), Reason::ALL.len(), "each reason has words of its own");
    }
    assert!("se".parse::<Language>().is_err());
    assert!("FI".parse::<Language>().is_err());
}

/// A rule that cites in a way nobody has foreseen is shown as it is.
#[test]
fn a_citation_of_another_form_stays_as_it_is() {
    for odd in ["", "§", "GDPR", "somewhere", "GDPR recital 43", "621/1999 § "] {
        for language in Language::ALL {
            assert!(told(BasisKind::Consent, odd).text(language).ends_with(")."));
        }
    }
    assert!(told(BasisKind::Consent, "somewhere").text(Language::Swedish).ends_with("(somewhere)."));
}

#[test]
fn explanations_print_nothing() {
    let engine = engine(Rules::shipped().unwrap());
    let asked = CategorySet::of(&[DataCategory::Housing]);
    let explanation = engine.explain(&ConsentIndex::new(), asked, &question("employment", "social"));
    assert_eq!(format!("{explanation:?}"), "Explanation(redacted)");
    assert_eq!(format!("{:?}", explanation.categories[0]), "CategoryExplanation(redacted)");
    assert_eq!(format!("{:?}", explanation.categories[0].missing[0]), "Missing(redacted)");
}

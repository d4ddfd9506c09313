//! Do reports say who the young people are, where they were guided to and how soon, and each recipient what it asks for?

use jiff::SignedDuration;
use polku_proto::v1::figure::Kind;
use polku_proto::v1::get_figures_request::Period;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AgeBand, Background, EducationLevel, Figure, JourneyEntry, JourneySource, LinkIdentityRequest,
    MainActivity, PathStage, ProfileAssessment, Purpose, Sex, WorkSpent,
};
use polku_tests::world::{KELA, PEOPLE, TE, nobody_born, professional, request_id};
use tonic::Code;

use super::super::{add, add_entry, encounter, entry, journey, opening};
use super::{after_april, figure, figures, in_spring, of, report, six};
use crate::stage::{Stage, assert_refused, wire};

const SUMMARY: &str = r#"
[[journey.report]]
recipient = "okm"
periods = ["january_to_april", "year"]
kinds = ["persons", "encounters", "left"]
dimensions = ["age"]

[[journey.report]]
recipient = "kaupunki"
periods = ["january_to_april"]
kinds = ["persons"]
dimensions = ["age", "sex", "education"]
"#;

fn background(sex: Sex, education: EducationLevel) -> Background {
    Background {
        sex: sex.into(),
        education: education.into(),
        language: "sv".into(),
        municipality: "049".into(),
        ..Background::default()
    }
}

/// domain.md 5: "ilman tutkintoa … 41%, joista naisia 43%".
#[tokio::test(flavor = "multi_thread")]
async fn whom_it_is_about_is_told_by_education_and_sex() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    for (number, person) in PEOPLE[..15].iter().enumerate() {
        let youth = stage.youth(person).await;
        add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
        let (sex, education) = match number {
            0..5 => (Sex::Female, EducationLevel::NoQualification),
            5..10 => (Sex::Male, EducationLevel::NoQualification),
            _ => (Sex::Male, EducationLevel::Tertiary),
        };
        add(&ohjaamo, &youth, Matter::Background(background(sex, education))).await.unwrap();
        // Who else reads it sees of it what they may: the consents here have no address.
        stage.te().identify(person).await.unwrap();
        add(&stage.te(), &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
        let seen = journey(&stage.te(), &youth, Purpose::EmploymentServices).await.unwrap().entries;
        let told = seen.into_iter().filter_map(|entry| match entry.matter {
            Some(Matter::Background(told)) => Some(told),
            _ => None,
        });
        let whole = background(sex, education);
        let whole = Background { municipality: String::new(), ..whole };
        assert_eq!(told.collect::<Vec<_>>(), [whole]);
    }
    after_april(&stage);
    let told = of(&in_spring(&ohjaamo).await, Kind::Persons);
    let persons = |value| figure(Kind::Persons, value);
    let none = EducationLevel::NoQualification.into();
    let (female, male) = (Sex::Female.into(), Sex::Male.into());
    for expected in [
        persons(15),
        Figure { education: none, ..persons(10) },
        Figure { sex: female, ..persons(5) },
        Figure { sex: male, ..persons(10) },
        Figure { education: none, sex: female, ..persons(5) },
        Figure { education: none, sex: male, ..persons(5) },
        Figure { language: "sv".into(), ..persons(15) },
        Figure { municipality: "049".into(), ..persons(15) },
    ] {
        assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
    }
    stage.close().await;
}

/// domain.md 5: "kolmeen profiiliin motivaation ja avuntarpeen perusteella": set by people, with history; what was put in
/// before stays with the profile of then.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_has_a_history_and_work_is_told_by_the_profile_of_its_time() {
    let stage = Stage::at_noon().await;
    let people = six(&stage).await;
    let second = stage.ohjaamo().acting(&professional("ohjaaja-2", "keskusta", "guidance_worker"));
    let assessed = |profile| ProfileAssessment { profile, motivation: 2, need: 5 };
    for (client, profile, minutes) in [(stage.ohjaamo(), 1, 60), (second, 3, 30)] {
        for youth in &people {
            add(&client, youth, Matter::Profile(assessed(profile))).await.unwrap();
            let work = WorkSpent { stage: PathStage::Wellbeing.into(), minutes, cost_cents: 0 };
            add(&client, youth, Matter::Work(work)).await.unwrap();
        }
        stage.advance(SignedDuration::from_hours(24));
    }
    for youth in &people {
        let seen = journey(&stage.ohjaamo(), youth, Purpose::Unspecified).await.unwrap().entries;
        let profiles = seen.into_iter().filter_map(|entry| match entry.matter {
            Some(Matter::Profile(profile)) => Some((entry.professional, profile)),
            _ => None,
        });
        let expected = [("ohjaaja-2".to_owned(), assessed(3)), ("ohjaaja-1".to_owned(), assessed(1))];
        assert_eq!(profiles.collect::<Vec<_>>(), expected, "the newest first, and who set it");
    }
    after_april(&stage);
    let told = of(&in_spring(&stage.ohjaamo()).await, Kind::Minutes);
    let by = |profile, value| Figure {
        profile,
        stage: PathStage::Wellbeing.into(),
        ..figure(Kind::Minutes, value)
    };
    assert_eq!(told, [figure(Kind::Minutes, 540), by(1, 360), by(3, 180)]);
    stage.close().await;
}

/// domain.md 5: "274 jatko-ohjausta, 20 %"; "Lähetekulttuurissa tapahtui muutoksia … aikaisemmin".
#[tokio::test(flavor = "multi_thread")]
async fn onward_guidance_is_told_with_its_share_and_its_days() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    for person in &PEOPLE[10..16] {
        let youth = stage.youth(person).await;
        let time = Some(wire(stage.now() - SignedDuration::from_hours(24 * 3)));
        let opened = JourneyEntry { time, ..entry(opening(JourneySource::Self_)) };
        add_entry(&ohjaamo, &youth, opened).await.unwrap();
        for _ in 0..2 {
            add(&ohjaamo, &youth, encounter()).await.unwrap();
        }
        stage.refer(&youth, KELA).await;
    }
    after_april(&stage);
    let told = in_spring(&ohjaamo).await;
    for (kind, value) in [(Kind::OnwardGuidance, 6), (Kind::OnwardShare, 5_000), (Kind::DaysToReferral, 300)]
    {
        assert_eq!(of(&told, kind), [figure(kind, value)]);
    }
    stage.close().await;
}

/// domain.md 5: "yli 3 kk:n työttömyyden": under 25, under 30.
#[tokio::test(flavor = "multi_thread")]
async fn unemployment_of_more_than_three_months_is_told_by_age() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    // By the sixth of April, when it is more than three months, they are 24, 25, 29 and 30 years old; and as many are unemployed for
    // less than that.
    let since = ["2026-01-05", "2026-01-05", "2026-01-05", "2026-01-05", "2026-02-15"];
    let born = [(7, 4, 2001), (6, 4, 2001), (7, 4, 1996), (6, 4, 1996), (6, 4, 2001)];
    for (group, (since, born)) in since.into_iter().zip(born).enumerate() {
        for number in 0..5 {
            let youth = ohjaamo.clone().identify(&nobody_born(born, group * 10 + number)).await.unwrap();
            add(&ohjaamo, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
            let unemployed = Background {
                activity: MainActivity::Unemployed.into(),
                unemployed_since: since.into(),
                ..Background::default()
            };
            add(&ohjaamo, &youth, Matter::Background(unemployed)).await.unwrap();
        }
    }
    after_april(&stage);
    let told = of(&in_spring(&ohjaamo).await, Kind::LongUnemployment);
    let aged = |code: &str, value| Figure { code: code.into(), ..figure(Kind::LongUnemployment, value) };
    let by_age = [aged("under_25", 5), aged("25_to_29", 10), aged("30_or_older", 5)];
    assert_eq!(told, [&[figure(Kind::LongUnemployment, 20)], &by_age[..]].concat());
    stage.close().await;
}

/// domain.md 5: "raportointi OKM:lle, TEM:lle, STM:lle, AVI:lle, Kohtaamolle, Espoon kaupungille".
#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_of_reports_is_told_its_own_choice() {
    let stage = Stage::at_noon_with(|text| text + SUMMARY).await;
    let ohjaamo = stage.ohjaamo();
    for person in &PEOPLE[10..16] {
        let youth = stage.youth(person).await;
        add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
        let known = background(Sex::Female, EducationLevel::NoQualification);
        add(&ohjaamo, &youth, Matter::Background(known)).await.unwrap();
        add(&ohjaamo, &youth, encounter()).await.unwrap();
    }
    after_april(&stage);
    let whole = in_spring(&ohjaamo).await;
    let told = async |recipient: &str| {
        let figures = report(&ohjaamo, Period::JanuaryToApril, recipient).await.unwrap();
        assert!(figures.iter().all(|figure| whole.contains(figure)), "nothing that the agency is not told");
        figures.into_iter().filter(|figure| figure.value != Some(0)).collect::<Vec<Figure>>()
    };
    let persons = figure(Kind::Persons, 6);
    let aged = Figure { age: AgeBand::Under18.into(), ..persons.clone() };
    assert_eq!(told("okm").await, [persons.clone(), aged.clone(), figure(Kind::Encounters, 6)]);
    let sex = Sex::Female.into();
    let education = EducationLevel::NoQualification.into();
    let by = [
        Figure { sex, ..persons.clone() },
        Figure { education, ..persons.clone() },
        Figure { sex, education, ..persons.clone() },
    ];
    assert_eq!(told("kaupunki").await, [vec![persons, aged], by.to_vec()].concat());
    let nobody = report(&ohjaamo, Period::JanuaryToApril, "stm").await;
    assert_refused(nobody, Code::InvalidArgument, "UNKNOWN_RECIPIENT");
    stage.advance(SignedDuration::from_hours(24 * 125));
    let other = report(&ohjaamo, Period::JanuaryToAugust, "okm").await;
    assert_refused(other, Code::InvalidArgument, "INVALID_FIELDS");
    stage.close().await;
}

/// domain.md 5: "nuori näkyy yhtenä koko palvelujärjestelmässä": who is known by two ids counts as one.
#[tokio::test(flavor = "multi_thread")]
async fn the_ids_of_one_person_count_as_one() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    for person in &PEOPLE[10..15] {
        let youth = stage.youth(person).await;
        add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    }
    let request = polku_proto::v1::IdentifyYouthRequest {
        request_id: request_id(),
        temporary_id: "1.2.246.10.2048198.22.2026.7".into(),
        ..Default::default()
    };
    let former = ohjaamo.clone().journey.identify_youth(request).await.unwrap().into_inner().youth;
    add(&ohjaamo, &former, opening(JourneySource::Self_)).await.unwrap();
    let code = PEOPLE[14].to_owned();
    let link = LinkIdentityRequest {
        request_id: request_id(),
        youth: former,
        identity_code: code,
        ..Default::default()
    };
    let present = ohjaamo.clone().journey.link_identity(link).await.unwrap().into_inner().youth;
    stage.refer(&present, TE).await;
    after_april(&stage);
    let told = in_spring(&ohjaamo).await;
    for kind in [Kind::Served, Kind::Persons] {
        assert_eq!(of(&told, kind)[0], figure(kind, 5));
    }
    assert_eq!(figures(&ohjaamo, Period::JanuaryToApril).await, told);
    stage.close().await;
}

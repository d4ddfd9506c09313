//! Do the outcome measures of the source texts come out of the daily work, and nobody out of them?

mod kinds;

use jiff::{SignedDuration, ToSpan};
use polku_gateway::audit::{Event, Leaf};
use polku_proto::time::finnish_date;
use polku_proto::v1::figure::Kind;
use polku_proto::v1::get_figures_request::Period;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    AcceptReferralRequest, AgeBand, AreaScore, Attainment, CountWalkInRequest, CreatePlanRequest,
    EducationLevel, EscortedHandover, Feedback, Figure, FilledBy, GetFiguresRequest, GiveFeedbackRequest,
    JourneySource, ListConsentsRequest, MainActivity, PathStage, ProfileAssessment, Purpose,
    RecordMeasureRequest, RetentionAnswer, Sex, StarReading, WithdrawConsentRequest, WorkSpent, Worker,
    attainment, retention_answer,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, professional, request_id};
use tonic::{Code, Status};

use super::{add, add_entry, encounter, entry, opening};
use crate::stage::{Stage, assert_refused, log_of};

/// As many persons as a figure is told about, and one more.
const SIX: std::ops::Range<usize> = 10..16;

async fn report(client: &Client, period: Period, recipient: &str) -> Result<Vec<Figure>, Status> {
    let request = GetFiguresRequest { year: 2026, period: period.into(), recipient: recipient.into() };
    Ok(client.clone().journey.get_figures(request).await?.into_inner().figures)
}

async fn figures(client: &Client, period: Period) -> Vec<Figure> {
    report(client, period, "").await.unwrap()
}

/// From noon to a day on which the first third of the year can be told.
fn after_april(stage: &Stage) {
    stage.advance(SignedDuration::from_hours(24 * 75));
}

async fn in_spring(client: &Client) -> Vec<Figure> {
    figures(client, Period::JanuaryToApril).await
}

/// Those of a kind that are not nought.
fn of(figures: &[Figure], kind: Kind) -> Vec<Figure> {
    figures.iter().filter(|figure| figure.kind() == kind && figure.value != Some(0)).cloned().collect()
}

fn figure(kind: Kind, value: i64) -> Figure {
    Figure { kind: kind.into(), value: Some(value), ..Figure::default() }
}

fn walk_in(day: &str, channel: encounter::Channel) -> CountWalkInRequest {
    CountWalkInRequest { request_id: request_id(), day: day.into(), channel: channel.into() }
}

async fn count(client: &Client, request: CountWalkInRequest) -> Result<(), Status> {
    client.clone().journey.count_walk_in(request).await.map(drop)
}

/// The anonymous walk-in of "ilman ajanvarausta tai ajanvarauksella" (domain.md 5): counts only.
/// Rule P19 (domain.md 2.3): of an anonymous walk-in counts are stored, and no identity.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_without_a_name_is_counted_and_no_more() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let first = walk_in("2026-03-02", encounter::Channel::WalkIn);
    for request in [&first, &first] {
        count(&ohjaamo, request.clone()).await.unwrap();
    }
    let other = CountWalkInRequest { day: "2026-03-01".into(), ..first.clone() };
    assert_refused(count(&ohjaamo, other).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    for day in ["2026-03-03", "2025-03-01"] {
        let request = walk_in(day, encounter::Channel::WalkIn);
        assert_refused(count(&ohjaamo, request).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    for _ in 0..4 {
        count(&ohjaamo, walk_in("2025-03-02", encounter::Channel::WalkIn)).await.unwrap();
        count(&ohjaamo, walk_in("2026-02-28", encounter::Channel::WalkIn)).await.unwrap();
    }
    let early = report(&ohjaamo, Period::JanuaryToApril, "").await;
    assert_refused(early, Code::FailedPrecondition, "RECORD_STATE");
    after_april(&stage);
    let whole = figure(Kind::WalkIns, 5);
    let channel = encounter::Channel::WalkIn.into();
    let told = [whole.clone(), Figure { channel, ..whole }];
    assert_eq!(of(&in_spring(&ohjaamo).await, Kind::WalkIns), told);
    assert!(of(&in_spring(&stage.te()).await, Kind::WalkIns).is_empty(), "another agency's own figures only");
    // What is told later than the books are closed changes them no more: nobody is seen in the difference.
    count(&ohjaamo, walk_in("2026-03-02", encounter::Channel::WalkIn)).await.unwrap();
    assert_eq!(of(&in_spring(&ohjaamo).await, Kind::WalkIns), told);
    // One online would be seen in the second third: it takes the others along, in the sum of both as well.
    for _ in 0..5 {
        count(&ohjaamo, walk_in("2026-05-10", encounter::Channel::WalkIn)).await.unwrap();
    }
    count(&ohjaamo, walk_in("2026-05-10", encounter::Channel::Online)).await.unwrap();
    let early = report(&ohjaamo, Period::JanuaryToAugust, "").await;
    assert_refused(early, Code::FailedPrecondition, "RECORD_STATE");
    stage.advance(SignedDuration::from_hours(24 * 125));
    let both = of(&figures(&ohjaamo, Period::JanuaryToAugust).await, Kind::WalkIns);
    assert_eq!(both.iter().map(|figure| figure.value).collect::<Vec<_>>(), [Some(11), None, None]);
    assert_eq!(of(&in_spring(&ohjaamo).await, Kind::WalkIns), told);

    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let peer = stage.caller(&stage.world.identities.ohjaamo, &professional("tutori-1", "keskusta", "peer"));
    for nobody in [stage.subject(&youth), peer] {
        let request = walk_in("2026-05-10", encounter::Channel::WalkIn);
        assert_refused(count(&nobody, request).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
        let read = report(&nobody, Period::JanuaryToApril, "").await;
        assert_refused(read, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    let none = report(&ohjaamo, Period::Unspecified, "").await;
    assert_refused(none, Code::InvalidArgument, "INVALID_FIELDS");
    // An id that another call has had counts nobody.
    let used = request_id();
    let entry = Some(entry(opening(JourneySource::Self_)));
    let add = polku_proto::v1::AddJourneyEntryRequest { request_id: used.clone(), parent: youth, entry };
    ohjaamo.clone().journey.add_journey_entry(add).await.unwrap();
    let again = CountWalkInRequest { request_id: used, ..first };
    assert_refused(count(&ohjaamo, again).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    stage.close().await;
}

/// domain.md 5: "Asiakaspalautteen kuuleminen", "Valtakunnalliset Ohjaamokyselyt".
/// domain.md 5: "Asiakkaspalautteen kuuleminen".
#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_heard_and_whoever_gives_it_is_not_known() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let form = Feedback {
        grade: Some(9),
        listened_to: Some(5),
        sex: Sex::OtherOrNotSaid.into(),
        activity: MainActivity::Unemployed.into(),
        education: EducationLevel::NoQualification.into(),
        ..Feedback::default()
    };
    let give = |agency: &str, form: Feedback| GiveFeedbackRequest {
        request_id: request_id(),
        day: "2026-03-02".into(),
        feedback: Some(form),
        agency: agency.into(),
    };
    for _ in 0..4 {
        ohjaamo.clone().journey.give_feedback(give("", form)).await.unwrap();
        stage.te().journey.give_feedback(give("", form)).await.unwrap();
    }
    let own = give(OHJAAMO, Feedback { grade: Some(10), ..form });
    for _ in 0..2 {
        stage.subject(&youth).journey.give_feedback(own.clone()).await.unwrap();
    }
    let other = GiveFeedbackRequest { feedback: Some(form), ..own };
    let reused = stage.subject(&youth).journey.give_feedback(other).await;
    assert_refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    // Six of one sex and one of another: the one takes the six along, by this side only.
    for sex in [Sex::OtherOrNotSaid, Sex::Female] {
        let form = Feedback { sex: sex.into(), ..form };
        ohjaamo.clone().journey.give_feedback(give("", form)).await.unwrap();
    }
    after_april(&stage);
    assert_eq!(of(&in_spring(&stage.te()).await, Kind::FeedbackForms)[0].value, None, "four are too few");
    let told = in_spring(&ohjaamo).await;
    let all = figure(Kind::FeedbackForms, 7);
    let [female, other] =
        [Sex::Female, Sex::OtherOrNotSaid].map(|sex| Figure { value: None, sex: sex.into(), ..all.clone() });
    let activity = Figure { activity: MainActivity::Unemployed.into(), ..all.clone() };
    let education = Figure { education: EducationLevel::NoQualification.into(), ..all.clone() };
    assert_eq!(of(&told, Kind::FeedbackForms), [all, female, other, activity, education]);
    assert_eq!(of(&told, Kind::FeedbackGrade), [figure(Kind::FeedbackGrade, 914)]);
    let listened = Figure { code: "listened_to".into(), ..figure(Kind::FeedbackStatement, 500) };
    assert_eq!(of(&told, Kind::FeedbackStatement)[0], listened);

    // Who somebody is, is no answer.
    for empty in [Feedback::default(), Feedback { grade: None, listened_to: None, ..form }] {
        let empty = ohjaamo.clone().journey.give_feedback(give("", empty)).await;
        assert_refused(empty, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let of_others = ohjaamo.clone().journey.give_feedback(give(KELA, form)).await;
    assert_refused(of_others, Code::InvalidArgument, "UNKNOWN_AGENCY");
    let guardian = stage.guardian(&youth).journey.give_feedback(give(OHJAAMO, form)).await;
    assert_refused(guardian, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");

    let (_folder, data) = stage.stop().await;
    let mut tallies: Vec<Leaf> = Vec::new();
    let log = log_of(&data.join("audit.log")).await;
    log.read(0, |_, leaf| {
        if leaf.event == Event::Tally {
            tallies.push(leaf.clone());
        }
    })
    .unwrap();
    assert_eq!(tallies.len(), 13, "seven forms here and four there, and two books");
    assert!(tallies.iter().all(|leaf| leaf.subject == [0; 32] && leaf.commitment == [0; 32]));
    let unnamed: Vec<&Leaf> = tallies.iter().filter(|leaf| leaf.actor == [0; 32]).collect();
    assert_eq!(unnamed.len(), 1, "the young person is not named as the one who acted");
    assert_ne!(unnamed[0].organisation, OHJAAMO);
}

async fn six(stage: &Stage) -> Vec<String> {
    let mut youths = Vec::new();
    for number in SIX {
        let youth = stage.youth(PEOPLE[number]).await;
        add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
        youths.push(youth);
    }
    youths
}

/// domain.md 5: "asiakasprofiileittain käytettyä resursointia … hyvinvointi-koulutus-työuralla", "kolmeen profiiliin
/// motivaation ja avuntarpeen perusteella", "kaksi kertaa todennäköisemmin aktiivitoimenpiteisiin", "korttikoulutuksia
/// 432 krt", "yli 130 sai … asunnon".
/// domain.md 5: "Tilastoiden tarkastelu", "korttikoulutuksia 432 krt … 39 nuoren … 6 %", "verkkopohjainen …
/// tilastointijärjestelmä … yli toimialojen".
#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let work =
        |minutes| Matter::Work(WorkSpent { stage: PathStage::Education.into(), minutes, cost_cents: 1_000 });
    let attained = |kind: attainment::Kind, service: &str| {
        Matter::Attainment(Attainment { kind: kind.into(), service: service.into() })
    };
    for youth in six(&stage).await {
        let profile = Matter::Profile(ProfileAssessment { profile: 2, motivation: 3, need: 4 });
        for matter in [
            profile,
            encounter(),
            attained(attainment::Kind::ActiveMeasure, "korttikoulutus"),
            attained(attainment::Kind::ActiveMeasure, "korttikoulutus"),
            attained(attainment::Kind::Housing, ""),
        ] {
            add(&ohjaamo, &youth, matter).await.unwrap();
        }
        let mistaken = add(&ohjaamo, &youth, work(600)).await.unwrap().entry.unwrap();
        let right = polku_proto::v1::JourneyEntry { replaces: mistaken.name, ..entry(work(60)) };
        add_entry(&ohjaamo, &youth, right).await.unwrap();
    }
    after_april(&stage);
    let told = in_spring(&ohjaamo).await;
    let age = AgeBand::Under18.into();
    let source = JourneySource::Self_.into();
    let persons = figure(Kind::Persons, 6);
    let by = [Figure { age, ..persons.clone() }, Figure { source, ..persons.clone() }];
    assert_eq!(of(&told, Kind::Persons), [vec![persons], by.to_vec()].concat());
    assert_eq!(of(&told, Kind::Served), [figure(Kind::Served, 6)]);
    assert_eq!(of(&told, Kind::Encounters)[0], figure(Kind::Encounters, 6));
    assert_eq!(of(&told, Kind::Profiles)[1], Figure { profile: 2, ..figure(Kind::Profiles, 6) });
    let stage_of = PathStage::Education.into();
    for (kind, value) in [(Kind::Minutes, 360), (Kind::Costs, 6_000)] {
        let whole = figure(kind, value);
        let part = Figure { profile: 2, stage: stage_of, ..whole.clone() };
        assert_eq!(of(&told, kind), [whole, part], "what was replaced does not count");
    }
    let of_kind = |kind: attainment::Kind| Figure { attainment: kind.into(), ..figure(Kind::Attainments, 6) };
    let kinds = [of_kind(attainment::Kind::ActiveMeasure), of_kind(attainment::Kind::Housing)];
    assert_eq!(of(&told, Kind::Attainments), kinds);
    let code = "korttikoulutus".to_owned();
    let service =
        Figure { kind: Kind::AttainmentsByService.into(), code, ..of_kind(attainment::Kind::ActiveMeasure) };
    assert_eq!(of(&told, Kind::AttainmentsByService), std::slice::from_ref(&service));
    let times = Figure { kind: Kind::AttainmentTimes.into(), value: Some(12), ..service.clone() };
    assert!(of(&told, Kind::AttainmentTimes).contains(&times), "times, and not persons");
    let share = Figure { kind: Kind::AttainmentShare.into(), value: Some(10_000), ..service };
    assert!(of(&told, Kind::AttainmentShare).contains(&share));
    assert_eq!(in_spring(&ohjaamo).await, told, "in the same order each time");
    assert!(of(&in_spring(&stage.kela()).await, Kind::Persons).is_empty());
    stage.close().await;
}

async fn withdraw_all(client: &Client, youth: &str) {
    let list = ListConsentsRequest { parent: youth.to_owned(), ..ListConsentsRequest::default() };
    for consent in client.clone().consent.list_consents(list).await.unwrap().into_inner().consents {
        let request = WithdrawConsentRequest {
            request_id: request_id(),
            name: consent.name,
            etag: consent.etag,
            ..WithdrawConsentRequest::default()
        };
        client.clone().consent.withdraw_consent(request).await.unwrap();
    }
}

/// domain.md 5: "kiinnittymisen palveluun vielä 3 kk:n jälkeen", "Saattaen vaihto palveluista toiseen", "Pitääkö mun
/// mennä taas uudelle luukulle?".
#[tokio::test(flavor = "multi_thread")]
async fn who_is_still_there_three_months_on_is_told_as_far_as_it_may_be() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let mut referrals = Vec::new();
    for person in &PEOPLE[..18] {
        let youth = stage.youth(person).await;
        add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
        let referral = stage.refer(&youth, KELA).await;
        let accept =
            AcceptReferralRequest { request_id: request_id(), name: referral.clone(), ..Default::default() };
        kela.clone().referral.accept_referral(accept).await.unwrap();
        let met = EscortedHandover {
            referral: referral.clone(),
            young_person: true,
            sender: true,
            recipient: true,
        };
        // One party's word alone counts nobody.
        add(&ohjaamo, &youth, Matter::Handover(met.clone())).await.unwrap();
        if PEOPLE[..12].contains(person) {
            add(&stage.subject(&youth), &youth, Matter::Handover(met)).await.unwrap();
        }
        referrals.push((youth, referral));
    }
    let say = async |(youth, referral): &(String, String), result: retention_answer::Result| {
        let answer = RetentionAnswer { referral: referral.clone(), result: result.into() };
        add(&kela, youth, Matter::Retention(answer)).await.unwrap();
    };
    let (still, others) = referrals.split_at(6);
    let (silent, hidden) = others.split_at(6);
    for one in &referrals {
        add(&kela, &one.0, opening(JourneySource::Other)).await.unwrap();
    }
    after_april(&stage);
    // Too early: they may be gone when the time has come.
    for one in silent {
        say(one, retention_answer::Result::Attached).await;
    }
    let told = in_spring(&ohjaamo).await;
    for kind in [Kind::Handovers, Kind::HandedOver] {
        assert_eq!(of(&told, kind), [figure(kind, 18)]);
    }
    assert_eq!(of(&told, Kind::EscortedHandovers), [figure(Kind::EscortedHandovers, 12)]);
    assert_eq!(of(&told, Kind::HandoversPerPerson), [figure(Kind::HandoversPerPerson, 100)]);
    assert!(of(&told, Kind::Retentions).is_empty(), "nothing is due yet");

    // Three months after 2 March it is asked, and the month after that ends on 2 July.
    stage.advance(SignedDuration::from_hours(24 * 17));
    for one in still {
        say(one, retention_answer::Result::Attached).await;
    }
    for one in hidden {
        say(one, retention_answer::Result::DroppedOut).await;
        withdraw_all(&ohjaamo, &one.0).await;
    }
    stage.advance(SignedDuration::from_hours(24 * 110));
    let both = figures(&ohjaamo, Period::JanuaryToAugust).await;
    let [attached, unknown] = [retention_answer::Result::Attached, retention_answer::Result::Unknown]
        .map(|result| Figure { retention: result.into(), ..figure(Kind::Retentions, 6) });
    // Nobody has dropped out of whom it may not be told.
    assert_eq!(of(&both, Kind::Retentions), [figure(Kind::Retentions, 18), attached, unknown]);
    assert_eq!(of(&both, Kind::RetentionsNotPermitted), [figure(Kind::RetentionsNotPermitted, 6)]);
    assert_eq!(of(&both, Kind::RetentionRate), [figure(Kind::RetentionRate, 5_000)]);
    // What was told stays told, also when it is permitted no more.
    for (youth, _) in still {
        withdraw_all(&ohjaamo, youth).await;
    }
    assert_eq!(figures(&ohjaamo, Period::JanuaryToAugust).await, both);
    stage.close().await;
}

const STARS: &str = "\n[[plan.star]]\nid = \"nuori\"\nversion = 1\nareas = [\"arki\"]\nhighest = 5\n";

/// domain.md 5: "nuoren kokeman muutoksen … Tulostähti", "Byströmin vaikuttavuusraportti".
#[tokio::test(flavor = "multi_thread")]
async fn change_on_a_star_is_told_as_a_mean() {
    let stage = Stage::at_noon_with(|text| {
        let usual = "units = [\"keskusta\"]";
        assert!(text.contains(usual));
        text.replace(usual, "units = [\"keskusta\", \"toinen\"]") + STARS
    })
    .await;
    let ohjaamo = stage.ohjaamo();
    let today = finnish_date(stage.now());
    let before = today.saturating_sub(10.days());
    for (number, youth) in six(&stage).await.into_iter().enumerate() {
        let request = CreatePlanRequest {
            request_id: request_id(),
            youth,
            purpose: Purpose::Guidance.into(),
            responsible_worker: Some(Worker { id: "ohjaaja-1".into(), ..Worker::default() }),
            replaces: String::new(),
        };
        let plan = ohjaamo.clone().plan.create_plan(request).await.unwrap().into_inner().plan.unwrap();
        // Five of them go up by two, one by one. What was typed wrongly first counts for nothing.
        let last = if number == 0 { 3 } else { 4 };
        let readings = [("vaara", before, 5, ""), ("eka", before, 2, "vaara"), ("toka", today, last, "")];
        for (id, date, score, corrects) in readings {
            let star = StarReading {
                id: id.into(),
                corrects: corrects.into(),
                date: date.to_string(),
                filled_by: FilledBy::Together.into(),
                star: "nuori".into(),
                version: 1,
                scores: vec![AreaScore { area: "arki".into(), score, change: None }],
                ..StarReading::default()
            };
            let measure = Some(Measure::Star(star));
            let request = RecordMeasureRequest { request_id: request_id(), name: plan.name.clone(), measure };
            ohjaamo.clone().plan.record_measure(request).await.unwrap();
        }
    }
    after_april(&stage);
    // Whoever asks first: the figures are those of the whole agency.
    let who = professional("ohjaaja-9", "toinen", "guidance_worker");
    let told = in_spring(&stage.caller(&stage.world.identities.ohjaamo, &who)).await;
    assert_eq!(in_spring(&ohjaamo).await, told);
    let change = Figure { code: "nuori/1/arki".into(), ..figure(Kind::StarChange, 183) };
    assert_eq!(of(&told, Kind::StarChange), [change]);
    stage.close().await;
}

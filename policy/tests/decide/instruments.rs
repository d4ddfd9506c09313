//! Case by case: what do consents, permits and prohibitions open and close, and until when?

use polku_policy::{BasisKind, Decision, Grant, Outcome, Period, Prohibition, PurposeSet, Question, Reason};
use polku_proto::v1::DataCategory::{self, Envelope, GuidanceNotes, HealthCapacity, Housing, QualityOfLife};
use polku_proto::v1::Purpose;
use polku_proto::{CategorySet, YouthId};
use uuid::Uuid;

use super::case::{addressee, case};
use super::world::{NOW, at, consent_id, engine, grant, id, index, party, personal, prohibition};

#[test]
fn p1_nothing_is_open_without_a_consent() {
    case(&[], &[], &addressee(), &[Envelope, Housing, GuidanceNotes]).gives(
        Outcome::NoConsent,
        &[Envelope],
        &[Reason::NoBasis],
    );
}

#[test]
fn p3_p4_a_consent_opens_what_it_names() {
    let case = case(&[&grant(&[Housing])], &[], &addressee(), &[Envelope, Housing, GuidanceNotes]);
    case.gives(Outcome::Permitted, &[Envelope, Housing], &[Reason::NoBasis]);
    let [basis] = case.decision.bases() else {
        panic!("one ground");
    };
    assert_eq!(basis.kind, BasisKind::Consent);
    assert_eq!(&*basis.rule, "consent");
    assert_eq!(&*basis.statute, "621/1999 § 26");
    assert_eq!(basis.consent, Some((consent_id(1), 1)));
}

#[test]
fn p3_every_part_of_a_consent_has_to_match() {
    let good = grant(&[Housing]);
    let spoilt = [
        ("youth", Grant { youth: YouthId::from_uuid(Uuid::from_u128(2)), ..good.clone() }),
        ("discloser", Grant { disclosers: vec![party("kela")], ..good.clone() }),
        ("no discloser", Grant { disclosers: Vec::new(), ..good.clone() }),
        ("recipient", Grant { recipients: vec![party("kela")], ..good.clone() }),
        ("no recipient", Grant { recipients: Vec::new(), ..good.clone() }),
        (
            "the way back",
            Grant { disclosers: vec![party("social")], recipients: vec![party("te")], ..good.clone() },
        ),
        ("purpose", Grant { purposes: PurposeSet::of(&[Purpose::Rehabilitation]), ..good.clone() }),
        ("category", Grant { categories: CategorySet::of(&[GuidanceNotes]), ..good.clone() }),
        ("not yet", Grant { period: Period::new(at(NOW + 1), None).unwrap(), ..good.clone() }),
        ("over", Grant { period: Period::new(at(NOW - 1), Some(at(NOW))).unwrap(), ..good.clone() }),
    ];
    for (what, grant) in spoilt {
        let case = case(&[&grant], &[], &addressee(), &[Housing]);
        assert_eq!(case.decision.outcome(), Outcome::NoConsent, "{what}");
        assert_eq!(case.decision.reasons(), [Reason::NoBasis], "{what}");
    }
    case(&[&good], &[], &addressee(), &[Housing]).gives(Outcome::Permitted, &[Housing], &[]);
}

#[test]
fn no_consent_is_for_an_unspecified_purpose() {
    let every = Grant { purposes: PurposeSet::ALL, ..grant(&[Housing]) };
    let question = Question { purpose: Purpose::Unspecified, ..addressee() };
    case(&[&every], &[], &question, &[Housing]).gives(Outcome::NoConsent, &[], &[Reason::NoBasis]);
}

#[test]
fn a_narrower_consent_takes_nothing_away_and_both_are_named() {
    let wide = grant(&[Housing, GuidanceNotes]);
    let narrow = Grant { id: consent_id(2), version: 4, ..grant(&[Housing]) };
    let case = case(&[&wide, &narrow], &[], &addressee(), &[Housing, GuidanceNotes]);
    case.gives(Outcome::Permitted, &[Housing, GuidanceNotes], &[]);
    let grounds: Vec<_> = case.decision.bases().iter().filter_map(|basis| basis.consent).collect();
    assert_eq!(grounds, [(consent_id(1), 1), (consent_id(2), 4)]);
}

#[test]
fn p9_a_special_category_has_to_be_named_explicitly() {
    for special in [HealthCapacity, QualityOfLife] {
        let implicit = grant(&[special, Housing]);
        let explicit = Grant { id: consent_id(2), explicit: CategorySet::of(&[special]), ..implicit.clone() };
        let refused = [Reason::SpecialCategoryNotExplicit];
        case(&[&implicit], &[], &addressee(), &[special]).gives(Outcome::Denied, &[], &refused);
        case(&[&implicit], &[], &addressee(), &[special, Housing]).gives(
            Outcome::Permitted,
            &[Housing],
            &refused,
        );
        // Only the explicit consent is a ground.
        let case = case(&[&implicit, &explicit], &[], &addressee(), &[special]);
        case.gives(Outcome::Permitted, &[special], &[]);
        assert_eq!(case.decision.bases().len(), 1);
        assert_eq!(case.decision.bases().first().unwrap().consent, Some((consent_id(2), 1)));
    }
}

#[test]
fn p9_naming_explicitly_without_consenting_opens_nothing() {
    let odd = Grant { explicit: CategorySet::of(&[HealthCapacity]), ..grant(&[Housing]) };
    let reasons = [Reason::SpecialCategoryNotExplicit];
    case(&[&odd], &[], &addressee(), &[HealthCapacity]).gives(Outcome::Denied, &[], &reasons);
}

#[test]
fn p2_a_prohibition_beats_a_consent_where_it_applies() {
    let consent = grant(&[Housing, GuidanceNotes]);
    let asked = [Housing, GuidanceNotes];
    let hits = [
        ("everything", prohibition()),
        ("the discloser", Prohibition { disclosers: vec![id("te")], ..prohibition() }),
        ("the recipient", Prohibition { recipients: vec![id("social"), id("kela")], ..prohibition() }),
    ];
    for (what, prohibition) in hits {
        let case = case(&[&consent], &[prohibition], &addressee(), &asked);
        assert_eq!(case.decision.outcome(), Outcome::Denied, "{what}");
        assert_eq!(case.decision.reasons(), [Reason::Prohibited], "{what}");
    }
    let misses = [
        ("discloser", Prohibition { disclosers: vec![id("kela")], ..prohibition() }),
        ("recipient", Prohibition { recipients: vec![id("kela")], ..prohibition() }),
        ("youth", Prohibition { youth: YouthId::from_uuid(Uuid::from_u128(2)), ..prohibition() }),
        ("category", Prohibition { categories: CategorySet::of(&[HealthCapacity]), ..prohibition() }),
    ];
    for (what, prohibition) in misses {
        let case = case(&[&consent], &[prohibition], &addressee(), &asked);
        assert_eq!(case.decision.permitted(), CategorySet::of(&asked), "{what}");
    }
    let part = Prohibition { categories: CategorySet::of(&[GuidanceNotes]), ..prohibition() };
    case(&[&consent], &[part], &addressee(), &asked).gives(
        Outcome::Permitted,
        &[Housing],
        &[Reason::Prohibited],
    );
}

#[test]
fn the_answer_says_until_when_it_holds() {
    let now = grant(&[Housing]);
    let later = Grant {
        id: consent_id(2),
        period: Period::new(at(NOW + 50), Some(at(NOW + 500))).unwrap(),
        ..grant(&[Housing])
    };
    let unrelated = Grant {
        id: consent_id(3),
        period: Period::new(at(NOW - 1), Some(at(NOW + 1))).unwrap(),
        ..grant(&[GuidanceNotes])
    };
    let all = [&now, &later, &unrelated];
    let until = |grants: &[&Grant]| case(grants, &[], &addressee(), &[Housing]).decision.valid_until();
    assert_eq!(until(&[&now]), Some(at(NOW + 100)));
    assert_eq!(until(&[&later]), Some(at(NOW + 50)));
    assert_eq!(until(&all), Some(at(NOW + 50)));
    assert_eq!(until(&[]), None);
}

#[test]
fn p2_a_prohibition_hides_the_consent_beneath_it() {
    let visible = |decision: &Decision| {
        (decision.permitted(), decision.withheld(), decision.bases().to_vec(), decision.valid_until())
    };
    let asked: Vec<DataCategory> = personal().iter().collect();
    let prohibited = case(&[&grant(&asked)], &[prohibition()], &addressee(), &asked).decision;
    let nothing = case(&[], &[], &addressee(), &asked).decision;
    assert_eq!(visible(&prohibited), visible(&nothing));
}

#[test]
fn the_answer_names_its_rules_revision_and_instant() {
    let decision = engine().decide(&index(&[grant(&[Housing])], &[]), personal(), &addressee());
    assert_eq!(decision.policy_digest(), engine().policy_digest());
    assert_eq!(decision.revision(), 1);
    assert_eq!(decision.evaluated_at(), at(NOW));
}

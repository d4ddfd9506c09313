//! Which values may stand in a message, for every set of categories that a consent can name?

use polku_policy::{Decision, Reader};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    ContactDetails, DataCategory, Delivery, EducationWork, LegalClaim, LegalGround, ReferralContent,
    ReferralHandover, ReferralNotice,
};
use polku_proto::{CategorySet, Valid};

use super::{agency, delivery, engine, handover, index_for, notice, now, question};

/// A value that nothing else contains, and its category.
type Canary = (DataCategory, &'static str);

/// Every value of the content. Those too short to be told from chance stand with the name of their place.
const CONTENT: [Canary; 24] = [
    (DataCategory::IdentityContact, "020504A902E"),
    (DataCategory::IdentityContact, "Qaahto Vreemi"),
    (DataCategory::IdentityContact, "Wolpukka-Jax"),
    (DataCategory::IdentityContact, "asiointikieli"),
    (DataCategory::IdentityContact, "PL 8817 Zyxlehto"),
    (DataCategory::AddressContact, "+358 99 7150432"),
    (DataCategory::AddressContact, "vq7k@postia.invalid"),
    (DataCategory::AddressContact, "Rhubarbkuja 6174"),
    (DataCategory::AddressContact, "ZK-48 QX"),
    (DataCategory::AddressContact, "Ylibuzzula"),
    (DataCategory::AddressContact, "687"),
    (DataCategory::GuidanceNotes, "gn-hq5w2"),
    (DataCategory::ServiceNeeds, "sn-bb81z"),
    (DataCategory::EducationWork, "koulutusaste"),
    (DataCategory::EducationWork, "ew-xo31j"),
    (DataCategory::EducationWork, "ew-kk77v"),
    (DataCategory::EducationWork, "tyonhakijanTila"),
    (DataCategory::SocialSituation, "so-p0tt6"),
    (DataCategory::HealthCapacity, "he-zw9uu"),
    (DataCategory::Housing, "ho-mm4qd"),
    (DataCategory::BenefitsIncome, "be-yr2xk"),
    (DataCategory::JointPlan, "jp-tt0wv"),
    (DataCategory::ServiceAttendance, "at-qq6nb"),
    (DataCategory::OutcomeMeasures, "om-zz3hj"),
];
const MORE: [Canary; 2] =
    [(DataCategory::QualityOfLife, "ql-vx5ee"), (DataCategory::ServiceAttendance, "cw-kb3jd")];
const HANDOVER: [Canary; 1] = [(DataCategory::GuidanceNotes, "st-wj8ob")];
/// The sender's note goes to the recipient; the recipient's own word does not.
const NOTICE: [Canary; 3] = [
    (DataCategory::GuidanceNotes, "nt-ug4rm"),
    (DataCategory::ReferralStatus, "hylkaysSyy"),
    (DataCategory::ReferralStatus, "tulos\u{0}"),
];

/// What a recipient would be sent, written by its adapter.
pub(in crate::agencies) type Written = Vec<u8>;

/// Has a handover and a notice written under a consent for every set of categories, and holds each value against the
/// permit: there if its category is in it, and nowhere if not. Every permit is the real engine's, and has no more than
/// the consent, save what became of a referral, which its parties are told anyway.
pub(in crate::agencies) fn try_every_subset(
    recipient: &str,
    outcome_place: &str,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    let to = agency(recipient);
    let (engine, question) = (engine(&to), question(&to));
    let personal: Vec<DataCategory> = CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().collect();
    let deliveries = [
        (delivery(recipient, Item::Handover(full_handover())), &HANDOVER[..]),
        (delivery(recipient, Item::Notice(full_notice())), &NOTICE[..]),
    ];
    let news = CategorySet::of(&[DataCategory::ReferralStatus]);
    let mut written = 0;
    for bits in 0..1_u32 << personal.len() {
        let chosen = personal.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
        let chosen: CategorySet = chosen.map(|(_, category)| *category).collect();
        let index = index_for(&to, chosen);
        for (delivery, own) in &deliveries {
            let delivery = Valid::check(delivery.clone()).unwrap();
            let Ok(permit) = engine.authorise(&index, delivery, CategorySet::EMPTY, &question) else {
                assert!(chosen.is_subset(news), "{chosen} is denied");
                continue;
            };
            let (delivery, decision) = permit.spend(&Reader::Agency(to.clone()), now()).unwrap();
            let permitted = decision.permitted().difference(CategorySet::ENVELOPE);
            assert!(permitted.difference(chosen).is_subset(news), "{permitted} under {chosen}");
            let text = String::from_utf8(write(delivery, &decision)).unwrap();
            for (category, value) in CONTENT.iter().chain(&MORE).chain(*own) {
                let value = if value.ends_with('\u{0}') { outcome_place } else { *value };
                let there = text.contains(value);
                assert_eq!(there, permitted.contains(*category), "{value} under {chosen}");
            }
            written += 1;
        }
    }
    // A handover tells no news, so that it is denied under none and under that category alone.
    assert_eq!(written, 2 * 16_384 - 2);
}

fn full_handover() -> ReferralHandover {
    ReferralHandover {
        claim: Some(LegalClaim {
            ground: LegalGround::OutreachNotice.into(),
            statement: "st-wj8ob".into(),
            consent_asked: ConsentAsked::NotReached.into(),
        }),
        ..handover(Some(content()))
    }
}

fn full_notice() -> ReferralNotice {
    ReferralNotice { answer: Some(content()), sender_note: "nt-ug4rm".into(), ..notice() }
}

fn content() -> ReferralContent {
    ReferralContent {
        identity_code: "020504A902E".into(),
        given_names: "Qaahto Vreemi".into(),
        family_name: "Wolpukka-Jax".into(),
        contact_language: "sv".into(),
        contact: Some(ContactDetails {
            phone: "+358 99 7150432".into(),
            email: "vq7k@postia.invalid".into(),
            street_address: "Rhubarbkuja 6174".into(),
            postal_code: "ZK-48 QX".into(),
            city: "Ylibuzzula".into(),
            municipality: "687".into(),
        }),
        reason: "gn-hq5w2".into(),
        service_needs: vec!["sn-bb81z".into()],
        education_work: Some(EducationWork {
            education_level: Some(7),
            education: "ew-xo31j".into(),
            work_history: "ew-kk77v".into(),
            job_seeker_status: "06".into(),
        }),
        social_situation: "so-p0tt6".into(),
        health_capacity: "he-zw9uu".into(),
        housing: "ho-mm4qd".into(),
        benefits_income: "be-yr2xk".into(),
        joint_plan: "jp-tt0wv".into(),
        service_attendance: "at-qq6nb".into(),
        outcome_measures: "om-zz3hj".into(),
        quality_of_life: "ql-vx5ee".into(),
        correspondence_address: "PL 8817 Zyxlehto".into(),
        contact_wish: "cw-kb3jd".into(),
    }
}

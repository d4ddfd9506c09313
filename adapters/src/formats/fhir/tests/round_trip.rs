//! Does a document say the same as the terms it was made of?

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

const PURPOSES: [Purpose; 7] = [
    Purpose::Guidance,
    Purpose::EmploymentServices,
    Purpose::MultiSectorSupport,
    Purpose::SocialServices,
    Purpose::Rehabilitation,
    Purpose::OutreachYouthWork,
    Purpose::WorkshopCoaching,
];

fn some_parties() -> impl Strategy<Value = Vec<String>> {
    let all = ["ohjaamo", "ohjaamo/keskusta", "te", "te/pohjoinen", "social", "kela/nuotti", "paja-2"];
    subsequence(all.map(String::from).to_vec(), 1..=7).prop_shuffle()
}

/// Instants of every precision.
fn some_instant() -> impl Strategy<Value = jiff::Timestamp> {
    let nanos = prop_oneof![
        Just(0),
        (0..1_000_i32).prop_map(|millis| millis * 1_000_000),
        (0..1_000_000_i32).prop_map(|micros| micros * 1_000),
        0..1_000_000_000_i32,
    ];
    (0..4_000_000_000_i64, nanos).prop_map(|(seconds, nanos)| jiff::Timestamp::new(seconds, nanos).unwrap())
}

fn some_terms() -> impl Strategy<Value = ConsentTerms> {
    let categories: Vec<i32> =
        polku_proto::CategorySet::ALL.difference(polku_proto::CategorySet::ENVELOPE).to_wire();
    let categories = subsequence(categories, 1..=14).prop_shuffle().prop_flat_map(|categories| {
        let explicit = subsequence(categories.clone(), 0..=categories.len());
        (Just(categories), explicit)
    });
    let purposes = subsequence(PURPOSES.map(i32::from).to_vec(), 1..=7).prop_shuffle();
    let period = (some_instant(), 1..100_000_000_i64, 0..1_000_000_000_i32, any::<(bool, bool)>());
    let domain = prop_oneof![Just(None), Just(Some(PermitDomain::Health)), Just(Some(PermitDomain::Social))];
    let lists = (some_parties(), some_parties(), purposes, categories);
    (lists, period, domain, 1..=4_i32, proptest::option::of(some_instant())).prop_map(
        |(lists, period, domain, legal_basis, review)| {
            let (disclosers, recipients, purposes, (categories, explicit_categories)) = lists;
            let (from, seconds, nanos, (has_from, has_until)) = period;
            let until = from + jiff::SignedDuration::new(seconds, nanos);
            let kind = domain.map_or(ConsentKind::Consent, |_| ConsentKind::DisclosurePermit);
            ConsentTerms {
                kind: kind.into(),
                disclosers,
                recipients,
                purposes,
                categories,
                explicit_categories,
                valid_from: has_from.then(|| time::to_wire(from).unwrap()),
                valid_until: (has_until || domain.is_none()).then(|| time::to_wire(until).unwrap()),
                legal_basis,
                permit_domain: domain.unwrap_or_default().into(),
                review_time: review.map(|review| time::to_wire(review).unwrap()),
            }
        },
    )
}

proptest! {
    #[test]
    fn consent(terms in some_terms(), named in any::<bool>()) {
        let hetu = hetu();
        let document = export(&super::consent(terms.clone()), named.then_some(&hetu), &parties).unwrap();
        let patient = if named { Patient::Hetu(hetu) } else { Patient::Youth(YOUTH.parse().unwrap()) };
        // One level of exceptions from a base that denies means the same in both readings.
        for reading in [Reading::R4Literal, Reading::R5Negation] {
            let imported = import(&document.to_string(), reading, &organisations).unwrap();
            prop_assert_eq!(&imported.patient, &patient);
            prop_assert_eq!(permitted_terms(&imported), [terms.clone()]);
            prop_assert!(imported.prohibitions.is_empty());
        }
    }

    #[test]
    fn sote_consent(terms in some_terms(), who in 0..3) {
        let recorder = match who {
            0 => Recorder::Client,
            1 => Recorder::LegalRepresentative,
            _ => Recorder::Professional {
                id: "t-17".into(),
                agency: "social".parse().unwrap(),
                unit: "lapsiperheet".parse().unwrap(),
            },
        };
        let written = export_sote(&super::consent(terms.clone()), Some(&hetu()), &recorder, &parties);
        if terms.kind() != ConsentKind::DisclosurePermit {
            prop_assert_eq!(written, Err(ExportError::NotAPermit));
        } else if terms.categories.len() > 3 {
            prop_assert_eq!(written, Err(ExportError::TooManyDataTypes { count: terms.categories.len() }));
        } else {
            let imported = import(&written.unwrap().to_string(), Reading::R4Literal, &organisations).unwrap();
            prop_assert_eq!(&imported.patient, &Patient::Hetu(hetu()));
            prop_assert_eq!(permitted_terms(&imported), [terms]);
        }
    }
}

//! Does anything cross the wire that nothing permits, or a personal identity code where it would be logged?

use polku_adapters::Matter;
use polku_policy::Viewer;
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{self, IdentityContact};
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    ConsentEvent, ConsentEvidence, DisclosureNotice, Origin, Outcome, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, consent_event,
};
use polku_tests::simulators::Received;

use super::bench::{Bench, at_once, benches, now, personal};
use super::payloads::{
    CONTENT, HETU, PLAN_PART, Parcel, SENDER_NOTE, STATUS_NOTE, news, of_items, parcels, place, plan_part,
    query,
};
use super::placed::fields;

/// Of a notice of a disclosure: where the data stem from, and who recorded the permit.
const SERVICE_TASK: &str = "tehtava-q3zkw";
const DOCUMENT: &str = "asiakirja-w8tdm";
const RECORDER: &str = "kirjaaja-x5vbn";
/// By which somebody without identity code is known.
const TEMPORARY_ID: &str = "1.2.246.10.2048198.22.2026.471147";
/// Of the permit: where the proof of it is kept, and why it was given.
const PROOF: &str = "kansio-h2ryc";
const REASON: &str = "perustelu-k9fsp";

/// What an agency may learn from a matter, whichever end of it it has, under a consent for these categories.
fn permitted(viewer: Viewer, chosen: CategorySet) -> CategorySet {
    let status = CategorySet::of(&[DataCategory::ReferralStatus]);
    match viewer {
        // All but what has become of it is the sender's own word.
        Viewer::Author => CategorySet::ALL.difference(status).union(chosen.intersection(status)),
        // What has become of it is the recipient's own word.
        Viewer::Addressee | Viewer::Subject => chosen.union(status),
    }
}

/// The note in news that is for one end of a referral, and the one that is its own word and never comes back to it.
fn notes(viewer: Viewer) -> [(DataCategory, &'static str); 2] {
    let sent = [(DataCategory::GuidanceNotes, SENDER_NOTE), (DataCategory::ReferralStatus, STATUS_NOTE)];
    let [to_recipient, to_sender] = sent;
    if viewer == Viewer::Author { [to_sender, to_recipient] } else { [to_recipient, to_sender] }
}

/// Every value that an item tells, with all the categories that it takes to tell it.
fn values(viewer: Viewer, item: &Item) -> Vec<(CategorySet, String)> {
    let of = |category: DataCategory| CategorySet::of(&[category]);
    let content = || CONTENT.iter().map(|(category, value)| (of(*category), (*value).to_owned()));
    match item {
        Item::Handover(ReferralHandover { .. }) => content().collect(),
        Item::Notice(ReferralNotice { answer, .. }) => {
            let [(category, note), _] = notes(viewer);
            let mut values = vec![(of(category), note.to_owned())];
            if answer.is_some() {
                values.extend(content());
            }
            values
        }
        Item::PlanPart(part) if part.needs.is_empty() => Vec::new(),
        Item::PlanPart(_) => {
            let mut values: Vec<_> = content().collect();
            values.extend(PLAN_PART.iter().map(|(category, value)| (of(*category), (*value).to_owned())));
            for category in personal() {
                values.extend(of_items(category).map(|value| (of(category), value)));
                let where_it_is = CategorySet::of(&[category, DataCategory::AddressContact]);
                values.push((where_it_is, place(category)));
            }
            values
        }
        Item::Disclosure(DisclosureNotice { .. }) => {
            let values = [
                (IdentityContact, HETU),
                (DataCategory::SocialSituation, SERVICE_TASK),
                (DataCategory::SocialSituation, DOCUMENT),
                (DataCategory::ServiceAttendance, RECORDER),
            ];
            values.map(|(category, value)| (of(category), value.to_owned())).into()
        }
    }
}

/// What an item says to the gateway alone, whatever is permitted: where the proof of a consent is kept, and what somebody
/// has written about it.
fn unsaid(item: &Item) -> &'static [&'static str] {
    match item {
        Item::Disclosure(_) => &[PROOF, REASON],
        Item::Handover(_) | Item::Notice(_) | Item::PlanPart(_) => &[],
    }
}

fn holds(hay: &[u8], needle: &str) -> bool {
    hay.windows(needle.len()).any(|part| part == needle.as_bytes())
}

fn contain(received: &[Received], needle: &str) -> bool {
    received.iter().any(|request| {
        holds(&request.body, needle)
            || holds(request.path.as_bytes(), needle)
            || request.headers.values().any(|value| holds(value.as_bytes(), needle))
    })
}

/// Everything that an agency is told, to either end of a referral: with a plan that has something of every category, and
/// with news that have the word of both ends.
fn told(bench: &Bench) -> Vec<Parcel> {
    let mut told = parcels(bench.kind);
    for Parcel { what, item, .. } in &mut told {
        match item {
            Item::PlanPart(part) if *what == "plan" => *part = plan_part(&personal()),
            Item::Notice(notice) => notice.status_note = STATUS_NOTE.into(),
            Item::Disclosure(notice) => outspoken(notice),
            Item::Handover(_) | Item::PlanPart(_) => {}
        }
    }
    told
}

/// Says where the data stem from, and all that can be said of the permit, in words that stand for nothing else.
fn outspoken(notice: &mut DisclosureNotice) {
    notice.origin = Some(Origin {
        service_task: SERVICE_TASK.into(),
        documents: vec![DOCUMENT.into(), "asiakirja-2".into()],
    });
    for consent in &mut notice.consents {
        consent.recorder_professional = RECORDER.into();
        consent.evidence = Some(ConsentEvidence {
            given_by: GivenBy::Self_.into(),
            form: Form::Written.into(),
            notice_version: "2026-1".into(),
            notice_language: "fi".into(),
            notice_sha256: vec![7; 32],
            reference: PROOF.into(),
            inform_time: consent.create_time,
            ..ConsentEvidence::default()
        });
        consent.events.push(ConsentEvent {
            state: consent.state,
            time: consent.create_time,
            agency: consent.recorder.clone(),
            reason: REASON.into(),
            by: consent_event::By::Professional.into(),
            evidence: consent.evidence.clone(),
            valid_from: consent.create_time,
            valid_until: None,
            unit: "keskusta".into(),
            professional: RECORDER.into(),
            taken_back_by: GivenBy::Unspecified.into(),
            requested_terms: None,
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_category_alone() {
    at_once(benches(), |bench| async move {
        let ledger = bench.agency.control().ledger().clone();
        let mut number = 0;
        for parcel in told(&bench) {
            let values = values(parcel.viewer, &parcel.item);
            for category in personal() {
                number += 1;
                let name = format!("{}, {}, {category:?} alone", bench.name(), parcel.what);
                let chosen = CategorySet::of(&[IdentityContact, category]);
                let permitted = permitted(parcel.viewer, chosen);
                let before = ledger.received().len();
                let Some(permit) = bench.permit_delivery(parcel.delivery(bench.kind.id, number), chosen)
                else {
                    let tells = |(needs, _): &(CategorySet, String)| needs.is_subset(permitted);
                    assert!(!values.iter().any(tells), "{name}: denied");
                    continue;
                };
                let sent = bench.adapter.deliver(permit, now()).await;
                assert!(sent.is_ok(), "{name}: {sent:?}");
                let received = ledger.received().split_off(before);
                assert!(!received.is_empty(), "{name}");
                for (needs, value) in &values {
                    let expected = needs.is_subset(permitted);
                    assert_eq!(contain(&received, value), expected, "{name}: {value} of {needs}");
                }
                let [_, (_, own_word)] = notes(parcel.viewer);
                assert!(!contain(&received, own_word), "{name}: {own_word} comes back");
                for value in unsaid(&parcel.item) {
                    assert!(!contain(&received, value), "{name}: {value}");
                }
                if !values.is_empty() && !matches!(parcel.item, Item::Notice(_)) {
                    assert!(contain(&received, HETU), "{name}: whom it is about");
                }
            }
        }
    })
    .await;
}

/// A notice of a disclosure to the register of the discloser itself: of whom, from where and by whom it was recorded, each
/// under its own category, whoever it is about, and also where nothing says about whom.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_a_disclosure_tells_no_more_than_is_permitted() {
    let categories = [IdentityContact, DataCategory::SocialSituation, DataCategory::ServiceAttendance];
    let mut tried = 0;
    for bench in benches().filter(|bench| bench.kind.delivers.contains(&Matter::DisclosureNotice)) {
        let ledger = bench.agency.control().ledger().clone();
        let notice =
            told(&bench).into_iter().find(|parcel| parcel.matter == Matter::DisclosureNotice).unwrap();
        for (who, subset) in
            [HETU, TEMPORARY_ID].into_iter().flat_map(|who| (0..8).map(move |bits| (who, bits)))
        {
            tried += 1;
            let mut item = notice.item.clone();
            if let (Item::Disclosure(notice), true) = (&mut item, who == TEMPORARY_ID) {
                notice.identity_code.clear();
                notice.temporary_id = TEMPORARY_ID.to_owned();
            }
            let chosen = categories.iter().enumerate().filter(|(place, _)| subset & (1 << place) != 0);
            let chosen: CategorySet = chosen.map(|(_, category)| *category).collect();
            let name = format!("{}, {who} under {chosen}", bench.name());
            let before = ledger.received().len();
            let parcel = Parcel { item, what: notice.what.clone(), ..notice };
            let Some(permit) = bench.permit_delivery(parcel.delivery(bench.kind.id, tried), chosen) else {
                assert!(chosen.is_empty(), "{name}: denied");
                continue;
            };
            bench.adapter.deliver(permit, now()).await.unwrap();
            let received = ledger.received().split_off(before);
            for (needs, value) in values(parcel.viewer, &parcel.item) {
                // Of a temporary id the number stands apart from the system that it is of.
                let value = if value == HETU { who.rsplit('.').next().unwrap() } else { &value };
                assert_eq!(contain(&received, value), needs.is_subset(chosen), "{name}: {value}");
            }
            for value in unsaid(&parcel.item).iter().copied().chain(CONTENT.iter().map(|(_, value)| *value)) {
                assert!(!contain(&received, value), "{name}: {value}");
            }
        }
        bench.agency.control().stop();
    }
    assert!(tried > 0, "nobody hears of disclosures");
}

/// A question says about whom it is asked, in its body, and nothing else of the person: neither what the agency has been
/// told before nor what it holds. Where nothing permits to say about whom, nothing is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_tells_about_whom_and_nothing_else() {
    for bench in benches().filter(|bench| !bench.kind.fetches.is_empty()) {
        let ledger = bench.agency.control().ledger().clone();
        for (place, parcel) in told(&bench).into_iter().enumerate() {
            bench.deliver(parcel.delivery(bench.kind.id, u32::try_from(place).unwrap() + 1)).await.unwrap();
        }
        bench.agency.hold(HETU, &bench.agency.specimen()).unwrap();
        let mut sets: Vec<Vec<DataCategory>> = bench.kind.fetches.iter().map(|asked| vec![asked]).collect();
        sets.push(bench.kind.fetches.iter().collect());
        for asked in sets {
            let name = format!("{}, {asked:?}", bench.name());
            let before = ledger.received().len();
            let others: CategorySet = personal().into_iter().filter(|one| *one != IdentityContact).collect();
            if let Some(permit) = bench.permit_only(query(&asked), others) {
                let refused = bench.adapter.fetch(permit, now()).await;
                assert!(refused.is_err(), "{name}: asked about nobody");
            }
            assert_eq!(ledger.received().len(), before, "{name}: something is sent about nobody");
            let alone = CategorySet::of(&[IdentityContact]);
            let permit = bench.permit_only(query(&asked), alone).unwrap_or_else(|| panic!("{name}: denied"));
            bench.adapter.fetch(permit, now()).await.unwrap();
            let received = ledger.received().split_off(before);
            assert!(received.iter().any(|request| holds(&request.body, HETU)), "{name}: about whom");
            let known = CONTENT.iter().chain(&PLAN_PART).map(|(_, value)| (*value).to_owned());
            let items = personal()
                .into_iter()
                .flat_map(|category| of_items(category).into_iter().chain([place(category)]));
            let words = [STATUS_NOTE, SENDER_NOTE, SERVICE_TASK, DOCUMENT, RECORDER].map(str::to_owned);
            for value in known.chain(items).chain(words).chain(held(&bench)) {
                assert!(!contain(&received, &value), "{name}: {value}");
            }
        }
        bench.agency.control().stop();
    }
}

/// The words of what the agency holds on the person.
fn held(bench: &Bench) -> Vec<String> {
    let held = bench.agency.specimen();
    let facts = held.facts.into_iter().flat_map(|fact| [fact.text, fact.reference]);
    let plans = held.plans.into_iter().flat_map(|plan| {
        let items = plan.goals.into_iter().map(|goal| goal.text);
        [plan.client_view, plan.worker_view, plan.reference].into_iter().chain(items).collect::<Vec<_>>()
    });
    facts.chain(plans).filter(|text| text.len() > 3).collect()
}

/// The words that stand in one message and not in the other.
fn words(one: &[(String, String)], other: &[(String, String)]) -> Vec<String> {
    let told = one.iter().filter(|(_, value)| other.iter().all(|(_, told)| told != value));
    told.map(|(_, value)| value.clone()).collect()
}

/// Reason and outcome are codes, another one at each agency: what changes in a message with them is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_become_of_a_referral_is_told_to_its_sender_as_far_as_permitted() {
    let rejected = |reason| news(ReferralState::Rejected, reason, Outcome::Unspecified);
    let completed = |outcome| news(ReferralState::Completed, RejectionReason::Unspecified, outcome);
    let pairs = [
        ("reason", [rejected(RejectionReason::NoCapacity), rejected(RejectionReason::OutsideArea)]),
        ("outcome", [completed(Outcome::GotService), completed(Outcome::CouldNotContact)]),
    ];
    let status = CategorySet::of(&[DataCategory::ReferralStatus]);
    let all = CategorySet::ALL.difference(CategorySet::ENVELOPE);
    for bench in benches().filter(|bench| bench.kind.delivers.contains(&Matter::StateChange)) {
        let ledger = bench.agency.control().ledger().clone();
        let mut number = 0;
        for (what, [item, other]) in &pairs {
            let mut told = Vec::new();
            for (item, chosen) in [(item, all), (other, all), (item, status), (item, all.difference(status))]
            {
                number += 1;
                let parcel = Parcel {
                    what: what.to_string(),
                    matter: Matter::StateChange,
                    viewer: Viewer::Author,
                    item: item.clone(),
                };
                let before = ledger.received().len();
                let permit = bench.permit_delivery(parcel.delivery(bench.kind.id, number), chosen).unwrap();
                bench.adapter.deliver(permit, now()).await.unwrap();
                told.push((fields(&bench, number), ledger.received().split_off(before)));
            }
            let [(one, _), (other, _), (_, permitted), (_, withheld)] = &told[..] else { panic!() };
            let mut words = words(one, other);
            assert!(!words.is_empty(), "{}: no {what} is told", bench.name());
            words.push(STATUS_NOTE.to_owned());
            for word in words {
                let name = format!("{}, {what}: {word}", bench.name());
                assert!(contain(permitted, &word), "{name} is lost");
                assert!(!contain(withheld, &word), "{name} is told");
            }
        }
        bench.agency.control().stop();
    }
}

/// The forms in which an identity code could stand in an address or a header.
fn forms(identity_code: &str) -> [String; 3] {
    use base64::Engine as _;
    let inside = base64::engine::general_purpose::STANDARD.encode(identity_code);
    [identity_code.to_owned(), identity_code.to_lowercase(), inside.trim_end_matches('=').to_owned()]
}

fn assert_body_only(bench: &Bench) {
    for request in bench.agency.control().ledger().received() {
        for form in forms(HETU) {
            assert!(!request.path.contains(&form), "{}: in the path", bench.name());
            for (header, value) in &request.headers {
                let here = holds(value.as_bytes(), &form);
                assert!(!here, "{}: in the header {header}", bench.name());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_code_stands_in_bodies_only() {
    for bench in benches() {
        for (place, parcel) in told(&bench).into_iter().enumerate() {
            let number = u32::try_from(place).unwrap() + 1;
            bench.deliver(parcel.delivery(bench.kind.id, number)).await.unwrap();
            let id = super::payloads::message(number).parse().unwrap();
            let _ = bench.adapter.status(&id, now()).await;
        }
        if !bench.kind.fetches.is_empty() {
            let categories: Vec<_> = bench.kind.fetches.iter().collect();
            bench.fetch(query(&categories)).await.unwrap();
        }
        assert_body_only(&bench);
        assert!(contain(&bench.agency.control().ledger().received(), HETU), "{}", bench.name());
        bench.agency.control().stop();
    }
}

/// X-Road puts the service, the parties, the user and the issue where everybody on the way sees them.
#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_xml_tells_nobody_either() {
    for bench in benches() {
        for (place, parcel) in told(&bench).into_iter().enumerate() {
            bench.deliver(parcel.delivery(bench.kind.id, u32::try_from(place).unwrap() + 1)).await.unwrap();
        }
        for request in bench.agency.control().ledger().received() {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            // What stands between the two tags of the header, if there is one.
            let header = body.split("Header>").nth(1).unwrap_or_default();
            for told in [HETU, "Vreemi", STATUS_NOTE, SENDER_NOTE] {
                assert!(!header.contains(told), "{}: {told}", bench.name());
            }
        }
        bench.agency.control().stop();
    }
}

//! What is left after the kills: is all of it there, and nothing twice?

use std::collections::BTreeMap;
use std::path::Path;

use polku_gateway::audit::{AuditLog, Event, Leaf};
use polku_proto::v1::{ConsentState, DeliveryState, GetConsentRequest, GetReferralRequest};
use polku_proto::{ReferralName, YouthName};
use polku_tests::checks::{endless_intents, is_there};
use polku_tests::simulators::{Ledger, Repetition};
use polku_tests::world::{Client, PAJA, PATIENCE, TE, World, eventually};

use super::{Acknowledged, Withdrawn};
use crate::stage::{effects, id_of};

pub(super) fn ledger<'w>(world: &'w World, agency: &str) -> &'w Ledger {
    if agency == TE { world.te.ledger() } else { world.walmu.ledger() }
}

/// The same for all referrals at once, by id.
fn all_effects(ledger: &Ledger) -> BTreeMap<String, usize> {
    let mut effects = BTreeMap::new();
    for referral in ledger.referrals() {
        *effects.entry(referral.referral_id).or_default() += 1;
    }
    effects
}

/// Each has arrived once; where the employment services cannot tell, what may have arrived is in doubt, and has arrived once
/// at most. Answers how many are.
pub(super) async fn check_referrals(
    world: &World,
    client: &Client,
    book: &Acknowledged,
    te_repetition: Repetition,
) -> usize {
    let mut in_doubt = Vec::new();
    for (agency, name) in &book.referrals {
        let can_be_in_doubt = *agency == TE && te_repetition == Repetition::Neither;
        let ended = eventually(PATIENCE, || async {
            let request = GetReferralRequest { name: name.clone() };
            let referral = client.referral.clone().get_referral(request).await.ok()?.into_inner();
            let state = referral.delivery_state();
            let is_over =
                state == DeliveryState::Delivered || (can_be_in_doubt && state == DeliveryState::InDoubt);
            is_over.then_some(referral)
        });
        let referral = ended.await.unwrap_or_else(|| panic!("{name} is not delivered"));
        if referral.delivery_state() == DeliveryState::InDoubt {
            in_doubt.push(name);
        }
        assert_eq!(referral.content.unwrap().reason, "kanaria-perustelu", "{name} is not as it was sent");
    }
    let effects = [TE, PAJA].map(|agency| (agency, all_effects(ledger(world, agency))));
    let effects = BTreeMap::from(effects);
    for (agency, name) in &book.referrals {
        let count = effects[agency].get(id_of(name)).copied().unwrap_or_default();
        assert!(count == 1 || (count == 0 && in_doubt.contains(&name)), "{name} at {agency}: {count} times");
    }
    in_doubt.len()
}

pub(super) async fn check_consents(world: &World, client: &Client, book: &Acknowledged) {
    let state = async |name: &str| {
        let request = GetConsentRequest { name: name.to_owned() };
        let read = async || client.consent.clone().get_consent(request.clone()).await.ok();
        let consent = eventually(PATIENCE, read).await.unwrap_or_else(|| panic!("{name} is not answered"));
        consent.into_inner().state()
    };
    for consent in &book.consents {
        assert_eq!(state(consent).await, ConsentState::Given, "{consent}");
    }
    for withdrawn in &book.withdrawn {
        assert_eq!(state(&withdrawn.consent).await, ConsentState::Withdrawn);
        let Withdrawn { agency, referral, before, stopped, under_way, .. } = withdrawn;
        for name in stopped {
            assert_eq!(effects(ledger(world, agency), name), 0, "{name} was stopped and has arrived");
        }
        let now = effects(ledger(world, agency), referral);
        assert!(now <= 1, "{referral} took effect {now} times");
        assert!(now == *before || under_way.contains(referral), "{referral} went out after the withdrawal");
    }
}

/// What the stopped gateway has left on disk.
pub(super) async fn check_data(data: &Path, world: &World, book: &Acknowledged, everybody: &[String]) {
    let path = data.join("audit.log");
    let recovery = AuditLog::verify(&path).unwrap();
    let (log, opened) = AuditLog::open(&path).unwrap();
    assert_eq!((opened.leaves, opened.root), (recovery.leaves, recovery.root));
    let (mut leaves, mut hashes): (Vec<Leaf>, Vec<[u8; 32]>) = (Vec::new(), Vec::new());
    log.read(0, |sequence, leaf| {
        assert_eq!(sequence, leaves.len() as u64, "a gap");
        hashes.push(leaf.hash(sequence));
        leaves.push(leaf);
    })
    .unwrap();
    assert_eq!(leaves.len() as u64, recovery.leaves);
    let store = world.store().await.unwrap();
    assert!(book.answers.len() >= book.referrals.len(), "answers without receipts");
    for answer in &book.answers {
        is_there(answer, &hashes, store.as_ref()).await.unwrap();
    }
    let everybody: Vec<_> = everybody.iter().map(|name| name.parse::<YouthName>().unwrap().youth).collect();
    // News about a withdrawal, or a referral that nobody was told of, can be on its way at the last kill.
    let endless = endless_intents(&leaves, store.as_ref(), &everybody).await.unwrap();
    assert!(endless.is_empty(), "intents {endless:?} of {} stand alone", leaves.len());
    let receipts = [TE, PAJA].map(|agency| {
        let taken = ledger(world, agency).referrals().into_iter();
        (agency, taken.map(|taken| (taken.message_id, taken.receipt)).collect::<BTreeMap<_, _>>())
    });
    let receipts = BTreeMap::from(receipts);
    for (agency, name) in &book.referrals {
        let parsed: ReferralName = name.parse().unwrap();
        let [row] = &store.deliveries_about(parsed.referral).await.unwrap()[..] else {
            panic!("{name}: one delivery")
        };
        // What has gone out was announced in the log before.
        let announced = row.intent.and_then(|at| leaves.get(usize::try_from(at).unwrap()));
        assert!(announced.is_some_and(|leaf| leaf.event == Event::DeliveryIntent), "{name}: {announced:?}");
        if row.state == DeliveryState::InDoubt {
            continue;
        }
        assert_eq!(row.state, DeliveryState::Delivered);
        // The office by what it was asked, the workshop by the key: one message, one effect, one receipt.
        let message = row.message.to_string();
        assert_eq!(ledger(world, agency).effects(&message), 1);
        assert_eq!(row.reference.as_ref(), receipts[agency].get(&message), "{name}");
    }
    for agency in [TE, PAJA] {
        let all = ledger(world, agency).all_effects();
        assert!(all.values().all(|count| *count == 1), "{agency} has something twice");
    }
}

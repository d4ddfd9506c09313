//! A referral waits, its consent is withdrawn, and it is never sent.

use polku_proto::v1::{
    Consent, ConsentState, DeliveryState, Purpose, Referral, ReferralState, WithdrawConsentRequest,
};

use super::{Scene, id_of, nothing_of, wait_for};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, answered, same, there};
use crate::simulators::Fault;
use crate::world::{TE, referral_to, request_id};

pub(super) async fn queue(scene: &mut Scene<'_, '_>) -> Result<(Consent, Referral), Deviation> {
    scene
        .teller
        .step("The office's system is down. A third referral, with a consent of its own, has to wait")?;
    scene.world.te.faults().set(Fault::Dead);
    let consent = scene.record(cast::support_terms(TE)).await?;
    let request = referral_to(TE, &scene.youth, Purpose::MultiSectorSupport, cast::support_content());
    let (referral, _) = scene.send(request).await?;
    wait_for("a failed attempt", async || {
        let seen = scene.seen(&referral).await?.delivery_state();
        Ok((seen == DeliveryState::Retrying).then_some(()))
    })
    .await?;
    scene.tell_state(&referral, ReferralState::Requested, DeliveryState::Retrying).await?;
    Ok((consent, referral))
}

pub(super) async fn withdraw(
    scene: &mut Scene<'_, '_>,
    consent: &Consent,
    referral: &Referral,
) -> Result<(), Deviation> {
    scene.teller.step("Aino thinks better of it and withdraws that consent herself, on her phone")?;
    let stopped = end(scene, consent).await?;
    same("what was stopped", &vec![referral.name.clone()], &stopped)?;
    scene.tell_state(referral, ReferralState::ConsentWithdrawn, DeliveryState::Stopped).await?;
    let terms = there("the terms of the consent", consent.terms.as_ref())?;
    let decision = scene.verify(terms).await?;
    same("what is permitted after the withdrawal", &Vec::<String>::new(), &cast::names(&decision.permitted))
}

pub(super) async fn nothing_arrives(
    scene: &mut Scene<'_, '_>,
    consent: &Consent,
    first: &Referral,
    third: &Referral,
) -> Result<(), Deviation> {
    scene
        .teller
        .step("The office's system is back. She withdraws the first consent too: that reaches the office")?;
    let te = &scene.world.te;
    let before = te.ledger().received().len();
    te.faults().clear().map_err(|error| Deviation {
        what: "the office's system".into(),
        expected: "it listens again".into(),
        seen: format!("{error:#}"),
    })?;
    let stopped = end(scene, consent).await?;
    same("what was stopped", &Vec::<String>::new(), &stopped)?;
    let notice =
        wait_for("the notice at the office", async || Ok(te.ledger().notices().into_iter().next())).await?;
    same("the notice", &Some("LUPA_PERUTTU"), &notice.field("laji"))?;
    same("its referral", &id_of(first), &notice.referral_id.as_str())?;
    scene
        .teller
        .entry("te is told", &["LUPA_PERUTTU (consent withdrawn), about the first referral, which it has"])?;
    scene.tell_state(first, ReferralState::ConsentWithdrawn, DeliveryState::Delivered).await?;

    scene.teller.line("Of the third referral the office has never had a word:")?;
    let ledger = te.ledger();
    same("requests at the office since it is back", &1, &(ledger.received().len() - before))?;
    same("referrals at the office", &1, &ledger.referrals().len())?;
    nothing_of(&[id_of(third), cast::SECOND_THOUGHTS], ledger, TE)?;
    scene
        .teller
        .entry("its ledger", &["1 referral (the first), 1 notice; nothing of the third in any byte"])?;
    scene.tell_state(third, ReferralState::ConsentWithdrawn, DeliveryState::Stopped).await
}

/// Aino withdraws a consent. Answers the referrals that are stopped by it.
async fn end(scene: &mut Scene<'_, '_>, consent: &Consent) -> Result<Vec<String>, Deviation> {
    let request = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        ..WithdrawConsentRequest::default()
    };
    let change = answered("WithdrawConsent", scene.aino.consent.withdraw_consent(request).await)?;
    let state = there("the consent in the answer", change.consent)?.state();
    same("state of the consent", &ConsentState::Withdrawn, &state)?;
    same("what was under way", &Vec::<String>::new(), &change.under_way)?;
    let stopped: Vec<&str> = if change.stopped.is_empty() {
        vec!["nothing was waiting"]
    } else {
        change.stopped.iter().map(String::as_str).collect()
    };
    scene.teller.entry("stopped", &stopped)?;
    scene.receipt(change.receipt)?;
    Ok(change.stopped)
}

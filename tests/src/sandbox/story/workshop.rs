//! The workshop gets nothing without a consent, and with one what it covers.

use polku_proto::v1::decision::Verdict;
use polku_proto::v1::{DeliveryState, Purpose, Referral, ReferralState, SendReferralRequest};
use tonic_types::StatusExt as _;

use super::{Scene, id_of, nothing_of};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, exchanged, refusal, same, there};
use crate::simulators::walmu::event::{Event, EventReply};
use crate::simulators::{Action, Official};
use crate::world::{PAJA, referral_to};

/// Everything about Aino that the workshop receives, in its own words.
const ABOUT_HER: [&str; 6] = [
    "asiakas.asiointikieli",
    "asiakas.etunimet",
    "asiakas.henkilotunnus",
    "asiakas.sukunimi",
    "lahete.palvelutarpeet",
    "lahete.perustelu",
];

pub(super) async fn refuse(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("A second referral, to the youth workshop: nobody has asked Aino yet")?;
    let decision = scene.verify(&cast::workshop_terms(PAJA)).await?;
    same("decision without a consent", &Verdict::NotPermitted, &decision.verdict())?;
    let status = match scene.ohjaamo.referral.send_referral(referral(scene)).await {
        Err(status) => status,
        Ok(_) => {
            return Err(Deviation {
                what: "SendReferral without a consent".into(),
                expected: "PermissionDenied NOT_PERMITTED".into(),
                seen: "it was accepted".into(),
            });
        }
    };
    same("SendReferral without a consent", &"PermissionDenied NOT_PERMITTED", &refusal(&status).as_str())?;
    let details = status.get_error_details();
    let withheld = details.error_info().and_then(|info| info.metadata.get("withheld"));
    scene
        .teller
        .entry("SendReferral", &["PERMISSION_DENIED".to_owned(), "reason NOT_PERMITTED".to_owned()])?;
    scene.teller.entry("held back", &[there("what was held back, in the refusal", withheld)?])?;
    same("requests at the workshop", &0, &scene.world.walmu.ledger().received().len())?;
    scene.teller.line("The workshop's system has not heard anything.")
}

pub(super) async fn refer(scene: &mut Scene<'_, '_>) -> Result<Referral, Deviation> {
    scene.teller.step("Aino is asked and consents; the same referral goes through, by REST and OAuth 2.0")?;
    let consent = scene.record(cast::workshop_terms(PAJA)).await?;
    let terms = there("the terms of the consent", consent.terms)?;
    let decision = scene.verify(&terms).await?;
    same("decision with a consent", &Verdict::Permitted, &decision.verdict())?;
    same(
        "what is permitted",
        &cast::names(&cast::told_by_sender(&terms.categories)),
        &cast::names(&decision.permitted),
    )?;
    let (referral, decision) = scene.send(referral(scene)).await?;
    same("state of the delivery", &DeliveryState::Delivered, &referral.delivery_state())?;

    let ledger = scene.world.walmu.ledger();
    let taken = there("the referral in the workshop's system", ledger.referral(id_of(&referral)))?;
    let names = taken.fields.iter().map(|(name, _)| name.as_str());
    let mut about_her: Vec<&str> = names.filter(|name| is_about_her(name)).collect();
    about_her.sort_unstable();
    same("what the workshop's system has received about her", &ABOUT_HER.to_vec(), &about_her)?;
    nothing_of(&[cast::SOCIAL_SITUATION], ledger, PAJA)?;
    scene.tell_received(&taken)?;
    scene.tell_withheld(&decision, &terms)?;
    Ok(referral)
}

pub(super) async fn answer(scene: &mut Scene<'_, '_>, referral: &Referral) -> Result<(), Deviation> {
    scene.teller.step("The workshop's system answers by a signed webhook: a place has been found")?;
    let coach = Official::new("valmentaja-1", "nuorten-tyopaja");
    let event = Event { official: coach, ..Event::new(id_of(referral), Action::Accept) };
    let reply = exchanged("the webhook", scene.world.walmu.send_event(&event).await)?;
    let EventReply::Applied { state, sequence } = reply else {
        return Err(Deviation {
            what: "answer to the webhook".into(),
            expected: "hyvaksytty".into(),
            seen: format!("{reply:?}"),
        });
    };
    same("state in the workshop's words", &"hyvaksytty", &state.as_str())?;
    scene.teller.entry("answer to paja", &["hyvaksytty (accepted)"])?;
    scene.receipt_number(sequence)?;
    scene.tell_state(referral, ReferralState::Accepted, DeliveryState::Delivered).await
}

fn referral(scene: &Scene<'_, '_>) -> SendReferralRequest {
    SendReferralRequest {
        wait_for_delivery: true,
        ..referral_to(PAJA, &scene.youth, Purpose::WorkshopCoaching, cast::workshop_content())
    }
}

fn is_about_her(name: &str) -> bool {
    let told = ["asiakas.", "tausta.", "lahete.perustelu", "lahete.palvelutarpeet"];
    told.iter().any(|beginning| name.starts_with(beginning))
}

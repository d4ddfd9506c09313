//! Nobody is sent on alone: Aino, Ohjaamo and Kela meet together.

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    DataCategory, DeliveryState, EscortedHandover, JourneyOpening, JourneySource, Purpose, Referral,
    ReferralContent, ReferralState, SendReferralRequest,
};
use uuid::Uuid;

use super::{Scene, WEEK, id_of, own_system};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, exchanged, same, there};
use crate::simulators::{Action, Message, Official, Outgoing, Reply};
use crate::world::{KELA, OHJAAMO, referral_to, terms};

/// Kela is asked to ring her: its coaching is applied for by telephone.
pub(super) async fn refer(scene: &mut Scene<'_, '_>) -> Result<Referral, Deviation> {
    scene
        .teller
        .step("Kela has coaching that fits. She consents, and Kela's own system is asked to ring her")?;
    let categories =
        [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::ReferralStatus];
    scene.record(terms(OHJAAMO, KELA, Purpose::Rehabilitation, &categories)).await?;
    let content = ReferralContent {
        given_names: cast::GIVEN_NAME.into(),
        family_name: cast::FAMILY_NAME.into(),
        service_needs: vec![cast::COACHING.into()],
        ..ReferralContent::default()
    };
    let request = SendReferralRequest {
        wait_for_delivery: true,
        ..referral_to(KELA, &scene.youth, Purpose::Rehabilitation, content)
    };
    let (referral, _) = scene.send(request).await?;
    same("state of the delivery", &DeliveryState::Delivered, &referral.delivery_state())?;
    let kela = own_system(scene.world, KELA)?;
    there("the referral in Kela's system", kela.control().ledger().referral(id_of(&referral)))?;
    let accept = Message {
        id: Uuid::now_v7(),
        official: Official::new("asiantuntija-1", "kuntoutus"),
        what: Outgoing::Change {
            referral: id_of(&referral).to_owned(),
            action: Action::Accept,
            reason: None,
            outcome: None,
            note: String::new(),
        },
    };
    let reply = exchanged("Kela's answer", kela.send(&accept).await)?;
    let Reply::Applied { state, sequence } = reply else {
        return Err(Deviation {
            what: "the gateway's answer to Kela".into(),
            expected: "it is accepted".into(),
            seen: format!("{reply:?}"),
        });
    };
    same("state after Kela's answer", &ReferralState::Accepted, &state)?;
    scene.receipt_number(sequence)?;
    scene.tell_state(&referral, ReferralState::Accepted, DeliveryState::Delivered).await?;
    Ok(referral)
}

/// It counts as escorted when all three met, and not on one word alone.
pub(super) async fn escort(scene: &mut Scene<'_, '_>, referral: &Referral) -> Result<(), Deviation> {
    scene.pass(WEEK, "A week passes")?;
    scene.teller.step("Aino, her worker and Kela's coach meet together: a hand-over with escort")?;
    let kela = scene.agency(KELA)?;
    let opening = Matter::Opening(JourneyOpening { source: JourneySource::Other.into() });
    scene.note(&kela, opening).await?;
    let (ohjaamo, aino) = (scene.ohjaamo.clone(), scene.aino.clone());
    for (who, recipient, escorted, said) in [
        (&ohjaamo, false, 0, "only Aino and her worker came: that is none"),
        (&ohjaamo, true, 0, "all three met, says Ohjaamo: one word alone does not count"),
        (&aino, true, 1, "Aino says so too"),
    ] {
        let met = Matter::Handover(EscortedHandover {
            referral: referral.name.clone(),
            young_person: true,
            sender: true,
            recipient,
        });
        scene.note(who, met).await?;
        let seen = scene.journey(Purpose::Unspecified).await?;
        same(
            "hand-overs, and those with escort",
            &(3, escorted),
            &(seen.handovers, seen.escorted_handovers),
        )?;
        scene.teller.entry("with escort", &[format!("{escorted} of 3: {said}")])?;
    }
    Ok(())
}

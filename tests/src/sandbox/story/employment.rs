//! The employment services get what Aino lets them have, and accept.

use polku_proto::v1::decision::Verdict;
use polku_proto::v1::{
    Consent, DataCategory, DeliveryState, Purpose, Referral, ReferralState, SendReferralRequest,
};

use super::{Scene, id_of, nothing_of};
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, exchanged, same, there};
use crate::simulators::Action;
use crate::simulators::te::{Update, UpdateReply};
use crate::world::{TE, official, referral_to};

/// Everything that the office receives, in its own words. Whatever else arrived would be too much.
const RECEIVED: [&str; 19] = [
    "sanomaTunnus",
    "laheteTunnus",
    "lahettaja",
    "kayttotarkoitus",
    "luotu",
    "vastausViimeistaan",
    "tietojaKarsittu",
    "asiakas.henkilotunnus",
    "asiakas.etunimet",
    "asiakas.sukunimi",
    "asiakas.asiointikieli",
    "asiakas.yhteystiedot.puhelin",
    "asiakas.yhteystiedot.postitoimipaikka",
    "palvelutarve",
    "palvelutarve",
    "koulutusJaTyo.koulutusaste",
    "koulutusJaTyo.koulutus",
    "koulutusJaTyo.tyohistoria",
    "koulutusJaTyo.tyonhakijanTila",
];

pub(super) async fn consent(scene: &mut Scene<'_, '_>) -> Result<Consent, Deviation> {
    scene.teller.step("She signs a consent: Ohjaamo may refer her to the employment services")?;
    scene.record(cast::employment_terms(TE)).await
}

pub(super) async fn refer(scene: &mut Scene<'_, '_>, consent: &Consent) -> Result<Referral, Deviation> {
    scene.teller.step("Ohjaamo sends the referral, with more in it than the consent covers")?;
    let request = SendReferralRequest {
        wait_for_delivery: true,
        ..referral_to(TE, &scene.youth, Purpose::EmploymentServices, cast::employment_content())
    };
    let (referral, decision) = scene.send(request).await?;
    same("decision", &Verdict::Permitted, &decision.verdict())?;
    same("state of the delivery", &DeliveryState::Delivered, &referral.delivery_state())?;
    let withheld = [DataCategory::SocialSituation, DataCategory::HealthCapacity, DataCategory::GuidanceNotes]
        .map(cast::category_name);
    let mut seen = cast::names(&decision.withheld);
    seen.sort();
    let mut expected = withheld.to_vec();
    expected.sort();
    same("what is held back", &expected, &seen)?;

    let ledger = scene.world.te.ledger();
    let taken = there("the referral in the office's system", ledger.referral(id_of(&referral)))?;
    let names: Vec<&str> = taken.fields.iter().map(|(name, _)| name.as_str()).collect();
    same("what the office's system has received", &RECEIVED.to_vec(), &names)?;
    nothing_of(&[cast::SOCIAL_SITUATION, cast::HEALTH, cast::NOTE], ledger, TE)?;
    scene.tell_received(&taken)?;
    let terms = there("the terms of the consent", consent.terms.as_ref())?;
    scene.tell_withheld(&decision, terms)?;
    scene.teller.entry("te's receipt", &[&taken.receipt])?;
    Ok(referral)
}

pub(super) async fn accept(scene: &mut Scene<'_, '_>, referral: &Referral) -> Result<(), Deviation> {
    scene.teller.step("An official accepts in the office's own system; its word comes back over X-Road")?;
    let update = Update { official: official(), ..Update::new(id_of(referral), Action::Accept) };
    let reply = exchanged("paivitaLahete", scene.world.te.send_update(&update).await)?;
    let UpdateReply::Applied { state, sequence } = reply else {
        return Err(Deviation {
            what: "answer to paivitaLahete".into(),
            expected: "HYVAKSYTTY".into(),
            seen: format!("{reply:?}"),
        });
    };
    same("state in the office's words", &"HYVAKSYTTY", &state.as_str())?;
    scene.teller.entry("answer to te", &["HYVAKSYTTY (accepted)"])?;
    scene.receipt_number(sequence)?;
    scene.tell_state(referral, ReferralState::Accepted, DeliveryState::Delivered).await
}

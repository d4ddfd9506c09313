//! One window: what five agencies hold, each in its own system, without anybody asking Aino once more.

use polku_proto::Disclose as _;
use polku_proto::v1::{ConsentTerms, DataCategory, GetJourneyRequest, Journey, Purpose};

use super::{Scene, own_system};
use crate::sandbox::cast::{self, CITY, SOCIAL};
use crate::sandbox::teller::{Deviation, answered, exchanged, same, there};
use crate::simulators::Operation;
use crate::world::{KELA, OHJAAMO, PAJA, TE, World, terms};

/// Who holds something on her.
const AGENCIES: [&str; 5] = [TE, KELA, SOCIAL, CITY, PAJA];

/// She lets all five tell Ohjaamo what they know.
pub(super) async fn permit(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene
        .teller
        .step("Five agencies know something of her. She lets them tell Ohjaamo, once and for all five")?;
    for agency in AGENCIES {
        let system = own_system(scene.world, agency)?;
        let held = system.specimen();
        exchanged("what an agency holds on her", system.hold(cast::IDENTITY_CODE, &held))?;
    }
    let categories = [
        DataCategory::ServiceAttendance,
        DataCategory::EducationWork,
        DataCategory::ServiceNeeds,
        DataCategory::BenefitsIncome,
    ];
    let disclosers = AGENCIES.map(str::to_owned).to_vec();
    scene.teller.entry("may tell", &AGENCIES)?;
    let asked = terms(OHJAAMO, OHJAAMO, Purpose::Guidance, &categories);
    scene.record(ConsentTerms { disclosers, ..asked }).await?;
    Ok(())
}

/// They are asked at once, and then not again.
pub(super) async fn look(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene
        .teller
        .step("Her worker opens one window: all five are asked at the same time, each in its own protocol")?;
    let seen = scene.journey(Purpose::Guidance).await?;
    same("agencies that did not answer", &Vec::<String>::new(), &seen.unreachable)?;
    let mut told: Vec<&str> = seen.facts.iter().map(|facts| facts.agency.as_str()).collect();
    told.sort_unstable();
    let mut all = AGENCIES;
    all.sort_unstable();
    same("agencies that answered", &all.to_vec(), &told)?;
    for facts in &seen.facts {
        there("when the agency said so", facts.as_of)?;
        let categories: Vec<i32> = facts
            .categories()
            .to_wire()
            .into_iter()
            .filter(|one| *one != DataCategory::Envelope as i32)
            .collect();
        scene.teller.entry(&facts.agency, &cast::names(&categories))?;
    }
    scene
        .teller
        .line("Each fact with its source and its date; what she has not permitted was not even asked for.")?;

    let before = asked(scene.world)?;
    let again = scene.journey(Purpose::Guidance).await?;
    same("what the window shows once more", &seen.facts, &again.facts)?;
    same("questions to the five", &before, &asked(scene.world)?)?;
    scene.teller.entry("opened again", &["nobody is asked a second time: neither she nor the agencies"])
}

/// How often each was asked.
fn asked(world: &World) -> Result<Vec<usize>, Deviation> {
    let mut counts = Vec::new();
    for agency in AGENCIES {
        let received = own_system(world, agency)?.control().ledger().received();
        counts.push(received.iter().filter(|request| request.operation == Operation::Fetch).count());
    }
    Ok(counts)
}

impl Scene<'_, '_> {
    /// What Ohjaamo sees of her journey for a purpose.
    pub(super) async fn journey(&mut self, purpose: Purpose) -> Result<Journey, Deviation> {
        let request = GetJourneyRequest {
            youth: self.youth.clone(),
            purpose: purpose.into(),
            ..GetJourneyRequest::default()
        };
        answered("GetJourney", self.ohjaamo.journey.get_journey(request).await)
    }
}

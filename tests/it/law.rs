//! What does the law open and close beside the young person's word? By real calls.

mod claims;
mod guardians;
mod nobody;
mod statuses;
mod strangers;
mod units;

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory, LegalClaim, LegalGround, Purpose, SendReferralRequest, SendReferralResponse,
};
use polku_tests::world::{AddedAgency, Client, KELA, WorldSettings, full_content, referral_to};
use tonic::Status;

use crate::stage::{Stage, record_status as record};

/// A stage on which kela is another kind of agency: the lines of its entry in the configuration.
async fn stage_with_kela(entry: &str) -> Stage {
    stage_with_kela_and(Vec::new(), entry).await
}

/// The same, with these agencies more.
async fn stage_with_kela_and(agencies: Vec<AddedAgency>, entry: &str) -> Stage {
    let entry = entry.to_owned();
    Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, move |text| {
        let usual = "id = \"kela\"\nsector = \"benefits\"\nstanding = \"authority\"\n";
        assert!(text.contains(usual));
        text.replace(usual, &format!("id = \"kela\"\n{entry}"))
    })
    .await
}

/// A referral of everything to kela on a ground in law.
pub(crate) fn on_ground(youth: &str, purpose: Purpose, ground: LegalGround) -> SendReferralRequest {
    let claim = LegalClaim {
        ground: ground as i32,
        statement: "kanaria-lausunto".into(),
        consent_asked: ConsentAsked::NotReached as i32,
    };
    SendReferralRequest { claim: Some(claim), ..referral_to(KELA, youth, purpose, full_content()) }
}

pub(crate) async fn send(
    client: &Client,
    request: SendReferralRequest,
) -> Result<SendReferralResponse, Status> {
    Ok(client.clone().referral.send_referral(request).await?.into_inner())
}

fn numbers(categories: &[DataCategory]) -> Vec<i32> {
    let mut numbers: Vec<i32> = categories.iter().map(|category| *category as i32).collect();
    numbers.sort_unstable();
    numbers
}

//! What does the law open and close beside the young person's word? By real calls.

mod claims;
mod guardians;
mod statuses;
mod strangers;
mod units;

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory, LegalClaim, LegalGround, LegalStatusChange, LegalStatusTerms, Purpose,
    RecordLegalStatusRequest, SendReferralRequest, SendReferralResponse, legal_status_terms::Status as Terms,
};
use polku_tests::world::{Client, KELA, WorldSettings, full_content, referral_to, request_id};
use tonic::Status;

use crate::stage::Stage;

/// A stage on which kela is another kind of agency: the lines of its entry in the configuration.
async fn stage_with_kela(entry: &str) -> Stage {
    let entry = entry.to_owned();
    Stage::with(&WorldSettings::default(), move |text| {
        let usual = "id = \"kela\"\nsector = \"benefits\"\nstanding = \"authority\"\n";
        assert!(text.contains(usual));
        text.replace(usual, &format!("id = \"kela\"\n{entry}"))
    })
    .await
}

/// A referral of everything to kela on a ground in law.
fn on_ground(youth: &str, purpose: Purpose, ground: LegalGround) -> SendReferralRequest {
    let claim = LegalClaim {
        ground: ground as i32,
        statement: "kanaria-lausunto".into(),
        consent_asked: ConsentAsked::NotReached as i32,
    };
    SendReferralRequest { claim: Some(claim), ..referral_to(KELA, youth, purpose, full_content()) }
}

async fn send(client: &Client, request: SendReferralRequest) -> Result<SendReferralResponse, Status> {
    Ok(client.clone().referral.send_referral(request).await?.into_inner())
}

async fn record(client: &Client, youth: &str, status: Terms) -> Result<LegalStatusChange, Status> {
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(LegalStatusTerms { status: Some(status) }),
    };
    Ok(client.clone().status.record_legal_status(request).await?.into_inner())
}

fn numbers(categories: &[DataCategory]) -> Vec<i32> {
    let mut numbers: Vec<i32> = categories.iter().map(|category| *category as i32).collect();
    numbers.sort_unstable();
    numbers
}

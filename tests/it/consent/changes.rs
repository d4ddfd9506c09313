//! How is a consent or prohibition changed?

use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentEvidence, ConsentTerms, DataCategory, Decision, GetConsentRequest,
    InvalidateConsentRequest, ProhibitionChange, ProhibitionTerms, Purpose, RecordConsentRequest,
    RecordProhibitionRequest, RefuseConsentRequest, RenewConsentRequest, RequestConsentRequest,
    RevokeConsentRequest, VerifyConsentRequest, WithdrawConsentRequest, decision::Verdict,
};
use polku_tests::world::{Client, evidence, request_id};
use prost_types::Timestamp;
use tonic::Status;

/// A question that is asked with `VerifyConsent`.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) youth: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) categories: &'a [DataCategory],
}

impl Ask<'_> {
    pub(crate) async fn by(&self, client: &Client) -> Result<Decision, Status> {
        let answer = client.clone().consent.verify_consent(self.request(0)).await?.into_inner();
        assert!(answer.receipt.is_some(), "a verification without its leaf");
        Ok(answer.decision.unwrap())
    }

    pub(crate) fn request(&self, min_revision: u64) -> VerifyConsentRequest {
        VerifyConsentRequest {
            youth: self.youth.into(),
            discloser: self.from.into(),
            recipient: self.to.into(),
            purpose: self.purpose as i32,
            categories: self.categories.iter().map(|category| *category as i32).collect(),
            min_revision,
            ..VerifyConsentRequest::default()
        }
    }

    /// What is permitted; asserts that verdict and lists fit together.
    pub(crate) async fn permitted(&self, client: &Client) -> Vec<DataCategory> {
        let decision = self.by(client).await.unwrap();
        let permitted: Vec<DataCategory> = decision.permitted().collect();
        let verdict = if permitted.is_empty() { Verdict::NotPermitted } else { Verdict::Permitted };
        assert_eq!(decision.verdict(), verdict);
        assert_eq!(decision.bases.is_empty(), permitted.is_empty());
        assert_eq!(decision.policy_digest.len(), 32);
        let mut all: Vec<i32> = decision.permitted.iter().chain(&decision.withheld).copied().collect();
        all.sort_unstable();
        let mut asked: Vec<i32> = self.categories.iter().map(|category| *category as i32).collect();
        asked.sort_unstable();
        assert_eq!(all, asked, "every category is either permitted or withheld");
        permitted
    }
}

pub(super) async fn request(
    client: &Client,
    youth: &str,
    terms: ConsentTerms,
) -> Result<ConsentChange, Status> {
    let request = RequestConsentRequest { request_id: request_id(), youth: youth.into(), terms: Some(terms) };
    Ok(client.clone().consent.request_consent(request).await?.into_inner())
}

pub(crate) async fn record(
    client: &Client,
    youth: &str,
    terms: ConsentTerms,
) -> Result<ConsentChange, Status> {
    record_with(client, youth, terms, evidence()).await
}

pub(crate) async fn record_with(
    client: &Client,
    youth: &str,
    terms: ConsentTerms,
    evidence: ConsentEvidence,
) -> Result<ConsentChange, Status> {
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(terms),
        evidence: Some(evidence),
        ..RecordConsentRequest::default()
    };
    Ok(client.clone().consent.record_consent(request).await?.into_inner())
}

/// Evidence of somebody's consent.
pub(crate) fn given_by(who: GivenBy) -> ConsentEvidence {
    ConsentEvidence { given_by: who as i32, ..evidence() }
}

/// Records a consent in the place of another one.
pub(super) async fn replace(
    client: &Client,
    old: &str,
    terms: ConsentTerms,
) -> Result<ConsentChange, Status> {
    replace_with(client, old, terms, evidence()).await
}

pub(super) async fn replace_with(
    client: &Client,
    old: &str,
    terms: ConsentTerms,
    evidence: ConsentEvidence,
) -> Result<ConsentChange, Status> {
    let (youth, _) = old.split_once("/consents/").unwrap();
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(terms),
        evidence: Some(evidence),
        supersedes: old.into(),
        ..RecordConsentRequest::default()
    };
    Ok(client.clone().consent.record_consent(request).await?.into_inner())
}

pub(super) async fn invalidate(
    client: &Client,
    consent: &Consent,
    etag: &str,
) -> Result<ConsentChange, Status> {
    let (request_id, name, etag) = (request_id(), consent.name.clone(), etag.to_owned());
    let request = InvalidateConsentRequest { request_id, name, etag, reason: "kanaria-mitaton".into() };
    Ok(client.clone().consent.invalidate_consent(request).await?.into_inner())
}

/// Records the consent that was requested.
pub(super) async fn give(client: &Client, requested: &Consent, etag: &str) -> Result<ConsentChange, Status> {
    let (youth, _) = requested.name.split_once("/consents/").unwrap();
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        requested: requested.name.clone(),
        etag: etag.into(),
        terms: requested.terms.clone(),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    Ok(client.clone().consent.record_consent(request).await?.into_inner())
}

pub(super) async fn renew(
    client: &Client,
    consent: &Consent,
    etag: &str,
    until: Timestamp,
) -> Result<ConsentChange, Status> {
    let request = RenewConsentRequest {
        request_id: request_id(),
        name: consent.name.clone(),
        etag: etag.into(),
        valid_until: Some(until),
        evidence: Some(evidence()),
    };
    Ok(client.clone().consent.renew_consent(request).await?.into_inner())
}

pub(super) async fn refuse(client: &Client, consent: &Consent, etag: &str) -> Result<ConsentChange, Status> {
    let (request_id, name, etag) = (request_id(), consent.name.clone(), etag.to_owned());
    let request = RefuseConsentRequest { request_id, name, etag, reason: "kanaria-ei".into() };
    Ok(client.clone().consent.refuse_consent(request).await?.into_inner())
}

pub(super) async fn withdraw(
    client: &Client,
    consent: &Consent,
    etag: &str,
) -> Result<ConsentChange, Status> {
    let (request_id, name, etag) = (request_id(), consent.name.clone(), etag.to_owned());
    let reason = "kanaria-perun".into();
    let request = WithdrawConsentRequest { request_id, name, etag, reason, taken_back_by: 0 };
    Ok(client.clone().consent.withdraw_consent(request).await?.into_inner())
}

pub(super) async fn revoke(client: &Client, consent: &Consent, etag: &str) -> Result<ConsentChange, Status> {
    let (request_id, name, etag) = (request_id(), consent.name.clone(), etag.to_owned());
    let request = RevokeConsentRequest { request_id, name, etag, reason: "kanaria-virhe".into() };
    Ok(client.clone().consent.revoke_consent(request).await?.into_inner())
}

pub(crate) async fn get(client: &Client, name: &str) -> Result<Consent, Status> {
    let request = GetConsentRequest { name: name.into() };
    Ok(client.clone().consent.get_consent(request).await?.into_inner())
}

pub(crate) async fn prohibit(
    client: &Client,
    youth: &str,
    terms: ProhibitionTerms,
) -> Result<ProhibitionChange, Status> {
    let request =
        RecordProhibitionRequest { request_id: request_id(), youth: youth.into(), terms: Some(terms) };
    Ok(client.clone().consent.record_prohibition(request).await?.into_inner())
}

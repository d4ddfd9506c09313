//! How does a caller speak to the gateway? The contract's generated clients over mutual TLS, with an actor.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use anyhow::Result;
use http::Uri;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::consent_service_client::ConsentServiceClient;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::directory_service_client::DirectoryServiceClient;
use polku_proto::v1::journey_service_client::JourneyServiceClient;
use polku_proto::v1::legal_status_service_client::LegalStatusServiceClient;
use polku_proto::v1::operations_service_client::OperationsServiceClient;
use polku_proto::v1::plan_service_client::PlanServiceClient;
use polku_proto::v1::referral_service_client::ReferralServiceClient;
use polku_proto::v1::task_service_client::TaskServiceClient;
use polku_proto::v1::{
    Actor, Consent, ConsentEvidence, ConsentTerms, ContactDetails, DataCategory, EducationWork,
    IdentifyYouthRequest, LegalBasis, Professional, Purpose, RecordConsentRequest, ReferralContent,
    SendReferralRequest, actor,
};
use prost::Message;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::metadata::{BinaryMetadataValue, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;
use tower::Service;
use uuid::Uuid;

use crate::pki::{Identity, mutual_client_config};

/// A caller's view of the gateway.
#[derive(Debug, Clone)]
pub struct Client {
    /// `JourneyService`.
    pub journey: JourneyServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `ReferralService`.
    pub referral: ReferralServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `ConsentService`.
    pub consent: ConsentServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `LegalStatusService`.
    pub status: LegalStatusServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `PlanService`.
    pub plan: PlanServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `TaskService`.
    pub task: TaskServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `OperationsService`, for operators.
    pub operations: OperationsServiceClient<InterceptedService<Channel, ActorMetadata>>,
    /// `DirectoryService`.
    pub directory: DirectoryServiceClient<InterceptedService<Channel, ActorMetadata>>,
    channel: Channel,
    caller: ActorMetadata,
}

/// The longest that the gateway works on a call. What is slow on a busy machine is no failure.
const PATIENT: Duration = Duration::from_secs(60);

/// Adds to each call the acting person, and how long it may take where the call does not say so itself.
#[derive(Debug, Clone)]
pub struct ActorMetadata {
    actor: Option<BinaryMetadataValue>,
    within: Option<Duration>,
}

impl Interceptor for ActorMetadata {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(actor) = &self.actor {
            request.metadata_mut().insert_bin("polku-actor-bin", actor.clone());
        }
        if let Some(within) = self.within.filter(|_| !request.metadata().contains_key("grpc-timeout")) {
            request.set_timeout(within);
        }
        Ok(request)
    }
}

/// A professional of the organisations in the world.
#[must_use]
pub fn professional(id: &str, unit: &str, role: &str) -> Actor {
    let professional = Professional { id: id.into(), unit: unit.into(), role: role.into() };
    Actor { who: Some(actor::Who::Professional(professional)) }
}

impl Client {
    /// Connects when first used, and again when the connection is lost.
    ///
    /// # Errors
    /// Fails when the certificates cannot be used.
    pub fn new(authority_pem: &str, identity: &Identity, address: SocketAddr) -> Result<Self> {
        let mut config = mutual_client_config(authority_pem, identity)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self::connected(Connector { tls: TlsConnector::from(Arc::new(config)), address }, Some(PATIENT)))
    }

    /// The same over connections that are made in this way; how long a call may take is left to the gateway.
    pub fn through<C>(connector: C) -> Self
    where
        C: Service<Uri> + Send + 'static,
        C::Response: hyper::rt::Read + hyper::rt::Write + Send + Unpin,
        C::Future: Send,
        Box<dyn std::error::Error + Send + Sync>: From<C::Error> + Send,
    {
        Self::connected(connector, None)
    }

    fn connected<C>(connector: C, within: Option<Duration>) -> Self
    where
        C: Service<Uri> + Send + 'static,
        C::Response: hyper::rt::Read + hyper::rt::Write + Send + Unpin,
        C::Future: Send,
        Box<dyn std::error::Error + Send + Sync>: From<C::Error> + Send,
    {
        let longest = within.map_or(Duration::from_secs(30), |within| within + Duration::from_secs(10));
        let endpoint = Endpoint::from_static("https://localhost").timeout(longest);
        Self::over(endpoint.connect_with_connector_lazy(connector), ActorMetadata { actor: None, within })
    }

    /// The same connection with an acting person.
    #[must_use]
    pub fn acting(&self, actor: &Actor) -> Self {
        let actor = Some(MetadataValue::from_bytes(&actor.encode_to_vec()));
        Self::over(self.channel.clone(), ActorMetadata { actor, ..self.caller.clone() })
    }

    /// The connection, for services beyond the contract.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn over(channel: Channel, caller: ActorMetadata) -> Self {
        let actor = || caller.clone();
        Self {
            journey: JourneyServiceClient::with_interceptor(channel.clone(), actor()),
            referral: ReferralServiceClient::with_interceptor(channel.clone(), actor()),
            consent: ConsentServiceClient::with_interceptor(channel.clone(), actor()),
            status: LegalStatusServiceClient::with_interceptor(channel.clone(), actor()),
            plan: PlanServiceClient::with_interceptor(channel.clone(), actor()),
            task: TaskServiceClient::with_interceptor(channel.clone(), actor()),
            operations: OperationsServiceClient::with_interceptor(channel.clone(), actor()),
            directory: DirectoryServiceClient::with_interceptor(channel.clone(), actor()),
            channel,
            caller,
        }
    }

    /// The id of the person with this identity code.
    ///
    /// # Errors
    /// Whatever the gateway answers.
    pub async fn identify(&mut self, identity_code: &str) -> Result<String, Status> {
        let request = IdentifyYouthRequest {
            request_id: request_id(),
            identity_code: identity_code.into(),
            ..IdentifyYouthRequest::default()
        };
        Ok(self.journey.identify_youth(request).await?.into_inner().youth)
    }

    /// Records a written consent for a year from now: the young person's, or the guardian's of a minor whom nobody has
    /// assessed.
    ///
    /// # Errors
    /// Whatever the gateway answers.
    pub async fn record_consent(
        &mut self,
        youth: &str,
        from: &str,
        to: &str,
        purpose: Purpose,
        categories: &[DataCategory],
    ) -> Result<Consent, Status> {
        let request = |given_by: GivenBy| RecordConsentRequest {
            request_id: request_id(),
            youth: youth.into(),
            terms: Some(terms(from, to, purpose, categories)),
            evidence: Some(ConsentEvidence { given_by: given_by as i32, ..evidence() }),
            ..RecordConsentRequest::default()
        };
        let answer = match self.consent.record_consent(request(GivenBy::Self_)).await {
            Err(status) if is_for(&status, "CAPACITY_NOT_ASSESSED") => {
                self.consent.record_consent(request(GivenBy::Guardian)).await
            }
            answer => answer,
        };
        let change = answer?.into_inner();
        change.consent.ok_or_else(|| Status::internal("no consent in the answer"))
    }
}

fn is_for(status: &Status, reason: &str) -> bool {
    status.get_details_error_info().is_some_and(|info| info.reason == reason)
}

/// Terms of a consent for a year from now.
#[must_use]
pub fn terms(from: &str, to: &str, purpose: Purpose, categories: &[DataCategory]) -> ConsentTerms {
    let special = [DataCategory::HealthCapacity, DataCategory::QualityOfLife];
    let explicit = categories.iter().filter(|category| special.contains(category));
    // The tests of the clock aside, worlds live in the host's time.
    let until = host_time() + SignedDuration::from_hours(365 * 24);
    ConsentTerms {
        kind: ConsentKind::Consent as i32,
        disclosers: vec![from.into()],
        recipients: vec![to.into()],
        purposes: vec![purpose as i32],
        categories: categories.iter().map(|category| *category as i32).collect(),
        explicit_categories: explicit.map(|category| *category as i32).collect(),
        valid_from: None,
        valid_until: Some(prost_types::Timestamp { seconds: until.as_second(), nanos: 0 }),
        legal_basis: LegalBasis::Consent as i32,
        ..ConsentTerms::default()
    }
}

/// That the young person has signed.
#[must_use]
pub fn evidence() -> ConsentEvidence {
    ConsentEvidence {
        given_by: GivenBy::Self_ as i32,
        form: Form::Written as i32,
        notice_version: "2026-1".into(),
        notice_language: "fi".into(),
        notice_sha256: vec![7; 32],
        reference: "arkisto 12/2026".into(),
        ..ConsentEvidence::default()
    }
}

/// A referral about an invented person that tells something of every kind.
#[must_use]
pub fn full_content() -> ReferralContent {
    ReferralContent {
        identity_code: String::new(),
        given_names: "Testi Kanarialintu".into(),
        family_name: "Esimerkkinen".into(),
        contact_language: "fi".into(),
        contact: Some(ContactDetails {
            phone: "+358 40 0000000".into(),
            email: "kanarialintu@example.fi".into(),
            street_address: "Kanarialinnunkuja 1".into(),
            postal_code: "XK-07 QZ".into(),
            city: "Espoo".into(),
            municipality: "049".into(),
        }),
        reason: "kanaria-perustelu".into(),
        service_needs: vec!["kanaria-palvelutarve".into()],
        education_work: Some(EducationWork {
            education_level: Some(3),
            education: "kanaria-koulutus".into(),
            work_history: "kanaria-tyohistoria".into(),
            job_seeker_status: "02".into(),
        }),
        social_situation: "kanaria-sosiaalinen".into(),
        health_capacity: "kanaria-terveys".into(),
        housing: "kanaria-asuminen".into(),
        benefits_income: "kanaria-etuudet".into(),
        joint_plan: "kanaria-suunnitelma".into(),
        service_attendance: "kanaria-osallistuminen".into(),
        outcome_measures: "kanaria-mittarit".into(),
        quality_of_life: "kanaria-elamanlaatu".into(),
        correspondence_address: "kanaria-yhteysosoite".into(),
        contact_wish: "kanaria-soittoaika".into(),
    }
}

/// A referral with this content.
#[must_use]
pub fn referral_to(
    recipient: &str,
    youth: &str,
    purpose: Purpose,
    content: ReferralContent,
) -> SendReferralRequest {
    SendReferralRequest {
        request_id: request_id(),
        youth: youth.into(),
        recipient: recipient.into(),
        purpose: purpose as i32,
        content: Some(content),
        ..SendReferralRequest::default()
    }
}

/// A fresh request id.
#[must_use]
pub fn request_id() -> String {
    Uuid::now_v7().to_string()
}

#[expect(clippy::disallowed_methods, reason = "a consent of the tests begins when the test runs")]
fn host_time() -> Timestamp {
    Timestamp::now()
}

/// Opens TCP and TLS to one address, whatever the URI says.
#[derive(Clone)]
struct Connector {
    tls: TlsConnector,
    address: SocketAddr,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { tls, address } = self.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            Ok(TokioIo::new(tls.connect(name, stream).await?))
        })
    }
}

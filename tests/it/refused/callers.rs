//! Who is let in, and on whose behalf?

use std::io;
use std::sync::Arc;

use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{Actor, GetJourneyRequest, ListReferralsRequest, RepresentativeActor, actor};
use polku_tests::pki::{self, Identity, Pki};
use polku_tests::world::{PEOPLE, professional};
use prost::Message;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Code;

use crate::stage::{Stage, actor_bytes, assert_refused, call_raw, fields_of, subject};

/// A call that any professional may make.
fn list() -> Vec<u8> {
    ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() }.encode_to_vec()
}

const LIST: &str = "ReferralService/ListReferrals";

/// What the gateway says to this client before any call.
async fn greeting(stage: &Stage, mut config: ClientConfig) -> io::Result<usize> {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(stage.bound().grpc).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    stream.read(&mut [0; 64]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_own_authority_get_through_the_door() {
    let stage = Stage::open().await;
    let authority = stage.world.authority_pem();
    let mutual = |identity: &Identity| pki::mutual_client_config(authority, identity).unwrap();
    let known = greeting(&stage, mutual(&stage.world.identities.ohjaamo)).await;
    assert!(known.is_ok_and(|bytes| bytes > 0));

    // The other authority has the same name, and another key.
    let foreign = Pki::new().unwrap().issue_client("ohjaamo.example").unwrap();
    let expired = stage.world.issue_expired_client("ohjaamo.example").unwrap();
    let none = pki::client_config(authority).unwrap();
    for (config, alert) in [
        (none, "CertificateRequired"),
        (mutual(&foreign), "DecryptError"),
        (mutual(&expired), "CertificateExpired"),
    ] {
        let error = greeting(&stage, config).await.unwrap_err();
        assert!(error.to_string().contains(alert), "{error} instead of {alert}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_nobody_is_not_authenticated() {
    let stage = Stage::open().await;
    let who = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let stranger = stage.caller(&stage.world.identities.stranger, &who);
    let result = call_raw(&stranger.channel(), LIST, Some(&actor_bytes(&who)), list()).await;
    assert_refused(result, Code::Unauthenticated, "CERTIFICATE_UNKNOWN");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_is_needed_and_has_a_form() {
    let stage = Stage::open().await;
    let channel = stage.ohjaamo().channel();
    let result = call_raw(&channel, LIST, None, list()).await;
    assert_refused(result, Code::InvalidArgument, "ACTOR_MISSING");
    let good = actor_bytes(&professional("ohjaaja-1", "keskusta", "guidance_worker"));
    assert!(call_raw(&channel, LIST, Some(&good), list()).await.is_ok());
    let unreadable: [&[u8]; 3] = [b"", b"kanaria", &good[..good.len() - 1]];
    for bytes in unreadable {
        let result = call_raw(&channel, LIST, Some(bytes), list()).await;
        assert_refused(result, Code::InvalidArgument, "ACTOR_MALFORMED");
    }
    let long = "k".repeat(65);
    let malformed = [
        (professional("", "keskusta", "guidance_worker"), "professional.id"),
        (professional("Kanaria Lintu", "keskusta", "guidance_worker"), "professional.id"),
        (professional(&long, "keskusta", "guidance_worker"), "professional.id"),
        (professional("ohjaaja-1", "", "guidance_worker"), "professional.unit"),
        (professional("ohjaaja-1", "keskusta\n", "guidance_worker"), "professional.unit"),
        (professional("ohjaaja-1", "keskusta", "Guidance"), "professional.role"),
        (subject("youths/kanaria"), "subject.youth"),
    ];
    for (who, field) in malformed {
        let result = call_raw(&channel, LIST, Some(&actor_bytes(&who)), list()).await;
        let status = assert_refused(result, Code::InvalidArgument, "ACTOR_MALFORMED");
        assert!(fields_of(&status).iter().all(|found| found == field), "{:?}", fields_of(&status));
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_is_not_named_by_a_personal_identity_code() {
    let stage = Stage::open().await;
    let channel = stage.ohjaamo().channel();
    let who = professional(PEOPLE[0], "keskusta", "guidance_worker");
    let result = call_raw(&channel, LIST, Some(&actor_bytes(&who)), list()).await;
    assert_refused(result, Code::InvalidArgument, "ACTOR_MALFORMED");

    let youth = stage.youth(PEOPLE[0]).await;
    let guardian = RepresentativeActor {
        youth: youth.clone(),
        capacity: Capacity::Guardian as i32,
        id: PEOPLE[2].into(),
    };
    let who = Actor { who: Some(actor::Who::Representative(guardian)) };
    let mut front = stage.caller(&stage.world.identities.oma, &who);
    let result = front.journey.get_journey(GetJourneyRequest { youth, ..GetJourneyRequest::default() }).await;
    assert_refused(result, Code::InvalidArgument, "ACTOR_MALFORMED");
    stage.close().await;
}

/// domain.md 5: "noin 80 asiantuntijaa".
#[tokio::test(flavor = "multi_thread")]
async fn an_actor_is_one_that_is_registered_for_the_organisation() {
    let stage = Stage::open().await;
    let ids = &stage.world.identities;
    let youth = stage.youth(PEOPLE[0]).await;
    let cases = [
        (&ids.ohjaamo, professional("ohjaaja-1", "kuntoutus", "guidance_worker"), "UNIT_UNKNOWN"),
        (&ids.ohjaamo, professional("ohjaaja-1", "keskusta", "official"), "ROLE_UNKNOWN"),
        (&ids.kela, professional("ohjaaja-1", "keskusta", "guidance_worker"), "UNIT_UNKNOWN"),
        (&ids.ohjaamo, subject(&youth), "ACTOR_KIND_NOT_REGISTERED"),
        (&ids.oma, professional("ohjaaja-1", "keskusta", "guidance_worker"), "ACTOR_KIND_NOT_REGISTERED"),
    ];
    for (identity, who, reason) in cases {
        let client = stage.caller(identity, &who);
        let result = call_raw(&client.channel(), LIST, Some(&actor_bytes(&who)), list()).await;
        assert_refused(result, Code::PermissionDenied, reason);
    }
    stage.close().await;
}

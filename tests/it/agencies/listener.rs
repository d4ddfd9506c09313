//! How does an adapter hear an agency without a whole gateway? A listener that asks it alone.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use polku_adapters::{
    Adapter, Inbound, InboundError, InboundEvent, InboundMatter, InboundOutcome, Received, ReplyContext,
    Retry,
};
use polku_proto::v1::ReferralState;
use polku_tests::pki;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::bench::{Bench, now};
use super::payloads::REFERRAL;

/// What has been heard, in order.
pub(super) type Heard = Arc<Mutex<Vec<Result<InboundEvent, InboundError>>>>;

/// What the gateway answers to what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has taken effect.
    Taken,
    /// It is refused for good.
    Refused,
    /// It is refused for now.
    NotNow,
}

pub(super) const SEQUENCE: u64 = 17;
/// By which the gateway's log would tell of any message.
pub(super) const LOG_ID: Uuid = Uuid::from_u128(0x0193_c5a0_0000_7000_8000_0000_0000_1065);
pub(super) const REASON: &str = "TRANSITION_NOT_ALLOWED";

impl Answer {
    fn outcome(self, event: &InboundEvent) -> InboundOutcome {
        let referral = REFERRAL.parse().unwrap();
        let hint = "something for the integrator".to_owned();
        match (self, &event.matter) {
            (Answer::Taken, InboundMatter::Change { .. }) => {
                InboundOutcome::Applied { state: ReferralState::Accepted, sequence: SEQUENCE }
            }
            (Answer::Taken, InboundMatter::Referral(_)) => {
                InboundOutcome::Sent { referral, state: ReferralState::Requested, sequence: SEQUENCE }
            }
            (Answer::Taken, InboundMatter::PlanPart(_)) => InboundOutcome::PlanTaken { sequence: SEQUENCE },
            (Answer::Refused, _) => InboundOutcome::Refused { reason: REASON, hint, retry: Retry::Never },
            (Answer::NotNow, _) => InboundOutcome::Refused { reason: REASON, hint, retry: Retry::Backoff },
        }
    }
}

/// Listens for the agency of a bench, tells the agency where, and answers.
pub(super) async fn listen(bench: &Bench, answer: Answer) -> Heard {
    let server = bench.pki.issue_server(&["localhost"]).unwrap();
    let mut config = pki::lenient_server_config(&server, bench.pki.authority_pem()).unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    bench.agency.point_at(&format!("https://localhost:{port}/inbound/{}", bench.kind.id));
    let heard = Heard::default();
    let (adapter, hearing) = (Arc::clone(&bench.adapter), Arc::clone(&heard));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let peer = certificate.map(|certificate| digest(certificate));
            let (adapter, hearing) = (Arc::clone(&adapter), Arc::clone(&hearing));
            let service = service_fn(move |request: Request<Incoming>| {
                let (adapter, hearing) = (Arc::clone(&adapter), Arc::clone(&hearing));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let inbound = Inbound { headers: &head.headers, body: &body, peer, now: now() };
                    Ok::<_, Infallible>(respond(adapter.as_ref(), &inbound, answer, &hearing))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    heard
}

fn respond(
    adapter: &dyn Adapter,
    inbound: &Inbound<'_>,
    answer: Answer,
    heard: &Heard,
) -> Response<Full<Bytes>> {
    let (event, context) = match adapter.receive(inbound) {
        Ok(Received { event, context }) => (Ok(event), context),
        Err(error) => (Err(error), ReplyContext::default()),
    };
    let outcome = match &event {
        Ok(event) => answer.outcome(event),
        Err(error) => InboundOutcome::Unreadable(error.clone()),
    };
    let reply = adapter.reply(&context, &outcome, LOG_ID);
    heard.lock().unwrap().push(event);
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = reply.status;
    response.headers_mut().insert("content-type", reply.content_type.parse().unwrap());
    if let Some(pause) = reply.retry_after {
        response.headers_mut().insert("retry-after", pause.as_secs().into());
    }
    response
}

/// SHA-256 of a certificate in DER.
pub(super) fn digest(der: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, der).as_ref().try_into().unwrap()
}

//! What is taken in from the agencies' own systems, and how is the rest refused?

mod employment;
mod sending;
mod web;
mod workshop;

use std::sync::Arc;

use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use polku_proto::v1::Referral;
use polku_tests::simulators::RawReply;
use polku_tests::world::PEOPLE;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::stage::{Stage, get};

/// A text in messages that no answer may repeat.
const CANARY: &str = "kanaria-huomautus";

/// A referral that must stay as it is.
struct Unmoved {
    referral: Referral,
}

impl Unmoved {
    async fn of(stage: &Stage, name: &str) -> Unmoved {
        Unmoved { referral: get(&stage.ohjaamo(), name).await.unwrap() }
    }

    async fn check(&self, stage: &Stage, after: &str) {
        let now = get(&stage.ohjaamo(), &self.referral.name).await.unwrap();
        assert!(now == self.referral, "{after} has changed the referral");
    }
}

/// Asserts that an answer repeats nothing of a message or of the young person.
fn assert_silent(reply: &RawReply, name: &str) {
    let mut said = String::from_utf8_lossy(&reply.body).into_owned();
    for (_, value) in &reply.headers {
        said.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    let (youth, _) = name.split_once("/referrals/").unwrap();
    for secret in [CANARY, "Kanarialintu", "Esimerkkinen", PEOPLE[0], youth.trim_start_matches("youths/")] {
        assert!(!said.contains(secret), "{secret} is repeated: {said}");
    }
}

/// Makes any HTTP/1.1 request to the listener for agencies.
async fn http(
    stage: &Stage,
    config: ClientConfig,
    method: Method,
    path: &str,
    body: &[u8],
) -> Response<Bytes> {
    let stream = connect(stage, config).await;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "text/xml; charset=utf-8")
        .body(Full::new(Bytes::copy_from_slice(body)))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// A configuration that lets three changes of each organisation through, and one more each second.
fn few_writes(text: &str) -> String {
    let few = "[quota.writes]\nrequests_per_second = 1\nburst = 3\n\n[delivery]\n";
    assert!(text.contains("[delivery]\n"));
    text.replace("[delivery]\n", few)
}

/// Opens a connection to the listener for agencies.
async fn connect(stage: &Stage, config: ClientConfig) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(stage.bound().inbound).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

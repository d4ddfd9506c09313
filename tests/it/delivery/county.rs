//! A county's FHIR interface that takes in whatever comes over X-Road REST, and keeps it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use polku_tests::pki::{Identity, server_config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The bundles that have come.
#[derive(Debug, Clone, Default)]
pub(super) struct County(Arc<Mutex<Vec<Value>>>);

impl County {
    /// Serves as `localhost` with this certificate, for as long as the test runs; gives the port.
    pub(super) async fn serve(&self, identity: &Identity) -> u16 {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(identity).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let county = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let county = county.clone();
                let service = service_fn(move |request| county.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        port
    }

    /// The AuditEvents of all that has come.
    pub(super) fn disclosures(&self) -> Vec<Value> {
        let bundles = self.0.lock().unwrap().clone();
        let entries = bundles.iter().flat_map(|bundle| bundle["entry"].as_array().unwrap());
        let resources = entries.map(|entry| &entry["resource"]);
        resources.filter(|resource| resource["resourceType"] == "AuditEvent").cloned().collect()
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let bundle: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        let entries = bundle["entry"].as_array().unwrap().len();
        let location = "Provenance/1/_history/1";
        let made = json!({"response": {"status": "201 Created", "location": location}});
        let answer = json!({
            "resourceType": "Bundle",
            "type": "transaction-response",
            "identifier": bundle["identifier"],
            "entry": vec![made; entries],
        });
        self.0.lock().unwrap().push(bundle);
        let service: Vec<&str> = head.uri.path().split('/').skip(2).take(5).collect();
        let response = Response::builder()
            .header("content-type", "application/fhir+json")
            .header("x-road-client", &head.headers["x-road-client"])
            .header("x-road-id", &head.headers["x-road-id"])
            .header("x-road-service", service.join("/"))
            .header("x-road-request-id", uuid::Uuid::now_v7().to_string());
        Ok(response.body(Full::new(answer.to_string().into())).unwrap())
    }
}

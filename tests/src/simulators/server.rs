//! How does a simulated agency serve HTTP/1.1 over TLS, and where do its faults strike?

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::pki::{self, Pki};
use crate::simulators::control::Control;
use crate::simulators::faults::{Fault, Operation, Plan};
use crate::simulators::ledger::Received;
use crate::simulators::outflow::Outflow;
use crate::simulators::socket::{Scissors, Socket};

/// Where redirections lead. Nothing of an agency lives there.
pub(crate) const ELSEWHERE: &str = "/muualle";

/// What X-Road says of a service that the agency has not got.
const NO_SUCH_SERVICE: &str = "server.serverproxy.unknown_service";

/// What is particular to one agency.
pub(crate) trait Agency: Send + Sync + 'static {
    /// What the request asks for, from its outside only.
    fn operation(&self, request: &Received) -> Operation;

    /// Takes effect and answers, at once.
    fn answer(&self, request: &Received, plan: &Plan) -> Answer;

    /// A fault of the machinery with this code.
    fn technical_fault(&self, code: &str) -> Answer;

    /// `Content-Type` of the agency's answers.
    fn content_type(&self) -> &'static str;
}

/// An answer of an agency.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![(CONTENT_TYPE, content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Serves until the simulator is stopped.
pub(crate) fn serve(control: Control, config: ServerConfig, agency: Arc<dyn Agency>) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    control.is_played_by(Arc::clone(&agency));
    tokio::spawn(async move {
        while let Some(stream) = control.door().accept().await {
            // Head and body leave apart: the second would wait for the other side's acknowledgement, some 40 ms.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            tokio::spawn(converse(control.clone(), acceptor.clone(), Arc::clone(&agency), stream));
        }
    });
}

async fn converse(control: Control, acceptor: TlsAcceptor, agency: Arc<dyn Agency>, stream: TcpStream) {
    let acceptor = if control.faults().has_wrong_certificate() {
        let Ok(stranger) = stranger() else { return };
        stranger
    } else {
        acceptor
    };
    let scissors = Scissors::default();
    let mut closings = control.door().closings();
    let conversation =
        talk(control.clone(), acceptor, agency, Socket::new(stream, scissors.clone()), scissors.clone());
    tokio::pin!(conversation);
    tokio::select! {
        () = &mut conversation => {}
        _ = closings.changed() => scissors.cut(),
    }
}

/// Shows the right name, on the word of an authority that nobody has heard of.
fn stranger() -> Result<TlsAcceptor> {
    let mut config = pki::server_config(&Pki::new()?.issue_server(&["localhost"])?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn talk(
    control: Control,
    acceptor: TlsAcceptor,
    agency: Arc<dyn Agency>,
    socket: Socket,
    scissors: Scissors,
) {
    let Ok(stream) = acceptor.accept(socket).await else {
        tracing::debug!("simulator: handshake failed");
        return;
    };
    let peer = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = peer.map(|certificate| pki::sha256_hex(certificate));
    answer_over(control, agency, stream, certificate, scissors).await;
}

/// Talks over a connection without a socket. A fault that cuts it ends it.
pub(crate) async fn converse_in_memory(
    control: Control,
    agency: Arc<dyn Agency>,
    stream: DuplexStream,
    certificate: String,
) {
    let mut closings = control.door().closings();
    let conversation = answer_over(control.clone(), agency, stream, Some(certificate), Scissors::default());
    tokio::pin!(conversation);
    tokio::select! {
        biased;
        _ = closings.changed() => {}
        () = &mut conversation => {}
    }
}

async fn answer_over<S>(
    control: Control,
    agency: Arc<dyn Agency>,
    stream: S,
    certificate: Option<String>,
    scissors: Scissors,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let control = control.clone();
        let agency = Arc::clone(&agency);
        let certificate = certificate.clone();
        let scissors = scissors.clone();
        async move {
            let received = read(request, certificate).await?;
            // In a task of its own: what an agency has begun does not end because the caller goes away.
            match tokio::spawn(react(control, agency, received)).await.unwrap_or(Reaction::Cut) {
                Reaction::Answer(response) => Ok(*response),
                Reaction::Cut => {
                    scissors.cut();
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                }
                Reaction::HalfClose => {
                    scissors.cut_own_half();
                    // Has the connection looked at once more; from then on it is for the caller to end it.
                    tokio::task::yield_now().await;
                    pending().await
                }
            }
        }
    });
    if http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.is_err() {
        tracing::debug!("simulator: connection ended early");
    }
}

async fn read(request: Request<Incoming>, certificate: Option<String>) -> Result<Received, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Ok(Received {
        operation: Operation::Other,
        method: head.method,
        path,
        headers: head.headers,
        body,
        client_certificate_sha256: certificate,
    })
}

/// What becomes of the connection after a request.
enum Reaction {
    Answer(Box<Response<Outflow>>),
    Cut,
    HalfClose,
}

impl Reaction {
    fn answer(response: Response<Outflow>) -> Self {
        Self::Answer(Box::new(response))
    }
}

async fn react(control: Control, agency: Arc<dyn Agency>, mut request: Received) -> Reaction {
    request.operation = agency.operation(&request);
    if !control.door().is_open() {
        return Reaction::Cut;
    }
    control.ledger().note(request.clone());
    let plan = control.faults().plan(request.operation);
    if let Some(instead) = instead_of_effect(&control, agency.as_ref(), &plan) {
        let Some(answer) = instead else { return Reaction::Cut };
        return Reaction::answer(noted(&control, &request, &answer));
    }
    if !plan.offers(request.operation) {
        return Reaction::answer(noted(&control, &request, &agency.technical_fault(NO_SUCH_SERVICE)));
    }
    pause(&plan, |fault| if let Fault::LateEffect(delay) = fault { Some(*delay) } else { None }).await;
    let answer = agency.answer(&request, &plan);
    control.note_answer(&request, answer.status, header_map(&answer), answer.body.clone());
    pause(&plan, |fault| if let Fault::Slow(delay) = fault { Some(*delay) } else { None }).await;
    distort(agency.as_ref(), &plan, answer)
}

/// What goes out whole, as the record of what was said has it.
fn noted(control: &Control, request: &Received, answer: &Answer) -> Response<Outflow> {
    control.note_answer(request, answer.status, header_map(answer), answer.body.clone());
    respond(answer, Outflow::whole(answer.body.clone()))
}

async fn pause(plan: &Plan, read: impl Fn(&Fault) -> Option<Duration>) {
    if let Some(delay) = plan.last(read) {
        sleep(delay).await;
    }
}

/// What happens in place of an effect: an answer, a cut, or (`None`) nothing of the kind.
fn instead_of_effect(control: &Control, agency: &dyn Agency, plan: &Plan) -> Option<Option<Answer>> {
    plan.last(|fault| match fault {
        Fault::Dead | Fault::WrongCertificate | Fault::ResetBeforeEffect => Some(None),
        Fault::Status { code, retry_after } => {
            let answer = plain(status(*code));
            Some(Some(match retry_after {
                Some(seconds) => answer.with_header(RETRY_AFTER, seconds.to_string()),
                None => answer,
            }))
        }
        Fault::TechnicalFault(code) => Some(Some(agency.technical_fault(code))),
        Fault::Redirect => {
            let target = format!("{}{ELSEWHERE}", control.origin());
            Some(Some(plain(StatusCode::TEMPORARY_REDIRECT).with_header(LOCATION, target)))
        }
        Fault::Slow(_)
        | Fault::LateEffect(_)
        | Fault::ResetAfterEffect
        | Fault::HalfClosed
        | Fault::HalfAnswer
        | Fault::SlowBody(_)
        | Fault::FailAfterEffect(_)
        | Fault::BusinessFault(_)
        | Fault::Garbage
        | Fault::WrongEcho
        | Fault::WrongHash
        | Fault::HugeAnswer(_)
        | Fault::Doctype
        | Fault::DuplicateProcessing(_)
        | Fault::LyingStatus => None,
    })
}

fn distort(agency: &dyn Agency, plan: &Plan, mut answer: Answer) -> Reaction {
    if plan.has(&Fault::ResetAfterEffect) {
        return Reaction::Cut;
    }
    if plan.has(&Fault::HalfClosed) {
        return Reaction::HalfClose;
    }
    if let Some(code) =
        plan.last(|fault| if let Fault::FailAfterEffect(code) = fault { Some(*code) } else { None })
    {
        answer = plain(status(code));
    }
    if plan.has(&Fault::Garbage) {
        answer = Answer::new(StatusCode::OK, agency.content_type(), &b"\x00\xff\xfe<<<{{{]]>&\xc3\x28"[..]);
    }
    if plan.has(&Fault::Doctype) {
        answer = Answer::new(StatusCode::OK, agency.content_type(), with_doctype(&answer.body));
    }
    let outflow = plan.last(|fault| outflow(fault, &answer.body));
    let outflow = outflow.unwrap_or_else(|| Outflow::whole(answer.body.clone()));
    Reaction::answer(respond(&answer, outflow))
}

fn outflow(fault: &Fault, body: &Bytes) -> Option<Outflow> {
    if let Fault::HugeAnswer(padding) = fault {
        Some(Outflow::padded(body.clone(), *padding))
    } else if let Fault::SlowBody(pause) = fault {
        Some(Outflow::trickle(body, *pause))
    } else {
        (*fault == Fault::HalfAnswer).then(|| Outflow::half(body))
    }
}

fn with_doctype(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let rest = text.split_once("?>").map_or(text.as_ref(), |(_, rest)| rest);
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <!DOCTYPE Envelope [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    format!("{declaration}{rest}").into_bytes()
}

fn plain(status: StatusCode) -> Answer {
    Answer::new(status, "text/plain; charset=utf-8", status.as_str().to_owned())
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn respond(answer: &Answer, body: Outflow) -> Response<Outflow> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = header_map(answer);
    response
}

fn header_map(answer: &Answer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    }
    headers
}

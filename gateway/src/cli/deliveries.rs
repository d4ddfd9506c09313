//! What waits, what failed, and what does an operator do about it?
//!
//! The running gateway is asked, over its own port and with a certificate of an `[[operator]]`: so it is the same for both
//! kinds of store, and every act is in the audit log. A gateway that does not run delivers nothing either.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use polku_proto::v1::operations_service_client::OperationsServiceClient;
use polku_proto::v1::queued_delivery::Content;
use polku_proto::v1::resolve_delivery_request::Fate;
use polku_proto::v1::{
    DeliveryState, GetDeliveryRequest, ListDeliveriesRequest, QueuedDelivery, ResolveDeliveryRequest,
    RetryDeliveryRequest,
};
use prost_types::Timestamp;
use serde::Deserialize;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::call::{self, Connect, Settings};
use super::table::table;
use super::{Failure, runtime, tell};

#[cfg(test)]
mod tests;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How many deliveries are asked for at once.
const PAGE: i32 = 200;
/// The heads of the columns.
const HEADS: [&str; 8] = ["message", "agency", "content", "state", "attempts", "queued", "due", "deadline"];

/// What to do with deliveries.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lists deliveries that have not arrived: what failed, if nothing else is asked for.
    List {
        /// In this state; can be given several times.
        #[arg(long, value_enum, value_name = "STATE")]
        state: Vec<State>,
        /// To this agency.
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// Prints a JSON array instead of a table.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        gateway: Running,
    },
    /// Shows one delivery.
    Show {
        /// UUID of the message.
        message: String,
        #[command(flatten)]
        gateway: Running,
    },
    /// Makes a delivery once more that was refused, was stopped or has expired; one that waits is due at once. It is
    /// decided now whether it may be made.
    Retry {
        /// UUID of the message.
        message: String,
        #[command(flatten)]
        gateway: Running,
    },
    /// Settles a delivery in doubt by what the agency has said.
    Resolve {
        /// UUID of the message.
        message: String,
        /// Whether the agency has it. What has not arrived is sent once more, if that is permitted then.
        #[arg(value_enum)]
        fate: Said,
        /// The agency's own number of it, where it has arrived.
        #[arg(long, value_name = "NUMBER", default_value = "")]
        reference: String,
        #[command(flatten)]
        gateway: Running,
    },
}

/// The gateway that is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Running {
    /// Its configuration, TOML: says the address and the authority, where nothing else does.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    connect: Connect,
}

/// Where a delivery stands that has not arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    Queued,
    Sending,
    Retrying,
    /// As `list` shows it, too.
    #[value(alias = "in_doubt")]
    InDoubt,
    Rejected,
    Stopped,
    Expired,
}

/// What an agency has said of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Said {
    Arrived,
    NotArrived,
}

/// What is read of a gateway's configuration here. Its keys are not: they are for the gateway alone.
#[derive(Debug, Deserialize)]
struct Known {
    listen: Listen,
    tls: Tls,
}

#[derive(Debug, Deserialize)]
struct Listen {
    grpc: String,
}

#[derive(Debug, Deserialize)]
struct Tls {
    client_ca_file: PathBuf,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    runtime()?.block_on(async {
        match command {
            Command::List { state, agency, json, gateway } => {
                let found = list(&mut gateway.client().await?, &state, agency.unwrap_or_default()).await?;
                if json {
                    tell(serde_json::Value::from_iter(found.iter().map(as_json)))
                } else {
                    tell(as_table(&found))
                }
            }
            Command::Show { message, gateway } => {
                let request = timed(GetDeliveryRequest { message });
                let found = gateway.client().await?.get_delivery(request).await;
                let delivery = found.map_err(|status| call::refused(&status))?.into_inner();
                let mut json = as_json(&delivery);
                if let Some(fields) = json.as_object_mut() {
                    fields.insert("last_error".to_owned(), delivery.last_error.into());
                }
                tell_json(&json)
            }
            Command::Retry { message, gateway } => {
                let request = timed(RetryDeliveryRequest { message });
                let act = gateway.client().await?.retry_delivery(request).await;
                told(act.map(|answer| answer.into_inner().delivery))
            }
            Command::Resolve { message, fate, reference, gateway } => {
                let fate = match fate {
                    Said::Arrived => Fate::Arrived,
                    Said::NotArrived => Fate::NotArrived,
                };
                let request = timed(ResolveDeliveryRequest { message, fate: fate.into(), reference });
                let act = gateway.client().await?.resolve_delivery(request).await;
                told(act.map(|answer| answer.into_inner().delivery))
            }
        }
    })
}

async fn list(
    client: &mut OperationsServiceClient<Channel>,
    states: &[State],
    agency: String,
) -> Result<Vec<QueuedDelivery>, Failure> {
    let states: Vec<i32> = states.iter().map(|state| state.of_contract().into()).collect();
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListDeliveriesRequest {
            states: states.clone(),
            agency: agency.clone(),
            page_size: PAGE,
            page_token,
        };
        let page = client.list_deliveries(timed(request)).await.map_err(|status| call::refused(&status))?;
        let page = page.into_inner();
        found.extend(page.deliveries);
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        page_token = page.next_page_token;
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

fn told(answer: Result<Option<QueuedDelivery>, Status>) -> Result<(), Failure> {
    let delivery = answer.map_err(|status| call::refused(&status))?;
    let delivery =
        delivery.ok_or_else(|| Failure::Failed(anyhow!("the gateway answers without a delivery")))?;
    tell_json(&as_json(&delivery))
}

fn tell_json(json: &serde_json::Value) -> Result<(), Failure> {
    tell(serde_json::to_string_pretty(json).map_err(|error| Failure::Failed(error.into()))?)
}

impl Running {
    async fn client(self) -> Result<OperationsServiceClient<Channel>, Failure> {
        let Self { config, mut connect } = self;
        if let Some(path) = &config {
            let known = known(path)?;
            let folder = path.parent().unwrap_or(Path::new(""));
            connect.suppose(known.listen.grpc, folder.join(known.tls.client_ca_file));
        }
        let channel = call::open(&Settings::gather(connect, None)?).await?;
        Ok(OperationsServiceClient::new(channel))
    }
}

fn known(path: &Path) -> Result<Known, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Broken)?;
    toml::from_str(&text)
        .with_context(|| format!("{} is no configuration of a gateway", path.display()))
        .map_err(Failure::Usage)
}

impl State {
    fn of_contract(self) -> DeliveryState {
        match self {
            State::Queued => DeliveryState::Queued,
            State::Sending => DeliveryState::Sending,
            State::Retrying => DeliveryState::Retrying,
            State::InDoubt => DeliveryState::InDoubt,
            State::Rejected => DeliveryState::Rejected,
            State::Stopped => DeliveryState::Stopped,
            State::Expired => DeliveryState::Expired,
        }
    }
}

/// The name of a value of the contract without the name of its kind, in small letters.
fn word(name: &str, kind: &str) -> String {
    name.strip_prefix(kind).unwrap_or(name).to_lowercase()
}

fn content(delivery: &QueuedDelivery) -> String {
    word(Content::as_str_name(&delivery.content()), "CONTENT_")
}

fn state(delivery: &QueuedDelivery) -> String {
    word(delivery.state().as_str_name(), "DELIVERY_STATE_")
}

/// RFC 3339; a hyphen where there is none.
fn time(time: Option<&Timestamp>) -> String {
    let instant = time.and_then(|time| polku_proto::time::from_wire(time).ok());
    instant.map_or_else(|| "-".to_owned(), |instant| instant.to_string())
}

fn as_table(found: &[QueuedDelivery]) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(found.iter().map(|delivery| {
        [
            delivery.message.clone(),
            delivery.agency.clone(),
            content(delivery),
            state(delivery),
            delivery.attempts.to_string(),
            time(delivery.queue_time.as_ref()),
            time(delivery.due_time.as_ref()),
            time(delivery.deadline.as_ref()),
        ]
    }));
    table(&rows)
}

fn as_json(delivery: &QueuedDelivery) -> serde_json::Value {
    serde_json::json!({
        "message": delivery.message,
        "agency": delivery.agency,
        "content": content(delivery),
        "state": state(delivery),
        "attempts": delivery.attempts,
        "queued": time(delivery.queue_time.as_ref()),
        "due": time(delivery.due_time.as_ref()),
        "deadline": time(delivery.deadline.as_ref()),
        "reference": delivery.reference,
        "urgent": delivery.urgent,
    })
}

//! How does an integrator try a call without writing a program?

mod connection;
mod contract;
mod profile;
mod report;

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use polku_gateway::front::LARGEST_ANSWER;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::Request;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

use super::{Failure, note, runtime, tell};
pub(super) use connection::open;
use contract::{Codec, Contract};
pub(super) use profile::{Connect, Settings};

#[cfg(test)]
mod tests;

/// How long a call may take if nothing is said.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// What to call, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// `polku.v1.ReferralService/SendReferral`, or `SendReferral`.
    #[arg(required_unless_present = "list")]
    method: Option<String>,
    /// The request as JSON, or `-` for standard input. Nothing: an empty message.
    #[arg(default_value = "{}")]
    json: String,
    /// Lists the methods.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    connect: Connect,
    /// On whose behalf: `polku.v1.Actor` as JSON.
    #[arg(long, value_name = "JSON")]
    actor: Option<String>,
    /// How long to wait. A stream without it goes on until it is interrupted.
    #[arg(long, value_name = "SECONDS")]
    deadline: Option<u32>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let contract = Contract::load().map_err(Failure::Failed)?;
    if arguments.list {
        return contract.methods().try_for_each(|method| tell(contract::listed(&method)));
    }
    let name = arguments.method.as_deref().unwrap_or_default();
    let method = contract.method(name).map_err(Failure::Usage)?;
    let json = if arguments.json == "-" { standard_input()? } else { arguments.json.clone() };
    let mut message = contract::message(&method.input(), &json).map_err(Failure::Usage)?;
    if let Some(id) = contract::fill_request_id(&mut message) {
        note(format_args!("request_id {id} was filled in; repeat the call with it to get the same answer"));
    }
    let deadline = arguments.deadline.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let settings = Settings::gather(arguments.connect, arguments.actor)?;
    let mut request = Request::new(message);
    if let Some(actor) = &settings.actor {
        let actor = contract.actor(actor).map_err(Failure::Usage)?;
        let value = MetadataValue::from_bytes(&actor.encode_to_vec());
        request.metadata_mut().insert_bin(polku_gateway::caller::ACTOR_METADATA, value);
    }
    runtime()?.block_on(async {
        let channel = open(&settings).await?;
        if method.is_server_streaming() {
            stream(channel, &method, request, deadline).await
        } else {
            unary(channel, &method, request, deadline.unwrap_or(DEFAULT_DEADLINE)).await
        }
    })
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("cannot read standard input")
        .map_err(Failure::Broken)?;
    Ok(text)
}

async fn unary(
    channel: Channel,
    method: &MethodDescriptor,
    mut request: Request<DynamicMessage>,
    deadline: Duration,
) -> Result<(), Failure> {
    request.set_timeout(deadline);
    let mut client = ready(channel).await?;
    let call = client.unary(request, contract::path(method)?, Codec::new(method));
    match tokio::time::timeout(deadline, call).await {
        Ok(Ok(answer)) => {
            let json =
                serde_json::to_string_pretty(answer.get_ref()).map_err(|e| Failure::Failed(e.into()))?;
            tell(json)
        }
        Ok(Err(status)) => Err(refused(&status)),
        Err(_) => Err(Failure::Failed(anyhow!(
            "no answer within {} s; the call may still take effect, repeat it with the same request_id",
            deadline.as_secs()
        ))),
    }
}

async fn stream(
    channel: Channel,
    method: &MethodDescriptor,
    request: Request<DynamicMessage>,
    deadline: Option<Duration>,
) -> Result<(), Failure> {
    let mut client = ready(channel).await?;
    let path = contract::path(method)?;
    let receive = async {
        let answer = client.server_streaming(request, path, Codec::new(method)).await;
        let mut messages = answer.map_err(|status| refused(&status))?.into_inner();
        while let Some(message) = messages.message().await.map_err(|status| refused(&status))? {
            tell(serde_json::to_string(&message).map_err(|error| Failure::Failed(error.into()))?)?;
        }
        Ok(())
    };
    let over = async {
        match deadline {
            Some(deadline) => tokio::time::sleep(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        result = receive => result,
        () = over => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn ready(channel: Channel) -> Result<Grpc<Channel>, Failure> {
    let mut client = Grpc::new(channel).max_decoding_message_size(LARGEST_ANSWER);
    client.ready().await.context("the connection does not work").map_err(Failure::Broken)?;
    Ok(client)
}

/// Says why a call was refused.
pub(super) fn refused(status: &tonic::Status) -> Failure {
    for line in report::lines(status) {
        note(line);
    }
    Failure::Told
}

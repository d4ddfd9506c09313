//! How is a call made whose bytes the generated clients would never write?

use std::time::Duration;

use bytes::{Buf, BufMut};
use polku_proto::v1::Actor;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// The metadata of an actor.
pub(crate) fn actor_bytes(actor: &Actor) -> Vec<u8> {
    actor.encode_to_vec()
}

/// Calls a method of `polku.v1` such as `ReferralService/SendReferral` with these bytes; answers with bytes.
pub(crate) async fn call_raw(
    channel: &Channel,
    method: &str,
    actor: Option<&[u8]>,
    message: impl Into<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    call_path(channel, &format!("/polku.v1.{method}"), actor, message).await
}

/// The same for a method of any service, by its whole path.
pub(crate) async fn call_path(
    channel: &Channel,
    path: &str,
    actor: Option<&[u8]>,
    message: impl Into<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    let mut request = Request::new(message.into());
    if let Some(actor) = actor {
        request.metadata_mut().insert_bin("polku-actor-bin", MetadataValue::from_bytes(actor));
    }
    request.set_timeout(Duration::from_secs(60));
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(grpc.unary(request, path.parse().unwrap(), Verbatim).await?.into_inner())
}

/// Messages as they are.
#[derive(Debug, Clone, Copy)]
struct Verbatim;

impl Codec for Verbatim {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Verbatim {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Verbatim {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

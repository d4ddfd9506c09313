//! Which methods are there, and how does JSON become a message?

use anyhow::{Context as _, anyhow, ensure};
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, ReflectMessage as _, Value,
};
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder, EncodeBuf, Encoder};
use uuid::Uuid;

use super::Failure;

/// The contract, as the gateway has it.
#[derive(Debug)]
pub(super) struct Contract {
    pool: DescriptorPool,
}

impl Contract {
    pub(super) fn load() -> anyhow::Result<Contract> {
        let pool = DescriptorPool::decode(polku_proto::FILE_DESCRIPTOR_SET)
            .context("the contract cannot be read")?;
        Ok(Contract { pool })
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = MethodDescriptor> {
        self.pool.services().flat_map(|service| service.methods().collect::<Vec<_>>())
    }

    /// Finds a method by its full name, its service and name, or its name alone.
    pub(super) fn method(&self, name: &str) -> anyhow::Result<MethodDescriptor> {
        let name = name.trim_start_matches('/');
        let found: Vec<MethodDescriptor> = self.methods().filter(|method| is_named(method, name)).collect();
        match found.as_slice() {
            [method] => {
                ensure!(
                    !method.is_client_streaming(),
                    "{name} takes a stream, which this command cannot send"
                );
                Ok(method.clone())
            }
            [] => Err(self.no_such(name)),
            several => {
                let names: Vec<String> = several.iter().map(listed).collect();
                Err(anyhow!("{name} is the name of several methods: {}", names.join(", ")))
            }
        }
    }

    /// The message of `--actor`.
    pub(super) fn actor(&self, json: &str) -> anyhow::Result<DynamicMessage> {
        let actor = self.pool.get_message_by_name("polku.v1.Actor").context("the contract has no actor")?;
        message(&actor, json).context("the actor is not acceptable")
    }

    fn no_such(&self, name: &str) -> anyhow::Error {
        let wanted = name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let alike = |method: &MethodDescriptor| common_start(&method.name().to_lowercase(), &wanted);
        match self.methods().max_by_key(alike).filter(|nearest| alike(nearest) >= LIKELY) {
            Some(nearest) => anyhow!("there is no method {name}; did you mean {}?", listed(&nearest)),
            None => anyhow!("there is no method {name}; `polku call --list` lists all"),
        }
    }
}

/// With how many letters in common one name is taken for a misspelling of another.
const LIKELY: usize = 5;

fn common_start(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

fn is_named(method: &MethodDescriptor, name: &str) -> bool {
    let service = method.parent_service();
    match name.rsplit_once('/') {
        Some((of, own)) => method.name() == own && (service.full_name() == of || service.name() == of),
        None => method.name() == name,
    }
}

/// A method as it is written on the command line.
pub(super) fn listed(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

/// A method as it is written on the wire.
pub(super) fn path(method: &MethodDescriptor) -> Result<PathAndQuery, Failure> {
    PathAndQuery::try_from(format!("/{}", listed(method))).map_err(|error| Failure::Failed(error.into()))
}

/// Reads canonical proto JSON. Unknown fields are errors.
pub(super) fn message(descriptor: &MessageDescriptor, json: &str) -> anyhow::Result<DynamicMessage> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut deserializer)
        .and_then(|message| deserializer.end().map(|()| message));
    message.with_context(|| format!("the JSON is no {}", descriptor.full_name()))
}

/// Gives a request that wants an id and has none a new one.
pub(super) fn fill_request_id(message: &mut DynamicMessage) -> Option<Uuid> {
    let field = message.descriptor().get_field_by_name("request_id")?;
    if field.kind() != Kind::String || field.is_list() || message.has_field(&field) {
        return None;
    }
    let id = Uuid::now_v7();
    message.set_field(&field, Value::String(id.to_string()));
    Some(id)
}

/// Messages of the contract without generated types.
#[derive(Debug)]
pub(super) struct Codec {
    output: MessageDescriptor,
}

impl Codec {
    pub(super) fn new(method: &MethodDescriptor) -> Codec {
        Codec { output: method.output() }
    }
}

impl tonic::codec::Codec for Codec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Writer;
    type Decoder = Reader;

    fn encoder(&mut self) -> Writer {
        Writer
    }

    fn decoder(&mut self) -> Reader {
        Reader { output: self.output.clone() }
    }
}

/// Writes requests.
#[derive(Debug)]
pub(super) struct Writer;

impl Encoder for Writer {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|_| Status::internal("the request cannot be encoded"))
    }
}

/// Reads answers.
#[derive(Debug)]
pub(super) struct Reader {
    output: MessageDescriptor,
}

impl Decoder for Reader {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.output.clone(), buffer)
            .map(Some)
            .map_err(|_| Status::internal("the answer cannot be decoded"))
    }
}

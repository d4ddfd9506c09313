//! How does a request come out of its bytes, and which one is not even read?

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::weight::{Weigh, fits};

/// How much memory the lists of a request may take once it is read, in bytes. A section of a plan with as much in it as an
/// agency can keep takes a fifth of it.
pub const LARGEST_LISTS: usize = 2 * 1024 * 1024;

/// What the servers of the contract read and write with: a request whose lists would take too much memory is refused
/// before it is read, with `RESOURCE_EXHAUSTED`.
#[derive(Debug)]
pub struct RequestCodec<A, R>(PhantomData<(A, R)>);

impl<A, R> Default for RequestCodec<A, R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<A, R> Codec for RequestCodec<A, R>
where
    A: Message + Send + 'static,
    R: Message + Default + Weigh + Send + 'static,
{
    type Encode = A;
    type Decode = R;
    type Encoder = ProstEncoder<A>;
    type Decoder = RequestDecoder<R>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<A, R>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        RequestDecoder(ProstCodec::<A, R>::default().decoder())
    }
}

/// Reads a request.
#[derive(Debug)]
pub struct RequestDecoder<R>(ProstDecoder<R>);

impl<R: Message + Default + Weigh> Decoder for RequestDecoder<R> {
    type Item = R;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<R>, Status> {
        // The library gathers the whole message in one piece first.
        if !fits::<R>(bytes.chunk(), LARGEST_LISTS) {
            return Err(Status::resource_exhausted("the lists of the request take too much memory"));
        }
        self.0.decode(bytes)
    }
}

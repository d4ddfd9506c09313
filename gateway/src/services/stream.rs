//! How does a watch become an answer that goes on?

use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tonic::{Response, Status};

use crate::answer::answer;
use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::journey::{Feed, Watch};

/// An answer of many messages.
pub(super) type Stream<X> = Pin<Box<dyn futures_util::Stream<Item = Result<X, Status>> + Send>>;

/// Sends what a watcher may see, item by item, each as an answer of its own.
pub(super) fn stream<F: Feed>(
    watch: Watch<F>,
    caller: Caller,
    gateway: Arc<Gateway>,
) -> Response<Stream<F::Item>> {
    let items = watch.items().map(move |item| Ok(answer(item?, &caller, gateway.now())?.into_inner()));
    Response::new(Box::pin(items))
}

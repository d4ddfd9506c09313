//! To which addresses may a server's name lead?
//!
//! Whoever answers for the name of an agency's server could otherwise lead the gateway to another one inside its own network.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use ipnet::IpNet;
use tower::Service;

/// The system's look-up of names, cut down to what the settings allow.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    allowed: Arc<[IpNet]>,
}

impl Resolver {
    /// Every address, where none is named.
    pub(super) fn new(allowed: &[IpNet]) -> Resolver {
        Resolver { system: GaiResolver::new(), allowed: allowed.into() }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.system.call(name);
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let found = found.await?;
            let kept: Vec<SocketAddr> = found.filter(|address| is_allowed(&allowed, *address)).collect();
            if kept.is_empty() {
                let refused = "the name leads to no address of connection.addresses";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
            }
            Ok(kept.into_iter())
        })
    }
}

/// Whether the settings allow this address.
pub(super) fn is_allowed(allowed: &[IpNet], address: SocketAddr) -> bool {
    // An IPv4 address may come as one of IPv6.
    let address = address.ip().to_canonical();
    allowed.is_empty() || allowed.iter().any(|network| network.contains(&address))
}

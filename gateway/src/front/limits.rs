//! How many connections, and how long may each step take?

use std::time::Duration;

/// The largest message of a gRPC request, in bytes.
pub(crate) const LARGEST_MESSAGE: usize = 256 * 1024;

/// The same of a request about a plan, which holds whole sections, in bytes: as an agency's own message.
pub(crate) const LARGEST_PLAN: usize = 1024 * 1024;

/// The largest answer, in bytes: of a plan of many parties. Clients take 4 MiB unless told otherwise.
pub const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Limits of both listeners. The protocol's own limits are in [`super::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections of one listener at the same time. A quarter of them may be without a client certificate.
    pub connections: usize,
    /// Connections of one listener in the TLS handshake at the same time. When there are more, one gives way:
    /// of those that have said nothing yet, if there are any.
    pub handshakes: usize,
    /// Connections of one listener with the same client certificate at the same time.
    pub connections_per_certificate: usize,
    /// How long the TLS handshake may take.
    pub handshake: Duration,
    /// How long after the handshake the first request has to be there.
    pub first_request: Duration,
    /// How long an HTTP/1.1 request's headers may take, the wait for them included.
    pub header_read: Duration,
    /// How long the body of a call's request, or of an agency's message, may take.
    pub body_read: Duration,
    /// The size of an agency's message, in bytes.
    pub body_size: usize,
    /// How long the gateway may take before a call's answer begins, if the caller sets no deadline.
    pub call: Duration,
    /// The same at most, whatever deadline the caller sets.
    pub longest_call: Duration,
    /// How many calls of one kind are at work at the same time, and how many of agencies' messages.
    pub at_work: u32,
    /// How many more of them wait.
    pub queue: u32,
    /// How long the rest of a stream of requests may let wait for itself, and how long an answer may be left unread.
    pub stream_idle: Duration,
    /// How long a connection may ask for nothing, with everything answered, before the client is asked to open another one.
    pub quiet: Duration,
    /// How old a connection becomes, give or take a tenth, before the client is asked to open another one.
    pub age: Duration,
    /// How long calls of such a connection may go on.
    pub grace: Duration,
    /// How long calls may go on when the gateway shuts down.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            handshakes: 512,
            connections_per_certificate: 32,
            handshake: Duration::from_secs(5),
            first_request: Duration::from_secs(10),
            header_read: Duration::from_secs(10),
            body_read: Duration::from_secs(10),
            body_size: LARGEST_PLAN,
            call: Duration::from_secs(10),
            longest_call: Duration::from_secs(60),
            at_work: 256,
            queue: 512,
            stream_idle: Duration::from_secs(30),
            quiet: Duration::from_secs(60),
            age: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

//! How does a simulated agency misbehave?

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::simulators::door::Door;

/// One way to misbehave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens: connections are refused and open ones are cut, until [`Faults::clear`].
    /// In a queue of one-shot faults the agency dies when a request reaches it, before any effect.
    Dead,
    /// Whoever connects is shown the certificate of an authority that nobody knows, and open connections are cut, until
    /// [`Faults::clear`]. In a queue it strikes as [`Fault::Dead`] does.
    WrongCertificate,
    /// The answer comes this much later than the effect.
    Slow(Duration),
    /// The effect comes this much later than the request, even if the caller has gone away meanwhile.
    LateEffect(Duration),
    /// The connection is cut, without an answer, before anything has happened.
    ResetBeforeEffect,
    /// The message takes effect and the connection is cut without an answer.
    ResetAfterEffect,
    /// The message takes effect and the agency closes its own half of the connection without an answer; it goes on reading.
    HalfClosed,
    /// The message takes effect and the connection closes in the middle of the answer.
    HalfAnswer,
    /// The answer's body trickles, one byte at a time with this pause between them.
    SlowBody(Duration),
    /// Nothing happens but this HTTP status.
    Status {
        /// The status code.
        code: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// The message takes effect and a broken intermediary answers with this HTTP status.
    FailAfterEffect(u16),
    /// Nothing happens but a fault of the machinery with this code: a fault in the way of the agency's protocol, or HTTP 500 where it has none.
    TechnicalFault(String),
    /// A well-formed message is refused with this code of the agency's own; no effect.
    BusinessFault(String),
    /// The message takes effect and the answer is noise under the right content type.
    Garbage,
    /// The message takes effect and the answer is that to another message.
    WrongEcho,
    /// The message takes effect and the answer carries the hash of other bytes. Only X-Road has one, and only with SOAP can it be checked.
    WrongHash,
    /// Nothing happens but a redirection to another path of the same server.
    Redirect,
    /// The message takes effect and the right answer is blown up by this many bytes of white space.
    HugeAnswer(usize),
    /// The message takes effect and the answer is XML with a document type declaration and an entity.
    Doctype,
    /// What becomes of a message that comes twice, contrary to the agency's document.
    DuplicateProcessing(Duplicates),
    /// The agency denies having what it has and claims to have what it never saw.
    LyingStatus,
}

/// How somebody can be sure, after a silence, that a message has not taken effect twice: which kind of agency it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// It recognises a message that comes again by its id, and says what it has.
    Recognised,
    /// It takes everything in that comes, and says what it has.
    Asked,
    /// It takes everything in that comes, and has no service that says what it has.
    Neither,
}

impl Repetition {
    /// Every kind.
    pub const ALL: [Repetition; 3] = [Repetition::Recognised, Repetition::Asked, Repetition::Neither];

    /// As `redelivery` in the settings of an adapter.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Repetition::Recognised => "deduplicates",
            Repetition::Asked => "answers_status",
            Repetition::Neither => "neither",
        }
    }
}

/// What an agency does with a message that it gets a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// It takes effect again, as at an agency that recognises nothing.
    Process,
    /// It is recognised and has the first answer.
    Recognise,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// An access token.
    Token,
    /// A referral to take in.
    Deliver,
    /// News about a referral.
    Notify,
    /// A part of a plan to take in.
    Plan,
    /// A disclosure to be noted in the agency's own register.
    Disclosure,
    /// What the agency holds on a person.
    Fetch,
    /// Whether a message has arrived.
    Status,
    /// Anything else.
    Other,
}

/// The fault knobs of one simulator. Clones turn the same knobs.
#[derive(Debug, Clone)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    door: Door,
    repetition: Repetition,
}

#[derive(Debug, Default)]
struct State {
    standing: Vec<Scoped>,
    queue: VecDeque<Scoped>,
}

#[derive(Debug)]
struct Scoped {
    operation: Option<Operation>,
    fault: Fault,
}

impl Scoped {
    /// Faults without an operation leave the token endpoint alone.
    fn concerns(&self, operation: Operation) -> bool {
        match self.operation {
            Some(wanted) => wanted == operation,
            None => operation != Operation::Token,
        }
    }
}

impl Faults {
    pub(crate) fn new(door: Door, repetition: Repetition) -> Self {
        Self { state: Arc::default(), door, repetition }
    }

    /// Misbehaves from now on, in every request except those for a token. Adds to what is in force.
    pub fn set(&self, fault: Fault) {
        self.stand(None, fault);
    }

    /// Misbehaves from now on, in requests for this operation only. Adds to what is in force.
    pub fn set_on(&self, operation: Operation, fault: Fault) {
        self.stand(Some(operation), fault);
    }

    /// Misbehaves once, in the next request that is not for a token. Each request takes one fault of the queue.
    pub fn once(&self, fault: Fault) {
        self.state().queue.push_back(Scoped { operation: None, fault });
    }

    /// Misbehaves once, in the next request for this operation.
    pub fn once_on(&self, operation: Operation, fault: Fault) {
        self.state().queue.push_back(Scoped { operation: Some(operation), fault });
    }

    /// How many one-shot faults have not been used up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().queue.len()
    }

    /// Behaves well again: forgets standing and queued faults, and listens again on the same port.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub fn clear(&self) -> Result<()> {
        let mut state = self.state();
        state.standing.clear();
        state.queue.clear();
        self.door.open()
    }

    /// Whether whoever connects now is shown a wrong certificate.
    pub(crate) fn has_wrong_certificate(&self) -> bool {
        self.state().standing.iter().any(|scoped| scoped.fault == Fault::WrongCertificate)
    }

    pub(crate) fn plan(&self, operation: Operation) -> Plan {
        let mut state = self.state();
        let due = state.queue.iter().position(|scoped| scoped.concerns(operation));
        let once = due.and_then(|index| state.queue.remove(index)).map(|scoped| scoped.fault);
        if let Some(fault @ (Fault::Dead | Fault::WrongCertificate)) = &once {
            state.standing.push(Scoped { operation: None, fault: fault.clone() });
            self.shut(fault);
        }
        let standing = state.standing.iter().filter(|scoped| scoped.concerns(operation));
        let faults = standing.map(|scoped| scoped.fault.clone()).chain(once).collect();
        Plan { faults, repetition: self.repetition }
    }

    fn stand(&self, operation: Option<Operation>, fault: Fault) {
        let mut state = self.state();
        self.shut(&fault);
        state.standing.push(Scoped { operation, fault });
    }

    /// Ends the connections that a fault does away with.
    fn shut(&self, fault: &Fault) {
        if *fault == Fault::Dead {
            self.door.close();
        } else if *fault == Fault::WrongCertificate {
            self.door.cut();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The faults that concern one request, in the order in which they were set.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    faults: Vec<Fault>,
    repetition: Repetition,
}

impl Plan {
    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }

    /// The last fault from which `read` reads something.
    pub(crate) fn last<'a, T>(&'a self, read: impl Fn(&'a Fault) -> Option<T>) -> Option<T> {
        self.faults.iter().rev().find_map(read)
    }

    /// What becomes of a message that has come before.
    pub(crate) fn duplicates(&self) -> Duplicates {
        let told =
            self.last(|fault| if let Fault::DuplicateProcessing(how) = fault { Some(*how) } else { None });
        told.unwrap_or(match self.repetition {
            Repetition::Recognised => Duplicates::Recognise,
            Repetition::Asked | Repetition::Neither => Duplicates::Process,
        })
    }

    /// Whether the agency has the service that was called.
    pub(crate) fn offers(&self, operation: Operation) -> bool {
        operation != Operation::Status || self.repetition != Repetition::Neither
    }
}

//! Which kinds of agencies can be spoken to?

use std::sync::Arc;

use polku_proto::{AgencyId, CategorySet};
use thiserror::Error;

use crate::Adapter;
use crate::agencies::{kela, social, te, typpi, walmu};
use crate::setting::SettingError;
use crate::transport::http::Network;

/// One line for each kind of agency.
const KINDS: &[Kind] = &[
    te::KIND,     // employment services
    kela::KIND,   // the Social Insurance Institution
    social::KIND, // social services
    typpi::KIND,  // joint register of multi-sector support
    walmu::KIND,  // case management of a youth workshop
];

/// A kind of agency: what its adapter can do. `polku adapters list` shows it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As `kind` in the configuration.
    pub id: &'static str,
    /// Who such an agency is.
    pub name: &'static str,
    /// The protocol.
    pub speaks: &'static str,
    /// What is sent to it.
    pub delivers: &'static [Matter],
    /// What it can be asked for; empty: it cannot be asked.
    pub fetches: CategorySet,
    /// What it sends of its own accord.
    pub receives: &'static [Matter],
    /// Makes the adapter from the agency's table.
    pub build: fn(AgencyId, toml::Table, &Network) -> Built,
}

/// An adapter, if it can be made.
pub type Built = Result<Arc<dyn Adapter>, BuildError>;

/// What messages are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A new referral.
    Referral,
    /// A referral's state has changed; a cancellation among the changes.
    StateChange,
    /// The answer to a question about a referral.
    Information,
    /// Nothing permits the disclosure any more.
    ConsentWithdrawal,
    /// A part of the joint plan, or a plan of the agency's own.
    PlanPart,
    /// A disclosure that was made of the agency's data.
    DisclosureNotice,
}

impl Matter {
    /// Every matter.
    pub const ALL: [Matter; 6] = [
        Matter::Referral,
        Matter::StateChange,
        Matter::Information,
        Matter::ConsentWithdrawal,
        Matter::PlanPart,
        Matter::DisclosureNotice,
    ];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Matter::Referral => "referrals",
            Matter::StateChange => "state changes",
            Matter::Information => "answers to questions",
            Matter::ConsentWithdrawal => "consent withdrawals",
            Matter::PlanPart => "plan parts",
            Matter::DisclosureNotice => "disclosure notices",
        }
    }
}

/// An adapter cannot be made.
#[derive(Debug, Error)]
pub enum BuildError {
    /// There is no such kind of agency.
    #[error("unknown kind of agency `{kind}`, expected one of {known}")]
    UnknownKind {
        /// The kind that was asked for.
        kind: String,
        /// The kinds that there are, separated by commas.
        known: String,
    },
    /// The table lacks a key, has one too many, or has a value of the wrong type.
    #[error("{reason}")]
    Table {
        /// What is wrong, and under which key.
        reason: String,
    },
    /// A value, or a file that a value names, cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl From<toml::de::Error> for BuildError {
    fn from(error: toml::de::Error) -> Self {
        // The message stands on one line, the key on the next.
        let reason = error.to_string();
        Self::Table { reason: reason.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Makes the adapter of an agency of a kind from the agency's table. Reads the files that the table names.
///
/// # Errors
/// There is no such kind, or the table does not fit it.
pub fn build(kind: &str, agency: AgencyId, table: toml::Table) -> Built {
    build_over(&Network::Tls, kind, agency, table)
}

/// The same for an agency that is reached through another network.
///
/// # Errors
/// As [`build`].
pub fn build_over(network: &Network, kind: &str, agency: AgencyId, table: toml::Table) -> Built {
    match KINDS.iter().find(|known| known.id == kind) {
        Some(known) => (known.build)(agency, table, network),
        None => Err(BuildError::UnknownKind {
            kind: kind.to_owned(),
            known: KINDS.iter().map(|kind| kind.id).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Gives every kind of agency.
#[must_use]
pub fn kinds() -> &'static [Kind] {
    KINDS
}

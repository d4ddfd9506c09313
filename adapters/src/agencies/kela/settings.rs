//! How is the adapter of Kela set up, beside what X-Road REST needs?

use serde::Deserialize;

use crate::Redelivery;

/// What the table of an agency of kind `kela` has beside the keys of X-Road REST.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// What Kela does with a message that comes twice. Neither when absent: nothing of the kind is public.
    #[serde(default = "redelivery")]
    pub(super) redelivery: Redelivery,
}

fn redelivery() -> Redelivery {
    Redelivery::Neither
}

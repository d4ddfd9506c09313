//! How is the adapter of Kela set up, beside what X-Road REST needs?

use serde::Deserialize;

/// What the table of an agency of kind `kela` has beside the keys of X-Road REST.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Whether Kela offers `GET /sanomat`. No when absent: nothing of the kind is public.
    #[serde(default)]
    pub(super) answers_status: bool,
}

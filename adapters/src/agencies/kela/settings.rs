//! How is the adapter of Kela set up, beside what X-Road REST needs?

use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::time;
use serde::Deserialize;

use crate::Redelivery;
use crate::setting::SettingError;

/// What the table of an agency of kind `kela` has beside the keys of X-Road REST.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// What Kela does with a message that comes twice. Neither when absent: nothing of the kind is public.
    #[serde(default = "redelivery")]
    pub(super) redelivery: Redelivery,
    /// Who can have Nuotti coaching.
    nuotti: Ages,
}

/// Ages in full years.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ages {
    /// The first of them.
    from: u8,
    /// The first one behind them.
    below: u8,
}

impl Settings {
    /// The ages of Nuotti coaching.
    pub(super) fn nuotti(&self) -> Result<Ages, SettingError> {
        let expected = "ages in full years, `from` lower than `below`";
        Some(self.nuotti)
            .filter(|ages| ages.from < ages.below)
            .ok_or(SettingError::Value { key: "nuotti", expected })
    }
}

impl Ages {
    /// Says whether somebody has such an age now. Whoever is not named has none that is known.
    pub(super) fn hold(self, identity_code: &str, now: Timestamp) -> bool {
        let born = identity_code.parse().ok().map(|code: Hetu| code.birth_date());
        let age = born.and_then(|born| time::full_years(born, now));
        age.is_some_and(|age| (self.from..self.below).contains(&age))
    }
}

fn redelivery() -> Redelivery {
    Redelivery::Neither
}

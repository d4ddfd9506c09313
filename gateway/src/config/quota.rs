//! How much may be asked, and how much is sent?

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use polku_proto::{AgencyId, Party};

use crate::front::MethodClass;

/// How much one organisation may ask, and how much is sent to one agency: by all gateways of the installation together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSettings {
    /// Calls of one organisation, of each class that has no figures of its own.
    pub usual: Rate,
    /// Calls of one organisation, of a class.
    pub classes: BTreeMap<MethodClass, Rate>,
    /// Calls of one unit, of all classes, beside those of its organisation.
    pub units: BTreeMap<Party, Rate>,
    /// Deliveries to one agency a second, and at once after a pause.
    pub deliveries_per_second: NonZeroU32,
    /// The same for agencies that have figures of their own.
    pub deliveries_to: BTreeMap<AgencyId, NonZeroU32>,
}

/// So many, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls a second, in the long run.
    pub requests_per_second: NonZeroU32,
    /// Calls at once, after a pause. Not less than those of a second.
    pub burst: NonZeroU32,
}

impl Rate {
    /// Usually after a pause as many at once as in two seconds.
    #[must_use]
    pub fn per_second(requests_per_second: NonZeroU32) -> Rate {
        Rate { requests_per_second, burst: requests_per_second.saturating_add(requests_per_second.get()) }
    }
}

impl QuotaSettings {
    /// Calls of one organisation, of this class.
    #[must_use]
    pub fn class(&self, class: MethodClass) -> Rate {
        self.classes.get(&class).copied().unwrap_or(self.usual)
    }

    /// Deliveries to this agency a second.
    #[must_use]
    pub fn deliveries(&self, agency: &AgencyId) -> NonZeroU32 {
        self.deliveries_to.get(agency).copied().unwrap_or(self.deliveries_per_second)
    }
}

impl Default for QuotaSettings {
    fn default() -> Self {
        let per_second = NonZeroU32::MIN.saturating_add(199);
        Self {
            usual: Rate::per_second(per_second),
            classes: BTreeMap::new(),
            units: BTreeMap::new(),
            deliveries_per_second: per_second,
            deliveries_to: BTreeMap::new(),
        }
    }
}

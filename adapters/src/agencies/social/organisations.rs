//! Which agency is meant by an object identifier, and the other way round?

use std::collections::BTreeMap;

use polku_proto::AgencyId;
use polku_proto::identity::{BusinessId, Oid};

use crate::formats::Organisation;
use crate::setting::SettingError;

/// Agencies whose business id stands for them alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Organisations(BTreeMap<AgencyId, BusinessId>);

impl Organisations {
    /// Reads the table `organisations`: agency ids, and the business id of each.
    pub(super) fn read(table: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let refused = || SettingError::Value {
            key: "organisations",
            expected: "ids of agencies, each with a business id such as 0204819-8 that no other one has",
        };
        let mut known = BTreeMap::new();
        for (agency, business_id) in table {
            let business_id: BusinessId = business_id.parse().map_err(|_| refused())?;
            if known.values().any(|other: &BusinessId| other.oid() == business_id.oid()) {
                return Err(refused());
            }
            known.insert(agency.parse().map_err(|_| refused())?, business_id);
        }
        Ok(Self(known))
    }

    /// Says what a document says about an agency beside its id.
    pub(super) fn of(&self, agency: &AgencyId) -> Option<Organisation> {
        let business_id = self.0.get(agency)?.clone();
        Some(Organisation { name: String::new(), business_id: Some(business_id) })
    }

    /// Finds the agency of an object identifier.
    pub(super) fn find(&self, oid: &Oid) -> Option<AgencyId> {
        let found = self.0.iter().find(|(_, business_id)| business_id.oid() == *oid);
        found.map(|(agency, _)| agency.clone())
    }
}

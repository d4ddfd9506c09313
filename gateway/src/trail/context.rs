//! What do the details of every leaf hold beside what is special to it: who acted, on which grounds?

use polku_policy::Decision;
use polku_proto::YouthId;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{self, LegalGround, basis};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Entry;
use crate::answer::wire_basis;
use crate::caller::{Actor, Caller};
use crate::error::Error;

/// Who acted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    Professional { unit: String, id: String },
    Subject,
    Guardian,
    Representative,
}

/// On what a permission rests.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ground {
    kind: String,
    rule: String,
    statute: String,
    /// Name of the consent; empty where the ground is none.
    consent: String,
    version: u64,
}

impl By {
    fn of(caller: &Caller) -> By {
        match &caller.actor {
            Actor::Professional { id, unit, .. } => By::Professional { unit: unit.clone(), id: id.clone() },
            Actor::Subject(_) => By::Subject,
            Actor::Representative { capacity: Capacity::Guardian, .. } => By::Guardian,
            Actor::Representative { .. } => By::Representative,
        }
    }
}

impl Ground {
    pub(crate) fn of(basis: &v1::Basis) -> Self {
        Self {
            kind: basis.kind().as_str_name().to_owned(),
            rule: basis.rule.clone(),
            statute: basis.statute.clone(),
            consent: basis.consent.clone(),
            version: basis.consent_version,
        }
    }

    /// Name of the consent; nothing where the ground is none.
    pub(crate) fn consent(&self) -> Option<&str> {
        Some(self.consent.as_str()).filter(|name| !name.is_empty())
    }

    pub(crate) fn wire(&self) -> v1::Basis {
        v1::Basis {
            kind: basis::Kind::from_str_name(&self.kind).unwrap_or_default() as i32,
            rule: self.rule.clone(),
            statute: self.statute.clone(),
            consent: self.consent.clone(),
            consent_version: self.version,
        }
    }
}

impl Entry<'_> {
    /// The details with what is known of every leaf.
    pub(super) fn in_context(&self, youth: YouthId, details: &Value) -> Result<Value, Error> {
        const BROKEN: Error = Error::Inconsistent("the details of an audit leaf cannot be written down");
        let mut whole: Map<String, Value> = details.as_object().cloned().ok_or(BROKEN)?;
        let mut add = |key: &str, value: serde_json::Result<Value>| {
            whole.insert(key.to_owned(), value.map_err(|_| BROKEN)?);
            Ok::<_, Error>(())
        };
        if let Some(caller) = self.caller {
            add("by", serde_json::to_value(By::of(caller)))?;
        }
        if let Some(bases) = self.decision.map(Decision::bases).filter(|bases| !bases.is_empty()) {
            let grounds: Vec<Ground> =
                bases.iter().map(|basis| Ground::of(&wire_basis(basis, youth))).collect();
            add("bases", serde_json::to_value(grounds))?;
        }
        if self.ground != LegalGround::Unspecified {
            add("ground", Ok(Value::from(self.ground.as_str_name())))?;
        }
        if let Some(name) = self.name {
            add("name", Ok(Value::from(name)))?;
        }
        Ok(Value::Object(whole))
    }
}

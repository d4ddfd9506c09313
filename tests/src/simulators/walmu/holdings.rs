//! What does the case management hold on whom?

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use polku_proto::v1::{Fact, FactKind};
use serde_json::{Map, Value, json};

use crate::simulators::agency::Held;
use crate::simulators::walmu::words::{moment, plan, put};

/// The records, by personal identity code, in the words of the document. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Holdings(Arc<Mutex<BTreeMap<String, Map<String, Value>>>>);

impl fmt::Debug for Holdings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Holdings(redacted)")
    }
}

impl Holdings {
    /// Holds this on a person from now on.
    pub(crate) fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        let mut records = Map::new();
        for fact in &held.facts {
            add(&mut records, fact)?;
        }
        for part in &held.plans {
            push(&mut records, "suunnitelmat", plan(part, None)?);
        }
        self.records().insert(identity_code.to_owned(), records);
        Ok(())
    }

    /// Everything on a person, whatever was asked for.
    pub(crate) fn on(&self, identity_code: &str) -> Map<String, Value> {
        self.records().get(identity_code).cloned().unwrap_or_default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Map<String, Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(records: &mut Map<String, Value>, fact: &Fact) -> Result<()> {
    let mut record = Map::new();
    put(&mut record, "tunnus", &fact.reference);
    if let Some(recorded) = &fact.record_time {
        put(&mut record, "kirjattu", &moment(recorded)?);
    }
    if fact.kind() == FactKind::Attendance {
        put(&mut record, "pvm", &fact.since);
        let (hours, reason) = fact.text.split_once(" h").context("presence as `5,5 h`")?;
        let hours: f64 = hours.replace(',', ".").parse().context("hours")?;
        record.insert("tunnit".to_owned(), json!(hours));
        put(&mut record, "poissaolosyy", reason.trim_start_matches(", poissa: "));
        let period = records.get_mut("valmennusjaksot").and_then(Value::as_array_mut);
        let period = period.and_then(|periods| periods.last_mut()).and_then(Value::as_object_mut);
        push(period.context("presence without a coaching period")?, "lasnaolot", Value::Object(record));
        return Ok(());
    }
    put(&mut record, "alkuPvm", &fact.since);
    put(&mut record, "loppuPvm", &fact.until);
    let (list, name) = match fact.kind() {
        FactKind::Customer => ("asiakkuus", "yksikko"),
        FactKind::ResponsibleWorker => ("vastuuvalmentajat", "nimi"),
        FactKind::ServiceNeed => ("palvelutarpeet", "kuvaus"),
        FactKind::CoachingPeriod => ("valmennusjaksot", "kuvaus"),
        FactKind::Note => ("lokimerkinnat", "kuvaus"),
        FactKind::Unspecified
        | FactKind::Appointment
        | FactKind::JobSeekerStatus
        | FactKind::Unemployment
        | FactKind::Education
        | FactKind::WorkHistory
        | FactKind::Benefit
        | FactKind::BenefitDecision
        | FactKind::Service
        | FactKind::Attendance
        | FactKind::SocialSituation
        | FactKind::HealthCapacity
        | FactKind::Housing
        | FactKind::Measure => bail!("the case management has no word for {:?}", fact.kind()),
    };
    put(&mut record, name, &fact.text);
    push(records, list, Value::Object(record));
    Ok(())
}

fn push(records: &mut Map<String, Value>, list: &str, record: Value) {
    let items = records.entry(list.to_owned()).or_insert_with(|| json!([]));
    if let Some(items) = items.as_array_mut() {
        items.push(record);
    }
}

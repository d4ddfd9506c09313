//! What do the sealed details of a leaf say that a list of disclosures tells?

use std::collections::BTreeMap;

use polku_proto::v1::{Basis, ConsentState, DeliveryState, LegalGround, RecordChange, ReferralState};
use polku_proto::v1::{legal_status, prohibition};
use polku_proto::{AgencyId, CategorySet, named};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::trail::{By, Ground};

/// Everything that is told of; what a leaf does not have is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) by: Option<By>,
    bases: Vec<Ground>,
    ground: String,
    name: String,
    referral: String,
    section: String,
    plan: String,
    /// The discloser of a refusal, or of what was shown of one agency's data.
    pub(super) from: String,
    /// The recipient of a refusal; the state after a change of a referral.
    pub(super) to: String,
    pub(super) recipient: String,
    pub(super) item: String,
    state: String,
    pub(super) reasons: Vec<String>,
    pub(super) stopped: Vec<String>,
    changes: Vec<Changed>,
    told: Option<Listed>,
    /// The numbers of the categories that agencies were asked for, by agency id.
    asked: BTreeMap<String, Vec<i32>>,
}

/// In leaves of earlier releases one stands alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    All(Vec<Told>),
    One(Box<Told>),
}

/// What was told, where that is written down.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) from: String,
    pub(super) to: String,
    data_sets: Vec<String>,
    bases: Vec<Ground>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Changed {
    consent: String,
    prohibition: String,
    status: String,
    state: String,
}

impl Details {
    pub(super) fn read(value: Option<&Value>) -> Result<Details, Error> {
        let details = value.map(Details::deserialize).transpose();
        let details = details.map_err(|_| Error::Inconsistent("details of an audit leaf are unreadable"))?;
        Ok(details.unwrap_or_default())
    }

    pub(super) fn bases(&self) -> Vec<Basis> {
        let told = self.told().map(|told| told.bases.as_slice()).unwrap_or_default();
        let bases = if self.bases.is_empty() { told } else { &self.bases };
        bases.iter().map(Ground::wire).collect()
    }

    /// What a call or a delivery has told.
    pub(super) fn told(&self) -> Option<&Told> {
        match self.told.as_ref()? {
            Listed::All(all) => all.first(),
            Listed::One(one) => Some(one),
        }
    }

    /// All that a reading has told of this agency's data.
    pub(super) fn told_of(&self, agency: &AgencyId) -> Vec<&Told> {
        let all = match &self.told {
            Some(Listed::All(all)) => all.as_slice(),
            Some(Listed::One(_)) | None => &[],
        };
        all.iter().filter(|told| told.from == agency.as_str()).collect()
    }

    /// Which agencies were asked for what.
    pub(super) fn asked(&self) -> impl Iterator<Item = (&str, CategorySet)> {
        let named = |numbers: &[i32]| {
            numbers.iter().fold(CategorySet::EMPTY, |set, number| set.union(CategorySet::named(*number)))
        };
        self.asked.iter().map(move |(agency, numbers)| (agency.as_str(), named(numbers)))
    }

    pub(super) fn ground(&self) -> LegalGround {
        LegalGround::from_str_name(&self.ground).unwrap_or_default()
    }

    /// The name of what it is about.
    pub(super) fn about(&self) -> &str {
        let names = [&self.name, &self.referral, &self.section, &self.plan];
        names.into_iter().find(|name| !name.is_empty()).map_or("", String::as_str)
    }

    /// The name of the referral that it is about or rests on; where it is about none, of whatever it is about.
    pub(super) fn about_referral(&self) -> &str {
        if self.referral.is_empty() { self.about() } else { &self.referral }
    }

    pub(super) fn referral_state(&self) -> ReferralState {
        ReferralState::from_str_name(&self.to).unwrap_or_default()
    }

    pub(super) fn delivery_state(&self) -> DeliveryState {
        DeliveryState::from_str_name(&self.state).unwrap_or_default()
    }

    pub(super) fn changes(&self) -> Vec<RecordChange> {
        self.changes.iter().map(Changed::wire).collect()
    }
}

impl Told {
    pub(super) fn bases(&self) -> impl Iterator<Item = Basis> {
        self.bases.iter().map(Ground::wire)
    }

    pub(super) fn categories(&self) -> CategorySet {
        self.data_sets.iter().filter_map(|name| named(name)).collect()
    }
}

impl Changed {
    fn wire(&self) -> RecordChange {
        let state = self.state.as_str();
        let mut change = RecordChange::default();
        if !self.consent.is_empty() {
            change.name.clone_from(&self.consent);
            change.set_consent(ConsentState::from_str_name(state).unwrap_or_default());
        } else if !self.prohibition.is_empty() {
            change.name.clone_from(&self.prohibition);
            change.set_prohibition(prohibition::State::from_str_name(state).unwrap_or_default());
        } else {
            change.name.clone_from(&self.status);
            change.set_legal_status(legal_status::State::from_str_name(state).unwrap_or_default());
        }
        change
    }
}

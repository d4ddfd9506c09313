//! To whom does a matter of this profile or team go?

use std::collections::BTreeSet;

use jiff::civil::Date;
use polku_proto::Party;
use polku_proto::v1::RecipientSuggestion;
use polku_proto::v1::recipient_suggestion::Criterion;

use super::search::Query;
use super::{ServiceDirectory, service_name};

/// The routing of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// In the order of the file.
    pub routes: Vec<Route>,
}

/// Where matters go that fit in all stated respects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// 1 to 3.
    pub profile: Option<u8>,
    /// The id of a team.
    pub team: Option<String>,
    /// From which age on, in full years.
    pub minimum_age: Option<i32>,
    /// Up to which age, in full years, that age included.
    pub maximum_age: Option<i32>,
    /// Codes of municipalities; empty: any.
    pub municipalities: BTreeSet<String>,
    /// The first choice first.
    pub recipients: Vec<Party>,
    /// What the operator says about it.
    pub statement: String,
}

/// What is to be referred, as far as it is stated.
#[derive(Clone, Default)]
pub(super) struct Matter {
    pub(super) profile: Option<u8>,
    pub(super) team: Option<String>,
    /// In full years.
    pub(super) age: Option<i32>,
    pub(super) municipality: Option<String>,
}

impl Routing {
    /// Whether the configuration knows a team.
    pub(super) fn knows(&self, team: &str) -> bool {
        self.routes.iter().any(|route| route.team.as_deref() == Some(team))
    }

    /// Whom to refer to, the best first and each once.
    pub(super) fn suggest(
        &self,
        matter: &Matter,
        directory: &ServiceDirectory,
        today: Date,
    ) -> Vec<RecipientSuggestion> {
        let mut fitting: Vec<(&Route, Vec<Criterion>)> =
            self.routes.iter().filter_map(|route| Some((route, route.criteria(matter)?))).collect();
        // Stable: what fits in as many respects stays in the order of the file.
        fitting.sort_by_key(|(_, criteria)| std::cmp::Reverse(criteria.len()));
        let mut seen = BTreeSet::new();
        let mut suggestions = Vec::new();
        for (route, criteria) in fitting {
            for recipient in &route.recipients {
                if !seen.insert(recipient) {
                    continue;
                }
                if let Some(services) = directory.given_by(recipient, matter, today) {
                    suggestions.push(RecipientSuggestion {
                        recipient: recipient.to_string(),
                        criteria: criteria.iter().map(|criterion| (*criterion).into()).collect(),
                        statement: route.statement.clone(),
                        services,
                    });
                }
            }
        }
        suggestions
    }
}

impl Route {
    /// In which respects it fits; nothing when it asks for anything that the matter is not, or does not state.
    fn criteria(&self, matter: &Matter) -> Option<Vec<Criterion>> {
        let is_of_age = |age: i32| {
            self.minimum_age.is_none_or(|least| least <= age)
                && self.maximum_age.is_none_or(|most| age <= most)
        };
        let asks_age = self.minimum_age.is_some() || self.maximum_age.is_some();
        let is_there = |code: &String| self.municipalities.contains(code);
        // What is not asked for is absent.
        let met = [
            (Criterion::Profile, self.profile.map(|own| matter.profile == Some(own))),
            (Criterion::Team, self.team.as_ref().map(|own| matter.team.as_ref() == Some(own))),
            (Criterion::Age, asks_age.then(|| matter.age.is_some_and(is_of_age))),
            (
                Criterion::Municipality,
                (!self.municipalities.is_empty()).then(|| matter.municipality.as_ref().is_some_and(is_there)),
            ),
        ];
        if met.iter().any(|(_, is_met)| *is_met == Some(false)) {
            return None;
        }
        Some(met.into_iter().filter_map(|(criterion, is_met)| is_met.map(|_| criterion)).collect())
    }
}

impl ServiceDirectory {
    /// What somebody gives that fits the matter; nothing when they give something here, and all of it is for others.
    fn given_by(&self, recipient: &Party, matter: &Matter, today: Date) -> Option<Vec<String>> {
        let query = Query { age: matter.age, municipality: matter.municipality.clone(), ..Query::on(today) };
        let is_theirs = |organisation: &str| {
            let own = self.organisations.get(organisation).and_then(|own| own.recipient.as_ref());
            own.is_some_and(|own| recipient.covers(own))
        };
        let theirs: Vec<_> = self.services.iter().filter(|given| is_theirs(&given.organisation)).collect();
        let fitting: Vec<String> = theirs
            .iter()
            .filter(|listing| listing.fits(&query))
            .map(|listing| service_name(&listing.id))
            .collect();
        (theirs.is_empty() || !fitting.is_empty()).then_some(fitting)
    }
}

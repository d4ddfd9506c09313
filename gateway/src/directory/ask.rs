//! What is answered to those who ask the directory? Every registered caller may: nothing in it is about a young person,
//! so nothing is decided and nothing is written to the audit log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use polku_proto::Valid;
use polku_proto::time::finnish_date;
use polku_proto::v1::service_hour::Channel;
use polku_proto::v1::{
    GetServiceRequest, GetWeeklyCalendarRequest, SearchServicesRequest, SearchServicesResponse, Service,
    ServiceNetwork, SuggestRecipientsRequest, SuggestRecipientsResponse, WeeklyCalendar,
};
use prost::Message as _;

use super::routing::Matter;
use super::search::Query;
use super::{Listing, PLACES, SERVICES};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;

/// A page ends here, in bytes: gRPC clients take 4 MiB unless told otherwise.
const LARGEST_PAGE: usize = 2 * 1024 * 1024;

impl Gateway {
    /// Searches the services.
    pub(crate) fn search_services(
        &self,
        caller: &Caller,
        request: Valid<SearchServicesRequest>,
    ) -> Result<SearchServicesResponse, Error> {
        let request = request.into_inner();
        let size = usize::try_from(page::size(request.page_size)).unwrap_or(usize::MAX);
        let list = list(&request);
        let after = page::position(self, caller, &list, &request.page_token)?;
        let query = query(&request, finnish_date(self.now()))?;
        let directory = self.service_directory();
        let is_next = |listing: &&Listing| after.as_ref().is_none_or(|after| listing.order() > *after);
        let mut found = directory.search(&query).filter(is_next).peekable();
        let mut answer = SearchServicesResponse::default();
        let (mut bytes, mut last) = (0_usize, None);
        while let Some(listing) = found.next_if(|listing| {
            bytes = bytes.saturating_add(listing.message.encoded_len());
            answer.services.is_empty() || (answer.services.len() < size && bytes <= LARGEST_PAGE)
        }) {
            answer.services.push(listing.message.clone());
            last = Some(listing);
        }
        if let (Some(last), Some(_)) = (last, found.peek()) {
            answer.next_page_token = page::token(self, caller, &list, &last.order())?;
        }
        Ok(answer)
    }

    /// Reads one service.
    pub(crate) fn get_service(&self, request: &Valid<GetServiceRequest>) -> Result<Service, Error> {
        let id = request.get().name.strip_prefix(SERVICES).unwrap_or_default();
        let directory = self.service_directory();
        directory.service(id).map(|listing| listing.message.clone()).ok_or(Error::NotFound)
    }

    /// Reads one week at a place of service.
    pub(crate) fn get_weekly_calendar(
        &self,
        request: &Valid<GetWeeklyCalendarRequest>,
    ) -> Result<WeeklyCalendar, Error> {
        let request = request.get();
        let date = date(&request.date)?.unwrap_or_else(|| finnish_date(self.now()));
        let id = request.service_channel.strip_prefix(PLACES).unwrap_or_default();
        let directory = self.service_directory();
        let place = directory.places.get(id).ok_or(Error::NotFound)?;
        directory.week(place, date).map_err(|_| DATE)
    }

    /// Says to whom a matter can be referred. Nobody refers to their own agency, so it is not among them.
    pub(crate) fn suggest_recipients(
        &self,
        caller: &Caller,
        request: Valid<SuggestRecipientsRequest>,
    ) -> Result<SuggestRecipientsResponse, Error> {
        let request = request.into_inner();
        let matter = Matter {
            profile: u8::try_from(request.profile).ok().filter(|profile| *profile > 0),
            team: stated(request.team),
            age: request.age,
            municipality: stated(request.municipality),
        };
        if matter.profile.is_none() && matter.team.is_none() {
            return Err(Error::Field {
                field: "profile",
                reason: "PROFILE_OR_TEAM_MISSING",
                expected: "a profile from 1 to 3, a team, or both",
            });
        }
        if matter.team.as_ref().is_some_and(|team| !self.routing.knows(team)) {
            return Err(Error::Field {
                field: "team",
                reason: "TEAM_UNKNOWN",
                expected: "a team that the routing of the configuration names",
            });
        }
        let today = finnish_date(self.now());
        let mut suggestions = self.routing.suggest(&matter, &self.service_directory(), today);
        let own = |recipient: &str| recipient.split('/').next() == Some(caller.agency.as_str());
        suggestions.retain(|suggestion| !own(&suggestion.recipient));
        Ok(SuggestRecipientsResponse { suggestions })
    }
}

const DATE: Error = Error::Field {
    field: "date",
    reason: "DATE_OUT_OF_RANGE",
    expected: "a day of a week that is wholly within the years 1 to 9999",
};

/// What the list is of: all of the request but its page.
fn list(request: &SearchServicesRequest) -> String {
    let asked = SearchServicesRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    format!("services/{}", STANDARD.encode(asked.encode_to_vec()))
}

fn query(request: &SearchServicesRequest, today: Date) -> Result<Query, Error> {
    Ok(Query {
        words: request.query.split_whitespace().map(str::to_lowercase).collect(),
        municipality: stated(request.municipality.clone()),
        language: stated(request.language.clone()),
        age: request.age,
        date: date(&request.date)?,
        channel: Some(request.channel()).filter(|channel| *channel != Channel::Unspecified),
        network: Some(request.network()).filter(|network| *network != ServiceNetwork::Unspecified),
        today,
    })
}

fn date(text: &str) -> Result<Option<Date>, Error> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| DATE) }
}

fn stated(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

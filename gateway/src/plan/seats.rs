//! Which seats of a meeting stayed empty, as far as a reader sees who the parties are?
//!
//! A seat is taken by a party. Who is one does not show by a seat that is taken: to whoever does not see an agency
//! otherwise it stays empty.

use std::collections::{HashMap, HashSet};
use std::fmt;

use polku_proto::v1::Plan;
use polku_proto::v1::meeting_record::Seat;
use prost::Message;

use super::section::owner_of;
use super::view::Reader;

/// Who of the parties came to a meeting of four parties.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct Seated {
    /// Whose section the meeting is in.
    #[prost(string, tag = "1")]
    pub owner: String,
    /// Its id.
    #[prost(string, tag = "2")]
    pub meeting: String,
    /// Those who came.
    #[prost(message, repeated, tag = "3")]
    pub takers: Vec<Taker>,
}

/// One of them, with the seats that fit.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct Taker {
    /// Agency id.
    #[prost(string, tag = "1")]
    pub agency: String,
    /// As it was when the meeting was recorded.
    #[prost(enumeration = "Seat", repeated, tag = "2")]
    pub seats: Vec<i32>,
}

impl fmt::Debug for Seated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seated(redacted)")
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Taker(redacted)")
    }
}

/// Says of every meeting that a reader sees which seats stayed empty. Whoever is told of all parties sees them all; others
/// see the coordinator, themselves, and whose section they see.
pub fn mark_missing(view: &mut Plan, seated: &[Seated], reader: Reader<'_>) {
    let Plan { sections, parties, coordinator, .. } = view;
    let owners: HashSet<String> = sections.iter().map(|section| owner_of(section).to_owned()).collect();
    let sees = |agency: &str| {
        !parties.is_empty()
            || agency == coordinator.as_str()
            || reader == Reader::Agency(agency)
            || owners.contains(agency)
    };
    let meetings: HashMap<(&str, &str), &Seated> =
        seated.iter().map(|one| ((one.owner.as_str(), one.meeting.as_str()), one)).collect();
    for section in sections {
        let owner = owner_of(section).to_owned();
        for record in &mut section.meetings {
            let Some(of) = meetings.get(&(owner.as_str(), record.meeting.as_str())) else { continue };
            let takers: Vec<&Taker> = of.takers.iter().filter(|taker| sees(&taker.agency)).collect();
            record.missing =
                empty_seats(&takers, record.client_attended).into_iter().map(i32::from).collect();
        }
    }
}

/// Which seats stayed empty. Each is taken by another one.
fn empty_seats(came: &[&Taker], client: bool) -> Vec<Seat> {
    // Who could sit for the city and for employment services sits for the city, if only one seat is taken.
    let seats = [Seat::Municipality, Seat::SocialWork, Seat::EmploymentServices];
    // Of those whom the same seats fit no more can sit than there are seats.
    let mut alike: HashMap<&[i32], usize> = HashMap::new();
    let mut came = came.to_vec();
    came.retain(|taker| {
        let count = alike.entry(&taker.seats).or_default();
        *count += 1;
        *count <= seats.len()
    });
    let mut empty = left_empty(&seats, &came);
    empty.extend((!client).then_some(Seat::Client));
    empty.sort_unstable_by_key(|seat| i32::from(*seat));
    empty
}

/// The fewest seats that stay empty when each of those who came takes one that fits.
fn left_empty(seats: &[Seat], came: &[&Taker]) -> Vec<Seat> {
    let Some((seat, others)) = seats.split_first() else { return Vec::new() };
    let fitting = came.iter().filter(|taker| taker.seats().any(|fits| fits == *seat));
    let taken = fitting.map(|taker| {
        let rest: Vec<&Taker> = came.iter().copied().filter(|other| other != taker).collect();
        left_empty(others, &rest)
    });
    let fewest = taken.min_by_key(Vec::len);
    let mut without = vec![*seat];
    without.extend(left_empty(others, came));
    match fewest {
        Some(fewest) if fewest.len() <= without.len() => fewest,
        Some(_) | None => without,
    }
}

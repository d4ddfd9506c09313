//! Who follows the plan through a history, and comes back to it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use polku_proto::v1::{Plan, PlanEvent, WatchPlansRequest};
use polku_tests::world::Client;
use prost_types::Timestamp;

use super::super::table::*;
use super::super::watch::{next, watch};
use super::cast::markers;

/// What somebody has seen of the plan in a watch.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) last: Mutex<Plan>,
    /// The texts in each event, in order.
    pub(super) events: Mutex<Vec<BTreeSet<String>>>,
    /// When each was, and the token to go on behind it.
    places: Mutex<Vec<(Timestamp, String)>>,
}

/// A plan without what is another in each reading.
pub(super) fn bare(plan: &Plan) -> Plan {
    Plan { etag: String::new(), ..plan.clone() }
}

impl Watched {
    /// Follows a plan for as long as the gateway lives.
    pub(super) async fn follow(client: &Client, plan: &str) -> Arc<Watched> {
        let request = WatchPlansRequest { name: plan.to_owned(), resume_token: String::new() };
        let mut stream = client.clone().plan.watch_plans(request).await.unwrap().into_inner();
        let seen = read(client, plan).await.unwrap();
        let watched = Arc::new(Watched { last: Mutex::new(bare(&seen)), ..Watched::default() });
        let book = Arc::clone(&watched);
        tokio::spawn(async move {
            while let Ok(Some(event)) = stream.message().await {
                book.events.lock().unwrap().push(markers(&said(&event)));
                let PlanEvent { resume_token, plan, time } = event;
                book.places.lock().unwrap().push((time.unwrap(), resume_token));
                *book.last.lock().unwrap() = bare(&plan.unwrap());
            }
        });
        watched
    }

    /// Comes back behind an event in the middle. What is told then was told before, once and in the same order, up to the
    /// last; what shows no more is not told again. Gives the texts of it.
    pub(super) async fn comes_back(&self, client: &Client, plan: &str, name: &str) -> Vec<BTreeSet<String>> {
        let places = self.places.lock().unwrap().clone();
        let Some((_, token)) = places.get(places.len() / 2) else { return Vec::new() };
        let mut stream = watch(client, plan, token).await.unwrap();
        let mut due = places.iter().map(|(time, _)| *time).skip(places.len() / 2 + 1);
        let mut texts = Vec::new();
        while due.len() > 0 {
            let event = next(&mut stream).await;
            let time = event.time.unwrap();
            assert!(due.any(|one| one == time), "{name} is told something twice, or that it was not told");
            texts.push(markers(&said(&event)));
        }
        texts
    }
}

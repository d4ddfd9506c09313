//! Are all promises kept when the day is over?

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use polku_gateway::audit::{self, AuditLog};
use polku_gateway::store::Store as _;
use polku_gateway::store::sqlite::{self, SqliteStore};
use polku_proto::v1::DeliveryState;
use polku_proto::{ReferralName, YouthName};
use polku_tests::checks::{endless_intents, is_there};
use polku_tests::pki::sha256_hex;
use polku_tests::simulators::Repetition;
use tokio::time::{Instant, sleep};

use crate::people::{AGENCIES, mark};
use crate::town::Town;

/// I7: within so long after the trouble nothing waits any more. An agency that is asked after a silence is asked again
/// after a quarter of the time that it was waited for.
const DRAINED: Duration = Duration::from_secs(9 * 60 * 60);

/// A leaf has the time at which somebody began to write it; another one may have come before it.
const OVERTAKEN: SignedDuration = SignedDuration::from_secs(1);

/// I7: the queue drains.
pub(crate) async fn drains(town: &Town) {
    let began = Instant::now();
    loop {
        let waiting = waiting(town);
        if waiting.is_empty() {
            return;
        }
        if began.elapsed() > DRAINED {
            town.book.open().violate(format!("I7: these still wait: {waiting:?}"));
            return;
        }
        sleep(Duration::from_secs(120)).await;
    }
}

/// Agency, item and state of what has not ended.
fn waiting(town: &Town) -> Vec<(String, i64, i64)> {
    let store = rusqlite::Connection::open(town.world.folder().join("data").join(sqlite::FILE)).unwrap();
    let mut sql = store.prepare("SELECT agency, item, state FROM delivery WHERE state IN (1, 2, 4)").unwrap();
    let rows = sql.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Everything that can be told from what the dead gateway has left, and from what the agencies have.
pub(crate) async fn all(town: &Town, youths: &[String]) {
    if let Err(what) = look(town, youths).await {
        town.book.open().violate(what);
    }
}

async fn look(town: &Town, youths: &[String]) -> Result<(), String> {
    let data = town.world.folder().join("data");
    let (log, _) = AuditLog::open(&data.join(audit::FILE)).map_err(|error| format!("I4: {error}"))?;
    let (mut leaves, mut hashes, mut gap) = (Vec::new(), Vec::new(), None);
    let read = log.read(0, |sequence, leaf| {
        if sequence != leaves.len() as u64 {
            gap = Some(sequence);
        }
        hashes.push(leaf.hash(sequence));
        leaves.push(leaf);
    });
    read.map_err(|error| format!("I4: {error}"))?;
    if let Some(gap) = gap {
        return Err(format!("I4: a gap before leaf {gap}"));
    }
    let back = leaves.windows(2).map(|two| two[0].time.duration_since(two[1].time)).max();
    if let Some(back) = back.filter(|back| *back > OVERTAKEN) {
        return Err(format!("I4: the time of the log goes back by {back:?}"));
    }
    let (logs, acknowledged, sent, stopped, wanted) = {
        let pages = town.book.open();
        let (logs, acknowledged) = (pages.logs.clone(), pages.acknowledged.clone());
        (logs, acknowledged, pages.sent.clone(), pages.stopped.clone(), pages.wanted.len())
    };
    let bytes = std::fs::read(data.join(audit::FILE)).map_err(|error| format!("I4: {error}"))?;
    for (length, hash) in logs {
        if bytes.get(..length).map(sha256_hex) != Some(hash) {
            return Err(format!("I4: the first {length} bytes of the log are others than before"));
        }
    }
    let store = SqliteStore::open(&data.join(sqlite::FILE)).map_err(|error| format!("I1: {error}"))?;
    for call in &acknowledged {
        is_there(call, &hashes, &store).await.map_err(|what| format!("I1: {what}"))?;
    }
    let mut everybody = Vec::new();
    for name in youths {
        everybody.push(name.parse::<YouthName>().map_err(|_| "no name".to_owned())?.youth);
    }
    let endless = endless_intents(&leaves, &store, &everybody).await?;
    if !endless.is_empty() {
        return Err(format!("I4: intents {endless:?} of {} have no end", leaves.len()));
    }
    for agency in AGENCIES {
        for (message, count) in town.control(agency).ledger().all_effects() {
            if count > 1 {
                return Err(format!("I2: {agency} has {message} {count} times"));
            }
        }
        let referrals = town.control(agency).ledger().referrals();
        // One call is one referral, however often it was made.
        for number in 0..wanted {
            let taken =
                referrals.iter().filter(|taken| taken.fields.iter().any(|(_, text)| *text == mark(number)));
            let messages: BTreeSet<&str> = taken.map(|taken| taken.message_id.as_str()).collect();
            if messages.len() > 1 {
                return Err(format!("I2: {agency} has referral {number} in {} messages", messages.len()));
            }
        }
        if let Some(name) = stopped.iter().find(|name| {
            referrals.iter().any(|referral| name.ends_with(&referral.referral_id.to_lowercase()))
        }) {
            return Err(format!("I3: {name} was stopped and has arrived at {agency}"));
        }
    }
    for (number, (name, agency)) in &sent {
        let parsed: ReferralName = name.parse().map_err(|_| "no name".to_owned())?;
        let rows = store.deliveries_about(parsed.referral).await.map_err(|error| error.to_string())?;
        for row in rows.iter().filter(|row| row.agency.as_str() == *agency) {
            let effects = town.control(agency).ledger().effects(&row.message.to_string());
            let kind = town.simulator(agency).repetition();
            let is_right = match row.state {
                DeliveryState::Delivered => effects == 1,
                DeliveryState::InDoubt => effects <= 1 && kind == Repetition::Neither,
                DeliveryState::Stopped | DeliveryState::Rejected | DeliveryState::Expired => effects == 0,
                DeliveryState::Unspecified
                | DeliveryState::Queued
                | DeliveryState::Sending
                | DeliveryState::Retrying => false,
            };
            let mut pages = town.book.open();
            pages.note(format!("referral {number} at {agency}: {:?} {:?} {effects}", row.item, row.state));
            pages.counts.delivered += usize::from(row.state == DeliveryState::Delivered);
            pages.counts.in_doubt += usize::from(row.state == DeliveryState::InDoubt);
            if !is_right {
                let said = format!(
                    "I2: {:?} of referral {number} at {agency} ({kind:?}) is {:?} with {effects} effects",
                    row.item, row.state
                );
                pages.violate(said);
            }
        }
    }
    Ok(())
}

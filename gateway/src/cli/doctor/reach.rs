//! Are the store and the agencies' systems there?

use std::time::Instant;

use jiff::SignedDuration;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::config::Config;
use polku_gateway::serve::adapters;
use polku_gateway::store::postgres::PostgresStore;
use polku_gateway::store::sqlite::{self, SqliteStore};

use super::super::chain;
use super::{APART, Finding, certificates};

pub(super) async fn findings(config: &Config, runs: bool) -> Vec<Finding> {
    let mut findings = vec![store(config, runs).await];
    let systems = match adapters(config) {
        Ok(systems) => systems,
        Err(error) => {
            findings.push(Finding::bad("agencies", chain(&error.into())));
            return findings;
        }
    };
    for system in systems {
        let agency = system.adapter.agency().clone();
        for connection in system.adapter.connections() {
            findings.extend(connection.certificate_files().flat_map(certificates::of_file));
            let what = format!("agency {agency} at {}", connection.base());
            let begun = Instant::now();
            findings.push(match connection.reach().await {
                Ok(()) => Finding::good(what, format!("reached in {} ms", begun.elapsed().as_millis())),
                Err(error) => Finding::bad(what, chain(&error.into())),
            });
        }
    }
    findings
}

async fn store(config: &Config, runs: bool) -> Finding {
    let Some(settings) = &config.database else {
        let path = config.store.join(sqlite::FILE);
        return match SqliteStore::look(&path) {
            Ok(()) => Finding::good("store", "its pages are as they should be"),
            Err(_) if !path.exists() && !runs => Finding::good("store", "is made at the first start"),
            Err(error) => Finding::bad("store", chain(&error.into())),
        };
    };
    let before = SystemClock.now();
    match PostgresStore::time(settings).await {
        Ok(there) => {
            let now = SystemClock.now();
            // What took time on the way is nobody's fault.
            let apart = if there < before { before.duration_since(there) } else { there.duration_since(now) };
            let apart = apart.max(SignedDuration::ZERO);
            let found = format!("reached, its clock is within {} ms of this one", apart.as_millis());
            if apart > APART { Finding::warning("store", found) } else { Finding::good("store", found) }
        }
        Err(error) => Finding::bad("store", chain(&error.into())),
    }
}

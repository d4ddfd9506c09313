//! Does the store in a PostgreSQL database keep its promises, those of every store and its own?

mod doors;
mod failover;
mod health;
mod lost;
mod several;

use polku_gateway::store::postgres::PostgresStore;
use polku_tests::postgres::Cluster;

struct Opened {
    store: PostgresStore,
}

async fn open() -> anyhow::Result<Opened> {
    let settings = Cluster::shared()?.database()?;
    Ok(Opened { store: PostgresStore::open(&settings).await? })
}

polku_tests::store_suite!(open);

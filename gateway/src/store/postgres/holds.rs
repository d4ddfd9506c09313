//! How does a gateway have a part of all people for itself?
//!
//! By a row that names the hold and says until when it stands, by the server's clock alone. Whoever commits something that
//! rests on it locks that row to the end of the transaction, and whoever takes it over has to change it: so what rested on
//! a hold is either there before the next one begins, or never. The rows are not written to disk: when the server crashes
//! they are gone, and nothing that rested on them is committed any more.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::connect::{Connector, Purpose};
use super::fault::failed;
use super::readers::taken;
use crate::store::sql::Value;
use crate::store::{Fence, Hold, StoreError};

/// For how long nobody else can take what is held. A change takes milliseconds; what takes longer than this is committed
/// all the same, unless another gateway wants the same part.
const STANDS: &str = "5 seconds";

/// How long a gateway waits for what another one holds: longer than one that has been killed can hold it.
const PATIENCE: Duration = Duration::from_secs(8);

/// Between two questions, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// How many parts are taken or given back at the same time.
const CONNECTIONS: usize = 8;

/// How often it is tried to give a part back. What cannot be given back is free when its time is over.
const ATTEMPTS: u32 = 3;

/// The connections on which parts are taken and given back.
#[derive(Debug)]
pub(super) struct Holds {
    pool: Arc<Pool>,
}

impl Holds {
    pub(super) fn new(connector: &Connector) -> Result<Holds, StoreError> {
        let connector = connector.clone().for_purpose(Purpose::Holds);
        Ok(Holds { pool: Arc::new(connector.pool(CONNECTIONS, PATIENCE)?) })
    }

    /// See [`crate::store::Several::hold`].
    pub(super) async fn hold(&self, part: u32) -> Result<Hold, StoreError> {
        let holder = Uuid::from_bytes(crate::seal::random_bytes().map_err(StoreError::failed)?);
        // In a task of its own: what has been taken for a caller who goes away in between is given back all the same.
        let held = tokio::spawn(hold(Arc::clone(&self.pool), Fence { part, holder }));
        held.await.map_err(StoreError::failed)?
    }
}

async fn hold(pool: Arc<Pool>, fence: Fence) -> Result<Hold, StoreError> {
    let until = Instant::now() + PATIENCE;
    let (mut pause, longest) = PAUSES;
    while !take(&pool, &fence).await? {
        if Instant::now() >= until {
            return Err(StoreError::Busy);
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
    Ok(Hold::new(fence, move |fence| {
        // Without a runtime the process is ending, and the time of the hold with it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { give_back(&pool, &fence).await });
        }
    }))
}

/// Takes a part that is free; no, if it is not.
async fn take(pool: &Pool, fence: &Fence) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT INTO hold (part, holder, until) VALUES ($1, $2, clock_timestamp() + interval '{STANDS}')
        ON CONFLICT (part) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE hold.until < clock_timestamp()"
    );
    let client = taken(pool).await?;
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    match client.execute(&statement, &[&i64::from(fence.part), &Value::Id(fence.holder.into_bytes())]).await {
        Ok(changed) => Ok(changed == 1),
        // Somebody is committing what rests on it.
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

async fn give_back(pool: &Pool, fence: &Fence) {
    let sql = "UPDATE hold SET until = '-infinity' WHERE part = $1 AND holder = $2";
    for _ in 0..ATTEMPTS {
        let Ok(client) = taken(pool).await else { continue };
        let Ok(statement) = client.prepare_cached(sql).await else { continue };
        if client
            .execute(&statement, &[&i64::from(fence.part), &Value::Id(fence.holder.into_bytes())])
            .await
            .is_ok()
        {
            return;
        }
    }
    tracing::warn!("a part of all people is given back by time alone");
}

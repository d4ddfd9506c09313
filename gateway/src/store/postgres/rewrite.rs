//! How do the bytes of rows that are gone leave the files of the database?
//!
//! A row that was deleted or changed stays in its page until something else is written over it. Tables that hold keys and
//! identities are written into new files; they are small. The others are only vacuumed: what stays in the free space of
//! their pages is sealed by keys that are nowhere any more. The write-ahead log, its archive and standbys are the
//! operator's.

use super::connect::Connector;
use super::fault::failed;
use crate::store::StoreError;

/// With keys, or hashes of identities. The server keeps no samples of these columns.
const SECRET: [&str; 4] = ["youth", "identity_alias", "identity_link", "linked_identity"];

/// The others that are about people.
const SEALED: &str =
    "VACUUM request, referral, instrument, event, delivery, audit_detail, consent_notice, plan,
    plan_revision, plan_event, task, task_event, told, journey_entry, follow_up, former_youth,
    identity_link_end";

/// Whoever wants to read a table waits behind whoever wants to write it anew, who waits for a running dump: not for long.
const PATIENCE: &str = "SET statement_timeout = 0; SET lock_timeout = 200";

/// Writes the first ones anew and tidies up the others. Nobody reads or writes a table while it is written anew.
pub(super) async fn rewrite(connector: &Connector) -> Result<(), StoreError> {
    let client = connector.open().await?;
    client.batch_execute(PATIENCE).await.map_err(failed)?;
    for table in SECRET {
        client.batch_execute(&format!("VACUUM (FULL) {table}")).await.map_err(failed)?;
    }
    client.batch_execute(SEALED).await.map_err(failed)
}

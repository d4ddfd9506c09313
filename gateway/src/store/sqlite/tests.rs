//! Tests of what only SQLite has; what every store promises is tested in the package `tests`.

mod queue;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use polku_proto::{MessageId, ReferralId};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::schema;
use super::writer::{QUEUE_JOBS, Writer};
use super::{SqliteStore, do_work, failed};
use crate::machine::Blocking;
use crate::seal::{IdentityIndex, WrappedKey};
use crate::store::sql::Work;
use crate::store::{About, Among, Change, DeliveryItem, DeliveryRow, Priority, Store, StoreError, YouthRow};

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("polku.db");
    (folder, path)
}

fn youth(number: u8) -> YouthRow {
    YouthRow {
        id: polku_proto::YouthId::from_uuid(Uuid::from_u128(u128::from(number))),
        identity: IdentityIndex::from_bytes([number; 32]),
        key: WrappedKey::from_bytes([1; WrappedKey::BYTES]),
        sealed_identity: Vec::new(),
        created: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn commit(change: Change) -> Work {
    Work::Commit(Box::new(change), Among::default())
}

fn pragma(connection: &Connection, name: &str) -> i64 {
    connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
}

#[test]
fn the_settings_are_in_force() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let writer = schema::connect(&path).unwrap();
    let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let settings = [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("trusted_schema", 0),
        ("busy_timeout", 5000),
        ("user_version", i64::from(schema::newest())),
    ];
    for (name, value) in settings {
        assert_eq!(pragma(&writer, name), value, "{name}");
    }
    let reader = schema::connect_reader(&path).unwrap();
    assert_eq!(pragma(&reader, "query_only"), 1);
    assert!(reader.execute("DELETE FROM youth", []).is_err());
}

#[test]
fn its_files_are_for_the_owner_only() {
    let (folder, path) = folder();
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    Runtime::new().unwrap().block_on(store.commit(Change::announced_by(0))).unwrap();
    let files: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600, "{}", file.display());
    }
}

#[test]
fn an_empty_file_gets_the_schema_and_keeps_it() {
    let (_folder, path) = folder();
    let tables = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    drop(SqliteStore::open(&path).unwrap());
    let first = tables(&path);
    assert!(first.len() > 20);
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(tables(&path), first);
}

/// What waited before there were priorities goes on waiting, behind whatever is urgent.
#[test]
fn deliveries_of_an_older_file_are_ordinary() {
    let (_folder, path) = folder();
    let connection = Connection::open(&path).unwrap();
    for migration in &schema::MIGRATIONS[..2] {
        connection.execute_batch(migration).unwrap();
    }
    connection.pragma_update(None, "user_version", 2).unwrap();
    connection
        .execute_batch(
            "INSERT INTO youth VALUES (zeroblob(16), zeroblob(32), zeroblob(60), x'00', 0);
             INSERT INTO referral VALUES (1, zeroblob(16), zeroblob(16), 'te', 'kela', 1, 1, 0, 0, 9, 0, NULL, 1, x'00');
             INSERT INTO delivery (message, item, item_index, referral, youth, agency, state, attempts, due, deadline,
                 fence) VALUES (zeroblob(16), 3, 7, zeroblob(16), zeroblob(16), 'kela', 1, 0, 5, 9, 1);",
        )
        .unwrap();
    drop(connection);
    let store = SqliteStore::open(&path).unwrap();
    let found = Runtime::new().unwrap().block_on(store.delivery(MessageId::from_uuid(Uuid::nil())));
    let row = found.unwrap().unwrap();
    assert_eq!((row.item, row.priority), (DeliveryItem::Information(7), Priority::Ordinary));
}

/// The table of deliveries is made anew for what is about a plan: nothing of what it held is lost or changes its place.
#[test]
fn deliveries_of_an_older_file_stay_what_they_are() {
    let (_folder, path) = folder();
    let connection = Connection::open(&path).unwrap();
    for migration in &schema::MIGRATIONS[..3] {
        connection.execute_batch(migration).unwrap();
    }
    connection.pragma_update(None, "user_version", 3).unwrap();
    connection
        .execute_batch(
            "INSERT INTO youth VALUES (zeroblob(16), zeroblob(32), zeroblob(60), x'00', 0);
             INSERT INTO referral VALUES (1, zeroblob(16), zeroblob(16), 'te', 'kela', 1, 1, 0, 0, 9, 0, NULL, 1, x'00');
             INSERT INTO delivery (number, message, item, item_index, referral, youth, agency, state, attempts, due,
                 deadline, fence, leased_until, intent, reference, priority)
             VALUES (7, x'00000000000000000000000000000007', 5, 12, zeroblob(16), zeroblob(16), 'kela', 4, 3, 5, 90, 8,
                     NULL, 11, 'K-1', 1),
                 (3, x'00000000000000000000000000000003', 1, 0, zeroblob(16), zeroblob(16), 'kela', 3, 1, 5, 90, 2,
                     NULL, 4, 'K-2', 2);",
        )
        .unwrap();
    drop(connection);
    let store = SqliteStore::open(&path).unwrap();
    let runtime = Runtime::new().unwrap();
    let about = ReferralId::from_uuid(Uuid::nil());
    let rows = runtime.block_on(store.deliveries_about(about)).unwrap();
    let [first, second] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((first.item, first.message.uuid().as_u128()), (DeliveryItem::Handover, 3));
    assert_eq!(
        (second.item, second.priority),
        (DeliveryItem::DisclosureNotice { leaf: 12, index: 0 }, Priority::Urgent)
    );
    assert_eq!((second.attempts, second.fence, second.intent), (3, 8, Some(11)));
    assert_eq!((second.about.clone(), second.reference.as_deref()), (About::Referral(about), Some("K-1")));
    assert_eq!(runtime.block_on(store.next_due(&[])).unwrap(), Some(second.due));
    let mut again = Change::announced_by(0);
    again.enqueue.push(DeliveryRow { message: MessageId::from_uuid(Uuid::max()), ..second.clone() });
    assert!(matches!(runtime.block_on(store.commit(again)), Err(StoreError::Conflict)), "a second notice");
}

/// What a delivery is about is one of two, and of neither only a notice, whoever writes to the file.
#[test]
fn a_delivery_is_about_a_referral_or_a_section() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    for (number, (item, referral, plan, owner, is_right)) in (0_u8..).zip([
        (6, "x'01'", "NULL", "NULL", true),
        (6, "NULL", "x'01'", "'te'", true),
        (6, "NULL", "NULL", "NULL", false),
        (5, "NULL", "NULL", "NULL", true),
        (6, "x'01'", "x'01'", "'te'", false),
        (6, "NULL", "x'01'", "NULL", false),
        (5, "x'01'", "NULL", "'te'", false),
    ]) {
        let sql = format!(
            "INSERT INTO delivery (message, item, item_index, referral, plan, owner, youth, agency, state, attempts, due,
                 deadline, fence, priority)
             VALUES (x'{number:02}', {item}, 0, {referral}, {plan}, {owner}, x'01', 'kela', 1, 0, 5, 9, 1, 2)"
        );
        assert_eq!(connection.execute(&sql, []).is_ok(), is_right, "{sql}");
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 99, known } if known == schema::newest()));
    assert_eq!(pragma(&Connection::open(&path).unwrap(), "user_version"), 99);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_folder, path) = folder();
    fs::write(&path, "no database at all, but long enough to look like one".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Failed(_))));
    assert!(matches!(SqliteStore::open(Path::new("/nowhere/polku.db")), Err(StoreError::Failed(_))));
}

#[test]
fn what_was_answered_is_there_after_reopening() {
    let (_folder, path) = folder();
    let runtime = Runtime::new().unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let mut change = Change::announced_by(0);
    change.youth = Some(youth(1));
    runtime.block_on(store.commit(change)).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(runtime.block_on(store.youth(youth(1).id)).unwrap(), Some(youth(1)));
}

/// Holds the writer back until everything is queued, so that all of it becomes one transaction.
struct Gate {
    writer: Arc<Writer>,
    open: mpsc::Sender<()>,
    waiting: tokio::task::JoinHandle<Result<(), StoreError>>,
}

async fn closed_gate(path: &Path) -> Gate {
    drop(SqliteStore::open(path).unwrap());
    let writer = Arc::new(Writer::start(schema::connect(path).unwrap(), &Blocking::Threads).unwrap());
    let (open, opened) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel::<()>();
    let waiting = tokio::spawn({
        let writer = Arc::clone(&writer);
        async move {
            writer
                .write(move |_| {
                    let _ = started.send(());
                    opened.recv().map_err(failed)
                })
                .await
        }
    });
    has_started.await.unwrap();
    Gate { writer, open, waiting }
}

#[test]
fn in_one_transaction_a_bad_change_falls_and_the_others_stand() {
    let (_folder, path) = folder();
    Runtime::new().unwrap().block_on(async {
        let gate = closed_gate(&path).await;
        let mut commits = Vec::new();
        for (leaf, number) in [(1, 1), (2, 2), (3, 1), (4, 3)] {
            let writer = Arc::clone(&gate.writer);
            let mut change = Change::announced_by(leaf);
            change.youth =
                Some(YouthRow { id: polku_proto::YouthId::from_uuid(Uuid::now_v7()), ..youth(number) });
            commits.push(tokio::spawn(async move {
                writer.write(move |connection| do_work(connection, &commit(change))).await
            }));
            tokio::task::yield_now().await;
        }
        while commits.iter().any(|commit| !commit.is_finished()) && gate.writer.waiting() < 4 {
            tokio::task::yield_now().await;
        }
        gate.open.send(()).unwrap();
        gate.waiting.await.unwrap().unwrap();
        let mut taken = 0;
        for commit in commits {
            match commit.await.unwrap() {
                Ok(_) => {}
                Err(StoreError::IdentityTaken) => taken += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(taken, 1);
        let connection = Connection::open(&path).unwrap();
        let count: i64 = connection.query_row("SELECT count(*) FROM youth", [], |row| row.get(0)).unwrap();
        let leaves: i64 =
            connection.query_row("SELECT count(*) FROM audit_detail", [], |row| row.get(0)).unwrap();
        assert_eq!((count, leaves), (3, 3));
    });
}

#[test]
fn a_full_queue_is_busy_at_once() {
    let (_folder, path) = folder();
    Runtime::new().unwrap().block_on(async {
        let gate = closed_gate(&path).await;
        let mut waiting = Vec::new();
        for _ in 0..QUEUE_JOBS {
            let writer = Arc::clone(&gate.writer);
            waiting.push(tokio::spawn(async move { writer.write(|_| Ok(())).await }));
        }
        while gate.writer.waiting() < QUEUE_JOBS {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gate.writer.write(|_| Ok(())).await, Err(StoreError::Busy)));
        gate.open.send(()).unwrap();
        for answer in waiting {
            answer.await.unwrap().unwrap();
        }
        gate.writer.write(|_| Ok(())).await.unwrap();
    });
}

#[test]
fn nobody_in_a_lost_transaction_is_told_that_it_is_done() {
    let (_folder, path) = folder();
    Runtime::new().unwrap().block_on(async {
        let gate = closed_gate(&path).await;
        let mark = Arc::clone(&gate.writer);
        let mark = tokio::spawn(async move {
            mark.write(|connection| do_work(connection, &commit(Change::announced_by(1)))).await
        });
        let rollback = Arc::clone(&gate.writer);
        let rollback = tokio::spawn(async move {
            // What SQLite does by itself when the disk is full.
            rollback.write(|connection| connection.execute_batch("ROLLBACK").map_err(failed)).await
        });
        while gate.writer.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        gate.open.send(()).unwrap();
        gate.waiting.await.unwrap().unwrap();
        let answers = [mark.await.unwrap().map(drop), rollback.await.unwrap()];
        // Either may come first; whoever was in the transaction that was lost is told so.
        assert!(matches!(answers[1], Err(StoreError::Failed(_))), "{answers:?}");
        let connection = Connection::open(&path).unwrap();
        let leaves: i64 =
            connection.query_row("SELECT count(*) FROM audit_detail", [], |row| row.get(0)).unwrap();
        assert_eq!(leaves == 1, answers[0].is_ok(), "{answers:?}");
        // The writer goes on.
        gate.writer.write(|connection| do_work(connection, &commit(Change::announced_by(9)))).await.unwrap();
    });
}

#[test]
fn searches_for_work_use_the_index_of_what_is_pending() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let plan = |sql: &str| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for (sql, index) in [
        (
            "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND priority = 2
                AND wake <= 1 ORDER BY wake, number LIMIT 1",
            "delivery_pending (agency=? AND priority=? AND wake<?)",
        ),
        (
            "SELECT agency, priority, wake FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND priority > 1
                ORDER BY priority, wake LIMIT 1",
            "delivery_pending (agency=? AND priority>?)",
        ),
        (
            "SELECT agency, priority, wake FROM delivery WHERE state IN (1, 2, 4) AND agency > 'te'
                ORDER BY agency, priority, wake LIMIT 1",
            "delivery_pending (agency>?)",
        ),
        (
            "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND deadline <= 1
                AND wake <= 1 ORDER BY deadline, number LIMIT 1",
            "delivery_by_deadline (agency=? AND deadline<?)",
        ),
        (
            "SELECT * FROM delivery WHERE youth = x'00' AND state IN (1, 2, 4, 5) ORDER BY number",
            "delivery_open_by_youth (youth=?)",
        ),
        (
            "SELECT * FROM referral WHERE sender = 'te' AND (created, id) < (1, x'00') ORDER BY created DESC, id DESC",
            "referral_by_sender (sender=? AND (created,id)<(?,?))",
        ),
        (
            "SELECT * FROM referral WHERE recipient = 'te' AND reached_recipient = 1 AND (created, id) < (1, x'00')
                ORDER BY created DESC, id DESC",
            "referral_by_recipient (recipient=? AND (created,id)<(?,?))",
        ),
        (
            "SELECT * FROM referral WHERE state IN (1, 2) AND respond_by <= 1 ORDER BY respond_by",
            "referral_waiting (respond_by<?)",
        ),
        (
            "SELECT * FROM referral WHERE holds_content = 1 AND delivery_ended IS NOT NULL AND delivery_ended < 1
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.referral = referral.id
                    AND delivery.state IN (1, 2, 4) AND delivery.item NOT IN (4, 5))
                ORDER BY delivery_ended",
            "referral_erasable (delivery_ended>? AND delivery_ended<?); CORRELATED SCALAR SUBQUERY 1; \
             SEARCH delivery USING INDEX delivery_by_referral (referral=?)",
        ),
        (
            "SELECT * FROM instrument WHERE number > 7 AND in_force = 1 ORDER BY number LIMIT 9",
            "SEARCH instrument USING INTEGER PRIMARY KEY (rowid>?)",
        ),
        (
            "SELECT * FROM consent_notice WHERE agency = x'00' AND position > 1 ORDER BY position LIMIT 9",
            "consent_notice_by_agency (agency=? AND rowid>?)",
        ),
        (
            "SELECT DISTINCT leaf FROM batch_item WHERE subject = x'00' ORDER BY leaf",
            "batch_item_by_subject (subject=?)",
        ),
        ("SELECT * FROM plan WHERE look_at <= 1 ORDER BY look_at", "plan_to_look_at (look_at<?)"),
        ("SELECT * FROM delivery WHERE referral = x'00' ORDER BY number", "delivery_by_referral (referral=?)"),
        (
            "UPDATE delivery SET deadline = max(deadline, 9)
                WHERE plan = x'00' AND owner = 'te' AND agency = 'te' AND item = 6 AND state IN (1, 4)",
            "delivery_waiting_part (plan=? AND owner=? AND agency=?)",
        ),
        (
            "UPDATE delivery SET fence = fence + 1
                WHERE plan = x'00' AND owner = 'te' AND agency = 'te' AND item = 6 AND state IN (1, 4)
                AND (state = 1 OR NOT EXISTS (SELECT 1 FROM delivery other
                    WHERE other.plan = x'00' AND other.owner = 'te' AND other.agency = 'te' AND other.item = 6
                    AND other.state IN (1, 4) AND (other.state = 1 OR other.number > delivery.number)))
                AND EXISTS (SELECT 1 FROM delivery behind
                    WHERE behind.youth = delivery.youth AND behind.state IN (1, 2, 4, 5) AND behind.state <> 5
                    AND behind.number > delivery.number AND NOT behind.plan <> x'00' AND behind.agency = 'te'
                    AND behind.item IN (6, 7))",
            "delivery_by_youth (youth=? AND state=? AND rowid>?)",
        ),
        (
            "SELECT count(*) FROM delivery
                WHERE plan = x'00' AND owner = 'te' AND agency = 'te' AND item IN (6, 7) AND state IN (3, 5)",
            "delivery_of_section (plan=? AND owner=? AND agency=?)",
        ),
        (
            "SELECT * FROM plan JOIN plan_revision ON plan_revision.plan = plan.id
                AND plan_revision.revision = plan.revision
                WHERE plan.youth = x'00' ORDER BY plan.created DESC, plan.id DESC",
            "plan_by_youth (youth=?)",
        ),
        (
            "SELECT * FROM plan_revision WHERE plan = x'00' AND revision < 9 ORDER BY revision DESC LIMIT 9",
            "sqlite_autoindex_plan_revision_1 (plan=? AND revision<?)",
        ),
        (
            "SELECT * FROM plan_event WHERE agency = 'te' AND position > 1 ORDER BY position LIMIT 9",
            "plan_event_by_agency (agency=? AND rowid>?)",
        ),
        (
            "SELECT * FROM plan_event WHERE agency = 'te' AND plan = x'00' AND position > 1 ORDER BY position LIMIT 9",
            "plan_event_by_plan (plan=? AND agency=? AND rowid>?)",
        ),
        (
            "SELECT * FROM task WHERE agency = 'te' AND (created, id) > (1, x'00') ORDER BY created, id LIMIT 9",
            "task_by_agency (agency=? AND (created,id)>(?,?))",
        ),
        (
            "SELECT * FROM task WHERE agency = 'te' AND state = 1 AND (created, id) > (1, x'00')
                ORDER BY created, id LIMIT 9",
            "task_open_by_agency (agency=? AND (created,id)>(?,?))",
        ),
        (
            "SELECT * FROM task WHERE agency = 'te' AND youth = x'00' AND (created, id) > (1, x'00')
                ORDER BY created, id LIMIT 9",
            "task_by_youth (youth=? AND agency=? AND (created,id)>(?,?))",
        ),
        (
            "SELECT * FROM task WHERE plan = x'00' AND state = 1 ORDER BY created, id",
            "task_open_by_plan (plan=?)",
        ),
        (
            "SELECT * FROM task_event WHERE agency = 'te' AND position > 1 ORDER BY position LIMIT 9",
            "task_event_by_agency (agency=? AND rowid>?)",
        ),
        (
            "UPDATE request SET sealed_answer = x'' WHERE (organisation, request) IN
                (SELECT organisation, request FROM request WHERE time < 1 AND length(sealed_answer) > 0
                    ORDER BY time LIMIT 9)",
            "request_with_answer (time<?)",
        ),
    ] {
        let plan = plan(sql);
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
    }
}

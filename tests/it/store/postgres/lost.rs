//! What is answered when the connection to the database is lost, at the worst moment and at any other?

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_gateway::seal::{IdentityIndex, WrappedKey};
use polku_gateway::store::postgres::{PostgresSettings, PostgresStore, Server};
use polku_gateway::store::{Change, NewEvent, ReferralRow, ReferralWrite, Store as _, StoreError, YouthRow};
use polku_proto::v1::ReferralState;
use polku_proto::{AgencyId, ReferralId, YouthId};
use polku_tests::postgres::Cluster;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use uuid::Uuid;

/// What the line does when it sees a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nothing,
    /// The server does not see it.
    Before,
    /// The server has done it, and nobody hears of it.
    After,
    /// The same, and no new line can be had.
    AfterForGood,
}

/// The end of the last statements of a transaction, as the protocol writes it.
const COMMIT: &[u8] = b"; COMMIT\0";

/// The server is through, and in no transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// A line to the server that breaks once, when it is told to.
struct Line {
    settings: PostgresSettings,
    cut: Arc<Mutex<Cut>>,
    _folder: TempDir,
}

impl Line {
    fn to(cluster: &Cluster) -> Line {
        let settings = cluster.database().unwrap();
        let folder = TempDir::new().unwrap();
        let name = format!(".s.PGSQL.{}", settings.port);
        let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
        let target = cluster.folder().join(name);
        let cut = Arc::new(Mutex::new(Cut::Nothing));
        let settings = PostgresSettings { server: Server::Socket(folder.path().to_owned()), ..settings };
        tokio::spawn({
            let cut = Arc::clone(&cut);
            async move {
                let gone = Arc::new(Mutex::new(false));
                while let Ok((client, _)) = listener.accept().await {
                    if !*gone.lock().unwrap() {
                        tokio::spawn(carry(client, target.clone(), Arc::clone(&cut), Arc::clone(&gone)));
                    }
                }
            }
        });
        Line { settings, cut, _folder: folder }
    }

    fn cut(&self, how: Cut) {
        *self.cut.lock().unwrap() = how;
    }
}

async fn carry(
    mut client: UnixStream,
    target: impl AsRef<Path>,
    cut: Arc<Mutex<Cut>>,
    gone: Arc<Mutex<bool>>,
) {
    let mut server = UnixStream::connect(target).await.unwrap();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let Ok(count @ 1..) = count else { return };
                let is_commit = asked[..count].windows(COMMIT.len()).any(|window| window == COMMIT);
                let how = if is_commit { std::mem::replace(&mut *cut.lock().unwrap(), Cut::Nothing) } else { Cut::Nothing };
                if how == Cut::Before {
                    return;
                }
                server.write_all(&asked[..count]).await.unwrap();
                if how != Cut::Nothing {
                    let mut answer = Vec::new();
                    while !answer.ends_with(READY) {
                        assert!(server.read_buf(&mut answer).await.unwrap() > 0, "the server has left");
                    }
                    *gone.lock().unwrap() = how == Cut::AfterForGood;
                    return;
                }
            }
            count = server.read(&mut answered) => {
                let Ok(count @ 1..) = count else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether the server did it or not: a commit that is answered is there once, and a lost one is done again.
#[tokio::test]
async fn a_line_that_breaks_at_the_commit_does_no_harm() {
    let cluster = Cluster::shared().unwrap();
    let line = Line::to(cluster);
    let store = PostgresStore::open(&line.settings).await.unwrap();
    for (leaf, how) in
        [(1, Cut::Before), (2, Cut::After), (3, Cut::Nothing), (4, Cut::After), (5, Cut::Before)]
    {
        line.cut(how);
        store.commit(Change::announced_by(leaf)).await.unwrap();
        assert_eq!(*line.cut.lock().unwrap(), Cut::Nothing, "the line did not break");
        let repeated = store.commit(Change::announced_by(leaf)).await;
        assert!(matches!(repeated, Err(StoreError::Conflict)), "{repeated:?}");
    }
    assert_eq!(store.committed_leaves(0).await.unwrap(), [1, 2, 3, 4, 5]);
}

/// Nobody is told that it is there, and nobody that it is not.
#[tokio::test]
async fn what_cannot_be_found_out_is_said_to_be_so() {
    let cluster = Cluster::shared().unwrap();
    let line = Line::to(cluster);
    let store = PostgresStore::open(&line.settings).await.unwrap();
    line.cut(Cut::AfterForGood);
    let answer = store.commit(Change::announced_by(1)).await;
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
    // By now it is certain that nothing is made.
    let answer = store.commit(Change::announced_by(2)).await;
    assert!(matches!(answer, Err(StoreError::NotWritten(_))), "{answer:?}");
    let leaves = cluster.sql(&line.settings.database, "SELECT sequence FROM audit_detail").unwrap();
    assert_eq!(leaves, "1");
}

/// All connections that read are gone at once, and nobody who asks notices.
#[tokio::test]
async fn a_question_outlives_its_connection() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    let store = Arc::new(PostgresStore::open(&settings).await.unwrap());
    store.commit(Change::announced_by(1)).await.unwrap();
    for _ in 0..5 {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = Arc::clone(&store);
            asked.spawn(async move { store.committed_leaves(0).await.unwrap() });
        }
        assert_eq!(asked.join_all().await, vec![vec![1]; 8]);
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'polku' AND datname = current_database()";
        cluster.sql(&settings.database, cut).unwrap();
    }
}

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn beginning() -> Change {
    let mut change = Change::announced_by(0);
    let created = jiff::Timestamp::UNIX_EPOCH;
    let youth = YouthId::from_uuid(Uuid::from_u128(1));
    change.youth = Some(YouthRow {
        id: youth,
        identity: IdentityIndex::from_bytes([1; 32]),
        key: WrappedKey::from_bytes([1; WrappedKey::BYTES]),
        sealed_identity: Vec::new(),
        created,
    });
    let row = ReferralRow {
        id: ReferralId::from_uuid(Uuid::from_u128(1)),
        youth,
        sender: agency("te"),
        recipient: agency("kela"),
        state: ReferralState::Requested,
        version: 1,
        created,
        updated: created,
        respond_by: created,
        reached_recipient: false,
        delivery_ended: None,
        holds_content: false,
        sealed: Vec::new(),
    };
    change.referrals.push(ReferralWrite { row, expected: None });
    change
}

fn told(leaf: u64) -> Change {
    let mut change = Change::announced_by(leaf);
    change.events.push(NewEvent {
        kind: 1,
        referral: ReferralId::from_uuid(Uuid::from_u128(1)),
        sender: agency("te"),
        recipient: None,
        time: jiff::Timestamp::UNIX_EPOCH,
    });
    change
}

/// Connections are cut and the server crashes while many write: every answer is true, and no position is missing or taken
/// twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_and_comes_back_loses_nothing_that_was_answered() {
    let cluster = Cluster::start().unwrap();
    let settings = cluster.database().unwrap();
    let store = Arc::new(PostgresStore::open(&settings).await.unwrap());
    store.commit(beginning()).await.unwrap();
    let over = Arc::new(Mutex::new(false));
    let mut callers = Vec::new();
    for caller in 0..8_u64 {
        let (store, over) = (Arc::clone(&store), Arc::clone(&over));
        callers.push(tokio::spawn(async move {
            let mut answers = Vec::new();
            for leaf in (1..).map(|count| count * 8 + caller) {
                if *over.lock().unwrap() {
                    break;
                }
                answers.push((leaf, store.commit(told(leaf)).await));
            }
            answers
        }));
    }
    for round in 0..12 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        if round % 4 == 3 {
            cluster.crash().unwrap();
            cluster.begin().unwrap();
        } else {
            let cut =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'polku'";
            cluster.sql("postgres", cut).unwrap();
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    *over.lock().unwrap() = true;
    let mut answers = Vec::new();
    for caller in callers {
        answers.extend(caller.await.unwrap());
    }
    let there = store.committed_leaves(1).await.unwrap();
    let mut made = 0;
    for (leaf, answer) in &answers {
        match answer {
            Ok(()) => {
                made += 1;
                assert!(there.contains(leaf), "{leaf} was acknowledged and is lost");
            }
            Err(StoreError::NotWritten(_)) => assert!(!there.contains(leaf), "{leaf} is there all the same"),
            Err(StoreError::Unknown(_)) => {}
            Err(error) => panic!("{leaf}: {error:?}"),
        }
    }
    assert!(made > 100, "{made} of {}", answers.len());
    let events = store.events_after(0, &agency("te"), u32::MAX).await.unwrap();
    let positions: Vec<u64> = events.iter().map(|row| row.position).collect();
    assert_eq!(positions, (1..=there.len() as u64).collect::<Vec<u64>>());
}

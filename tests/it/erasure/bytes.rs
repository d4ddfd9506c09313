//! Are the bytes of somebody who was erased nowhere any more: key, earlier key, identity, id, and what was told?

use std::path::{Path, PathBuf};

use polku_gateway::store::YouthRow;
use polku_tests::postgres::Cluster;
use polku_tests::world::{Database, GatewayProcess, PEOPLE, World, WorldSettings, eventually};
use tempfile::TempDir;

use super::{PATIENCE, found, known, row_of, worker};
use crate::stage::{files_under, polku, text};
use crate::window::{add, encounter};

const ANNA: &str = PEOPLE[0];
const EETU: &str = PEOPLE[1];

/// Waits until nobody's key is wrapped by the first master key, and what it had wrapped has left the database.
async fn rotated(log: &Path) {
    let done = || async {
        let said = std::fs::read_to_string(log).unwrap();
        let (_, after) = said.split_once("no row needs this master key any more")?;
        after.contains("no page of the database holds what was erased or wrapped anew").then_some(())
    };
    eventually(PATIENCE, done).await.expect("keys are not wrapped anew");
}

/// What of somebody can be searched for: it differs from everybody else's.
fn traces(row: &YouthRow) -> Vec<Vec<u8>> {
    let id = row.id.uuid();
    vec![
        // The first byte is the version, which others have as well.
        row.key.as_bytes()[1..].to_vec(),
        row.identity.as_bytes().to_vec(),
        row.sealed_identity.clone(),
        id.as_bytes().to_vec(),
        id.to_string().into_bytes(),
    ]
}

struct Scene {
    folder: TempDir,
    world: World,
    config: PathBuf,
    log: PathBuf,
    /// Of Anna, with her key as the first and as the second master key wraps it.
    anna: [YouthRow; 2],
    eetu: YouthRow,
}

/// Two people live through the rotation of the master key.
async fn rotated_world(database: Database) -> Scene {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("gateway.log"));
    let gateway = GatewayProcess::start_logging(&config, &log, "trace").await.unwrap();
    world.connect_agencies(gateway.bound);
    for code in [ANNA, EETU] {
        known(&worker(&world, &gateway), code).await;
    }
    assert!(gateway.stop().await.unwrap().success());
    let first = row_of(&world, ANNA).await.unwrap();

    let made = polku(&["keys", "rotate", text(&folder.path().join("keys"))]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let gateway = GatewayProcess::start_logging(&config, &log, "trace").await.unwrap();
    world.connect_agencies(gateway.bound);
    rotated(&log).await;
    // There is more about both, written with the key as it is wrapped now.
    for code in [ANNA, EETU] {
        let mut client = worker(&world, &gateway);
        let youth = client.identify(code).await.unwrap();
        add(&client, &youth, encounter()).await.unwrap();
    }
    assert!(gateway.stop().await.unwrap().success());
    let second = row_of(&world, ANNA).await.unwrap();
    assert_eq!((first.key.master_version(), second.key.master_version()), (1, 2));
    let eetu = row_of(&world, EETU).await.unwrap();
    Scene { folder, world, config, log, anna: [first, second], eetu }
}

/// Erases Anna while the gateway runs, as an operator does.
async fn erased(scene: &Scene) -> GatewayProcess {
    let gateway = GatewayProcess::start_logging(&scene.config, &scene.log, "trace").await.unwrap();
    let id = format!("youths/{}", scene.anna[0].id);
    // Its socket for operators opens right after it is ready.
    let erase = || async {
        let ran = polku(&["erase", "--config", text(&scene.config), "--controller", "ohjaamo", &id]);
        (!ran.err.contains("no gateway that you may speak to")).then_some(ran)
    };
    let said = eventually(PATIENCE, erase).await.expect("the gateway does not listen to its operator");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("no page of the database holds their bytes any more"), "{said:?}");
    assert!(said.out.contains("GDPR article 19): te"), "{said:?}");
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_holds_the_bytes_of_somebody_who_was_erased() {
    let scene = rotated_world(Database::Embedded).await;
    let data = scene.folder.path().join("data");
    let [first, second] = &scene.anna;
    // The search finds what there is, and nothing is left of the key as it was wrapped before.
    for trace in traces(second).iter().take(4) {
        assert!(!found(&data, trace).is_empty(), "the search finds nothing");
    }
    assert!(found(&data, &first.key.as_bytes()[1..]).is_empty(), "an earlier copy of the key");

    let gateway = erased(&scene).await;
    let everything = [traces(first), traces(second)].concat();
    let nowhere = |when: &str| {
        assert!(files_under(&data).len() > 4);
        for (number, trace) in everything.iter().enumerate() {
            let found = found(scene.folder.path(), trace);
            let found: Vec<_> = found.iter().filter(|path| **path != scene.log).collect();
            assert!(found.is_empty(), "{when}: trace {number} is in {found:?}");
        }
        // The log of the process may name an id, which stands for nobody any more.
        for trace in [&everything[0], &everything[1], &everything[2], &everything[5]] {
            assert!(
                found(scene.folder.path(), trace).is_empty(),
                "{when}: a key or an identity is in the log"
            );
        }
        for eetu in traces(&scene.eetu).iter().take(4) {
            assert!(!found(&data, eetu).is_empty(), "{when}: somebody else is gone as well");
        }
    };
    nowhere("while it runs");
    gateway.kill().await.unwrap();
    nowhere("after a crash");

    // Proofs hold, and the next start finds nothing amiss.
    let (log, tiles) = (data.join("audit.log"), data.join("tlog"));
    let key = polku(&["keys", "verifier", text(&scene.folder.path().join("keys/log.key"))]).out;
    let verified = || async {
        let verified = polku(&["audit", "verify", text(&log), "--tiles", text(&tiles), "--key", key.trim()]);
        (verified.code == Some(0)).then_some(())
    };
    let gateway = GatewayProcess::start(&scene.config, &scene.log).await.unwrap();
    eventually(PATIENCE, verified).await.expect("the log does not verify");
    let mut client = worker(&scene.world, &gateway);
    let again = client.identify(ANNA).await.unwrap();
    assert_ne!(again, format!("youths/{}", first.id));
    assert_eq!(client.identify(EETU).await.unwrap(), format!("youths/{}", scene.eetu.id));
    assert!(gateway.stop().await.unwrap().success());
}

/// Of a server those files are searched that hold tables: its own log, archives and standbys are the operator's.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_of_a_server_holds_the_key_of_somebody_who_was_erased() {
    let cluster = Cluster::shared().unwrap();
    let scene = rotated_world(Database::Server).await;
    let database = scene.world.database().unwrap();
    let oid =
        cluster.sql(database, "SELECT oid FROM pg_database WHERE datname = current_database()").unwrap();
    let tables = cluster.folder().join("data/base").join(oid);
    let written = || cluster.sql(database, "CHECKPOINT").map(drop).unwrap();
    let [first, second] = &scene.anna;
    written();
    for trace in traces(second).iter().take(4) {
        assert!(!found(&tables, trace).is_empty(), "the search finds nothing");
    }
    assert!(found(&tables, &first.key.as_bytes()[1..]).is_empty(), "an earlier copy of the key");
    // Enough people for the server to have samples of every column, as it takes them by itself.
    let sampled = "INSERT INTO youth (id, identity, wrapped_key, sealed_identity, created)
        SELECT gen_random_uuid(), uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()),
            uuid_send(gen_random_uuid()), number FROM generate_series(1, 300) number;
        ANALYZE";
    cluster.sql(database, sampled).unwrap();
    let samples = "SELECT count(*) FROM pg_stats WHERE tablename = 'youth' AND attname = ";
    assert_eq!(cluster.sql(database, &format!("{samples} 'created'")).unwrap(), "1");
    assert_eq!(cluster.sql(database, &format!("{samples} 'wrapped_key'")).unwrap(), "0");
    let made_up = "DELETE FROM youth WHERE octet_length(wrapped_key) = 16";
    cluster.sql(database, made_up).unwrap();
    let gateway = erased(&scene).await;
    written();
    for trace in [traces(first), traces(second)].concat() {
        // What is left where a table was only vacuumed names an id, which stands for nobody any more.
        let is_id = trace.len() == 16;
        let found = found(&tables, &trace);
        assert!(is_id || found.is_empty(), "{found:?}");
    }
    assert!(!found(&tables, &scene.eetu.key.as_bytes()[1..]).is_empty(), "somebody else is gone as well");
    for trace in traces(second) {
        assert!(found(&scene.folder.path().join("data"), &trace).is_empty(), "in the gateway's own folder");
    }
    assert!(gateway.stop().await.unwrap().success());
    assert_eq!(row_of(&scene.world, ANNA).await, None);
    assert_eq!(row_of(&scene.world, EETU).await.unwrap().id, scene.eetu.id);
}

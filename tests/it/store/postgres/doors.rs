//! Which databases are let in, and who is let into them?

use std::sync::Arc;

use polku_gateway::store::postgres::{PostgresSettings, PostgresStore, Server};
use polku_gateway::store::{Change, Store as _, StoreError};
use polku_tests::pki::Pki;
use polku_tests::postgres::Cluster;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// What the store says, with everything behind it.
fn words(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", words(source)),
        None => error.to_string(),
    }
}

async fn refused(settings: &PostgresSettings) -> StoreError {
    PostgresStore::open(settings).await.unwrap_err()
}

#[tokio::test]
async fn over_tls_the_server_is_known_by_its_authority() {
    let cluster = Cluster::shared().unwrap();
    let socket = cluster.database().unwrap();
    let tls = cluster.over_tls(&socket).unwrap();
    {
        let store = PostgresStore::open(&tls).await.unwrap();
        store.commit(Change::announced_by(3)).await.unwrap();
        assert_eq!(store.committed_leaves(0).await.unwrap(), [3]);
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'polku' AND datname = current_database()";
        assert_eq!(cluster.sql(&socket.database, encrypted).unwrap(), "t");
    }
    let other = Pki::new().unwrap();
    let mut authorities = RootCertStore::empty();
    authorities.add(CertificateDer::from_pem_slice(other.authority_pem().as_bytes()).unwrap()).unwrap();
    let server = Server::Tls { host: "localhost".to_owned(), authorities: Arc::new(authorities) };
    let error = refused(&PostgresSettings { server, ..tls.clone() }).await;
    assert!(words(&error).contains("invalid peer certificate"), "{}", words(&error));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_repeated_nowhere() {
    let cluster = Cluster::shared().unwrap();
    let tls = cluster.over_tls(&cluster.database().unwrap()).unwrap();
    let wrong = PostgresSettings { password: Some(b"not-the-password".to_vec().into()), ..tls.clone() };
    let error = refused(&wrong).await;
    assert!(words(&error).contains("28P01"), "{}", words(&error));
    for text in [format!("{error:?}"), words(&error), format!("{wrong:?}"), format!("{tls:?}")] {
        assert!(!text.contains("password\"") && !text.contains("not-the-password"), "{text}");
        assert!(!text.contains("a-synthetic-database-password"), "{text}");
    }
}

/// What a commit acknowledges must survive the loss of the server's power.
#[tokio::test]
async fn a_server_that_can_lose_a_commit_is_refused() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    for weak in ["off", "local", "remote_write"] {
        let alter = format!("ALTER DATABASE {} SET synchronous_commit = {weak}", settings.database);
        cluster.sql("postgres", &alter).unwrap();
        let error = refused(&settings).await;
        let expected = format!("synchronous_commit is {weak}");
        assert!(words(&error).contains(&expected), "{}", words(&error));
    }
    let alter = format!("ALTER DATABASE {} SET synchronous_commit = on", settings.database);
    cluster.sql("postgres", &alter).unwrap();
    PostgresStore::open(&settings).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    drop(PostgresStore::open(&settings).await.unwrap());
    cluster.sql(&settings.database, "UPDATE schema_version SET version = 99").unwrap();
    let error = refused(&settings).await;
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error:?}");
    assert_eq!(cluster.sql(&settings.database, "SELECT version FROM schema_version").unwrap(), "99");
}

/// While another session holds up whoever writes, as many as there is room for wait, and the others hear it at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_busy_at_once() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    let store = Arc::new(PostgresStore::open(&settings).await.unwrap());
    let database = settings.database.clone();
    let holding = std::thread::spawn(move || {
        // The lock of the transactions that write.
        cluster.sql(&database, "SELECT pg_advisory_lock(1886350443, 2), pg_sleep(2)").unwrap();
    });
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while cluster.sql(&settings.database, held).unwrap() != "1" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut commits = Vec::new();
    for leaf in 0..6000 {
        let store = Arc::clone(&store);
        commits.push(tokio::spawn(async move { store.commit(Change::announced_by(leaf)).await }));
    }
    let (mut made, mut busy) = (0, 0);
    for commit in commits {
        match commit.await.unwrap() {
            Ok(()) => made += 1,
            Err(StoreError::Busy) => busy += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    holding.join().unwrap();
    assert!(made >= 4096 && busy > 1000, "{made} made, {busy} busy");
    assert_eq!(store.committed_leaves(0).await.unwrap().len(), made);
    store.commit(Change::announced_by(6000)).await.unwrap();
}

/// The same index for the same search as in the other back end, and nothing sorted.
#[tokio::test]
async fn searches_for_work_use_the_index_of_what_is_pending() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    drop(PostgresStore::open(&settings).await.unwrap());
    for (search, index) in [
        (
            "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND priority = 2
                AND wake <= 1 ORDER BY wake, number LIMIT 1",
            "delivery_pending",
        ),
        (
            "SELECT agency, priority, wake FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND priority > 1
                ORDER BY priority, wake LIMIT 1",
            "delivery_pending",
        ),
        (
            "SELECT agency, priority, wake FROM delivery WHERE state IN (1, 2, 4) AND agency > 'te'
                ORDER BY agency, priority, wake LIMIT 1",
            "delivery_pending",
        ),
        (
            "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = 'te' AND deadline <= 1
                AND wake <= 1 ORDER BY deadline LIMIT 1",
            "delivery_by_deadline",
        ),
        (
            "SELECT * FROM referral WHERE state IN (1, 2) AND respond_by <= 1 ORDER BY respond_by",
            "referral_waiting",
        ),
        (
            "SELECT * FROM referral WHERE holds_content = 1 AND delivery_ended IS NOT NULL AND delivery_ended < 1
                ORDER BY delivery_ended",
            "referral_erasable",
        ),
        ("SELECT * FROM plan WHERE look_at <= 1 ORDER BY look_at", "plan_to_look_at"),
        (
            "SELECT * FROM task WHERE agency = 'te' AND state = 1 AND (created, id) > (1, gen_random_uuid())
                ORDER BY created, id LIMIT 9",
            "task_open_by_agency",
        ),
        ("SELECT * FROM follow_up WHERE due <= 1 ORDER BY due, number LIMIT 9", "follow_up_by_day"),
    ] {
        let explain = format!("SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN {search}");
        let plan = cluster.sql(&settings.database, &explain).unwrap();
        assert!(plan.contains(&format!("using {index}")) && !plan.contains("Sort"), "{search}\n{plan}");
    }
}

/// How many rows each node of a plan has read, by the server's own count: those that it has given, and those that it has
/// thrown away.
fn rows_read(plan: &str) -> usize {
    let numbers = |before: &'static str| {
        plan.split(before).skip(1).map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap()
        })
    };
    numbers("(actual rows=").chain(numbers("by Filter: ")).chain(numbers("by Index Recheck: ")).max().unwrap()
}

/// What waits for one agency is passed over by whoever looks for work for others, however many there are, whatever the
/// server knows of the table, and whether or not it plans for the values.
#[tokio::test]
async fn ten_thousand_that_wait_for_one_agency_are_passed_over() {
    let cluster = Cluster::shared().unwrap();
    let settings = cluster.database().unwrap();
    drop(PostgresStore::open(&settings).await.unwrap());
    let fill = |agency: &str, count: u32| {
        format!(
            "INSERT INTO delivery (message, item, item_index, referral, youth, agency, state, attempts, due, deadline,
                    fence, priority)
                SELECT gen_random_uuid(), 1, 0, gen_random_uuid(), gen_random_uuid(), '{agency}', 1, 0, number % 900,
                    1000000, 0, 2
                FROM generate_series(1, {count}) AS number;"
        )
    };
    let (many, one) = (fill("te", 10_000), fill("walmu", 1));
    // Whom and what they are about is somewhere else.
    cluster
        .sql(&settings.database, &format!("SET session_replication_role = replica; {many} {one}"))
        .unwrap();
    for statistics in ["", "ANALYZE delivery;"] {
        for mode in ["force_generic_plan", "force_custom_plan"] {
            for (parameters, search, values, most) in [
                (
                    "TEXT, BIGINT",
                    "SELECT agency, priority, wake FROM (SELECT agency, priority, wake FROM delivery
                            WHERE state IN (1, 2, 4) AND agency = $1 AND priority > $2 ORDER BY priority, wake
                            LIMIT 1) AS of_same
                        UNION ALL
                        SELECT agency, priority, wake FROM (SELECT agency, priority, wake FROM delivery
                            WHERE state IN (1, 2, 4) AND agency > $1 ORDER BY agency, priority, wake
                            LIMIT 1) AS of_next
                        ORDER BY agency, priority LIMIT 1",
                    "'te', 2",
                    1,
                ),
                (
                    "TEXT, BIGINT, BIGINT, BIGINT",
                    "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = $1 AND priority = $2
                        AND wake <= $3 ORDER BY wake, number LIMIT $4",
                    "'te', 2, 1000, 16",
                    16,
                ),
                (
                    "TEXT, BIGINT, BIGINT, BIGINT",
                    "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = $1 AND deadline <= $2
                        AND wake <= $3 ORDER BY deadline, number LIMIT $4",
                    "'te', 1000, 1000, 16",
                    16,
                ),
            ] {
                let explain = format!(
                    "SET plan_cache_mode = {mode}; {statistics} PREPARE search ({parameters}) AS {search};
                    EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE search ({values})"
                );
                let plan = cluster.sql(&settings.database, &explain).unwrap();
                assert!(rows_read(&plan) <= most, "{mode} {statistics}\n{plan}");
            }
        }
    }
}

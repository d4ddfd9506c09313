//! How does each writer write a group of sends, so that all of it is on disk afterwards?

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::BytesMut;
use futures_util::future::{join3, try_join_all};
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::Into;
use super::rows::{ANSWER, DETAIL, FINGERPRINT, LEAF, REFERRAL, Send, postgres, sqlite};

/// The time of everything, of which the indexes know no better.
const TIME: i64 = 1_790_000_000_000;

/// Writes groups, each in one piece.
pub(super) trait Engine: std::marker::Send {
    /// All of it is on disk when this returns.
    fn write(&mut self, sends: &[Send]) -> Result<()>;
}

pub(super) fn open(into: &Into) -> Result<Box<dyn Engine>> {
    Ok(match into {
        Into::File { folder } => Box::new(Appending::open(folder)?),
        Into::Sqlite { folder } => Box::new(Embedded::open(folder)?),
        Into::Postgres { socket, port, database, user } => {
            Box::new(OnServer::open(socket, *port, database, user)?)
        }
    })
}

/// All bytes of the rows, and of the leaf, one after the other.
struct Appending {
    file: File,
    bytes: Vec<u8>,
}

impl Appending {
    fn open(folder: &Path) -> Result<Appending> {
        let file = OpenOptions::new().create(true).append(true).open(folder.join("sends"))?;
        Ok(Appending { file, bytes: Vec::new() })
    }
}

impl Engine for Appending {
    fn write(&mut self, sends: &[Send]) -> Result<()> {
        const SEALED: usize = ANSWER + DETAIL + REFERRAL + LEAF + FINGERPRINT;
        self.bytes.clear();
        for send in sends {
            for id in [send.request, send.youth, send.referral, send.message] {
                self.bytes.extend_from_slice(id.as_bytes());
            }
            self.bytes.resize(self.bytes.len() + SEALED, 7);
        }
        self.file.write_all(&self.bytes)?;
        Ok(self.file.sync_data()?)
    }
}

struct Embedded(Connection);

impl Embedded {
    fn open(folder: &Path) -> Result<Embedded> {
        let connection = Connection::open(folder.join("sends.db"))?;
        // As the gateway has them.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -65536;
             PRAGMA journal_size_limit = 67108864;",
        )?;
        connection.set_prepared_statement_cache_capacity(16);
        connection.execute_batch(&sqlite())?;
        Ok(Embedded(connection))
    }
}

impl Engine for Embedded {
    fn write(&mut self, sends: &[Send]) -> Result<()> {
        let transaction = self.0.transaction()?;
        for send in sends {
            let (request, youth) = (send.request.as_bytes(), send.youth.as_bytes());
            let (referral, message) = (send.referral.as_bytes(), send.message.as_bytes());
            let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<()> {
                transaction.prepare_cached(sql)?.execute(values)?;
                Ok(())
            };
            run(
                "INSERT INTO request VALUES ('ohjaamo', ?1, ?2, ?3, ?4, ?5)",
                params![request, [7_u8; FINGERPRINT], youth, [7_u8; ANSWER], TIME],
            )?;
            run(
                "INSERT INTO audit_detail VALUES (?1, ?2, ?3)",
                params![send.sequence, youth, [7_u8; DETAIL]],
            )?;
            run(
                "INSERT INTO referral (id, youth, sender, recipient, state, version, created, updated, respond_by,
                    reached_recipient, holds_content, sealed)
                 VALUES (?1, ?2, 'ohjaamo', 'te', 1, 1, ?3, ?3, ?3, 0, 1, ?4)",
                params![referral, youth, TIME, [7_u8; REFERRAL]],
            )?;
            run(
                "INSERT INTO event (kind, referral, sender, time) VALUES (1, ?1, 'ohjaamo', ?2)",
                params![referral, TIME],
            )?;
            run(
                "INSERT INTO delivery (message, item, item_index, item_place, referral, youth, agency, state, attempts,
                    due, deadline, fence, priority)
                 VALUES (?1, 1, 0, 0, ?2, ?3, 'te', 1, 0, ?4, ?4, 0, 2)",
                params![message, referral, youth, TIME],
            )?;
        }
        Ok(transaction.commit()?)
    }
}

/// An id as the server has it.
#[derive(Debug)]
struct Id(Uuid);

impl ToSql for Id {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + std::marker::Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::UUID
    }

    to_sql_checked!();
}

struct OnServer {
    runtime: Runtime,
    client: Client,
    inserts: Vec<Statement>,
}

impl OnServer {
    fn open(socket: &Path, port: u16, database: &str, user: &str) -> Result<OnServer> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut config = tokio_postgres::Config::new();
        config.host_path(socket).port(port).dbname(database).user(user);
        let (client, connection) = runtime.block_on(config.connect(NoTls))?;
        runtime.spawn(connection);
        runtime.block_on(client.batch_execute(&postgres()))?;
        let mut inserts = Vec::new();
        for sql in INSERTS {
            inserts.push(runtime.block_on(client.prepare(sql))?);
        }
        Ok(OnServer { runtime, client, inserts })
    }
}

/// All rows of a table in one statement.
const INSERTS: [&str; 6] = [
    "INSERT INTO request SELECT 'ohjaamo', request, $3, youth, $4, $5
        FROM unnest($1::uuid[], $2::uuid[]) AS sends (request, youth)",
    "INSERT INTO audit_detail SELECT sequence, youth, $3
        FROM unnest($1::bigint[], $2::uuid[]) AS sends (sequence, youth)",
    "INSERT INTO referral (id, youth, sender, recipient, state, version, created, updated, respond_by,
            reached_recipient, holds_content, sealed)
        SELECT id, youth, 'ohjaamo', 'te', 1, 1, $4, $4, $4, 0, 1, $3
        FROM unnest($1::uuid[], $2::uuid[]) AS sends (id, youth)",
    "INSERT INTO event (kind, referral, sender, time) SELECT 1, referral, 'ohjaamo', $2
        FROM unnest($1::uuid[]) AS sends (referral)",
    "INSERT INTO delivery (message, item, item_index, item_place, referral, youth, agency, state, attempts, due,
            deadline, fence, priority)
        SELECT message, 1, 0, 0, referral, youth, 'te', 1, 0, $4, $4, 0, 2
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS sends (message, referral, youth)",
    "INSERT INTO audit_leaf SELECT sequence, $2 FROM unnest($1::bigint[]) AS sends (sequence)",
];

impl Engine for OnServer {
    fn write(&mut self, sends: &[Send]) -> Result<()> {
        let ids = |of: fn(&Send) -> Uuid| sends.iter().map(|send| Id(of(send))).collect::<Vec<_>>();
        let (requests, youths) = (ids(|send| send.request), ids(|send| send.youth));
        let (referrals, messages) = (ids(|send| send.referral), ids(|send| send.message));
        let sequences: Vec<i64> = sends.iter().map(|send| send.sequence).collect();
        let sealed = |bytes: usize| vec![7_u8; bytes];
        let (mark, answer, detail) = (sealed(FINGERPRINT), sealed(ANSWER), sealed(DETAIL));
        let (referral, leaf) = (sealed(REFERRAL), sealed(LEAF));
        let values: [&[&(dyn ToSql + Sync)]; 6] = [
            &[&requests, &youths, &mark, &answer, &TIME],
            &[&sequences, &youths, &detail],
            &[&referrals, &youths, &referral, &TIME],
            &[&referrals, &TIME],
            &[&messages, &referrals, &youths, &TIME],
            &[&sequences, &leaf],
        ];
        let client = &self.client;
        let inserts = self.inserts.iter().zip(values);
        self.runtime.block_on(async {
            // Sent without waiting, as the gateway does.
            let written = inserts.map(|(insert, values)| client.execute_raw(insert, values.iter().copied()));
            let (begun, committed) = (client.batch_execute("BEGIN"), client.batch_execute("COMMIT"));
            let (begun, written, committed) = join3(begun, try_join_all(written), committed).await;
            begun?;
            written?;
            committed.context("the transaction could not be committed")
        })
    }
}

//! How do several gateways on one database keep out of each other's way?

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use polku_proto::YouthId;
use tokio::sync::mpsc;

use super::rows::{self, Columns, YOUTH, blob, number};
use super::value::{Row, params};
use super::{Backend, Done, Query, Refusal, Step, Work};
use crate::store::{Among, Change, Erased, Fence, Heard, Hold, Known, Several, StoreError};

/// See [`Several::newest_known`], as a value in a statement.
macro_rules! newest_known {
    () => {
        "(SELECT coalesce(max(known), 0) FROM
            (SELECT max(known) AS known FROM youth WHERE known > 0
                UNION ALL SELECT max(known) FROM erased_person) AS newest)"
    };
}

#[async_trait]
impl<B: Backend> Several for B {
    fn is_shared(&self) -> bool {
        Backend::is_shared(self)
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Backend::time(self).await
    }

    async fn hold(&self, part: u32) -> Result<Option<Hold>, StoreError> {
        Backend::hold(self, part).await
    }

    async fn commit_among(&self, change: Change, among: Among) -> Result<(), StoreError> {
        self.write(Work::Commit(Box::new(change), among)).await.map(drop)
    }

    async fn close_leaf(&self, leaf: u64) -> Result<bool, StoreError> {
        Ok(matches!(self.write(Work::CloseLeaf(leaf)).await?, Done::Changed(1)))
    }

    async fn newest_known(&self) -> Result<u64, StoreError> {
        Ok(self.read(newest_known()).await?.first().copied().unwrap_or_default())
    }

    async fn known_after(&self, position: u64, limit: u32) -> Result<Vec<(Known, u64)>, StoreError> {
        self.read(known_after(position, limit)?).await
    }

    async fn gateways(&self) -> Result<u32, StoreError> {
        Backend::gateways(self).await
    }

    async fn listen(&self) -> Option<mpsc::Receiver<Heard>> {
        Backend::listen(self).await
    }
}

/// Goes on only while the hold stands. Whoever takes it over waits until this transaction has come to its end.
pub(super) fn still_holds(fence: &Fence) -> Step<'static> {
    let sql = "UPDATE hold SET holder = holder WHERE part = ?1 AND holder = ?2";
    let values = params![fence.part, blob(fence.holder)];
    Step { unless_one: Some(Refusal::NotHeld), ..Step::any(sql, values) }
}

/// Of whom something else is known with this change.
pub(super) fn known_anew(change: &Change) -> Vec<Step<'static>> {
    let mut youths: BTreeSet<YouthId> = change.youth.iter().map(|row| row.id).collect();
    youths.extend(change.instruments.iter().map(|write| write.row.youth));
    youths.extend(&change.tied);
    let sql = concat!("UPDATE youth SET known = 1 + ", newest_known!(), " WHERE id = ?1");
    youths.into_iter().map(|youth| Step::any(sql, params![blob(youth.uuid())])).collect()
}

/// That whoever has this pseudonym was erased. Comes before their row goes: no position is given twice.
pub(super) fn known_erased(erased: &Erased) -> Step<'_> {
    let sql = concat!("INSERT INTO erased_person (known, subject) VALUES (1 + ", newest_known!(), ", ?1)");
    Step::one(sql, params![erased.subject])
}

/// See [`Several::close_leaf`].
pub(super) fn close_leaf(leaf: u64) -> Result<Step<'static>, StoreError> {
    let sql = "INSERT INTO closed_leaf (sequence)
        SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM audit_detail WHERE sequence = ?1)
        ON CONFLICT (sequence) DO UPDATE SET sequence = excluded.sequence";
    Ok(Step::any(sql, params![number(leaf)?]))
}

fn newest_known() -> Query<u64> {
    let sql = concat!("SELECT ", newest_known!());
    Query { sql: sql.to_owned(), values: Vec::new(), read: rows::only_number }
}

/// One statement, so that nobody is missing of those before the last one.
fn known_after(position: u64, limit: u32) -> Result<Query<(Known, u64)>, StoreError> {
    let sql = format!(
        "SELECT known, NULL AS subject, {YOUTH} FROM youth WHERE known > 0 AND known > ?1
        UNION ALL SELECT known, subject, NULL, NULL, NULL, NULL, NULL FROM erased_person WHERE known > ?1
        ORDER BY known LIMIT ?2"
    );
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "youth");
        let known = columns.number()?;
        let known_of = match columns.next::<Option<[u8; 32]>>()? {
            Some(subject) => Known::Erased(subject),
            None => Known::Person(rows::youth_of(&mut columns)?),
        };
        Ok((known_of, known))
    };
    Ok(Query { sql, values: params![number(position)?, limit], read })
}

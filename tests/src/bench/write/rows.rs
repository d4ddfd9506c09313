//! Which rows does one `SendReferral` write, how large are they, and in which indexes do they stand?
//!
//! One place says it for both databases. It is the gateway's own schema (`gateway/src/store/sqlite/schema.rs`,
//! `postgres/schema.rs`) as far as one send to an agency with a system of its own has to do with it: the same columns and
//! indexes, without what keeps a product's rows right (references between tables, checks), and without indexes that such
//! a row does not stand in. A test beside this file holds rows, sizes and indexes against a gateway.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::people::youth_id;

/// Bytes that are sealed, or a leaf: as one send has them.
pub(crate) const ANSWER: usize = 990;
pub(crate) const DETAIL: usize = 489;
pub(crate) const REFERRAL: usize = 719;
pub(crate) const LEAF: usize = 186;
pub(crate) const FINGERPRINT: usize = 32;

/// Tables and indexes, with `ID`, `NUMBER`, `BYTES`, `WORD` for the types that each database has for them, `COUNTER` for
/// the number that a row gets by itself, `AS_KEY` for a table that is kept in the order of its key where there is such,
/// `KEPT` for how what is reckoned is held, and `TOO` for the row's number where an index does not have it by itself.
const SCHEMA: &str = "
-- The call, by which a repetition is recognised, and its sealed answer.
CREATE TABLE request (
    organisation WORD NOT NULL, request ID NOT NULL, fingerprint BYTES NOT NULL, youth ID NOT NULL,
    sealed_answer BYTES NOT NULL, time NUMBER NOT NULL, PRIMARY KEY (organisation, request)
) AS_KEY;
CREATE INDEX request_with_answer ON request (time) WHERE length(sealed_answer) > 0;
CREATE INDEX request_by_youth ON request (youth);
-- That the audit leaf has its state, with its sealed details.
CREATE TABLE audit_detail (sequence NUMBER PRIMARY KEY, youth ID, sealed BYTES);
CREATE INDEX audit_detail_by_youth ON audit_detail (youth) WHERE youth IS NOT NULL;
-- The referral.
CREATE TABLE referral (
    number COUNTER, id ID NOT NULL UNIQUE, youth ID NOT NULL, sender WORD NOT NULL, recipient WORD NOT NULL,
    state NUMBER NOT NULL, version NUMBER NOT NULL, created NUMBER NOT NULL, updated NUMBER NOT NULL,
    respond_by NUMBER NOT NULL, reached_recipient NUMBER NOT NULL, delivery_ended NUMBER, holds_content NUMBER NOT NULL,
    sealed BYTES NOT NULL
);
CREATE INDEX referral_by_youth ON referral (youth, created, id);
CREATE INDEX referral_by_sender ON referral (sender, created, id);
CREATE INDEX referral_waiting ON referral (respond_by) WHERE state IN (1, 2);
-- What watchers are told.
CREATE TABLE event (
    position COUNTER, kind NUMBER NOT NULL, referral ID NOT NULL, sender WORD NOT NULL, recipient WORD,
    time NUMBER NOT NULL
);
CREATE INDEX event_by_referral ON event (referral);
-- The delivery in the queue: ids only.
CREATE TABLE delivery (
    number COUNTER, message ID NOT NULL UNIQUE, item NUMBER NOT NULL, item_index NUMBER NOT NULL,
    item_place NUMBER NOT NULL, referral ID, youth ID NOT NULL, agency WORD NOT NULL, state NUMBER NOT NULL,
    attempts NUMBER NOT NULL, due NUMBER NOT NULL, deadline NUMBER NOT NULL, fence NUMBER NOT NULL,
    leased_until NUMBER, priority NUMBER NOT NULL,
    wake NUMBER NOT NULL GENERATED ALWAYS AS (coalesce(leased_until, due)) KEPT
);
CREATE INDEX delivery_pending ON delivery (agency, priority, wakeTOO) WHERE state IN (1, 2, 4);
CREATE INDEX delivery_open_by_youth ON delivery (youthTOO) WHERE state IN (1, 2, 4, 5);
CREATE INDEX delivery_by_referral ON delivery (referralTOO) WHERE referral IS NOT NULL;
CREATE INDEX delivery_by_youth ON delivery (youth, state);
CREATE INDEX delivery_not_arrived ON delivery (number) WHERE state <> 3;
CREATE INDEX delivery_by_deadline ON delivery (agency, deadline) WHERE state IN (1, 2, 4);
";

/// The audit leaf: a row where the database is on a server, and in the log's own file otherwise.
const LEAVES: &str = "CREATE TABLE audit_leaf (sequence NUMBER PRIMARY KEY, bytes BYTES NOT NULL);";

/// For SQLite.
pub(crate) fn sqlite() -> String {
    let counter = SCHEMA.replace("COUNTER", "INTEGER PRIMARY KEY");
    let counter = counter.replace("KEPT", "VIRTUAL").replace("TOO", "");
    typed(&counter, [("AS_KEY", "WITHOUT ROWID"), ("ID", "BLOB"), ("BYTES", "BLOB"), ("NUMBER", "INTEGER")])
}

/// For PostgreSQL, which has the leaves as well.
pub(crate) fn postgres() -> String {
    let all = format!("{SCHEMA}{LEAVES}");
    let counter = all.replace("COUNTER", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
    let counter = counter.replace("KEPT", "STORED").replace("TOO", ", number");
    typed(&counter, [("AS_KEY", ""), ("ID", "UUID"), ("BYTES", "BYTEA"), ("NUMBER", "BIGINT")])
}

/// Puts types in place of the words that stand for them, and of nothing else.
fn typed(schema: &str, types: [(&str, &str); 4]) -> String {
    let mut schema = schema.to_owned();
    for (word, of_database) in types.into_iter().chain([("WORD", "TEXT")]) {
        for (before, after) in [(' ', ' '), (' ', ','), (' ', ')'), (' ', ';')] {
            let (word, new) = (format!("{before}{word}{after}"), format!("{before}{of_database}{after}"));
            schema = schema.replace(&word, &new);
        }
    }
    schema
}

/// One send: what differs from one to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Send {
    /// Which leaf.
    pub(crate) sequence: i64,
    /// About whom.
    pub(crate) youth: Uuid,
    /// Ids that are made for it.
    pub(crate) request: Uuid,
    pub(crate) referral: Uuid,
    pub(crate) message: Uuid,
}

impl Send {
    /// The next one.
    pub(crate) fn next() -> Send {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Send {
            sequence: i64::try_from(number).unwrap_or_default(),
            youth: youth_id(number.wrapping_mul(0x9e37_79b9) % 250_000),
            request: Uuid::now_v7(),
            referral: Uuid::now_v7(),
            message: Uuid::now_v7(),
        }
    }
}

#[cfg(test)]
mod tests;

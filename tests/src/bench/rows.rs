//! Which rows does the table have, and what is each held against?

/// A row that is measured in rounds.
#[derive(Debug)]
pub(crate) struct Row {
    /// As `--only` and `--json` name it.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
    /// The row that its rate is divided by, round by round.
    pub(crate) yardstick: Option<&'static str>,
    /// What is counted.
    pub(crate) unit: &'static str,
}

const fn row(
    name: &'static str,
    what: &'static str,
    yardstick: Option<&'static str>,
    unit: &'static str,
) -> Row {
    Row { name, what, yardstick, unit }
}

const CALLS: &str = "calls";
const SENDS: &str = "sends";

/// All of them. Yardsticks stand beside what is held against them: in a round, neighbours are measured one after the other.
pub(crate) const ROWS: [Row; 21] = [
    row("floor", "bare tonic echo, mutual TLS", None, CALLS),
    row("verify", "VerifyConsent, leaf durable, embedded", Some("floor"), CALLS),
    row("verify-buffered", "VerifyConsent, audit buffer of 50 ms (weaker)", Some("floor"), CALLS),
    row("nginx", "nginx grpc_pass + auth_request, mutual TLS", Some("floor"), CALLS),
    row("send-delivered", "SendReferral, wait_for_delivery, te over SOAP", Some("nginx"), CALLS),
    row("envoy", "Envoy + ext_authz, mutual TLS", Some("floor"), CALLS),
    row("haproxy", "haproxy without a decision, mutual TLS", Some("floor"), CALLS),
    row("verify-postgres", "VerifyConsent, leaf durable, PostgreSQL", Some("floor"), CALLS),
    row("batch", "BatchVerifyConsents of 100, one leaf a batch", None, "decisions"),
    row("floor-alone", "bare tonic echo, one call at a time", None, CALLS),
    row("verify-alone", "VerifyConsent, embedded, one call at a time", Some("floor-alone"), CALLS),
    row("sync", "4 KiB appended and synced, nothing else", None, "syncs"),
    row("write-file", "bare append-only file, group commit", None, SENDS),
    row("write-sqlite", "bare SQLite writer, group commit", None, SENDS),
    row("send-sqlite", "SendReferral acknowledged durable, SQLite", Some("write-sqlite"), SENDS),
    row("write-postgres", "bare PostgreSQL writer, group commit", None, SENDS),
    row("send-postgres", "SendReferral acknowledged durable, PostgreSQL", Some("write-postgres"), SENDS),
    row("withdraw", "WithdrawConsent under full load, one gateway", None, "withdrawals"),
    row("withdraw-three", "WithdrawConsent under full load, three gateways", None, "withdrawals"),
    row("send-few", "SendReferral acknowledged durable, 8 in flight, SQLite", None, SENDS),
    row("python-send", "SendReferral by a Python grpc client, SQLite", Some("send-few"), SENDS),
];

/// Beside whose yardstick a figure is held against yet another row.
const BESIDE: [(&str, &str); 2] = [("verify", "nginx"), ("verify-alone", "sync")];

/// What the ratio and the figures of a row are held against.
pub(crate) fn held_against(name: &str) -> impl Iterator<Item = &'static str> {
    let yardsticks = ROWS.iter().filter(move |row| row.name == name).filter_map(|row| row.yardstick);
    yardsticks.chain(BESIDE.iter().filter(move |(of, _)| *of == name).map(|(_, beside)| *beside))
}

/// What is measured once, after all rounds.
pub(crate) const ONCE: [(&str, &str); 5] = [
    ("start", "start on a full store"),
    ("growth", "cost at full size against a tenth of it"),
    ("h2load-floor", "h2load on the floor, plain"),
    ("h2load-verify", "h2load on VerifyConsent, plain, without the front"),
    ("allocations", "pieces of heap for each (call, decision, send)"),
];

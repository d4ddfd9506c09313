//! What does each section of the file have to say?

mod database;
mod delays;
mod lines;
mod parties;
mod plans;
mod quota;
mod reports;
mod retention;
mod routing;
mod secrets;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polku_policy::{Agency, Directory};

use super::section::{Problems, Section, quoted};
use super::{
    Config, Delays, DeliverySettings, JourneySettings, Listen, PAUSES, PlanSettings, Problem, QuotaSettings,
    RetentionSettings, Units,
};
use crate::front::tls::{Tls, TlsFile, TlsFiles};
use crate::store::postgres::PostgresSettings;

/// Where systemd says that the credentials of the service are: the keys, where the file says nothing else.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Adds the lines to problems.
pub(super) fn located(text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    lines::located(text, problems)
}

/// Reads the text of a configuration and checks it, with the files it names.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, Vec<Problem>> {
    let table = text.parse().map_err(|error| vec![lines::syntax(text, &error)])?;
    let problems = Problems::default();
    let config = read(table, path, &problems);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        Some(_) | None => Err(lines::located(text, problems.into_vec())),
    }
}

/// Reads what it says of quotas alone. Agencies and units are those of the same text, whatever else is wrong with them.
pub(super) fn quotas(text: &str) -> Result<QuotaSettings, Vec<Problem>> {
    let table: toml::Table = text.parse().map_err(|error| vec![lines::syntax(text, &error)])?;
    let (problems, elsewhere) = (Problems::default(), Problems::default());
    let top = Section::top(table.clone(), &elsewhere);
    let (agencies, ids) = parties::agencies(&top);
    let (organisations, _) = parties::callers(&top, &ids);
    let units = Units::of(&agencies, &organisations);
    let quota = Section::top(table, &problems).optional_section("quota");
    let settings = quota.map_or_else(QuotaSettings::default, |section| quota::quota(section, &ids, &units));
    if problems.is_empty() { Ok(settings) } else { Err(lines::located(text, problems.into_vec())) }
}

fn read(table: toml::Table, path: &Path, problems: &Problems) -> Option<Config> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let top = Section::top(table, problems);
    let listen = listen(top.section("listen"));
    let tls = tls(top.section("tls"), folder, problems);
    let (store, database) = store(top.section("store"), folder);
    let keys = keys(top.section("keys"), folder);
    let audit = top.optional_section("audit");
    let (pinned_checkpoint, audit_buffer) = audit
        .map(|section| audit_log(section, folder, store.as_deref(), database.is_some()))
        .unwrap_or_default();
    let rules = top.optional_section("policy").and_then(|section| policy(section, folder));
    let service_directory =
        top.optional_section("directory").and_then(|section| service_directory(section, folder));
    let delivery = top.optional_section("delivery").map_or_else(DeliverySettings::default, delivery);
    let (agencies, ids) = parties::agencies(&top);
    secrets::adapters(&top, &agencies, folder, &delivery);
    let (organisations, operators) = parties::callers(&top, &ids);
    let agreements = parties::agreements(&top, &ids);
    let units = Units::of(&agencies, &organisations);
    let quota = top.optional_section("quota");
    let quota = quota.map_or_else(QuotaSettings::default, |section| quota::quota(section, &ids, &units));
    let routing = routing::routing(&top, &ids, &units);
    let plan = top.optional_section("plan");
    let plan = plan.map_or_else(PlanSettings::default, |section| plans::plans(section, &ids));
    let journey = top.optional_section("journey").map_or_else(JourneySettings::default, journey);
    let delays = top.optional_section("disclosure_delay_days").map_or_else(Delays::default, delays::delays);
    let retention =
        top.optional_section("retention").map_or_else(RetentionSettings::default, retention::retention);
    top.finish();

    let members = agencies
        .iter()
        .map(|entry| Agency {
            id: entry.id.clone(),
            sector: entry.sector,
            standing: entry.standing,
            tasks: entry.tasks.clone(),
            requires: entry.requires,
            municipalities: entry.municipalities.clone(),
        })
        .collect();
    let directory = match Directory::new(members, agreements.clone()) {
        Ok(directory) => Some(directory),
        Err(error) => {
            // Everything that it refuses has been reported above by its key.
            if problems.is_empty() {
                problems.add("agency", error.to_string(), "agencies and agreements that fit together");
            }
            None
        }
    };
    Some(Config {
        file: path.to_owned(),
        folder: folder.to_owned(),
        listen: listen?,
        tls: tls?,
        store: store?,
        database,
        keys: keys?,
        pinned_checkpoint,
        audit_buffer,
        rules,
        service_directory,
        routing,
        quota,
        delivery,
        plan,
        journey,
        delays,
        retention,
        agencies,
        organisations,
        units,
        operators,
        agreements,
        directory: directory?,
    })
}

fn listen(section: Section<'_>) -> Option<Listen> {
    let expected = "an address and a port, such as 127.0.0.1:8443";
    let grpc: Option<SocketAddr> = section.parsed("grpc", expected);
    let inbound: Option<SocketAddr> = section.parsed("inbound", expected);
    if let (Some(grpc), Some(inbound)) = (grpc, inbound)
        && grpc == inbound
        && grpc.port() != 0
    {
        section.wrong("inbound", quoted(inbound), "another address than listen.grpc");
    }
    let reflection = section.flag("reflection");
    section.finish();
    Some(Listen { grpc: grpc?, inbound: inbound?, reflection })
}

fn tls(section: Section<'_>, folder: &Path, problems: &Problems) -> Option<Tls> {
    let expected = "the path of a PEM file";
    let path = |name: Option<String>| name.map(|name| folder.join(name));
    let certificate = path(section.text(key_of(TlsFile::Certificate), expected));
    let key = path(section.text(key_of(TlsFile::Key), expected));
    let client_authorities = path(section.text(key_of(TlsFile::ClientAuthorities), expected));
    let revocations = path(section.optional_text(key_of(TlsFile::Revocations), expected));
    if let Some(key) = &key {
        secrets::keep(&section, section.path(key_of(TlsFile::Key)), key);
    }
    let prefix = section.path("");
    section.finish();
    let files = TlsFiles {
        certificate: certificate?,
        key: key?,
        client_authorities: client_authorities?,
        revocations,
    };
    match Tls::load(&files) {
        Ok(tls) => Some(tls),
        Err(found) => {
            for problem in found {
                let key = format!("{prefix}{}", key_of(problem.file));
                problems.add(key, problem.found, problem.expected);
            }
            None
        }
    }
}

/// Where the configuration names a file.
fn key_of(file: TlsFile) -> &'static str {
    match file {
        TlsFile::Certificate => "certificate_file",
        TlsFile::Key => "key_file",
        TlsFile::ClientAuthorities => "client_ca_file",
        TlsFile::Revocations => "crl_file",
    }
}

fn store(section: Section<'_>, folder: &Path) -> (Option<PathBuf>, Option<PostgresSettings>) {
    let expected = "the path of a folder, whose parent folder exists";
    let path = section.text("directory", expected).map(|name| folder.join(name));
    if let Some(path) = &path {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.exists() && !path.is_dir() {
            section.wrong("directory", format!("{}, which is no folder", quoted(path.display())), expected);
        } else if !path.exists() && !parent.is_dir() {
            let found = format!("{}, whose parent folder does not exist", quoted(path.display()));
            section.wrong("directory", found, expected);
        }
    }
    let postgres = section.optional_section("postgres");
    let database = postgres.and_then(|section| database::database(section, folder));
    section.finish();
    (path, database)
}

fn keys(section: Section<'_>, folder: &Path) -> Option<PathBuf> {
    let expected = "the path of a folder made by `polku keys create`";
    let name = match std::env::var_os(CREDENTIALS) {
        Some(credentials) => {
            let stated = section.optional_text("directory", expected).map(PathBuf::from);
            Some(stated.unwrap_or_else(|| PathBuf::from(credentials)))
        }
        None => section.text("directory", expected).map(PathBuf::from),
    };
    let path = name.map(|name| folder.join(name));
    if let Some(path) = path.as_deref().filter(|path| !path.is_dir()) {
        section.wrong("directory", format!("{}, which is no folder", quoted(path.display())), expected);
    }
    section.finish();
    path
}

fn audit_log(
    section: Section<'_>,
    folder: &Path,
    store: Option<&Path>,
    is_shared: bool,
) -> (Option<PathBuf>, Option<Duration>) {
    let expected = "the path of a file outside store.directory, in a folder that exists";
    let path = section.optional_text("pinned_checkpoint", expected).map(|name| folder.join(name));
    if let Some(path) = &path {
        // Whoever brings back the store would bring back what is pinned, if it were in there.
        let is_inside = store.is_some_and(|store| path.starts_with(store));
        let has_folder = path.parent().is_some_and(|parent| parent.as_os_str().is_empty() || parent.is_dir());
        if is_inside || !has_folder || path.is_dir() {
            section.wrong("pinned_checkpoint", quoted(path.display()), expected);
        }
    }
    let buffer = section.number("buffer_milliseconds", (0, 50), 0);
    if is_shared && buffer > 0 {
        // A place in the order of several gateways is not known before the database has it.
        section.wrong(
            "buffer_milliseconds",
            buffer.to_string(),
            "0 with store.postgres: there it has no effect",
        );
    }
    section.finish();
    (path, (buffer > 0).then(|| Duration::from_millis(u64::from(buffer))))
}

fn policy(section: Section<'_>, folder: &Path) -> Option<PathBuf> {
    let expected = "the path of a folder with *.cedar, ages.json and cases.toml";
    let path = section.text("rules", expected).map(|name| folder.join(name));
    if let Some(path) = path.as_deref().filter(|path| !path.is_dir()) {
        section.wrong("rules", format!("{}, which is no folder", quoted(path.display())), expected);
    }
    section.finish();
    path
}

fn service_directory(section: Section<'_>, folder: &Path) -> Option<PathBuf> {
    let expected = "the path of a file of services and places of service in the shape of PTV";
    let path = section.text("file", expected).map(|name| folder.join(name));
    if let Some(path) = path.as_deref().filter(|path| !path.is_file()) {
        section.wrong("file", format!("{}, which is no file", quoted(path.display())), expected);
    }
    section.finish();
    path
}

fn journey(section: Section<'_>) -> JourneySettings {
    let unmet_days = section.number("unmet_days", (1, 3_650), JourneySettings::default().unmet_days);
    let reports = reports::reports(&section);
    section.finish();
    JourneySettings { unmet_days, reports }
}

fn delivery(section: Section<'_>) -> DeliverySettings {
    let default = DeliverySettings::default();
    let concurrency = section.number("concurrency", (1, 1024), 64);
    let lease = section.number("lease_seconds", (2, 3600), 60);
    let attempt = section.number("attempt_seconds", (1, 3600), 20);
    let give_up_after = section.number("give_up_after_hours", (1, 30 * 24), 72);
    let pauses = section.numbers("retry_seconds", (0, 7 * 24 * 3600), &PAUSES);
    // As long as after a crash: then only the lease is waited for, which begins with the attempt.
    let spare = lease.saturating_sub(attempt);
    let settle = section.number("settle_seconds", (0, 3600), spare);
    if settle > spare && attempt < lease {
        let expected = format!(
            "at most lease_seconds less attempt_seconds, which is {spare}: after a crash only the lease is waited for"
        );
        section.wrong("settle_seconds", settle.to_string(), expected);
    }
    let breaker_failures = section.number("breaker_failures", (1, 1000), default.breaker_failures);
    let probe_after = section.number("probe_seconds", (1, 3600), 30);
    let retry_percent = section.number("retry_percent", (0, 100), default.retry_percent);
    let retries_per_second = section.number("retries_per_second", (1, 10_000), default.retries_per_second);
    if attempt >= lease {
        // A second worker takes over when the lease ends: the first one's attempt must be over by then.
        section.wrong(
            "attempt_seconds",
            attempt.to_string(),
            format!("less than lease_seconds, which is {lease}"),
        );
    }
    let longest = u64::from(give_up_after) * 60 * 60;
    if let Some(first) = pauses.first().filter(|first| u64::from(**first) >= longest) {
        let expected = format!(
            "less than give_up_after_hours, which are {longest} seconds: nothing would be tried twice"
        );
        section.wrong("retry_seconds", first.to_string(), expected);
    }
    section.finish();
    DeliverySettings {
        concurrency,
        lease: Duration::from_secs(u64::from(lease)),
        attempt: Duration::from_secs(u64::from(attempt)),
        give_up_after: Duration::from_secs(u64::from(give_up_after) * 60 * 60),
        pauses: pauses.into_iter().map(|seconds| Duration::from_secs(u64::from(seconds))).collect(),
        settle: Duration::from_secs(u64::from(settle)),
        breaker_failures,
        probe_after: Duration::from_secs(u64::from(probe_after)),
        retry_percent,
        retries_per_second,
        look_again: default.look_again,
    }
}

//! Does a load generator that nobody here wrote see the same? h2load, without TLS: it has no client certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use polku_tests::world::Database;
use tokio::process::Command;

use super::asks::{Echo, Verify, actor};
use super::bench::{Bench, NotRun, program};
use super::connection::Road;
use super::load::{Ask, Load};
use super::once::Numbers;
use super::options::Options;
use super::process::Server;
use super::round::Round;
use super::site::{Deliveries, Site};
use super::systems::{Answering, CONNECTIONS, System as _};

/// The floor, without TLS, by h2load and by the load of this bench.
pub(crate) async fn floor(bench: &Bench, options: &Options) -> Result<Result<Numbers, NotRun>> {
    let server = bench.serve(&["echo"]).await?;
    let ask = Arc::new(Echo::new(bench.seed.people())?);
    let (path, actor) = ("/bench.Echo/Echo", None);
    both(bench, options, Asked { server, ask, path, actor }).await
}

/// `VerifyConsent` without TLS, and without the front's limits, in the same way.
pub(crate) async fn verify(bench: &Bench, options: &Options) -> Result<Result<Numbers, NotRun>> {
    let site = Site::make(&bench.seed, &bench.cores, Database::Embedded, Deliveries::Flow).await?;
    let (config, certificate) = site.of_guidance_point();
    let server = bench.serve(&["gateway", "--config", &config, "--certificate", &certificate]).await?;
    let ask = Arc::new(Verify::new(bench.seed.people())?);
    let (path, actor) = ("/polku.v1.ConsentService/VerifyConsent", Some(actor()?));
    both(bench, options, Asked { server, ask, path, actor }).await
}

/// A server without TLS, and what is asked of it.
struct Asked {
    server: Server,
    ask: Arc<dyn Ask>,
    path: &'static str,
    /// On whose behalf.
    actor: Option<String>,
}

async fn both(bench: &Bench, options: &Options, asked: Asked) -> Result<Result<Numbers, NotRun>> {
    let h2load = match program("h2load", "Debian package nghttp2-client") {
        Ok(h2load) => h2load,
        Err(reason) => return Ok(Err(reason)),
    };
    let Asked { server, ask, path, actor } = asked;
    let (address, processes) = (server.ready.clone(), vec![server.id()?]);
    let file = bench.path("h2load.request");
    std::fs::write(&file, ask.request(0)?)?;
    let load = Load::new(vec![Road::plain(address.parse()?)], CONNECTIONS, bench.in_flight);
    let mut own = Answering { load, ask, processes, _alive: Box::new(server) };
    right(own.round(options.turn()).await?)?;
    let own = right(own.round(options.turn()).await?)?.rate();

    let mut command = Command::new(h2load);
    command.args(["-D", &format!("{:.0}", options.seconds.max(1.0)), "--warm-up-time=1"]);
    command.args([
        "-t",
        "1",
        "-c",
        &CONNECTIONS.to_string(),
        "-m",
        &(bench.in_flight / CONNECTIONS).to_string(),
    ]);
    command.args(["-H", "content-type: application/grpc", "-H", "te: trailers", "-d", &file]);
    command.args(actor.iter().flat_map(|actor| ["-H".to_owned(), format!("polku-actor-bin: {actor}")]));
    let output = command.arg(format!("http://{address}{path}")).kill_on_drop(true).output().await?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let foreign = rate(&told).with_context(|| format!("h2load said: {told}"))?;
    Ok(Ok(BTreeMap::from([
        ("a second, by h2load", foreign),
        ("a second, by this load", own),
        ("ratio", foreign / own),
    ])))
}

/// A round in which no answer was wrong.
pub(crate) fn right(round: Round) -> Result<Round> {
    ensure!(round.wrong == 0, "{} wrong answers, such as: {:?}", round.wrong, round.first_wrong);
    Ok(round)
}

/// As it stands in `finished in 3.00s, 61234.33 req/s, 40.51MB/s`, if every answer was good.
fn rate(told: &str) -> Option<f64> {
    let line = |start: &str| told.lines().find_map(|line| line.strip_prefix(start));
    let good = line("status codes: ")?.contains(", 0 3xx, 0 4xx, 0 5xx")
        && line("requests: ")?.ends_with(", 0 failed, 0 errored, 0 timeout");
    let rate =
        line("finished in ")?.split(", ").find_map(|part| part.strip_suffix(" req/s"))?.parse().ok()?;
    good.then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_counts_only_when_every_request_was_answered_well() {
        let told = |requests: &str, codes: &str| {
            format!(
                "finished in 3.00s, 61234.33 req/s, 40.51MB/s\nrequests: {requests}\nstatus codes: {codes}\n"
            )
        };
        let (all, codes) =
            ("9 total, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout", "9 2xx, 0 3xx, 0 4xx, 0 5xx");
        assert_eq!(rate(&told(all, codes)), Some(61_234.33));
        for (requests, codes) in [
            ("9 total, 9 done, 8 succeeded, 1 failed, 0 errored, 0 timeout", codes),
            ("9 total, 9 done, 8 succeeded, 0 failed, 10 errored, 0 timeout", codes),
            ("9 total, 9 done, 8 succeeded, 0 failed, 0 errored, 1 timeout", codes),
            (all, "8 2xx, 0 3xx, 0 4xx, 1 5xx"),
        ] {
            assert_eq!(rate(&told(requests, codes)), None);
        }
    }
}

//! In which surroundings does a gateway run here? In those of the tests, on a store that is full from the beginning.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use polku_gateway::config::Config;
use polku_tests::postgres::Cluster;
use polku_tests::world::{Database, GatewayProcess, TE, World, WorldSettings};
use tempfile::TempDir;

use super::asks::People;
use super::connection::Road;
use super::cores::Cores;
use super::fill::{CONTENT, FILES, fill};
use super::people::GRANTS_EACH;

/// What is in a store from the beginning, and where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    /// How many grants.
    pub(crate) grants: u64,
    /// The folder in which filled stores are kept.
    pub(crate) kept: PathBuf,
}

/// What deliveries do beside what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deliveries {
    /// They go out as fast as they can.
    Flow,
    /// They wait in the queue: what is measured is what comes before them.
    Wait,
    /// They flow, and questions are answered before their leaves are on disk.
    FlowBuffered,
}

/// A gateway, or several on one database, with their agencies.
pub(crate) struct Site {
    folder: TempDir,
    world: World,
    /// The gateways.
    pub(crate) gateways: Vec<GatewayProcess>,
    /// The database server beside them.
    server: Option<u32>,
}

impl Site {
    /// Fills a store, or takes one that was filled before, and starts so many gateways on it.
    pub(crate) async fn open(
        seed: &Seed,
        cores: &Cores,
        database: Database,
        deliveries: Deliveries,
        gateways: usize,
    ) -> Result<Site> {
        let mut site = Site::make(seed, cores, database, deliveries).await?;
        for number in 0..gateways {
            let gateway = site.start(cores, number).await?;
            site.join(gateway);
        }
        Ok(site)
    }

    /// The same without a gateway.
    pub(crate) async fn make(
        seed: &Seed,
        cores: &Cores,
        database: Database,
        deliveries: Deliveries,
    ) -> Result<Site> {
        let server = if database == Database::Server { Some(postgres(cores)?.1) } else { None };
        let folder = TempDir::new()?;
        let settings = WorldSettings { database, ..WorldSettings::default() };
        let world = World::make(folder.path(), &settings)?;
        configure(&world, deliveries)?;
        let config = Config::load(&world.config_file())?;
        match world.database() {
            None => seed.embedded(&config).await?,
            Some(database) => seed.on_server(&config, database).await?,
        }
        Ok(Site { folder, world, gateways: Vec::new(), server })
    }

    /// Starts the gateway with this number; each has a folder of its own, the first one that of the store.
    pub(crate) async fn start(&self, cores: &Cores, number: usize) -> Result<GatewayProcess> {
        self.start_by(&cores.on_server(), number).await
    }

    /// The same by a program that becomes it.
    pub(crate) async fn start_by(&self, starter: &[String], number: usize) -> Result<GatewayProcess> {
        let folder = self.folder.path();
        let mut config = self.world.config_file();
        if number > 0 {
            let own = format!("directory = \"data-{number}\"");
            let text = std::fs::read_to_string(&config)?.replacen("directory = \"data\"", &own, 1);
            config = folder.join(format!("polku-{number}.toml"));
            std::fs::write(&config, text)?;
        }
        let log = folder.join(format!("log-{number}"));
        let started = GatewayProcess::start_by(starter, &config, &log, "error").await;
        started.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
    }

    /// Takes in a gateway that was started here.
    pub(crate) fn join(&mut self, gateway: GatewayProcess) {
        self.world.connect_agencies(gateway.bound);
        self.gateways.push(gateway);
    }

    /// How each gateway is reached by the guidance point.
    pub(crate) fn roads(&self) -> Result<Vec<Road>> {
        let road = |gateway: &GatewayProcess| {
            let world = &self.world;
            Road::mutual(gateway.bound.grpc, world.authority_pem(), &world.identities.ohjaamo)
        };
        self.gateways.iter().map(road).collect()
    }

    /// The configuration, and the digest of the guidance point's certificate.
    pub(crate) fn of_guidance_point(&self) -> (String, String) {
        let config = self.world.config_file().to_string_lossy().into_owned();
        (config, self.world.identities.ohjaamo.sha256.clone())
    }

    /// Everything on the servers' side.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let mut processes = Vec::from_iter(self.server);
        for gateway in &self.gateways {
            processes.push(gateway.id().context("a gateway has ended")?);
        }
        Ok(processes)
    }

    /// The folder in which all of it is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Seed {
    /// Whom can be asked about. The last quarter is left to those who take back a consent.
    pub(crate) fn people(&self) -> People {
        let people = self.count();
        People { count: people - people / 4 }
    }

    /// How many people there are.
    pub(crate) fn count(&self) -> u64 {
        self.grants / GRANTS_EACH
    }

    fn folder(&self, kind: &str) -> PathBuf {
        self.kept.join(format!("{kind}-{}-{CONTENT}", self.grants))
    }

    async fn embedded(&self, config: &Config) -> Result<()> {
        let kept = self.folder("embedded");
        if !kept.join("keys").exists() {
            fill(config, self.grants).await?;
            std::fs::create_dir_all(&kept)?;
            for file in FILES {
                copy(&config.store.join(file), &kept.join(file))?;
            }
            return keep_keys(config, &kept);
        }
        std::fs::create_dir_all(&config.store)?;
        for file in FILES {
            copy(&kept.join(file), &config.store.join(file))?;
        }
        take_keys(&kept, config)
    }

    async fn on_server(&self, config: &Config, database: &str) -> Result<()> {
        let (kept, cluster) = (self.folder("postgres"), Cluster::shared()?);
        let dump = kept.join("dump");
        if !kept.join("keys").exists() {
            fill(config, self.grants).await?;
            // Of the log the folder has a copy, which each gateway makes for itself.
            std::fs::remove_dir_all(&config.store)?;
            std::fs::create_dir_all(&kept)?;
            cluster.dump(database, &dump)?;
            keep_keys(config, &kept)?;
        } else {
            cluster.load(database, &dump)?;
            take_keys(&kept, config)?;
        }
        // As it would be by itself some time later.
        cluster.sql(database, "VACUUM ANALYZE")?;
        cluster.sql(database, "CHECKPOINT").map(drop)
    }
}

/// Last, and at once: a folder without them is not whole.
fn keep_keys(config: &Config, kept: &Path) -> Result<()> {
    let new = kept.join("keys.new");
    if new.exists() {
        std::fs::remove_dir_all(&new)?;
    }
    copy(&config.keys, &new)?;
    Ok(std::fs::rename(new, kept.join("keys"))?)
}

fn take_keys(kept: &Path, config: &Config) -> Result<()> {
    std::fs::remove_dir_all(&config.keys)?;
    copy(&kept.join("keys"), &config.keys)
}

/// Quickly where the file system shares what is the same.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status()?;
    ensure!(copied.success(), "{} cannot be copied", from.display());
    Ok(())
}

/// The database server of this run, on the servers' core, and the number of its first process.
pub(crate) fn postgres(cores: &Cores) -> Result<(&'static Cluster, u32)> {
    cores.hold_server()?;
    let cluster = Cluster::shared();
    cores.hold_load()?;
    let cluster = cluster?;
    let file = cluster.folder().join("data/postmaster.pid");
    let text = std::fs::read_to_string(file)?;
    let process = text.lines().next().and_then(|line| line.trim().parse().ok());
    Ok((cluster, process.context("the database server has no number")?))
}

/// Quotas that nothing here comes to, and room for as many deliveries as there are calls.
fn configure(world: &World, deliveries: Deliveries) -> Result<()> {
    let usual = "requests_per_second = 5000\nburst = 10000\ndeliveries_per_second = 5000\n";
    let held = match deliveries {
        Deliveries::Flow | Deliveries::FlowBuffered => String::new(),
        Deliveries::Wait => format!("\n[[quota.agency]]\nid = \"{TE}\"\ndeliveries_per_second = 1\n"),
    };
    let most = "requests_per_second = 1000000\nburst = 1000000\ndeliveries_per_second = 1000000\n";
    let text = std::fs::read_to_string(world.config_file())?;
    ensure!(text.contains(usual), "the world has other quotas");
    let text = text.replacen(usual, &format!("{most}{held}"), 1);
    let mut text = text.replacen("[delivery]\n", "[delivery]\nconcurrency = 256\n", 1);
    if deliveries == Deliveries::FlowBuffered {
        text.push_str("\n[audit]\nbuffer_milliseconds = 50\n");
    }
    Ok(std::fs::write(world.config_file(), text)?)
}

//! Who is there: the agencies of the matrix, each with a system of its own, and everybody who reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use polku_gateway::clock::{Clock, ManualClock};
use polku_policy::{Sector, Standing, Task};
use polku_proto::Party;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{Actor, RepresentativeActor, actor};
use polku_tests::simulators::{Control, Fault};
use polku_tests::world::{AddedAgency, Client, Running, World, WorldSettings, professional};
use tempfile::TempDir;

use crate::matrix::engine::{AGENCIES, HOME, WITHOUT_AGREEMENT, directions};
use crate::stage::subject;

/// The units of each agency: the first one is the one that sends, and that consents name where they name one.
pub(super) const UNITS: [&str; 2] = ["yksikko-1", "yksikko-2"];

/// The running gateway with all of them.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) clock: Arc<ManualClock>,
    running: Running,
    /// One connection each.
    clients: BTreeMap<String, Client>,
    _folder: TempDir,
}

pub(super) fn id(agency: &str) -> String {
    format!("m-{agency}")
}

/// Whom consents are for, and who is a party to plans: every other agency as a whole, or its first unit.
pub(super) fn named(agency: &str) -> String {
    let place = AGENCIES.iter().position(|(id, ..)| *id == agency).unwrap();
    if place % 2 == 1 { format!("{agency}/{}", UNITS[0]) } else { agency.to_owned() }
}

/// The same as the matrix knows them, for every direction.
pub(super) fn all_named() -> Vec<(&'static str, Party)> {
    directions().into_iter().map(|(from, to)| (from, named(to).parse().unwrap())).collect()
}

fn kind(agency: &str) -> &'static str {
    match agency {
        "te" => "te",
        "kela" => "kela",
        "paja" | "outreach" => "walmu",
        // Not the kind of social services: their register hears of each look, which other tests count.
        _ => "typpi",
    }
}

impl Town {
    pub(super) async fn open(now: jiff::Timestamp) -> Self {
        let folder = TempDir::new().unwrap();
        let agencies = AGENCIES.map(|(agency, sector, standing, _)| {
            let sector = match sector {
                Sector::YouthWork => "youth_work",
                Sector::Employment => "employment",
                Sector::Benefits => "benefits",
                Sector::Social => "social",
                Sector::Health => "health",
                Sector::Ngo => "ngo",
                Sector::Education => "education",
            };
            let standing = if standing == Standing::Authority { "authority" } else { "not_authority" };
            AddedAgency {
                standing: standing.into(),
                units: UNITS.map(String::from).to_vec(),
                agreements: Vec::new(),
                ..AddedAgency::new(&id(agency), kind(agency), "usual", sector)
            }
        });
        let settings = WorldSettings {
            agencies: agencies.to_vec(),
            // What an agency's system has not taken in at once waits until all is over.
            retry_seconds: vec![2 * 24 * 3600],
            answer_ms: 20_000,
            attempt_seconds: 25,
            lease_seconds: 30,
            ..WorldSettings::default()
        };
        let world = World::make(folder.path(), &settings).unwrap();
        configure(&world);
        let clock = Arc::new(ManualClock::new(now));
        let running = world.start_at(Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let connect = |identity| world.client(running.bound.grpc, identity).unwrap();
        let own =
            [("", &world.identities.ohjaamo), ("te", &world.identities.te), ("oma", &world.identities.oma)];
        let mut clients: BTreeMap<String, Client> =
            own.into_iter().map(|(name, identity)| (name.to_owned(), connect(identity))).collect();
        for (agency, ..) in AGENCIES {
            clients.insert(id(agency), connect(&world.agencies[&id(agency)].identity));
        }
        Self { world, clock, running, clients, _folder: folder }
    }

    /// From now on nobody listens at the agencies' own systems.
    pub(super) fn silence(&self) {
        AGENCIES.iter().for_each(|(agency, ..)| self.control(agency).faults().set(Fault::Dead));
    }

    /// They are there again.
    pub(super) fn wake(&self) {
        AGENCIES.iter().for_each(|(agency, ..)| self.control(agency).faults().clear().unwrap());
    }

    fn control(&self, agency: &str) -> &Control {
        self.world.agencies[&id(agency)].simulator.control()
    }

    pub(super) async fn close(self) {
        self.running.stop().await.unwrap();
    }

    pub(super) fn agency(&self, agency: &str) -> Client {
        self.professional(agency, (UNITS[0], "official"))
    }

    pub(super) fn professional(&self, agency: &str, (unit, role): (&str, &str)) -> Client {
        self.clients[&id(agency)].acting(&professional("virkailija-1", unit, role))
    }

    /// Of the world itself: whoever assesses.
    pub(super) fn assessor(&self) -> Client {
        self.clients[""].acting(&professional("ohjaaja-1", "keskusta", "guidance_worker"))
    }

    /// Of the world itself: whoever decides on multi-sector support.
    pub(super) fn employment_services(&self) -> Client {
        self.clients["te"].acting(&professional("virkailija-7", "nuorten-palvelut", "official"))
    }

    pub(super) fn young_person(&self, youth: &str) -> Client {
        self.clients["oma"].acting(&subject(youth))
    }

    pub(super) fn representative(&self, youth: &str, capacity: Capacity) -> Client {
        let who =
            RepresentativeActor { youth: youth.into(), capacity: capacity as i32, id: "edustaja-1".into() };
        self.clients["oma"].acting(&Actor { who: Some(actor::Who::Representative(who)) })
    }
}

/// Tasks and agreements are those of the matrix.
fn configure(world: &World) {
    let file = world.config_file();
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (agency, _, _, tasks) in AGENCIES {
        let tasks: Vec<&str> = tasks
            .iter()
            .map(|task| match task {
                Task::OutreachYouthWork => "outreach_youth_work",
                Task::ProtectedAddresses => "protected_addresses",
            })
            .collect();
        let table = format!("[[agency]]\nid = {:?}\n", id(agency));
        assert!(text.contains(&table));
        let entrusted = format!("tasks = {tasks:?}\nmunicipalities = [{HOME:?}]\n");
        text = text.replace(&table, &format!("{table}{entrusted}"));
    }
    let roles = format!("units = {UNITS:?}\nroles = [");
    assert_eq!(text.matches(&roles).count(), AGENCIES.len());
    text = text.replace(&roles, &format!("{roles}\"coordinator\", \"peer\", "));
    for (from, to) in directions().into_iter().filter(|direction| *direction != WITHOUT_AGREEMENT) {
        text += &format!("\n[[agreement]]\nfrom = {:?}\nto = {:?}\n", id(from), id(to));
    }
    std::fs::write(file, text).unwrap();
}

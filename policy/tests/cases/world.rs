//! A few agencies, questions between them, and rules with a passage exchanged.

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, Channel, Directory, Engine, Question, RuleSource, Rules, Sector, Standing, Task,
    Viewer,
};
use polku_proto::v1::Purpose;
use polku_proto::{AgencyId, YouthId};
use uuid::Uuid;

/// Those that the directory knows, and one that it does not.
pub(crate) const AGENCIES: [&str; 7] =
    ["employment", "kela", "social", "health", "outreach", "workshop", "stranger"];

pub(crate) fn now() -> Timestamp {
    "2026-03-02T12:00:00+02:00".parse().unwrap()
}

pub(crate) fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(0x1234_5678_9abc))
}

pub(crate) fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

pub(crate) fn question(from: &str, to: &str) -> Question {
    let channel = Channel::between(id(from), id(to));
    Question::new(youth(), channel, Viewer::Addressee, Purpose::Guidance, now())
}

/// Everybody has an agreement with everybody, but Kela has none.
pub(crate) fn agreements() -> Vec<Agreement> {
    let parties = ["employment", "social", "health", "outreach", "workshop"];
    let pairs = parties.iter().flat_map(|from| parties.iter().map(move |to| (from, to)));
    pairs.filter(|(from, to)| from != to).map(|(from, to)| Agreement { from: id(from), to: id(to) }).collect()
}

pub(crate) fn directory(agreements: Vec<Agreement>) -> Directory {
    let authority = |name, sector| Agency::new(id(name), sector, Standing::Authority);
    let with = |task, agency: Agency| Agency { tasks: [task].into(), ..agency };
    let agencies = vec![
        authority("employment", Sector::Employment),
        authority("kela", Sector::Benefits),
        with(Task::ProtectedAddresses, authority("social", Sector::Social)),
        authority("health", Sector::Health),
        with(Task::OutreachYouthWork, authority("outreach", Sector::YouthWork)),
        Agency::new(id("workshop"), Sector::Ngo, Standing::NotAuthority),
    ];
    Directory::new(agencies, agreements).unwrap()
}

pub(crate) fn engine(rules: Rules) -> Engine {
    Engine::new(rules, directory(agreements())).unwrap()
}

/// The shipped rules with one passage exchanged, which has to be there once.
pub(crate) fn rules_with(found: &str, replacement: &str) -> Rules {
    let RuleSource { rules, schema, ages } = RuleSource::SHIPPED;
    assert_eq!(rules.matches(found).count(), 1, "the passage is not there once: {found}");
    let rules = rules.replacen(found, replacement, 1);
    Rules::parse(RuleSource { rules: &rules, schema, ages }).unwrap()
}

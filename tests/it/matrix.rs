//! The golden matrix: who sees what, on paper, for readers who do not read code.

use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, BasisKind, Capacity, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant,
    GrantKind, LegalStatus, Period, Prohibition, PurposeSet, Question, Rules, Sector, Standing, Task, Viewer,
    purpose_name,
};
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use polku_proto::{
    AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId, name as category_name,
};
use uuid::Uuid;

const HEADING: &str = "\
WHO SEES WHAT

An agency, the sender, refers a young person to another agency, the recipient. This page says what the recipient may
see of what the sender tells, in twenty-six situations. It is written by the program itself and compared with the
program at every test: a change of the rules shows here.

  c   yes, by a consent for the case
  p   yes, by a permit to disclose (luovutuslupa)
  l   yes, by law, without the young person's word
  -   no

A consent or permit covers the two agencies, the purpose of the referral and every category. The young person is 20
years old where nothing else is said. All agencies have agreements with each other but for ohjaamo and health.
Purposes with the same answers share a table.

";

struct Situation {
    says: &'static str,
    born: &'static str,
    grants: Vec<Given>,
    prohibited: Option<CategorySet>,
    status: Option<LegalStatus>,
    ground: LegalGround,
}

#[derive(Clone, Copy)]
struct Given {
    kind: GrantKind,
    by: GivenBy,
    explicit: CategorySet,
    until: &'static str,
}

const ADULT: &str = "2006-03-01";
const SEVENTEEN: &str = "2009-03-01";

fn situations() -> Vec<Situation> {
    let plain = Given {
        kind: GrantKind::Consent,
        by: GivenBy::Self_,
        explicit: CategorySet::EMPTY,
        until: "2027-01-01T00:00:00Z",
    };
    let full = Given { explicit: personal(), ..plain };
    let by_guardian = Given { by: GivenBy::Guardian, ..full };
    let social = Given { kind: GrantKind::DisclosurePermit(PermitDomain::Social), ..full };
    let health = Given { kind: GrantKind::DisclosurePermit(PermitDomain::Health), ..full };
    let capable = Some(LegalStatus::Capacity(Capacity::Capable));
    let unable = Some(LegalStatus::Capacity(Capacity::NotCapable));
    let protected = Some(LegalStatus::AddressProtected);
    let support = Some(LegalStatus::MultiSectorSupport);
    let says = |says, grants: &[Given]| Situation {
        says,
        born: ADULT,
        grants: grants.to_vec(),
        prohibited: None,
        status: None,
        ground: LegalGround::Unspecified,
    };
    let stated = |text, born, ground| Situation { born, ground, ..says(text, &[]) };
    let minor = |text, grants: &[Given], status| Situation { born: SEVENTEEN, status, ..says(text, grants) };
    let ban =
        |text, grants: &[Given], categories| Situation { prohibited: Some(categories), ..says(text, grants) };
    let only_health = CategorySet::of(&[DataCategory::HealthCapacity]);
    vec![
        says("nothing was said", &[]),
        says("consent that names nothing explicitly", &[plain]),
        says("consent that names health and quality of life explicitly", &[full]),
        says("consent whose time is over", &[Given { until: "2026-11-22T00:00:00Z", ..full }]),
        says("permit for data of social services", &[social]),
        says("permit for data of health care", &[health]),
        ban("consent, and everything prohibited", &[full], CategorySet::EMPTY),
        ban("consent, and health prohibited", &[full], only_health),
        Situation { status: protected, ..says("consent, and the address is protected", &[full]) },
        Situation { status: protected, ..says("nothing was said, and the address is protected", &[]) },
        says("consent of a guardian, given before the eighteenth birthday", &[by_guardian]),
        minor("17 years old: consent of a guardian", &[by_guardian], None),
        minor("17, able to decide: consent of a guardian", &[by_guardian], capable),
        minor("17, able to decide: own consent", &[full], capable),
        minor("17, not able to decide: own consent", &[full], unable),
        minor("17, not able to decide: consent of a guardian", &[by_guardian], unable),
        Situation { status: support, ..says("customer of multi-sector support", &[]) },
        Situation { status: support, ..ban("the same, and everything prohibited", &[], CategorySet::EMPTY) },
        stated("ground stated: outreach notice", ADULT, LegalGround::OutreachNotice),
        stated("the same, 29 years old", "1997-03-01", LegalGround::OutreachNotice),
        stated(
            "ground stated: cannot look after own care, health or safety",
            ADULT,
            LegalGround::SocialCareInability,
        ),
        stated(
            "ground stated: child-welfare notice, 17 years old",
            SEVENTEEN,
            LegalGround::ChildWelfareNotice,
        ),
        Situation {
            prohibited: Some(CategorySet::EMPTY),
            ..stated("the same, and everything prohibited", SEVENTEEN, LegalGround::ChildWelfareNotice)
        },
        stated("ground stated: child-welfare notice, 20 years old", ADULT, LegalGround::ChildWelfareNotice),
        stated("ground stated: need for social work", ADULT, LegalGround::AssistanceSocialWork),
        stated(
            "ground stated: unemployed and long on assistance, under 25",
            ADULT,
            LegalGround::AssistanceUnemployedYoung,
        ),
    ]
}

const AGENCIES: [(&str, Sector, Standing, &[Task]); 7] = [
    ("ohjaamo", Sector::YouthWork, Standing::Authority, &[]),
    ("te", Sector::Employment, Standing::Authority, &[]),
    ("kela", Sector::Benefits, Standing::Authority, &[Task::ProtectedAddresses]),
    ("social", Sector::Social, Standing::Authority, &[]),
    ("health", Sector::Health, Standing::Authority, &[]),
    ("paja", Sector::Ngo, Standing::NotAuthority, &[]),
    ("outreach", Sector::YouthWork, Standing::Authority, &[Task::OutreachYouthWork]),
];

const PAIRS: [(&str, &str); 14] = [
    ("ohjaamo", "te"),
    ("ohjaamo", "kela"),
    ("ohjaamo", "social"),
    ("ohjaamo", "health"),
    ("ohjaamo", "paja"),
    ("te", "kela"),
    ("te", "social"),
    ("te", "outreach"),
    ("kela", "social"),
    ("social", "te"),
    ("social", "health"),
    ("health", "social"),
    ("paja", "social"),
    ("paja", "outreach"),
];

fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

fn personal() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

fn engine() -> Engine {
    let agencies = AGENCIES.map(|(agency, sector, standing, tasks)| {
        let tasks = tasks.iter().copied().collect();
        Agency { tasks, ..Agency::new(id(agency), sector, standing) }
    });
    let without = |from: &str, to: &str| from == to || (from, to) == ("ohjaamo", "health");
    let mut agreements = Vec::new();
    for (from, ..) in AGENCIES {
        for (to, ..) in AGENCIES.into_iter().filter(|(to, ..)| !without(from, to)) {
            agreements.push(Agreement { from: id(from), to: id(to) });
        }
    }
    Engine::new(Rules::shipped().unwrap(), Directory::new(agencies.to_vec(), agreements).unwrap()).unwrap()
}

fn index(situation: &Situation, from: &str, to: &str, purpose: Purpose) -> ConsentIndex {
    let youth = YouthId::from_uuid(Uuid::nil());
    let mut index = ConsentIndex::new();
    index.put_person(youth, situation.born.parse().unwrap());
    for given in &situation.grants {
        let until = given.until.parse().unwrap();
        let grant = Grant {
            id: ConsentId::from_uuid(Uuid::from_u128(1)),
            version: 1,
            youth,
            kind: given.kind,
            given_by: given.by,
            disclosers: vec![Party::whole(id(from))],
            recipients: vec![Party::whole(id(to))],
            purposes: PurposeSet::of(&[purpose]),
            categories: personal(),
            explicit: given.explicit,
            period: Period::new("2026-01-01T00:00:00Z".parse().unwrap(), Some(until)).unwrap(),
        };
        index.put_grant(&grant, 1);
    }
    if let Some(categories) = situation.prohibited {
        let prohibition = Prohibition {
            id: ProhibitionId::from_uuid(Uuid::from_u128(2)),
            youth,
            disclosers: Vec::new(),
            recipients: Vec::new(),
            categories,
            service_tasks: Vec::new(),
            documents: Vec::new(),
        };
        index.put_prohibition(prohibition, 2);
    }
    if let Some(status) = situation.status {
        index.put_status(youth, LegalStatusId::from_uuid(Uuid::from_u128(3)), status, 3);
    }
    index
}

/// One table: a row for each category, a column for each situation.
fn table(engine: &Engine, from: &str, to: &str, purpose: Purpose) -> String {
    let mut table = String::new();
    for category in personal().difference(CategorySet::of(&[DataCategory::ReferralStatus])).iter() {
        write!(table, "    {:<20}", category_name(category)).unwrap();
        for situation in situations() {
            let channel = Channel::between(id(from), id(to));
            let youth = YouthId::from_uuid(Uuid::nil());
            let question = Question {
                ground: situation.ground,
                ..Question::new(youth, channel, Viewer::Addressee, purpose, now())
            };
            let index = index(&situation, from, to, purpose);
            let decision = engine.decide(&index, CategorySet::of(&[category]), &question);
            let mark = match decision.bases().first().map(|basis| basis.kind) {
                None => "-",
                Some(BasisKind::Consent) => "c",
                Some(BasisKind::DisclosurePermit) => "p",
                Some(BasisKind::Statute) => "l",
                Some(BasisKind::OwnData) => panic!("nothing here is the recipient's own"),
            };
            assert_eq!(decision.permitted().contains(category), mark != "-");
            write!(table, "{mark:>3}").unwrap();
        }
        table.push('\n');
    }
    table
}

fn page() -> String {
    let engine = engine();
    let mut page = String::from(HEADING);
    for (number, situation) in (1..).zip(situations()) {
        writeln!(page, "  {number:>2}  {}", situation.says).unwrap();
    }
    for (from, to) in PAIRS {
        write!(page, "\n\n{} TELLS {}\n", from.to_uppercase(), to.to_uppercase()).unwrap();
        let mut tables: Vec<(String, Vec<&str>)> = Vec::new();
        for purpose in PurposeSet::ALL.iter() {
            let table = table(&engine, from, to, purpose);
            match tables.iter_mut().find(|(held, _)| *held == table) {
                Some((_, purposes)) => purposes.push(purpose_name(purpose)),
                None => tables.push((table, vec![purpose_name(purpose)])),
            }
        }
        for (table, purposes) in tables {
            let purposes = purposes.join(", ");
            if [" c", " p", " l"].iter().all(|mark| !table.contains(mark)) {
                writeln!(page, "\n  for {purposes}: nothing").unwrap();
                continue;
            }
            writeln!(page, "\n  for {purposes}\n").unwrap();
            write!(page, "    {:<20}", "").unwrap();
            (1..=situations().len()).for_each(|number| write!(page, "{number:>3}").unwrap());
            page.push('\n');
            page.push_str(&table);
        }
    }
    page
}

#[test]
fn the_matrix_is_as_written() {
    assert_eq!(situations().len(), 26, "the heading counts them");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/policy_matrix.txt");
    let page = page();
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{page}", path.display());
}

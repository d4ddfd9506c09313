//! In which situations does the matrix look, and what does the engine answer in each?

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, BasisKind, Capacity, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant,
    GrantKind, LegalStatus, Period, Prohibition, PurposeSet, Question, Rules, Sector, Standing, Task, Viewer,
};
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId};
use uuid::Uuid;

/// A situation of the young person.
pub(crate) struct Situation {
    pub(crate) says: &'static str,
    pub(crate) born: &'static str,
    pub(crate) grants: Vec<Given>,
    pub(crate) prohibited: Option<CategorySet>,
    pub(crate) status: Option<LegalStatus>,
    pub(crate) ground: LegalGround,
    /// The home municipality that the sender states.
    pub(crate) home: &'static str,
}

/// A consent or permit that was given.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    pub(crate) kind: GrantKind,
    pub(crate) by: GivenBy,
    pub(crate) explicit: CategorySet,
    pub(crate) until: &'static str,
}

/// The municipality that the outreach youth work is of.
pub(crate) const HOME: &str = "049";

const ADULT: &str = "2006-03-01";
const SEVENTEEN: &str = "2009-03-01";

/// All situations, in the order of their numbers.
pub(crate) fn situations() -> Vec<Situation> {
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
        home: HOME,
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
        Situation {
            home: "091",
            ..stated("ground stated: outreach notice, at home elsewhere", ADULT, LegalGround::OutreachNotice)
        },
    ]
}

pub(crate) const AGENCIES: [(&str, Sector, Standing, &[Task]); 7] = [
    ("ohjaamo", Sector::YouthWork, Standing::Authority, &[]),
    ("te", Sector::Employment, Standing::Authority, &[]),
    ("kela", Sector::Benefits, Standing::Authority, &[Task::ProtectedAddresses]),
    ("social", Sector::Social, Standing::Authority, &[]),
    ("health", Sector::Health, Standing::Authority, &[]),
    ("paja", Sector::Ngo, Standing::NotAuthority, &[]),
    ("outreach", Sector::YouthWork, Standing::Authority, &[Task::OutreachYouthWork]),
];

/// Who tells whom.
pub(crate) const PAIRS: [(&str, &str); 14] = [
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

pub(crate) fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

pub(crate) fn personal() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

/// Who has an agreement to tell whom.
pub(crate) fn agreements() -> Vec<(&'static str, &'static str)> {
    let ids = || AGENCIES.into_iter().map(|(id, ..)| id);
    let all = ids().flat_map(|from| ids().map(move |to| (from, to)));
    all.filter(|(from, to)| from != to && (*from, *to) != ("ohjaamo", "health")).collect()
}

pub(crate) fn engine() -> Engine {
    let agencies = AGENCIES.map(|(agency, sector, standing, tasks)| {
        let tasks = tasks.iter().copied().collect();
        let municipalities = [HOME.parse().unwrap()].into();
        Agency { tasks, municipalities, ..Agency::new(id(agency), sector, standing) }
    });
    let agreements = agreements().into_iter().map(|(from, to)| Agreement { from: id(from), to: id(to) });
    Engine::new(Rules::shipped().unwrap(), Directory::new(agencies.to_vec(), agreements.collect()).unwrap())
        .unwrap()
}

fn index(situation: &Situation, from: &str, named: &Party, purpose: Purpose) -> ConsentIndex {
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
            recipients: vec![named.clone()],
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

/// On which basis the recipient may see data of this category; nothing where it may not.
pub(crate) fn answer(
    engine: &Engine,
    situation: &Situation,
    (from, to): (&str, &str),
    purpose: Purpose,
    category: DataCategory,
) -> Option<BasisKind> {
    let channel = Channel::between(id(from), id(to));
    let youth = YouthId::from_uuid(Uuid::nil());
    let question = Question {
        ground: situation.ground,
        home_municipality: Some(situation.home.parse().unwrap()),
        ..Question::new(youth, channel, Viewer::Addressee, purpose, now())
    };
    let index = index(situation, from, &Party::whole(id(to)), purpose);
    let decision = engine.decide(&index, CategorySet::of(&[category]), &question);
    let basis = decision.bases().first().map(|basis| basis.kind);
    assert_eq!(decision.permitted().contains(category), basis.is_some());
    basis
}

/// What of this may be seen by whoever asks the question, where consents name this recipient.
pub(crate) fn asked(
    engine: &Engine,
    situation: &Situation,
    (from, named): (&str, &Party),
    categories: CategorySet,
    question: impl FnOnce(YouthId) -> Question,
) -> CategorySet {
    let question = question(YouthId::from_uuid(Uuid::nil()));
    let index = index(situation, from, named, question.purpose);
    engine.decide(&index, categories, &question).permitted()
}

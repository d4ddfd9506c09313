//! What does the engine answer in a situation of the matrix, from each agency to each other one?

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_policy::{
    Agency, Agreement, BasisKind, Channel, ConsentIndex, Directory, Engine, Grant, Origin, Period,
    Prohibition, PurposeSet, Question, Rules, Sector, Standing, Task, Viewer,
};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId};
use uuid::Uuid;

use super::situations::{DOCUMENT, Given, Lacks, Prohibited, Situation, Stems, TASK};

/// The municipality that the outreach youth work is of.
pub(crate) const HOME: &str = "049";
/// The agencies, and what each of them is before the law.
pub(crate) const AGENCIES: [(&str, Sector, Standing, &[Task]); 7] = [
    ("ohjaamo", Sector::YouthWork, Standing::Authority, &[]),
    ("te", Sector::Employment, Standing::Authority, &[]),
    ("kela", Sector::Benefits, Standing::Authority, &[Task::ProtectedAddresses]),
    ("social", Sector::Social, Standing::Authority, &[]),
    ("health", Sector::Health, Standing::Authority, &[]),
    ("paja", Sector::Ngo, Standing::NotAuthority, &[]),
    ("outreach", Sector::YouthWork, Standing::Authority, &[Task::OutreachYouthWork]),
];
/// Who has no agreement to tell whom.
pub(crate) const WITHOUT_AGREEMENT: (&str, &str) = ("ohjaamo", "health");
/// Somebody else.
const BYSTANDER: &str = "bystander";

/// Who tells whom: from, to.
pub(crate) type Direction = (&'static str, &'static str);

/// Every direction.
pub(crate) fn directions() -> Vec<Direction> {
    let ids = || AGENCIES.into_iter().map(|(id, ..)| id);
    ids().flat_map(|from| ids().map(move |to| (from, to))).filter(|(from, to)| from != to).collect()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// Every category that tells something about a person.
pub(crate) const fn personal() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

const fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(7))
}

pub(crate) fn engine() -> Engine {
    let agencies = AGENCIES.map(|(agency, sector, standing, tasks)| {
        let tasks = tasks.iter().copied().collect();
        let municipalities = [HOME.parse().unwrap()].into();
        Agency { tasks, municipalities, ..Agency::new(id(agency), sector, standing) }
    });
    let agreed = directions().into_iter().filter(|direction| *direction != WITHOUT_AGREEMENT);
    let agreements = agreed.map(|(from, to)| Agreement { from: id(from), to: id(to) });
    let directory = Directory::new(agencies.to_vec(), agreements.collect()).unwrap();
    Engine::new(Rules::shipped().unwrap(), directory).unwrap()
}

/// What is known of a young person in whose situation consents name these parties, each from an agency to a recipient.
pub(crate) fn index(situation: &Situation, named: &[(&str, Party)]) -> ConsentIndex {
    let mut index = ConsentIndex::new();
    index.put_person(youth(), situation.born.parse().unwrap());
    let mut ids = (1..).map(Uuid::from_u128);
    for (from, to) in named {
        for given in &situation.grants {
            let grant = grant(*given, ConsentId::from_uuid(ids.next().unwrap()), from, to);
            index.put_grant(&grant, 1);
            if given.lacks == Lacks::Word {
                index.remove_grant(youth(), grant.id, 2);
            }
        }
        if let Some(prohibited) = situation.prohibited {
            let id = ProhibitionId::from_uuid(ids.next().unwrap());
            index.put_prohibition(prohibition(prohibited, id, (from, to)), 3);
        }
    }
    for status in &situation.statuses {
        index.put_status(youth(), LegalStatusId::from_uuid(ids.next().unwrap()), *status, 4);
    }
    index
}

fn grant(given: Given, id: ConsentId, from: &str, to: &Party) -> Grant {
    let (begin, end) = given.lacks.period();
    let begin = begin.unwrap_or("2026-01-01T00:00:00Z");
    Grant {
        id,
        version: 1,
        youth: youth(),
        kind: given.kind,
        given_by: given.by,
        given: begin.parse().unwrap(),
        disclosers: vec![Party::whole(self::id(from))],
        recipients: vec![if given.lacks == Lacks::Recipient {
            BYSTANDER.parse().unwrap()
        } else {
            to.clone()
        }],
        purposes: match given.lacks {
            Lacks::Purpose => PurposeSet::of(&[Purpose::Statistics]),
            Lacks::Nothing | Lacks::Time | Lacks::Beginning | Lacks::Word | Lacks::Recipient => {
                PurposeSet::ALL
            }
        },
        categories: personal(),
        explicit: given.explicit,
        period: Period::new(begin.parse().unwrap(), Some(end.parse().unwrap())).unwrap(),
    }
}

fn prohibition(prohibited: Prohibited, id: ProhibitionId, (from, to): (&str, &Party)) -> Prohibition {
    let mut all = Prohibition {
        id,
        youth: youth(),
        disclosers: Vec::new(),
        recipients: Vec::new(),
        categories: CategorySet::EMPTY,
        service_tasks: Vec::new(),
        documents: Vec::new(),
    };
    let bystander = || BYSTANDER.parse().unwrap();
    match prohibited {
        Prohibited::Everything => {}
        Prohibited::Category(category) => all.categories.insert(category),
        Prohibited::ThisDiscloser => all.disclosers.push(self::id(from)),
        Prohibited::OtherDiscloser => all.disclosers.push(bystander()),
        Prohibited::ThisRecipient => all.recipients.push(to.agency.clone()),
        Prohibited::OtherRecipient => all.recipients.push(bystander()),
        Prohibited::Task(task) => {
            all.disclosers.push(self::id(from));
            all.service_tasks.push(task.to_owned());
        }
        Prohibited::Document(document) => {
            all.disclosers.push(self::id(from));
            all.documents.push(document.to_owned());
        }
    }
    all
}

/// What may be told, by which kind of ground.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) consent: CategorySet,
    pub(crate) permit: CategorySet,
    pub(crate) law: CategorySet,
}

impl Told {
    fn extend(&mut self, kind: BasisKind, categories: CategorySet) {
        match kind {
            BasisKind::Consent => self.consent.extend(categories),
            BasisKind::DisclosurePermit => self.permit.extend(categories),
            BasisKind::Statute => self.law.extend(categories),
            BasisKind::OwnData => panic!("nothing here is the reader's own"),
        }
    }

    pub(crate) fn all(self) -> CategorySet {
        self.consent.union(self.permit).union(self.law)
    }
}

/// What one agency may tell the other in a situation, for a purpose: of what it holds, and of what became of a referral
/// that the other has sent to it.
pub(crate) fn answer(
    engine: &Engine,
    index: &ConsentIndex,
    situation: &Situation,
    (from, to): (&str, &str),
    purpose: Purpose,
) -> Told {
    let mut told = Told::default();
    let status = CategorySet::of(&[DataCategory::ReferralStatus]);
    for asked in [personal().difference(status), status] {
        let question = question(situation, (from, to), purpose, asked == status);
        let decision = engine.decide(index, asked, &question);
        let kinds: BTreeSet<BasisKind> = decision.bases().iter().map(|basis| basis.kind).collect();
        match Vec::from_iter(kinds)[..] {
            [] => assert!(decision.permitted().is_empty(), "without a ground"),
            [kind] => told.extend(kind, decision.permitted()),
            // Which of them is the ground of which category is said by asking for each.
            _ => {
                for category in decision.permitted().iter() {
                    let one = CategorySet::of(&[category]);
                    let decision = engine.decide(index, one, &question);
                    told.extend(decision.bases().first().unwrap().kind, decision.permitted());
                }
            }
        }
    }
    told
}

fn question(situation: &Situation, (from, to): (&str, &str), purpose: Purpose, is_status: bool) -> Question {
    // What became of a referral is told in the matter of that referral, in which the other agency is the sender.
    let (channel, viewer) = if is_status {
        (Channel::between(id(to), id(from)), Viewer::Author)
    } else {
        (Channel::between(id(from), id(to)), Viewer::Addressee)
    };
    Question {
        ground: situation.ground,
        home_municipality: situation.home.map(|home| home.parse().unwrap()),
        origin: match situation.origin {
            Stems::Unstated => Origin::Unstated,
            Stems::Stated => {
                Origin::Stated { service_task: Some(TASK.to_owned()), documents: vec![DOCUMENT.to_owned()] }
            }
        },
        ..Question::new(youth(), channel, viewer, purpose, now())
    }
}

/// What of this may be seen by whoever asks the question.
pub(crate) fn asked(
    engine: &Engine,
    index: &ConsentIndex,
    categories: CategorySet,
    question: impl FnOnce(YouthId) -> Question,
) -> CategorySet {
    engine.decide(index, categories, &question(youth())).permitted()
}

/// The consents of one direction between whole agencies.
pub(crate) fn between((from, to): Direction) -> [(&'static str, Party); 1] {
    [(from, Party::whole(id(to)))]
}

//! Which worlds may there be? Random consents, prohibitions, statuses and questions, close to every edge in time.

use jiff::Timestamp;
use jiff::civil::Date;
use polku_policy::{
    ActorRole, Capacity, Channel, ConsentIndex, GivenBy, Grant, GrantKind, LegalStatus, Origin, Period,
    Prohibition, PurposeSet, Question, Relation, Viewer,
};
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use polku_proto::{AgencyId, CategorySet, LegalStatusId, Party, YouthId, time};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use super::world::{HOME, at, consent_id, date, id, party, prohibition_id, status_id};

/// What is known of everybody, as plain lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    pub(crate) born: Vec<(YouthId, Date)>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) prohibitions: Vec<Prohibition>,
    pub(crate) statuses: Vec<(YouthId, LegalStatusId, LegalStatus)>,
    /// The ids that are one person's.
    pub(crate) joined: Vec<YouthId>,
}

/// A moment that the rules or an age change at, and who was born when.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// The midnight in question, in seconds.
    pub(crate) midnight: i64,
    pub(crate) born: Vec<(YouthId, Date)>,
}

impl Records {
    /// The same as an index.
    pub(crate) fn index(&self) -> ConsentIndex {
        let mut index = ConsentIndex::new();
        self.born.iter().for_each(|(youth, born)| index.put_person(*youth, *born));
        self.grants.iter().for_each(|grant| index.put_grant(grant, 1));
        self.prohibitions.iter().for_each(|prohibition| index.put_prohibition(prohibition.clone(), 2));
        self.statuses.iter().for_each(|(youth, id, status)| index.put_status(*youth, *id, *status, 3));
        index.put_ids(&self.joined);
        index
    }

    /// Tells whether what is known under the one id is known of the person with the other.
    pub(crate) fn same(&self, one: YouthId, other: YouthId) -> bool {
        one == other || (self.joined.contains(&one) && self.joined.contains(&other))
    }
}

/// Either the two ids are one person's, or they are not.
pub(crate) fn joined() -> impl Strategy<Value = Vec<YouthId>> {
    let both = || [1, 2].map(|number| YouthId::from_uuid(Uuid::from_u128(number))).to_vec();
    prop_oneof![1 => Just(both()), 2 => Just(Vec::new())]
}

pub(crate) fn person() -> impl Strategy<Value = YouthId> {
    prop_oneof![9 => Just(1), 1 => Just(2)].prop_map(|number| YouthId::from_uuid(Uuid::from_u128(number)))
}

pub(crate) fn scene() -> impl Strategy<Value = Scene> {
    let day = prop_oneof![
        3 => Just("2026-03-01"),
        2 => Just("2025-01-01"),
        1 => Just("2024-01-01"),
        1 => Just("2021-08-01"),
        3 => Just("2026-07-15"),
    ];
    let birth = (
        any::<bool>(),
        prop_oneof![4 => Just(18), 3 => Just(16), 1 => Just(21), 2 => Just(25), 2 => Just(29)],
    );
    let leap = prop_oneof![5 => Just(false), 1 => Just(true)];
    (day, vec(option::weighted(0.9, birth), 2), leap).prop_map(|(day, births, leap)| {
        let day = date(day);
        let born = |(number, birth): (u128, Option<(bool, i16)>)| {
            let (birthday, years) = birth?;
            let born = day.with().year(day.year() - years).build().unwrap();
            // Either the birthday itself, or some day before it.
            let born = if birthday { born } else { born.checked_sub(jiff::Span::new().days(40)).unwrap() };
            let born = if leap { date("2008-02-29") } else { born };
            Some((YouthId::from_uuid(Uuid::from_u128(number)), born))
        };
        let born = (1..).zip(births).filter_map(born).collect();
        Scene { midnight: time::start_of_finnish_date(day).unwrap().as_second(), born }
    })
}

pub(crate) fn agency() -> impl Strategy<Value = AgencyId> {
    prop_oneof![
        6 => Just("te"),
        6 => Just("social"),
        6 => Just("health"),
        3 => Just("kela"),
        2 => Just("shelter"),
        2 => Just("outreach"),
        1 => Just("registry"),
        1 => Just("school"),
        1 => Just("vamos"),
        1 => Just("clinic"),
        1 => Just("nowhere"),
    ]
    .prop_map(id)
}

pub(crate) fn any_party() -> impl Strategy<Value = Party> {
    let unit = prop_oneof![6 => Just(""), 1 => Just("/north"), 1 => Just("/south")];
    (agency(), unit).prop_map(|(agency, unit)| party(&format!("{agency}{unit}")))
}

pub(crate) fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![
        6 => Just(Purpose::Guidance),
        3 => Just(Purpose::MultiSectorSupport),
        1 => Just(Purpose::OutreachYouthWork),
        1 => Just(Purpose::Statistics),
        1 => Just(Purpose::Rehabilitation),
        1 => Just(Purpose::Unspecified),
    ]
}

fn ground() -> impl Strategy<Value = LegalGround> {
    prop_oneof![
        1 => Just(LegalGround::Unspecified),
        1 => (1..=10_i32).prop_map(|number| LegalGround::try_from(number).unwrap()),
    ]
}

/// A purpose and a ground; a notice to outreach youth work is for one purpose.
fn matter() -> impl Strategy<Value = (Purpose, LegalGround)> {
    prop_oneof![
        19 => (purpose(), ground()),
        1 => Just((Purpose::OutreachYouthWork, LegalGround::OutreachNotice)),
    ]
}

/// Some of the categories; often many, so that something matches.
pub(crate) fn categories() -> impl Strategy<Value = CategorySet> {
    (any::<u32>(), any::<u32>()).prop_map(|(some, more)| CategorySet::from_bits_truncate(some | more))
}

/// Few of the categories.
pub(crate) fn few_categories() -> impl Strategy<Value = CategorySet> {
    (any::<u32>(), any::<u32>()).prop_map(|(some, fewer)| CategorySet::from_bits_truncate(some & fewer))
}

/// A period near the beginning of time, to be moved to where it is needed.
pub(crate) fn period() -> impl Strategy<Value = Period> {
    (0..12_i64, option::of(1..12_i64))
        .prop_map(|(from, length)| Period::new(at(from), length.map(|length| at(from + length))).unwrap())
}

/// The same period so many seconds later.
pub(crate) fn later(period: Period, seconds: i64) -> Period {
    let moved = |instant: Timestamp| at(instant.as_second() + seconds);
    Period::new(moved(period.from()), period.until().map(moved)).unwrap()
}

fn kind() -> impl Strategy<Value = GrantKind> {
    prop_oneof![
        4 => Just(GrantKind::Consent),
        3 => Just(GrantKind::DisclosurePermit(PermitDomain::Social)),
        3 => Just(GrantKind::DisclosurePermit(PermitDomain::Health)),
        1 => Just(GrantKind::DisclosurePermit(PermitDomain::Unspecified)),
    ]
}

fn giver() -> impl Strategy<Value = GivenBy> {
    prop_oneof![3 => Just(GivenBy::Self_), 3 => Just(GivenBy::Guardian), 1 => Just(GivenBy::Representative)]
}

/// Agencies between which one tells the other, by agreement.
const AGREED: [(&str, &str); 5] =
    [("te", "social"), ("social", "te"), ("social", "health"), ("health", "social"), ("te", "outreach")];

/// Who tells and who is told; mostly two that have agreed on it are among them: the first and the last.
fn parties() -> impl Strategy<Value = (Vec<Party>, Vec<Party>)> {
    let agreed = option::weighted(0.9, select(AGREED.to_vec()));
    (vec(any_party(), 0..4), vec(any_party(), 0..4), agreed).prop_map(|(mut from, mut to, agreed)| {
        if let Some((discloser, recipient)) = agreed {
            from.insert(0, party(discloser));
            to.push(party(recipient));
        }
        (from, to)
    })
}

pub(crate) fn grant() -> impl Strategy<Value = Grant> {
    let scope = (person(), parties(), vec(purpose(), 0..4));
    (scope, categories(), any::<u32>(), period(), (kind(), giver()), 1..4_u64).prop_map(
        |(
            (youth, (disclosers, recipients), purposes),
            categories,
            explicit,
            period,
            (kind, given_by),
            version,
        )| Grant {
            id: consent_id(0),
            version,
            youth,
            kind,
            given_by,
            given: period.from(),
            disclosers,
            recipients,
            purposes: PurposeSet::of(&purposes),
            categories,
            explicit: CategorySet::from_bits_truncate(explicit),
            period,
        },
    )
}

fn words(most: usize, words: [&'static str; 2]) -> impl Strategy<Value = Vec<String>> {
    vec(select(words.to_vec()).prop_map(str::to_owned), 0..=most)
}

const TASKS: [&str; 2] = ["child_welfare", "disability"];
const DOCUMENTS: [&str; 2] = ["plan-6", "plan-7"];

pub(crate) fn prohibition() -> impl Strategy<Value = Prohibition> {
    let agencies = || vec(agency(), 0..4);
    (person(), agencies(), agencies(), few_categories(), words(1, TASKS), words(1, DOCUMENTS)).prop_map(
        |(youth, disclosers, recipients, categories, service_tasks, documents)| Prohibition {
            id: prohibition_id(0),
            youth,
            disclosers,
            recipients,
            categories,
            service_tasks,
            documents,
        },
    )
}

/// A prohibition of something of the matter of a question: each end is named or left open.
pub(crate) fn prohibition_of(question: &Question) -> impl Strategy<Value = Prohibition> + use<> {
    let Channel { from, to } = question.channel.clone();
    let end = |party: Party| vec(Just(party.agency), 0..=1);
    let youth = question.youth;
    (prohibition(), end(from), end(to)).prop_map(move |(prohibition, disclosers, recipients)| Prohibition {
        youth,
        disclosers,
        recipients,
        ..prohibition
    })
}

pub(crate) fn status() -> impl Strategy<Value = LegalStatus> {
    prop_oneof![
        2 => Just(LegalStatus::AddressProtected),
        3 => Just(LegalStatus::MultiSectorSupport),
        1 => Just(LegalStatus::Capacity(Capacity::NotAssessed)),
        2 => Just(LegalStatus::Capacity(Capacity::NotCapable)),
        2 => Just(LegalStatus::Capacity(Capacity::Capable)),
        2 => Just(LegalStatus::Capacity(Capacity::CapableHidden)),
    ]
}

fn actor() -> impl Strategy<Value = ActorRole> {
    let role = prop_oneof![4 => Just("counsellor"), 1 => Just("peer"), 2 => Just("coordinator")];
    let professional =
        (any_party(), role).prop_map(|(at, role)| ActorRole::Professional { at, role: role.to_owned() });
    prop_oneof![
        4 => Just(ActorRole::System),
        4 => professional,
        1 => Just(ActorRole::Subject),
        2 => Just(ActorRole::Guardian),
        1 => Just(ActorRole::Representative),
    ]
}

fn origin() -> impl Strategy<Value = Origin> {
    let stated = (words(1, TASKS), words(2, DOCUMENTS))
        .prop_map(|(mut task, documents)| Origin::Stated { service_task: task.pop(), documents });
    prop_oneof![2 => Just(Origin::Unstated), 3 => stated]
}

/// A question at the beginning of time.
pub(crate) fn question() -> impl Strategy<Value = Question> {
    let viewer =
        prop_oneof![5 => Just(Viewer::Addressee), 2 => Just(Viewer::Author), 1 => Just(Viewer::Subject)];
    let relation = prop_oneof![4 => Just(Relation::Established), 1 => Just(Relation::None)];
    let home = prop_oneof![3 => Just(Some(HOME)), 1 => Just(Some("091")), 1 => Just(None)];
    let scope = (person(), any_party(), any_party(), viewer);
    (scope, matter(), actor(), origin(), (relation, home)).prop_map(
        |((youth, from, to, viewer), (purpose, ground), actor, origin, (relation, home))| Question {
            youth,
            channel: Channel { from, to },
            viewer,
            purpose,
            actor,
            ground,
            origin,
            relation,
            home_municipality: home.map(|code| code.parse().unwrap()),
            now: at(0),
        },
    )
}

/// A grant to ask about, and on which of the two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fit {
    There(Index),
    /// The recipient has sent the matter, and asks what became of it.
    Back(Index),
}

pub(crate) fn fit() -> impl Strategy<Value = Fit> {
    prop_oneof![3 => any::<Index>().prop_map(Fit::There), 1 => any::<Index>().prop_map(Fit::Back)]
}

impl Fit {
    /// The place of the grant.
    pub(crate) fn place(self, grants: &[Grant]) -> Option<usize> {
        let (Fit::There(which) | Fit::Back(which)) = self;
        (!grants.is_empty()).then(|| which.index(grants.len()))
    }

    /// The same question about the matter of the grant.
    pub(crate) fn ask(
        self,
        question: Question,
        asked: CategorySet,
        grants: &[Grant],
    ) -> (Question, CategorySet) {
        let Some(grant) = self.place(grants).map(|place| &grants[place]) else { return (question, asked) };
        let (Some(from), Some(to), Some(purpose)) =
            (grant.disclosers.first(), grant.recipients.last(), grant.purposes.iter().next())
        else {
            return (question, asked);
        };
        let (from, to) = (from.clone(), to.clone());
        match self {
            Fit::There(_) => {
                let channel = Channel { from, to };
                (Question { youth: grant.youth, channel, purpose, ..question }, asked)
            }
            Fit::Back(_) => {
                let channel = Channel { from: to, to: from };
                let viewer = Viewer::Author;
                let status = CategorySet::of(&[DataCategory::ReferralStatus]);
                (Question { youth: grant.youth, channel, viewer, purpose, ..question }, asked.union(status))
            }
        }
    }
}

/// A whole world and one question to it, within twelve seconds around the midnight of its scene.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) records: Records,
    pub(crate) question: Question,
    pub(crate) asked: CategorySet,
    /// The place of the grant that the question is made to fit.
    pub(crate) fits: Option<usize>,
    /// The midnight of its scene, in seconds.
    pub(crate) midnight: i64,
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let grants = prop_oneof![9 => vec(grant(), 1..6), 1 => Just(Vec::new())];
    let records = (grants, vec(prohibition(), 0..3), vec((person(), status()), 0..4), joined());
    // Most questions fit a grant, most of these are asked while it is in force, and most of the grants are such as count.
    let fit = (option::weighted(0.9, fit()), weighted(0.9), weighted(0.9));
    (scene(), records, (question(), 0..12_i64), categories(), fit).prop_map(
        |(
            scene,
            (mut grants, mut prohibitions, statuses, joined),
            (mut question, now),
            asked,
            (fit, in_time, counts),
        )| {
            let start = scene.midnight - 6;
            for (number, grant) in (1_u128..).zip(&mut grants) {
                grant.id = consent_id(number);
                grant.period = later(grant.period, start);
                grant.given = grant.period.from();
            }
            for (number, prohibition) in (1_u128..).zip(&mut prohibitions) {
                prohibition.id = prohibition_id(number);
            }
            question.now = at(start + now);
            let fits = fit.and_then(|fit| fit.place(&grants));
            if let Some(grant) = fits.map(|place| &mut grants[place]) {
                if in_time && !grant.period.contains(question.now) {
                    question.now = grant.period.from();
                }
                if counts {
                    grant.kind = GrantKind::Consent;
                    grant.purposes = PurposeSet::of(&[Purpose::Guidance]);
                    grant.given_by = giver_at(question.now, grant.youth, &scene.born);
                    question.viewer = Viewer::Addressee;
                }
            }
            let (question, asked) =
                fit.map_or((question.clone(), asked), |fit| fit.ask(question, asked, &grants));
            let statuses = (1_u128..)
                .zip(statuses)
                .map(|(number, (youth, status))| (youth, status_id(number), status))
                .collect();
            let records = Records { born: scene.born, grants, prohibitions, statuses, joined };
            World { records, question, asked, fits, midnight: scene.midnight }
        },
    )
}

/// Whose word counts by the age alone.
fn giver_at(now: Timestamp, youth: YouthId, born: &[(YouthId, Date)]) -> GivenBy {
    let born = born.iter().find(|(person, _)| *person == youth).map(|(_, born)| *born);
    let minor = born.and_then(|born| time::full_years(born, now)).is_some_and(|age| age < 18);
    if minor { GivenBy::Guardian } else { GivenBy::Self_ }
}

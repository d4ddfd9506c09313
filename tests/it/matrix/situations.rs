//! In which situations of the young person does the matrix look?

use polku_policy::{Capacity, GivenBy, GrantKind, LegalStatus};
use polku_proto::CategorySet;
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain};

use super::engine::{HOME, personal};

/// A situation of the young person.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) says: &'static str,
    pub(crate) born: &'static str,
    pub(crate) grants: Vec<Given>,
    pub(crate) prohibited: Option<Prohibited>,
    pub(crate) statuses: Vec<LegalStatus>,
    pub(crate) ground: LegalGround,
    /// The home municipality that the sender states.
    pub(crate) home: Option<&'static str>,
    pub(crate) origin: Stems,
}

/// A consent or permit that was given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) kind: GrantKind,
    pub(crate) by: GivenBy,
    pub(crate) explicit: CategorySet,
    pub(crate) lacks: Lacks,
}

/// What is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lacks {
    Nothing,
    /// It is over.
    Time,
    /// It has not begun.
    Beginning,
    /// It was withdrawn.
    Word,
    /// It is for statistics only.
    Purpose,
    /// It names another recipient.
    Recipient,
}

impl Lacks {
    /// When a consent begins, if not long before, and when it ends.
    pub(crate) const fn period(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Time => (None, "2026-11-22T00:00:00Z"),
            Self::Beginning => (Some("2026-11-23T00:00:00Z"), "2027-01-01T00:00:00Z"),
            Self::Nothing | Self::Word | Self::Purpose | Self::Recipient => (None, "2027-01-01T00:00:00Z"),
        }
    }
}

/// What a prohibition covers. Each is for one direction, seen from its discloser and its recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prohibited {
    Everything,
    Category(DataCategory),
    ThisDiscloser,
    OtherDiscloser,
    ThisRecipient,
    OtherRecipient,
    /// One of the discloser's service tasks.
    Task(&'static str),
    /// One of the discloser's documents.
    Document(&'static str),
}

/// Where in the discloser's records the data stem from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stems {
    /// Nobody says.
    Unstated,
    /// From [`TASK`] and [`DOCUMENT`].
    Stated,
}

/// The service task and the document that data stem from, and others of the same agency.
pub(crate) const TASK: &str = "palvelutehtava-1";
pub(crate) const OTHER_TASK: &str = "palvelutehtava-2";
pub(crate) const DOCUMENT: &str = "asiakirja-1";
pub(crate) const OTHER_DOCUMENT: &str = "asiakirja-2";

pub(crate) const ADULT: &str = "2006-03-01";
pub(crate) const SEVENTEEN: &str = "2009-03-01";

const CONSENT: Given =
    Given { kind: GrantKind::Consent, by: GivenBy::Self_, explicit: personal(), lacks: Lacks::Nothing };
const PERMITS: [Given; 2] = [
    Given { kind: GrantKind::DisclosurePermit(PermitDomain::Social), ..CONSENT },
    Given { kind: GrantKind::DisclosurePermit(PermitDomain::Health), ..CONSENT },
];

const CAPABLE: LegalStatus = LegalStatus::Capacity(Capacity::Capable);
const UNABLE: LegalStatus = LegalStatus::Capacity(Capacity::NotCapable);
const PROTECTED: LegalStatus = LegalStatus::AddressProtected;

fn says(says: &'static str) -> Situation {
    Situation {
        says,
        born: ADULT,
        grants: Vec::new(),
        prohibited: None,
        statuses: Vec::new(),
        ground: LegalGround::Unspecified,
        home: Some(HOME),
        origin: Stems::Unstated,
    }
}

impl Situation {
    fn consent(mut self) -> Self {
        self.grants.push(CONSENT);
        self
    }

    fn permits(mut self) -> Self {
        self.grants.extend(PERMITS);
        self
    }

    fn by(mut self, by: GivenBy) -> Self {
        self.grants.iter_mut().for_each(|given| given.by = by);
        self
    }

    fn lacking(mut self, lacks: Lacks) -> Self {
        self.grants.iter_mut().for_each(|given| given.lacks = lacks);
        self
    }

    fn born(mut self, born: &'static str) -> Self {
        self.born = born;
        self
    }

    fn being(mut self, status: LegalStatus) -> Self {
        self.statuses.push(status);
        self
    }

    fn prohibiting(mut self, prohibited: Prohibited) -> Self {
        self.prohibited = Some(prohibited);
        self
    }

    fn stemming(mut self) -> Self {
        self.origin = Stems::Stated;
        self
    }

    fn stating(mut self, ground: LegalGround) -> Self {
        self.ground = ground;
        self
    }

    fn at_home(mut self, home: Option<&'static str>) -> Self {
        self.home = home;
        self
    }

    pub(crate) fn is_minor(&self) -> bool {
        self.born == SEVENTEEN
    }

    /// The same young person to somebody who states neither a ground in law nor where the data stem from: to them it makes no
    /// difference how old an adult is.
    pub(crate) fn unstated(self) -> Self {
        let born = if self.is_minor() { SEVENTEEN } else { ADULT };
        let home = Some(HOME);
        Situation { born, home, ground: LegalGround::Unspecified, origin: Stems::Unstated, ..self }
    }

    /// Whether nothing but the words for it is another.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        *self == Situation { says: self.says, ..other.clone() }
    }
}

/// All situations, in the order of their numbers.
pub(crate) fn situations() -> Vec<Situation> {
    [words(), minors(), prohibitions(), statuses(), notices(), assistance()].concat()
}

/// What the young person, or whoever speaks for them, has said.
fn words() -> Vec<Situation> {
    let [social, health] = PERMITS;
    let consent = |text| says(text).consent();
    vec![
        says("nothing was said"),
        Situation {
            grants: vec![Given { explicit: CategorySet::EMPTY, ..CONSENT }],
            ..says("consent that names nothing explicitly")
        },
        consent("consent, which names health and quality of life explicitly (so does every other one below)"),
        consent("consent whose time is over").lacking(Lacks::Time),
        consent("consent whose time has not begun").lacking(Lacks::Beginning),
        consent("consent that was withdrawn").lacking(Lacks::Word),
        consent("consent for another purpose").lacking(Lacks::Purpose),
        consent("consent that names another recipient").lacking(Lacks::Recipient),
        Situation { grants: vec![social], ..says("permit for data of social services") },
        Situation { grants: vec![health], ..says("permit for data of health care") },
        says("permits for both").permits(),
        says("permits for both, withdrawn").permits().lacking(Lacks::Word),
        consent("consent of a guardian, given before the eighteenth birthday").by(GivenBy::Guardian),
        says("permits of a guardian, given before the eighteenth birthday").permits().by(GivenBy::Guardian),
        consent("consent of another legal representative").by(GivenBy::Representative),
        says("permits of another legal representative").permits().by(GivenBy::Representative),
    ]
}

/// The same of somebody who is not of age yet.
fn minors() -> Vec<Situation> {
    let minor = |text| says(text).born(SEVENTEEN);
    let capable = |text| minor(text).being(CAPABLE);
    let unable = |text| minor(text).being(UNABLE);
    let hidden = |text| minor(text).being(LegalStatus::Capacity(Capacity::CapableHidden));
    vec![
        minor("17 years old: nothing was said"),
        minor("17: consent of a guardian").consent().by(GivenBy::Guardian),
        minor("17: permits of a guardian").permits().by(GivenBy::Guardian),
        minor("17: consent of another legal representative").consent().by(GivenBy::Representative),
        minor("17, nobody assessed: own consent").consent(),
        minor("17, nobody assessed: own permits").permits(),
        capable("17, able to decide: consent of another legal representative")
            .consent()
            .by(GivenBy::Representative),
        capable("17, able to decide: permits of another legal representative")
            .permits()
            .by(GivenBy::Representative),
        capable("17, able to decide: own consent").consent(),
        capable("17, able to decide: own permits").permits(),
        capable("17, able to decide: consent of a guardian").consent().by(GivenBy::Guardian),
        capable("17, able to decide: permits of a guardian").permits().by(GivenBy::Guardian),
        hidden("17, able to decide, and guardians are not to be told: own consent").consent(),
        hidden("17, able to decide, and guardians are not to be told: consent of a guardian")
            .consent()
            .by(GivenBy::Guardian),
        unable("17, not able to decide: own consent").consent(),
        unable("17, not able to decide: own permits").permits(),
        unable("17, not able to decide: consent of a guardian").consent().by(GivenBy::Guardian),
        unable("17, not able to decide: permits of a guardian").permits().by(GivenBy::Guardian),
    ]
}

/// What the young person has prohibited.
fn prohibitions() -> Vec<Situation> {
    use Prohibited::{
        Category, Document, Everything, OtherDiscloser, OtherRecipient, Task, ThisDiscloser, ThisRecipient,
    };
    let consent = |text, prohibited| says(text).consent().prohibiting(prohibited);
    vec![
        consent("consent, and everything prohibited", Everything),
        says("permits for both, and everything prohibited").permits().prohibiting(Everything),
        consent("consent, and health prohibited", Category(DataCategory::HealthCapacity)),
        consent(
            "consent, and word of what became of a referral prohibited",
            Category(DataCategory::ReferralStatus),
        ),
        consent("consent, and all that the sender holds prohibited", ThisDiscloser),
        consent("consent, and all that another agency holds prohibited", OtherDiscloser),
        consent("consent, and everything to this recipient prohibited", ThisRecipient),
        consent("consent, and everything to another recipient prohibited", OtherRecipient),
        consent("consent, and the service task prohibited that the data stem from", Task(TASK)).stemming(),
        consent("consent, and another service task of the sender prohibited", Task(OTHER_TASK)).stemming(),
        consent(
            "consent, and a service task of the sender prohibited; nobody says where the data stem from",
            Task(TASK),
        ),
        consent("consent, and a document prohibited that the data stem from", Document(DOCUMENT)).stemming(),
        consent("consent, and another document of the sender prohibited", Document(OTHER_DOCUMENT))
            .stemming(),
        consent(
            "consent, and a document of the sender prohibited; nobody says where the data stem from",
            Document(DOCUMENT),
        ),
    ]
}

/// What an authority has said of the young person.
fn statuses() -> Vec<Situation> {
    let support = |text| says(text).being(LegalStatus::MultiSectorSupport);
    vec![
        says("consent, and the address is protected").consent().being(PROTECTED),
        says("permits for both, and the address is protected").permits().being(PROTECTED),
        says("nothing was said, and the address is protected").being(PROTECTED),
        support("customer of multi-sector support"),
        support("customer of multi-sector support, with a consent").consent(),
        support("customer of multi-sector support, and the address is protected").being(PROTECTED),
        support("customer of multi-sector support, and everything prohibited")
            .prohibiting(Prohibited::Everything),
    ]
}

/// The sender states a ground in law.
fn notices() -> Vec<Situation> {
    use LegalGround::{ChildWelfareNotice, OutreachNotice, SocialCareChildInterest, SocialCareInability};
    let outreach = |text| says(text).stating(OutreachNotice);
    let unable = |text| says(text).stating(SocialCareInability);
    let child = |text| says(text).stating(ChildWelfareNotice);
    vec![
        outreach("stated: outreach notice"),
        outreach("stated: outreach notice; 28 years old").born("1997-11-23"),
        outreach("stated: outreach notice; 29 years old").born("1997-11-22"),
        outreach("stated: outreach notice; at home elsewhere").at_home(Some("091")),
        outreach("stated: outreach notice; nobody says where at home").at_home(None),
        outreach("stated: outreach notice; the address is protected").being(PROTECTED),
        outreach("stated: outreach notice; everything prohibited").prohibiting(Prohibited::Everything),
        unable("stated: cannot look after own care, health or safety"),
        says("stated: a child's interest requires it").stating(SocialCareChildInterest),
        unable("stated: cannot look after own care, health or safety; the address is protected")
            .being(PROTECTED),
        unable("stated: cannot look after own care, health or safety; everything prohibited")
            .prohibiting(Prohibited::Everything),
        child("stated: child-welfare notice; 17 years old").born(SEVENTEEN),
        child("stated: child-welfare notice; 17 years old, and everything prohibited")
            .born(SEVENTEEN)
            .prohibiting(Prohibited::Everything),
        child("stated: child-welfare notice; 20 years old"),
    ]
}

/// Kela notifies the county.
fn assistance() -> Vec<Situation> {
    use LegalGround::{
        AssistanceImmigrant, AssistanceLowered, AssistanceSocialWork, AssistanceSupplementary,
        AssistanceUnemployed, AssistanceUnemployedYoung,
    };
    let (twenty_four, twenty_five) = ("2001-11-23", "2001-11-22");
    let work = |text| says(text).stating(AssistanceSocialWork);
    let young = |text| says(text).stating(AssistanceUnemployedYoung);
    let unemployed = |text| says(text).stating(AssistanceUnemployed);
    vec![
        work("stated: need for social work"),
        says("stated: need for supplementary or preventive assistance").stating(AssistanceSupplementary),
        says("stated: lowered basic amount").stating(AssistanceLowered),
        young("stated: under 25, unemployed and long on assistance; 24 years old").born(twenty_four),
        young("stated: under 25, unemployed and long on assistance; 25 years old").born(twenty_five),
        young("stated: under 25, unemployed and long on assistance; 17 years old").born(SEVENTEEN),
        unemployed("stated: 25 or older, unemployed and long on assistance; 25 years old").born(twenty_five),
        unemployed("stated: 25 or older, unemployed and long on assistance; 24 years old").born(twenty_four),
        says("stated: immigrant, long on assistance").stating(AssistanceImmigrant),
        work("stated: need for social work; the address is protected").being(PROTECTED),
        work("stated: need for social work; everything prohibited").prohibiting(Prohibited::Everything),
    ]
}

//! What makes up one situation of the small world, and how does it read as a row?

use std::fmt;

use polku_policy::{Capacity, purpose_name};
use polku_proto::name;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};

use super::words::{Day, Flag, Giver, Home, Instrument, Kind, Reader, Role, Scope, Unit, Wording};

/// One situation, as the columns of the table tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Situation {
    pub(super) reader: Reader,
    pub(super) role: Role,
    pub(super) unit: Unit,
    pub(super) customer: bool,
    pub(super) from: Kind,
    pub(super) to: Kind,
    pub(super) agreement: bool,
    pub(super) purpose: Purpose,
    pub(super) category: DataCategory,
    pub(super) age: Option<Age>,
    pub(super) capacity: Capacity,
    pub(super) turvakielto: bool,
    pub(super) multi_sector_customer: bool,
    pub(super) ground: LegalGround,
    pub(super) consents: [Option<Given>; 2],
    pub(super) prohibition: Scope,
    pub(super) home: Home,
    pub(super) day: Day,
}

/// Whole years, with the birthday where an age limit is met: on the day itself, or the day after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Age {
    pub(super) years: i16,
    pub(super) birthday: Birthday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Birthday {
    Today,
    Tomorrow,
}

/// A consent or permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Given {
    pub(super) instrument: Instrument,
    pub(super) giver: Giver,
    pub(super) wording: Wording,
    pub(super) flags: [Option<Flag>; 2],
}

/// The names of the columns, as the first line has them.
pub(super) const HEADER: &str = "reader\trole\tunit\tcustomer\tfrom\tto\tagreement\tpurpose\tcategory\tage\tcapacity\t\
     turvakielto\tmulti_sector_customer\tground\tconsents\tprohibition\thome\tdate\tclock\tresult\treasons\tobligations\tuntil";

impl Situation {
    /// The recipient's system asks for an adult's data from the employment services, and there is nothing to go by.
    pub(super) const PLAIN: Situation = Situation {
        reader: Reader::Recipient,
        role: Role::System,
        unit: Unit::None,
        customer: true,
        from: Kind::Employment,
        to: Kind::Social,
        agreement: true,
        purpose: Purpose::Guidance,
        category: DataCategory::IdentityContact,
        age: Some(Age::exactly(20)),
        capacity: Capacity::NotAssessed,
        turvakielto: false,
        multi_sector_customer: false,
        ground: LegalGround::Unspecified,
        consents: [None, None],
        prohibition: Scope::None,
        home: Home::OfTheParties,
        day: Day::Later,
    };

    /// Gives the ground in law that is stated; `Unspecified`: none.
    #[must_use]
    pub fn ground(&self) -> LegalGround {
        self.ground
    }

    /// Tells whether the parts go together: who reads in which role, and who can have an agreement.
    pub(super) fn possible(&self) -> bool {
        let of_an_agency = match (self.role, self.unit) {
            (Role::System, unit) => unit == Unit::None,
            (Role::Worker | Role::Coordinator | Role::Peer, unit) => unit != Unit::None,
            (Role::Self_ | Role::Guardian | Role::Representative, _) => false,
        };
        let in_person = matches!(self.role, Role::Self_ | Role::Guardian | Role::Representative)
            && self.unit == Unit::None;
        let reads = if self.reader == Reader::YoungPerson { in_person } else { of_an_agency };
        let stranger = self.from == Kind::Unknown || self.to == Kind::Unknown;
        reads && !(stranger && self.agreement)
    }

    /// Tells whether it is the recipient who tells it: the status of the matter.
    pub(super) fn goes_back(&self) -> bool {
        self.category == DataCategory::ReferralStatus
    }
}

impl Age {
    /// Somebody whose birthday it is.
    pub(super) const fn exactly(years: i16) -> Age {
        Age { years, birthday: Birthday::Today }
    }

    /// Somebody who is one year older tomorrow.
    pub(super) const fn nearly(years: i16) -> Age {
        Age { years: years - 1, birthday: Birthday::Tomorrow }
    }
}

impl Given {
    /// The young person's own word, that fits.
    pub(super) const fn own(instrument: Instrument, wording: Wording) -> Given {
        Given { instrument, giver: Giver::Self_, wording, flags: [None, None] }
    }

    pub(super) fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&Some(flag))
    }
}

/// The row without what the engine says.
impl fmt::Display for Situation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Situation { reader, role, unit, from, to, prohibition, home, day, .. } = self;
        let (customer, agreement) = (yes(self.customer), yes(self.agreement));
        let (turvakielto, multi_sector) = (yes(self.turvakielto), yes(self.multi_sector_customer));
        let (purpose, category, capacity) =
            (purpose_name(self.purpose), name(self.category), assessed(self.capacity));
        write!(
            formatter,
            "{reader}\t{role}\t{unit}\t{customer}\t{from}\t{to}\t{agreement}\t{purpose}\t{category}\t"
        )?;
        match self.age {
            Some(age) => write!(formatter, "{}", age.years)?,
            None => write!(formatter, "unknown")?,
        }
        let ground = ground_name(self.ground);
        write!(formatter, "\t{capacity}\t{turvakielto}\t{multi_sector}\t{ground}\t")?;
        let consents: Vec<String> = self.consents.iter().flatten().map(ToString::to_string).collect();
        let consents = if consents.is_empty() { "-".to_owned() } else { consents.join(";") };
        write!(formatter, "{consents}\t{prohibition}\t{home}\t{day}\t{}", day.clock())
    }
}

impl fmt::Display for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Given { instrument, giver, wording, flags } = self;
        write!(formatter, "{instrument}/{giver}/{wording}")?;
        flags.iter().flatten().try_for_each(|flag| write!(formatter, "/{flag}"))
    }
}

const fn yes(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

const fn assessed(capacity: Capacity) -> &'static str {
    match capacity {
        Capacity::NotAssessed => "unassessed",
        Capacity::NotCapable => "not_capable",
        Capacity::Capable => "capable_allows",
        Capacity::CapableHidden => "capable_forbids",
    }
}

fn ground_name(ground: LegalGround) -> String {
    if ground == LegalGround::Unspecified {
        return "none".to_owned();
    }
    ground.as_str_name().trim_start_matches("LEGAL_GROUND_").to_lowercase()
}

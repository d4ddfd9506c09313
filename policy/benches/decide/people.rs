//! Who is in the index, what have they said, and what is asked about them? The same in every run.

use std::error::Error;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_policy::{
    ActorRole, Agency, Agreement, Capacity, Channel, ConsentIndex, Directory, GivenBy, Grant, GrantKind,
    LegalStatus, Period, Prohibition, PurposeSet, Question, Sector, Standing, Viewer,
};
use polku_proto::v1::{DataCategory, PermitDomain, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId};
use uuid::Uuid;

type Failure = Box<dyn Error>;

/// How many grants a person has.
const GRANTS_EACH: u32 = 4;

const AGENCIES: [(&str, Sector, Standing); 8] = [
    ("te", Sector::Employment, Standing::Authority),
    ("kela", Sector::Benefits, Standing::Authority),
    ("social", Sector::Social, Standing::Authority),
    ("health", Sector::Health, Standing::Authority),
    ("ohjaamo", Sector::YouthWork, Standing::Authority),
    ("school", Sector::Education, Standing::Authority),
    ("paja", Sector::Ngo, Standing::NotAuthority),
    ("vamos", Sector::Ngo, Standing::NotAuthority),
];

const PURPOSES: [Purpose; 4] =
    [Purpose::Guidance, Purpose::EmploymentServices, Purpose::SocialServices, Purpose::WorkshopCoaching];

/// What only a consent that names it opens.
const SPECIAL: CategorySet = polku_policy::SPECIAL;

/// How many categories are asked for.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    /// One that is granted.
    One,
    /// Five that are granted.
    Five,
    /// Every personal one, granted or not.
    All,
}

/// The people of an index.
pub(crate) struct People {
    count: u32,
    agencies: Vec<AgencyId>,
    now: Timestamp,
}

/// All agencies, each of which has agreed with every other one.
pub(crate) fn directory() -> Result<Directory, Failure> {
    let mut agencies = Vec::new();
    for (id, sector, standing) in AGENCIES {
        agencies.push(Agency::new(id.parse()?, sector, standing));
    }
    let mut agreements = Vec::new();
    for from in &agencies {
        for to in agencies.iter().filter(|to| to.id != from.id) {
            agreements.push(Agreement { from: from.id.clone(), to: to.id.clone() });
        }
    }
    Ok(Directory::new(agencies, agreements)?)
}

impl People {
    pub(crate) fn new(grants: u32) -> Result<People, Failure> {
        let agencies = AGENCIES.iter().map(|(id, ..)| id.parse()).collect::<Result<_, _>>()?;
        Ok(People { count: grants / GRANTS_EACH, agencies, now: "2026-03-02T08:00:00Z".parse()? })
    }

    /// Fills an index in the order of the people, and adds up how long `put_grant` takes.
    pub(crate) fn index(&self, taken: &mut Duration) -> Result<ConsentIndex, Failure> {
        let mut index = ConsentIndex::with_capacity(usize::try_from(self.count)?);
        let mut grants = Vec::new();
        let mut revision = 0;
        for person in 0..self.count {
            let mut draw = Draw::of(person, 100);
            let born = Date::new(2026 - 15 - i16::try_from(draw.below(15))?, 1, 1)?
                .checked_add(SignedDuration::from_hours(24 * i64::from(draw.below(365))))?;
            index.put_person(youth(person), born);
            for number in 0..GRANTS_EACH {
                grants.push(self.grant(person, number)?);
            }
            if draw.below(50) == 0 {
                index.put_prohibition(self.prohibition(person, &mut draw), u64::from(person));
            }
            if draw.below(50) == 0 {
                index.put_status(youth(person), LegalStatusId::from_uuid(uuid(3, person)), draw.status(), 0);
            }
            if grants.len() >= 4000 || person + 1 == self.count {
                let begun = Instant::now();
                for grant in &grants {
                    revision += 1;
                    index.put_grant(grant, revision);
                }
                *taken += begun.elapsed();
                grants.clear();
            }
        }
        Ok(index)
    }

    /// A question that one of the person's grants is for.
    pub(crate) fn granted(&self, number: u32, ask: Ask) -> Result<(Question, CategorySet), Failure> {
        let mut draw = Draw::of(number, 200);
        let person = draw.below(self.count);
        let grant = self.grant(person, draw.below(GRANTS_EACH))?;
        let from = draw.of_list(&grant.disclosers)?.clone();
        let to = draw.of_list(&grant.recipients)?.clone();
        let purposes: Vec<Purpose> = grant.purposes.iter().collect();
        let question = self.question(youth(person), from, to, *draw.of_list(&purposes)?);
        let granted: Vec<DataCategory> =
            grant.categories.iter().filter(|category| *category != DataCategory::Envelope).collect();
        let asked = match ask {
            Ask::One => CategorySet::of(&[*draw.of_list(&granted)?]),
            Ask::Five => {
                let mut asked = CategorySet::EMPTY;
                while asked.len() < 5 {
                    asked.insert(*draw.of_list(&granted)?);
                }
                asked
            }
            Ask::All => CategorySet::ALL.difference(CategorySet::ENVELOPE),
        };
        Ok((question, asked))
    }

    /// A question about an id that nobody has.
    pub(crate) fn of_nobody(&self, number: u32) -> Result<(Question, CategorySet), Failure> {
        let (question, asked) = self.granted(number, Ask::One)?;
        Ok((Question { youth: YouthId::from_uuid(uuid(9, number)), ..question }, asked))
    }

    /// A question for a purpose that nobody has granted.
    pub(crate) fn refused(&self, number: u32) -> Result<(Question, CategorySet), Failure> {
        let (question, asked) = self.granted(number, Ask::One)?;
        Ok((Question { purpose: Purpose::Rehabilitation, ..question }, asked))
    }

    fn question(&self, youth: YouthId, from: Party, to: Party, purpose: Purpose) -> Question {
        let actor = ActorRole::Professional { at: to.clone(), role: "counsellor".to_owned() };
        Question { actor, ..Question::new(youth, Channel { from, to }, Viewer::Addressee, purpose, self.now) }
    }

    fn grant(&self, person: u32, number: u32) -> Result<Grant, Failure> {
        let mut draw = Draw::of(person, number);
        let kind = if draw.below(20) == 0 {
            GrantKind::DisclosurePermit(PermitDomain::Social)
        } else {
            GrantKind::Consent
        };
        let discloser = draw.below(8);
        let disclosers = self.parties(discloser, 1, &mut draw)?;
        let recipients = self.parties(discloser + 1, 2, &mut draw)?;
        let mut purposes = PurposeSet::EMPTY;
        for shift in 0..2 {
            let place = usize::try_from(discloser + shift)? % PURPOSES.len();
            purposes.insert(*PURPOSES.get(place).ok_or("no such purpose")?);
        }
        let mut categories = CategorySet::EMPTY;
        let personal: Vec<DataCategory> = CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().collect();
        while categories.len() < 7 {
            categories.insert(*draw.of_list(&personal)?);
        }
        let from = self.now - SignedDuration::from_hours(24 * i64::from(draw.below(300)) + 1);
        let until = self.now + SignedDuration::from_hours(24 * i64::from(draw.below(300)) + 1);
        Ok(Grant {
            id: ConsentId::from_uuid(uuid(2, person * GRANTS_EACH + number)),
            version: 1,
            youth: youth(person),
            kind,
            given: from,
            given_by: if draw.below(20) == 0 { GivenBy::Guardian } else { GivenBy::Self_ },
            disclosers,
            recipients,
            purposes,
            categories,
            explicit: categories.intersection(SPECIAL),
            period: Period::new(from, Some(until))?,
        })
    }

    /// So many agencies, now and then one of them by a unit as well.
    fn parties(&self, first: u32, count: u32, draw: &mut Draw) -> Result<Vec<Party>, Failure> {
        let agency = |place: u32| {
            let place = usize::try_from(place)? % self.agencies.len();
            self.agencies.get(place).cloned().ok_or_else(|| Failure::from("no such agency"))
        };
        let mut parties = Vec::new();
        for place in 0..count {
            parties.push(Party::whole(agency(first + place)?));
        }
        if draw.below(10) == 0 {
            let unit = format!("unit-{}", draw.below(20)).parse()?;
            parties.push(Party { agency: agency(first)?, unit: Some(unit) });
        }
        Ok(parties)
    }

    fn prohibition(&self, person: u32, draw: &mut Draw) -> Prohibition {
        let recipients = self.agencies.iter().filter(|_| draw.below(4) == 0).cloned().collect();
        Prohibition {
            id: ProhibitionId::from_uuid(uuid(4, person)),
            youth: youth(person),
            disclosers: Vec::new(),
            recipients,
            categories: CategorySet::of(&[DataCategory::Housing, DataCategory::BenefitsIncome]),
            service_tasks: Vec::new(),
            documents: Vec::new(),
        }
    }
}

fn youth(person: u32) -> YouthId {
    YouthId::from_uuid(uuid(1, person))
}

/// An id as the gateway makes them: by time first, then at random.
fn uuid(kind: u32, number: u32) -> Uuid {
    let mut draw = Draw::of(number, 1000 + kind);
    let millis = 1_772_000_000_000 + u64::from(number) * 11;
    let mut random = [0; 10];
    let bytes = draw.next().to_be_bytes().into_iter().chain(draw.next().to_be_bytes());
    for (place, byte) in random.iter_mut().zip(bytes) {
        *place = byte;
    }
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Numbers that look random and are the same in every run (splitmix64).
struct Draw(u64);

impl Draw {
    fn of(number: u32, kind: u32) -> Draw {
        let mut draw = Draw(u64::from(number) << 32 | u64::from(kind));
        draw.next();
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(((self.next() >> 32) * u64::from(end)) >> 32).unwrap_or(0)
    }

    fn of_list<'a, T>(&mut self, list: &'a [T]) -> Result<&'a T, Failure> {
        let place = usize::try_from(self.below(u32::try_from(list.len())?))?;
        list.get(place).ok_or_else(|| Failure::from("an empty list"))
    }

    fn status(&mut self) -> LegalStatus {
        match self.below(3) {
            0 => LegalStatus::AddressProtected,
            1 => LegalStatus::MultiSectorSupport,
            _ => LegalStatus::Capacity(Capacity::Capable),
        }
    }
}

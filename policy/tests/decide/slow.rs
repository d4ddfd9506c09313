//! The same decision, made a second time the slow way: plain lists gone through anew, and every rule asked every time.
//!
//! Nothing of the engine is used: no index, no memory, no vocabulary. The facts are derived here from what
//! `schema.cedarschema` says of them.

mod book;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use polku_policy::{
    ActorRole, Capacity, Channel, Decision, Directory, GivenBy, Grant, GrantKind, LegalStatus, Obligation,
    Origin, Outcome, Prohibition, Question, Reason, Relation, Sector, Viewer,
};
use polku_proto::v1::{DataCategory, PermitDomain};
use polku_proto::{CategorySet, ConsentId, Party, YouthId, time};

use super::random::Records;
use book::{Book, Facts};
pub(crate) use book::{dated_rules, rule_ids};

/// All of a decision that is compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) permitted: CategorySet,
    withheld: CategorySet,
    outcome: Outcome,
    pub(crate) reasons: Vec<Reason>,
    /// The rule, and the consent and its version where one is the ground.
    pub(crate) bases: BTreeSet<(String, Option<(ConsentId, u64)>)>,
    obligations: BTreeSet<Obligation>,
    valid_until: Option<Timestamp>,
}

impl Told {
    /// What the engine has decided.
    pub(crate) fn by(decision: &Decision) -> Told {
        let bases = decision.bases().iter().map(|basis| (basis.rule.to_string(), basis.consent));
        let told = Told {
            permitted: decision.permitted(),
            withheld: decision.withheld(),
            outcome: decision.outcome(),
            reasons: decision.reasons().to_vec(),
            bases: bases.collect(),
            obligations: decision.obligations().iter().copied().collect(),
            valid_until: decision.valid_until(),
        };
        assert_eq!(told.bases.len(), decision.bases().len(), "each ground once");
        assert_eq!(told.obligations.len(), decision.obligations().len(), "each obligation once");
        told
    }
}

/// Decides by going through everything.
pub(crate) fn decide(
    directory: &Directory,
    records: &Records,
    asked: CategorySet,
    question: &Question,
) -> Told {
    let all = records;
    let grants = all.grants.iter().filter(|grant| !has_lapsed(all, grant, question)).cloned().collect();
    let records = &Records { grants, ..all.clone() };
    let Channel { from, to } = &question.channel;
    let book = Book::new(directory, [&from.agency, &to.agency], question.now);
    let known = |party: &Party| directory.agency(&party.agency).is_some();
    let strangers = !known(&question.channel.from) || !known(&question.channel.to);
    let envelope_open = question.viewer == Viewer::Subject || !strangers;
    let mut permitted = CategorySet::EMPTY;
    let mut reasons = BTreeSet::new();
    let mut bases = BTreeSet::new();
    let mut obligations = BTreeSet::new();
    let mut told = false;
    let mut by_age = false;
    for category in asked.iter() {
        if category == DataCategory::Envelope {
            if envelope_open {
                permitted.insert(category);
            } else {
                reasons.insert(Reason::UnknownAgency);
            }
            continue;
        }
        let facts = facts(directory, records, question, category);
        let mut against = BTreeSet::new();
        for action in ["disclose_by_law_despite_prohibition", "disclose", "disclose_by_law"] {
            if action != "disclose" && !facts.disclosure {
                continue;
            }
            let answer = book.ask(action, &facts);
            if !answer.permits {
                against.extend(answer.rules.iter().map(|rule| rule.reason()));
                continue;
            }
            permitted.insert(category);
            told |= facts.disclosure;
            against.clear();
            for rule in answer.rules {
                obligations.extend(rule.obligations());
                let mut consents = Vec::new();
                match rule.annotation("basis") {
                    "consent" | "disclosure_permit" => {
                        consents.extend(records.grants.iter().filter(|grant| {
                            is_ground(directory, grant, question, category)
                                && rule.rests_on(grant.kind, grant.given_by)
                        }))
                    }
                    other => {
                        by_age |= other == "statute" && rule.speaks_of_ages()
                            || question.actor == ActorRole::Guardian
                                && !facts.disclosure
                                && question.viewer == Viewer::Subject;
                        bases.insert((rule.annotation("id").to_owned(), None));
                    }
                }
                for grant in consents {
                    by_age |= grant.given_by != GivenBy::Self_;
                    bases.insert((rule.annotation("id").to_owned(), Some((grant.id, grant.version))));
                }
            }
            break;
        }
        if !permitted.contains(category) && against.is_empty() {
            against.insert(Reason::NoBasis);
        }
        reasons.extend(against);
    }
    let withheld = asked.difference(permitted);
    if told && !withheld.is_empty() {
        obligations.insert(Obligation::MarkRedacted);
    }
    if told && sector(directory, discloser(question)) == Some(Sector::Social) {
        obligations.insert(Obligation::DisclosureNotice);
    }
    let mut outcome = Outcome::Permitted;
    if asked.is_empty() && !envelope_open {
        reasons.insert(Reason::UnknownAgency);
        outcome = Outcome::Denied;
    } else if permitted.is_subset(CategorySet::ENVELOPE) && permitted != asked {
        let only_missing = reasons == BTreeSet::from([Reason::NoBasis]);
        outcome = if only_missing { Outcome::NoConsent } else { Outcome::Denied };
    }
    let mut edges = edges(directory, all, asked, question);
    if by_age {
        edges.push(next_midnight(question.now));
    }
    edges.extend(book::dates().into_iter().filter(|edge| question.now < *edge));
    let reasons = reasons.into_iter().collect();
    Told { permitted, withheld, outcome, reasons, bases, obligations, valid_until: edges.into_iter().min() }
}

fn facts(directory: &Directory, records: &Records, question: &Question, category: DataCategory) -> Facts {
    let disclosure = disclosed(question.viewer, category);
    let reads = match question.viewer {
        Viewer::Addressee => Some(&question.channel.to),
        Viewer::Author => Some(&question.channel.from),
        Viewer::Subject => None,
    };
    let (actor, role, own) = match &question.actor {
        ActorRole::System => ("system", "other", None),
        ActorRole::Professional { at, role } => {
            let role = ["peer", "coordinator"].into_iter().find(|known| known == role).unwrap_or("other");
            ("professional", role, reads.filter(|reads| reads.agency == at.agency).map(|reads| (reads, at)))
        }
        ActorRole::Subject => ("subject", "other", None),
        ActorRole::Guardian => ("guardian", "other", None),
        ActorRole::Representative => ("representative", "other", None),
    };
    let theirs = |youth: &YouthId| records.same(*youth, question.youth);
    let statuses: Vec<LegalStatus> =
        records.statuses.iter().filter(|(youth, _, _)| theirs(youth)).map(|(_, _, status)| *status).collect();
    let capacity = capacity(records, question);
    let given = |consent: bool, by: GivenBy| {
        disclosure
            && records.grants.iter().any(|grant| {
                grant.given_by == by
                    && (grant.kind == GrantKind::Consent) == consent
                    && is_ground(directory, grant, question, category)
            })
    };
    let givers =
        |consent| [GivenBy::Self_, GivenBy::Guardian, GivenBy::Representative].map(|by| given(consent, by));
    let names = |grant: &Grant| {
        grant.explicit.contains(category)
            && in_force(grant, question)
            && covers(directory, grant, question, category)
    };
    Facts {
        reader: reads.map(|party| party.agency.to_string()),
        discloser: discloser(question).agency.to_string(),
        category,
        viewer: match question.viewer {
            Viewer::Addressee => "addressee",
            Viewer::Author => "author",
            Viewer::Subject => "subject",
        },
        actor,
        role,
        purpose: question.purpose,
        ground: question.ground,
        age: born(records, question.youth).map_or(-1, |born| age(born, time::finnish_date(question.now))),
        capacity: capacity.unwrap_or("not_assessed"),
        disclosure,
        consent: givers(true),
        disclosure_permit: givers(false),
        explicit: disclosure && records.grants.iter().any(names),
        prohibited: disclosure && prohibited(records, question, category),
        agreement: directory.agreed(&question.channel.from.agency, &question.channel.to.agency),
        same_unit: own.is_none_or(|(reads, at)| reads.unit.is_none() || reads.unit == at.unit),
        care_relation: own.is_none() || question.relation == Relation::Established,
        address_protected: statuses.contains(&LegalStatus::AddressProtected),
        home_municipality: reads.zip(question.home_municipality).is_some_and(|(reads, home)| {
            directory.agency(&reads.agency).is_some_and(|agency| agency.municipalities.contains(&home))
        }),
        multi_sector_support: statuses.contains(&LegalStatus::MultiSectorSupport),
    }
}

/// Tells whether the viewer would learn it from the other agency.
fn disclosed(viewer: Viewer, category: DataCategory) -> bool {
    let status = category == DataCategory::ReferralStatus;
    match viewer {
        Viewer::Addressee => !status && category != DataCategory::Envelope,
        Viewer::Author => status,
        Viewer::Subject => false,
    }
}

fn discloser(question: &Question) -> &Party {
    match question.viewer {
        Viewer::Author => &question.channel.to,
        Viewer::Addressee | Viewer::Subject => &question.channel.from,
    }
}

fn sector(directory: &Directory, party: &Party) -> Option<Sector> {
    directory.agency(&party.agency).map(|agency| agency.sector)
}

/// Tells whether another representative gave it for a minor who is of age by now.
fn has_lapsed(records: &Records, grant: &Grant, question: &Question) -> bool {
    let is_minor = |born, instant| age(born, time::finnish_date(instant)) < 18;
    grant.given_by == GivenBy::Representative
        && born(records, grant.youth)
            .is_some_and(|born| is_minor(born, grant.given) && !is_minor(born, question.now))
}

fn in_force(grant: &Grant, question: &Question) -> bool {
    grant.period.from() <= question.now && grant.period.until().is_none_or(|until| question.now < until)
}

/// Tells whether a consent or permit is enough for the category now.
fn is_ground(directory: &Directory, grant: &Grant, question: &Question, category: DataCategory) -> bool {
    let special = [DataCategory::HealthCapacity, DataCategory::QualityOfLife].contains(&category);
    in_force(grant, question)
        && covers(directory, grant, question, category)
        && (!special || grant.explicit.contains(category))
}

/// Tells whether a consent or permit is for it, whenever it is in force.
fn covers(directory: &Directory, grant: &Grant, question: &Question, category: DataCategory) -> bool {
    let named = |parties: &[Party], party: &Party| {
        parties
            .iter()
            .any(|named| named.agency == party.agency && (named.unit.is_none() || named.unit == party.unit))
    };
    let domain = |party: &Party| match grant.kind {
        GrantKind::Consent => true,
        GrantKind::DisclosurePermit(PermitDomain::Social) => sector(directory, party) == Some(Sector::Social),
        GrantKind::DisclosurePermit(PermitDomain::Health) => sector(directory, party) == Some(Sector::Health),
        GrantKind::DisclosurePermit(PermitDomain::Unspecified) => false,
    };
    let (from, to) = (&question.channel.from, &question.channel.to);
    let there = named(&grant.disclosers, from) && named(&grant.recipients, to);
    let back = named(&grant.disclosers, to) && named(&grant.recipients, from);
    // The status goes both ways: each way under a permit for the data of whoever discloses on it.
    let back = back && domain(to) && category == DataCategory::ReferralStatus;
    let ways = (there && domain(from)) || back;
    ways && grant.youth == question.youth
        && grant.categories.contains(category)
        && grant.purposes.iter().any(|purpose| purpose == question.purpose)
}

/// Under each id the last assessment counts. Of those the one that a guardian is told least by, or that lets the young
/// person open least, whoever asks.
fn capacity(records: &Records, question: &Question) -> Option<&'static str> {
    let mut last: BTreeMap<YouthId, Capacity> = BTreeMap::new();
    for (youth, _, status) in &records.statuses {
        if let LegalStatus::Capacity(capacity) = status
            && records.same(*youth, question.youth)
        {
            last.insert(*youth, *capacity);
        }
    }
    let mut order = [
        (Capacity::NotCapable, "not_capable"),
        (Capacity::CapableHidden, "capable_hidden"),
        (Capacity::Capable, "capable"),
        (Capacity::NotAssessed, "not_assessed"),
    ];
    if question.actor == ActorRole::Guardian {
        order.swap(0, 1);
    }
    let found = order.into_iter().find(|(capacity, _)| last.values().any(|one| one == capacity));
    found.map(|(_, name)| name)
}

fn prohibited(records: &Records, question: &Question, category: DataCategory) -> bool {
    let (from, to) = (&question.channel.from.agency, &question.channel.to.agency);
    records.prohibitions.iter().any(|prohibition| {
        let hit =
            |agencies: &[polku_proto::AgencyId], agency| agencies.is_empty() || agencies.contains(agency);
        let there = hit(&prohibition.disclosers, from) && hit(&prohibition.recipients, to);
        let back = hit(&prohibition.disclosers, to) && hit(&prohibition.recipients, from);
        records.same(prohibition.youth, question.youth)
            && (prohibition.categories.is_empty() || prohibition.categories.contains(category))
            && ((there && reaches(prohibition, &question.origin))
                || (back && category == DataCategory::ReferralStatus))
    })
}

fn reaches(prohibition: &Prohibition, origin: &Origin) -> bool {
    let Origin::Stated { service_task, documents } = origin else { return true };
    if service_task.is_none() && documents.is_empty() {
        return true;
    }
    let everything = prohibition.service_tasks.is_empty() && prohibition.documents.is_empty();
    let task = prohibition.service_tasks.iter().any(|task| Some(task) == service_task.as_ref());
    everything || task || prohibition.documents.iter().any(|document| documents.contains(document))
}

/// When a consent that covers something of it, and that no prohibition makes idle, begins or ends.
fn edges(
    directory: &Directory,
    records: &Records,
    asked: CategorySet,
    question: &Question,
) -> Vec<Timestamp> {
    let mut edges = Vec::new();
    for grant in &records.grants {
        let counts = asked.iter().any(|category| {
            disclosed(question.viewer, category)
                && covers(directory, grant, question, category)
                && !prohibited(records, question, category)
        });
        if counts {
            edges.extend([Some(grant.period.from()), grant.period.until()].into_iter().flatten());
        }
    }
    edges.retain(|edge| question.now < *edge);
    edges
}

fn born(records: &Records, youth: YouthId) -> Option<Date> {
    records.born.iter().find(|(person, _)| *person == youth).map(|(_, born)| *born)
}

fn age(born: Date, today: Date) -> i64 {
    let years = i64::from(today.year()) - i64::from(born.year());
    if (today.month(), today.day()) < (born.month(), born.day()) { years - 1 } else { years }
}

/// Hour after hour, until one has another date in Finland.
fn next_midnight(now: Timestamp) -> Timestamp {
    let today = time::finnish_date(now);
    let mut later = now;
    while time::finnish_date(later) == today {
        later += jiff::SignedDuration::from_hours(1);
    }
    time::start_of_finnish_date(time::finnish_date(later)).unwrap()
}

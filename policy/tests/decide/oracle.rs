//! The same decision, made a second time: plain loops over everything, no index and no Cedar.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_policy::{
    ActorRole, Channel, Directory, Grant, GrantKind, Outcome, Prohibition, Question, Reason, Viewer,
};
use polku_proto::v1::DataCategory;
use polku_proto::{AgencyId, CategorySet, ConsentId};

/// What the oracle says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) permitted: CategorySet,
    pub(crate) reasons: BTreeSet<Reason>,
    pub(crate) outcome: Outcome,
    /// The rule, and the consent where one is the ground.
    pub(crate) bases: BTreeSet<(String, Option<(ConsentId, u64)>)>,
}

pub(crate) fn ask(
    directory: &Directory,
    grants: &[Grant],
    prohibitions: &[Prohibition],
    question: &Question,
    asked: CategorySet,
) -> Word {
    let mut word = Word {
        permitted: CategorySet::EMPTY,
        reasons: BTreeSet::new(),
        outcome: Outcome::Permitted,
        bases: BTreeSet::new(),
    };
    let Channel { from, to } = &question.channel;
    let strangers = directory.agency(from).is_none() || directory.agency(to).is_none();
    for category in asked.iter() {
        if category == DataCategory::Envelope {
            if question.viewer == Viewer::Subject || !strangers {
                word.permitted.insert(category);
            } else {
                word.reasons.insert(Reason::UnknownAgency);
            }
            continue;
        }
        let status = category == DataCategory::ReferralStatus;
        let own = (question.viewer == Viewer::Addressee && status)
            || (question.viewer == Viewer::Author && !status)
            || question.viewer == Viewer::Subject;
        let mut against = BTreeSet::new();
        if question.actor == ActorRole::Professional("peer".to_owned()) {
            against.insert(Reason::RoleWithoutAccess);
        }
        let reader = match question.viewer {
            Viewer::Addressee => Some(to),
            Viewer::Author => Some(from),
            Viewer::Subject => None,
        };
        if reader.is_some_and(|reader| directory.agency(reader).is_none()) {
            against.insert(Reason::UnknownAgency);
        }
        let special = category == DataCategory::HealthCapacity || category == DataCategory::QualityOfLife;
        let mut grounds = BTreeSet::new();
        for grant in grants {
            if covered(grant, question, category) && (!special || grant.explicit.contains(category)) {
                let rule = match grant.kind {
                    GrantKind::Consent => "consent",
                    GrantKind::DisclosurePermit => "disclosure-permit",
                };
                grounds.insert((rule.to_owned(), Some((grant.id, grant.version))));
            }
        }
        if !own {
            if prohibitions.iter().any(|prohibition| stopped(prohibition, question, category)) {
                against.insert(Reason::Prohibited);
            }
            if !directory.agreed(&question.channel) {
                against.insert(Reason::NoAgreement);
            }
            if strangers {
                against.insert(Reason::UnknownAgency);
            }
            if special && grounds.is_empty() {
                against.insert(Reason::SpecialCategoryNotExplicit);
            }
        } else {
            grounds = match (question.viewer, &question.actor) {
                (Viewer::Author, _) => BTreeSet::from([("own-content".to_owned(), None)]),
                (Viewer::Addressee, _) => BTreeSet::from([("own-status".to_owned(), None)]),
                (Viewer::Subject, ActorRole::Subject | ActorRole::Representative) => {
                    BTreeSet::from([("data-subject-access".to_owned(), None)])
                }
                (Viewer::Subject, ActorRole::System | ActorRole::Professional(_)) => BTreeSet::new(),
            };
        }
        if against.is_empty() && !grounds.is_empty() {
            word.permitted.insert(category);
            word.bases.extend(grounds);
        } else if against.is_empty() {
            word.reasons.insert(Reason::NoBasis);
        } else {
            word.reasons.extend(against);
        }
    }
    let envelope = CategorySet::of(&[DataCategory::Envelope]);
    if asked.is_empty() && strangers && question.viewer != Viewer::Subject {
        word.reasons.insert(Reason::UnknownAgency);
        word.outcome = Outcome::Denied;
    } else if word.permitted.is_subset(envelope) && word.permitted != asked {
        let only_missing = word.reasons == BTreeSet::from([Reason::NoBasis]);
        word.outcome = if only_missing { Outcome::NoConsent } else { Outcome::Denied };
    }
    word
}

fn covered(grant: &Grant, question: &Question, category: DataCategory) -> bool {
    pairs(question, category).iter().any(|(from, to)| {
        grant.youth == question.youth
            && grant.disclosers.contains(from)
            && grant.recipients.contains(to)
            && grant.purposes.iter().any(|purpose| purpose == question.purpose)
            && grant.categories.iter().any(|named| named == category)
            && started(grant.period.from(), question.now)
            && !grant.period.until().is_some_and(|until| started(until, question.now))
    })
}

fn stopped(prohibition: &Prohibition, question: &Question, category: DataCategory) -> bool {
    let hit = |list: &[AgencyId], agency| list.is_empty() || list.contains(agency);
    pairs(question, category).iter().any(|(from, to)| {
        prohibition.youth == question.youth
            && hit(&prohibition.disclosers, from)
            && hit(&prohibition.recipients, to)
            && (prohibition.categories.is_empty() || prohibition.categories.contains(category))
    })
}

fn pairs(question: &Question, category: DataCategory) -> Vec<(AgencyId, AgencyId)> {
    let Channel { from, to } = question.channel.clone();
    if category == DataCategory::ReferralStatus {
        vec![(from.clone(), to.clone()), (to, from)]
    } else {
        vec![(from, to)]
    }
}

fn started(instant: Timestamp, now: Timestamp) -> bool {
    now.duration_since(instant).as_secs() >= 0
}

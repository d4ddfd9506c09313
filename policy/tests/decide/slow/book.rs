//! What do the shipped rules say to these facts? Asked of Cedar directly, with a request written by the schema.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use cedar_policy::{
    Authorizer, Context, Decision as Verdict, Effect, Entities, Entity, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema,
};
use jiff::Timestamp;
use polku_policy::{Directory, GivenBy, GrantKind, Obligation, Reason, RuleSource, Standing, Task};
use polku_proto::AgencyId;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};

/// The facts of one category of a question, named as the schema names them.
pub(super) struct Facts {
    /// None: the young person.
    pub(super) reader: Option<String>,
    pub(super) discloser: String,
    pub(super) category: DataCategory,
    pub(super) viewer: &'static str,
    pub(super) actor: &'static str,
    pub(super) role: &'static str,
    pub(super) purpose: Purpose,
    pub(super) ground: LegalGround,
    pub(super) age: i64,
    pub(super) capacity: &'static str,
    pub(super) disclosure: bool,
    /// By the young person, a guardian, another representative.
    pub(super) consent: [bool; 3],
    pub(super) disclosure_permit: [bool; 3],
    pub(super) explicit: bool,
    pub(super) prohibited: bool,
    pub(super) agreement: bool,
    pub(super) same_unit: bool,
    pub(super) care_relation: bool,
    pub(super) address_protected: bool,
    pub(super) multi_sector_support: bool,
    pub(super) home_municipality: bool,
}

/// A rule that decided.
#[derive(Clone)]
pub(super) struct Rule {
    policy: Policy,
    annotations: BTreeMap<String, String>,
    speaks_of_ages: bool,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
}

/// Whether something is permitted, and the rules that say so.
pub(super) struct Answer {
    pub(super) permits: bool,
    pub(super) rules: Vec<Rule>,
}

/// The rules in force at one instant, and what they know of two agencies and of the ages.
pub(super) struct Book {
    rules: Arc<PolicySet>,
    entities: Entities,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let read: PolicySet = RuleSource::SHIPPED.rules.parse().unwrap();
    read.policies().map(Rule::of).collect()
});

static SETS: LazyLock<Mutex<HashMap<Vec<&str>, Arc<PolicySet>>>> = LazyLock::new(Mutex::default);

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| RuleSource::SHIPPED.schema.parse().unwrap());

static AGES: LazyLock<Vec<Entity>> = LazyLock::new(|| {
    Entities::from_json_str(RuleSource::SHIPPED.ages, None).unwrap().iter().cloned().collect()
});

/// The ids of the shipped rules that permit.
pub(crate) fn rule_ids() -> Vec<&'static str> {
    let permits = RULES.iter().filter(|rule| rule.policy.effect() == Effect::Permit);
    permits.map(|rule| rule.annotation("id")).collect()
}

/// The ids of the shipped rules that permit from a date on, sorted, each with it.
pub(crate) fn dated_rules() -> Vec<(&'static str, Timestamp)> {
    let permits = RULES.iter().filter(|rule| rule.policy.effect() == Effect::Permit);
    let dated = permits.filter_map(|rule| Some((rule.annotation("id"), rule.valid_from?)));
    let mut dated: Vec<_> = dated.collect();
    dated.sort_unstable();
    dated
}

/// The instants at which a rule begins or ends.
pub(super) fn dates() -> Vec<Timestamp> {
    RULES.iter().flat_map(|rule| [rule.valid_from, rule.valid_until]).flatten().collect()
}

impl Rule {
    /// Cedar parses the name of an annotation each time that it is asked for, so all are taken down here.
    fn of(policy: &Policy) -> Rule {
        let annotations: BTreeMap<String, String> =
            policy.annotations().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let date = |name: &str| annotations.get(name).map(|date| date.parse::<Timestamp>().unwrap());
        Rule {
            policy: policy.new_id(PolicyId::new(&annotations["id"])),
            valid_from: date("valid_from"),
            valid_until: date("valid_until"),
            speaks_of_ages: policy.to_string().contains("AgeLimit::"),
            annotations,
        }
    }

    pub(super) fn annotation(&self, annotation: &str) -> &str {
        &self.annotations[annotation]
    }

    /// Tells whether an age limit stands anywhere in its text.
    pub(super) fn speaks_of_ages(&self) -> bool {
        self.speaks_of_ages
    }

    pub(super) fn reason(&self) -> Reason {
        let code = self.annotation("basis");
        REASONS.into_iter().find(|reason| reason.code() == code).unwrap()
    }

    pub(super) fn obligations(&self) -> Vec<Obligation> {
        let codes = self.annotations.get("obligations").into_iter().flat_map(|codes| codes.split(','));
        let known =
            |code: &str| Obligation::ALL.into_iter().find(|obligation| obligation.code() == code.trim());
        codes.map(|code| known(code).unwrap()).collect()
    }

    /// Tells whether a consent or permit of this kind and giver is what the rule is about.
    pub(super) fn rests_on(&self, kind: GrantKind, given_by: GivenBy) -> bool {
        let kind = match kind {
            GrantKind::Consent => "consent",
            GrantKind::DisclosurePermit(_) => "disclosure_permit",
        };
        let giver = match given_by {
            GivenBy::Self_ => "self",
            GivenBy::Guardian => "guardian",
            GivenBy::Representative => "representative",
        };
        self.annotation("basis") == kind && self.annotation("given_by") == giver
    }
}

/// The reasons that a rule can give.
pub(super) const REASONS: [Reason; 14] = [
    Reason::Prohibited,
    Reason::NoAgreement,
    Reason::UnknownAgency,
    Reason::SpecialCategoryNotExplicit,
    Reason::RoleWithoutAccess,
    Reason::OtherUnit,
    Reason::NoCareRelation,
    Reason::AddressProtected,
    Reason::StatisticsOnly,
    Reason::NotAnAuthority,
    Reason::RenewConsent,
    Reason::OwnDecisionGoverns,
    Reason::GuardianPermissionMissing,
    Reason::HiddenFromGuardian,
];

impl Book {
    pub(super) fn new(directory: &Directory, agencies: [&AgencyId; 2], now: Timestamp) -> Book {
        let in_force = |rule: &&Rule| {
            rule.valid_from.is_none_or(|from| from <= now) && rule.valid_until.is_none_or(|until| now < until)
        };
        let in_force: Vec<&Rule> = RULES.iter().filter(in_force).collect();
        let ids = in_force.iter().map(|rule| rule.annotation("id")).collect();
        // To put a set of rules together takes longer than to ask it.
        let mut sets = SETS.lock().unwrap();
        let set = || PolicySet::from_policies(in_force.iter().map(|rule| rule.policy.clone())).unwrap();
        let rules = Arc::clone(sets.entry(ids).or_insert_with(|| Arc::new(set())));
        let agencies: HashMap<&AgencyId, Entity> =
            agencies.into_iter().map(|id| (id, agency(directory, id))).collect();
        let entities = agencies.into_values().chain(AGES.iter().cloned());
        Book { rules, entities: Entities::from_entities(entities, None).unwrap() }
    }

    pub(super) fn ask(&self, action: &str, facts: &Facts) -> Answer {
        let principal = match &facts.reader {
            Some(reader) => uid("Agency", reader),
            None => uid("Subject", "somebody"),
        };
        let resource = uid("Category", polku_proto::name(facts.category));
        let request =
            Request::new(principal, uid("Action", action), resource, context(facts), Some(&SCHEMA)).unwrap();
        let response = Authorizer::new().is_authorized(&request, &self.rules, &self.entities);
        assert_eq!(response.diagnostics().errors().count(), 0);
        let rule = |id: &PolicyId| RULES.iter().find(|rule| rule.policy.id() == id).unwrap().clone();
        Answer {
            permits: response.decision() == Verdict::Allow,
            rules: response.diagnostics().reason().map(rule).collect(),
        }
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), cedar_policy::EntityId::new(id))
}

fn word(kind: &str, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}

fn agency(directory: &Directory, id: &AgencyId) -> Entity {
    let known = directory.agency(id);
    let has = |task: Task| known.is_some_and(|agency| agency.tasks.contains(&task));
    let attributes = [
        ("known", RestrictedExpression::new_bool(known.is_some())),
        ("sector", word("Sector", known.map_or("unknown", |agency| agency.sector.name()))),
        (
            "authority",
            RestrictedExpression::new_bool(
                known.is_some_and(|agency| agency.standing == Standing::Authority),
            ),
        ),
        ("outreach_youth_work", RestrictedExpression::new_bool(has(Task::OutreachYouthWork))),
        ("protected_addresses", RestrictedExpression::new_bool(has(Task::ProtectedAddresses))),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    Entity::new(uid("Agency", id.as_str()), attributes.into(), [].into()).unwrap()
}

fn context(facts: &Facts) -> Context {
    let purpose = facts.purpose.as_str_name().trim_start_matches("PURPOSE_").to_lowercase();
    let ground = facts.ground.as_str_name().trim_start_matches("LEGAL_GROUND_").to_lowercase();
    let ground = if facts.ground == LegalGround::Unspecified { "none" } else { &ground };
    let flag = RestrictedExpression::new_bool;
    let given = |given: [bool; 3]| {
        let givers = ["own", "guardian", "representative"].into_iter().zip(given);
        RestrictedExpression::new_record(givers.map(|(giver, given)| (giver.to_owned(), flag(given))))
            .unwrap()
    };
    let facts = [
        ("viewer", word("Viewer", facts.viewer)),
        ("disclosure", flag(facts.disclosure)),
        ("discloser", word("Agency", &facts.discloser)),
        ("consent", given(facts.consent)),
        ("disclosure_permit", given(facts.disclosure_permit)),
        ("explicit", flag(facts.explicit)),
        ("prohibited", flag(facts.prohibited)),
        ("agreement", flag(facts.agreement)),
        ("actor", word("Actor", facts.actor)),
        ("role", word("Role", facts.role)),
        ("same_unit", flag(facts.same_unit)),
        ("care_relation", flag(facts.care_relation)),
        ("purpose", word("Purpose", &purpose)),
        ("ground", word("Ground", ground)),
        ("age", RestrictedExpression::new_long(facts.age)),
        ("capacity", word("Capacity", facts.capacity)),
        ("address_protected", flag(facts.address_protected)),
        ("multi_sector_support", flag(facts.multi_sector_support)),
        ("home_municipality", flag(facts.home_municipality)),
    ];
    Context::from_pairs(facts.map(|(fact, value)| (fact.to_owned(), value))).unwrap()
}

//! How does a counterexample read in plain words, and which of its facts does it take?
//!
//! A solver fills in every fact there is, and most of them have no part in it. So what is out of the ordinary is made
//! ordinary as long as the example stands, one fact after the other; and of what is left, a fact has a part in it if no
//! other value can stand in its place.

use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request};
use cedar_policy_symcc::Env;
use serde_json::{Value, json};

/// The facts of an example in words, sorted out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// Those without which it does not stand.
    pub(super) takes: Vec<String>,
    /// All others.
    pub(super) besides: Vec<String>,
}

/// What is so or not, and the words for both.
const FLAGS: [(&str, &str, &str); 19] = [
    ("context.disclosure", "the reader would learn what another agency knows", "no disclosure"),
    ("context.consent.own", "own consent", "no own consent"),
    ("context.consent.guardian", "guardian's consent", "no guardian's consent"),
    ("context.consent.representative", "representative's consent", "no representative's consent"),
    ("context.disclosure_permit.own", "own permit to disclose", "no own permit to disclose"),
    (
        "context.disclosure_permit.guardian",
        "guardian's permit to disclose",
        "no guardian's permit to disclose",
    ),
    (
        "context.disclosure_permit.representative",
        "representative's permit to disclose",
        "no representative's permit to disclose",
    ),
    ("context.explicit", "named explicitly", "not named explicitly"),
    ("context.prohibited", "prohibited", "not prohibited"),
    ("context.agreement", "an agreement", "no agreement"),
    ("context.same_unit", "the own unit", "another unit"),
    ("context.care_relation", "a customer", "no customer"),
    ("context.address_protected", "protected address", "no protected address"),
    ("context.multi_sector_support", "multi-sector support", "no multi-sector support"),
    ("context.home_municipality", "home municipality", "not the home municipality"),
    (".known", "known", "unknown"),
    (".authority", "an authority", "no authority"),
    (".outreach_youth_work", "does outreach youth work", "does no outreach youth work"),
    (".protected_addresses", "may be told protected addresses", "may not be told protected addresses"),
];

/// What is ordinarily so; every other truth value is ordinarily not.
const ORDINARILY_SO: [&str; 5] =
    ["context.agreement", "context.same_unit", "context.care_relation", ".known", ".authority"];

/// What other facts ordinarily are.
const ORDINARILY: [(&str, &str); 5] = [
    ("context.actor", "system"),
    ("context.role", "other"),
    ("context.purpose", "guidance"),
    ("context.ground", "none"),
    ("context.capacity", "not_assessed"),
];
const ORDINARY_AGE: i64 = 20;

/// Numbers at both sides of the limits of age, and far from all of them.
const NUMBERS: [i64; 7] = [-1, 0, 17, 18, 25, 29, 30];

/// Where a fact stands in the JSON of a context or of entities.
struct Fact {
    of_context: bool,
    pointer: String,
    name: String,
    value: Value,
}

/// Gives the example with as much ordinary in it as it bears, and tells its facts. The function says whether an example
/// stands; the policies name the values that make a difference.
pub(super) fn told(
    found: &Env,
    policies: &[&PolicySet],
    stands: impl Fn(&Env) -> bool,
) -> Option<(Env, Plain)> {
    let literals: Vec<EntityUid> = policies
        .iter()
        .flat_map(|set| set.policies())
        .flat_map(cedar_policy::Policy::entity_literals)
        .collect();
    let mut example = Example::of(found)?;
    for fact in example.facts()? {
        let Some(ordinary) = ordinary(&fact).filter(|value| *value != fact.value) else { continue };
        if let Some(simpler) = example.with(&fact, ordinary).filter(|simpler| stands(&simpler.env)) {
            example = simpler;
        }
    }
    let mut plain = Plain::default();
    for fact in example.facts()? {
        let mut others: Vec<Value> = others(&fact.value, &literals);
        others.extend(ordinary(&fact).filter(|value| *value != fact.value));
        let falls =
            |other: &Value| example.with(&fact, other.clone()).is_some_and(|other| !stands(&other.env));
        let takes = !others.is_empty() && others.iter().all(falls);
        let list = if takes { &mut plain.takes } else { &mut plain.besides };
        list.push(words(&fact.name, &fact.value));
    }
    Some((example.env, plain))
}

/// A request, and the same as JSON.
struct Example {
    env: Env,
    context: Value,
    entities: Value,
}

impl Example {
    fn of(found: &Env) -> Option<Example> {
        let context = found.request.context()?.to_json_value().ok()?;
        let entities = found.entities.to_json_value().ok()?;
        Example::made(found, context, entities)
    }

    fn made(found: &Env, context: Value, entities: Value) -> Option<Example> {
        let request = Request::new(
            found.request.principal()?.clone(),
            found.request.action()?.clone(),
            found.request.resource()?.clone(),
            Context::from_json_value(context.clone(), None).ok()?,
            None,
        );
        let all = Entities::from_json_value(entities.clone(), None).ok()?;
        Some(Example { env: Env { request: request.ok()?, entities: all }, context, entities })
    }

    fn with(&self, fact: &Fact, value: Value) -> Option<Example> {
        let (mut context, mut entities) = (self.context.clone(), self.entities.clone());
        let json = if fact.of_context { &mut context } else { &mut entities };
        *json.pointer_mut(&fact.pointer)? = value;
        Example::made(&self.env, context, entities)
    }

    fn facts(&self) -> Option<Vec<Fact>> {
        let mut facts = Vec::new();
        collect(&mut facts, true, "", "context", &self.context);
        for (place, entity) in self.entities.as_array()?.iter().enumerate() {
            let Some(who) = who(entity.get("uid")?, &self.env, &self.context) else { continue };
            for (name, value) in entity.get("attrs")?.as_object()? {
                let pointer = format!("/{place}/attrs/{name}");
                collect(&mut facts, false, &pointer, &format!("{who}.{name}"), value);
            }
        }
        Some(facts)
    }
}

/// What a fact ordinarily is, where anything is.
fn ordinary(fact: &Fact) -> Option<Value> {
    let (_, attribute) = attribute(&fact.name);
    if fact.value.is_boolean() {
        return Some(json!(ORDINARILY_SO.contains(&attribute.as_str())));
    }
    if attribute == "context.age" {
        return Some(json!(ORDINARY_AGE));
    }
    let (kind, _) = entity(&fact.value)?;
    let (_, id) = ORDINARILY.iter().find(|(known, _)| *known == attribute)?;
    Some(json!({"__entity": {"type": kind, "id": id}}))
}

/// Whose it is, if an agency's, and what.
fn attribute(name: &str) -> (Option<&str>, String) {
    match name.split_once('.') {
        Some((who, attribute)) if who != "context" => (Some(who), format!(".{attribute}")),
        _ => (None, name.to_owned()),
    }
}

/// Which side of the question an entity is. What the rules say of ages, and of words, is no fact of it.
fn who(uid: &Value, found: &Env, context: &Value) -> Option<&'static str> {
    let is = |other: Option<(&str, &str)>| {
        let own = (uid.get("type").and_then(Value::as_str), uid.get("id").and_then(Value::as_str));
        other.is_some_and(|(kind, id)| own == (Some(kind), Some(id)))
    };
    let reader =
        found.request.principal().map(|uid| (uid.type_name().to_string(), uid.id().unescaped().to_owned()));
    let reader = is(reader.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str())));
    let discloser = context.pointer("/discloser/__entity");
    let discloser =
        is(discloser.and_then(|uid| Some((uid.get("type")?.as_str()?, uid.get("id")?.as_str()?))));
    match (reader, discloser) {
        (true, true) => Some("the reader, which discloses too"),
        (true, false) => Some("the reader"),
        (false, true) => Some("the discloser"),
        (false, false) => None,
    }
}

/// Goes down to what is no record.
fn collect(facts: &mut Vec<Fact>, of_context: bool, pointer: &str, name: &str, value: &Value) {
    match value.as_object().filter(|_| entity(value).is_none()) {
        Some(record) => {
            for (field, inner) in record {
                collect(facts, of_context, &format!("{pointer}/{field}"), &format!("{name}.{field}"), inner);
            }
        }
        // Who discloses is told by what the discloser is.
        None if name == "context.discloser" => {}
        None => {
            let (pointer, name) = (pointer.to_owned(), name.to_owned());
            facts.push(Fact { of_context, pointer, name, value: value.clone() });
        }
    }
}

/// The type and id of an entity that a value names.
fn entity(value: &Value) -> Option<(&str, &str)> {
    let uid = value.get("__entity")?;
    Some((uid.get("type")?.as_str()?, uid.get("id")?.as_str()?))
}

/// Other values that may stand in the place of this one.
fn others(value: &Value, literals: &[EntityUid]) -> Vec<Value> {
    if let Some(flag) = value.as_bool() {
        return vec![json!(!flag)];
    }
    if let Some(number) = value.as_i64() {
        return NUMBERS.iter().filter(|other| **other != number).map(|other| json!(other)).collect();
    }
    let Some((kind, id)) = entity(value) else { return Vec::new() };
    let alike =
        literals.iter().filter(|uid| uid.type_name().to_string() == kind && uid.id().unescaped() != id);
    alike.map(|uid| json!({"__entity": {"type": kind, "id": uid.id().unescaped()}})).collect()
}

/// A fact as `polku policy diff` says it.
fn words(name: &str, value: &Value) -> String {
    let (who, attribute) = attribute(name);
    let said = match (value.as_bool(), value.as_i64(), entity(value)) {
        (Some(flag), _, _) => {
            let known = FLAGS.iter().find(|(known, ..)| *known == attribute);
            known.map(|(_, yes, no)| (if flag { *yes } else { *no }).to_owned())
        }
        (_, Some(age), _) if attribute == "context.age" => {
            Some(if age < 0 { "age unknown".to_owned() } else { format!("age {age}") })
        }
        (_, _, Some((_, id))) => match attribute.as_str() {
            "context.viewer" => Some(format!("read by the {}", id.replace("subject", "young person"))),
            "context.actor" => Some(format!("by a {id}")),
            "context.role" => Some(format!("role {id}")),
            "context.purpose" => Some(format!("for {id}")),
            "context.ground" if id == "none" => Some("no ground stated".to_owned()),
            "context.ground" => Some(format!("ground {id}")),
            "context.capacity" => Some(format!("capacity {id}")),
            ".sector" => Some(format!("in sector {id}")),
            _ => None,
        },
        (_, _, None) => None,
    };
    match (said, who) {
        (Some(said), Some(who)) => format!("{who} {}", of_agency(&said)),
        (Some(said), None) => said,
        (None, _) => format!("{name} = {value}"),
    }
}

/// "The reader is no authority", and "the reader may be told".
fn of_agency(said: &str) -> String {
    let has_verb = ["does ", "may "].iter().any(|verb| said.starts_with(verb));
    if has_verb { said.to_owned() } else { format!("is {said}") }
}

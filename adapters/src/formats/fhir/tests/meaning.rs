//! Do the terms permit just what the document permits? Held point by point against what each reading says in words.

use polku_proto::Party;
use polku_proto::v1::ProhibitionTerms;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

const RECIPIENTS: [&str; 3] = ["te", "kela", "paja/verstas"];
const PURPOSES: [&str; 2] = ["guidance", "rehabilitation"];
const CATEGORIES: [&str; 3] = ["identity_contact", "housing", "education_work"];
/// Days on which something may begin or end.
const DAYS: [&str; 4] = ["2026-01-01", "2026-03-01", "2026-05-01", "2026-07-01"];

/// A provision: what it says of each dimension, or nothing; and those inside.
#[derive(Debug, Clone)]
struct Provision {
    permit: bool,
    recipients: Option<Vec<usize>>,
    purposes: Option<Vec<usize>>,
    categories: Option<Vec<usize>>,
    /// From the first of these months up to and without the second.
    months: Option<(usize, usize)>,
    inside: Vec<Provision>,
}

/// A recipient, a purpose, a category and a month.
type Point = [usize; 4];

impl Provision {
    fn reaches(&self, [recipient, purpose, category, month]: Point) -> bool {
        let in_list = |list: &Option<Vec<usize>>, one| list.as_ref().is_none_or(|list| list.contains(&one));
        in_list(&self.recipients, recipient)
            && in_list(&self.purposes, purpose)
            && in_list(&self.categories, category)
            && self.months.is_none_or(|(from, to)| (from..to).contains(&month))
    }

    /// Whether it permits (or denies) the point: no exception inside of it holds there.
    fn holds(&self, point: Point) -> bool {
        let exception = |inside: &Provision| inside.permit != self.permit && inside.holds(point);
        self.reaches(point) && !self.inside.iter().any(exception)
    }

    fn written(&self, typed: bool) -> Value {
        let mut written = json!({});
        if typed {
            written["type"] = json!(if self.permit { "permit" } else { "deny" });
        }
        if let Some(recipients) = &self.recipients {
            let actors: Vec<Value> = recipients.iter().map(|one| actor("IRCP", RECIPIENTS[*one])).collect();
            written["actor"] = json!(actors);
        }
        if let Some(purposes) = &self.purposes {
            let purposes = purposes.iter().map(|one| code("urn:polku:purpose", PURPOSES[*one]));
            written["purpose"] = purposes.collect();
        }
        if let Some(categories) = &self.categories {
            written["class"] = categories.iter().map(|one| category(CATEGORIES[*one])).collect();
        }
        if let Some((from, to)) = self.months {
            let last = ["", "2026-02-28", "2026-04-30", "2026-06-30"][to];
            written["period"] = json!({"start": DAYS[from], "end": last});
        }
        if !self.inside.is_empty() {
            written["provision"] = self.inside.iter().map(|inside| inside.written(typed)).collect();
        }
        if written == json!({}) { json!({"id": "nothing-said"}) } else { written }
    }
}

/// Everything, as a frame for the root.
fn everything() -> Provision {
    Provision {
        permit: true,
        recipients: Some(vec![0, 1, 2]),
        purposes: Some(vec![0, 1]),
        categories: Some(vec![0, 1, 2]),
        months: Some((0, 3)),
        inside: Vec::new(),
    }
}

fn list(length: usize) -> impl Strategy<Value = Option<Vec<usize>>> {
    proptest::option::of(subsequence((0..length).collect::<Vec<_>>(), 1..=length))
}

fn provision(levels: u32) -> BoxedStrategy<Provision> {
    let months = prop_oneof![3 => Just(None), 2 => (0..3_usize, 1..=3_usize).prop_map(Some)];
    let inside = match levels {
        0 => Just(Vec::new()).boxed(),
        _ => proptest::collection::vec(provision(levels - 1), 0..3).boxed(),
    };
    (any::<bool>(), list(3), list(2), list(3), months, inside)
        .prop_map(|(permit, recipients, purposes, categories, months, inside)| {
            let months = months.map(|(from, to): (usize, usize)| (from, to.max(from + 1)));
            Provision { permit, recipients, purposes, categories, months, inside }
        })
        .boxed()
}

/// Cuts what a provision says down to what is around it, so that it does not reach beyond.
fn confined(mut provision: Provision, around: &Provision, effect: Option<bool>) -> Provision {
    let cut = |own: Option<Vec<usize>>, around: &Option<Vec<usize>>| match (own, around) {
        (Some(own), Some(around)) => {
            let both: Vec<usize> = own.into_iter().filter(|one| around.contains(one)).collect();
            Some(both).filter(|both| !both.is_empty())
        }
        (own, _) => own,
    };
    provision.recipients = cut(provision.recipients, &around.recipients);
    provision.purposes = cut(provision.purposes, &around.purposes);
    provision.categories = cut(provision.categories, &around.categories);
    provision.months = match (provision.months, around.months) {
        (Some(own), Some(around)) => {
            Some((own.0.max(around.0), own.1.min(around.1))).filter(|(from, to)| from < to)
        }
        (own, _) => own,
    };
    provision.permit = effect.unwrap_or(provision.permit);
    let frame = Provision {
        recipients: provision.recipients.clone().or(around.recipients.clone()),
        purposes: provision.purposes.clone().or(around.purposes.clone()),
        categories: provision.categories.clone().or(around.categories.clone()),
        months: provision.months.or(around.months),
        inside: Vec::new(),
        permit: provision.permit,
    };
    let inside = std::mem::take(&mut provision.inside);
    provision.inside =
        inside.into_iter().map(|one| confined(one, &frame, effect.map(|effect| !effect))).collect();
    provision
}

fn permits(terms: &ConsentTerms, [recipient, purpose, category, month]: Point) -> bool {
    let party: Party = RECIPIENTS[recipient].parse().unwrap();
    let day: jiff::civil::Date = DAYS[month].parse().unwrap();
    let instant = time::start_of_finnish_date(day).unwrap() + jiff::SignedDuration::from_hours(240);
    let read = |stamp: &Option<_>| stamp.as_ref().map(|stamp| time::from_wire(stamp).unwrap());
    terms.disclosers == ["ohjaamo"]
        && terms.recipients.iter().any(|one| one.parse::<Party>().unwrap().covers(&party))
        && terms.purposes().any(|one| polku_policy::purpose_name(one) == PURPOSES[purpose])
        && terms.categories().any(|one| polku_proto::name(one) == CATEGORIES[category])
        && read(&terms.valid_from).is_none_or(|from| from <= instant)
        && read(&terms.valid_until).is_none_or(|until| instant < until)
}

fn prohibits(terms: &ProhibitionTerms, [recipient, _, category, _]: Point) -> bool {
    let agency = RECIPIENTS[recipient].split('/').next().unwrap();
    (terms.recipients.is_empty() || terms.recipients.iter().any(|one| one == agency))
        && (terms.categories.is_empty()
            || terms.categories().any(|one| polku_proto::name(one) == CATEGORIES[category]))
}

fn points() -> impl Iterator<Item = Point> {
    (0..3).flat_map(|a| (0..2).flat_map(move |b| (0..3).flat_map(move |c| (0..3).map(move |d| [a, b, c, d]))))
}

/// Holds an import against the provision that is the root of the document.
fn same(imported: &Imported, permitted: impl Fn(Point) -> bool) -> Result<(), TestCaseError> {
    for point in points() {
        let got = permitted_terms(imported).iter().any(|terms| permits(terms, point))
            && !imported.prohibitions.iter().any(|terms| prohibits(terms, point));
        prop_assert_eq!(got, permitted(point), "{:?}", point);
    }
    Ok(())
}

fn with_discloser(mut root: Value) -> Value {
    let actors = root["actor"].as_array_mut().unwrap();
    actors.push(actor("CST", "ohjaamo"));
    root
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A base that permits, within a frame, and exceptions on three levels.
    #[test]
    fn r4_base_permits(inside in proptest::collection::vec(provision(2), 0..3)) {
        let mut root = everything();
        root.inside = inside.into_iter().map(|one| confined(one, &everything(), None)).collect();
        let mut written = with_discloser(root.written(true));
        written.as_object_mut().unwrap().remove("type");
        let imported = import(&foreign("OPTOUT", written).to_string(), Reading::R4Literal, &organisations);
        match imported {
            Ok(imported) => same(&imported, |point| root.holds(point))?,
            Err(error) => prop_assert!(
                matches!(error.problem, Problem::TooMuch) || error.problem == Problem::Empty, "{}", error
            ),
        }
    }

    /// The same without any `type` below the root: each level negates the one around it.
    #[test]
    fn r5_base_permits(inside in proptest::collection::vec(provision(2), 0..3), typed in any::<bool>()) {
        let mut root = everything();
        root.inside = inside.into_iter().map(|one| confined(one, &everything(), Some(false))).collect();
        let mut written = with_discloser(root.written(typed));
        written["type"] = json!("permit");
        let mut document = foreign("OPTIN", written);
        document.as_object_mut().unwrap().remove("policyRule");
        let imported = import(&document.to_string(), Reading::R5Negation, &organisations);
        match imported {
            Ok(imported) => same(&imported, |point| root.holds(point))?,
            Err(error) => prop_assert!(
                matches!(error.problem, Problem::TooMuch) || error.problem == Problem::Empty, "{}", error
            ),
        }
    }

    /// A base that denies: permissions within a frame, and denials beside them, which are stronger.
    #[test]
    fn r4_base_denies(
        permissions in proptest::collection::vec(provision(2), 1..3),
        denials in proptest::collection::vec((list(2), list(3)), 0..3),
    ) {
        let mut root = everything();
        let whole = everything();
        root.inside = permissions
            .into_iter()
            .map(|one| {
                // Each says itself what it needs.
                let mut one = confined(one, &whole, None);
                one.permit = true;
                one.recipients = one.recipients.or(whole.recipients.clone());
                one.purposes = one.purposes.or(whole.purposes.clone());
                one.categories = one.categories.or(whole.categories.clone());
                one.months = one.months.or(whole.months);
                one
            })
            .collect();
        let mut written: Vec<Value> =
            root.inside.iter().map(|one| with_discloser(one.written(true))).collect();
        let denials: Vec<Provision> = denials
            .into_iter()
            .map(|(recipients, categories)| Provision {
                permit: false, recipients, categories, purposes: None, months: None, inside: Vec::new(),
            })
            .collect();
        written.extend(denials.iter().map(|one| one.written(true)));
        let document = foreign("OPTIN", json!({"provision": written}));
        let imported = import(&document.to_string(), Reading::R4Literal, &organisations);
        let permitted = |point| {
            root.inside.iter().any(|one| one.holds(point)) && !denials.iter().any(|one| one.holds(point))
        };
        match imported {
            Ok(imported) => {
                prop_assert_eq!(imported.prohibitions.len(), denials.len());
                same(&imported, permitted)?;
            }
            Err(error) => prop_assert!(
                matches!(error.problem, Problem::TooMuch | Problem::Empty), "{}", error
            ),
        }
    }
}

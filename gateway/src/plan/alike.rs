//! Which items may two parties have written down twice?

use std::collections::{HashMap, HashSet};

use polku_proto::v1::{GoalState, MeetingState, Plan, PlanItem, PlanMeeting, PlanPart, plan_item::Kind};

use super::YOUTH;

/// How many letters of a text are compared.
const LETTERS: usize = 400;
/// From which share of common pairs of letters on two texts are alike.
const ALIKE: f64 = 0.85;
/// With how many items an item is compared at most.
const COMPARED: usize = 64;
/// Of how many letters of a word it is sorted by: Finnish words change behind them.
const STEM: usize = 5;
/// By how many of its words, the longest ones, a text is found.
const WORDS: usize = 4;
/// How far apart, in seconds, two parties may have written down the beginning of one meeting.
const APART: i64 = 30 * 60;

/// From where an item has come into its section: the reference of the plan of the owner's own system that has said it;
/// nothing if it was written here.
pub type SourceOf<'a> = dyn Fn(&PlanItem) -> Option<&'a str> + 'a;

/// A need, goal or action, and what it says.
struct Said<'a> {
    owner: &'a str,
    kind: Kind,
    id: &'a str,
    text: String,
}

impl Said<'_> {
    fn item(&self) -> PlanItem {
        PlanItem { owner: self.owner.to_owned(), kind: self.kind.into(), id: self.id.to_owned() }
    }
}

/// Finds needs, goals and actions of one owner's section that look like items of other sections in what a reader sees:
/// of the same kind, and with the same text or nearly so, be they of different categories: agencies sort the same need
/// under housing or under income, and whoever sees both texts can be asked. And meetings that begin at the same time,
/// or within half an hour of each other, and at which one participant was, or is to be, at both: whose section it
/// stands in takes part as well. Pairs that are linked already are left out.
///
/// Items of one section are compared where they have come from different sources: by hand and from the owner's own system,
/// or from two plans of that.
///
/// The first of a pair is the owner's. The work is bounded: an item is compared with at most 64 others.
#[must_use]
pub fn alike(view: &Plan, owner: &str, source: &SourceOf<'_>) -> Vec<(PlanItem, PlanItem)> {
    let parts = || view.sections.iter().filter_map(|section| section.part.as_ref());
    let is_apart =
        |one: &PlanItem, other: &PlanItem| one.owner != other.owner || source(one) != source(other);
    // Those of other sections come first: where there are too many, it is these that are compared.
    let (own, others): (Vec<&PlanPart>, Vec<&PlanPart>) = parts().partition(|part| part.owner == owner);
    let others: Vec<Said<'_>> = others.into_iter().chain(own).flat_map(said).collect();
    let mut places: HashMap<(Kind, String), Vec<usize>> = HashMap::new();
    for (place, other) in others.iter().enumerate() {
        for key in keys(&other.text) {
            places.entry((other.kind, key)).or_default().push(place);
        }
    }
    let linked: HashSet<(&PlanItem, &PlanItem)> = view
        .links
        .iter()
        .filter_map(|link| Some((link.first.as_ref()?, link.second.as_ref()?)))
        .flat_map(|(first, second)| [(first, second), (second, first)])
        .collect();
    let mut pairs = Vec::new();
    for own in parts().filter(|part| part.owner == owner).flat_map(said) {
        let mut near: Vec<usize> = Vec::new();
        for key in keys(&own.text) {
            let found = places.get(&(own.kind, key)).map(Vec::as_slice).unwrap_or_default();
            near.extend(found.iter().take(COMPARED));
        }
        near.sort_unstable();
        near.dedup();
        for other in near.into_iter().take(COMPARED).filter_map(|place| others.get(place)) {
            let pair = (own.item(), other.item());
            if is_alike(&own.text, &other.text)
                && is_apart(&pair.0, &pair.1)
                && !linked.contains(&(&pair.0, &pair.1))
            {
                pairs.push(pair);
            }
        }
    }
    let met = met_twice(parts, owner).filter(|(one, other)| is_apart(one, other));
    pairs.extend(met.filter(|pair| !linked.contains(&(&pair.0, &pair.1))));
    // Two of the owner's own are found from either end.
    let mut found: HashSet<(PlanItem, PlanItem)> = HashSet::new();
    pairs.retain(|(one, other)| {
        let is_new = !found.contains(&(other.clone(), one.clone()));
        found.insert((one.clone(), other.clone()));
        is_new
    });
    pairs
}

/// A meeting, and who takes part.
struct Met<'a> {
    owner: &'a str,
    id: &'a str,
    seconds: i64,
    participants: HashSet<String>,
}

impl Met<'_> {
    fn item(&self) -> PlanItem {
        PlanItem { owner: self.owner.to_owned(), kind: Kind::Meeting.into(), id: self.id.to_owned() }
    }
}

/// The owner's meetings with others that may be the same.
fn met_twice<'a, P: Iterator<Item = &'a PlanPart>>(
    parts: impl Fn() -> P,
    owner: &str,
) -> impl Iterator<Item = (PlanItem, PlanItem)> {
    let mut others: Vec<Met<'_>> = parts().flat_map(met).collect();
    others.sort_by_key(|other| other.seconds);
    let mut pairs = Vec::new();
    for own in parts().filter(|part| part.owner == owner).flat_map(met) {
        let first = others.partition_point(|other| other.seconds < own.seconds.saturating_sub(APART));
        let near = others.iter().skip(first).take(COMPARED);
        let near = near.take_while(|other| other.seconds <= own.seconds.saturating_add(APART));
        let near = near.filter(|other| !own.participants.is_disjoint(&other.participants));
        pairs.extend(near.map(|other| (own.item(), other.item())));
    }
    pairs.into_iter()
}

fn met(part: &PlanPart) -> impl Iterator<Item = Met<'_>> {
    // The young person is at all of them.
    let host = Some(part.owner.as_str()).filter(|owner| *owner != YOUTH);
    let is_on = |meeting: &&PlanMeeting| meeting.state() != MeetingState::Cancelled;
    part.meetings.iter().filter(is_on).filter_map(move |meeting| {
        let participants = meeting.participants.iter().map(String::as_str).chain(host);
        Some(Met {
            owner: &part.owner,
            id: &meeting.id,
            seconds: meeting.time.as_ref()?.seconds,
            participants: participants.map(normalised).filter(|name| !name.is_empty()).collect(),
        })
    })
}

fn said(part: &PlanPart) -> Vec<Said<'_>> {
    let said = |kind, id, text: &str| Said { owner: &part.owner, kind, id, text: normalised(text) };
    let needs = part.needs.iter().map(|need| said(Kind::Need, &need.id, &need.text));
    let goals = part.goals.iter().filter(|goal| goal.state() != GoalState::EnteredInError);
    let goals = goals.map(|goal| said(Kind::Goal, &goal.id, &goal.text));
    let actions = part.actions.iter().map(|action| said(Kind::Action, &action.id, &action.text));
    needs.chain(goals).chain(actions).filter(|said| !said.text.is_empty()).collect()
}

/// The words of a text in small letters without their marks, one space between them.
fn normalised(text: &str) -> String {
    let mut words = String::new();
    let mut is_between = false;
    for letter in text.chars().flat_map(char::to_lowercase).take(LETTERS) {
        // Letters that are written in two: the mark is left out like that of a letter written in one.
        if ('\u{300}'..='\u{36f}').contains(&letter) {
            continue;
        }
        if !letter.is_alphanumeric() {
            is_between = !words.is_empty();
            continue;
        }
        if is_between {
            words.push(' ');
            is_between = false;
        }
        words.push(match letter {
            'ä' | 'å' | 'á' | 'à' => 'a',
            'ö' | 'ø' | 'ó' => 'o',
            'é' | 'è' => 'e',
            'ü' | 'ú' => 'u',
            'š' => 's',
            'ž' => 'z',
            other => other,
        });
    }
    words
}

/// The beginnings of the longest words, by which a text is found.
fn keys(text: &str) -> Vec<String> {
    let mut words: Vec<&str> = text.split(' ').collect();
    words.sort_unstable_by_key(|word| (std::cmp::Reverse(word.chars().count()), *word));
    words.dedup();
    let mut keys: Vec<String> =
        words.into_iter().take(WORDS).map(|word| word.chars().take(STEM).collect()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn is_alike(one: &str, other: &str) -> bool {
    one == other || strsim::sorensen_dice(one, other) >= ALIKE
}

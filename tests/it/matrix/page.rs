//! How does the matrix read on paper?
//!
//! Everything is said once: situations in which the same is told stand together, and so do directions and purposes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use polku_policy::{PurposeSet, purpose_name};
use polku_proto::{CategorySet, name as category_name};

use super::Cell;
use super::engine::{AGENCIES, Direction, Told, directions, personal};
use super::situations::Situation;

const HEADING: &str = "\
WHO SEES WHAT

May one agency tell another one something about a young person? This page says it for every pair of agencies in both
directions, every purpose, every category of data and every situation below. What is not said here is not told.
It is written by the program itself and compared with the program at every test: a change of the rules shows here.

The agencies

  ohjaamo    one-stop guidance point of a municipality
  te         employment services
  kela       Social Insurance Institution; may be told protected addresses
  social     social services of a wellbeing services county
  health     health care of a wellbeing services county
  paja       workshop of an association; the only one that is no authority
  outreach   outreach youth work of a municipality

All have agreements with each other, in both directions, but for ohjaamo to health; an agreement covers the referrals in its
direction, with what is told back of them. \"Everybody\" is any of them, and \"the sender\" is the one that tells.

What there is to tell

  identity_contact    name, personal identity code, language    joint_plan        the joint service plan
  address_contact     address, contact, place of meeting        guidance_notes    notes of guidance
  service_attendance  being a customer, appointments            housing           housing
  education_work      education and work                        benefits_income   benefits and income
  social_situation    social situation                          outcome_measures  measures of outcome
  health_capacity     health, ability to work and function      quality_of_life   quality of life
  service_needs       needs for services                        referral_status   what became of a referral, told to
                                                                                  the agency that has sent it

On which ground

  by consent    a consent for the case
  by permit     a permit to disclose (luovutuslupa)
  by law        without the young person's word

The purposes: PURPOSES.

Where nothing else is said, a consent or permit is the young person's own and in force, names both agencies, and covers
every purpose and category; the young person is 20 years old, and the sender says that their home is in the municipality
that outreach works for. \"Stated\" is the ground in law that the sender states.
";
const WIDTH: usize = 118;

/// The whole page.
pub(super) fn page(matrix: &[(Situation, Vec<Cell>)]) -> String {
    let purposes: Vec<_> = PurposeSet::ALL.iter().map(purpose_name).collect();
    let (before, after) = HEADING.split_once("The purposes: PURPOSES.\n").unwrap();
    let mut page = before.to_owned();
    wrapped(&mut page, ("", ""), &format!("The purposes: {}.", purposes.join(", ")));
    page += after;
    let mut paragraphs: Vec<(String, Vec<&str>)> = Vec::new();
    for (situation, cells) in matrix {
        let says = paragraph(cells);
        match paragraphs.iter_mut().find(|(known, _)| *known == says) {
            Some((_, situations)) => situations.push(situation.says),
            None => paragraphs.push((says, vec![situation.says])),
        }
    }
    for (says, situations) in paragraphs {
        page.push_str("\n\n");
        situations.iter().for_each(|situation| wrapped(&mut page, ("* ", "  "), situation));
        page.push('\n');
        page += &says;
    }
    page
}

/// What is told in a situation.
fn paragraph(cells: &[Cell]) -> String {
    // Who tells whom the same, and for which purposes.
    let mut alike: Vec<(Told, BTreeMap<Direction, PurposeSet>)> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.told != Told::default()) {
        let place = alike.iter().position(|(told, _)| *told == cell.told).unwrap_or_else(|| {
            alike.push((cell.told, BTreeMap::new()));
            alike.len() - 1
        });
        alike[place].1.entry(cell.direction).or_default().insert(cell.purpose);
    }
    let mut text = String::new();
    for (told, directions) in alike {
        let mut by_purposes: Vec<(PurposeSet, BTreeSet<Direction>)> = Vec::new();
        for (direction, purposes) in directions {
            match by_purposes.iter_mut().find(|(known, _)| *known == purposes) {
                Some((_, directions)) => drop(directions.insert(direction)),
                None => by_purposes.push((purposes, [direction].into())),
            }
        }
        for (purposes, directions) in by_purposes {
            for line in who_whom(&directions) {
                wrapped(&mut text, ("    ", "      "), &line);
            }
            wrapped(&mut text, ("      ", "        "), &format!("for {}", named(purposes)));
            for (ground, categories) in
                [("consent", told.consent), ("permit", told.permit), ("law", told.law)]
            {
                if !categories.is_empty() {
                    let line = format!("by {ground}: {}", listed(categories));
                    wrapped(&mut text, ("        ", "          "), &line);
                }
            }
        }
    }
    if text.is_empty() { "    nothing\n".to_owned() } else { text }
}

/// Directions in words, as few as will do.
fn who_whom(told: &BTreeSet<Direction>) -> Vec<String> {
    let every: BTreeSet<Direction> = directions().into_iter().collect();
    let missing: Vec<&Direction> = every.difference(told).collect();
    if missing.is_empty() {
        return vec!["everybody tells everybody".to_owned()];
    }
    if let [(from, to)] = missing[..] {
        return vec![format!("everybody tells everybody, but {from} does not tell {to}")];
    }
    let ids: Vec<&str> = AGENCIES.into_iter().map(|(id, ..)| id).collect();
    let recipients = |from: &str| -> Vec<&str> {
        ids.iter().copied().filter(|to| told.iter().any(|(one, other)| *one == from && other == to)).collect()
    };
    // A sender is as good as its own recipient: it makes no difference to what it tells.
    let with_itself = |from: &str| -> Vec<&str> {
        let recipients = recipients(from);
        ids.iter().copied().filter(|to| *to == from || recipients.contains(to)).collect()
    };
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for from in ids.iter().copied().filter(|from| !recipients(from).is_empty()) {
        let to = with_itself(from);
        match groups.iter_mut().find(|(_, known)| *known == to) {
            Some((senders, _)) => senders.push(from),
            None => groups.push((vec![from], to)),
        }
    }
    let mut lines = Vec::new();
    for (senders, with_themselves) in groups {
        if with_themselves == ids {
            lines.push((senders, "everybody".to_owned()));
        } else if senders == with_themselves {
            lines.push((senders, "each other".to_owned()));
        } else {
            lines.extend(senders.into_iter().map(|from| (vec![from], recipients(from).join(", "))));
        }
    }
    let mut joined: Vec<(Vec<&str>, String)> = Vec::new();
    for (senders, to) in lines {
        match joined.iter_mut().find(|(_, known)| *known == to) {
            Some((known, _)) => known.extend(senders),
            None => joined.push((senders, to)),
        }
    }
    let verb = |senders: &[&str]| if senders.len() == 1 { "tells" } else { "tell" };
    joined.into_iter().map(|(from, to)| format!("{} {} {to}", from.join(", "), verb(&from))).collect()
}

fn named(purposes: PurposeSet) -> String {
    let names = |chosen: &dyn Fn(_) -> bool| -> String {
        let chosen = PurposeSet::ALL.iter().filter(|purpose| chosen(purposes.contains(*purpose)));
        chosen.map(purpose_name).collect::<Vec<_>>().join(", ")
    };
    let (with, without) = (names(&|has| has), names(&|has: bool| !has));
    if without.is_empty() {
        "every purpose".to_owned()
    } else if without.len() < with.len() {
        format!("every purpose but {without}")
    } else {
        with
    }
}

fn listed(categories: CategorySet) -> String {
    let names = |set: CategorySet| set.iter().map(category_name).collect::<Vec<_>>().join(", ");
    let without = personal().difference(categories);
    if without.is_empty() {
        "everything".to_owned()
    } else if without.len() < categories.len() {
        format!("everything but {}", names(without))
    } else {
        names(categories)
    }
}

/// Words in lines of the page, the first one with one margin, the others with another one.
fn wrapped(page: &mut String, (first, others): (&str, &str), text: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(page, "{line}").unwrap();
            line = others.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    writeln!(page, "{line}").unwrap();
}

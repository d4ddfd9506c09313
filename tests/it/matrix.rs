//! The golden matrix: who sees what, on paper, for readers who do not read code.

pub(crate) mod situations;

use std::fmt::Write;
use std::path::Path;

use polku_policy::{BasisKind, Engine, PurposeSet, purpose_name};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{CategorySet, name as category_name};

use situations::{PAIRS, answer, engine, personal, situations};

const HEADING: &str = "\
WHO SEES WHAT

An agency, the sender, refers a young person to another agency, the recipient. This page says what the recipient may
see of what the sender tells, in twenty-seven situations. It is written by the program itself and compared with the
program at every test: a change of the rules shows here.

  c   yes, by a consent for the case
  p   yes, by a permit to disclose (luovutuslupa)
  l   yes, by law, without the young person's word
  -   no

A consent or permit covers the two agencies, the purpose of the referral and every category. The young person is 20
years old, and at home in the municipality that outreach works for, where nothing else is said. All agencies have
agreements with each other but for ohjaamo and health. Purposes with the same answers share a table.

";

/// One table: a row for each category, a column for each situation.
fn table(engine: &Engine, from: &str, to: &str, purpose: Purpose) -> String {
    let mut table = String::new();
    for category in personal().difference(CategorySet::of(&[DataCategory::ReferralStatus])).iter() {
        write!(table, "    {:<20}", category_name(category)).unwrap();
        for situation in situations() {
            let mark = match answer(engine, &situation, (from, to), purpose, category) {
                None => "-",
                Some(BasisKind::Consent) => "c",
                Some(BasisKind::DisclosurePermit) => "p",
                Some(BasisKind::Statute) => "l",
                Some(BasisKind::OwnData) => panic!("nothing here is the recipient's own"),
            };
            write!(table, "{mark:>3}").unwrap();
        }
        table.push('\n');
    }
    table
}

fn page() -> String {
    let engine = engine();
    let mut page = String::from(HEADING);
    for (number, situation) in (1..).zip(situations()) {
        writeln!(page, "  {number:>2}  {}", situation.says).unwrap();
    }
    for (from, to) in PAIRS {
        write!(page, "\n\n{} TELLS {}\n", from.to_uppercase(), to.to_uppercase()).unwrap();
        let mut tables: Vec<(String, Vec<&str>)> = Vec::new();
        for purpose in PurposeSet::ALL.iter() {
            let table = table(&engine, from, to, purpose);
            match tables.iter_mut().find(|(held, _)| *held == table) {
                Some((_, purposes)) => purposes.push(purpose_name(purpose)),
                None => tables.push((table, vec![purpose_name(purpose)])),
            }
        }
        for (table, purposes) in tables {
            let purposes = purposes.join(", ");
            if [" c", " p", " l"].iter().all(|mark| !table.contains(mark)) {
                writeln!(page, "\n  for {purposes}: nothing").unwrap();
                continue;
            }
            writeln!(page, "\n  for {purposes}\n").unwrap();
            write!(page, "    {:<20}", "").unwrap();
            (1..=situations().len()).for_each(|number| write!(page, "{number:>3}").unwrap());
            page.push('\n');
            page.push_str(&table);
        }
    }
    page
}

#[test]
fn the_matrix_is_as_written() {
    assert_eq!(situations().len(), 27, "the heading counts them");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/policy_matrix.txt");
    let page = page();
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{page}", path.display());
}

//! Whom do reports go to, and what of the figures does each get? Everything under `[[journey.report]]`.

use std::collections::BTreeSet;

use polku_proto::AgencyId;
use polku_proto::v1::figure::Kind;
use polku_proto::v1::get_figures_request::Period;

use super::super::section::{Section, quoted};
use crate::figures::{Dimension, ReportFor};

const RECIPIENT: &str = "1 to 32 lower-case letters, digits and hyphens, a letter first";
const PERIOD: &str = "january_to_april, january_to_august or year";
const KIND: &str = "a kind of figure by its name in the contract, in small letters, as in persons";

/// The recipients, in the order of the file.
pub(super) fn reports(section: &Section<'_>) -> Vec<ReportFor> {
    let mut reports: Vec<ReportFor> = Vec::new();
    for report in section.sections("report") {
        let recipient = report.text("recipient", RECIPIENT);
        let periods =
            named(&report, "periods", PERIOD, |name| enumerated(name, "PERIOD_", Period::from_str_name));
        let kinds = named(&report, "kinds", KIND, |name| enumerated(name, "KIND_", Kind::from_str_name));
        let expected = Dimension::NAMES.map(|(name, _)| name).join(", ");
        let dimensions = set(&report, "dimensions", &format!("one of {expected}"), |name| {
            Dimension::NAMES.iter().find(|(known, _)| *known == name).map(|(_, dimension)| *dimension)
        });
        if let Some(recipient) = recipient {
            // The same letters as in the id of an agency.
            if recipient.parse::<AgencyId>().is_err() {
                report.wrong("recipient", quoted(&recipient), RECIPIENT);
            }
            if reports.iter().any(|other| other.recipient == recipient) {
                report.wrong(
                    "recipient",
                    format!("{} a second time", quoted(&recipient)),
                    "every recipient once",
                );
            }
            reports.push(ReportFor { recipient, periods, kinds, dimensions });
        }
        report.finish();
    }
    reports
}

/// One at least.
fn named<T: Ord>(
    section: &Section<'_>,
    key: &'static str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> BTreeSet<T> {
    let read = set(section, key, expected, read);
    if read.is_empty() {
        section.wrong(key, "none that there is", expected);
    }
    read
}

fn set<T: Ord>(
    section: &Section<'_>,
    key: &'static str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for (path, text) in section.texts(key, expected) {
        match read(&text) {
            Some(value) => drop(set.insert(value)),
            None => section.wrong_at(path, quoted(text), expected),
        }
    }
    set
}

/// A value of the contract by the end of its name, in small letters; not the one that says nothing.
fn enumerated<T>(name: &str, prefix: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let is_named = name != "unspecified" && !name.bytes().any(|byte| byte.is_ascii_uppercase());
    read(&format!("{prefix}{}", name.to_ascii_uppercase())).filter(|_| is_named)
}

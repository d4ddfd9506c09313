//! How is a value known again in whatever an adapter has written?
//!
//! Every value that is long enough carries a number. One pass finds the numbers: `qZ017` in a text or an id, and
//! `2900-01-18`, with or without hyphens, in a date, an instant, a telephone number or a UUID.

use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

/// Numbers from here on stand in dates.
const FIRST_DATE: usize = 500;
/// No date has a higher day, whatever the month.
const DAYS: usize = 28;

/// Which categories must be permitted for each numbered value to be there.
#[derive(Default)]
pub(super) struct Canaries {
    texts: Vec<CategorySet>,
    dates: Vec<CategorySet>,
}

impl Canaries {
    /// A new text or id.
    pub(super) fn text(&mut self, needed: &[DataCategory]) -> String {
        self.texts.push(CategorySet::of(needed));
        format!("qZ{:03}", self.texts.len() - 1)
    }

    /// A new date.
    pub(super) fn date(&mut self, needed: &[DataCategory]) -> String {
        let (year, day) = self.year_and_day(needed);
        format!("29{year:02}-01-{day:02}")
    }

    /// A new telephone number.
    pub(super) fn phone(&mut self, needed: &[DataCategory]) -> String {
        let (year, day) = self.year_and_day(needed);
        format!("+358 29{year:02}01{day:02}")
    }

    /// A new UUID.
    pub(super) fn uuid(&mut self, needed: &[DataCategory]) -> String {
        let (year, day) = self.year_and_day(needed);
        format!("29{year:02}01{day:02}-0000-4000-8000-000000000000")
    }

    fn year_and_day(&mut self, needed: &[DataCategory]) -> (usize, usize) {
        self.dates.push(CategorySet::of(needed));
        let number = self.dates.len() - 1;
        assert!(number < 100 * DAYS);
        (number / DAYS, number % DAYS + 1)
    }

    /// Holds what is there against what may be there.
    pub(super) fn check(&self, written: &str, permitted: CategorySet) {
        let mut found = vec![false; FIRST_DATE + self.dates.len()];
        numbers(written, &mut found);
        let texts = self.texts.iter().enumerate();
        let dates = self.dates.iter().enumerate().map(|(number, needed)| (FIRST_DATE + number, needed));
        for (number, needed) in texts.chain(dates) {
            let due = needed.is_subset(permitted);
            assert!(found[number] == due, "value {number} under {permitted}: due {due}\n{written}");
        }
    }
}

fn numbers(written: &str, found: &mut [bool]) {
    let bytes = written.as_bytes();
    let mut note = |number: Option<usize>| {
        if let Some(found) = number.and_then(|number| found.get_mut(number)) {
            *found = true;
        }
    };
    // Looking for one character is fast, also in code that is not optimised.
    for (place, _) in written.match_indices('q') {
        if bytes.get(place + 1) == Some(&b'Z') {
            note(digits(bytes, place + 2, 3));
        }
    }
    for (place, _) in written.match_indices('9') {
        if place > 0 && bytes.get(place - 1) == Some(&b'2') {
            note(dated(bytes, place + 1));
        }
    }
}

/// Reads `YY-01-DD` or `YY01DD`.
fn dated(bytes: &[u8], start: usize) -> Option<usize> {
    let year = digits(bytes, start, 2)?;
    let month = start + 2 + usize::from(bytes.get(start + 2) == Some(&b'-'));
    let day = month + 2 + usize::from(bytes.get(month + 2) == Some(&b'-'));
    let number = year * DAYS + digits(bytes, day, 2)?.checked_sub(1)?;
    (digits(bytes, month, 2)? == 1).then_some(FIRST_DATE + number)
}

fn digits(bytes: &[u8], start: usize, count: usize) -> Option<usize> {
    std::str::from_utf8(bytes.get(start..start + count)?).ok()?.parse().ok()
}

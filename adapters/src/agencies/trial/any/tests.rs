//! Do the strategies really produce each kind of value?

use std::collections::BTreeSet;

use jiff::civil::date as civil;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::agencies::trial::Step;

/// As many values as a strategy gives in all cases of a few properties, the same ones each time.
fn sample<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// A kind of value, and what tells whether a value is of it.
type Kind<'a, T> = (&'static str, &'a dyn Fn(&T) -> bool);

#[track_caller]
fn each<T>(values: &[T], kinds: &[Kind<'_, T>]) {
    for (kind, is) in kinds {
        assert!(values.iter().any(is), "{kind}");
    }
}

fn has(parts: &'static [&'static str]) -> impl Fn(&String) -> bool {
    move |text| parts.iter().any(|part| text.contains(part))
}

#[test]
fn every_kind_of_text() {
    let texts = sample(&words(500), 2000);
    for text in &texts {
        assert!((1..=500).contains(&text.chars().count()) && text.chars().all(polku_proto::is_plain));
    }
    let longest = |letter: char| move |text: &String| text.chars().filter(|l| *l == letter).count() == 500;
    each(
        &texts,
        &[
            ("small letters of Finland", &|text| ["å", "ä", "ö"].iter().any(|letter| text.contains(letter))),
            ("capital letters of Finland", &|text| ["Å", "Ä", "Ö"].iter().any(|l| text.contains(l))),
            ("end of CDATA", &has(&["]]>"])),
            ("CDATA", &has(&["<![CDATA["])),
            ("references", &has(&["&#0;"])),
            ("a tag, a comment and an instruction", &has(&["<b a='1'/><!-- x --><?y?>"])),
            ("end of a JSON text", &has(&["\"}],{\\"])),
            ("an escape of JSON", &has(&["\\u0000"])),
            ("tabulator", &has(&["\t"])),
            ("line feed", &|text| text.replace("\r\n", "").contains('\n')),
            ("carriage return", &|text| text.replace("\r\n", "").contains('\r')),
            ("both", &has(&["\r\n"])),
            ("control characters of Latin 1", &|text| {
                text.chars().any(|l| ('\u{80}'..='\u{9f}').contains(&l))
            }),
            ("next line", &has(&["\u{85}"])),
            ("line and paragraph separators", &has(&["\u{2028}", "\u{2029}"])),
            ("byte order mark", &has(&["\u{feff}"])),
            ("private use", &has(&["\u{e000}"])),
            ("replacement character", &has(&["\u{fffd}"])),
            ("the last character", &has(&["\u{10ffff}"])),
            ("letters of four bytes", &|text| text.chars().any(|letter| letter > '\u{ffff}')),
            ("combining marks", &has(&["e\u{301}"])),
            ("white space alone", &|text| text.trim().is_empty()),
            ("white space before", &|text| text.trim_start() != text && !text.trim().is_empty()),
            ("white space behind", &|text| text.trim_end() != text && !text.trim().is_empty()),
            ("one character", &|text| text.chars().count() == 1),
            ("the longest of one byte", &longest('a')),
            ("the longest of two bytes", &longest('Ö')),
            ("the longest of three bytes", &longest('€')),
            ("the longest of four bytes", &longest('😀')),
            ("the longest that XML escapes", &longest('&')),
            ("the longest that JSON escapes", &longest('"')),
            ("the longest that both escape", &longest('\r')),
        ],
    );
    assert!(sample(&maybe_words(5), 50).iter().any(String::is_empty));
}

#[test]
fn every_kind_of_day_and_instant() {
    let days = sample(&date(), 2000);
    let months: BTreeSet<(i8, i8)> = days.iter().map(|day| (day.month(), day.day())).collect();
    assert!(months.len() > 350, "{}", months.len());
    each(
        &days,
        &[
            ("leap day", &|day| (day.month(), day.day()) == (2, 29)),
            ("leap day of a century", &|day| *day == civil(2000, 2, 29)),
            ("end of February", &|day| !day.in_leap_year() && (day.month(), day.day()) == (2, 28)),
            ("the first of a year", &|day| day.day_of_year() == 1),
            ("the last of a year", &|day| day.day_of_year() == day.days_in_year()),
            ("the 31st", &|day| day.day() == 31),
            ("the first day", &|day| *day == civil(1, 1, 1)),
            ("the last day", &|day| *day == civil(9999, 12, 31)),
        ],
    );
    let moments = sample(&moment(), 2000);
    for Moment { instant, text, is_utc } in &moments {
        assert_eq!(text.parse().ok(), Some(*instant), "{text}");
        assert_eq!(*is_utc, text.ends_with('Z'), "{text}");
    }
    let texts: Vec<String> = moments.into_iter().map(|moment| moment.text).collect();
    let digits = |count: usize| {
        move |text: &String| {
            let fraction = text.get(19..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
            fraction.bytes().take_while(u8::is_ascii_digit).count() == count
        }
    };
    each(
        &texts,
        &[
            ("UTC", &|text| text.ends_with('Z')),
            ("winter in Finland", &|text| text.ends_with("+02:00")),
            ("summer in Finland", &|text| text.ends_with("+03:00")),
            ("zero", &|text| text.ends_with("+00:00")),
            ("west", &|text| text.ends_with("-05:00")),
            ("not of whole hours", &|text| text.ends_with("-03:30")),
            ("the most", &|text| text.ends_with("+14:00")),
            ("digits with zeros behind them", &|text| text.ends_with("0Z") && text.contains('.')),
        ],
    );
    for count in 0..=9 {
        assert!(texts.iter().any(digits(count)), "{count} digits behind the second");
    }
}

#[test]
fn every_code() {
    fn all<T>(values: &[T], code: impl Fn(&T) -> i32) -> Vec<i32> {
        values.iter().map(code).collect::<BTreeSet<_>>().into_iter().collect()
    }
    let handovers = sample(&handover(), 400);
    assert_eq!(all(&handovers, |one| one.purpose), Vec::from_iter(1..=7));
    let claims: Vec<_> = handovers.iter().filter_map(|one| one.claim.clone()).collect();
    assert_eq!(all(&claims, |claim| claim.ground), Vec::from_iter(1..=10));
    assert_eq!(all(&claims, |claim| claim.consent_asked), Vec::from_iter(1..=3));
    each(
        &handovers,
        &[
            ("without claim", &|one| one.claim.is_none()),
            ("redacted", &|one| one.redacted),
            ("whole", &|one| !one.redacted),
            ("to a unit", &|one| !one.recipient_unit.is_empty()),
            ("to all", &|one| one.recipient_unit.is_empty()),
            ("without end", &|one| one.respond_by.is_none()),
            ("with an end", &|one| one.respond_by.is_some()),
            ("without content", &|one| one.content.is_none()),
        ],
    );
    let news = sample(&news("te"), 400);
    each(
        &news,
        &[
            ("to the recipient", &|(delivery, _, news)| {
                delivery.recipient == "te" && !news.sender_note.is_empty()
            }),
            ("to the sender", &|(delivery, _, news)| delivery.sender == "te" && !news.status_note.is_empty()),
        ],
    );
    let notices: Vec<_> = news.into_iter().map(|(_, _, news)| news).collect();
    assert_eq!(all(&notices, |one| one.kind), [1, 2, 3]);
    assert_eq!(all(&notices, |one| one.state), Vec::from_iter(1..=13));
    assert_eq!(all(&notices, |one| one.rejection_reason), Vec::from_iter(0..=6));
    assert_eq!(all(&notices, |one| one.outcome), Vec::from_iter(0..=8));
    assert_eq!(all(&notices, |one| one.delivery_state), [0, 3, 5, 6, 7, 8]);
    let steps: BTreeSet<String> =
        sample(&step(), 1000).iter().map(|step: &Step| format!("{step:?}")).collect();
    assert_eq!(steps.len(), 6 + 6 + 8 + 8);
    let plans = sample(&plan(), 60);
    each(&plans, &[("withdrawn", &|one| one.consent_withdrawn), ("told", &|one| !one.consent_withdrawn)]);
    assert_eq!(all(&plans, |one| one.state), Vec::from_iter(1..=6));
}

//! Who is in the tests, and which texts must never be seen outside of what they are told in?

/// Every valid identity code of the test data. They are nobody's: individual numbers from 900 to 999 are given to no one.
pub const PEOPLE: [&str; 21] = [
    "010594Y9032",
    "010594Y9021",
    "020594X903P",
    "020594X902N",
    "030594W903B",
    "030694W9024",
    "040594V9030",
    "040594V902Y",
    "050594U903M",
    "050594U902L",
    "010516B903X",
    "010516B902W",
    "020516C903K",
    "020516C902J",
    "030516D9037",
    "030516D9026",
    "010501E9032",
    "020502E902X",
    "020503F9037",
    "020504A902E",
    "020504B904H",
];

/// The list that the tests and `tests/run` search with.
const LIST: &str = include_str!("../../canaries.txt");

/// What must never stand in a log, an error, an output or a file in clear: identity codes, and parts of everything
/// personal that the tests tell about people. Lower and upper case count as the same.
pub fn canaries() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The check characters of identity codes.
const CHECKS: [char; 31] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'H', 'J', 'K', 'L', 'M',
    'N', 'P', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
];

/// Valid identity code of nobody, born on this day (`DDMMYY` as a number) of the century of the sign.
#[must_use]
pub fn born_on(day: usize, sign: char) -> String {
    code(day, sign, 901)
}

/// Valid identity code of an adult, another one for each number below 3,100. They are nobody's, as those of [`PEOPLE`].
#[must_use]
pub fn nobody(number: usize) -> String {
    let (day, individual) = (1 + number / 100 % 31, 900 + number % 100);
    code(day * 10_000 + 195, '-', individual)
}

/// Valid identity code of somebody born on this day of this month and year, another one for each number below 500. They are
/// nobody's.
#[must_use]
pub fn nobody_born(day: (usize, usize, usize), number: usize) -> String {
    let signs = if day.2 < 2000 { ['Y', 'X', 'W', 'V', 'U'] } else { ['B', 'C', 'D', 'E', 'F'] };
    let (day, month, year) = day;
    let date = (day * 100 + month) * 100 + year % 100;
    code(date, signs.get(number / 100).copied().unwrap_or(signs[0]), 900 + number % 100)
}

/// The code of this date, `DDMMYY` as a number.
fn code(date: usize, sign: char, individual: usize) -> String {
    let check = CHECKS.get((date * 1_000 + individual) % CHECKS.len()).unwrap_or(&CHECKS[0]);
    format!("{date:06}{sign}{individual}{check}")
}

#[cfg(test)]
mod tests {
    use polku_proto::identity::Hetu;

    use super::{nobody, nobody_born};

    #[test]
    fn every_code_is_valid_and_another() {
        let codes: std::collections::BTreeSet<String> = (0..3_100).map(nobody).collect();
        assert_eq!(codes.len(), 3_100);
        assert!(codes.iter().all(|code| code.parse::<Hetu>().is_ok()));
        for (day, date) in [((1, 3, 2006), "2006-03-01"), ((31, 12, 1997), "1997-12-31")] {
            let codes: std::collections::BTreeSet<String> =
                (0..500).map(|number| nobody_born(day, number)).collect();
            assert_eq!(codes.len(), 500);
            for code in codes {
                assert_eq!(code.parse::<Hetu>().unwrap().birth_date().to_string(), date);
            }
        }
    }
}

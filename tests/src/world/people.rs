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

/// Valid identity code of nobody, born on this day (`DDMMYY`) of the century of the sign.
///
/// # Panics
/// On a day that is no number.
#[must_use]
pub fn born_on(day: &str, sign: char) -> String {
    let number: usize = format!("{day}901").parse().expect("a day is six digits");
    let check = CHECKS.get(number % CHECKS.len()).unwrap_or(&CHECKS[0]);
    format!("{day}{sign}901{check}")
}

/// Valid identity code of an adult, another one for each number below 3,100. They are nobody's, as those of [`PEOPLE`].
#[must_use]
pub fn nobody(number: usize) -> String {
    let (day, individual) = (1 + number / 100 % 31, 900 + number % 100);
    let check = CHECKS.get((day * 10_000_000 + 195_000 + individual) % CHECKS.len()).unwrap_or(&CHECKS[0]);
    format!("{day:02}0195-{individual}{check}")
}

#[cfg(test)]
mod tests {
    use polku_proto::identity::Hetu;

    use super::nobody;

    #[test]
    fn every_code_is_valid_and_another() {
        let codes: std::collections::BTreeSet<String> = (0..3_100).map(nobody).collect();
        assert_eq!(codes.len(), 3_100);
        assert!(codes.iter().all(|code| code.parse::<Hetu>().is_ok()));
    }
}

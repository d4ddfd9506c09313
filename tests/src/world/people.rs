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

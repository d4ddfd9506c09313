//! How is a young person doing, by the numbers? Questionnaires and outcome stars: item numbers and scores, no wording.

mod star;
mod whoqol;

pub use star::{Star, StarError, check_star, compare};
pub use whoqol::{WhoqolError, score};

#[cfg(test)]
mod tests;

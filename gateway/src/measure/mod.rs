//! How is a young person doing, by the numbers? Questionnaires and outcome stars: item numbers and scores, no wording.

mod star;
mod whoqol;

pub use star::{FirstStars, Star, StarError, check_star, compare, first_stars};
pub use whoqol::{WhoqolError, score};

#[cfg(test)]
mod tests;

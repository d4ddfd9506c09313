//! Does every back end of the store keep its promises?

mod postgres;
mod sqlite;

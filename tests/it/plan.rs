//! One joint plan, kept by several agencies, by real calls.

mod life;
mod table;

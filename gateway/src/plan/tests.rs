//! Do plans change as they should, whatever the order, the repetitions and the losses?

mod activity;
mod agreement;
mod alike;
mod any;
mod check;
mod held;
mod histories;
mod merge;
mod providers;
mod resolve;
mod seen;
mod size;
mod source;
mod told;
mod view;
mod world;

//! Do plans change as they should, whatever the order, the repetitions and the losses?

mod activity;
mod agreement;
mod alike;
mod any;
mod check;
mod histories;
mod merge;
mod resolve;
mod source;
mod view;
mod world;

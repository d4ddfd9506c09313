//! Does a referral live as the contract says, over gRPC and over the agencies' own protocols?

mod dry;
mod life;
mod list;
mod parties;
mod protocols;
mod steps;
mod table;
mod time;
mod watch;

//! Does a referral go through its life as the contract says?

//! What does a whole gateway do between agencies that stand in its own process?

mod agency;
mod agreements;
mod asked;
mod clocks;
mod deciding;
mod disclosures;
mod ends;
mod evidence;
mod follow_ups;
mod foreign;
mod idle;
mod inbound;
mod kept;
mod late;
mod listed;
mod long;
mod looks;
mod models;
mod notices;
mod owed;
mod pages;
mod pairs;
mod parts;
mod past;
mod permissions;
mod races;
mod readings;
mod room;
mod second_looks;
mod shown;
mod slow;
mod steps;
mod stopped;
mod table;
mod tellings;
mod trials;
mod turns;
mod urgent;
mod used;
mod watch;
mod world;

use proptest::test_runner::{Config as ProptestConfig, RngSeed};

/// What a property draws from: a seed, which `PROPTEST_RNG_SEED` gives or chance, and which is printed with what draws the same
/// once more.
pub(crate) fn seeded(mut config: ProptestConfig) -> ProptestConfig {
    let drawn = uuid::Uuid::now_v7().as_u64_pair().1;
    let seed = number("PROPTEST_RNG_SEED").unwrap_or(drawn);
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let cases = config.cases;
    println!(
        "{cases} cases; once more: PROPTEST_RNG_SEED={seed} cargo test -p polku-gateway --lib -- {name}"
    );
    config.rng_seed = RngSeed::Fixed(seed);
    config.failure_persistence = None;
    config
}

/// A number from the environment, as in long runs.
pub(crate) fn number<N: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<N> {
    std::env::var_os(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

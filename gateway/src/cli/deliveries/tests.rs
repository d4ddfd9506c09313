//! Is what a table shows taken as it stands there?

use super::*;

#[test]
fn every_state_is_asked_for_as_the_table_shows_it_and_in_words_of_the_command_line() {
    for asked in State::value_variants() {
        let value = asked.of_contract();
        let shown = state(&QueuedDelivery { state: value.into(), ..QueuedDelivery::default() });
        for word in [&shown, &shown.replace('_', "-")] {
            let taken = State::from_str(word, false);
            assert_eq!(taken.map(State::of_contract), Ok(value), "{word}");
        }
    }
}

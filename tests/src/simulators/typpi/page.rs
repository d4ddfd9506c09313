//! Which codes does the page of the joint register have, and where do they stand?

use crate::simulators::codes::{Coded, PageCodes};
use crate::simulators::typpi::codes::{
    ACHIEVEMENTS, ACTION_STATES, ASKED, CATEGORIES, DELIVERIES, GOAL_STATES, GROUNDS, ITEMS, LINKS,
    MEETING_STATES, NEWS, OUTCOMES, PLAN_STATES, PURPOSES, REASONS, RECORDED, SEATS, STATES, Words,
};

/// From `adapters/src/agencies/typpi/README.md`.
pub(super) fn codes() -> Vec<PageCodes> {
    vec![
        (Coded::Purpose, "kayttotarkoitus", all(PURPOSES)),
        (Coded::Ground, "lakiperuste.saannos", all(GROUNDS)),
        (Coded::ConsentAsked, "lakiperuste.suostumuksenKysyminen", all(ASKED)),
        (Coded::Notice, "ilmoituslaji", all(NEWS)),
        (Coded::State, "lahetteenTila", all(STATES)),
        (Coded::Delivery, "toimitustila", all(DELIVERIES)),
        (Coded::Reason, "hylkaysSyy", all(REASONS)),
        (Coded::Outcome, "lopputulos", all(OUTCOMES)),
        (Coded::Plan, "suunnitelmanTila", all(PLAN_STATES)),
        (Coded::Goal, "tavoitteenTila", all(GOAL_STATES)),
        (Coded::Achievement, "saavuttaminen", all(ACHIEVEMENTS)),
        (Coded::Action, "palvelunTila", all(ACTION_STATES)),
        (Coded::Meeting, "tapaamisenTila", all(MEETING_STATES)),
        (Coded::Category, "tavoite.tietoluokka", all(CATEGORIES)),
        (Coded::Record, "kirjaus.laji", all(RECORDED)),
        (Coded::Seat, "kirjaus.puuttuu", all(SEATS)),
        (Coded::Item, "seuraavaAskel.laji", all(ITEMS)),
        (Coded::Link, "yhteys.laji", all(LINKS)),
    ]
}

fn all<T>(words: Words<T>) -> Vec<&'static str> {
    words.iter().map(|(_, code)| *code).collect()
}

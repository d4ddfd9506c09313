//! What may an operator give as rules, ages and cases, and what is always true of them?

use std::error::Error;

use polku_policy::{CaseFile, Directory, Engine, RuleSource, Rules};

use crate::{Led, body_behind};

/// Few rules, one of which speaks of an age: all that ship with the gateway would take most of the time.
const RULES: &str = include_str!("../../../policy/rules/own-data.cedar");

/// Tries an input: a line that says what it is (`rules`, `ages` or `cases`), and the text.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let text = |name| body_behind(input, name).map(str::from_utf8);
    match (text("rules"), text("ages"), text("cases")) {
        (Some(Ok(rules)), _, _) => read(RuleSource { rules, ..RuleSource::SHIPPED }),
        (_, Some(Ok(ages)), _) => read(RuleSource { rules: RULES, ages, ..RuleSource::SHIPPED }),
        (_, _, Some(Ok(cases))) => match CaseFile::parse(cases) {
            Ok(_) => Led::Inside,
            Err(error) => refused(&error),
        },
        (None, None, None) => Led::Nowhere,
        // No text.
        _ => Led::ToRefusal,
    }
}

fn read(source: RuleSource<'_>) -> Led {
    let rules = match Rules::parse(source) {
        Ok(rules) => rules,
        Err(error) => return refused(&error),
    };
    let ids: Vec<String> = rules.ids().iter().map(|id| (*id).to_owned()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| !id.is_empty()), "a rule without id");
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "two rules with one id");
    let beginnings: Vec<_> = rules.eras().map(|(from, _)| from).collect();
    assert!(beginnings.first() == Some(&None), "the rules have not always been");
    assert!(beginnings.windows(2).all(|pair| pair[0] < pair[1]), "the rules change at the same time twice");
    let directory = Directory::new(Vec::new(), Vec::new()).unwrap();
    match Engine::new(rules, directory) {
        Ok(engine) => {
            assert!(engine.rules().ids() == ids, "the engine has other rules");
            Led::Inside
        }
        Err(error) => refused(&error),
    }
}

/// A refusal says something, and so does each of its causes.
fn refused(error: &dyn Error) -> Led {
    let mut cause = Some(error);
    while let Some(error) = cause {
        assert!(!error.to_string().trim().is_empty(), "a refusal that says nothing");
        cause = error.source();
    }
    Led::ToRefusal
}

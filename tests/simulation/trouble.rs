//! What goes wrong?

use std::time::Duration;

use polku_tests::simulators::Fault;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::chance::Chance;
use crate::day::LENGTH;
use crate::net::Weather;
use crate::people::AGENCIES;
use crate::town::{CALLERS, Town};

/// How much there is in a day.
const TROUBLES: usize = 30;

/// One after the other, most of it when somebody is at work.
pub(crate) async fn all_day(town: &Town, chance: &Chance, morning: Instant, at_work: &[Duration]) {
    let mut times: Vec<Duration> = (0..TROUBLES)
        .map(|_| {
            let whenever = chance.millis(0, usize::try_from(LENGTH.as_millis()).unwrap());
            let then = *chance.pick(at_work);
            if chance.one_in(4) {
                whenever
            } else {
                (then + chance.millis(0, 1_000)).saturating_sub(Duration::from_millis(700))
            }
        })
        .collect();
    times.sort();
    let mut passing = JoinSet::new();
    for time in times {
        sleep_until(morning + time).await;
        town.book.open().counts.faults += 1;
        strike(town, chance, &mut passing).await;
    }
}

/// Something happens. What passes by itself does so while other things happen.
async fn strike(town: &Town, chance: &Chance, passing: &mut JoinSet<()>) {
    let agency = *chance.pick(&AGENCIES);
    match chance.below(20) {
        0..4 => {
            let weather = *chance.pick(&[Weather::HeldForth, Weather::HeldBack, Weather::Broken]);
            let (line, how_long) = (town.to_agencies[agency].clone(), how_long(chance));
            town.book.note(format!("the line to {agency} is {weather:?} for {} s", how_long.as_secs()));
            line.set(weather);
            passing.spawn(async move {
                sleep(how_long).await;
                line.set(Weather::Clear);
            });
        }
        4..6 => {
            let caller = chance.below(CALLERS);
            let weather = *chance.pick(&[Weather::HeldForth, Weather::HeldBack, Weather::Broken]);
            let (line, how_long) = (town.to_gateway[caller].clone(), how_long(chance));
            town.book
                .note(format!("the line of caller {caller} is {weather:?} for {} s", how_long.as_secs()));
            line.set(weather);
            passing.spawn(async move {
                sleep(how_long).await;
                line.set(Weather::Clear);
            });
        }
        6..13 => {
            let fault = match chance.below(9) {
                0 | 1 => Fault::ResetAfterEffect,
                2 => Fault::ResetBeforeEffect,
                3 => Fault::HalfAnswer,
                4 => Fault::Status { code: 503, retry_after: chance.one_in(2).then_some(120) },
                5 => Fault::FailAfterEffect(502),
                6 => Fault::Garbage,
                // Longer than anybody waits for an answer, and no longer than it is given to settle.
                7 => Fault::LateEffect(chance.seconds(1, 40)),
                _ => Fault::Slow(chance.seconds(1, 14)),
            };
            town.book.note(format!("{agency}: once {fault:?}"));
            town.control(agency).faults().once(fault);
        }
        13 => {
            let (place, how_long) = (town.clone(), how_long(chance));
            town.book.note(format!("{agency} is dead for {} s", how_long.as_secs()));
            town.control(agency).faults().set(Fault::Dead);
            passing.spawn(async move {
                sleep(how_long).await;
                place.control(agency).faults().clear().unwrap();
            });
        }
        14..18 => {
            let turns = 1 + chance.below(50);
            town.turns.kill_after(turns);
            // It may be that nobody does anything for hours.
            let _ = timeout(chance.seconds(1, 600), town.turns.over()).await;
            town.turns.spare();
            town.kill().await;
            town.book.open().counts.kills += 1;
            sleep(if chance.one_in(2) { chance.millis(10, 3_000) } else { chance.seconds(3, 900) }).await;
            town.start().await;
        }
        _ => {
            let millis = i64::try_from(chance.below(3_600_000)).unwrap();
            let millis = if chance.one_in(2) { millis } else { -millis / 4 };
            town.book.note(format!("the gateway's clock jumps by {millis} ms"));
            town.clock.jump(millis);
        }
    }
}

fn how_long(chance: &Chance) -> Duration {
    match chance.below(3) {
        0 => chance.millis(100, 5_000),
        1 => chance.seconds(5, 300),
        _ => chance.seconds(300, 3 * 3_600),
    }
}

/// Everything is well again.
pub(crate) async fn end(town: &Town) {
    town.turns.spare();
    town.clock.set_right();
    for agency in AGENCIES {
        town.to_agencies[agency].set(Weather::Clear);
        town.control(agency).faults().clear().unwrap();
    }
    town.to_gateway.iter().for_each(|line| line.set(Weather::Clear));
}

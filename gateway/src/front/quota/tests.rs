//! Who uses up whose quota?

use super::*;

fn rate(requests_per_second: u32, burst: u32) -> Rate {
    let count = |number| NonZeroU32::new(number).unwrap();
    Rate { requests_per_second: count(requests_per_second), burst: count(burst) }
}

fn settings(requests_per_second: u32, burst: u32) -> QuotaSettings {
    QuotaSettings { usual: rate(requests_per_second, burst), ..QuotaSettings::default() }
}

fn party(text: &str) -> Party {
    text.parse().unwrap()
}

fn let_through(quotas: &Quotas, party: &Party, class: MethodClass) -> usize {
    (0..1000).take_while(|_| quotas.check(party, class).is_ok()).count()
}

const READS: MethodClass = MethodClass::Reads;
const WRITES: MethodClass = MethodClass::Writes;

#[test]
fn one_organisation_does_not_use_up_the_quota_of_another_nor_one_class_that_of_another() {
    let quotas = Quotas::new(settings(1, 2));
    let te = party("te");

    assert_eq!(quotas.check(&te, READS), Ok(()));
    assert_eq!(quotas.check(&te, READS), Ok(()));
    let RetryAfter(pause) = quotas.check(&te, READS).unwrap_err();
    assert!(pause > Duration::ZERO && pause <= Duration::from_secs(1), "{pause:?}");
    assert_eq!(quotas.check(&party("kela"), READS), Ok(()));
    assert_eq!(quotas.check(&te, WRITES), Ok(()));
    assert_eq!(quotas.check_operator("yllapito"), Ok(()));
    assert!(quotas.check(&party("te/keskusta"), READS).is_err(), "units share what the organisation has");
}

#[test]
fn a_class_has_figures_of_its_own() {
    let mut settings = settings(1, 2);
    settings.classes.insert(MethodClass::Verifications, rate(1, 7));
    let quotas = Quotas::new(settings);
    assert_eq!(let_through(&quotas, &party("te"), MethodClass::Verifications), 7);
    assert_eq!(let_through(&quotas, &party("te"), READS), 2);
}

#[test]
fn a_unit_that_asks_too_much_leaves_the_rest_to_the_others() {
    let mut settings = settings(1, 10);
    settings.units.insert(party("te/keskusta"), rate(1, 3));
    let quotas = Quotas::new(settings);
    assert_eq!(let_through(&quotas, &party("te/keskusta"), READS), 3);
    assert_eq!(let_through(&quotas, &party("te/muu"), READS), 7);
    let withdrawn = let_through(&quotas, &party("te/keskusta"), MethodClass::Withdrawals);
    assert_eq!(withdrawn, 10, "a unit that asks too much can withdraw");
}

#[test]
fn a_call_counts_as_much_as_it_asks_for() {
    let count = |number| NonZeroU32::new(number).unwrap();
    let quotas = Quotas::new(settings(1, 10));
    let te = party("te");

    assert_eq!(quotas.check_many(&te, READS, count(11)), Err(Excess::ForEver));
    assert_eq!(quotas.check_many(&te, READS, count(6)), Ok(()));
    assert!(matches!(quotas.check_many(&te, READS, count(6)), Err(Excess::ForNow(_))));
    assert_eq!(quotas.check_many(&te, READS, count(4)), Ok(()), "what was refused has not counted");
    assert!(quotas.check(&te, READS).is_err());
}

/// Neither a unit's quota nor the number of gateways makes it impossible to ask what the organisation may ask at once.
#[test]
fn what_is_more_than_a_part_takes_all_of_it() {
    let count = |number| NonZeroU32::new(number).unwrap();
    let mut settings = settings(1, 100);
    settings.units.insert(party("te/keskusta"), rate(1, 3));
    let quotas = Quotas::new(settings);
    quotas.share(4);
    let asked = |id, calls| quotas.check_many(&party(id), READS, count(calls));
    assert_eq!(asked("te", 101), Err(Excess::ForEver));
    assert_eq!(asked("te", 100), Ok(()));
    assert!(matches!(asked("te", 1), Err(Excess::ForNow(_))), "nothing is left of this part");
    quotas.share(1);
    assert_eq!(asked("te/keskusta", 90), Ok(()));
    assert!(matches!(asked("te/keskusta", 1), Err(Excess::ForNow(_))), "nothing is left of the unit's");
    assert_eq!(asked("te", 10), Ok(()));
    assert!(asked("te", 1).is_err());
}

#[test]
fn several_gateways_have_a_part_each() {
    let quotas = [(); 4].map(|()| Quotas::new(settings(1, 40)));
    quotas.iter().for_each(|quotas| quotas.share(4));
    let all: usize = quotas.iter().map(|quotas| let_through(quotas, &party("te"), READS)).sum();
    assert_eq!(all, 40);
    let RetryAfter(pause) = quotas[0].check(&party("te"), READS).unwrap_err();
    assert!(pause > Duration::from_secs(2), "a fourth of one a second: {pause:?}");
    assert!((quotas[0].deliveries_per_second(&party("te").agency) - 50.0).abs() < 0.01);
}

#[test]
fn what_is_used_up_stays_so_when_the_figures_are_the_same() {
    let quotas = Quotas::new(settings(1, 3));
    assert_eq!(let_through(&quotas, &party("te"), READS), 3);
    quotas.set(&settings(1, 3));
    quotas.share(1);
    assert_eq!(let_through(&quotas, &party("te"), READS), 0);
    quotas.set(&settings(1, 5));
    assert_eq!(let_through(&quotas, &party("te"), READS), 5);
}

#[test]
fn who_asks_often_takes_no_more_memory() {
    let quotas = Quotas::new(settings(1, 3));
    for _ in 0..100 {
        for id in ["te/a", "te/b", "te/c"] {
            let _: Result<(), RetryAfter> = quotas.check(&party(id), READS);
        }
    }
    let current = quotas.current();
    assert_eq!(current.organisations[&READS].len(), 1);
    assert_eq!(current.organisations[&WRITES].len(), 0);
}

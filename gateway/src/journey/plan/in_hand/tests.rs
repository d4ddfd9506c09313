//! For how long is a plan in hand, and by whom?

use uuid::Uuid;

use super::*;

#[test]
fn a_plan_is_in_hand_for_as_long_as_somebody_has_it() {
    let plans = PlansInHand::default();
    let id = |number| PlanId::from_uuid(Uuid::from_u128(number));
    let first = plans.take(id(1), 4);
    assert!(Arc::ptr_eq(&first, &plans.take(id(1), 4)));
    assert!(!Arc::ptr_eq(&first, &plans.take(id(1), 5)));
    assert!(!Arc::ptr_eq(&first, &plans.take(id(2), 4)));
    let watched = Arc::downgrade(&first);
    drop(first);
    assert!(watched.upgrade().is_none());
    let again = plans.take(id(1), 4);
    assert!(!again.record.initialized());
    // Nobody has the others: they are not remembered either.
    assert_eq!(plans.0.lock().unwrap().len(), 1);
}

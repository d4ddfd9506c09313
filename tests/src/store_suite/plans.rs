//! Are joint plans kept with all that they ever said?

use anyhow::{Result, ensure};
use polku_gateway::store::{
    Change, DeliveryWrite, PlanRevisionRow, PlanRow, PlanWrite, Store, StoreError, TaskRow, TaskWrite,
};
use polku_proto::PlanId;
use polku_proto::v1::task::State;

use super::samples::{
    agency, at, begin, begin_with_plan, delivery, event, new_plan, new_task, plan, plan_event, plan_id, task,
    youth, youth_id,
};

async fn write(store: &dyn Store, leaf: u64, write: PlanWrite) -> Result<()> {
    let mut change = Change::announced_by(leaf);
    change.plans.push(write);
    Ok(store.commit(change).await?)
}

async fn conflicts(store: &dyn Store, write: PlanWrite) -> bool {
    let mut change = Change::announced_by(1000);
    change.plans.push(write);
    matches!(store.commit(change).await, Err(StoreError::Conflict))
}

/// A plan changes only from the revision that is expected, and is made only once. What cannot change does not.
///
/// # Errors
/// What the store answers.
pub async fn plans_change_from_the_revision_that_is_expected(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let changed = PlanRow {
        coordinator: agency("kela")?,
        parties: vec![agency("kela")?],
        revision: 2,
        updated: at(60),
        ended: true,
        sealed: vec![8],
        ..plan(6, 0)?
    };
    for expected in [None, Some(0), Some(2)] {
        ensure!(conflicts(store, PlanWrite { row: changed.clone(), expected }).await, "{expected:?}");
    }
    assert_eq!(store.plan(plan_id(6)).await?, Some(plan(6, 0)?));
    let row = PlanRow { created: at(50), ..changed.clone() };
    write(store, 2, PlanWrite { row, expected: Some(1) }).await?;
    assert_eq!(store.plan(plan_id(6)).await?, Some(changed));
    ensure!(conflicts(store, PlanWrite { row: plan(7, 0)?, expected: Some(1) }).await, "no such plan");
    Ok(())
}

/// Agencies that know nothing of each other each keep a plan of one person: the store refuses none of them.
///
/// # Errors
/// What the store answers.
pub async fn a_person_has_a_plan_at_several_agencies(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    write(store, 2, new_plan(plan(7, 10)?)).await?;
    assert_eq!(store.plan(plan_id(7)).await?, Some(plan(7, 10)?));
    assert_eq!(store.plans_of(youth_id(1)).await?.len(), 2);
    Ok(())
}

/// Plans of one person, newest first, those of the same instant too.
///
/// # Errors
/// What the store answers.
pub async fn plans_are_found_by_person(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.youth = Some(youth(2));
    for (number, second) in [(3, 20), (4, 30), (1, 20), (2, 10)] {
        change.plans.push(new_plan(PlanRow { ended: true, ..plan(number, second)? }));
    }
    change.plans.push(new_plan(PlanRow { youth: youth_id(2), ..plan(5, 15)? }));
    store.commit(change).await?;
    let numbers = |rows: &[PlanRow]| rows.iter().map(|row| row.id.uuid().as_u128()).collect::<Vec<_>>();
    let found = store.plans_of(youth_id(1)).await?;
    assert_eq!(numbers(&found), [4, 3, 1, 2]);
    assert_eq!(found.first(), Some(&PlanRow { ended: true, ..plan(4, 30)? }));
    assert_eq!(numbers(&store.plans_of(youth_id(2)).await?), [5]);
    assert_eq!(store.plans_of(youth_id(3)).await?, []);
    assert_eq!(store.plan(plan_id(77)).await?, None);
    Ok(())
}

/// Every revision stays as it was written, and pages of them follow one another without gap or repetition.
///
/// # Errors
/// What the store answers.
pub async fn every_revision_of_a_plan_is_kept(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut expected =
        vec![PlanRevisionRow { plan: plan_id(6), revision: 1, time: at(0), sealed: vec![5; 700] }];
    for revision in 2..=20_u8 {
        let time = at(i64::from(revision));
        let sealed = vec![revision; 300];
        let row =
            PlanRow { revision: u64::from(revision), updated: time, sealed: sealed.clone(), ..plan(6, 0)? };
        let before = u64::from(revision) - 1;
        write(store, u64::from(revision), PlanWrite { row, expected: Some(before) }).await?;
        expected.push(PlanRevisionRow { plan: plan_id(6), revision: u64::from(revision), time, sealed });
    }
    write(store, 30, new_plan(PlanRow { ended: true, sealed: vec![1], ..plan(7, 5)? })).await?;
    for row in &expected {
        assert_eq!(store.plan_revision(plan_id(6), row.revision).await?.as_ref(), Some(row));
    }
    for (plan, revision) in [(6, 0), (6, 21), (7, 2), (8, 1)] {
        assert_eq!(store.plan_revision(plan_id(plan), revision).await?, None, "{revision} of {plan}");
    }
    expected.reverse();
    for limit in [1, 7, 20, 100] {
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let page = store.plan_revisions(plan_id(6), before, limit).await?;
            ensure!(page.len() <= usize::try_from(limit)?);
            let Some(last) = page.last() else { break };
            before = Some(last.revision);
            found.extend(page);
        }
        assert_eq!(found, expected, "{limit} at a time");
    }
    assert_eq!(store.plan_revisions(plan_id(8), None, 10).await?, []);
    Ok(())
}

/// Events of plans have positions without repetition; the named agency is told, nobody else, and of one plan if it wants.
///
/// # Errors
/// What the store answers.
pub async fn plan_events_are_told_to_their_agency(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    write(store, 2, new_plan(PlanRow { ended: true, ..plan(7, 5)? })).await?;
    assert_eq!(store.last_plan_event().await?, 0);
    for leaf in 10..30 {
        let mut change = Change::announced_by(leaf);
        change.plan_events.push(plan_event(6, "te")?);
        if leaf % 2 == 0 {
            change.plan_events.push(plan_event(7, "te")?);
            change.plan_events.push(plan_event(6, "kela")?);
        }
        store.commit(change).await?;
        let mut lost = Change::announced_by(leaf);
        lost.plan_events.push(plan_event(6, "te")?);
        ensure!(matches!(store.commit(lost).await, Err(StoreError::Conflict)));
    }
    for (told, only, count) in [
        ("te", None, 30),
        ("te", Some(plan_id(6)), 20),
        ("te", Some(plan_id(7)), 10),
        ("kela", None, 10),
        ("kela", Some(plan_id(7)), 0),
        ("social", None, 0),
    ] {
        for limit in [1, 7, 100] {
            let plans = plan_events(store, told, only, limit).await?;
            ensure!(plans.len() == count, "{told}, {only:?}, {limit} at a time: {}", plans.len());
            ensure!(only.is_none_or(|only| plans.iter().all(|plan| *plan == only)));
        }
    }
    let last = store.last_plan_event().await?;
    assert_eq!(store.plan_events_after(last, &agency("te")?, None, 10).await?, []);
    let newest = store.plan_events_after(last - 1, &agency("te")?, None, 10).await?;
    assert_eq!(
        newest.first().map(|row| (row.position, row.event.clone(), row.present)),
        Some((last, plan_event(6, "te")?, 1))
    );
    // Events of referrals have an order of their own.
    assert_eq!(store.last_event().await?, 0);
    Ok(())
}

/// Reads them all, so many at a time.
async fn plan_events(store: &dyn Store, told: &str, only: Option<PlanId>, limit: u32) -> Result<Vec<PlanId>> {
    let (told, mut position, mut plans) = (agency(told)?, 0, Vec::new());
    loop {
        let rows = store.plan_events_after(position, &told, only, limit).await?;
        ensure!(rows.len() <= usize::try_from(limit)?);
        let Some(last) = rows.last() else { return Ok(plans) };
        ensure!(rows.iter().all(|row| row.position > position && row.event.agency == told));
        ensure!(rows.is_sorted_by(|one, next| one.position < next.position));
        position = last.position;
        plans.extend(rows.iter().map(|row| row.event.plan));
    }
}

/// Whatever else of a change conflicts, nothing of its plans, tasks and their events stays; and the other way round.
///
/// # Errors
/// What the store answers.
pub async fn a_part_of_a_change_that_fails_takes_plans_and_tasks_along(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.tasks.push(new_task(task(8, 0)?));
    change.enqueue.push(delivery(4, 0)?);
    store.commit(change).await?;
    let whole = || -> Result<Change> {
        let mut change = Change::announced_by(3);
        let row = PlanRow { revision: 2, updated: at(9), ..plan(6, 0)? };
        change.plans.push(PlanWrite { row, expected: Some(1) });
        let row = TaskRow { version: 2, state: State::Resolved, ..task(8, 0)? };
        change.tasks = vec![TaskWrite { row, expected: Some(1) }, new_task(task(9, 0)?)];
        change.plan_events.push(plan_event(6, "kela")?);
        change.events.push(event(1, None)?);
        Ok(change)
    };
    let mut of_a_delivery = whole()?;
    of_a_delivery.deliveries.push(DeliveryWrite { row: delivery(4, 0)?, expected_fence: 7 });
    let mut of_a_plan = whole()?;
    of_a_plan.plans.push(new_plan(plan(6, 0)?));
    let mut of_a_task = whole()?;
    of_a_task.tasks.push(new_task(task(9, 0)?));
    for change in [of_a_delivery, of_a_plan, of_a_task] {
        ensure!(matches!(store.commit(change).await, Err(StoreError::Conflict)));
        assert_eq!(store.plan(plan_id(6)).await?, Some(plan(6, 0)?));
        assert_eq!(store.plan_revisions(plan_id(6), None, 10).await?.len(), 1);
        assert_eq!(store.task(task(8, 0)?.id).await?, Some(task(8, 0)?));
        assert_eq!(store.task(task(9, 0)?.id).await?, None);
        assert_eq!((store.last_event().await?, store.last_plan_event().await?), (0, 0));
        assert_eq!(store.last_task_event().await?, 1);
    }
    store.commit(whole()?).await?;
    assert_eq!(store.plan_revisions(plan_id(6), None, 10).await?.len(), 2);
    assert_eq!((store.last_plan_event().await?, store.last_task_event().await?), (1, 3));
    Ok(())
}

/// When it is due to look at a plan is written with a revision of it, for all plans of a person, or for one that does not
/// change. Those that are longest due come first.
///
/// # Errors
/// What the store answers.
pub async fn plans_are_looked_at_when_it_is_due(store: &dyn Store) -> Result<()> {
    begin(store).await?;
    let mut change = Change::announced_by(1);
    change.youth = Some(youth(2));
    for (number, look_at) in [(1, None), (2, Some(at(30))), (3, Some(at(10))), (4, Some(at(20)))] {
        change.plans.push(new_plan(PlanRow { look_at, ..plan(number, 0)? }));
    }
    let other = PlanRow { youth: youth_id(2), look_at: Some(at(15)), ..plan(5, 0)? };
    change.plans.push(new_plan(other.clone()));
    store.commit(change).await?;
    assert_eq!(store.plan(plan_id(5)).await?, Some(other));
    assert_eq!(due(store, 9, 10).await?, []);
    assert_eq!(due(store, 20, 10).await?, [3, 5, 4]);
    assert_eq!(due(store, 99, 2).await?, [3, 5]);
    // With the next revision.
    let row = PlanRow { revision: 2, look_at: None, ..plan(3, 0)? };
    write(store, 2, PlanWrite { row, expected: Some(1) }).await?;
    // Without one; and a revision that is not the present one changes nothing.
    store.look_at_plan(plan_id(4), 1, Some(at(50))).await?;
    store.look_at_plan(plan_id(5), 1, None).await?;
    store.look_at_plan(plan_id(2), 2, None).await?;
    assert_eq!(due(store, 99, 10).await?, [2, 4]);
    let mut change = Change::announced_by(3);
    change.look_at_plans_of = vec![(youth_id(1), at(40))];
    store.commit(change).await?;
    assert_eq!(due(store, 39, 10).await?, []);
    let mut all = due(store, 40, 10).await?;
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4]);
    store.look_at_all_plans(at(5)).await?;
    let mut all = due(store, 5, 10).await?;
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5]);
    Ok(())
}

/// The numbers of the plans that are due so many seconds after the beginning.
async fn due(store: &dyn Store, second: i64, limit: u32) -> Result<Vec<u128>> {
    let rows = store.plans_to_look_at(at(second), limit).await?;
    Ok(rows.iter().map(|row| row.id.uuid().as_u128()).collect())
}

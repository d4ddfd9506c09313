//! Does whoever has to decide find what there is to decide?

use anyhow::{Result, ensure};
use polku_gateway::store::{Change, Store, StoreError, TaskFilter, TaskRow, TaskStates, TaskWrite};
use polku_proto::v1::task::State;

use super::samples::{agency, at, begin_with_plan, new_task, plan_id, task, youth, youth_id};

async fn write(store: &dyn Store, leaf: u64, tasks: Vec<TaskWrite>) -> Result<(), StoreError> {
    let mut change = Change::announced_by(leaf);
    change.tasks = tasks;
    store.commit(change).await
}

fn numbers(rows: &[TaskRow]) -> Vec<u128> {
    rows.iter().map(|row| row.id.uuid().as_u128()).collect()
}

/// A task changes only from the version that is expected, and is made only once. What cannot change does not.
///
/// # Errors
/// What the store answers.
pub async fn tasks_change_from_the_version_that_is_expected(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let of_none = TaskRow { plan: None, ..task(9, 0)? };
    write(store, 2, vec![new_task(task(8, 0)?), new_task(of_none.clone())]).await?;
    assert_eq!(store.task(of_none.id).await?, Some(of_none));
    let resolved = TaskRow {
        agency: agency("kela")?,
        state: State::Resolved,
        version: 2,
        updated: at(60),
        sealed: vec![8],
        ..task(8, 0)?
    };
    for expected in [None, Some(0), Some(2)] {
        let answer = write(store, 3, vec![TaskWrite { row: resolved.clone(), expected }]).await;
        ensure!(matches!(answer, Err(StoreError::Conflict)), "{expected:?}");
    }
    assert_eq!(store.task(resolved.id).await?, Some(task(8, 0)?));
    let row = TaskRow { created: at(50), plan: None, ..resolved.clone() };
    write(store, 3, vec![TaskWrite { row, expected: Some(1) }]).await?;
    assert_eq!(store.task(resolved.id).await?, Some(resolved));
    let missing = write(store, 4, vec![TaskWrite { row: task(10, 0)?, expected: Some(1) }]).await;
    ensure!(matches!(missing, Err(StoreError::Conflict)));
    assert_eq!(store.task(task(10, 0)?.id).await?, None);
    Ok(())
}

/// Oldest first, page by page without gap or repetition, also among tasks of the same instant; by agency, by person and
/// by whether they are open.
///
/// # Errors
/// What the store answers.
pub async fn tasks_are_listed_page_by_page(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.youth = Some(youth(2));
    for number in 1..=24 {
        let mut row = task(number, i64::try_from(number / 4)?)?;
        row.state = match number % 6 {
            1 => State::Resolved,
            2 => State::Obsolete,
            _ => State::Open,
        };
        if number > 12 {
            (row.youth, row.plan) = (youth_id(2), None);
        }
        if number % 8 == 0 {
            row.agency = agency("kela")?;
        }
        change.tasks.push(new_task(row));
    }
    store.commit(change).await?;
    for (told, person, states) in [
        ("te", None, TaskStates::All),
        ("te", None, TaskStates::Open),
        ("te", Some(2), TaskStates::All),
        ("te", Some(2), TaskStates::Open),
        ("kela", None, TaskStates::All),
        ("kela", Some(1), TaskStates::Open),
        ("te", Some(9), TaskStates::All),
        ("social", None, TaskStates::All),
    ] {
        let expected: Vec<u128> = (1..=24)
            .filter(|number| match told {
                "te" => number % 8 != 0,
                "kela" => number % 8 == 0,
                _ => false,
            })
            .filter(|number| person.is_none_or(|person| person == if *number > 12 { 2 } else { 1 }))
            .filter(|number| states == TaskStates::All || !matches!(number % 6, 1 | 2))
            .collect();
        for limit in [1, 5, 100] {
            let mut filter =
                TaskFilter { agency: agency(told)?, youth: person.map(youth_id), states, after: None, limit };
            let mut found = Vec::new();
            loop {
                let page = store.tasks(&filter).await?;
                ensure!(page.len() <= usize::try_from(limit)?);
                let Some(last) = page.last() else { break };
                filter.after = Some((last.created, last.id));
                found.extend(numbers(&page));
            }
            assert_eq!(found, expected, "{filter:?}");
        }
    }
    Ok(())
}

/// What is still to be decided about a plan, whoever decides it.
///
/// # Errors
/// What the store answers.
pub async fn open_tasks_are_found_by_plan(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    let mut change = Change::announced_by(2);
    change.tasks = vec![
        new_task(task(3, 20)?),
        new_task(TaskRow { agency: agency("kela")?, ..task(1, 30)? }),
        new_task(task(2, 10)?),
        new_task(TaskRow { state: State::Resolved, ..task(4, 0)? }),
        new_task(TaskRow { state: State::Obsolete, ..task(5, 0)? }),
        new_task(TaskRow { plan: None, ..task(6, 0)? }),
    ];
    store.commit(change).await?;
    let open = store.open_tasks_of_plan(plan_id(6)).await?;
    assert_eq!(numbers(&open), [2, 3, 1]);
    assert_eq!(open.get(1), Some(&task(3, 20)?));
    assert_eq!(store.open_tasks_of_plan(plan_id(7)).await?, []);
    Ok(())
}

/// Every write of a task is an event of the agency that decides by then, in the order of commits.
///
/// # Errors
/// What the store answers.
pub async fn task_events_are_told_to_the_agency_that_decides(store: &dyn Store) -> Result<()> {
    begin_with_plan(store).await?;
    assert_eq!(store.last_task_event().await?, 0);
    write(store, 2, vec![new_task(task(8, 0)?), new_task(task(9, 1)?)]).await?;
    let handed_over = TaskRow { agency: agency("kela")?, version: 2, updated: at(70), ..task(8, 0)? };
    write(store, 3, vec![TaskWrite { row: handed_over, expected: Some(1) }]).await?;
    let lost = write(store, 4, vec![new_task(task(10, 0)?), new_task(task(9, 1)?)]).await;
    ensure!(matches!(lost, Err(StoreError::Conflict)));
    let (te, kela) = (agency("te")?, agency("kela")?);
    let told = store.task_events_after(0, &te, 10).await?;
    let seen: Vec<_> = told.iter().map(|row| (row.task.uuid().as_u128(), row.time)).collect();
    assert_eq!(seen, [(8, at(0)), (9, at(1))]);
    ensure!(told.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(store.task_events_after(0, &te, 1).await?.as_slice(), told.get(..1).unwrap_or_default());
    let first = told.first().map_or(0, |row| row.position);
    assert_eq!(store.task_events_after(first, &te, 10).await?.as_slice(), told.get(1..).unwrap_or_default());
    let other = store.task_events_after(0, &kela, 10).await?;
    assert_eq!(
        other.iter().map(|row| (row.position, row.time)).collect::<Vec<_>>(),
        [(store.last_task_event().await?, at(70))]
    );
    assert_eq!(store.task_events_after(0, &agency("social")?, 10).await?, []);
    Ok(())
}

//! The golden matrix: who sees what, on paper, for readers who do not read code.

pub(crate) mod engine;
mod page;
pub(crate) mod rows;
pub(crate) mod situations;

use std::path::Path;
use std::sync::LazyLock;

use polku_policy::{Engine, PurposeSet};
use polku_proto::v1::Purpose;

use engine::{Direction, Told, answer, between, directions, index};
use situations::{Situation, situations};

/// What may be told in one situation, from one agency to another one, for one purpose.
pub(crate) struct Cell {
    pub(crate) direction: Direction,
    pub(crate) purpose: Purpose,
    pub(crate) told: Told,
}

/// The whole matrix: every situation, with every direction and purpose.
pub(crate) static MATRIX: LazyLock<Vec<(Situation, Vec<Cell>)>> = LazyLock::new(|| {
    let all = situations();
    let cells = cells_of(&engine::engine(), &all);
    all.into_iter().zip(cells).collect()
});

/// What may be told in each of these situations, in every direction and for every purpose.
pub(crate) fn cells_of(engine: &Engine, situations: &[Situation]) -> Vec<Vec<Cell>> {
    // Each of the processors works on a part: these are many questions.
    let part = situations.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|scope| {
        let work = move |part: &[Situation]| part.iter().map(|one| cells(engine, one)).collect::<Vec<_>>();
        let parts: Vec<_> = situations.chunks(part).map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn cells(engine: &Engine, situation: &Situation) -> Vec<Cell> {
    let mut cells = Vec::new();
    for direction in directions() {
        let index = index(situation, &between(direction));
        for purpose in PurposeSet::ALL.iter() {
            let told = answer(engine, &index, situation, direction, purpose);
            cells.push(Cell { direction, purpose, told });
        }
    }
    cells
}

#[test]
fn the_matrix_is_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/policy_matrix.txt");
    let page = page::page(&MATRIX);
    if std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "{} differs; POLKU_REGENERATE=1 writes it anew:\n{page}", path.display());
}

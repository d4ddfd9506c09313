//! Does the index of the log answer what the log says, whatever happens to its file?

use std::fs;

use polku_tests::world::{PEOPLE, TE};

use super::{Disclosure, list, sequence};
use crate::stage::{Stage, get};

async fn sequences(stage: &Stage, youth: &str) -> Vec<u64> {
    let seen: Vec<Disclosure> = list(&stage.subject(youth), youth).await.unwrap();
    seen.iter().map(sequence).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_restart_and_is_made_anew_where_it_is_lost_or_damaged() {
    let mut stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let mut before = sequences(&stage, &youth).await;
    assert!(before.len() > 5);
    type Damage = fn(&std::path::Path);
    let damages: [Damage; 4] = [
        |_| {},
        |index| fs::remove_file(index).unwrap(),
        |index| fs::write(index, b"no database").unwrap(),
        // Half of the pages are gone.
        |index| {
            let bytes = fs::read(index).unwrap();
            fs::write(index, &bytes[..bytes.len() / 2]).unwrap();
        },
    ];
    for damage in damages {
        // What comes in before the index is asked again.
        get(&stage.ohjaamo(), &name).await.unwrap();
        let index = stage.world.folder().join("data/audit.index");
        stage = stage.restart_after(|| damage(&index)).await;
        let now = sequences(&stage, &youth).await;
        assert_eq!(now[2..], before, "the reading and the list before are new");
        before = now;
    }
    stage.close().await;
}

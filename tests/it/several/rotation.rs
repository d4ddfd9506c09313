//! Does another master key come into use at all gateways when one of them is told of it?

use std::fs;
use std::path::Path;

use polku_gateway::store::Store;
use polku_tests::world::{GatewayProcess, PATIENCE, PEOPLE, eventually};
use tonic::Code;

use super::{GATEWAYS, Scene, identified};
use crate::stage::{Health, assert_refused, expect_health, polku};

/// Another master key, in the folder of keys.
fn rotate(keys: &Path) {
    polku(&["keys".as_ref(), "rotate".as_ref(), keys.as_os_str()]).result().unwrap();
}

/// Whether the second master key wraps everybody's key.
async fn is_wrapped_anew(store: &dyn Store) -> Option<()> {
    let versions = store.wrapped_versions().await.ok()?;
    versions.iter().all(|(version, _)| *version == 2).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_one_gateway_is_told_of_comes_into_use_at_all() {
    let mut scene = Scene::open().await;
    let youth = identified(&scene.clients[0], PEOPLE[0]).await;
    rotate(&scene.folder.path().join("keys"));
    scene.gateways[0].signal("HUP").await.unwrap();
    // Whoever is met meanwhile, and wherever, is known everywhere.
    let store = scene.world.store().await.unwrap();
    let wrapped = async || {
        for (number, code) in PEOPLE.iter().enumerate().take(6) {
            // One that has not yet taken up the key says so.
            let mut clients = [number, number + 1].map(|number| scene.clients[number % GATEWAYS].clone());
            let at = clients[0].identify(code).await.ok()?;
            assert_eq!(at, clients[1].identify(code).await.ok()?);
        }
        is_wrapped_anew(store.as_ref()).await
    };
    eventually(PATIENCE, wrapped).await.expect("keys are not wrapped anew");
    assert_eq!(identified(&scene.clients[2], PEOPLE[0]).await, youth);
    // The one that was told looks for no other's.
    let log = |number: usize| fs::read_to_string(scene.folder.path().join(format!("log-{number}"))).unwrap();
    let looked_for = "another gateway uses this master key";
    let looks = eventually(PATIENCE, async || log(1).contains(looked_for).then_some(()));
    looks.await.expect("the others do not look for the key");
    assert!(!log(0).contains(looked_for), "{}", log(0));
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let copy = to.join(file.file_name());
        if !copy.exists() {
            fs::copy(file.path(), copy).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_lacks_a_master_key_says_so_until_the_file_is_there() {
    let mut scene = Scene::open().await;
    let (keys, own) = (scene.folder.path().join("keys"), scene.folder.path().join("keys-1"));
    copy(&keys, &own);
    // One of them has its keys in another place, which is forgotten at the rotation.
    assert!(scene.gateways.remove(1).stop().await.unwrap().success());
    let config = scene.folder.path().join("polku-1.toml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("directory = \"keys\""));
    fs::write(&config, text.replace("directory = \"keys\"", "directory = \"keys-1\"")).unwrap();
    let log = scene.folder.path().join("log-1");
    let gateway = GatewayProcess::start_logging(&config, &log, "info").await.unwrap();
    let mut client = scene.client(&gateway);
    let youth = identified(&client, PEOPLE[0]).await;
    expect_health(&client.channel(), Health::Serving).await;
    rotate(&keys);
    scene.gateways[0].signal("HUP").await.unwrap();
    expect_health(&client.channel(), Health::NotServing).await;
    let store = scene.world.store().await.unwrap();
    let wrapped = eventually(PATIENCE, async || is_wrapped_anew(store.as_ref()).await);
    wrapped.await.expect("keys are not wrapped anew");
    let refused = assert_refused(client.identify(PEOPLE[0]).await, Code::Unavailable, "MASTER_KEY_MISSING");
    assert!(!refused.message().contains("mistake"), "{refused:?}");
    // The others go on.
    assert_eq!(identified(&scene.clients[0], PEOPLE[0]).await, youth);

    copy(&keys, &own);
    gateway.signal("HUP").await.unwrap();
    expect_health(&client.channel(), Health::Serving).await;
    assert_eq!(identified(&client, PEOPLE[0]).await, youth);
    assert!(gateway.stop().await.unwrap().success());
    for gateway in scene.gateways {
        assert!(gateway.stop().await.unwrap().success());
    }
}

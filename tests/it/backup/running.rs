//! Is everything that was acknowledged before a backup began in it, although the gateway goes on?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_gateway::audit::AuditLog;
use polku_gateway::config::Config;
use polku_tests::world::{GatewayProcess, PATIENCE, World, WorldSettings, canaries, eventually, nobody};
use tempfile::TempDir;

use super::{back_up, client, consent, elsewhere, expect_consents, restore};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_began_is_in_it() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    let book = Arc::new(Mutex::new(Vec::new()));
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..3 {
        let (mut client, book) = (client(&world, &gateway), Arc::clone(&book));
        let over = Arc::clone(&over);
        writers.push(tokio::spawn(async move {
            for number in 0.. {
                let name = loop {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Some(name) = consent(&mut client, number * 3 + writer).await {
                        break name;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                };
                book.lock().unwrap().push(name);
            }
        }));
    }
    let mut made = Vec::new();
    for number in 0..3 {
        let before = made.last().map_or(0, |(_, names): &(_, Vec<String>)| names.len());
        let more = || async { (book.lock().unwrap().len() > before + 10).then_some(()) };
        eventually(PATIENCE, more).await.expect("nothing is acknowledged");
        let names = book.lock().unwrap().clone();
        let into = folder.path().join(format!("backup-{number}"));
        let said = back_up(&config, &into).unwrap();
        assert!(said.contains("no keys are in it"), "{said}");
        let goes_on = || async { (book.lock().unwrap().len() > names.len()).then_some(()) };
        eventually(PATIENCE, goes_on).await.expect("the gateway stands still");
        made.push((into, names));
    }
    over.store(true, Ordering::Relaxed);
    gateway.kill().await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    for (number, (backup, names)) in made.iter().enumerate() {
        assert_tells_nothing(backup, &world);
        let config = elsewhere(&world, &format!("restored-{number}"));
        let said = restore(&config, backup).unwrap();
        assert!(said.starts_with("restored as of 20"), "{said}");
        assert_eq!(modes(&config), modes(&world.config_file()), "others read it than of what is served");
        let gateway = GatewayProcess::start(&config, &log).await.unwrap();
        expect_consents(&client(&world, &gateway), names).await;
        assert!(consent(&mut client(&world, &gateway), 3_000).await.is_some(), "it does not go on");
        gateway.stop().await.unwrap();
        AuditLog::verify(&folder.path().join(format!("restored-{number}/audit.log"))).unwrap();
        // Over what is there nothing is restored.
        let (code, said) = restore(&config, backup).unwrap_err();
        assert_eq!(code, Some(64));
        assert!(said.contains("is not empty"), "{said}");
    }
    println!("{:?} consents in three backups", made.iter().map(|(_, names)| names.len()).collect::<Vec<_>>());
}

/// Who may look into the store of this configuration, and into what is published in it.
fn modes(config: &Path) -> [u32; 2] {
    let store = Config::load(config).unwrap().store;
    [store.clone(), store.join("tlog")].map(|path| fs::metadata(path).unwrap().permissions().mode())
}

/// Neither keys nor anything personal in clear.
fn assert_tells_nothing(backup: &Path, world: &World) {
    // Byte by byte, whatever they are.
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let mut secrets: Vec<String> = canaries().map(str::to_lowercase).collect();
    secrets.extend((0..100).map(|number| nobody(number).to_lowercase()));
    let mut keys = Vec::new();
    for key in fs::read_dir(world.folder().join("keys")).unwrap() {
        let key = fs::read_to_string(key.unwrap().path()).unwrap();
        secrets.push(key.trim().to_lowercase());
        let pairs = key.trim().as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned());
        // As bytes too, but for the key of the log, which is no hexadecimal number.
        keys.extend(pairs.map(|pair| u8::from_str_radix(&pair, 16).ok()).collect::<Option<Vec<u8>>>());
    }
    assert!(secrets.len() > 100 && keys.len() >= 4);
    for file in fs::read_dir(backup).unwrap() {
        let bytes = text(&fs::read(file.unwrap().path()).unwrap());
        let lower = bytes.to_ascii_lowercase();
        let told = secrets.iter().any(|secret| lower.contains(secret.as_str()))
            || keys.iter().any(|key| bytes.contains(&text(key)));
        assert!(!told, "something that must not be in a backup");
    }
}

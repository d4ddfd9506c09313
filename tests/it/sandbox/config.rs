//! The gateway runs from one strict file: the sandbox's own, and the example.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use polku_gateway::seal::Keys;
use polku_tests::pki::{Identity, Pki, write_private};
use polku_tests::world::{DIRECTORY, GatewayProcess, World, WorldSettings, professional};
use tempfile::TempDir;

use super::run;
use crate::stage::Ran;

/// An authority whose key anybody can find out: RSA of 1024 bits.
const SHORT: &str = "-----BEGIN CERTIFICATE-----\n\
MIICJjCCAY+gAwIBAgIUXwbXcRXCymclUNRXZOMf+LiuHF0wDQYJKoZIhvcNAQEL\n\
BQAwJDEiMCAGA1UEAwwZd2VhayB0aHJvdy1hd2F5IGF1dGhvcml0eTAgFw0yNjEx\n\
MjMxNDI0NDZaGA8yMTAwMTAyNjE0MjQ0NlowJDEiMCAGA1UEAwwZd2VhayB0aHJv\n\
dy1hd2F5IGF1dGhvcml0eTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAzUtA\n\
JylcdOv5Vq9HBQNAhZG3ABHiLI9rQ2F515/bxNorX+w6aWQ1s8CtDA53ai6K1vah\n\
iOhzcj/UYtM1AAq8/p1Xh7hf4pPMGNtXq+zgRsFTUluyAfNurmdt370mrdASvCTV\n\
RuSvfnkbTDitPWX2NJUnl/HD1NAy8TTIuGvmZgECAwEAAaNTMFEwHQYDVR0OBBYE\n\
FHOI0GZpI1oIgwdBjgh20/ZQoHWpMB8GA1UdIwQYMBaAFHOI0GZpI1oIgwdBjgh2\n\
0/ZQoHWpMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAiOufKu8q\n\
XinMHy9UWLDi6xm0xPVDAgQ3MPI8NjC+dgrrvxNALKxzoWLkVUtpBPUdrLwzM6+w\n\
wtdin6VL0OH443FdpzFXXYHE6C/IrBPGmXi0TFIWeFXxPcuIGqmBAx8fZGcFiSzk\n\
1l661ikf5Tt85/NEX+WzgJCgc52pYIT6+bA=\n\
-----END CERTIFICATE-----\n\n";

async fn check(config: &Path) -> Result<Ran> {
    let config = config.display().to_string();
    run("polku", &["check-config", "--config", &config]).await
}

/// The text with one thing in it changed.
fn changed(text: &str, from: &str, to: &str) -> Result<String> {
    ensure!(text.matches(from).count() == 1, "{from} stands {} times", text.matches(from).count());
    Ok(text.replacen(from, to, 1))
}

fn example() -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/polku.example.toml");
    Ok(std::fs::read_to_string(file)?)
}

/// Puts the example and the files that it names into a folder.
fn lay_out(pki: &Pki, folder: &Path, text: &str) -> Result<PathBuf> {
    pki.write_authority(folder, "ca")?;
    pki.issue_server(&["localhost"])?.write(folder, "gateway")?;
    pki.issue_client("polku.example")?.write(folder, "gateway-client")?;
    write_private(&folder.join("walmu-client.secret"), "a-synthetic-client-secret\n")?;
    write_private(&folder.join("walmu-webhook.secret"), "a-synthetic-webhook-secret-of-enough-bytes\n")?;
    Keys::generate_into(&folder.join("keys"))?;
    std::fs::write(folder.join("directory.example.json"), DIRECTORY)?;
    let file = folder.join("polku.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_written_configuration_is_fine_and_broken_copies_are_not() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let file = world.config_file();
    let ran = check(&file).await.unwrap();
    let fine = format!("{} is fine (agencies: 5, organisations: 4, agreements: 8)\n", file.display());
    assert_eq!((ran.code, ran.out), (Some(0), fine), "{}", ran.err);

    let text = std::fs::read_to_string(&file).unwrap();
    let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let broken = folder.path().join("broken.toml");
    for (from, to, told) in [
        (
            "burst = 10000",
            "bust = 10000",
            format!("line {}: quota.bust: found an unknown key", line_of("burst")),
        ),
        (
            "lease_seconds = 9",
            "lease_seconds = 0",
            format!("line {}: delivery.lease_seconds: found 0", line_of("lease_")),
        ),
        ("\"gateway.crt.pem\"", "\"gone.pem\"", "tls.certificate_file: found".into()),
        ("sector = \"ngo\"", "sector = \"club\"", "agency[2].sector: found \"club\"".into()),
        (
            "adapter = \"walmu\"",
            "adapter = \"pigeon\"",
            "unknown kind of agency `pigeon`, expected one of ".into(),
        ),
        ("\"walmu-webhook.secret\"", "\"gone.secret\"", "webhook_secret_file: expected".into()),
        ("[store]", "[store", "line".into()),
    ] {
        std::fs::write(&broken, changed(&text, from, to).unwrap()).unwrap();
        let ran = check(&broken).await.unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""), "{to}: {ran:?}");
        assert!(ran.err.contains(&told), "{to}: {ran:?}");
    }
    let ran = check(&folder.path().join("absent.toml")).await.unwrap();
    assert_eq!(ran.code, Some(64), "{ran:?}");
    assert!(!folder.path().join("data").exists(), "checking has made the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_written_configuration_serves() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let process =
        GatewayProcess::start(&world.config_file(), &folder.path().join("gateway.log")).await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let client = world.client(process.bound.grpc, &world.identities.ohjaamo).unwrap();
    let youth = client.acting(&worker).identify("020594X903P").await.unwrap();
    assert!(youth.starts_with("youths/"));
    process.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_fine_as_it_stands() {
    let folder = TempDir::new().unwrap();
    let file = lay_out(&Pki::new().unwrap(), folder.path(), &example().unwrap()).unwrap();
    let ran = check(&file).await.unwrap();
    let fine = format!("{} is fine (agencies: 6, organisations: 3, agreements: 8)\n", file.display());
    assert_eq!((ran.code, ran.out), (Some(0), fine), "{}", ran.err);
    // Everything that is doubtful in it is nobody's yet: networks, lists and pins.
    assert!(ran.err.lines().all(|line| line.starts_with("warning: ")), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_serves_whoever_it_lists() {
    let folder = TempDir::new().unwrap();
    let pki = Pki::new().unwrap();
    let ohjaamo = pki.issue_client("ohjaamo.example").unwrap();
    ohjaamo.write(folder.path(), "ohjaamo").unwrap();
    pki.issue_client("kela.example").unwrap().write(folder.path(), "kela").unwrap();
    let text = changed(&example().unwrap(), "\"127.0.0.1:8443\"", "\"127.0.0.1:0\"").unwrap();
    let text = changed(&text, "\"127.0.0.1:8444\"", "\"127.0.0.1:0\"").unwrap();
    let text = changed(&text, &"a0".repeat(32), &ohjaamo.sha256).unwrap();
    let file = lay_out(&pki, folder.path(), &text).unwrap();
    let log = folder.path().join("gateway.log");
    let process = GatewayProcess::start(&file, &log).await.unwrap();

    let address = process.bound.grpc.to_string();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let call = async |name: &str, unit: &str, role: &str| {
        let (ca, certificate, key) =
            (path("ca.crt.pem"), path(&format!("{name}.crt.pem")), path(&format!("{name}.key.pem")));
        let actor =
            format!(r#"{{"professional": {{"id": "henkilo-1", "unit": "{unit}", "role": "{role}"}}}}"#);
        let options = [
            ["--address", &address],
            ["--server-name", "localhost"],
            ["--ca", &ca],
            ["--certificate", &certificate],
            ["--key", &key],
            ["--actor", &actor],
        ];
        let mut arguments = vec!["call", "IdentifyYouth", r#"{"identityCode": "020594X903P"}"#];
        arguments.extend(options.iter().flatten());
        run("polku", &arguments).await.unwrap()
    };
    let ran = call("ohjaamo", "keskusta", "guidance_worker").await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.json()["youth"].as_str().unwrap().starts_with("youths/"));
    // Certified, and still not the one that the example lists.
    let ran = call("kela", "kuntoutus", "official").await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("  reason: CERTIFICATE_UNKNOWN (polku)\n"), "{ran:?}");
    process.kill().await.unwrap();
    assert!(!std::fs::read_to_string(log).unwrap().contains("020594X903P"));
}

/// What keeps no gateway from starting, and should not go into service. All of it is told at once, with where and why.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_weak_is_refused_or_told() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let pki = Pki::new().unwrap();
    let server = |name: &str, identity: Identity| drop(identity.write(folder.path(), name).unwrap());
    server("expired", pki.issue_expired_server(&["localhost"]).unwrap());
    server("early", pki.issue_future_client("gateway").unwrap());
    server("client", pki.issue_client("gateway").unwrap());
    std::fs::write(folder.path().join("short.crt.pem"), SHORT).unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let text = std::fs::read_to_string(world.config_file()).unwrap();
    let line = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let own = |name: &str| {
        let text = text.replace("gateway.crt.pem", &format!("{name}.crt.pem"));
        text.replace("\"gateway.key.pem", &format!("\"{name}.key.pem"))
    };
    let at = format!("line {}: tls.certificate_file: found a certificate that ", line("certificate_file"));
    let among = |networks: &[&str]| {
        text.replace("connection = { ca_file", &format!("connection = {{ addresses = {networks:?}, ca_file"))
    };
    let wide = |network: &str| {
        format!("agency[2].settings.connection.addresses: found \"{network}\", expected the networks")
    };
    let weak = folder.path().join("weak.toml");
    for (text, told) in [
        (own("expired"), vec![format!("{at}has expired, expected one that holds now: nobody accepts it")]),
        (own("early"), vec![format!("{at}does not hold yet"), format!("{at}is not for a server")]),
        (own("client"), vec![format!("{at}is not for a server, expected one whose extended key usage")]),
        (
            text.replace("client_ca_file = \"ca", "client_ca_file = \"short"),
            vec!["tls.client_ca_file: found a certificate with an RSA key of 1024 bits".into()],
        ),
        (among(&["0.0.0.0/0"]), vec![wide("0.0.0.0/0")]),
        (among(&["0.0.0.0/1", "128.0.0.0/1"]), vec![wide("0.0.0.0/1"), wide("128.0.0.0/1")]),
        (among(&["10.0.0.0/8", "8000::/1"]), vec![wide("8000::/1")]),
        (
            own("expired").replace("\"walmu\"", "\"pigeon\"").replace("\"keys\"", "\"empty\""),
            vec![at.clone(), "keys.directory: found".into(), "agency[2].settings: found".into()],
        ),
    ] {
        std::fs::write(&weak, text).unwrap();
        let ran = check(&weak).await.unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""), "{told:?}: {ran:?}");
        for told in told {
            assert!(ran.err.contains(&told), "{told}: {ran:?}");
        }
    }
    // Behind one that holds: clients may not need it.
    let chain = ["gateway", "expired"].map(|name| folder.path().join(format!("{name}.crt.pem")));
    let chain = chain.map(|file| std::fs::read_to_string(file).unwrap()).concat();
    std::fs::write(folder.path().join("chain.crt.pem"), chain).unwrap();
    std::fs::write(&weak, text.replace("gateway.crt.pem", "chain.crt.pem")).unwrap();
    let ran = check(&weak).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(&format!("warning: {at}has expired")), "{ran:?}");

    std::fs::write(&weak, text.replace("crl_file = \"ca.crl.pem\"\n", "")).unwrap();
    let ran = check(&weak).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = format!("warning: line {}: tls.crl_file: found nothing", line("[tls]"));
    assert!(ran.err.contains(&told), "{ran:?}");
    assert!(ran.err.contains("settings.connection.addresses: found nothing"), "{ran:?}");
}

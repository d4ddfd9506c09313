//! Is it refused that others can read what is secret, or that an attempt ends before its answer?

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::{GOOD, parse};

#[test]
fn files_that_others_can_read_hold_no_secrets() {
    let folder = tempfile::TempDir::new().unwrap();
    let files = ["gateway.key", "agency.key", "agency.secret"].map(|name| folder.path().join(name));
    let text = GOOD.replace("key_file = \"none\"", "key_file = \"gateway.key\"");
    let text = text.replace(
        "adapter = \"te\"\n[agency.settings]\napi_key = \"SALAISUUS\"\n",
        "adapter = \"walmu\"\n[agency.settings]\nclient_secret_file = \"agency.secret\"\n\
         [agency.settings.connection]\nkey_file = \"agency.key\"\ntimeout_ms = 20001\n",
    );
    let told = |mode: u32| {
        for file in &files {
            std::fs::write(file, "SALAISUUS").unwrap();
            std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
        let problems = parse::parse(&text, &folder.path().join("polku.toml")).map(drop).unwrap_err();
        let lines = problems.iter().map(ToString::to_string);
        let parts = ["outside its owner and group", "timeout_ms"];
        lines.filter(|line| parts.iter().any(|part| line.contains(part))).collect::<Vec<_>>()
    };
    let open = told(0o644);
    for key in
        ["tls.key_file", "agency[1].settings.client_secret_file", "agency[1].settings.connection.key_file"]
    {
        assert!(open.iter().any(|line| line.starts_with("line ") && line.contains(key)), "{key}: {open:?}");
    }
    assert!(open.iter().all(|line| !line.contains("SALAISUUS")), "{open:?}");
    for mode in [0o400, 0o600, 0o640] {
        let kept = told(mode);
        assert_eq!(kept.len(), 1, "{mode:o}: {kept:?}");
        assert!(
            kept[0]
                .contains("found 20001, expected no more than delivery.attempt_seconds, which are 20000 ms")
        );
    }
}

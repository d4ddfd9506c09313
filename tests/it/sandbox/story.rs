//! The story is told in readable lines, and a deviation is not passed over.

use polku_tests::sandbox::{Teller, tell};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{World, WorldSettings, binary};
use tempfile::TempDir;
use tokio::process::Command;

use super::{IDENTITY_CODE, Staying, files_with, finish, run};

/// What a newcomer reads, in this order; ids and ports apart.
const LINES: [&str; 62] = [
    "1. Aino Esimerkki, without work or a place to study, comes to Ohjaamo",
    "     identity code   010594Y***2",
    "2. She signs a consent: Ohjaamo may refer her to the employment services",
    "     may receive     te",
    "     for             PURPOSE_EMPLOYMENT_SERVICES",
    "3. Ohjaamo sends the referral, with more in it than the consent covers",
    "     decision        VERDICT_PERMITTED",
    "     audit receipt   no. 2",
    "     received        sanomaTunnus, laheteTunnus, lahettaja, kayttotarkoitus, luotu,",
    "     held back       social_situation: her consent does not name it",
    "     held back       health_capacity: special data (GDPR article 9): her consent would have to name it explicitly",
    "     held back       guidance_notes: her consent does not name it",
    "     te's receipt    TE-000001",
    "4. An official accepts in the office's own system; its word comes back over X-Road",
    "     answer to te    HYVAKSYTTY (accepted)",
    "     Ohjaamo sees    REFERRAL_STATE_ACCEPTED, DELIVERY_STATE_DELIVERED",
    "5. A second referral, to the youth workshop: nobody has asked Aino yet",
    "     VerifyConsent   VERDICT_NOT_PERMITTED",
    "     SendReferral    PERMISSION_DENIED, reason NOT_PERMITTED",
    "     held back       identity_contact, social_situation, service_needs, guidance_notes",
    "   The workshop's system has not heard anything.",
    "6. Aino is asked and consents; the same referral goes through, by REST and OAuth 2.0",
    "     VerifyConsent   VERDICT_PERMITTED, guidance_notes, identity_contact, service_needs",
    "     held back       social_situation: her consent does not name it",
    "7. The workshop's system answers by a signed webhook: a place has been found",
    "     answer to paja  hyvaksytty (accepted)",
    "     Ohjaamo sees    REFERRAL_STATE_ACCEPTED, DELIVERY_STATE_DELIVERED",
    "8. The office's system is down. A third referral, with a consent of its own, has to wait",
    "     for             PURPOSE_MULTI_SECTOR_SUPPORT",
    "     Ohjaamo sees    REFERRAL_STATE_REQUESTED, DELIVERY_STATE_RETRYING",
    "9. Aino thinks better of it and withdraws that consent herself, on her phone",
    "     Ohjaamo sees    REFERRAL_STATE_CONSENT_WITHDRAWN, DELIVERY_STATE_STOPPED",
    "     VerifyConsent   VERDICT_NOT_PERMITTED",
    "10. The office's system is back. She withdraws the first consent too: that reaches the office",
    "     stopped         nothing was waiting",
    "     te is told      LUPA_PERUTTU (consent withdrawn), about the first referral, which it has",
    "   Of the third referral the office has never had a word:",
    "     its ledger      1 referral (the first), 1 notice; nothing of the third in any byte",
    "     Ohjaamo sees    REFERRAL_STATE_CONSENT_WITHDRAWN, DELIVERY_STATE_STOPPED",
    "11. Aino has a plan at every counter. She lets her agencies keep one, together with her",
    "     parties         ohjaamo, te, kaupunki, sosiaali, kela",
    "12. Three send the plans that they have from their own systems, and Ohjaamo adds Aino's goal",
    "     te              an employment plan, over X-Road with SOAP",
    "     sosiaali        a client plan, over X-Road with REST and FHIR",
    "     Ohjaamo sees    youth, kaupunki, sosiaali, te",
    "13. Employment services and Kela change the same goal at the same time",
    "14. The responsible worker looks at both and decides",
    "     the goal now    tuettu asunto syksyyn mennessä",
    "15. Before they meet, Aino fills in a WHOQOL-BREF, and once more a star together with Ohjaamo",
    "     star            toiveet 3 (+1), arki 3 (+2), hyvinvointi 3 (+0)",
    "16. The four parties meet: employment services, the city, social services and Aino",
    "     quorum          every seat was taken, a WHOQOL-BREF was filled in before",
    "     need found      vuokravelka on maksettava ennen uutta vuokrasopimusta",
    "17. Aino accepts the plan on her phone, and each agency stands by what it has undertaken",
    "     Aino accepts    PLAN_STATE_DRAFT",
    "     kaupunki        PLAN_STATE_DRAFT",
    "     sosiaali        PLAN_STATE_ACTIVE",
    "18. Kela sees Aino's goals and nothing of the other agencies; their systems are kept in step",
    "     Kela sees       youth",
    "     Aino sees       youth, kaupunki, ohjaamo, sosiaali, te",
    "     sosiaali        its own system has the goal as it was decided",
    "All 18 steps went as told.",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_story_goes_as_told() {
    let temporary = TempDir::new().unwrap();
    let mut command = Command::new(binary("polku-sandbox").unwrap());
    let ran = finish(command.arg("--once").env("TMPDIR", temporary.path())).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let mut lines = ran.out.lines();
    for expected in LINES {
        assert!(lines.any(|line| line == expected), "missing or not in its place: {expected}\n{}", ran.out);
    }
    let left = std::fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "the temporary folder was not removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deviation_is_told_with_what_was_expected_and_what_was_seen() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let running = world.start().await.unwrap();
    world.te.faults().set_on(Operation::Deliver, Fault::BusinessFault("EI_PALVELUALUETTA".into()));
    let mut out = Vec::new();
    let mut teller = Teller::new(&mut out);
    let deviation = tell(&world, running.bound, &mut teller).await.unwrap_err();
    assert_eq!(deviation.what, "state of the delivery");
    assert_eq!((deviation.expected.as_str(), deviation.seen.as_str()), ("Delivered", "Rejected"));
    teller.otherwise(&deviation).unwrap();
    let said = String::from_utf8(out).unwrap();
    let end = "\n   NOT AS TOLD in step 3: state of the delivery\n     expected: Delivered\n     seen:     Rejected\n";
    assert!(said.ends_with(end), "{said}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_goes_otherwise_ends_with_1() {
    // The agencies look for the gateway at 127.0.0.1: where it listens now, their answers do not reach it.
    let ran = run("polku-sandbox", &["--once", "--inbound", "127.0.0.2:0"]).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    let end = "\n   NOT AS TOLD in step 4: paivitaLahete\n     expected: an answer\n     seen:     ";
    assert!(ran.out.contains(end), "{}", ran.out);
    assert!(!ran.out.contains("went as told"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run("polku-sandbox", &["--once", "--grpc", &address]).await.unwrap();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("the gateway does not start"), "{ran:?}");

    let full = TempDir::new().unwrap();
    std::fs::write(full.path().join("something"), "").unwrap();
    let folder = full.path().to_str().unwrap();
    let ran = run("polku-sandbox", &["--once", "--folder", folder]).await.unwrap();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.err, format!("polku-sandbox: {folder} is not empty: name a new folder\n"));

    let ran = run("polku-sandbox", &["--twice"]).await.unwrap();
    assert_eq!(ran.code, Some(64), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_up_until_it_is_told_to_end_and_keeps_no_identity_code_in_clear() {
    for signal in ["INT", "TERM"] {
        let sandbox = Staying::start().await.unwrap();
        assert!(sandbox.said.iter().any(|line| line == LINES[LINES.len() - 1]));
        let folder = sandbox.folder.clone();
        assert_eq!(files_with(&folder, IDENTITY_CODE).unwrap(), Vec::<std::path::PathBuf>::new());
        let log = std::fs::read_to_string(folder.join("gateway.log")).unwrap();
        assert!(log.contains("call refused reason=\"NOT_PERMITTED\""), "{log}");
        assert_eq!(sandbox.end(signal).await.unwrap(), Some(0), "SIG{signal}");
    }
}

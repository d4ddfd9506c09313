//! What if the host's clock is wrong, or is set while the gateway runs?
//!
//! The real binary, whose clock is set by a library of Debian's package faketime. What a delivery does when the clock is
//! set at a certain step of it is in the gateway's own tests.

use std::ffi::OsString;

use jiff::SignedDuration;
use polku_gateway::audit::AuditLog;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_proto::v1::decision::Verdict;
use polku_proto::v1::{DeliveryState, GetReferralRequest, Purpose, VerifyConsentRequest};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    Client, GatewayProcess, OHJAAMO, PAJA, PEOPLE, TE, eventually, full_content, referral_to,
};

use super::{Machine, PURPOSE, consenting, record};
use crate::stage::{CATEGORIES, FakeClock, PATIENCE, refused_start, wire};

/// A machine whose clock can be set.
struct Host {
    machine: Machine,
    clock: FakeClock,
}

impl Host {
    fn make() -> Host {
        let machine = Machine::make();
        let clock = FakeClock::in_file(&machine.folder.path().join("clock"));
        Host { machine, clock }
    }

    /// So far from the right time.
    fn set(&self, off: &str) {
        self.clock.set(off);
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.clock.environment()
    }

    async fn start(&self) -> (GatewayProcess, Client) {
        let (config, log) = (self.machine.world.config_file(), self.machine.log());
        let gateway = GatewayProcess::start_with(self.environment(), &config, &log).await.unwrap();
        let client = self.machine.client(&gateway);
        (gateway, client)
    }

    fn said(&self, words: &str) -> bool {
        std::fs::read_to_string(self.machine.log()).unwrap().contains(words)
    }

    /// The log is whole, no leaf of it is of the time that the clock was set back to, and that it was is said.
    async fn end(self, gateway: GatewayProcess) {
        assert!(self.said("the host's clock was set back"), "it is not said");
        gateway.kill().await.unwrap();
        let path = self.machine.data().join("audit.log");
        AuditLog::verify(&path).unwrap();
        let (log, _) = AuditLog::open(&path).unwrap();
        let mut times = Vec::new();
        log.read(0, |_, leaf| times.push(leaf.time)).unwrap();
        // What is done at the same time takes its time before its place in the log.
        let overtaken = SignedDuration::from_mins(1);
        let goes_on = times.is_sorted_by(|earlier, later| earlier.duration_since(*later) < overtaken);
        assert!(times.len() > 3 && goes_on, "the log goes back in time");
    }
}

/// A consent that counts from so many minutes from now on, until so many.
async fn consent(client: &Client, youth: &str, from: i64, until: i64) {
    let now = SystemClock.now();
    let mut request = consenting(youth);
    let terms = request.terms.as_mut().unwrap();
    terms.valid_from = (from > 0).then(|| wire(now + SignedDuration::from_mins(from)));
    terms.valid_until = Some(wire(now + SignedDuration::from_mins(until)));
    record(client, &request).await.unwrap();
}

async fn permits(client: &Client, youth: &str) -> bool {
    let request = VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: OHJAAMO.to_owned(),
        recipient: TE.to_owned(),
        purpose: PURPOSE as i32,
        categories: CATEGORIES.into_iter().map(|category| category as i32).collect(),
        ..VerifyConsentRequest::default()
    };
    let answer = client.clone().consent.verify_consent(request).await.unwrap().into_inner();
    answer.decision.unwrap().verdict() == Verdict::Permitted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_five_minutes_ahead_does_not_begin_again_five_minutes_back() {
    let host = Host::make();
    let (gateway, client) = host.start().await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    consent(&client, &youth, 0, 4).await;
    assert!(permits(&client, &youth).await);
    host.set("+5m");
    assert!(!permits(&client, &youth).await, "used when it is over");
    host.set("+0");
    assert!(!permits(&client, &youth).await, "used again");
    host.set("-5m");
    assert!(!permits(&client, &youth).await, "used again");
    host.end(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_in_a_day_is_not_used_before_two_days_ahead_nor_two_days_back() {
    let host = Host::make();
    let (gateway, client) = host.start().await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    consent(&client, &youth, 24 * 60, 36 * 60).await;
    assert!(!permits(&client, &youth).await, "used before it begins");
    host.set("-2d");
    assert!(!permits(&client, &youth).await, "used before it begins");
    host.set("+25h");
    assert!(permits(&client, &youth).await);
    host.set("+2d");
    assert!(!permits(&client, &youth).await, "used when it is over");
    host.set("-2d");
    assert!(!permits(&client, &youth).await, "used again");
    host.end(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_behind_the_log_is_refused_until_the_clock_is_right() {
    let host = Host::make();
    let (gateway, client) = host.start().await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    consent(&client, &youth, 0, 4).await;
    gateway.kill().await.unwrap();
    for (off, behind) in [("-5m", "m"), ("-2d", "h")] {
        host.set(off);
        let ran = refused_start(&host.machine.world.config_file(), host.environment());
        let last = ran.err.lines().last().unwrap();
        assert!(ran.code != Some(0) && last.contains("behind the last entry of the audit log"), "{ran:?}");
        assert!(last.contains(behind), "it does not say by how much: {last}");
    }
    host.set("+0");
    let (gateway, client) = host.start().await;
    assert!(permits(&client, &youth).await);
    gateway.stop().await.unwrap();
}

/// Refers, and waits until it has arrived.
async fn arrives(
    client: &Client,
    agency: &str,
    youth: &str,
    purpose: Purpose,
    meanwhile: impl AsyncFnOnce(),
) {
    let sent =
        client.clone().referral.send_referral(referral_to(agency, youth, purpose, full_content())).await;
    let name = sent.unwrap().into_inner().referral.unwrap().name;
    meanwhile().await;
    let delivered = eventually(PATIENCE, || async {
        let referral = client.clone().referral.get_referral(GetReferralRequest { name: name.clone() }).await;
        (referral.ok()?.into_inner().delivery_state() == DeliveryState::Delivered).then_some(())
    });
    delivered.await.expect("it is not delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_days_back_during_a_pause_it_is_tried_again_in_time() {
    let host = Host::make();
    let (gateway, client) = host.start().await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    consent(&client, &youth, 0, 60).await;
    let te = &host.machine.world.te;
    te.faults().set(Fault::Dead);
    arrives(&client, TE, &youth, PURPOSE, async || {
        let failed = || async { host.said("delivery attempt failed").then_some(()) };
        eventually(PATIENCE, failed).await.expect("it is not tried");
        host.set("-2d");
        te.faults().clear().unwrap();
    })
    .await;
    assert!(te.ledger().all_effects().values().all(|effects| *effects == 1));
    host.end(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_days_back_an_access_token_that_is_over_is_renewed() {
    let host = Host::make();
    let (gateway, mut client) = host.start().await;
    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::WorkshopCoaching;
    client.record_consent(&youth, OHJAAMO, PAJA, purpose, &CATEGORIES).await.unwrap();
    let walmu = &host.machine.world.walmu;
    arrives(&client, PAJA, &youth, purpose, async || {}).await;
    let issued = walmu.tokens_issued();
    host.set("-2d");
    walmu.revoke_tokens();
    arrives(&client, PAJA, &youth, purpose, async || {}).await;
    assert!(walmu.tokens_issued() > issued, "no token is asked for");
    assert!(walmu.ledger().all_effects().values().all(|effects| *effects == 1));
    host.end(gateway).await;
}

//! Is what is past its period erased, by the data, and not a day sooner?

use jiff::SignedDuration;
use polku_gateway::seal::Keys;
use polku_gateway::store::{ReferralFilter, Store};
use polku_proto::YouthName;
use polku_proto::identity::Hetu;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason as LeavingReason;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{JourneyLeaving, Purpose, task};
use polku_tests::world::{PEOPLE, World, eventually};

use super::known;
use crate::stage::{PATIENCE, Stage};
use crate::window::{add, assignment, follow_ups::tasks, journey};

/// What the store holds about somebody: referrals, content in them, entries and consents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    referrals: usize,
    content: bool,
    entries: usize,
    consents: usize,
}

async fn held(store: &dyn Store, youth: &str) -> Held {
    let youth = youth.parse::<YouthName>().unwrap().youth;
    let filter = ReferralFilter { party: None, youth: Some(youth), before: None, limit: 10 };
    let referrals = store.referrals(&filter).await.unwrap();
    Held {
        referrals: referrals.len(),
        content: referrals.iter().any(|referral| referral.holds_content),
        entries: store.entries_of(youth, 10).await.unwrap().len(),
        consents: store.instruments_of(youth).await.unwrap().len(),
    }
}

/// Reads beside the gateway that runs. SQLite lets several processes read.
async fn beside(world: &World) -> polku_gateway::store::sqlite::SqliteStore {
    polku_gateway::store::sqlite::SqliteStore::open(&world.folder().join("data/polku.db")).unwrap()
}

/// Issue 6, row 3, and retention: whoever has one adult for years keeps them, and is missed when nobody meets them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_beside_somebody_for_years_is_not_forgotten() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = known(&ohjaamo, PEOPLE[0]).await;
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * (5 * 365 + 2)));
    let store = beside(&stage.world).await;
    let erased = || async { (held(&store, &youth).await.entries == 2).then_some(()) };
    eventually(PATIENCE, erased).await.expect("what is past is kept, or what lasts is not");
    let shown = journey(&ohjaamo, &youth, Purpose::Guidance).await.unwrap();
    let worker = shown.worker.unwrap();
    assert_eq!((worker.professional.as_str(), worker.days), ("ohjaaja-1", 5 * 365 + 2));
    let missed = || async {
        let all = tasks(&ohjaamo, false).await;
        all.into_iter().find_map(|task| match task.matter {
            Some(task::Matter::FollowUp(about)) if about.kind() == Kind::NotMet => Some(about),
            _ => None,
        })
    };
    let missed = eventually(PATIENCE, missed).await.expect("nobody notices that nobody meets them");
    assert_eq!(missed.professional, "ohjaaja-1");
    drop(store);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sort_of_data_goes_when_its_period_is_over() {
    let stage = Stage::at_noon_with(|text| {
        format!(
            "{text}\n[retention]\ncontent_days = 10\nentry_years = 1\nrecord_years = 3\n\
            referral_years = 5\n"
        )
    })
    .await;
    let ohjaamo = stage.ohjaamo();
    let youth = known(&ohjaamo, PEOPLE[10]).await;
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let store = beside(&stage.world).await;
    let all = Held { referrals: 1, content: true, entries: 3, consents: 1 };
    assert_eq!(held(&store, &youth).await, all);
    let becomes = async |expected: Held, what: &str| {
        let reached = || async { (held(&store, &youth).await == expected).then_some(()) };
        let reached = eventually(PATIENCE, reached).await;
        assert!(reached.is_some(), "{what}: {:?}", held(&store, &youth).await);
    };
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    // Sweeps come every second: what would go has the time to go.
    let stays = async |expected: Held, what: &str| {
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
        assert_eq!(held(&store, &youth).await, expected, "{what}");
    };
    stage.advance(days(10) - SignedDuration::from_hours(1));
    stays(all, "content before ten days are over").await;
    stage.advance(SignedDuration::from_hours(2));
    becomes(Held { content: false, ..all }, "content after ten days").await;
    stage.advance(days(354));
    stays(Held { content: false, ..all }, "entries before a year is over").await;
    stage.advance(days(2));
    // The matter has not been left, and the adult is still there.
    becomes(Held { content: false, entries: 2, ..all }, "entries after a year").await;
    let left = Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&ohjaamo, &youth, left).await.unwrap();
    stage.advance(days(364));
    stays(Held { content: false, entries: 3, ..all }, "what has ended, before a year is over").await;
    stage.advance(days(3));
    becomes(Held { content: false, entries: 0, ..all }, "what has ended, after a year").await;
    let details = async || {
        let mut details = 0;
        for leaf in 0..8 {
            details += usize::from(store.audit_detail(leaf).await.unwrap().is_some());
        }
        details
    };
    let before = details().await;
    assert!(before > 4, "{before}");
    // The consent ended by itself, within its first year or two; its record stays for three years behind that.
    stage.advance(days(366));
    becomes(Held { content: false, entries: 0, ..all }, "records before three years are over").await;
    stage.advance(days(366));
    stays(Held { content: false, entries: 0, ..all }, "referrals before five years are over").await;
    stage.advance(days(4 * 366));
    let nothing = Held { referrals: 0, content: false, entries: 0, consents: 0 };
    becomes(nothing, "records after three years, and referrals after five").await;
    let gone = || async { (details().await == 0).then_some(()) };
    eventually(PATIENCE, gone).await.expect("details of the log are kept");
    let keys = Keys::load(&stage.world.folder().join("keys")).unwrap();
    let index = keys.identity_index(&PEOPLE[10].parse::<Hetu>().unwrap());
    assert!(store.youth_by_identity(&index).await.unwrap().is_some());
    drop(store);
    stage.close().await;
}

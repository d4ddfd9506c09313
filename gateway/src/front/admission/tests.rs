//! Who finds room, and who is told to come back?

use tokio::time::timeout;

use super::*;

const METHOD: &str = "/polku.v1.ReferralService/GetReferral";

fn admission(at_work: u32, queue: u32) -> Admission {
    Admission::new(&Limits { at_work, queue, ..Limits::default() })
}

fn room(admission: &Admission) -> Arc<Room> {
    admission.room(METHOD).unwrap()
}

fn in_an_hour() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

async fn enter(room: &Arc<Room>, until: Instant) -> Result<Place, Full> {
    Arc::clone(room).enter(METHOD.to_owned(), until).await
}

#[tokio::test]
async fn what_finds_no_room_to_wait_is_told_to_come_back() {
    let admission = admission(1, 1);
    let room = room(&admission);
    let first = enter(&room, in_an_hour()).await.unwrap();
    let second = tokio::spawn({
        let room = Arc::clone(&room);
        async move { enter(&room, in_an_hour()).await }
    });
    while room.pace().waiting == 0 {
        tokio::task::yield_now().await;
    }
    assert!(enter(&room, in_an_hour()).await.unwrap_err().after >= SOONEST);
    drop(first);
    let second = second.await.unwrap().unwrap();
    assert_eq!(room.pace().waiting, 0);
    drop(second);
    assert!(enter(&room, in_an_hour()).await.is_ok());
    assert_eq!(room.pace().methods[METHOD].at_work, 0);
}

#[tokio::test]
async fn who_goes_away_makes_room_in_the_queue() {
    let admission = admission(1, 1);
    let room = room(&admission);
    let _first = enter(&room, in_an_hour()).await.unwrap();
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(5), enter(&room, in_an_hour())).await.is_err(), "it waits");
        assert_eq!(room.pace().waiting, 0);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_in_time_is_not_begun() {
    let admission = admission(4, 4);
    let room = room(&admission);
    let slow = enter(&room, in_an_hour()).await.unwrap();
    room.pace().methods.get_mut(METHOD).unwrap().quickest = Duration::from_secs(10);
    assert!(enter(&room, Instant::now() + Duration::from_secs(5)).await.is_err());
    assert!(enter(&room, Instant::now() + Duration::from_secs(60)).await.is_ok());
    drop(slow);
    // They may be quick again: one finds out.
    let tried = enter(&room, Instant::now() + Duration::from_secs(5)).await.unwrap();
    assert!(enter(&room, Instant::now() + Duration::from_secs(5)).await.is_err());
    tried.answered();
    drop(tried);
    assert!(room.pace().methods[METHOD].quickest < Duration::from_secs(1));
}

/// Nobody waits for the answer any more, however quick it would be.
#[tokio::test]
async fn what_is_too_late_already_is_not_begun() {
    let admission = admission(4, 4);
    let room = room(&admission);
    assert!(enter(&room, Instant::now()).await.is_err(), "nothing else is at work");
    let _other = enter(&room, in_an_hour()).await.unwrap();
    assert!(enter(&room, Instant::now()).await.is_err(), "nothing is known yet");
}

#[tokio::test]
async fn who_waits_for_an_agency_has_to_have_the_time_for_a_quick_one() {
    const PATIENT: &str = "/polku.v1.JourneyService/GetJourney";
    let admission = admission(4, 4);
    let room = admission.room(PATIENT).unwrap();
    let enter = |until| Arc::clone(&room).enter(PATIENT.to_owned(), until);
    let mut slow = enter(in_an_hour()).await.unwrap();
    slow.begun -= Duration::from_secs(9);
    slow.answered();
    assert!(enter(Instant::now() + QUICK / 2).await.is_err());
    assert!(enter(Instant::now() + QUICK * 10).await.is_ok(), "the next agency may be a quick one");
}

#[tokio::test]
async fn who_would_wait_for_longer_than_there_is_time_is_told_at_once() {
    let admission = admission(1, 10);
    let room = room(&admission);
    let _first = enter(&room, in_an_hour()).await.unwrap();
    room.pace().mean = Duration::from_secs(20);
    let full = enter(&room, Instant::now() + Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(full.after, Duration::from_secs(20));
}

#[test]
fn health_and_withdrawals_need_no_room_and_who_waits_for_an_agency_has_one_apart() {
    let admission = admission(1, 1);
    for path in [
        "/grpc.health.v1.Health/Check",
        "/polku.v1.ConsentService/WithdrawConsent",
        "/polku.v1.ConsentService/RevokeConsent",
        "/polku.v1.ConsentService/InvalidateConsent",
        "/polku.v1.ReferralService/Nothing",
    ] {
        assert!(admission.room(path).is_none(), "{path}");
    }
    let patient = admission.room("/polku.v1.JourneyService/GetJourney").unwrap();
    let importing = admission.room("/polku.v1.PlanService/ImportPlan").unwrap();
    let writing = admission.room("/polku.v1.PlanService/CreatePlan").unwrap();
    assert!(!Arc::ptr_eq(&importing, &writing));
    let verifying = admission.room("/polku.v1.ConsentService/VerifyConsent").unwrap();
    assert!(!Arc::ptr_eq(&room(&admission), &patient) && !Arc::ptr_eq(&room(&admission), &verifying));
}

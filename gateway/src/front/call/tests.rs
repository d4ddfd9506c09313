//! Deadlines as callers write them, the end of work, and the beat at which refusals leave.

use tokio::time::Instant;

use super::*;

#[test]
fn the_deadline_of_the_caller_is_read() {
    let deadline = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().unwrap());
        asked(&headers)
    };
    assert_eq!(deadline("2H"), Some(Duration::from_secs(7200)));
    assert_eq!(deadline("3M"), Some(Duration::from_secs(180)));
    assert_eq!(deadline("10S"), Some(Duration::from_secs(10)));
    assert_eq!(deadline("250m"), Some(Duration::from_millis(250)));
    assert_eq!(deadline("5u"), Some(Duration::from_micros(5)));
    assert_eq!(deadline("99999999n"), Some(Duration::from_nanos(99_999_999)));
    for wrong in ["", "S", "10", "-1S", "+1S", "100000000S", "1.5S", "10s"] {
        assert_eq!(deadline(wrong), None, "{wrong}");
    }
    assert_eq!(asked(&HeaderMap::new()), None);
}

#[tokio::test]
async fn the_end_waits_for_work_that_nobody_waits_for() {
    let running = Running::default();
    let (done, mut is_done) = tokio::sync::oneshot::channel();
    drop(running.spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        done.send(()).unwrap();
    }));
    assert!(running.finished_by(Instant::now() + Duration::from_secs(3600)).await);
    assert!(is_done.try_recv().is_ok());
}

#[tokio::test]
async fn behind_the_end_nothing_works() {
    let (running, work) = (Running::default(), Arc::new(()));
    let held = Arc::clone(&work);
    let task = running.spawn(async move {
        std::future::pending::<()>().await;
        drop(held);
    });
    tokio::task::yield_now().await;
    assert!(!running.finished_by(Instant::now()).await);
    assert_eq!(Arc::strong_count(&work), 1, "it is still at work");
    assert!(task.await.unwrap().is_none());
}

#[test]
fn what_tells_nothing_leaves_at_the_next_beat() {
    let millis = Duration::from_millis;
    assert_eq!(until_beat(millis(0)), millis(25));
    assert_eq!(until_beat(millis(3)), millis(22));
    assert_eq!(until_beat(millis(25)), millis(25));
    assert_eq!(until_beat(millis(1_234)), millis(16));
    let silent = |code: Code| tells_nothing(tonic::Status::new(code, "").into_http::<Body>().headers());
    for code in (0..17).map(Code::from) {
        assert_eq!(silent(code), [Code::NotFound, Code::PermissionDenied].contains(&code), "{code:?}");
    }
    assert!(!tells_nothing(&HeaderMap::new()), "an answer says how it ended when it has ended");
}

//! Does a refusal that tells nothing come at its beat, however soon it is known?

use std::time::{Duration, Instant};

use polku_proto::v1::{GetNextStepRequest, Purpose};
use polku_tests::world::PEOPLE;
use tonic::Code;
use uuid::Uuid;

use crate::stage::{Stage, assert_refused};

/// A little less than the beat: the clocks of a caller and of a timer are read one after the other.
const BEAT: Duration = Duration::from_millis(24);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_and_somebody_of_others_are_told_apart_by_no_clock() {
    let stage = Stage::open().await;
    let foreign = stage.youth(PEOPLE[16]).await;
    let mut te = stage.te();
    for youth in [format!("youths/{}", Uuid::now_v7()), foreign] {
        let begun = Instant::now();
        let request = GetNextStepRequest { youth, purpose: Purpose::Guidance.into() };
        let refused = te.journey.get_next_step(request).await;
        let took = begun.elapsed();
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        assert!(took >= BEAT, "{took:?}");
    }
    stage.close().await;
}

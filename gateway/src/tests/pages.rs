//! Does a list of plans fit into a message, and the rest of it come on the next page?

use polku_adapters::Redelivery;
use polku_proto::v1::{ListPlansRequest, PlanPart, Purpose};

use super::table::{begin, goal, merge, revoke, told, valid};
use super::world::{ADULT, KELA, World, caller};
use crate::plan::YOUTH;

/// What a client takes in one message, unless it was told otherwise.
const CLIENT: usize = 4 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn large_plans_are_listed_page_by_page() {
    let world = World::open(Redelivery::Deduplicates).await;
    let youth = world.identify(ADULT).await;
    let official = caller(KELA);
    let mut names = Vec::new();
    for _ in 0..20 {
        let plan = begin(&world, KELA, &youth, Purpose::EmploymentServices).await;
        let fill = |part: &mut PlanPart| {
            part.goals = (0..60).map(|number| goal(&format!("g{number}"), &"a".repeat(2_000))).collect();
        };
        for owner in [KELA, YOUTH] {
            merge(&world, &official, &plan, owner, fill).await;
        }
        revoke(&world, KELA, &plan).await;
        names.push(plan);
    }
    names.sort_unstable();
    let mut request = ListPlansRequest { parent: youth, page_token: String::new() };
    let mut listed = Vec::new();
    let mut pages = 0;
    loop {
        let page = world.gateway.list_plans(&official, valid(request.clone())).await;
        let page = told(&world, &official, page);
        assert!(prost::Message::encoded_len(&page) < CLIENT);
        assert!(!page.plans.is_empty());
        listed.extend(page.plans.into_iter().map(|plan| plan.name));
        pages += 1;
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    // In the order of their beginnings, which the clock of the tests does not tell apart.
    listed.sort_unstable();
    assert_eq!((listed, pages), (names, 3));
}

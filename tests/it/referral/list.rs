//! Is a list read page by page, by whom it is for?

use std::collections::BTreeSet;

use polku_proto::v1::{ListReferralsRequest, ListReferralsResponse};
use polku_tests::world::{Client, KELA, PEOPLE};
use tonic::{Code, Status};

use crate::stage::{Stage, assert_refused, fields_of};

async fn page(
    client: &Client,
    parent: &str,
    size: i32,
    token: &str,
) -> Result<ListReferralsResponse, Status> {
    let request = ListReferralsRequest { parent: parent.into(), page_size: size, page_token: token.into() };
    Ok(client.clone().referral.list_referrals(request).await?.into_inner())
}

fn names(page: &ListReferralsResponse) -> Vec<String> {
    page.referrals.iter().map(|referral| referral.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_everything_once_and_newest_first() {
    // Everything happens in one millisecond: the order must not depend on the time alone.
    let stage = Stage::at_noon().await;
    let (one, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let mut sent = BTreeSet::new();
    for _ in 0..7 {
        sent.insert(stage.refer(&one, KELA).await);
    }
    let of_other = stage.refer(&other, KELA).await;
    let ohjaamo = stage.ohjaamo();
    for size in [1, 2, 3, 7, 8, 1000] {
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let page = page(&ohjaamo, &one, size, &token).await.unwrap();
            assert!(page.referrals.len() <= usize::try_from(size).unwrap());
            seen.extend(names(&page));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
            assert!(!token.contains(one.trim_start_matches("youths/")) && token.len() <= 400);
        }
        assert_eq!(seen.len(), 7, "with pages of {size}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), sent);
    }
    let all = page(&ohjaamo, "youths/-", 0, "").await.unwrap();
    assert_eq!(all.referrals.len(), 8);
    assert!(names(&all).contains(&of_other));
    stage.advance(jiff::SignedDuration::from_secs(1));
    let newest = stage.refer(&one, KELA).await;
    assert_eq!(names(&page(&ohjaamo, "youths/-", 1, "").await.unwrap()), [newest]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_caller_and_its_list() {
    let stage = Stage::open().await;
    let (one, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    for youth in [&one, &one, &other, &other] {
        stage.refer(youth, KELA).await;
    }
    let ohjaamo = stage.ohjaamo();
    let token = page(&ohjaamo, &one, 1, "").await.unwrap().next_page_token;
    assert_eq!(page(&ohjaamo, &one, 1, &token).await.unwrap().referrals.len(), 1);

    let tampered: Vec<String> = (0..token.len())
        .map(|place| {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        })
        .chain([token.split_at(1).1.to_owned(), format!("{token}A"), "kanaria".to_owned(), "AAAA".to_owned()])
        .collect();
    for wrong in &tampered {
        let status =
            assert_refused(page(&ohjaamo, &one, 1, wrong).await, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        assert_eq!(fields_of(&status), ["page_token"]);
    }
    for (client, parent) in
        [(stage.kela(), one.as_str()), (ohjaamo.clone(), other.as_str()), (ohjaamo, "youths/-")]
    {
        let result = page(&client, parent, 1, &token).await;
        assert_refused(result, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    }
    let result = page(&stage.kela(), &one, 1, &"A".repeat(401)).await;
    assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_lists_their_own() {
    let stage = Stage::open().await;
    let (one, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let name = stage.refer(&one, KELA).await;
    let listed = async |client: &Client, parent: &str| names(&page(client, parent, 0, "").await.unwrap());
    for client in [stage.ohjaamo(), stage.kela()] {
        assert_eq!(listed(&client, &one).await, std::slice::from_ref(&name));
        assert_eq!(listed(&client, "youths/-").await, std::slice::from_ref(&name));
        assert!(listed(&client, &other).await.is_empty());
    }
    assert!(listed(&stage.te(), &one).await.is_empty(), "te is no party");
    assert_eq!(listed(&stage.subject(&one), &one).await, [name]);
    for parent in [other.as_str(), "youths/-"] {
        let result = page(&stage.subject(&one), parent, 0, "").await;
        assert_refused(result, Code::NotFound, "NOT_FOUND");
    }
    stage.close().await;
}

//! Is somebody who was erased at one gateway nobody at the others, from then on?

use polku_gateway::control::{Answer, Question, ask};
use polku_gateway::store::Known;
use polku_proto::YouthName;
use polku_tests::world::{OHJAAMO, PATIENCE, PEOPLE, TE, eventually};

use super::news::decision;
use super::{CATEGORIES, Scene, consented, identified};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_erased_at_one_gateway_is_nobody_at_the_others() {
    let mut scene = Scene::open().await;
    let client = scene.clients[0].clone();
    let youth = identified(&client, PEOPLE[0]).await;
    let other = identified(&client, PEOPLE[1]).await;
    for youth in [&youth, &other] {
        consented(&client, youth, TE).await;
        for client in &scene.clients {
            assert_eq!(decision(client, youth, 0).await.permitted.len(), CATEGORIES.len());
        }
    }
    let question = Question::Erase { controller: OHJAAMO.parse().unwrap(), person: youth.clone() };
    let data = scene.data(0);
    let asked = || async { ask(&data, &question).ok() };
    let answer = eventually(PATIENCE, asked).await.expect("the gateway does not answer its operator");
    assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
    for client in &scene.clients {
        assert_eq!(decision(client, &youth, 0).await.permitted, Vec::<i32>::new());
        assert_eq!(decision(client, &other, 0).await.permitted.len(), CATEGORIES.len(), "of somebody else");
    }
    // Whoever comes again begins anew, and is told of as anybody.
    let client = scene.clients[1].clone();
    let again = identified(&client, PEOPLE[0]).await;
    assert_ne!(again, youth);
    consented(&client, &again, TE).await;
    for client in &scene.clients {
        assert_eq!(decision(client, &again, 0).await.permitted.len(), CATEGORIES.len());
    }
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
    // What tells the gateways so does not name the person.
    let store = scene.world.store().await.unwrap();
    let known = store.known_after(0, 100).await.unwrap();
    let erased = known.iter().filter(|(known, _)| matches!(known, Known::Erased(_))).count();
    assert_eq!(erased, 1);
    let id = youth.parse::<YouthName>().unwrap().youth;
    assert_eq!(store.youth(id).await.unwrap(), None);
}

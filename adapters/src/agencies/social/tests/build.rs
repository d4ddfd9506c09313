//! Are the settings checked, and what does the adapter say of itself?

use super::*;

fn refusal(change: impl FnOnce(&mut toml::Table)) -> String {
    let mut table = settings();
    change(&mut table);
    build(trial::agency("social"), table, &Network::Tls).unwrap_err().to_string()
}

fn organisations(agency: &'static str, business_id: &'static str) -> impl FnOnce(&mut toml::Table) {
    move |table| {
        let table = table["organisations"].as_table_mut().unwrap();
        table.insert(agency.to_owned(), business_id.into());
    }
}

#[test]
fn built_from_its_table() {
    let adapter = build(trial::agency("social"), settings(), &Network::Tls).unwrap();
    assert_eq!(adapter.agency().as_str(), "social");
    assert_eq!(adapter.redelivery(), Redelivery::Deduplicates);
    let mut table = settings();
    table.remove("organisations");
    build(trial::agency("social"), table, &Network::Tls).unwrap();
}

#[test]
fn refused_settings() {
    let expected = "organisations: expected ids of agencies, each with a business id such as 0204819-8 that no other one has";
    assert_eq!(refusal(organisations("te", "0204819-7")), expected);
    assert_eq!(refusal(organisations("Te", "0204819-8")), expected);
    assert_eq!(refusal(organisations("te", "0245437-2")), expected);
    assert!(
        refusal(|table| drop(table.insert("surprise".into(), 3.into()))).contains("unknown field `surprise`")
    );
    assert!(refusal(|table| drop(table.remove("url"))).contains("missing field `url`"));
}

#[test]
fn what_the_adapter_can_do() {
    assert_eq!(KIND.delivers, Matter::ALL);
    let unasked = CategorySet::of(&[
        DataCategory::IdentityContact,
        DataCategory::AddressContact,
        DataCategory::ReferralStatus,
    ]);
    assert_eq!(KIND.fetches, CategorySet::ALL.difference(CategorySet::ENVELOPE).difference(unasked));
}

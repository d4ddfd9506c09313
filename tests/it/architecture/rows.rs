//! Is every sentence of the source texts that asks for something shown by a test?

use super::sources::root;

/// What a sentence asks for: the texts that it stands in, its words, and the tests that show it, each as `FILE::NAME`. The
/// words stand above one of these tests.
struct Row {
    texts: &'static str,
    quotes: &'static [&'static str],
    tests: &'static [&'static str],
}

/// What a sentence asks for and no test shows: the words, what of it is not there, and why.
const NOT_BUILT: &[(&str, &str, &str)] = &[
    (
        "ilman tutkintoa … 41%, joista naisia 43%",
        "figures by immigrant background",
        "the contract has no category for origin, which is data of a special kind: it would have to be asked of everybody \
         for figures alone",
    ),
    (
        "kiinnittymisen palveluun vielä 3 kk:n jälkeen",
        "the question in an agency's own protocol",
        "none of the modelled protocols has a word for it: the agency's people answer their task here, and where nobody does, \
         it counts what the agency has said of the end of the referral",
    ),
    (
        "verkkopohjainen … tilastointijärjestelmä … yli toimialojen",
        "figures of several agencies together",
        "each agency is told its own: nobody holds a register of all of them, and the same young person in two of them would \
         have to be known as one to be counted once",
    ),
    (
        "Päällekkäiset toiminnot ja asiakkuudet vähenevät",
        "finding out that two ids, of which one at least is a temporary one, are one person",
        "a temporary id says nothing of who has it, beside a code neither: only somebody with the identity code, or who has to \
         do with both, links them; a guess by name or day of birth would tell one agency whom another one knows",
    ),
    (
        "eikä asiakkaan tarvitse selvittää samoja asioita moneen kertaan",
        "reuse of an agency's answer by another professional",
        "an agency may answer another professional, or unit, differently, and its own log has to name whoever was told: so \
         an answer is used again for the same one and purpose only, and kept by the gateway that was answered",
    ),
    (
        "yksinkertaisten palvelusuunnitelmien ja sujuvamman tiedonvaihdon",
        "the time that it saves",
        "a short plan and what travels with it are there; how long the work took before and takes now, only the work shows",
    ),
    (
        "yhden aikuisen, joka toimii, auttaa ja tukee",
        "access by a mandate",
        "a mandate is a word with its proof that others can read; what the adult sees and sends rests on consents and on the \
         law, and no agency's protocol has a word for who acts for somebody",
    ),
    (
        "Työllisyyden kuntakokeilu",
        "the adapter of an agency that takes over from another one",
        "rules and agencies change by configuration; no successor has published what its system speaks, so that none is \
         modelled",
    ),
];

const ROWS: &[Row] = &[
    Row {
        texts: "000",
        quotes: &["palvelut nuorelle samalta luukulta"],
        tests: &["tests/it/sandbox/story.rs::the_story_goes_as_told"],
    },
    Row {
        texts: "000",
        quotes: &["yhteinen tavoite, asiakkaan kokonaisvaltainen tukeminen"],
        tests: &["tests/it/plan/life.rs::three_agencies_keep_one_plan"],
    },
    Row {
        texts: "000",
        quotes: &["Määrittelevät yhteisen toiminnan puitteet", "ei kirjallisia sopimuksia"],
        tests: &["tests/it/referral/parties.rs::no_agreement_means_no_disclosure"],
    },
    Row {
        texts: "000",
        quotes: &["Asiakkaspalautteen kuuleminen", "Valtakunnalliset Ohjaamokyselyt"],
        tests: &["tests/it/window/figures.rs::feedback_is_heard_and_whoever_gives_it_is_not_known"],
    },
    Row {
        texts: "000",
        quotes: &["Byströmin vaikuttavuusraportti", "Tilastoiden tarkastelu"],
        tests: &[
            "tests/it/window/figures.rs::change_on_a_star_is_told_as_a_mean",
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "000",
        quotes: &["vahva palvelukoordinaatio … ehkäisevät palveluista tippumista"],
        tests: &["tests/it/window/follow_ups.rs::whoever_nobody_has_met_becomes_a_task_of_the_adult"],
    },
    Row {
        texts: "000",
        quotes: &["kaksi kertaa todennäköisemmin aktiivitoimenpiteisiin"],
        tests: &[
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "000",
        quotes: &["Työllisyyden kuntakokeilu", "Oppivelvollisuusikä", "Sote-uudistus"],
        tests: &[
            "tests/it/policy/reload.rs::good_rules_come_into_force_without_a_restart",
            "policy/tests/decide/support.rs::p13_there_is_no_multi_sector_support_before_2025",
        ],
    },
    Row {
        texts: "000",
        quotes: &["Leimaamattomuus"],
        tests: &[
            "tests/it/sandbox/story.rs::the_story_goes_as_told",
            "tests/it/window/entries.rs::a_young_person_walks_in_without_referral_or_problem",
        ],
    },
    Row {
        texts: "001",
        quotes: &["ilman ajanvarausta tai ajanvarauksella"],
        tests: &["tests/it/window/entries.rs::a_young_person_walks_in_without_referral_or_problem"],
    },
    Row {
        texts: "001, 003",
        quotes: &["kaikille 15–29 –vuotiaille", "16–29 -vuotiaat", "17–29 -vuotiaiden", "alle 30-vuotiaille"],
        tests: &["tests/it/directory/asking.rs::each_service_has_an_age_limit_of_its_own"],
    },
    Row {
        texts: "001",
        quotes: &["ei vaadi lähetettä ja se on asiakkaalle vapaaehtoista"],
        tests: &[
            "tests/it/window/entries.rs::a_young_person_walks_in_without_referral_or_problem",
            "tests/it/window/follow_ups.rs::nobody_looks_for_whoever_has_left",
        ],
    },
    Row {
        texts: "001",
        quotes: &["nuorelle nimettävä asiakasvastaava selvittää, mitä viranomaisia ja palveluita tarvitaan"],
        tests: &[
            "tests/it/window/entries.rs::there_is_one_adult_and_the_young_person_knows_who",
            "tests/it/plan/life.rs::three_agencies_keep_one_plan",
        ],
    },
    Row {
        texts: "001",
        quotes: &["viikkokalenterin mukaisesti"],
        tests: &["tests/it/directory/asking.rs::everybody_sees_who_is_where_on_which_day"],
    },
    Row {
        texts: "001",
        quotes: &["etsitään … palvelut kumppanuusverkostosta"],
        tests: &["tests/it/directory/asking.rs::services_are_found_in_the_core_network_and_beyond"],
    },
    Row {
        texts: "001",
        quotes: &["kirjataan heidän suostumuksella NT/TYPPI"],
        tests: &["tests/it/agencies/gateway.rs::each_category_alone_crosses_alone"],
    },
    Row {
        texts: "001",
        quotes: &["mihin eri viranomaisilla on pääsy"],
        tests: &["tests/it/window/matrix.rs::what_a_caller_sees_equals_the_policy_matrix"],
    },
    Row {
        texts: "001, 003",
        quotes: &["eikä asiakkaan tarvitse selvittää samoja asioita moneen kertaan"],
        tests: &["tests/it/window/facts.rs::what_each_agency_holds_is_shown_cut_down_with_source_and_date"],
    },
    Row {
        texts: "001",
        quotes: &["yhteinen palvelusuunnitelma … tavoitteita ja vastuutahoja"],
        tests: &["tests/it/plan/life.rs::three_agencies_keep_one_plan"],
    },
    Row {
        texts: "001",
        quotes: &["ilman, että kenelläkään viranomaisella on kokonaiskuvaa"],
        tests: &["tests/it/sandbox/story.rs::the_story_goes_as_told"],
    },
    Row {
        texts: "001",
        quotes: &["jalkautuvia palveluita sekä verkkopalveluita"],
        tests: &["tests/it/directory/asking.rs::services_are_found_in_the_core_network_and_beyond"],
    },
    Row {
        texts: "001",
        quotes: &["unelmiin tai mieltä askarruttaviin asioihin"],
        tests: &["tests/it/window/entries.rs::a_young_person_walks_in_without_referral_or_problem"],
    },
    Row {
        texts: "002",
        quotes: &["välittävää aikuista, joka ei vaihdu koko ajan"],
        tests: &[
            "tests/it/window/entries.rs::there_is_one_adult_and_the_young_person_knows_who",
            "tests/it/window/identity.rs::a_worker_who_leaves_is_followed_by_another_and_the_journey_goes_on",
        ],
    },
    Row {
        texts: "002",
        quotes: &["yhden aikuisen, joka toimii, auttaa ja tukee"],
        tests: &["tests/it/window/entries.rs::the_young_person_lets_the_adult_act_and_ends_it"],
    },
    Row {
        texts: "002",
        quotes: &["ratkaistiin tietosuojaa koskevia … kysymyksiä"],
        tests: &["tests/it/consent/explain.rs::the_young_persons_side_and_the_disclosers_officer_learn_why"],
    },
    Row {
        texts: "002",
        quotes: &["Päällekkäiset toiminnot ja asiakkuudet vähenevät"],
        tests: &[
            "tests/it/window/identity.rs::two_ids_of_one_person_become_one_and_nobody_learns_of_the_others_file",
        ],
    },
    Row {
        texts: "002",
        quotes: &["tieto toimijoiden kesken ei kulje … passiiviset nuoret ajautuvat"],
        tests: &[
            "tests/it/window/follow_ups.rs::whoever_nobody_has_met_becomes_a_task_of_the_adult",
            "tests/it/referral/watch.rs::deliveries_are_told_and_the_recipient_learns_of_arrivals_only",
        ],
    },
    Row {
        texts: "002",
        quotes: &["Kenen tykö mun pitää nyt mennä?", "Pitääkö mun mennä taas uudelle luukulle?"],
        tests: &[
            "tests/it/window/entries.rs::there_is_one_adult_and_the_young_person_knows_who",
            "tests/it/window/figures.rs::who_is_still_there_three_months_on_is_told_as_far_as_it_may_be",
        ],
    },
    Row {
        texts: "003",
        quotes: &["hakeutua palveluun itse tai … ohjata … nuorisotakuun"],
        tests: &["tests/it/window/ways.rs::a_young_person_comes_by_themselves_or_from_anybody"],
    },
    Row {
        texts: "003",
        quotes: &["kolmeen profiiliin motivaation ja avuntarpeen perusteella"],
        tests: &[
            "tests/it/window/figures/kinds.rs::a_profile_has_a_history_and_work_is_told_by_the_profile_of_its_time",
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "003",
        quotes: &["ydintoimijoiden roolit on määritelty asiakkaiden profiilien mukaan"],
        tests: &["tests/it/directory/asking.rs::recipients_are_suggested_by_profile_and_team"],
    },
    Row {
        texts: "003",
        quotes: &["Starttipisteen, hyvinvoinnin, koulutuksen ja työllistymisen tiimeissä"],
        tests: &["tests/it/directory/asking.rs::recipients_are_suggested_by_profile_and_team"],
    },
    Row {
        texts: "003",
        quotes: &["kiinnittymisen palveluun vielä 3 kk:n jälkeen"],
        tests: &[
            "tests/it/window/figures.rs::who_is_still_there_three_months_on_is_told_as_far_as_it_may_be",
            "tests/it/window/follow_ups/retention.rs::three_months_on_the_recipient_says_whether_the_young_person_is_still_there",
        ],
    },
    Row {
        texts: "003",
        quotes: &["nuoren kokeman muutoksen … Tulostähti"],
        tests: &["tests/it/window/figures.rs::change_on_a_star_is_told_as_a_mean"],
    },
    Row {
        texts: "003",
        quotes: &["asiakasprofiileittain käytettyä resursointia … hyvinvointi-koulutus-työuralla"],
        tests: &[
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "003",
        quotes: &[
            "aikuissosiaalityön nuorten tiimiltä, Vamoksesta, Info-Omniasta, Te-toimistosta, etsivältä nuorisotyöltä, Svepsistä … psykiatrian poliklinikoilta",
        ],
        tests: &["tests/it/window/entries.rs::others_see_what_is_permitted_for_the_purpose_that_they_name"],
    },
    Row {
        texts: "003",
        quotes: &["Raiteilla-toiminnalla", "palveluita viedään kotiin"],
        tests: &["tests/it/directory/asking.rs::services_are_found_in_the_core_network_and_beyond"],
    },
    Row {
        texts: "003",
        quotes: &["TyönhakuBoosti … korttikoulutukset, taksikurssi, Täsmärekry ja WorkPilots"],
        tests: &["tests/it/directory/asking.rs::the_service_concepts_are_found_by_their_names"],
    },
    Row {
        texts: "003",
        quotes: &["korttikoulutuksia 432 krt … 39 nuoren … 6 %", "yli 130 sai … asunnon"],
        tests: &[
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "003",
        quotes: &["ilman tutkintoa … 41%, joista naisia 43%"],
        tests: &["tests/it/window/figures/kinds.rs::whom_it_is_about_is_told_by_education_and_sex"],
    },
    Row {
        texts: "003",
        quotes: &["274 jatko-ohjausta, 20 %", "yli 3 kk:n työttömyyden"],
        tests: &[
            "tests/it/window/figures/kinds.rs::onward_guidance_is_told_with_its_share_and_its_days",
            "tests/it/window/figures/kinds.rs::unemployment_of_more_than_three_months_is_told_by_age",
        ],
    },
    Row {
        texts: "003",
        quotes: &["kaksikielistä", "ruotsin kielellä"],
        tests: &["tests/it/directory/asking.rs::everybody_sees_who_is_where_on_which_day"],
    },
    Row {
        texts: "003",
        quotes: &["Saattaen vaihto palveluista toiseen"],
        tests: &["tests/it/window/escort.rs::a_hand_over_with_escort_counts_when_all_three_met"],
    },
    Row {
        texts: "003, 004",
        quotes: &["eri suunnitelmat … yhdeksi yhteiseksi suunnitelmaksi", "yhdeksi palvelusuunnitelmaksi"],
        tests: &[
            "tests/it/agencies/plans.rs::plans_of_every_kind_are_merged_and_what_clashes_or_looks_alike_is_asked",
        ],
    },
    Row {
        texts: "003",
        quotes: &["yksi asia nuoren kanssa sovittuna kerrallaan vs. luukuttaminen"],
        tests: &[
            "tests/it/referral/life.rs::one_thing_at_a_time_is_said_to_the_agency_that_sends_several",
            "tests/it/plan/steps.rs::one_step_is_flagged_and_items_are_linked",
        ],
    },
    Row {
        texts: "003",
        quotes: &[
            "GDPR-tietoturvavaatimukset täyttävä … nuorten antamalla luvalla",
            "tiedon jakaminen nuoren luvalla",
        ],
        tests: &[
            "tests/it/referral/parties.rs::the_recipient_sees_what_is_permitted_and_nothing_else",
            "tests/it/window/matrix.rs::what_a_caller_sees_equals_the_policy_matrix",
        ],
    },
    Row {
        texts: "003",
        quotes: &["nuori näkyy yhtenä koko palvelujärjestelmässä"],
        tests: &["tests/it/window/identity.rs::an_identity_code_that_nobody_has_is_the_same_persons"],
    },
    Row {
        texts: "003",
        quotes: &["raportointi OKM:lle, TEM:lle, STM:lle, AVI:lle, Kohtaamolle, Espoon kaupungille"],
        tests: &["tests/it/window/figures/kinds.rs::each_recipient_of_reports_is_told_its_own_choice"],
    },
    Row {
        texts: "003",
        quotes: &["Kela … asiantuntija-resursseja Starttipisteen", "Nuotti-valmennus"],
        tests: &["tests/it/delivery/notices.rs::the_employment_services_ask_kela_to_ring_about_nuotti"],
    },
    Row {
        texts: "003",
        quotes: &["Walmu soveltuu … Monik ry:n … Vamoksen"],
        tests: &[
            "policy/tests/decide/support.rs::p15_an_association_sees_what_is_consented_to_and_nothing_by_law",
        ],
    },
    Row {
        texts: "003",
        quotes: &["noin 80 asiantuntijaa"],
        tests: &[
            "tests/it/window/ways.rs::eighty_professionals_of_one_point_share_a_journey",
            "tests/it/refused/callers.rs::an_actor_is_one_that_is_registered_for_the_organisation",
        ],
    },
    Row {
        texts: "004",
        quotes: &["NT/TYPPI -järjestelmän käyttöä monialaisesti", "asiakasvastaava-mallia"],
        tests: &[
            "tests/it/agencies/gateway.rs::a_referral_lives_its_life_at_every_kind_of_agency",
            "tests/it/window/entries.rs::there_is_one_adult_and_the_young_person_knows_who",
        ],
    },
    Row {
        texts: "004",
        quotes: &["nelikantatapaamisia (TE-toimisto, kaupungin työllisyysyksikkö ja sosiaalityö, asiakas)"],
        tests: &["tests/it/plan/meetings.rs::four_seats_make_a_quorum"],
    },
    Row {
        texts: "004",
        quotes: &["asiakas täytti … (Whoqol-bref)"],
        tests: &[
            "tests/it/plan/meetings.rs::questionnaires_and_stars_are_scored",
            "tests/it/plan/questionnaires.rs::the_young_person_records_their_own_questionnaire",
        ],
    },
    Row {
        texts: "004",
        quotes: &["oikeus saada asiakkaan kaikki toimintayksikön … rekistereissä olevat tiedot"],
        tests: &[
            "tests/it/law/units.rs::a_referral_to_a_unit_is_read_there_and_by_the_coordinator",
            "tests/it/window/units.rs::what_a_unit_has_written_is_read_there_and_by_coordinators",
            "policy/tests/decide/workers.rs::p17_own_words_are_those_of_the_own_unit",
        ],
    },
    Row {
        texts: "004",
        quotes: &["yksinkertaisten palvelusuunnitelmien ja sujuvamman tiedonvaihdon"],
        tests: &["tests/it/plan/short.rs::a_plan_of_one_goal_and_one_step_is_enough"],
    },
    Row {
        texts: "004",
        quotes: &["koko prosessia pilkkomatta sitä organisaatiolähtöisesti"],
        tests: &["tests/it/sandbox/story.rs::the_story_goes_as_told"],
    },
    Row {
        texts: "004",
        quotes: &["verkkopohjainen … tilastointijärjestelmä … yli toimialojen"],
        tests: &[
            "tests/it/window/figures.rs::what_was_put_in_and_what_came_of_it_is_told_by_profile_and_service",
        ],
    },
    Row {
        texts: "004",
        quotes: &["Lähetekulttuurissa tapahtui muutoksia … aikaisemmin"],
        tests: &["tests/it/window/figures/kinds.rs::onward_guidance_is_told_with_its_share_and_its_days"],
    },
    Row {
        texts: "004",
        quotes: &["palvelutarpeita, jotka eivät olisi tulleet esille"],
        tests: &["tests/it/plan/meetings.rs::a_need_found_in_a_meeting_names_one_that_was_held_and_recorded"],
    },
    Row {
        texts: "004",
        quotes: &["vertaisohjauksen … työnhakutuutori"],
        tests: &["tests/it/referral/parties.rs::a_peer_worker_sees_no_data"],
    },
];

/// What stands above a test, in one line; nothing where there is no such test.
fn words_above(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let place = lines.iter().position(|line| {
        line.trim_start_matches("async ")
            .strip_prefix("fn ")
            .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
    })?;
    let above: Vec<&str> = lines[..place]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("///") || line.starts_with("#["))
        .copied()
        .collect();
    let is_test = above.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
    let words = above.iter().rev().filter_map(|line| line.strip_prefix("///"));
    is_test.then(|| words.map(str::trim).collect::<Vec<_>>().join(" "))
}

/// domain.md 5, row by row.
#[test]
fn every_row_has_a_test_that_names_it() {
    let mut wrong = Vec::new();
    for Row { texts, quotes, tests } in ROWS {
        assert!(!quotes.is_empty() && !tests.is_empty(), "a row of {texts} says or shows nothing");
        let mut words = String::new();
        for test in *tests {
            let (file, name) = test.split_once("::").unwrap();
            let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            match words_above(&text, name) {
                Some(above) => words += &above,
                None => wrong.push(format!("there is no test {test}")),
            }
        }
        let unnamed = quotes.iter().filter(|quote| !words.contains(&format!("\"{quote}\"")));
        wrong.extend(unnamed.map(|quote| format!("{texts}: \"{quote}\" stands above none of {tests:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ROWS.len(), 61);
}

/// What is not there is part of a row that is.
#[test]
fn what_is_not_built_is_said_with_its_reason() {
    for (words, what, why) in NOT_BUILT {
        assert!(ROWS.iter().any(|row| row.quotes.contains(words)), "{words} is in no row");
        assert!(!what.is_empty() && why.len() > 20);
    }
}

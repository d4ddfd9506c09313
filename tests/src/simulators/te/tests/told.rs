//! Do the simulated employment services keep to their document with plans and questions?

use uuid::Uuid;

use super::{MESSAGE, Office, fault_code, soap};
use crate::simulators::official::Official;
use crate::simulators::te::{Told, holdings};

const PERSON: &str = "010594Y9032";

fn official() -> Official {
    Official::new("virkailija-1", "nuorten-palvelut")
}

#[tokio::test]
async fn the_document_is_kept_to() {
    let office = Office::open();
    let plan = |more: &str| {
        soap(
            "vastaanotaSuunnitelma",
            &format!(
                "<t:sanomaTunnus>{MESSAGE}</t:sanomaTunnus><t:omistaja>kela</t:omistaja>\
                 <t:tila>VOIMASSA</t:tila>{more}"
            ),
        )
    };
    let need = |inside: &str| format!("<t:tarve><t:tunnus>1</t:tunnus>{inside}</t:tarve>");
    let good = need("<t:tietoryhma>ASUMINEN</t:tietoryhma><t:kuvaus>koti</t:kuvaus>");
    for wrong in [
        need("<t:kuvaus>koti</t:kuvaus>"),
        need("<t:tietoryhma>KOTI</t:tietoryhma><t:kuvaus>koti</t:kuvaus>"),
        "<t:seuraavaTarkistus>2026-02-30</t:seuraavaTarkistus>".to_owned(),
        "<t:asiakkaanNakemys>a</t:asiakkaanNakemys>".to_owned() + &good,
    ] {
        assert_eq!(fault_code(&office.post(plan(&wrong)).await.unwrap()), "VIRHEELLINEN_SISALTO", "{wrong}");
    }
    office.post(plan(&good)).await.unwrap();
    assert_eq!(office.te.ledger().all_taken_in()[0].field("tarve.kuvaus"), Some("koti"));
    let question = soap("haeAsiakkuus", "<t:henkilotunnus>010594Y9032</t:henkilotunnus>");
    assert_eq!(fault_code(&office.post(question).await.unwrap()), "VIRHEELLINEN_SISALTO");
    // Not connected to any gateway.
    let message = Told::plan(Uuid::now_v7(), &official(), PERSON, &holdings::specimen().plans[0]).unwrap();
    assert!(office.te.send_told(&message).await.is_err());
}

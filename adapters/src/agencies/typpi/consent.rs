//! How is the register told on what a message rests: `suostumus`?

use polku_policy::{Basis, Decision};
use polku_proto::{CategorySet, ConsentName, YouthId};

use super::codes;
use super::customer::list;
use crate::agencies::soap::tree::{Node, code, group, text};

/// Words what was decided; none where no more than the frame of the message is told.
pub(super) fn node(decision: &Decision, youth: Option<YouthId>) -> Option<Node> {
    let bases = decision.bases().iter().filter_map(|basis| basis_node(basis, youth));
    let told = decision.permitted().difference(CategorySet::ENVELOPE);
    let told = told.iter().filter_map(|category| code("tns:tietoluokka", codes::plan::category(category)));
    list("tns:suostumus", bases.chain(told).collect())
}

fn basis_node(basis: &Basis, youth: Option<YouthId>) -> Option<Node> {
    let Basis { kind, rule, statute, consent } = basis;
    let name = youth.zip(*consent).map(|(youth, (consent, _))| ConsentName { youth, consent }.to_string());
    let version = consent.map(|(_, version)| version.to_string());
    group(
        "tns:peruste",
        [
            code("tns:laji", Some(codes::basis(*kind))),
            text("tns:suostumuksenNimi", name.unwrap_or_default()),
            text("tns:suostumuksenVersio", version.unwrap_or_default()),
            text("tns:saados", statute.to_string()),
            text("tns:saanto", rule.to_string()),
        ],
    )
}

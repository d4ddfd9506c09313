//! Which figures go to whom? A choice for each recipient of reports, from the configuration.
//!
//! A choice of what is told to the agency itself: whoever has several reports knows no more than the agency does.

use std::collections::BTreeSet;

use polku_proto::v1::figure::Kind;
use polku_proto::v1::get_figures_request::Period;
use polku_proto::v1::{Figure, Figures};

/// What a figure can depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Age.
    Age,
    /// Sex.
    Sex,
    /// Highest qualification.
    Education,
    /// What somebody mainly does.
    Activity,
    /// Contact language.
    Language,
    /// Home municipality.
    Municipality,
    /// How somebody came.
    Source,
    /// Channel of an encounter.
    Channel,
    /// Profile.
    Profile,
    /// Stage on the path.
    Stage,
    /// Kind of what was attained.
    Outcome,
    /// Whether somebody is still there.
    Retention,
    /// Service, or what else the kind of the figure says by a code.
    Service,
}

impl Dimension {
    /// All of them, by their names in the configuration.
    pub const NAMES: [(&'static str, Dimension); 13] = [
        ("age", Dimension::Age),
        ("sex", Dimension::Sex),
        ("education", Dimension::Education),
        ("activity", Dimension::Activity),
        ("language", Dimension::Language),
        ("municipality", Dimension::Municipality),
        ("source", Dimension::Source),
        ("channel", Dimension::Channel),
        ("profile", Dimension::Profile),
        ("stage", Dimension::Stage),
        ("outcome", Dimension::Outcome),
        ("retention", Dimension::Retention),
        ("service", Dimension::Service),
    ];

    /// Whether the figure depends on it.
    fn is_of(self, figure: &Figure) -> bool {
        match self {
            Dimension::Age => figure.age != 0,
            Dimension::Sex => figure.sex != 0,
            Dimension::Education => figure.education != 0,
            Dimension::Activity => figure.activity != 0,
            Dimension::Language => !figure.language.is_empty(),
            Dimension::Municipality => !figure.municipality.is_empty(),
            Dimension::Source => figure.source != 0,
            Dimension::Channel => figure.channel != 0,
            Dimension::Profile => figure.profile != 0,
            Dimension::Stage => figure.stage != 0,
            Dimension::Outcome => figure.attainment != 0,
            Dimension::Retention => figure.retention != 0,
            Dimension::Service => !figure.code.is_empty(),
        }
    }
}

/// What one recipient of reports is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFor {
    /// Whom the report goes to.
    pub recipient: String,
    /// For which periods.
    pub periods: BTreeSet<Period>,
    /// Figures of which kinds.
    pub kinds: BTreeSet<Kind>,
    /// By what they may be told apart.
    pub dimensions: BTreeSet<Dimension>,
}

impl ReportFor {
    /// This recipient's choice of the figures.
    pub(crate) fn choice(&self, figures: Figures) -> Figures {
        let is_chosen = |figure: &Figure| {
            let mut others = Dimension::NAMES.iter().filter(|(_, one)| !self.dimensions.contains(one));
            self.kinds.contains(&figure.kind()) && !others.any(|(_, one)| one.is_of(figure))
        };
        Figures { figures: figures.figures.into_iter().filter(is_chosen).collect() }
    }
}

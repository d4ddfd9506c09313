//! What does the tree of provisions permit and prohibit?

use polku_proto::v1::ProhibitionTerms;
use polku_proto::{Party, Valid};

use super::codes;
use super::error::{ImportError, Place, Problem};
use super::frame::{Frame, Organisations, only_coding};
use super::import::Reading;
use super::object::Object;
use super::region::{Region, take_out};

/// How many levels of provisions there may be below the root.
const DEEPEST: usize = 3;

/// Whether a provision permits or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Permit,
    Deny,
}

impl Effect {
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Permit => Self::Deny,
            Self::Deny => Self::Permit,
        }
    }

    pub(super) fn of_code(code: &str) -> Option<Self> {
        match code {
            "permit" => Some(Self::Permit),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// A provision with those inside of it. The frame says all that is to be known: what it takes over is in it.
pub(super) struct Node {
    place: Place,
    effect: Effect,
    frame: Frame,
    inside: Vec<Node>,
}

/// How provisions are read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) reading: Reading,
    pub(super) organisations: Organisations<'a>,
}

impl Reader<'_> {
    /// Reads the root. Its `type` has been taken out before.
    pub(super) fn root(self, effect: Effect, outer: &Frame, provision: Object) -> Result<Node, ImportError> {
        self.rest(effect, outer, provision, 0)
    }

    /// Reads provisions that stand side by side, as exceptions from what is around them.
    pub(super) fn exceptions(
        self,
        around: Effect,
        outer: &Frame,
        provisions: Vec<Object>,
        level: usize,
    ) -> Result<Vec<Node>, ImportError> {
        provisions
            .into_iter()
            .map(|mut provision| {
                if level > DEEPEST {
                    return Err(provision.place().fault(Problem::TooDeep));
                }
                let effect = self.effect(around, &mut provision)?;
                self.rest(effect, outer, provision, level)
            })
            .collect()
    }

    fn effect(self, around: Effect, provision: &mut Object) -> Result<Effect, ImportError> {
        let place = provision.at("type");
        let code = provision.text("type")?;
        let said = code.map(|code| Effect::of_code(&code).ok_or_else(|| place.fault(Problem::Unknown)));
        match (self.reading, said.transpose()?) {
            (Reading::R4Literal, said) => said.ok_or_else(|| place.fault(Problem::Missing)),
            (Reading::R5Negation, Some(said)) if said == around => Err(place.fault(Problem::TypeContradicts)),
            (Reading::R5Negation, Some(_) | None) => Ok(around.negated()),
        }
    }

    fn rest(
        self,
        effect: Effect,
        outer: &Frame,
        mut provision: Object,
        level: usize,
    ) -> Result<Node, ImportError> {
        let place = provision.place().clone();
        let frame = Frame::read(&mut provision, self.organisations)?.within(outer, &place)?;
        check_actions(effect, &mut provision)?;
        let inside = self.exceptions(effect, &frame, provision.objects("provision")?, level + 1)?;
        provision.pass_over(&["id"]);
        provision.end()?;
        Ok(Node { place, effect, frame, inside })
    }
}

/// A permission must be one to disclose; a denial must be of that and nothing else, as nothing else could be kept.
fn check_actions(effect: Effect, provision: &mut Object) -> Result<(), ImportError> {
    let place = provision.at("action");
    let mut disclose = false;
    let mut said = false;
    for action in provision.objects("action")? {
        said = true;
        let action_place = action.place().clone();
        match only_coding(action)? {
            (system, code) if system == codes::ACTION && code == "disclose" => disclose = true,
            (system, code)
                if system == codes::ACTION
                    && effect == Effect::Permit
                    && matches!(code.as_str(), "collect" | "access" | "use" | "correct") => {}
            _ => return Err(action_place.fault(Problem::Unsupported)),
        }
    }
    if said && !disclose { Err(place.fault(Problem::Unsupported)) } else { Ok(()) }
}

/// What a document comes to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) permitted: Vec<Region>,
    pub(super) prohibited: Vec<ProhibitionTerms>,
}

impl Node {
    /// Makes a root that has no frame of its own.
    pub(super) fn bare(place: Place, effect: Effect, frame: Frame, inside: Vec<Node>) -> Self {
        Self { place, effect, frame, inside }
    }

    /// Works out what the whole tree comes to.
    pub(super) fn outcome(&self) -> Result<Outcome, ImportError> {
        let mut outcome = Outcome::default();
        match self.effect {
            Effect::Permit => outcome.permitted = self.reach()?,
            // Without a permission everything is denied anyway.
            Effect::Deny => {
                for node in &self.inside {
                    match node.effect {
                        Effect::Permit => outcome.permitted.extend(node.reach()?),
                        Effect::Deny => node.prohibit(&mut outcome.prohibited)?,
                    }
                }
            }
        }
        Ok(outcome)
    }

    /// Gives what the provision permits or denies once the exceptions inside of it are taken out.
    fn reach(&self) -> Result<Vec<Region>, ImportError> {
        let mut regions = vec![self.frame.region(&self.place)?];
        for node in self.inside.iter().filter(|node| node.effect == self.effect) {
            regions.extend(node.reach()?);
        }
        for node in self.inside.iter().filter(|node| node.effect != self.effect) {
            for exception in node.reach()? {
                regions = take_out(regions, &exception)?;
            }
        }
        Ok(regions)
    }

    /// Makes prohibitions of a denial that stands by itself.
    fn prohibit(&self, prohibitions: &mut Vec<ProhibitionTerms>) -> Result<(), ImportError> {
        let too_fine = |name: &str| self.place.below(name).fault(Problem::DenialTooFine);
        let frame = &self.frame;
        if frame.purposes.is_some() {
            return Err(too_fine("purpose"));
        }
        if frame.from.is_some() || frame.until.is_some() {
            return Err(too_fine("period"));
        }
        let agencies = |parties: &Option<Vec<Party>>| {
            let parties = parties.iter().flatten();
            let whole = parties.map(|party| party.unit.is_none().then(|| party.agency.to_string()));
            whole.collect::<Option<Vec<String>>>().ok_or_else(|| too_fine("actor"))
        };
        let terms = ProhibitionTerms {
            disclosers: agencies(&frame.disclosers)?,
            recipients: agencies(&frame.recipients)?,
            categories: frame.categories.iter().flatten().map(|category| (*category).into()).collect(),
            service_tasks: Vec::new(),
            documents: Vec::new(),
        };
        let terms = Valid::check(terms).map_err(|_| self.place.fault(Problem::TooMuch))?;
        prohibitions.push(terms.into_inner());
        for node in &self.inside {
            match node.effect {
                Effect::Permit => return Err(node.place.fault(Problem::PermissionInDenial)),
                Effect::Deny => node.prohibit(prohibitions)?,
            }
        }
        Ok(())
    }
}

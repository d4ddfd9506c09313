//! Who, to whom, what, for what and when: what does a provision say, and what does it take over?

use jiff::Timestamp;
use polku_proto::identity::Oid;
use polku_proto::v1::{DataCategory, LegalBasis, Purpose};
use polku_proto::{AgencyId, Party};

use super::error::{ImportError, Place, Problem};
use super::object::Object;
use super::region::Region;
use super::{codes, moment};

/// Finds the one agency that an object identifier names.
pub(crate) type Organisations<'a> = &'a dyn Fn(&Oid) -> Option<AgencyId>;

/// What a provision says about its reach. `None` and no instant: it does not say.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) disclosers: Option<Vec<Party>>,
    pub(super) recipients: Option<Vec<Party>>,
    pub(super) purposes: Option<Vec<Purpose>>,
    pub(super) categories: Option<Vec<DataCategory>>,
    pub(super) explicit: Vec<DataCategory>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) legal_basis: Option<LegalBasis>,
    pub(super) review: Option<Timestamp>,
}

impl Frame {
    /// Takes out of a provision what it says about its reach.
    pub(super) fn read(
        provision: &mut Object,
        organisations: Organisations<'_>,
    ) -> Result<Self, ImportError> {
        let mut frame = Self::default();
        frame.read_period(provision)?;
        for actor in provision.objects("actor")? {
            frame.read_actor(actor, organisations)?;
        }
        for purpose in provision.objects("purpose")? {
            let place = purpose.place().clone();
            let found = match &coding(purpose)? {
                (system, code) if system == codes::PURPOSE => codes::read_purpose(code),
                _ => None,
            };
            add(&mut frame.purposes, found.ok_or_else(|| place.fault(Problem::Unknown))?);
        }
        for class in provision.objects("class")? {
            frame.read_class(class)?;
        }
        for extension in provision.objects("extension")? {
            frame.read_extension(extension)?;
        }
        Ok(frame)
    }

    /// Takes a period out of an object that has one.
    pub(super) fn read_period(&mut self, object: &mut Object) -> Result<(), ImportError> {
        let Some(mut period) = object.object("period")? else { return Ok(()) };
        let place = period.place().clone();
        self.from = instant(&mut period, "start", moment::start)?;
        self.until = instant(&mut period, "end", moment::end)?;
        if self.from.is_some_and(|from| self.until.is_some_and(|until| until <= from)) {
            return Err(place.fault(Problem::Form));
        }
        period.pass_over(&["id"]);
        period.end()
    }

    fn read_actor(&mut self, mut actor: Object, organisations: Organisations<'_>) -> Result<(), ImportError> {
        let role_place = actor.at("role");
        let (system, code) = only_coding(actor.required_object("role")?)?;
        let list = match (system.as_str(), code.as_str()) {
            (codes::PARTICIPATION, "IRCP" | "PRCP") => &mut self.recipients,
            (codes::PARTICIPATION, "CST") => &mut self.disclosers,
            _ => return Err(role_place.fault(Problem::Unknown)),
        };
        add(list, party(actor.required_object("reference")?, organisations)?);
        actor.pass_over(&["id"]);
        actor.end()
    }

    fn read_class(&mut self, mut class: Object) -> Result<(), ImportError> {
        let place = class.place().clone();
        let mut explicit = false;
        for mut extension in class.objects("extension")? {
            let known = extension.required_text("url")? == codes::EXPLICIT;
            match extension.take("valueBoolean") {
                Some(serde_json::Value::Bool(value)) if known => explicit = value,
                _ => return Err(extension.place().fault(Problem::Unsupported)),
            }
            extension.end()?;
        }
        let found = match &coding(class)? {
            (system, code) if system == codes::DATA_CATEGORY => polku_proto::named(code),
            _ => None,
        };
        let found = found.filter(|category| *category != DataCategory::Envelope);
        let category = found.ok_or_else(|| place.fault(Problem::Unknown))?;
        if explicit && !self.explicit.contains(&category) {
            self.explicit.push(category);
        }
        add(&mut self.categories, category);
        Ok(())
    }

    fn read_extension(&mut self, mut extension: Object) -> Result<(), ImportError> {
        let place = extension.place().clone();
        match extension.required_text("url")?.as_str() {
            codes::LEGAL_BASIS => {
                let basis = codes::read_basis(&extension.required_text("valueCode")?);
                self.legal_basis = Some(basis.ok_or_else(|| place.fault(Problem::Unknown))?);
            }
            codes::REVIEW_TIME => {
                let review = instant(&mut extension, "valueDateTime", moment::start)?;
                self.review = Some(review.ok_or_else(|| place.fault(Problem::Form))?);
            }
            _ => return Err(place.fault(Problem::Unsupported)),
        }
        extension.end()
    }

    /// Takes over what the frame around this one says, and checks that this one lies within it.
    pub(super) fn within(self, outer: &Frame, place: &Place) -> Result<Self, ImportError> {
        let beyond = |name: &str| place.below(name).fault(Problem::Beyond);
        let party = |outer: &Party, inner: &Party| outer.covers(inner);
        let (own_categories, explicit) = (self.categories.is_some(), self.explicit);
        let starts_early = outer.from.is_some_and(|outer| self.from.is_some_and(|own| own < outer));
        let ends_late = outer.until.is_some_and(|outer| self.until.is_some_and(|own| own > outer));
        let from = self.from.or(outer.from);
        let until = self.until.or(outer.until);
        let ends_before_start = from.is_some_and(|from| until.is_some_and(|until| until <= from));
        if starts_early || ends_late || ends_before_start {
            return Err(beyond("period"));
        }
        Ok(Self {
            disclosers: inherit(self.disclosers, outer.disclosers.as_ref(), party)
                .ok_or_else(|| beyond("actor"))?,
            recipients: inherit(self.recipients, outer.recipients.as_ref(), party)
                .ok_or_else(|| beyond("actor"))?,
            purposes: inherit(self.purposes, outer.purposes.as_ref(), Purpose::eq)
                .ok_or_else(|| beyond("purpose"))?,
            categories: inherit(self.categories, outer.categories.as_ref(), DataCategory::eq)
                .ok_or_else(|| beyond("class"))?,
            explicit: if own_categories { explicit } else { outer.explicit.clone() },
            from,
            until,
            legal_basis: self.legal_basis.or(outer.legal_basis),
            review: self.review.or(outer.review),
        })
    }

    /// Gives the region of a permission, or of a denial inside of one.
    pub(super) fn region(&self, place: &Place) -> Result<Region, ImportError> {
        let missing = |name: &str| place.below(name).fault(Problem::Unbounded);
        Ok(Region {
            place: place.clone(),
            disclosers: self.disclosers.clone().ok_or_else(|| missing("actor"))?,
            recipients: self.recipients.clone().ok_or_else(|| missing("actor"))?,
            purposes: self.purposes.clone().ok_or_else(|| missing("purpose"))?,
            categories: self.categories.clone().ok_or_else(|| missing("class"))?,
            from: self.from,
            until: self.until,
            explicit: self.explicit.clone(),
            legal_basis: self.legal_basis,
            review: self.review,
        })
    }
}

/// Takes over the outer list where there is no own one. `None` if the own one has what the outer one does not cover.
fn inherit<T: Clone>(
    own: Option<Vec<T>>,
    outer: Option<&Vec<T>>,
    covers: impl Fn(&T, &T) -> bool,
) -> Option<Option<Vec<T>>> {
    match (own, outer) {
        (None, outer) => Some(outer.cloned()),
        (own, None) => Some(own),
        (Some(own), Some(outer)) => {
            let inside = own.iter().all(|inner| outer.iter().any(|outer| covers(outer, inner)));
            inside.then_some(Some(own))
        }
    }
}

fn add<T: PartialEq>(list: &mut Option<Vec<T>>, item: T) {
    let list = list.get_or_insert_default();
    if !list.contains(&item) {
        list.push(item);
    }
}

fn instant(
    object: &mut Object,
    name: &'static str,
    read: impl Fn(&str) -> Option<Timestamp>,
) -> Result<Option<Timestamp>, ImportError> {
    let place = object.at(name);
    let text = object.text(name)?;
    text.map(|text| read(&text).ok_or_else(|| place.fault(Problem::Form))).transpose()
}

/// Reads a reference to an organisation.
pub(crate) fn party(mut reference: Object, organisations: Organisations<'_>) -> Result<Party, ImportError> {
    let type_place = reference.at("type");
    if reference.text("type")?.is_some_and(|found| found != "Organization") {
        return Err(type_place.fault(Problem::Unsupported));
    }
    let identifier = reference.required_object("identifier")?;
    let place = identifier.place().clone();
    let (system, value) = identifier_of(identifier)?;
    let found = match system.as_str() {
        codes::AGENCY => Some(value.parse().map_err(|_| place.fault(Problem::Unknown))?),
        codes::URI => {
            let oid = value.strip_prefix(codes::OID).and_then(|oid| oid.parse().ok());
            let oid: Oid = oid.ok_or_else(|| place.fault(Problem::Unknown))?;
            organisations(&oid).map(Party::whole)
        }
        _ => return Err(place.fault(Problem::Unknown)),
    };
    reference.pass_over(&["display", "id"]);
    reference.end()?;
    found.ok_or_else(|| place.fault(Problem::UnknownOrganisation))
}

/// Reads the system and value of an identifier that is in use.
pub(crate) fn identifier_of(mut identifier: Object) -> Result<(String, String), ImportError> {
    let place = identifier.at("use");
    if identifier.text("use")?.is_some_and(|found| !matches!(found.as_str(), "official" | "usual")) {
        return Err(place.fault(Problem::Unsupported));
    }
    let read = (identifier.required_text("system")?, identifier.required_text("value")?);
    identifier.pass_over(&["type", "assigner", "id"]);
    identifier.end()?;
    Ok(read)
}

/// Reads the system and code of a coding.
pub(crate) fn coding(mut coding: Object) -> Result<(String, String), ImportError> {
    let read = (coding.required_text("system")?, coding.required_text("code")?);
    coding.pass_over(&["display", "userSelected", "id"]);
    coding.end()?;
    Ok(read)
}

/// Reads the codings of a concept, at least one.
pub(super) fn codings(mut concept: Object) -> Result<Vec<(String, String)>, ImportError> {
    let found: Result<Vec<_>, _> = concept.objects("coding")?.into_iter().map(coding).collect();
    let found = found?;
    if found.is_empty() {
        return Err(concept.at("coding").fault(Problem::Missing));
    }
    concept.pass_over(&["text", "id"]);
    concept.end()?;
    Ok(found)
}

/// Reads the coding of a concept that has just one.
pub(super) fn only_coding(concept: Object) -> Result<(String, String), ImportError> {
    let place = concept.place().clone();
    let mut found = codings(concept)?.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(place.fault(Problem::Unsupported)),
    }
}

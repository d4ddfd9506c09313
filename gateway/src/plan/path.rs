//! Where in a section does something stand?

/// The lists of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum List {
    /// `needs`.
    Needs,
    /// `goals`.
    Goals,
    /// `actions`.
    Actions,
    /// `meetings`.
    Meetings,
}

impl List {
    /// All of them, in the order of the contract.
    pub(super) const ALL: [List; 4] = [List::Needs, List::Goals, List::Actions, List::Meetings];

    /// The name of the list in the contract.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            List::Needs => "needs",
            List::Goals => "goals",
            List::Actions => "actions",
            List::Meetings => "meetings",
        }
    }
}

/// A place in a section, as in `PlanConflict.path`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Path<'a> {
    /// A field of the section: `next_review`.
    Field(&'a str),
    /// A field of its background: `background/reason`.
    Background(&'a str),
    /// An item as a whole: `goals/g1`.
    Item(List, &'a str),
    /// A field of an item: `goals/g1/text`.
    ItemField(List, &'a str, &'a str),
}

impl<'a> Path<'a> {
    /// Reads a path. Whether there is such a field is not looked at; `None` if no path looks like this.
    #[must_use]
    pub(super) fn parse(text: &'a str) -> Option<Path<'a>> {
        let mut parts = text.split('/');
        let first = parts.next().filter(|first| !first.is_empty())?;
        let (second, third) = (parts.next(), parts.next());
        if parts.next().is_some() || second.is_some_and(str::is_empty) || third.is_some_and(str::is_empty) {
            return None;
        }
        let list = List::ALL.into_iter().find(|list| list.name() == first);
        match (list, second, third) {
            (None, None, None) => Some(Path::Field(first)),
            (None, Some(field), None) if first == "background" => Some(Path::Background(field)),
            (Some(list), Some(id), None) => Some(Path::Item(list, id)),
            (Some(list), Some(id), Some(field)) => Some(Path::ItemField(list, id, field)),
            _ => None,
        }
    }

    /// Writes it.
    pub(super) fn written(self) -> String {
        match self {
            Path::Field(field) => field.to_owned(),
            Path::Background(field) => ["background/", field].concat(),
            Path::Item(list, id) => [list.name(), "/", id].concat(),
            Path::ItemField(list, id, field) => [list.name(), "/", id, "/", field].concat(),
        }
    }
}

//! How is a body written whose elements may be absent, and hold others?

use crate::transport::xml::XmlWriter;

/// An element to be written. Its name has the prefix `tns`.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::agencies) enum Node {
    /// One that holds text.
    Text(&'static str, String),
    /// One that holds elements.
    Group(&'static str, Vec<Node>),
}

/// An element with a text; none if there is no text: an empty field of the contract is an absent one.
pub(in crate::agencies) fn text(name: &'static str, text: String) -> Option<Node> {
    (!text.is_empty()).then_some(Node::Text(name, text))
}

/// An element with a code; none if there is no code.
pub(in crate::agencies) fn code(name: &'static str, code: Option<&'static str>) -> Option<Node> {
    code.map(|code| Node::Text(name, code.to_owned()))
}

/// An element that says `true`; none if it would say otherwise.
pub(in crate::agencies) fn flag(name: &'static str, raised: bool) -> Option<Node> {
    raised.then(|| Node::Text(name, "true".to_owned()))
}

/// An element with those of the elements that there are; none if there is none of them.
pub(in crate::agencies) fn group<const N: usize>(
    name: &'static str,
    elements: [Option<Node>; N],
) -> Option<Node> {
    let elements: Vec<Node> = elements.into_iter().flatten().collect();
    (!elements.is_empty()).then_some(Node::Group(name, elements))
}

/// Elements of one name, each with its text.
pub(in crate::agencies) fn texts(name: &'static str, all: Vec<String>) -> impl Iterator<Item = Node> {
    all.into_iter().map(move |text| Node::Text(name, text))
}

/// Writes elements in their order.
pub(in crate::agencies) fn write(nodes: &[Node], writer: &mut XmlWriter) {
    for node in nodes {
        match node {
            Node::Text(name, text) => {
                writer.element(name, text);
            }
            Node::Group(name, inside) => {
                writer.start(name, &[]);
                // The depth is that of the agency's document, and no more than a few.
                write(inside, writer);
                writer.end();
            }
        }
    }
}

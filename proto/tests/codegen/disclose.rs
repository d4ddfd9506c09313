//! How is a payload message cut down to a set of categories?

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
};

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::{
    Refused,
    contract::{Contract, refused},
    names,
};

/// Number of the category that is never removed.
const ENVELOPE: i32 = 1;

/// The two halves of one implementation.
#[derive(Default)]
struct Halves {
    categories: String,
    restrict: String,
}

/// Generates `Disclose` for every payload message.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut code = String::from(names::HEADER);
    for message in contract.messages() {
        contract.label(&message)?;
    }
    for field in contract
        .messages()
        .filter(|message| !contract.is_payload(message))
        .flat_map(|message| fields(&message))
    {
        if contract.refers_to(&field)?.is_some() {
            return Err(Refused(format!(
                "{}: a reference has no effect in a message that is no payload message",
                field.full_name()
            )));
        }
        if contract.category(&field)? != 0 {
            return Err(Refused(format!(
                "{}: a category has no effect in a message that is no payload message",
                field.full_name()
            )));
        }
    }
    code.push_str(
        "\nuse std::collections::HashSet;\n\nuse crate::{CategorySet, Disclose, v1::DataCategory};\n",
    );
    for message in contract.messages().filter(|message| contract.is_payload(message)) {
        let mut halves = Halves::default();
        let label = contract.label(&message)?;
        if let Some(label) = &label {
            one_label(label, &mut halves)?;
        }
        let mut by_category: BTreeMap<i32, Vec<FieldDescriptor>> = BTreeMap::new();
        let mut nested = Vec::new();
        for field in message.fields() {
            check(contract, &field, label.is_some())?;
            if real_oneof(&field).is_some() || has_category_of_message(contract, &field)? {
                continue;
            } else if contract.payload_type(&field).is_some() {
                nested.push(field);
            } else {
                by_category.entry(contract.category(&field)?).or_default().push(field);
            }
        }
        for (number, fields) in by_category {
            one_category(contract, number, &fields, &mut halves)?;
        }
        for field in nested {
            one_nested(contract, &field, &mut halves)?;
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            one_of(contract, &message, &oneof, &mut halves)?;
        }
        for field in message.fields() {
            one_list_of_referrers(contract, &message, &field, &mut halves)?;
        }
        if let Some(label_alone) = halves.restrict.strip_suffix("            return;\n        }\n") {
            halves.restrict = format!("{label_alone}        }}\n");
        }
        write!(
            code,
            "
impl Disclose for {path} {{
    fn categories(&self) -> CategorySet {{
        let mut present = CategorySet::EMPTY;
{categories}        present
    }}

    fn restrict(&mut self, {permitted}: CategorySet) {{{restrict}}}
}}
",
            path = names::path(message.full_name())?,
            categories = halves.categories,
            permitted = if halves.restrict.is_empty() { "_" } else { "permitted" },
            restrict = indented(&halves.restrict),
        )
        .map_err(refused)?;
    }
    Ok(code)
}

/// Refuses a field that cannot be cut down.
fn check(contract: &Contract, field: &FieldDescriptor, is_labelled: bool) -> Result<(), Refused> {
    let name = field.full_name();
    if field.is_map() {
        return Err(Refused(format!("{name}: a payload message has no map fields")));
    }
    let category = contract.category(field)?;
    if contract.payload_type(field).is_some() {
        if category != 0 {
            return Err(Refused(format!(
                "{name}: its type is a payload message, so the categories stand there and not here"
            )));
        }
    } else if category == 0 && !is_labelled {
        return Err(Refused(format!("{name}: a field of a payload message needs a category")));
    } else if let Some(payload) = payload_inside(contract, field, &mut HashSet::new()) {
        return Err(Refused(format!(
            "{name}: {} inside has categories of its own, so its type must be a payload message",
            payload.full_name()
        )));
    }
    Ok(())
}

/// Whether the category of the field is the one that its message names.
fn has_category_of_message(contract: &Contract, field: &FieldDescriptor) -> Result<bool, Refused> {
    Ok(contract.payload_type(field).is_none() && contract.category(field)? == 0)
}

/// A message that names its category: all or nothing, and nothing under a category that cannot be permitted.
fn one_label(label: &FieldDescriptor, halves: &mut Halves) -> Result<(), Refused> {
    let name = names::field(label)?;
    writeln!(halves.categories, "        present.extend(CategorySet::named(self.{name}));")
        .map_err(refused)?;
    writeln!(
        halves.restrict,
        "        let named = CategorySet::named(self.{name});
        if named.is_empty() || !named.is_subset(permitted) {{
            *self = Self::default();
            return;
        }}"
    )
    .map_err(refused)
}

/// A payload message somewhere in the plain message that is the type of the field.
fn payload_inside(
    contract: &Contract,
    field: &FieldDescriptor,
    seen: &mut HashSet<String>,
) -> Option<MessageDescriptor> {
    if let Some(payload) = contract.payload_type(field) {
        return Some(payload);
    }
    let Kind::Message(message) = field.kind() else {
        return None;
    };
    if !seen.insert(message.full_name().to_owned()) {
        return None;
    }
    fields(&message).into_iter().find_map(|inner| payload_inside(contract, &inner, seen))
}

fn fields(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    message.fields().collect()
}

fn one_category(
    contract: &Contract,
    number: i32,
    fields: &[FieldDescriptor],
    halves: &mut Halves,
) -> Result<(), Refused> {
    let category = category(contract, number)?;
    let mut conditions = Vec::new();
    let mut removals = String::new();
    for field in fields {
        let name = names::field(field)?;
        conditions.push(present(field, &name)?);
        write!(removals, "\n            self.{name} = Default::default();").map_err(refused)?;
    }
    let (conditions, brace) = match conditions.as_slice() {
        [condition] => (condition.clone(), " "),
        several => (several.join("\n            || "), "\n        "),
    };
    writeln!(
        halves.categories,
        "        if {conditions}{brace}{{\n            present.insert({category});\n        }}"
    )
    .map_err(refused)?;
    if number != ENVELOPE {
        writeln!(halves.restrict, "        if !permitted.contains({category}) {{{removals}\n        }}")
            .map_err(refused)?;
    }
    Ok(())
}

fn one_nested(contract: &Contract, field: &FieldDescriptor, halves: &mut Halves) -> Result<(), Refused> {
    let name = names::field(field)?;
    let is_labelled = match contract.payload_type(field) {
        Some(message) => contract.label(&message)?.is_some(),
        None => false,
    };
    let (all, each) = if field.is_list() {
        let each = if is_labelled {
            format!(
                "        self.{name}.retain_mut(|element| {{
            element.restrict(permitted);
            !Disclose::categories(element).is_empty()
        }});"
            )
        } else {
            format!(
                "        for element in &mut self.{name} {{\n            element.restrict(permitted);\n        }}"
            )
        };
        (
            format!(
                "        for element in &self.{name} {{\n            present.extend(Disclose::categories(element));\n        }}"
            ),
            each,
        )
    } else {
        (
            format!(
                "        if let Some(part) = &self.{name} {{\n            present.extend(Disclose::categories(part));\n        }}"
            ),
            format!(
                "        if let Some(part) = &mut self.{name} {{
            part.restrict(permitted);
            if Disclose::categories(part).is_empty() {{
                self.{name} = None;
            }}
        }}"
            ),
        )
    };
    writeln!(halves.categories, "{all}").map_err(refused)?;
    writeln!(halves.restrict, "{each}").map_err(refused)
}

fn one_of(
    contract: &Contract,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    halves: &mut Halves,
) -> Result<(), Refused> {
    let name = oneof.name();
    let path = format!("crate::v1::{}::{}", names::module(message), names::camel(name));
    let mut all = String::new();
    let mut each = String::new();
    for field in oneof.fields() {
        let variant = format!("Some({path}::{}", names::camel(field.name()));
        if contract.payload_type(&field).is_some() {
            writeln!(all, "            {variant}(part)) => present.extend(Disclose::categories(part)),")
                .map_err(refused)?;
            writeln!(
                each,
                "            {variant}(part)) => {{
                part.restrict(permitted);
                !Disclose::categories(part).is_empty()
            }}"
            )
            .map_err(refused)?;
            continue;
        }
        let number = contract.category(&field)?;
        if number == 0 {
            // The category that the message names has been asked about before.
            writeln!(all, "            {variant}(_)) => {{}}").map_err(refused)?;
            writeln!(each, "            {variant}(_)) => true,").map_err(refused)?;
            continue;
        }
        let category = category(contract, number)?;
        let stays =
            if number == ENVELOPE { String::from("true") } else { format!("permitted.contains({category})") };
        writeln!(all, "            {variant}(_)) => present.insert({category}),").map_err(refused)?;
        writeln!(each, "            {variant}(_)) => {stays},").map_err(refused)?;
    }
    writeln!(halves.categories, "        match &self.{name} {{\n{all}            None => {{}}\n        }}")
        .map_err(refused)?;
    if !each.contains("permitted") {
        return Ok(());
    }
    writeln!(
        halves.restrict,
        "        let {name}_stays = match &mut self.{name} {{
{each}            None => true,
        }};
        if !{name}_stays {{
            self.{name} = None;
        }}"
    )
    .map_err(refused)
}

/// What the elements of a field refer to: ids of elements that are not there are taken out.
fn one_list_of_referrers(
    contract: &Contract,
    message: &MessageDescriptor,
    field: &FieldDescriptor,
    halves: &mut Halves,
) -> Result<(), Refused> {
    let Some(element) = contract.payload_type(field) else {
        return Ok(());
    };
    for reference in element.fields() {
        let Some(list) = contract.refers_to(&reference)? else {
            continue;
        };
        if reference.kind() != Kind::String || reference.containing_oneof().is_some() {
            return Err(Refused(format!("{}: only texts can refer to ids", reference.full_name())));
        }
        let has_ids = |target: &FieldDescriptor| {
            let id = target.kind().as_message().and_then(|target| target.get_field_by_name("id"));
            target.is_list() && id.is_some_and(|id| id.kind() == Kind::String && !id.is_list())
        };
        if !field.is_list() || !message.get_field_by_name(&list).as_ref().is_some_and(has_ids) {
            return Err(Refused(format!(
                "{}: it refers to {list}, and no list of that name with ids stands beside {}",
                reference.full_name(),
                field.full_name()
            )));
        }
        let (referrers, name) = (names::field(field)?, names::field(&reference)?);
        let removal = if reference.is_list() {
            format!("            element.{name}.retain(|id| ids.contains(id.as_str()));")
        } else {
            format!(
                "            if !ids.contains(element.{name}.as_str()) {{
                element.{name}.clear();
            }}"
            )
        };
        writeln!(
            halves.restrict,
            "        let ids: HashSet<&str> = self.{list}.iter().map(|element| element.id.as_str()).collect();
        for element in &mut self.{referrers} {{
{removal}
        }}"
        )
        .map_err(refused)?;
    }
    Ok(())
}

/// The condition under which a field tells something.
fn present(field: &FieldDescriptor, name: &str) -> Result<String, Refused> {
    if field.cardinality() == Cardinality::Repeated {
        return Ok(format!("!self.{name}.is_empty()"));
    }
    if field.supports_presence() {
        return Ok(format!("self.{name}.is_some()"));
    }
    match field.kind() {
        Kind::String | Kind::Bytes => Ok(format!("!self.{name}.is_empty()")),
        Kind::Bool => Ok(format!("self.{name}")),
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Enum(_) => {
            Ok(format!("self.{name} != 0"))
        }
        other => {
            Err(Refused(format!("{}: {other:?} is not supported in a payload message", field.full_name())))
        }
    }
}

/// The oneof that was written as one, not the one that stands for `optional`.
fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// The lines of a body; nothing for an empty one.
fn indented(lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{lines}    ") }
}

/// A category in Rust.
fn category(contract: &Contract, number: i32) -> Result<String, Refused> {
    let value = contract
        .pool
        .get_enum_by_name("polku.v1.DataCategory")
        .and_then(|categories| categories.get_value(number))
        .ok_or_else(|| Refused(format!("{number} is not a category")))?;
    let name = value.name().trim_start_matches("DATA_CATEGORY_");
    Ok(format!("DataCategory::{}", names::camel(name)))
}

//! What of a message can make it larger in memory than on the wire?

use std::fmt::Write;

use prost_reflect::{FieldDescriptor, Kind};

use crate::{
    Refused,
    contract::{Contract, PACKAGE, refused},
    names,
};

/// Generates `Weigh` for every message.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut code = String::from(names::HEADER);
    code.push_str("\nuse crate::weight::{Part, Weigh};\n");
    for message in contract.messages() {
        let parts: Vec<Option<String>> =
            message.fields().map(|field| part(&field)).collect::<Result<_, _>>()?;
        let parts: String = parts.into_iter().flatten().map(|part| format!("\n        {part},")).collect();
        let end = if parts.is_empty() { "" } else { "\n    " };
        write!(
            code,
            "
impl Weigh for {} {{
    const PARTS: &'static [Part] = &[{parts}{end}];
}}
",
            names::path(message.full_name())?
        )
        .map_err(refused)?;
    }
    Ok(code)
}

/// None for what stays within a few times its bytes: what is there once, and numbers.
fn part(field: &FieldDescriptor) -> Result<Option<String>, Refused> {
    let number = field.number();
    Ok(match field.kind() {
        Kind::Message(message) if message.package_name() == PACKAGE => {
            let function = if field.is_list() { "messages" } else { "message" };
            Some(format!("Part::{function}::<{}>({number})", names::path(message.full_name())?))
        }
        Kind::Message(message) if field.is_list() => {
            return Err(Refused(format!(
                "{}: a list of {} is not supported",
                field.full_name(),
                message.full_name()
            )));
        }
        Kind::String if field.is_list() => Some(format!("Part::list::<String>({number})")),
        Kind::Bytes if field.is_list() => Some(format!("Part::list::<Vec<u8>>({number})")),
        _ => None,
    })
}

//! On whose behalf can each method be called?

use std::fmt::Write;

use prost_reflect::{EnumDescriptor, Kind, MethodDescriptor, ReflectMessage as _, Value};

use crate::{
    Refused,
    contract::{Contract, PACKAGE, refused},
    names,
};

/// Generates the look-up by the path of a method.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut code = String::from(names::HEADER);
    code.push_str(
        "
use crate::roles::CallerRoles;
use crate::v1::CallerRole;

pub(crate) fn of_method(path: &str) -> CallerRoles {
    match path {
",
    );
    let services = contract.pool.services().filter(|service| service.package_name() == PACKAGE);
    for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let roles = roles(contract, &method)?.join(", ");
        writeln!(code, "        \"{path}\" => const {{ CallerRoles::of(&[{roles}]) }},").map_err(refused)?;
    }
    code.push_str("        _ => CallerRoles::NONE,\n    }\n}\n");
    Ok(code)
}

fn roles(contract: &Contract, method: &MethodDescriptor) -> Result<Vec<String>, Refused> {
    let nobody = || Refused(format!("{}: the option callers names nobody", method.full_name()));
    let option = contract.extension("polku.v1.callers")?;
    let options = method.options();
    let callers = options.get_extension(&option);
    let callers = callers.as_message().ok_or_else(nobody)?;
    let field = callers.descriptor().get_field_by_name("roles").ok_or_else(nobody)?;
    let Kind::Enum(kind) = field.kind() else { return Err(nobody()) };
    let value = callers.get_field(&field);
    let numbers = value.as_list().filter(|list| !list.is_empty()).ok_or_else(nobody)?;
    numbers.iter().map(|number| role(&kind, number).ok_or_else(nobody)).collect()
}

fn role(kind: &EnumDescriptor, number: &Value) -> Option<String> {
    let number = number.as_enum_number().filter(|number| *number != 0)?;
    let value = kind.get_value(number)?;
    let name = value.name().strip_prefix("CALLER_ROLE_")?.to_lowercase();
    Some(format!("CallerRole::{}", names::camel(&name)))
}

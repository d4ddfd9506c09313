//! How does a message print itself without its content?

use std::fmt::Write;

use crate::{
    Refused,
    contract::{Contract, refused},
    messages::SHOWN,
    names,
};

/// Generates `Debug` for every message and oneof that can hold personal data.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut code = String::from(names::HEADER);
    for message in contract.messages() {
        if SHOWN.contains(&message.full_name()) {
            continue;
        }
        implement(&mut code, message.name(), message.name())?;
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let title = names::camel(oneof.name());
            implement(&mut code, &format!("{}::{title}", names::module(&message)), &title)?;
        }
    }
    Ok(code)
}

fn implement(code: &mut String, path: &str, title: &str) -> Result<(), Refused> {
    write!(
        code,
        "
impl ::core::fmt::Debug for {path} {{
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
        formatter.write_str(\"{title}(redacted)\")
    }}
}}
"
    )
    .map_err(refused)
}

//! Which Rust types and services stand for the messages and services of the contract?

use prost_build::{Config, Module, Service, ServiceGenerator};

use crate::{
    Refused,
    contract::{Contract, PACKAGE, refused},
};

/// Messages without personal data: their `Debug` may show what is in them.
pub(crate) const SHOWN: [&str; 3] = ["polku.v1.Decision", "polku.v1.Basis", "polku.v1.AuditReceipt"];

/// What servers read requests with.
const REQUEST_CODEC: &str = "crate::codec::RequestCodec";

/// The client of a service, and behind it its server, which reads more carefully.
struct BothEnds {
    client: Box<dyn ServiceGenerator>,
    server: Box<dyn ServiceGenerator>,
}

impl ServiceGenerator for BothEnds {
    fn generate(&mut self, service: Service, code: &mut String) {
        self.client.generate(service.clone(), code);
        self.server.generate(service, code);
    }
}

/// Generates messages, enums, clients and servers.
pub(crate) fn generate(contract: &Contract) -> Result<String, Refused> {
    let mut config = Config::new();
    let ends = || tonic_prost_build::configure().build_transport(true);
    config.service_generator(Box::new(BothEnds {
        client: ends().build_server(false).service_generator(),
        server: ends().build_client(false).codec_path(REQUEST_CODEC).service_generator(),
    }));
    config.skip_debug(["."]);
    for name in SHOWN {
        config.message_attribute(format!(".{name}"), "#[derive(Debug)]");
    }
    for enumeration in contract.pool.all_enums().filter(|found| found.package_name() == PACKAGE) {
        config.enum_attribute(format!(".{}", enumeration.full_name()), "#[derive(Debug)]");
    }
    let module = Module::from_protobuf_package_name(PACKAGE);
    let requests = contract
        .files
        .iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file.clone()))
        .collect();
    let mut modules = config.generate(requests).map_err(refused)?;
    modules.remove(&module).ok_or_else(|| Refused(format!("nothing was generated for {PACKAGE}")))
}

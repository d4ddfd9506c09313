//! What stands in the `.proto` files, as descriptors?

use std::path::Path;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};
use prost_types::FileDescriptorProto;
use protox::Compiler;

use crate::Refused;

/// The package that code is generated for.
pub(crate) const PACKAGE: &str = "polku.v1";

/// The compiled contract.
pub(crate) struct Contract {
    /// Descriptors with their options.
    pub(crate) pool: DescriptorPool,
    /// The encoded `FileDescriptorSet`, imports and options included, comments not.
    pub(crate) descriptor: Vec<u8>,
    /// The files of the package and the ones whose types it uses, with comments, without options of our own.
    pub(crate) files: Vec<FileDescriptorProto>,
}

impl Contract {
    /// Compiles every file of `polku/v1` under the folder.
    pub(crate) fn read(folder: &Path) -> Result<Contract, Refused> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder.join("polku/v1")).map_err(refused)? {
            let path = entry.map_err(refused)?.path();
            let name = path.strip_prefix(folder).map_err(refused)?.to_string_lossy().into_owned();
            if name.ends_with(".proto") {
                names.push(name);
            }
        }
        names.sort();
        let mut compiler = Compiler::new([folder]).map_err(refused)?;
        compiler.include_imports(true).open_files(&names).map_err(refused)?;
        Contract::compiled(&mut compiler)
    }

    /// Takes over what the compiler has read.
    pub(crate) fn compiled(compiler: &mut Compiler) -> Result<Contract, Refused> {
        let descriptor = compiler.include_source_info(false).encode_file_descriptor_set();
        let mut files = compiler.include_source_info(true).file_descriptor_set().file;
        files.retain(|file| file.package() == PACKAGE || file.name() == "google/protobuf/timestamp.proto");
        Ok(Contract {
            // From the bytes: options of extensions are lost in the `FileDescriptorSet` of `prost-types`.
            pool: DescriptorPool::decode(descriptor.as_slice()).map_err(refused)?,
            descriptor,
            files,
        })
    }

    /// Every message of the package, in the order of the files.
    pub(crate) fn messages(&self) -> impl Iterator<Item = MessageDescriptor> {
        self.pool.all_messages().filter(|message| message.package_name() == PACKAGE)
    }

    /// Whether the message has the option `polku.v1.payload`.
    pub(crate) fn is_payload(&self, message: &MessageDescriptor) -> bool {
        self.extension("polku.v1.payload")
            .is_ok_and(|payload| message.options().get_extension(&payload).as_bool() == Some(true))
    }

    /// The payload message that is the type of the field.
    pub(crate) fn payload_type(&self, field: &FieldDescriptor) -> Option<MessageDescriptor> {
        match field.kind() {
            Kind::Message(message) if self.is_payload(&message) => Some(message),
            _ => None,
        }
    }

    /// The number of the field's category, 0 when it has none.
    pub(crate) fn category(&self, field: &FieldDescriptor) -> Result<i32, Refused> {
        let category = self.extension("polku.v1.category")?;
        Ok(field.options().get_extension(&category).as_enum_number().unwrap_or(0))
    }

    /// The field whose value is the category of its whole message, if the message has one.
    pub(crate) fn label(&self, message: &MessageDescriptor) -> Result<Option<FieldDescriptor>, Refused> {
        let option = self.extension("polku.v1.names_category")?;
        let mut labels =
            message.fields().filter(|field| field.options().get_extension(&option).as_bool() == Some(true));
        let label = labels.next();
        if let Some(second) = labels.next() {
            return Err(Refused(format!("{}: a second field names the category", second.full_name())));
        }
        if let Some(label) = &label {
            let is_category =
                label.kind().as_enum().is_some_and(|kind| kind.full_name() == "polku.v1.DataCategory");
            if !is_category
                || label.is_list()
                || label.containing_oneof().is_some()
                || !self.is_payload(message)
            {
                return Err(Refused(format!(
                    "{}: only a plain DataCategory of a payload message can name its category",
                    label.full_name()
                )));
            }
        }
        Ok(label)
    }

    /// The name of the list whose elements the field refers to, if it refers to any.
    pub(crate) fn refers_to(&self, field: &FieldDescriptor) -> Result<Option<String>, Refused> {
        let option = self.extension("polku.v1.refers_to")?;
        let options = field.options();
        if !options.has_extension(&option) {
            return Ok(None);
        }
        let list = options.get_extension(&option).as_str().map(str::to_owned);
        list.map(Some).ok_or_else(|| Refused(format!("{}: the option is no text", field.full_name())))
    }

    /// Whether the field has the option `polku.v1.calendar_date`.
    pub(crate) fn is_calendar_date(&self, field: &FieldDescriptor) -> Result<bool, Refused> {
        let option = self.extension("polku.v1.calendar_date")?;
        let is_date = field.options().get_extension(&option).as_bool() == Some(true);
        if is_date && (field.kind() != Kind::String || field.is_list() || field.containing_oneof().is_some())
        {
            return Err(Refused(format!("{}: only a plain text can be a day", field.full_name())));
        }
        Ok(is_date)
    }

    /// The field that holds the earliest day that this one may have, by `polku.v1.not_before`.
    pub(crate) fn not_before(&self, field: &FieldDescriptor) -> Result<Option<FieldDescriptor>, Refused> {
        let option = self.extension("polku.v1.not_before")?;
        let name = field.options().get_extension(&option).as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Ok(None);
        }
        let other = field.parent_message().get_field_by_name(&name);
        let days =
            [Some(field), other.as_ref()].map(|day| day.map_or(Ok(false), |day| self.is_calendar_date(day)));
        match days {
            [Ok(true), Ok(true)] => Ok(other),
            _ => Err(Refused(format!("{}: only a day can be not before another one", field.full_name()))),
        }
    }

    /// The message that an option is set to.
    pub(crate) fn option(
        &self,
        options: &DynamicMessage,
        name: &str,
    ) -> Result<Option<DynamicMessage>, Refused> {
        let Some(extension) = self.pool.get_extension_by_name(name) else {
            return Ok(None);
        };
        if !options.has_extension(&extension) {
            return Ok(None);
        }
        let value = options.get_extension(&extension);
        match value.as_message() {
            Some(message) => Ok(Some(message.clone())),
            None => Err(Refused(format!("option {name} is not a message"))),
        }
    }

    pub(crate) fn extension(&self, name: &str) -> Result<ExtensionDescriptor, Refused> {
        self.pool.get_extension_by_name(name).ok_or_else(|| Refused(format!("no option {name}")))
    }
}

/// Keeps the text of an error.
pub(crate) fn refused(error: impl std::fmt::Display) -> Refused {
    Refused(error.to_string())
}

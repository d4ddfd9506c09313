//! On which file system does something lie?

use std::path::Path;

use anyhow::{Context as _, Result};

/// Its kind, such as `ext4`.
pub(crate) fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let kind = kind(&std::fs::read_to_string("/proc/self/mounts")?, &folder);
    kind.with_context(|| format!("the system does not say where {} lies", folder.display()))
}

/// That of the longest path which the folder is in; of several in one place the last one, which hides the others.
fn kind(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let around = mounts.filter(|(place, _)| folder.starts_with(place));
    around.max_by_key(|(place, _)| place.len()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::kind;

    #[test]
    fn a_folder_lies_where_the_nearest_mount_is() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        for (folder, expected) in
            [("/home", "ext4"), ("/tmp", "tmpfs"), ("/tmp/disk/x", "xfs"), ("/tmpx", "ext4")]
        {
            assert_eq!(kind(mounts, Path::new(folder)).as_deref(), Some(expected));
        }
    }
}

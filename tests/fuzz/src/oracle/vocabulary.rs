//! Does an error repeat what came in? All its words must stand in the sources.

use std::collections::HashSet;
use std::path::Path;
use std::sync::LazyLock;

/// A shorter piece of a text tells nothing.
const PIECE: usize = 6;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/src");

/// Every piece of the adapters' sources.
static PIECES: LazyLock<HashSet<[u8; PIECE]>> = LazyLock::new(|| {
    let mut pieces = HashSet::new();
    let mut folders = vec![Path::new(SOURCES).to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "rs" => {
                    let source = std::fs::read(path).unwrap();
                    pieces.extend(source.windows(PIECE).map(|piece| <[u8; PIECE]>::try_from(piece).unwrap()));
                }
                Some(_) => {}
            }
        }
    }
    assert!(pieces.len() > 10_000, "the sources of the adapters are not in {SOURCES}");
    pieces
});

/// Whether a piece of the words stands in the input and in none of the sources.
pub fn repeats(words: &str, input: &[u8]) -> bool {
    // A path, `Bundle.entry[0].fullUrl`, is put together of names of ours.
    let names = words.split(['.', '[']).map(str::as_bytes);
    let mut foreign = names.flat_map(|name| name.windows(PIECE)).filter(|piece| !PIECES.contains(*piece));
    foreign.any(|piece| input.windows(PIECE).any(|window| window == piece))
}

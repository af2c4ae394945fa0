//! A crate's `src` folder in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Result;

/// Text of each file, by its path below the crate's `src`, with `/` between folders.
pub type Tree = BTreeMap<String, String>;

/// Reads all files below `folder`.
pub fn read(folder: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    add(folder, "", &mut tree)?;
    Ok(tree)
}

fn add(folder: &Path, prefix: &str, tree: &mut Tree) -> Result<()> {
    let told = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(told)? {
        let entry = entry.map_err(told)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(told)?.is_dir() {
            add(&entry.path(), &format!("{name}/"), tree)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).map_err(|error| format!("{name}: {error}"))?;
            tree.insert(name, text);
        }
    }
    Ok(())
}

/// Makes `folder` hold what is in the tree and nothing else. Files that have their text already are left alone, so that
/// their times say when they changed.
pub fn write(tree: &Tree, folder: &Path) -> Result<()> {
    for (name, text) in tree {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        let told = |error| format!("{}: {error}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(told)?;
        }
        fs::write(&path, text).map_err(told)?;
    }
    for name in read(folder)?.keys().filter(|name| !tree.contains_key(*name)) {
        fs::remove_file(folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

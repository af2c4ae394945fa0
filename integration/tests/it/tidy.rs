//! The rules of the tree that the compiler does not know.

use std::path::{Path, PathBuf};

use crate::harness::repository;

/// Files with one of the endings below `folder`, as (path from the top of the repository, text).
fn sources(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![repository(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = std::fs::read_to_string(&path).expect("a text file");
                found.push((from_top(&path), text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has *{ending}");
    found
}

fn from_top(path: &Path) -> String {
    let relative = path.strip_prefix(repository("")).expect("inside the repository");
    relative.to_string_lossy().into_owned()
}

fn all_rust() -> Vec<(String, String)> {
    ["src", "actors", "integration"].iter().flat_map(|folder| sources(folder, ".rs")).collect()
}

/// Asserts that no line of the files that `applies` to names one of `banned`; comments may.
fn assert_free_of(files: &[(String, String)], banned: &[&str], applies: impl Fn(&str) -> bool) {
    for (path, text) in files.iter().filter(|(path, _)| applies(path)) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = banned.iter().find(|word| code.contains(**word)) {
                panic!("{path}:{} names {word}", number + 1);
            }
        }
    }
}

#[test]
fn actors_know_no_http() {
    let manifest = std::fs::read_to_string(repository("actors/Cargo.toml")).expect("the manifest");
    for banned in ["actix-web", "awc", "actix-http", "structopt", "anyhow"] {
        assert!(!manifest.contains(banned), "actors/Cargo.toml names {banned}");
    }
}

#[test]
fn only_the_engine_uses_boa() {
    assert_free_of(&all_rust(), &["boa_"], |path| {
        !["actors/src/engine", "actors/boa", "integration/"].iter().any(|folder| path.starts_with(folder))
    });
}

#[test]
fn protocol_and_policy_are_pure() {
    let files = sources("actors/src", ".rs");
    let outside = [
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "tokio::",
        "actix",
        "std::fs",
        "std::env",
        "std::thread",
        "crate::actors",
        "crate::engine",
    ];
    assert_free_of(&files, &outside, |path| {
        path.starts_with("actors/src/policy") || path.starts_with("actors/src/protocol")
    });
    assert_free_of(&files, &["Instant::now", "SystemTime"], |path| {
        // The tests of a policy make up their clock from a first instant.
        path.starts_with("actors/src/policy") && !path.ends_with("tests.rs") && !tests_only_below(path)
    });
    assert_free_of(&files, &["crate::policy"], |path| path.starts_with("actors/src/protocol"));
}

/// True when the clock is read only below the file's own `mod tests`.
fn tests_only_below(path: &str) -> bool {
    let text = std::fs::read_to_string(repository(path)).expect("a text file");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    !code.contains("Instant::now") && !code.contains("SystemTime")
}

/// Results and the line `listening on` are written there, and by the terminal that shares a screen with the live line.
#[test]
fn stdout_belongs_to_commands() {
    for (path, text) in ["src", "actors/src"].iter().flat_map(|folder| sources(folder, ".rs")) {
        // What goes to stderr is written by macros that end in the same letters.
        let text = text.replace("eprint", "");
        let printed = ["println!(", "print!("].iter().any(|word| text.contains(word));
        assert!(!printed || path.starts_with("src/commands"), "{path} prints to stdout");
        let written = text.contains("stdout()");
        assert!(
            // An engine's standard output is the pipe to its supervisor.
            !written
                || ["src/observe/terminal.rs", "src/supervisor/status.rs"].contains(&path.as_str())
                || path.starts_with("src/commands"),
            "{path} writes to stdout"
        );
    }
}

#[test]
fn files_are_short_and_tests_all_run() {
    for (path, text) in all_rust() {
        let lines = text.lines().count();
        // What a fix adds to Boa stands among Boa's own files, a table of locales among them.
        assert!(lines <= 500 || path.starts_with("actors/boa/fixes"), "{path} has {lines} lines");
        let ignored = ["#[", "ignore"].concat();
        assert!(!text.contains(&ignored), "{path} has an ignored test");
        for placeholder in ["todo", "unimplemented"] {
            assert!(!text.contains(&format!("{placeholder}!(")), "{path} has a placeholder");
        }
    }
}

/// Between two looks at a condition, in the one function for that, is the only place to sleep.
#[test]
fn tests_do_not_sleep() {
    let sleep = [["thread::", "sleep"].concat(), ["time::", "sleep"].concat()];
    for (path, text) in sources("integration", ".rs") {
        let sleeps: usize = sleep.iter().map(|sleep| text.matches(sleep.as_str()).count()).sum();
        let polls = usize::from(text.contains("fn eventually("));
        assert!(sleeps <= polls, "{path} sleeps");
    }
}

#[test]
fn the_top_level_has_only_what_belongs_there() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "actors",
        "scripts",
        "integration",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "rust-toolchain.toml",
        "deny.toml",
        "target",
    ];
    for entry in std::fs::read_dir(repository("")).expect("the top").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || allowed.contains(&name.as_str()), "{name} at the top level");
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut documents = vec![repository("README.md"), repository("CHANGELOG.md")];
    documents.extend(sources("src", ".md").into_iter().map(|(path, _)| repository(&path)));
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("a text file");
        let folder: PathBuf = document.parent().expect("a folder").into();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = link.split('#').next().unwrap_or_default();
            assert!(folder.join(target).exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

#[test]
fn examples_name_only_methods_that_exist() {
    for (path, text) in sources("scripts/examples", ".js") {
        for call in ["madrpc.call('", "madrpc.callSync('"] {
            for name in text.split(call).skip(1).filter_map(|rest| rest.split('\'').next()) {
                let registered = text.contains(&format!("madrpc.register('{name}'"))
                    || text.contains(&format!("madrpc.register(\n  '{name}'"));
                assert!(registered, "{path} calls {name}, which it does not register");
            }
        }
    }
}

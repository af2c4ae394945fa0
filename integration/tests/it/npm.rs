//! Packages that users bring do here what they do in Node.js. Each example of `integration/npm` becomes one script by
//! esbuild, runs in the real binary and in Node.js, and the texts of both results are compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::harness::{repository, run_with, succeed};

/// Examples that do not give what Node.js gives, and why. One that does is struck off: the test fails until then.
const KNOWN_FAILURES: &[(&str, &str)] = &[("luxon", "there is no Intl.RelativeTimeFormat")];

/// Both sides show local times: in a zone without surprises.
const ZONE: (&str, &str) = ("TZ", "UTC");

/// mathjs computes for ten seconds in a debug build.
const CPU_LIMIT: (&str, &str) = ("MADRPC_CPU_LIMIT", "100s");

/// The packages of the lock file, installed below `target/` when they are first missed or have changed.
fn packages() -> PathBuf {
    let listed = repository("integration/npm");
    let folder = repository("target/ci-tools/npm");
    // What has been installed to its end says of which list it is.
    let installed = folder.join("installed-lock.json");
    let lock = std::fs::read(listed.join("package-lock.json")).expect("the lock file");
    if std::fs::read(&installed).ok().as_ref() != Some(&lock) {
        std::fs::create_dir_all(&folder).expect("a folder for the packages");
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(listed.join(name), folder.join(name)).expect("a copy of the list");
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&folder);
        succeed(&mut npm);
        std::fs::write(&installed, lock).expect("a note of what is installed");
    }
    folder
}

/// Scripts by the names of their methods.
fn bundles() -> BTreeMap<String, PathBuf> {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    // Nothing is left of an example that is gone.
    let _ = std::fs::remove_dir_all(&output);
    succeed(Command::new("node").arg(repository("integration/npm/bundle.mjs")).arg(packages()).arg(&output));
    let files = std::fs::read_dir(&output).expect("the bundles").flatten().map(|entry| entry.path());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.strip_suffix(".js")?.to_owned(), path));
    files.filter_map(named).collect()
}

fn in_node(bundles: &BTreeMap<String, PathBuf>) -> BTreeMap<String, String> {
    let mut node = Command::new("node");
    node.arg(repository("integration/npm/reference.mjs")).args(bundles.values()).envs([ZONE]);
    let output = node.output().expect("Node.js is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("an object of texts")
}

/// The result, or what was said instead.
fn in_the_engine(name: &str, script: &Path) -> Result<String, String> {
    let script = script.display().to_string();
    let output =
        run_with(&[ZONE, CPU_LIMIT], &["local", "-s", &script, "--nodes", "1", "--call", name, "--timeout", "120s"]);
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The first place where two texts differ, with what stands around it.
fn difference(expected: &str, seen: &str) -> String {
    let (expected, seen): (Vec<char>, Vec<char>) = (expected.chars().collect(), seen.chars().collect());
    let same = expected.iter().zip(&seen).take_while(|(a, b)| a == b).count();
    let around = |text: &[char]| -> String { text.iter().skip(same.saturating_sub(120)).take(240).collect() };
    format!("at character {same}\n  Node.js: {}\n  here:    {}", around(&expected), around(&seen))
}

#[test]
fn packages_do_what_they_do_in_node() {
    let bundles = bundles();
    assert!(bundles.len() >= 30, "{} examples", bundles.len());
    let expected = in_node(&bundles);
    assert!(bundles.keys().eq(expected.keys()), "each example registers a method of its name");

    let waiting = Mutex::new(bundles.iter().collect::<Vec<_>>());
    let wrong = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |count| count.get().min(4)) {
            scope.spawn(|| loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some((name, script)) = next else { return };
                let told = match in_the_engine(name, script) {
                    Ok(seen) if seen == expected[name] => continue,
                    Ok(seen) => difference(&expected[name], &seen),
                    Err(said) => said,
                };
                wrong.lock().unwrap_or_else(PoisonError::into_inner).insert(name.as_str(), told);
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (name, why) in KNOWN_FAILURES {
        assert!(wrong.remove(name).is_some(), "{name} gives what Node.js gives now: it is no longer true that {why}");
    }
    let told: Vec<String> = wrong.iter().map(|(name, told)| format!("{name}: {told}")).collect();
    assert!(told.is_empty(), "{} of {} packages differ:\n{}", told.len(), bundles.len(), told.join("\n\n"));
}

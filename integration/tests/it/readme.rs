//! The README is run: its shell blocks in order, with its own scripts, against real processes.
//!
//! In a block ```sh each line is a command (a line may go on after `\`), and comments right below a command are what it
//! prints. `madrpc-actor orchestrator` and `node` are started and left running. A block ```js whose first line is
//! `// NAME` is the file NAME. Ports are replaced by free ones.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::harness::{binary, free_port, repository, run, wait_until, Client, Process, Script, SOON};

fn readme() -> String {
    std::fs::read_to_string(repository("README.md")).expect("the README can be read")
}

/// The fenced blocks, as (language, text).
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

/// The commands of a shell block, each with the output that the README shows.
fn commands(block: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let joined = block.replace("\\\n", " ");
    for line in joined.lines().filter(|line| !line.trim().is_empty()) {
        match (line.strip_prefix("# "), commands.last_mut()) {
            (Some(output), Some((_, shown))) => shown.push(output.to_owned()),
            (Some(_), None) => {}
            (None, _) => commands.push((line.to_owned(), Vec::new())),
        }
    }
    commands
}

/// A command for cargo: what runs the binary is run as the built one, and the rest is `.ci/run`'s.
fn without_cargo(command: &str) -> Option<String> {
    if !command.starts_with("cargo ") {
        return Some(command.to_owned());
    }
    let ci = std::fs::read_to_string(repository(".ci/run")).expect(".ci/run can be read");
    assert!(ci.contains(command), ".ci/run does not run: {command}");
    let arguments = command.strip_prefix("cargo run --release -- ")?;
    Some(format!("madrpc-actor {arguments}"))
}

fn shell(command: &str, folder: &Path) -> String {
    let binaries = Path::new(binary()).parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", command])
        .current_dir(folder)
        .env("PATH", format!("{binaries}:{path}"))
        .output()
        .expect("bash is there");
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Starts `madrpc-actor orchestrator …` or `node …`, and waits until the cluster knows it.
fn start(command: &str, folder: &Path, orchestrator: Option<&Process>) -> Process {
    let words = command.split_whitespace().skip(1);
    let words =
        words.map(|word| if word.ends_with(".js") { folder.join(word).display().to_string() } else { word.to_owned() });
    let process = Process::serve(words);
    if let Some(orchestrator) = orchestrator {
        let client = Client::new(&orchestrator.url);
        wait_until("the node has registered", SOON, || client.info().to_string().contains(&process.url));
    }
    process
}

#[test]
fn every_command_works_and_prints_what_it_says() {
    let mut text = readme();
    for port in ["8080", "9001", "9002"] {
        text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", free_port()));
    }
    let folder = Script::new("empty", "");
    let folder = folder.path().parent().expect("a folder");
    std::os::unix::fs::symlink(repository("scripts"), folder.join("scripts")).expect("a link to the scripts");

    let mut servers: Vec<Process> = Vec::new();
    let mut ran = 0;
    for (language, block) in blocks(&text) {
        if let ("js", Some((name, _))) = (language, block.strip_prefix("// ").and_then(|rest| rest.split_once('\n'))) {
            std::fs::write(folder.join(name), block).expect("the file can be written");
        }
        if language != "sh" {
            continue;
        }
        for (command, shown) in commands(block) {
            let Some(command) = without_cargo(&command) else {
                continue;
            };
            ran += 1;
            if command.starts_with("madrpc-actor orchestrator") || command.starts_with("madrpc-actor node") {
                let server = start(&command, folder, servers.first());
                servers.push(server);
                continue;
            }
            let printed = shell(&command, folder);
            for line in shown {
                assert!(printed.contains(&line), "{command}\nprinted: {printed}\nthe README: {line}");
            }
        }
    }
    assert!(servers.len() == 3 && ran >= 10, "the README's blocks were found: {ran}");
}

/// The flags named by a line that begins with one, or by a row of a table that does.
fn flags(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(|line| line.trim_start_matches(['|', ' ', '`']));
    let described = lines.filter(|line| line.starts_with('-')).map(|line| line.split("  ").next().unwrap_or(line));
    let words = described.flat_map(|line| line.split(['|']).next().unwrap_or_default().split([' ', ',', '`', '=']));
    let long = words.filter_map(|word| word.strip_prefix("--"));
    long.filter(|flag| flag.starts_with(|first: char| first.is_ascii_lowercase())).map(str::to_owned).collect()
}

#[test]
fn the_reference_names_every_flag_and_no_other() {
    let text = readme();
    for command in ["orchestrator", "node", "call", "bench"] {
        let heading = format!("### madrpc-actor {command}\n");
        let (_, section) = text.split_once(&heading).unwrap_or_else(|| panic!("no section {heading}"));
        let section = section.split("\n#").next().unwrap_or_default();
        let help = String::from_utf8(run([command, "--help"]).stdout).expect("UTF-8");
        let mut built = flags(&help);
        built.retain(|flag| flag != "help" && flag != "version");
        assert!(!built.is_empty(), "{help}");
        assert_eq!(flags(section), built, "flags of {command}: README on the left, --help on the right");
    }
    let help = String::from_utf8(run(["local", "--help"]).stdout).expect("UTF-8");
    for flag in ["script", "nodes", "call", "pool-size", "timeout"] {
        assert!(flags(&help).contains(flag), "--{flag} in {help}");
    }
}

#[test]
fn blocks_and_commands_are_found() {
    let text = "x\n```sh\na \\\n  b\n# out 1\n# out 2\nc\n```\ny\n```js\n// f.js\nz\n```\n";
    let found = blocks(text);
    assert_eq!(found, [("sh", "a \\\n  b\n# out 1\n# out 2\nc"), ("js", "// f.js\nz")]);
    let expected = vec![("a    b".to_owned(), vec!["out 1".to_owned(), "out 2".to_owned()]), ("c".to_owned(), vec![])];
    assert_eq!(commands(found[0].1), expected);
    let help = "    -b, --bind <ADDR>   where [env: MADRPC_BIND=]\n        --max-body <SIZE>\n| `-s, --script FILE` | see `--other` |\n";
    assert_eq!(flags(help).into_iter().collect::<Vec<_>>(), ["bind", "max-body", "script"]);
}

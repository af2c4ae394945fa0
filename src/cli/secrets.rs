//! Secrets on the command line, where every user of the machine can read them.
//!
//! A process that finds one in its arguments moves it to its environment, which is its own, and runs itself anew without
//! it, in place. So no child gets it as an argument either.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;

use madrpc_actors::protocol::Secret;

use super::Command;

const API_KEY: &str = "--api-key";
const CLUSTER_TOKEN: &str = "--cluster-token";

/// A secret as it is given: its text, or `@FILE`, whose line it is. The error does not tell the text.
pub(super) fn secret(text: &str) -> Result<Secret, String> {
    let read = text.strip_prefix('@').map(|path| {
        let read = std::fs::read_to_string(path);
        read.map_err(|error| format!("file {path:?} can't be read: {error}; the text itself, or @FILE"))
    });
    let text = read.transpose()?.map_or_else(|| text.to_owned(), |content| content.trim_end().to_owned());
    if text.starts_with('@') {
        return Err("the text given is not allowed: it begins with @".into());
    }
    text.parse().map_err(|allowed| format!("the text given is not allowed: {allowed}"))
}

/// A key, which stands in a list with others.
pub(super) fn api_key(text: &str) -> Result<Secret, String> {
    let key = secret(text)?;
    match key.expose().contains(',') {
        true => Err("the text given is not allowed: no comma, which separates keys in MADRPC_API_KEY".into()),
        false => Ok(key),
    }
}

/// Runs this program anew without the secrets in `args`, which `command` was read from. Comes back if there are none, or
/// with the reason why they stay where they are.
pub fn hide(command: &Command, args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let args: Vec<OsString> = args.collect();
    let Some(kept) = without_secrets(&args) else { return Ok(()) };
    let (keys, token) = command.secrets();
    let mut anew = std::process::Command::new(std::env::current_exe()?);
    anew.arg0(args.first().map_or(OsStr::new("madrpc-actor"), OsString::as_os_str)).args(kept);
    if !keys.is_empty() {
        anew.env("MADRPC_API_KEY", keys.iter().map(Secret::expose).collect::<Vec<_>>().join(","));
    }
    if let Some(token) = token {
        anew.env("MADRPC_CLUSTER_TOKEN", token.expose());
    }
    Err(anew.exec())
}

/// The arguments behind the program's name, without those that hold secrets; `None` if none do. A file's name is none.
fn without_secrets(args: &[OsString]) -> Option<Vec<OsString>> {
    let mut kept = Vec::new();
    let mut found = false;
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if text == "--" {
            kept.push(arg.clone());
            kept.extend(rest.cloned());
            break;
        }
        let value = match text.split_once('=') {
            Some((API_KEY | CLUSTER_TOKEN, value)) => Some(value.to_owned()),
            None if text == API_KEY || text == CLUSTER_TOKEN => {
                rest.next().map(|value| value.to_string_lossy().into_owned())
            }
            _ => None,
        };
        match value {
            Some(value) => found |= !value.starts_with('@'),
            None => kept.push(arg.clone()),
        }
    }
    found.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(args: &str) -> Option<String> {
        let args: Vec<OsString> = args.split(' ').map(OsString::from).collect();
        let kept = without_secrets(&args)?;
        Some(kept.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn arguments_lose_their_secrets_and_nothing_else() {
        assert_eq!(kept("x node --api-key k -s a.js --cluster-token=t=t").as_deref(), Some("node -s a.js"));
        assert_eq!(kept("x node --api-key @f --api-key k").as_deref(), Some("node"));
        assert_eq!(kept("x node --api-key @f --cluster-token=@g -s a.js"), None);
        assert_eq!(kept("x call u m --header --api-keys -- --api-key k"), None);
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let path = std::env::temp_dir().join(format!("madrpc-secret-{}", std::process::id()));
        let given = format!("@{}", path.display());
        std::fs::write(&path, "hunter2\n").expect("written");
        let read = secret(&given);
        std::fs::write(&path, "@other").expect("written");
        let nested = secret(&given);
        std::fs::remove_file(&path).expect("removed");
        assert!(read.expect("a secret").is(b"hunter2"));
        assert!(nested.is_err());
        let missing = secret(&given).expect_err("gone");
        assert!(missing.contains(&path.display().to_string()), "{missing}");
        assert!(!api_key("hunter,2").expect_err("a comma").contains("hunter"));
        assert!(!secret(" hunter2").expect_err("space at an end").contains("hunter"));
    }
}

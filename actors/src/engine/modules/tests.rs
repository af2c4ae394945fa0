//! Modules on a real file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::super::tests::{call, on_engine_stack, surroundings};
use super::super::{Contexts, Isolation, LoadError, Script};
use super::*;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("madrpc-modules-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(std::env::temp_dir().join(name));
        for (path, text) in files {
            let path = folder.0.join(path);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        folder
    }

    fn load(&self, main: &str) -> Result<Contexts, LoadError> {
        self.load_as(main, Isolation::Shared)
    }

    fn load_as(&self, main: &str, isolation: Isolation) -> Result<Contexts, LoadError> {
        let path = self.0.join(main);
        let source = fs::read_to_string(&path).expect("the main script");
        Contexts::load(Program::new(vec![Script { path, source }]), isolation, surroundings())
    }

    fn refuses(&self, main: &str, why: &str) {
        let error = self.load(main).expect_err(main).to_string();
        assert!(error.contains(why), "{error}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _leftover = fs::remove_dir_all(&self.0);
    }
}

fn run(contexts: &mut Contexts, method: &str) -> String {
    let result = contexts.invoke(1, call(method, None), Instant::now()).unwrap_or_else(|| {
        let finished = contexts.take_events().finished.pop();
        finished.expect("settled").1
    });
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

#[test]
fn a_module_imports_modules_and_json_below_its_folder() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            (
                "main.mjs",
                "import { twice } from './lib/twice.mjs'; import table from './table.json' with { type: 'json' };
                madrpc.register('sum', () => twice(table.n)); madrpc.register('url', () => import.meta.url);
                madrpc.register('late', async () => (await import('./lib/late.mjs')).default);",
            ),
            ("lib/twice.mjs", "import { one } from '../one.mjs'; export const twice = n => 2 * n * one;"),
            ("lib/late.mjs", "export default 'late'"),
            ("one.mjs", "export const one = 1; await null; await new Promise(done => setTimeout(done, 5));"),
            ("table.json", r#"{"n": 21}"#),
        ]);
        let mut contexts = folder.load("main.mjs").expect("loads");
        assert_eq!(run(&mut contexts, "sum"), "42");
        assert_eq!(run(&mut contexts, "late"), "\"late\"");
        let url = run(&mut contexts, "url");
        assert!(url.starts_with("\"file:///") && url.ends_with("/main.mjs\""), "{url}");
    });
}

#[test]
fn nothing_else_can_be_imported() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            ("secret.mjs", "export default 'secret'"),
            ("app/up.mjs", "import '../secret.mjs'"),
            ("app/bare.mjs", "import 'lodash'"),
            ("app/url.mjs", "import 'https://example.org/x.mjs'"),
            ("app/absolute.mjs", "import '/etc/hostname'"),
            ("app/missing.mjs", "import './none.mjs'"),
            ("app/linked.mjs", "import './link.mjs'"),
            ("app/folder.mjs", "import './sub'"),
            ("app/json.mjs", "import './data.json'"),
            ("app/type.mjs", "import './data.json' with { type: 'css' }"),
            ("app/data.json", "{}"),
            ("app/sub/x.mjs", ""),
        ]);
        std::os::unix::fs::symlink(folder.0.join("secret.mjs"), folder.0.join("app/link.mjs")).expect("a link");
        folder.refuses("app/up.mjs", "outside the script's folder");
        folder.refuses("app/linked.mjs", "outside the script's folder");
        for main in ["app/bare.mjs", "app/url.mjs", "app/absolute.mjs"] {
            folder.refuses(main, "only relative paths");
        }
        folder.refuses("app/missing.mjs", "there is no such file");
        folder.refuses("app/folder.mjs", "no file of at most");
        folder.refuses("app/json.mjs", "with { type: 'json' }");
        folder.refuses("app/type.mjs", "the only import attribute");
    });
}

#[test]
fn a_script_that_is_itself_a_link_imports_from_where_it_really_is() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            ("real/main.mjs", "import './lib.mjs'"),
            ("real/lib.mjs", "madrpc.register('x', () => 'real')"),
            ("shown/lib.mjs", "madrpc.register('x', () => 'shown')"),
        ]);
        std::os::unix::fs::symlink(folder.0.join("real/main.mjs"), folder.0.join("shown/main.mjs")).expect("a link");
        let mut contexts = folder.load("shown/main.mjs").expect("loads");
        assert_eq!(run(&mut contexts, "x"), "\"real\"");
    });
}

#[test]
fn errors_in_modules_name_the_file_and_the_place() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            ("main.mjs", "\nlet = ;"),
            ("imports.mjs", "import './broken.mjs'"),
            ("broken.mjs", "export const a = 1;\nexport const b = ;"),
            ("throws.mjs", "\n\nnull.x"),
            ("never.mjs", "await new Promise(() => {})"),
            ("names.mjs", "import { absent } from './empty.mjs'"),
            ("empty.mjs", ""),
        ]);
        folder.refuses("main.mjs", "main.mjs:2:");
        folder.refuses("imports.mjs", "broken.mjs:2:");
        folder.refuses("throws.mjs", "throws.mjs:3:");
        folder.refuses("never.mjs", "top-level await does not end");
        folder.refuses("names.mjs", "absent");
    });
}

#[test]
fn isolated_calls_get_fresh_module_state() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            ("main.mjs", "import { next } from './counter.mjs'; madrpc.register('next', next)"),
            ("counter.mjs", "let n = 0; export const next = () => ++n"),
        ]);
        let mut shared = folder.load("main.mjs").expect("loads");
        assert_eq!((run(&mut shared, "next"), run(&mut shared, "next")), ("1".into(), "2".into()));
        for isolation in [Isolation::Call, Isolation::Context] {
            let mut contexts = folder.load_as("main.mjs", isolation).expect("loads");
            assert_eq!((run(&mut contexts, "next"), run(&mut contexts, "next")), ("1".into(), "1".into()));
        }
    });
}

#[test]
fn an_imported_file_is_read_once_for_all_contexts() {
    on_engine_stack(|| {
        let folder = Folder::new(&[
            ("main.mjs", "import { n } from './n.mjs'; madrpc.register('n', () => n)"),
            ("n.mjs", "export const n = 1"),
        ]);
        let path = folder.0.join("main.mjs");
        let script = Script { source: fs::read_to_string(&path).expect("main"), path };
        let program = Program::new(vec![script]);
        let mut contexts = Contexts::load(program.clone(), Isolation::Context, surroundings()).expect("loads");
        fs::write(folder.0.join("n.mjs"), "export const n = 2").expect("written");
        assert_eq!((run(&mut contexts, "n"), run(&mut contexts, "n")), ("1".into(), "1".into()));
        assert_eq!(program.imported(), [folder.0.join("n.mjs").canonicalize().expect("there")]);
    });
}

#[test]
fn paths_are_joined_as_they_will_be_shown() {
    let joined = |from: &str, specifier: &str| resolve(Path::new(from), specifier).ok();
    assert_eq!(joined("scripts/main.mjs", "./lib/a.mjs"), Some("scripts/lib/a.mjs".into()));
    assert_eq!(joined("scripts/lib/a.mjs", "../b.mjs"), Some("scripts/b.mjs".into()));
    assert_eq!(joined("main.mjs", "../b.mjs"), Some("../b.mjs".into()));
    assert_eq!(joined("main.mjs", "b.mjs"), None);
}

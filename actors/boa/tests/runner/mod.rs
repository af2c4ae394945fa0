//! Runs a file of `js/` in a Boa: whoever includes this names it `boa`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::boa::object::builtins::{JsArray, JsPromise};
use super::boa::{Context, JsError, JsNativeError, JsResult, JsString, Source};

/// The folder of this crate's tests.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The files whose names contain `filter`, in order.
pub fn files(filter: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("js")).expect("tests/js is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| name(path).contains(filter));
    files.sort();
    files
}

/// The name of the fix that a file is for.
pub fn name(file: &Path) -> String {
    file.file_stem().expect("files have names").to_string_lossy().into_owned()
}

/// Iterations of one loop; what loops for ever ends here.
const LOOP_LIMIT: u64 = 100_000_000;

/// What failed in the rows for which the JavaScript function `wanted` returns true; a panic is one failure.
pub fn failures(file: &Path, wanted: &str) -> Vec<String> {
    let run = || -> JsResult<Vec<String>> {
        let mut context = loaded(file)?;
        let rows = context.eval(Source::from_bytes(&format!("runRows({wanted})")))?;
        context.run_jobs()?;
        let promise = JsPromise::from_object(rows.as_object().ok_or_else(no_end)?.clone())?;
        let state = promise.state();
        let list = state.as_fulfilled().and_then(|list| list.as_object()).ok_or_else(no_end)?;
        let list = JsArray::from_object(list.clone())?;
        let mut failures = Vec::new();
        for index in 0..list.length(&mut context)? {
            failures.push(list.get(index, &mut context)?.to_string(&mut context)?.to_std_string_lossy());
        }
        Ok(failures)
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(failures)) => failures,
        Ok(Err(error)) => vec![format!("the file ends with {error}")],
        Err(_) => vec!["the engine panics".to_owned()],
    }
}

/// How many rows a file has.
pub fn count(file: &Path) -> usize {
    let rows = loaded(file).and_then(|mut context| {
        let rows = context.eval(Source::from_bytes("rowCount()"))?;
        rows.to_length(&mut context)
    });
    rows.map_or(0, |rows| usize::try_from(rows).expect("a count"))
}

fn loaded(file: &Path) -> JsResult<Context> {
    let mut context = Context::default();
    context.runtime_limits_mut().set_loop_iteration_limit(LOOP_LIMIT);
    let global = context.global_object();
    global.set(JsString::from("globalThis"), global.clone(), true, &mut context)?;
    for path in [folder().join("harness.js"), file.to_owned()] {
        let unreadable = |error| JsNativeError::error().with_message(format!("{}: {error}", path.display()));
        context.eval(Source::from_filepath(&path).map_err(unreadable)?)?;
    }
    Ok(context)
}

fn no_end() -> JsError {
    JsNativeError::error().with_message("the rows did not come to an end").into()
}

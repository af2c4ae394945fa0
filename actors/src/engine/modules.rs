//! ES modules: which files a script may import, and how they are found.
//!
//! A module imports files below the folder of the script that the node was given, by relative paths, and nothing else.
//! Symlinks are resolved before that is checked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use boa_engine::module::{Module, ModuleLoader, ModuleRequest, Referrer};
use boa_engine::object::JsObject;
use boa_engine::{js_string, Context, JsError, JsNativeError, JsResult, JsString, Source};

use super::{errors, json_reader, Program, Script};

/// Finds the modules of one context.
#[derive(Debug)]
pub(super) struct Loader {
    program: Program,
    /// By path without symlinks, and whether it is JSON.
    known: RefCell<HashMap<(PathBuf, bool), Module>>,
}

impl Loader {
    pub(super) fn new(program: Program) -> Rc<Self> {
        Rc::new(Loader { program, known: RefCell::default() })
    }

    /// Notes the module of a script, so that those which import it get the same.
    pub(super) fn insert(&self, path: &Path, module: Module) {
        if let Ok(path) = path.canonicalize() {
            self.known.borrow_mut().insert((path, false), module);
        }
    }

    /// Drops every handle into the heap.
    pub(super) fn clear(&self) {
        self.known.borrow_mut().clear();
    }

    fn load(&self, referrer: &Referrer, request: &ModuleRequest, context: &mut Context) -> JsResult<Module> {
        let specifier = request.specifier().to_std_string_lossy();
        let from = referrer.path().ok_or_else(|| refused(&specifier, "whoever imports it has no file"))?;
        let shown = resolve(from, &specifier)?;
        let not_found = |_| refused(&specifier, "there is no such file");
        let path = shown.canonicalize().map_err(not_found)?;
        if !self.may_import(from, &path) {
            return Err(refused(&specifier, "it lies outside the script's folder"));
        }
        let json = is_json(request, &specifier)?;
        if let Some(module) = self.known.borrow().get(&(path.clone(), json)) {
            return Ok(module.clone());
        }
        let text = self.program.import(&path).map_err(|error| refused(&specifier, &error.to_string()))?;
        let module = if json { read_json(&text, &shown, context) } else { parse_imported(&text, &shown, context) }?;
        self.known.borrow_mut().insert((path, json), module.clone());
        Ok(module)
    }

    /// Both must lie below the folder of one of the node's scripts.
    fn may_import(&self, from: &Path, path: &Path) -> bool {
        let Ok(from) = from.canonicalize() else { return false };
        let roots = self.program.scripts().iter().filter_map(|script| script.path.canonicalize().ok());
        roots
            .filter_map(|script| script.parent().map(Path::to_owned))
            .any(|root| from.starts_with(&root) && path.starts_with(&root))
    }
}

impl ModuleLoader for Loader {
    fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> impl Future<Output = JsResult<Module>> {
        // Files are read at once: a program is loaded before it serves, and later imports come out of its cache.
        std::future::ready(self.load(&referrer, &request, &mut context.borrow_mut()))
    }

    fn init_import_meta(self: Rc<Self>, import_meta: &JsObject, module: &Module, context: &mut Context) {
        let path = module.path().and_then(|path| path.canonicalize().ok());
        if let Some(url) = path.and_then(|path| url::Url::from_file_path(path).ok()) {
            let set = import_meta.set(js_string!("url"), JsString::from(url.as_str()), true, context);
            debug_assert!(set.is_ok(), "a new object takes properties");
        }
    }
}

/// A module's text as the engine takes it.
pub(super) fn parse(text: &str, path: &Path, context: &mut Context) -> JsResult<Module> {
    Module::parse(Source::from_bytes(text).with_path(path), None, context)
}

/// The engine does not say which file a syntax error is in.
fn parse_imported(text: &str, path: &Path, context: &mut Context) -> JsResult<Module> {
    parse(text, path, context).map_err(|error| {
        let script = Script { path: path.to_owned(), source: text.to_owned() };
        JsNativeError::syntax().with_message(errors::load_error(&error, &script).to_string()).into()
    })
}

fn read_json(text: &str, path: &Path, context: &mut Context) -> JsResult<Module> {
    let value = json_reader::read(text, context)
        .map_err(|error| JsNativeError::syntax().with_message(format!("{} is not JSON: {error:?}", path.display())))?;
    Ok(Module::from_value_as_default(value, context))
}

/// The file that `specifier` names in the module at `from`, as stack traces are to show it.
fn resolve(from: &Path, specifier: &str) -> JsResult<PathBuf> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return Err(refused(specifier, "only relative paths can be imported"));
    }
    let folder = from.parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for component in folder.components().chain(Path::new(specifier).components()) {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(path.components().next_back(), Some(Component::Normal(_))) => {
                path.pop();
            }
            other => path.push(other),
        }
    }
    Ok(path)
}

/// Whether the import says `with { type: 'json' }`; a JSON file must, and any other type is unknown.
fn is_json(request: &ModuleRequest, specifier: &str) -> JsResult<bool> {
    let mut json = false;
    for attribute in request.attributes() {
        if *attribute.key() != js_string!("type") || *attribute.value() != js_string!("json") {
            return Err(refused(specifier, "the only import attribute is type: 'json'"));
        }
        json = true;
    }
    if !json && specifier.ends_with(".json") {
        return Err(refused(specifier, "a JSON module is imported with { type: 'json' }"));
    }
    Ok(json)
}

fn refused(specifier: &str, why: &str) -> JsError {
    JsNativeError::typ().with_message(format!("cannot import {specifier}: {why}")).into()
}

#[cfg(test)]
mod tests;

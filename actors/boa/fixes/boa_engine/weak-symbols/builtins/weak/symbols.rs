//! Symbols as what is held weakly. They are not the collector's: an object stands for each that is used so.

use std::fmt;

use boa_gc::{Finalize, Trace};
use rustc_hash::FxHashMap;

use crate::builtins::symbol::is_registered;
use crate::object::JsObject;
use crate::{Context, JsData, JsSymbol, JsValue};

/// What a symbol's object has.
#[derive(Debug, Trace, Finalize, JsData)]
struct Held(JsSymbol);

/// The objects of those symbols that something else still has.
#[derive(Default)]
pub(crate) struct SymbolHolders {
    objects: FxHashMap<JsSymbol, JsObject>,
    /// The number of objects at which those of symbols that nothing else has are dropped.
    limit: usize,
}

impl fmt::Debug for SymbolHolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbolHolders").field("objects", &self.objects.len()).finish_non_exhaustive()
    }
}

impl SymbolHolders {
    fn holder(&mut self, symbol: JsSymbol) -> JsObject {
        if let Some(object) = self.objects.get(&symbol) {
            return object.clone();
        }
        if self.objects.len() >= self.limit {
            // This map has it as a key, and the object has it.
            self.objects.retain(|symbol, _| symbol.holders().is_none_or(|count| count > 2));
            self.limit = 2 * self.objects.len() + 64;
        }
        let object = JsObject::from_proto_and_data(None, Held(symbol.clone()));
        self.objects.insert(symbol, object.clone());
        object
    }
}

/// The object that stands for `value` where it is held weakly; `None` if that is not possible (CanBeHeldWeakly).
pub(crate) fn holder(value: &JsValue, context: &mut Context) -> Option<JsObject> {
    if let Some(symbol) = value.as_symbol() {
        return (!is_registered(&symbol)).then(|| context.symbol_holders.holder(symbol));
    }
    value.as_object()
}

/// The value for which `object` stands.
pub(crate) fn held(object: JsObject) -> JsValue {
    let symbol = object.downcast_ref::<Held>().map(|held| held.0.clone());
    symbol.map_or_else(|| object.into(), JsValue::from)
}

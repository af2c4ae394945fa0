//! Names that may not be declared beside each other, and texts that end too early.

use crate::{Error, error::ParseResult, parser::cursor::Cursor, source::ReadChar};
use boa_ast::{
    Position, Spanned,
    function::{FormalParameterList, FunctionBody},
    operations::{bound_names, lexically_declared_names, var_declared_names},
};
use boa_interner::{Interner, Sym};
use rustc_hash::FxHashSet;

/// A name is declared once more, where it may not be.
pub(super) fn redeclared(name: Sym, position: Position, interner: &Interner) -> Error {
    let name = interner.resolve_expect(name);
    Error::general(format!("Identifier '{name}' has already been declared"), position)
}

/// In a function's body, what `let`, `const` and `class` declare is declared once.
pub(super) fn check_function_body(body: &FunctionBody, position: Position, interner: &Interner) -> ParseResult<()> {
    let names = lexically_declared_names(body);
    if names.is_empty() {
        return Ok(());
    }
    let mut lexical = FxHashSet::default();
    for name in names {
        if !lexical.insert(name) {
            return Err(redeclared(name, position, interner));
        }
    }
    match var_declared_names(body).into_iter().find(|name| lexical.contains(name)) {
        Some(name) => Err(redeclared(name, position, interner)),
        None => Ok(()),
    }
}

/// A method's body declares none of its parameters again with `let`, `const` or `class`.
pub(super) fn check_method(
    parameters: &FormalParameterList,
    body: &FunctionBody,
    position: Position,
    interner: &Interner,
) -> ParseResult<()> {
    let lexical = lexically_declared_names(body);
    match bound_names(parameters).into_iter().find(|name| lexical.contains(name)) {
        Some(name) => Err(redeclared(name, position, interner)),
        None => Ok(()),
    }
}

/// Nothing may follow what was parsed: parameters or a body that are given as a text of their own.
pub(super) fn expect_end<R: ReadChar>(cursor: &mut Cursor<R>, interner: &mut Interner) -> ParseResult<()> {
    match cursor.peek(0, interner)? {
        Some(token) => Err(Error::unexpected(token.to_string(interner), token.span(), "expected the end of the text")),
        None => Ok(()),
    }
}

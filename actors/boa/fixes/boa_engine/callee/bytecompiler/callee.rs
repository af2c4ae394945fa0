//! What is called, and its `this`, where the call is no plain one.

use boa_ast::Expression;

use crate::bytecompiler::{BindingKind, ByteCompiler, Register};

impl ByteCompiler<'_> {
    /// Compiles the function of a tagged template or at the head of an optional chain, and the `this` that a call gives it.
    pub(crate) fn compile_callee(
        &mut self,
        callee: &Expression,
        this: &Register,
        function: &Register,
    ) {
        match callee.flatten() {
            Expression::PropertyAccess(access) => {
                self.compile_access_preserve_this(access, this, function);
            }
            Expression::Optional(optional) => {
                self.compile_optional_preserve_this(optional, this, function);
            }
            callee => {
                self.bytecode.emit_store_undefined(this.variable());
                // The object of a `with` that has the name is its `this`.
                if let Expression::Identifier(name) = callee
                    && self.in_with
                {
                    let name = self.resolve_identifier_expect(*name);
                    let binding = self.lexical_scope.get_identifier_reference(name);
                    if let BindingKind::Global(index) | BindingKind::Stack(index) =
                        self.get_binding(&binding)
                    {
                        self.bytecode
                            .emit_this_for_object_environment_name(this.variable(), index.into());
                    }
                }
                self.compile_expr(callee, function);
            }
        }
    }
}

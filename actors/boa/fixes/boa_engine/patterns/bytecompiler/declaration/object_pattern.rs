//! Object patterns, of declarations, parameters and assignments.

use boa_ast::{
    Expression,
    expression::literal::LiteralKind,
    pattern::{ObjectPattern, ObjectPatternElement},
    property::PropertyName,
};
use thin_vec::ThinVec;

use crate::{
    bytecompiler::{Access, ByteCompiler, Literal, Register, ToJsString},
    vm::opcode::BindingOpcode,
};

impl ByteCompiler<'_> {
    /// Compiles a pattern for `object`.
    pub(super) fn compile_object_pattern(
        &mut self,
        pattern: &ObjectPattern,
        def: BindingOpcode,
        object: &Register,
    ) {
        // The keys of all elements, of patterns too, are what the rest leaves out.
        let has_rest = matches!(
            pattern.bindings().last(),
            Some(
                ObjectPatternElement::RestProperty { .. }
                    | ObjectPatternElement::AssignmentRestPropertyAccess { .. }
            )
        );
        let mut excluded = has_rest.then(Vec::new);

        // V8 evaluates the target of the first element before it looks whether there is an object, unless its key is computed.
        let late = match pattern.bindings().first() {
            Some(ObjectPatternElement::AssignmentPropertyAccess { name, .. }) => match name {
                PropertyName::Literal(_) => true,
                PropertyName::Computed(key) => matches!(key, Expression::Literal(number)
                    if matches!(number.kind(), LiteralKind::Num(_) | LiteralKind::Int(_) | LiteralKind::BigInt(_))),
            },
            Some(ObjectPatternElement::AssignmentRestPropertyAccess { .. }) => true,
            _ => false,
        };
        if !late {
            self.emit_check_of_object(pattern, object);
        }

        for (index, element) in pattern.bindings().iter().enumerate() {
            let late = late && index == 0;
            let dst = self.register_allocator.alloc();
            match element {
                ObjectPatternElement::SingleName { ident, name, default_init } => {
                    let key = self.pattern_key(name, excluded.is_some());
                    self.get_by_pattern_key(&dst, object, name, key, &mut excluded);
                    self.compile_default(default_init.as_ref(), &dst);
                    self.emit_binding(def, ident.to_js_string(self.interner()), &dst);
                }
                ObjectPatternElement::Pattern { name, pattern, default_init } => {
                    let key = self.pattern_key(name, excluded.is_some());
                    self.get_by_pattern_key(&dst, object, name, key, &mut excluded);
                    self.compile_default(default_init.as_ref(), &dst);
                    self.compile_declaration_pattern(pattern, def, &dst);
                }
                ObjectPatternElement::AssignmentPropertyAccess { name, access, default_init } => {
                    // The key comes before the target, and what is read after it.
                    let key = self.pattern_key(name, true);
                    self.access_set(Access::Property { access }, |compiler| {
                        if late {
                            compiler.emit_check_of_object(pattern, object);
                        }
                        compiler.get_by_pattern_key(&dst, object, name, key, &mut excluded);
                        compiler.compile_default(default_init.as_ref(), &dst);
                        &dst
                    });
                }
                ObjectPatternElement::RestProperty { ident } => {
                    self.copy_rest(&dst, object, excluded.iter().flatten());
                    self.emit_binding(def, ident.to_js_string(self.interner()), &dst);
                }
                ObjectPatternElement::AssignmentRestPropertyAccess { access } => {
                    self.access_set(Access::Property { access }, |compiler| {
                        if late {
                            compiler.emit_check_of_object(pattern, object);
                        }
                        compiler.copy_rest(&dst, object, excluded.iter().flatten());
                        &dst
                    });
                }
            }
            self.register_allocator.dealloc(dst);
        }

        for register in excluded.into_iter().flatten() {
            self.register_allocator.dealloc(register);
        }
    }

    /// Emits the TypeError for a pattern whose `object` is null or undefined.
    fn emit_check_of_object(&mut self, pattern: &ObjectPattern, object: &Register) {
        // The place that an error names.
        self.push_source_position(boa_ast::Spanned::span(pattern).start());
        self.bytecode
            .emit_value_not_null_or_undefined(object.variable());
        self.pop_source_position();
    }

    /// A register with the key if it is computed, or `needed` as a property key.
    fn pattern_key(&mut self, name: &PropertyName, needed: bool) -> Option<Register> {
        match name {
            PropertyName::Literal(_) if !needed => None,
            PropertyName::Literal(ident) => {
                let key = self.register_allocator.alloc();
                let name = ident.to_js_string(self.interner());
                self.emit_store_literal(Literal::String(name), &key);
                Some(key)
            }
            PropertyName::Computed(expr) => {
                let key = self.register_allocator.alloc();
                self.compile_expr(expr, &key);
                if needed {
                    self.bytecode
                        .emit_to_property_key(key.variable(), key.variable());
                }
                Some(key)
            }
        }
    }

    fn get_by_pattern_key(
        &mut self,
        dst: &Register,
        object: &Register,
        name: &PropertyName,
        key: Option<Register>,
        excluded: &mut Option<Vec<Register>>,
    ) {
        match (name, &key) {
            (PropertyName::Computed(_), Some(key)) => self.bytecode.emit_get_property_by_value(
                dst.variable(),
                key.variable(),
                object.variable(),
                object.variable(),
            ),
            (PropertyName::Literal(ident), _) => {
                self.emit_get_property_by_name(dst, None, object, ident.sym());
            }
            (PropertyName::Computed(_), None) => unreachable!("a computed key is in a register"),
        }
        match (key, excluded) {
            (Some(key), Some(excluded)) => excluded.push(key),
            (Some(key), None) => self.register_allocator.dealloc(key),
            (None, _) => {}
        }
    }

    fn compile_default(&mut self, init: Option<&boa_ast::Expression>, dst: &Register) {
        if let Some(init) = init {
            let skip = self.jump_if_not_undefined(dst);
            self.compile_expr(init, dst);
            self.patch_jump(skip);
        }
    }

    fn copy_rest<'a>(
        &mut self,
        dst: &Register,
        object: &Register,
        excluded: impl Iterator<Item = &'a Register>,
    ) {
        self.bytecode.emit_store_empty_object(dst.variable());
        let excluded: ThinVec<_> = excluded.map(Register::variable).collect();
        self.bytecode
            .emit_copy_data_properties(dst.variable(), object.variable(), excluded);
    }
}

//! Bindings that may not be initialised yet where they are named.

use crate::bytecompiler::{BindingAccessOpcode, BindingKind, ByteCompiler, HoistedOperand, Register};
use crate::JsString;
use boa_ast::{Expression, scope::Scope};

impl ByteCompiler<'_> {
    /// Emits an assignment to a constant: it throws, even before its declaration, unless an object of `with` has the name.
    pub(crate) fn emit_set_constant(&mut self, name: JsString, value: &Register) {
        let binding = self.lexical_scope.get_identifier_reference(name.clone());
        let index = self.get_binding(&binding);
        let found = self.register_allocator.alloc();
        let assigned = match index {
            BindingKind::Stack(of_name) if self.in_with => {
                self.bytecode
                    .emit_this_for_object_environment_name(found.variable(), of_name.into());
                let constant = self.jump_if_false(&found);
                self.emit_binding_access(BindingAccessOpcode::SetName, &index, value);
                let assigned = self.jump();
                self.patch_jump(constant);
                Some(assigned)
            }
            _ => None,
        };
        // In the dead zone of the constant this throws a ReferenceError.
        self.emit_binding_access(BindingAccessOpcode::GetName, &index, &found);
        self.register_allocator.dealloc(found);
        let name = self.get_or_insert_string(name);
        self.bytecode.emit_throw_mutate_immutable(name.into());
        if let Some(assigned) = assigned {
            self.patch_jump(assigned);
        }
    }

    /// Drops the copies of a scope's constants: what comes next may run without their declarations, as the cases of a `switch`.
    pub(crate) fn forget_constants(&mut self, scope: &Scope) {
        self.const_binding_cache
            .retain(|binding, _| binding.unique_scope_id() != scope.unique_id());
    }

    /// As [`try_hoist_loop_condition`](Self::try_hoist_loop_condition), where the condition is evaluated after the body:
    /// a constant that it names may be initialised by then only, so just a literal is hoisted.
    pub(crate) fn hoist_literal_of_condition(&mut self, condition: &Expression) -> Option<HoistedOperand> {
        let Expression::Binary(comparison) = condition else {
            return None;
        };
        // The right operand is tried first.
        let literal = match (comparison.lhs(), comparison.rhs()) {
            (_, Expression::Literal(_)) => true,
            (Expression::Literal(_), right) => !matches!(right, Expression::Identifier(_)),
            _ => false,
        };
        if literal {
            self.try_hoist_loop_condition(Some(condition))
        } else {
            None
        }
    }
}

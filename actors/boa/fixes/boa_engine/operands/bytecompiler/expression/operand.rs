//! Left operands that the right one may change.

use std::ops::ControlFlow;

use boa_ast::{
    Expression,
    expression::operator::{Assign, Update},
    visitor::{VisitWith, Visitor},
};

use crate::{bytecompiler::ByteCompiler, vm::opcode::RegisterOperand};

impl ByteCompiler<'_> {
    /// As [`compile_expr_operand`](Self::compile_expr_operand), for a value that is used only after `rhs` is evaluated:
    /// in `x + (x = 5)` it is copied, as the register of `x` has another value by then.
    pub(crate) fn compile_left_operand(
        &mut self,
        lhs: &Expression,
        rhs: &Expression,
        inner_fn: impl FnOnce(&mut Self, RegisterOperand),
    ) {
        if matches!(lhs, Expression::Identifier(_)) && assigns(rhs) {
            let value = self.register_allocator.alloc();
            self.compile_expr(lhs, &value);
            inner_fn(self, value.variable());
            self.register_allocator.dealloc(value);
        } else {
            self.compile_expr_operand(lhs, inner_fn);
        }
    }
}

/// Whether an assignment stands in the expression. What functions in it assign to is not in a register.
fn assigns(expr: &Expression) -> bool {
    struct Assigns;
    impl<'ast> Visitor<'ast> for Assigns {
        type BreakTy = ();

        fn visit_assign(&mut self, _: &'ast Assign) -> ControlFlow<()> {
            ControlFlow::Break(())
        }

        fn visit_update(&mut self, _: &'ast Update) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit_with(&mut Assigns).is_break()
}

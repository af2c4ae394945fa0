//! Completions: the way that `break`, `continue` and `return` take out of the statements around them.
//!
//! An iterator is closed, and a `finally` block runs, behind the statement that it belongs to, where that statement's
//! exception handler does not reach: else what they throw would close the iterator again. So a jump goes to the end of
//! each such statement in turn, and the rest of its way is compiled there.

use boa_interner::Sym;

use super::{
    ByteCompiler, Register,
    jump_control::{JumpControlInfo, JumpRecord, JumpRecordAction, JumpRecordKind},
};
use crate::vm::{GeneratorResumeKind, opcode::Address};

/// How an iterator is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IteratorKind {
    Sync,
    Async,
    /// That of a for-in loop is the engine's own: it is dropped.
    ForIn,
}

/// Where a jump ends.
#[derive(Debug, Clone, Copy)]
enum JumpTarget {
    Break(Option<Sym>),
    Continue(Option<Sym>),
    Function,
}

impl ByteCompiler<'_> {
    pub(crate) fn jump_to_break_target(&mut self, label: Option<Sym>) {
        let actions = self.jump_actions(JumpTarget::Break(label));
        JumpRecord::new(JumpRecordKind::Break, actions)
            .perform_actions(Self::DUMMY_ADDRESS, self);
    }

    pub(crate) fn jump_to_continue_target(&mut self, label: Option<Sym>) {
        let actions = self.jump_actions(JumpTarget::Continue(label));
        JumpRecord::new(JumpRecordKind::Continue, actions)
            .perform_actions(Self::DUMMY_ADDRESS, self);
    }

    /// Returns the value from the function, or what its end returns.
    pub(crate) fn r#return(&mut self, value: Option<&Register>) {
        let actions = self.jump_actions(JumpTarget::Function);
        let transfers = actions
            .iter()
            .any(|action| matches!(action, JumpRecordAction::Transfer { .. }));
        let value = value.map(|value| {
            if !transfers {
                return value.index();
            }
            let register = self.return_register();
            self.bytecode.emit_move(register.into(), value.variable());
            register
        });
        JumpRecord::new(JumpRecordKind::Return { value }, actions)
            .perform_actions(Self::DUMMY_ADDRESS, self);
    }

    fn return_register(&mut self) -> u32 {
        if let Some(register) = self.return_register {
            return register;
        }
        let register = self.register_allocator.alloc_persistent().index();
        self.return_register = Some(register);
        register
    }

    /// The actions of a jump, the last one first.
    fn jump_actions(&self, target: JumpTarget) -> Vec<JumpRecordAction> {
        let mut actions = Vec::new();
        for (i, info) in self.jump_info.iter().enumerate().rev() {
            let transfer = JumpRecordAction::Transfer { index: i as u32 };
            let count = self.jump_info_open_environment_count(i);
            actions.push(JumpRecordAction::PopEnvironments { count });

            if info.is_try_with_finally_block() && !info.in_finally() {
                actions.push(transfer);
            }

            let arrives = match target {
                JumpTarget::Break(None) => info.is_loop() || info.is_switch(),
                JumpTarget::Break(label) => info.label() == label,
                JumpTarget::Continue(None) => info.is_loop(),
                JumpTarget::Continue(label) => info.is_loop() && self.loop_has_label(i, label),
                JumpTarget::Function => false,
            };
            if arrives {
                actions.push(transfer);
                break;
            }

            if info.iterator_loop() {
                actions.push(transfer);
                actions.push(JumpRecordAction::CloseIterator { kind: info.iterator_kind() });
            }
        }

        actions.reverse();
        actions
    }

    /// Whether the label is one of those before the loop at the index: `a: b: for (;;) continue a`.
    fn loop_has_label(&self, index: usize, label: Option<Sym>) -> bool {
        self.jump_info[index].label() == label
            || self.jump_info[..index]
                .iter()
                .rev()
                .take_while(|info| info.is_labelled())
                .any(|info| info.label() == label)
    }

    /// Jumps to the end of the statement at the index. Jumps that go on alike from there share the code for it.
    pub(super) fn transfer_jump(&mut self, record: JumpRecord, index: usize) {
        let info = &mut self.jump_info[index];
        let alike = |other: &JumpRecord| other.kind == record.kind && other.actions == record.actions;
        let way = info.jumps.iter().position(alike).unwrap_or_else(|| {
            let record = JumpRecord { labels: Vec::new(), ..record.clone() };
            info.jumps.push(record);
            info.jumps.len() - 1
        });
        if let Some((register, value)) = info.finally {
            if let JumpRecordKind::Return { value: Some(returned) } = record.kind {
                self.bytecode.emit_move(value.into(), returned.into());
            }
            self.emit_store_integer_with_index(way as i32 + 1, register.into());
        }
        let label = self.jump();
        self.jump_info[index].jumps[way].labels.push(label);
    }

    /// Compiles the end of a statement without a `finally` block: jumps that pass it go on, the others end here.
    pub(super) fn land_jumps(&mut self, info: JumpControlInfo) {
        let start_address = info.start_address();
        let passes = |record: &JumpRecord| {
            !record.actions.is_empty() || matches!(record.kind, JumpRecordKind::Return { .. })
        };
        let (passing, arriving): (Vec<_>, Vec<_>) = info.jumps.into_iter().partition(passes);
        if !passing.is_empty() {
            let over = self.jump();
            for record in passing {
                self.go_on(record);
            }
            self.patch_jump(over);
        }
        for record in arriving {
            record.perform_actions(start_address, self);
        }
    }

    fn go_on(&mut self, mut record: JumpRecord) {
        for label in std::mem::take(&mut record.labels) {
            self.patch_jump(label);
        }
        record.perform_actions(Self::DUMMY_ADDRESS, self);
    }

    /// Compiles the end of a `try` statement, behind its `finally` block: the register `way` tells what goes on.
    pub(super) fn pop_try_with_finally_control_info(&mut self, finally_start: Address) {
        let info = self.jump_info.pop().expect("no jump information found");
        let (way, value) = info.finally.expect("there should be a try block");

        for label in info.jumps.iter().flat_map(|record| &record.labels) {
            self.patch_jump_with_target(*label, finally_start);
        }

        // NOTE: +4 to jump past the index operand.
        let jump_table_index = self.next_opcode_location() + size_of::<u32>() as u32;
        let mut ways = vec![Self::DUMMY_ADDRESS; info.jumps.len() + 1];
        self.bytecode.emit_jump_table(way, ways.iter().copied().collect());
        // An index that is not in the table stands for an exception.
        self.bytecode.emit_throw(value.into());

        for (record, way) in info.jumps.into_iter().zip(&mut ways[1..]) {
            *way = self.next_opcode_location();
            if let JumpRecordKind::Return { value: Some(returned) } = record.kind {
                self.bytecode.emit_move(returned.into(), value.into());
            }
            JumpRecord { labels: Vec::new(), ..record }.perform_actions(Self::DUMMY_ADDRESS, self);
        }
        ways[0] = self.next_opcode_location();
        self.bytecode.patch_jump_table(jump_table_index, &ways);
    }

    pub(super) fn close_iterator_of(&mut self, kind: IteratorKind) {
        match kind {
            IteratorKind::Sync => self.iterator_close(false),
            IteratorKind::Async => self.iterator_close(true),
            IteratorKind::ForIn => self.drop_iterator(),
        }
    }

    /// Takes the iterator from the frame's stack.
    pub(super) fn drop_iterator(&mut self) {
        let unused = self.register_allocator.alloc();
        self.bytecode.emit_iterator_pop(unused.variable(), unused.variable());
        self.register_allocator.dealloc(unused);
    }

    /// Begins an array pattern, whose iterator has just been opened. A generator can be told to return amid it.
    pub(super) fn push_pattern_control_info(&mut self) {
        let info = JumpControlInfo::new(self.current_open_environments_count).with_iterator_loop(true);
        self.push_control_info(info, false);
        self.open_iterators += 1;
        self.open_patterns += 1;
    }

    /// Ends an array pattern; what is left is to close its iterator.
    pub(super) fn pop_pattern_control_info(&mut self) {
        self.open_iterators -= 1;
        self.open_patterns -= 1;
        let info = self.jump_info.pop().expect("no jump information found");
        self.land_jumps(info);
    }

    /// Closes the iterator because of an exception, which is thrown on: what closing it throws is dropped.
    pub(super) fn close_iterator_and_throw(&mut self, r#async: bool) {
        let error = self.register_allocator.alloc();
        self.bytecode.emit_exception(error.variable());
        self.open_iterators -= 1;
        let handler = self.push_handler();
        self.iterator_close(r#async);
        self.patch_handler(handler);
        self.open_iterators += 1;
        self.bytecode.emit_throw(error.variable());
        self.register_allocator.dealloc(error);
    }

    /// Goes on after an `await` with its value, or throws it.
    pub(super) fn settled_await(&mut self, value: &Register) {
        let resume_kind = self.register_allocator.alloc();
        self.pop_into_register(&resume_kind);
        self.pop_into_register(value);
        self.normal_or_throw(value, &resume_kind);
        self.register_allocator.dealloc(resume_kind);
    }

    /// An `await` is never told to return.
    pub(super) fn normal_or_throw(&mut self, value: &Register, resume_kind: &Register) {
        let normal = self.jump_if_not_resume_kind(GeneratorResumeKind::Throw, resume_kind);
        self.bytecode.emit_throw(value.variable());
        self.patch_jump(normal);
    }
}

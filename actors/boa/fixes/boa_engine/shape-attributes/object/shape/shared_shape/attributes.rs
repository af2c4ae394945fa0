//! Attributes that were changed long after a property was inserted.

use super::{PropertyKey, SharedShape, SlotAttributes, TransitionKey};

impl SharedShape {
    /// How many of this shape's first properties have the attributes that they have in `later`, if not all.
    fn first_changed(&self, later: &Self) -> Option<u32> {
        let table = self.property_table().inner().borrow();
        let properties = table.keys.iter().take(self.property_count() as usize);
        let mut properties = properties.zip(0..);
        let changed = properties.find(|((key, slot), _)| {
            later
                .lookup(key)
                .is_some_and(|now| now.attributes != slot.attributes)
        });
        changed.map(|(_, index)| index)
    }

    /// Builds `base`, an earlier shape of the chain, again with the attributes that its properties have in this shape.
    pub(super) fn with_its_attributes(&self, mut base: Self) -> Self {
        let mut transitions: Vec<(PropertyKey, SlotAttributes)> = Vec::new();
        let mut prototype_passed = false;
        while let Some(changed) = base.first_changed(self) {
            while base.property_count() > changed {
                let Some(previous) = base.previous().cloned() else {
                    break;
                };
                if base.flags().is_prototype_transition_type() {
                    prototype_passed = true;
                } else if base.flags().is_insert_transition_type() {
                    let (key, _) = base.property();
                    let attributes = self.property_table().get_expect(&key).attributes;
                    transitions.push((key, attributes));
                }
                base = previous;
            }
        }
        if prototype_passed {
            base = base.change_prototype_transition(self.prototype());
        }
        for (property_key, attributes) in transitions.into_iter().rev() {
            base = base.insert_property_transition(TransitionKey {
                property_key,
                attributes,
            });
        }
        base
    }
}

use boa_engine::value::JsVariant;
use boa_engine::{Context, JsValue};
use proptest::prelude::*;

use super::super::json_writer::{self, Intrinsics};
use super::read;

fn number(value: &JsValue) -> f64 {
    match value.variant() {
        JsVariant::Integer32(number) => f64::from(number),
        JsVariant::Float64(number) => number,
        other => panic!("{other:?} is no number"),
    }
}

/// The elements of an array of numbers that stands in `text`.
fn numbers(text: &str, context: &mut Context) -> Vec<f64> {
    let value = read(text, context).expect("JSON");
    let array = value.as_object().expect("an array");
    let length = array.get(boa_engine::js_string!("length"), context).expect("a length");
    let length = length.to_length(context).expect("a length");
    (0..length).map(|index| number(&array.get(index, context).expect("an element"))).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// `str::parse` is exact, and reads beyond the range of doubles as infinity, as JavaScript does.
fn assert_exact(texts: &[String]) {
    let context = &mut Context::default();
    let expected: Vec<f64> = texts.iter().map(|text| text.parse().expect("a number")).collect();
    let read = numbers(&format!("[{}]", texts.join(",")), context);
    assert_eq!(bits(&read), bits(&expected), "{texts:?}");
}

proptest! {
    #[test]
    fn long_numbers_are_read_exactly(texts in prop::collection::vec("-?[1-9][0-9]{0,60}", 1..50)) {
        assert_exact(&texts);
    }

    #[test]
    fn fractions_are_read_exactly(texts in prop::collection::vec("-?(0|[1-9][0-9]{0,25})\\.[0-9]{1,40}", 1..50)) {
        assert_exact(&texts);
    }

    #[test]
    fn exponents_are_read_exactly(texts in prop::collection::vec("-?[0-9](\\.[0-9]{1,20})?[eE][-+]?[0-9]{1,3}", 1..50)) {
        assert_exact(&texts);
    }

    #[test]
    fn what_is_written_is_read_as_it_was(seen in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, 1..50)) {
        let context = &mut Context::default();
        let intrinsics = Intrinsics::of(context).expect("a fresh context is complete");
        let array = boa_engine::object::builtins::JsArray::from_iter(seen.iter().map(|number| JsValue::from(*number)), context);
        let text = json_writer::write(&array.into(), usize::MAX, &intrinsics, context).expect("numbers");
        let text = String::from_utf8(text).expect("UTF-8");
        prop_assert_eq!(bits(&numbers(&text, context)), bits(&seen));
    }
}

//! What is yielded is what arrives.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// The test reads and pushes whenever the drawn steps say so; the generator yields what it is pushed, in its own time.
    #[test]
    fn what_is_yielded_is_what_arrives_in_order(values in prop::collection::vec(any::<i32>(), 0..80), steps in prop::collection::vec(0..3_u8, 0..40)) {
        on_engine_stack(move || {
            let mut rig = Rig::new("madrpc.register('echo', async function* (p, ctx) { let n = 0; for await (const v of ctx.input) { if (n++ % 3 === 0) await 0; yield v } return n })");
            let (input, mut items) = rig.begin_pushed(1, "echo");
            let (mut input, mut left) = (Some(input), values.iter());
            let mut seen: Vec<i32> = Vec::new();
            let mut next = left.next();
            let mut steps = steps.into_iter().cycle();
            while seen.len() < values.len() || input.is_some() {
                match steps.next().unwrap_or_default() {
                    0 => rig.settle(),
                    1 => seen.extend(items.try_recv().ok().map(|item| item.as_str().parse::<i32>().expect("a number"))),
                    _ => match (next, &mut input) {
                        (Some(value), Some(writer)) => {
                            if writer.try_send(JsonText::of(value).expect("JSON")).is_ok() {
                                next = left.next();
                            }
                        }
                        _ => input = None,
                    },
                }
                // A history without one of the steps would never end.
                rig.settle();
                seen.extend(items.try_recv().ok().map(|item| item.as_str().parse::<i32>().expect("a number")));
                if next.is_none() {
                    input = None;
                }
                if let (Some(value), Some(writer)) = (next, &mut input) {
                    if writer.try_send(JsonText::of(value).expect("JSON")).is_ok() {
                        next = left.next();
                    }
                }
            }
            assert_eq!(rig.finished().expect("a result").as_str(), values.len().to_string());
            assert_eq!(seen, values);
        });
    }
}

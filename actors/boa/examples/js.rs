//! Runs a JavaScript file in the fixed Boa: cargo run -p madrpc-boa --example js -- FILE
//!
//! `print(...)` writes a line; what the file throws is shown, and makes the exit code 1.

use std::process::ExitCode;

use boa_engine::property::Attribute;
use boa_engine::{Context, JsResult, JsValue, NativeFunction, Source, js_string};

fn print(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let mut line = Vec::new();
    for argument in arguments {
        line.push(argument.to_string(context)?.to_std_string_lossy());
    }
    println!("{}", line.join(" "));
    Ok(JsValue::undefined())
}

fn milliseconds(_this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    Ok(JsValue::from(context.clock().now().millis_since_epoch()))
}

/// As the threads of an engine have it.
const STACK_BYTES: usize = 64 << 20;

fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        boa_engine::native_stack::set_size(STACK_BYTES / 8 * 7);
        run_file()
    });
    thread.expect("a thread").join().unwrap_or(ExitCode::FAILURE)
}

fn run_file() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: js FILE");
        return ExitCode::FAILURE;
    };
    let mut context = Context::default();
    let run = |context: &mut Context| -> Result<(), String> {
        let told = |error: boa_engine::JsError| error.to_string();
        context.register_global_callable(js_string!("print"), 1, NativeFunction::from_fn_ptr(print)).map_err(told)?;
        context
            .register_global_callable(js_string!("milliseconds"), 0, NativeFunction::from_fn_ptr(milliseconds))
            .map_err(told)?;
        let global = context.global_object();
        context.register_global_property(js_string!("globalThis"), global, Attribute::all()).map_err(told)?;
        let source = Source::from_filepath(path.as_ref()).map_err(|error| format!("{path}: {error}"))?;
        context.eval(source).map_err(told)?;
        context.run_jobs().map_err(told)
    };
    match run(&mut context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

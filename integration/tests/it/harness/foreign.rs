//! A JSON-RPC server that is none of ours: it knows only its own methods and answers everything else with -32601.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{json, Value};

use super::raw::read_body;

/// Serves `greet {name}` on a thread of its own for as long as the test process lives.
#[derive(Debug)]
pub(crate) struct ForeignServer {
    pub(crate) url: String,
}

impl ForeignServer {
    pub(crate) fn start() -> ForeignServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || drop(serve(&stream)));
            }
        });
        ForeignServer { url }
    }
}

/// Answers requests on one keep-alive connection until the client closes it.
fn serve(stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(body) = read_body(&mut reader)? {
        let answer = match serde_json::from_slice::<Value>(&body) {
            Ok(Value::Array(batch)) => Value::Array(batch.iter().map(answer).collect()).to_string(),
            Ok(request) => answer(&request).to_string(),
            Err(_) => String::new(),
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        let mut stream = stream;
        stream.write_all(head.as_bytes())?;
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn answer(request: &Value) -> Value {
    let id = request["id"].clone();
    if request["method"] == "greet" {
        let name = request["params"]["name"].as_str().unwrap_or("nobody");
        return json!({"jsonrpc": "2.0", "id": id, "result": format!("Hello, {name}, from elsewhere")});
    }
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Unknown here", "data": {"foreign": true}}})
}

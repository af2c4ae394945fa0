//! What is mutated.

/// Bodies of requests.
pub(super) const BODIES: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"square","params":{"n":3}}"#,
    r#"{"jsonrpc": "2.0", "method": "square", "params": [1, 2.5e-3, "\u00e9\ud83d\ude00"], "id": "a\"b"}"#,
    r#"{"jsonrpc":"2.0","method":"square","id":null,"meta":{"timeoutMs":50,"tags":{"k":"v"},"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","idempotencyKey":"k"}}"#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"square","params":{"n":3}},{"jsonrpc":"2.0","method":"square"},1,{"jsonrpc":"2.0","id":2,"method":"rpc.discover"}]"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_publish","params":{"channel":"a.b","data":[1]}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_subscribe","params":{"channel":"a.*"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_unsubscribe","params":{"subscription":1}}"#,
    r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_trace","params":{"limit":3,"traceId":"0af7651916cd43dd8448eb211c80319c"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_info"}"#,
    "[]",
    " 1 ",
];

/// What members of a cluster tell.
pub(super) const MEMBERSHIP: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"_register","params":{"node_url":"http://127.0.0.1:1","methods":["m",{"name":"n","idempotent":true,"stream":false,"hedge":true,"timeoutMs":5,"description":"d"}],"tags":{"zone":"a"},"weight":2,"version":"0.1.0","instance":"i"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_register","params":["http://127.0.0.1:1"]}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_heartbeat","params":{"instance":"i","inflight":1,"queue":2,"cpu":0.5,"report":{"calls":[],"since":1}}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"_deregister","params":{"instance":"i"}}"#,
];

/// What comes by links and sessions beside requests, and replies.
pub(super) const MESSAGES: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"result":{"a":[1,null]}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":null,"times":[1,2,3]}"#,
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"m","data":{"name":"Error","stack":"at a"}},"fault":"script"}"#,
    r#"[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":0,"error":{"code":5,"message":"m"}}]"#,
    r#"{"jsonrpc":"2.0","method":"_stream","params":{"id":1,"seq":0,"value":[1]}}"#,
    r#"{"jsonrpc":"2.0","method":"_progress","params":{"id":1,"done":1,"total":2}}"#,
    r#"{"jsonrpc":"2.0","method":"_credit","params":{"id":1,"count":16}}"#,
    r#"{"jsonrpc":"2.0","method":"_push","params":{"id":1,"value":1}}"#,
    r#"{"jsonrpc":"2.0","method":"_event","params":{"subscription":1,"channel":"a","data":{"b":1}}}"#,
    r#"{"jsonrpc":"2.0","method":"_dropped","params":{"subscription":1,"count":3}}"#,
    r#"{"jsonrpc":"2.0","method":"_link","params":{"key":"k"}}"#,
];

/// Requests, as they are on the wire.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let posts = BODIES.iter().map(|body| {
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let body = BODIES[0];
    let others = [
        format!("POST /rpc HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x};a=b\r\n{body}\r\n0\r\nX-T: 1\r\n\r\n", body.len()),
        format!("POST / HTTP/1.0\r\nAccept: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        format!("POST / HTTP/1.1\r\nHost: a\r\nMadrpc-Timeout-Ms: 50\r\nMadrpc-Tags: a=b,c=d\r\nIdempotency-Key: k\r\nAuthorization: Bearer t\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nMadrpc-Batch: stream\r\nContent-Length: {}\r\n\r\n{}", BODIES[3].len(), BODIES[3]),
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\nHEAD /ready HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n\r\n".into(),
        "GET /_trace?limit=3&traceId=0af7651916cd43dd8448eb211c80319c HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html;q=0.5, */*\r\nIf-None-Match: \"a\"\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madrpc, madrpc.key.a\r\n\r\n".into(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0".into(),
    ];
    posts.chain(others).map(String::into_bytes).collect()
}

/// Answers, as they are on the wire, to a call with the id 1.
pub(super) fn answers() -> Vec<Vec<u8>> {
    let reply = MESSAGES[0];
    let whole =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{reply}", reply.len());
    let lines =
        format!("{reply}\n{{\"value\": 1}}\n{{\"progress\": {{\"done\": 1, \"total\": null}}}}\n{}\n", MESSAGES[2]);
    let coded = |coding: &str, sent: &str| {
        let bytes = crate::harness::coded(sent, reply.as_bytes());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", bytes.len());
        [head.into_bytes(), bytes].concat()
    };
    vec![
        whole.clone().into_bytes(),
        format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{whole}").into_bytes(),
        format!("HTTP/1.1 200 OK\r\n\r\n{reply}").into_bytes(),
        format!("HTTP/1.0 200\r\nConnection: keep-alive\r\n\r\n{reply}").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{lines}\r\n0\r\n\r\n", lines.len()).into_bytes(),
        format!("HTTP/1.1 426 No\r\nUpgrade: websocket\r\nContent-Length: {}\r\n\r\n{}", MESSAGES[2].len(), MESSAGES[2]).into_bytes(),
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02{}".to_vec(),
        b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        coded("gzip", "gzip"),
        coded("br", "br"),
        coded("deflate", "zlib"),
        coded("deflate", "deflate"),
    ]
}

/// Frames of a client.
pub(super) fn frames() -> Vec<Vec<u8>> {
    let text = |payload: &str| frame(0x81, payload.as_bytes());
    let mut frames: Vec<_> = BODIES.iter().chain(MESSAGES).map(|payload| text(payload)).collect();
    let (first, rest) = BODIES[0].split_at(20);
    frames.push([frame(0x01, first.as_bytes()), frame(0x89, b"ping"), frame(0x80, rest.as_bytes())].concat());
    frames.push([frame(0x82, b"\0\xff"), frame(0x8a, b""), frame(0x88, b"\x03\xe8bye")].concat());
    frames.push(frame(0x81, " ".repeat(70_000).as_bytes()));
    frames.push(vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
    frames
}

/// A frame with this first byte, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | u8::try_from(length).expect("short")),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).expect("short").to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

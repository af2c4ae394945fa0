use tokio::io::{duplex, AsyncReadExt, AsyncWriteExt};

use super::*;

/// What awc reads of an answer that comes in pieces of `size` bytes to a request that begins with `method`.
async fn through(method: &str, answer: &str, size: usize) -> io::Result<String> {
    let (client, mut server) = duplex(size);
    let mut client = Heads::new(client);
    // It goes when it has seen enough.
    let asking = async move {
        client.write_all(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes()).await?;
        let mut read = String::new();
        client.read_to_string(&mut read).await.map(|_| read)
    };
    let answering = async {
        let mut request = vec![0; method.len() + " / HTTP/1.1\r\n\r\n".len()];
        server.read_exact(&mut request).await.expect("a request");
        // The client may have seen enough.
        let _result = server.write_all(answer.as_bytes()).await;
        drop(server);
    };
    tokio::join!(asking, answering).0
}

/// Asserts that `answer` to a request of this method reaches awc as `expected`, however it is cut.
async fn check(method: &str, answer: &str, expected: &str) {
    for size in [1, 2, 3, 5, 17, 64, 1 << 16] {
        assert_eq!(through(method, answer, size).await.expect("an answer"), expected, "{size} bytes at a time");
    }
}

#[actix::test]
async fn what_awc_understands_goes_on_as_it_is() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\nETag: a\n\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "\r\n\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConte",
        "HTTP/1.1 100 Continue\r\n",
        "",
    ] {
        check("POST", answer, answer).await;
    }
}

#[actix::test]
async fn interim_heads_are_dropped() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\nHTTP/1.1 103 in the body\r\n\r\nis data";
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 199 X\nContent-Length: 5\n\n",
        "\r\nHTTP/1.0 100 Continue\r\n\r\n",
    ] {
        check("POST", &format!("{interim}{last}"), last).await;
    }
}

#[actix::test]
async fn an_answer_that_lasts_until_the_end_is_one_of_the_old_version() {
    let until_the_end = |version| format!("\r\nHTTP/1.{version} 200 OK\r\nX-A: HTTP/1.1\r\n\r\nHTTP/1.1 body");
    check("POST", &until_the_end(1), &until_the_end(0)).await;
    let interim = format!("HTTP/1.1 100 Continue\r\n\r\n{}", until_the_end(1));
    check("GET", &interim, &until_the_end(0)).await;
    check("HEAD", &until_the_end(1), &until_the_end(1)).await;
    let identity = |version| format!("HTTP/1.{version} 200 OK\r\nTransfer-Encoding: identity\r\n\r\nbody");
    check("POST", &identity(1), &identity(0)).await;
}

#[actix::test]
async fn a_refused_upgrade_has_a_body() {
    let refusal = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nX-Upgrade: 1\r\nupgrade:\r\nContent-Length: 2\r\n\r\nno";
    let mended = "HTTP/1.1 426 Upgrade Required\r\nX-Upgrade: 1\r\nContent-Length: 2\r\n\r\nno";
    check("GET", refusal, mended).await;
    let lengthless = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n\r\nno";
    check("GET", lengthless, "HTTP/1.0 426 Upgrade Required\r\n\r\nno").await;
}

#[actix::test]
async fn what_follows_an_upgrade_is_no_http() {
    let frames = "HTTP/1.1 100 Continue\r\n\r\n";
    let switched = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n{frames}");
    check("GET", &format!("HTTP/1.1 103 Early Hints\r\n\r\n{switched}"), &switched).await;
    let (client, mut server) = duplex(1 << 16);
    let mut client = Heads::new(client);
    client.write_all(b"GET /ws HTTP/1.1\r\n\r\n").await.expect("room");
    server.write_all(switched.as_bytes()).await.expect("room");
    let mut read = vec![0; switched.len()];
    client.read_exact(&mut read).await.expect("the answer");
    client.write_all(b"a frame").await.expect("room");
    server.write_all(frames.as_bytes()).await.expect("room");
    let mut read = vec![0; frames.len()];
    client.read_exact(&mut read).await.expect("a frame");
    assert_eq!(read, frames.as_bytes());
}

#[actix::test]
async fn each_answer_of_a_connection_is_mended() {
    let (client, mut server) = duplex(1 << 16);
    let mut client = Heads::new(client);
    for method in ["HEAD", "POST", "HEAD", "GET"] {
        client.write_all(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes()).await.expect("room");
        // What else is written of a request begins none.
        client.write_all(b"HEAD of a body").await.expect("room");
        server.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").await.expect("room");
        let mut read = vec![0; "HTTP/1.1 200 OK\r\n\r\n".len()];
        client.read_exact(&mut read).await.expect("an answer");
        assert_eq!(read[MINOR_VERSION], if method == "HEAD" { b'1' } else { b'0' }, "{method}");
    }
}

#[actix::test]
async fn heads_have_a_bound() {
    let endless = "HTTP/1.1 102 Processing\r\n\r\n".repeat(LONGEST / 20);
    for size in [1000, 1 << 20] {
        let error = through("POST", &endless, size).await.expect_err("too many");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    }
    // awc refuses what it gets of a head that is too long.
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}", "a".repeat(2 * LONGEST));
    check("POST", &long, &long).await;
}

/// Read by awc itself: what it makes of the two shapes without a mend, and that it understands what is made of them here.
#[actix::test]
async fn awc_needs_the_mends() {
    use actix_codec::Decoder;
    use actix_http::h1::{ClientCodec, MessageType};
    let seen = |text: &str| {
        let mut codec = ClientCodec::default();
        let head = codec.decode(&mut BytesMut::from(text)).expect("HTTP").expect("a whole head");
        (head.status.as_u16(), matches!(codec.message_type(), MessageType::None))
    };
    assert_eq!(seen("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), (100, true));
    assert_eq!(seen("HTTP/1.1 200 OK\r\n\r\nuntil the end"), (200, true));
    assert_eq!(seen("HTTP/1.0 200 OK\r\n\r\nuntil the end"), (200, false));
    assert_eq!(seen("HTTP/1.1 426 No\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno"), (426, true));
    assert_eq!(seen("HTTP/1.1 426 No\r\nContent-Length: 2\r\n\r\nno"), (426, false));
}

//! Answers that our own client reads: heads, codings, lines, and the handshakes and frames of links.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use madrpc_actor::tls::ClientTls;
use madrpc_actor::transport::{Askers, AwcClient, PeerLinks, TransportConfig};
use madrpc_actors::actors::{PeerClient, PeerUrl};
use madrpc_actors::protocol::{Call, CallError, CallResult, CallScope, JsonText};

use super::{corpus, fuzz};
use crate::harness::SOON;

/// A server that answers each request with the same bytes, and closes.
fn parrot() -> (PeerUrl, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = PeerUrl::parse(&format!("http://{}", listener.local_addr().expect("bound"))).expect("a URL");
    let says = Arc::<Mutex<Vec<u8>>>::default();
    let spoken = says.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let bytes = spoken.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // The client may keep a connection for the next call.
            std::thread::spawn(move || drop(answer(stream, &bytes)));
        }
    });
    (url, says)
}

fn answer(mut stream: TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    // Requests here are small: one comes in one piece.
    let _request = stream.read(&mut [0; 64 * 1024])?;
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(SOON))?;
    // Until the client has closed, so that nothing of the answer is lost by a reset.
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

fn check(result: CallResult) -> Result<(), String> {
    match result {
        Ok(text) => JsonText::parse(text.as_str()).map(drop).map_err(|error| format!("{error}: {}", text.as_str())),
        Err(CallError::Timeout) => Err("waited for more than a server that has closed can send".into()),
        Err(_) => Ok(()),
    }
}

#[test]
fn answers_are_understood_or_refused() {
    let (peer, says) = parrot();
    let say = |bytes: &[u8]| bytes.clone_into(&mut says.lock().unwrap_or_else(PoisonError::into_inner));
    let call = || {
        let params = JsonText::parse("[1]").ok();
        Call::new("greet", params, CallScope::root(SOON))
    };
    let system = actix_rt::System::new();
    let client = system.block_on(async {
        AwcClient::new(&TransportConfig {
            max_body: 100_000,
            cluster_token: None,
            api_key: None,
            tls: ClientTls::default(),
            peer_links: PeerLinks::default(),
            expects_links: false,
            askers: Askers::default(),
            silence: SOON,
        })
    });
    fuzz("answers", &corpus::answers(), |bytes| {
        say(bytes);
        system.block_on(async {
            check(client.call(&peer, call()).await)?;
            let answers: Vec<_> = client.batch(&peer, vec![call(), call()]).collect().await;
            let mut indexes: Vec<_> = answers.iter().map(|(index, _)| *index).collect();
            indexes.sort_unstable();
            if indexes != [0, 1] {
                return Err(format!("of two calls, {indexes:?} have an answer"));
            }
            answers.into_iter().try_for_each(|(_, result)| check(result))
        })
    });
    say(&corpus::answers()[0]);
    let well = system.block_on(client.call(&peer, call()));
    assert_eq!(well.map(|text| text.as_str().to_owned()).ok().as_deref(), Some(r#"{"a":[1,null]}"#));
}

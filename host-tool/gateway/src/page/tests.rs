use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const TOTAL: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(20);

/// Runs a page with these limits beside a test.
fn with(limits: Limits, test: impl FnOnce(SocketAddr)) {
    struct Closing<'a>(&'a Page);
    impl Drop for Closing<'_> {
        fn drop(&mut self) {
            self.0.close();
        }
    }
    let mut page = Page::open(SocketAddr::from(([127, 0, 0, 1], 0)), &[]).unwrap();
    page.limits = limits;
    thread::scope(|scope| {
        scope.spawn(|| page.serve(&Status::default, &|| "metrics".to_owned()));
        let _closing = Closing(&page);
        test(page.address());
    });
}

/// Sends a text and returns the answer, until the connection is closed.
fn send(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: SocketAddr) -> String {
    send(address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

#[test]
fn a_host_has_this_port_or_none() {
    assert_eq!(host_of("localhost:9464", 9464), Some("localhost"));
    assert_eq!(host_of("[::1]:9464", 9464), Some("[::1]"));
    assert_eq!(host_of("[::1]", 9464), Some("[::1]"));
    assert_eq!(host_of("gateway.example.com", 9464), Some("gateway.example.com"));
    assert_eq!(host_of("localhost:80", 9464), None);
    assert_eq!(host_of("localhost:", 9464), None);
}

#[test]
fn the_limits_are_those_of_a_page_for_a_few_people() {
    let limits = Limits::default();
    assert!(limits.connections <= 64 && limits.head <= Duration::from_secs(10));
    assert!(limits.total <= Duration::from_secs(30));
}

/// Those who connect and ask nothing are many more than the page serves at a time.
#[test]
fn half_open_connections_do_not_keep_others_out() {
    let limits = Limits { head: Duration::from_millis(500), total: TOTAL, ..Limits::default() };
    with(limits, |address| {
        let silent: Vec<TcpStream> = (0..100)
            .map(|index| {
                let mut stream = TcpStream::connect(address).unwrap();
                if index % 2 == 0 {
                    stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
                }
                stream
            })
            .collect();
        let began = Instant::now();
        assert!(get(address).ends_with("metrics"));
        let took = began.elapsed();
        assert!(took >= limits.head / 2, "{took:?}: more than a few were served at a time");
        assert!(took < LONG, "{took:?}");
        drop(silent);
    });
}

/// One who sends a head a byte at a time, or does not take the answer, has a time limit as well.
#[test]
fn a_connection_that_goes_on_for_ever_is_ended() {
    let limits = Limits { connections: 1, head: LONG, total: TOTAL };
    with(limits, |address| {
        let mut slow = TcpStream::connect(address).unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        let began = Instant::now();
        assert!(get(address).ends_with("metrics"));
        assert!(began.elapsed() < LONG / 2);
    });
}

#[test]
fn a_request_names_one_host_and_is_no_proxys() {
    with(Limits::default(), |address| {
        for request in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ] {
            let answer = send(address, request);
            assert_eq!(answer.split(' ').nth(1), Some("421"), "{request}: {answer}");
        }
        let head = send(address, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    });
}

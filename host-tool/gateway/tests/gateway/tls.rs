//! Certificates: the authority of the settings alone is trusted.

use crate::kit::{Bench, Does, run, settings, until};
use lifeboot_gateway::ddi::{Server, Tokens};
use lifeboot_gateway::gateway::Gateway;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn config(authority: &CertifiedIssuer<'static, KeyPair>) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private).unwrap();
    Arc::new(config)
}

#[test]
fn only_the_authority_of_the_settings_is_trusted() {
    let (ours, other) = (authority(), authority());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, polls, ended) = (config(&ours), AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (mut stream, mut connection) = (stream.unwrap(), ServerConnection::new(config.clone()).unwrap());
                let mut tls = Stream::new(&mut connection, &mut stream);
                let mut request = [0; 4096];
                // A client that does not trust the certificate goes away.
                let Ok(length) = tls.read(&mut request) else { continue };
                assert!(request[..length].starts_with(b"GET /DEFAULT/controller/v1/ab12 HTTP/1.1\r\n"));
                polls.fetch_add(1, Ordering::Relaxed);
                tls.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}").unwrap();
                connection.send_close_notify();
                let _ = connection.write_tls(&mut stream);
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench::with(&[("ab12", Does::Confirms)]);
        let gateway = |ca: Option<&CertifiedIssuer<'static, KeyPair>>| {
            let mut settings = settings(&format!("https://localhost:{port}"), folder.path());
            settings.server = Server::parse(&format!("https://localhost:{port}")).unwrap();
            settings.ca = ca.map(|ca| {
                let path = folder.path().join("ca.pem");
                std::fs::write(&path, ca.pem()).unwrap();
                path
            });
            Gateway::open(settings, Tokens::default(), &bench).unwrap()
        };
        for stranger in [None, Some(&other)] {
            let gateway = gateway(stranger);
            run(&gateway, |gateway| {
                until(|| gateway.status().server_error.is_some(), || format!("{:?}", gateway.status()));
            })
            .unwrap();
            assert_eq!(polls.load(Ordering::Relaxed), 0);
        }
        let gateway = gateway(Some(&ours));
        run(&gateway, |gateway| until(|| polls.load(Ordering::Relaxed) > 0, || format!("{:?}", gateway.status())))
            .unwrap();
        ended.store(true, Ordering::Relaxed);
        drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    });
}

#[test]
fn a_file_without_a_certificate_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::default();
    let mut settings = settings("https://localhost", folder.path());
    settings.ca = Some(folder.path().join("ca.pem"));
    std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    let error = Gateway::open(settings, Tokens::default(), &bench).err().unwrap();
    assert!(error.to_string().contains("holds no certificate"), "{error}");
}

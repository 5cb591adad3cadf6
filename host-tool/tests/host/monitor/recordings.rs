//! Recordings: their content, and files that are not recordings.

use crate::command_line::Folder;
use lifeboot_client::pipe::Pipe;
use lifeboot_client::pipe::PipeError;
use lifeboot_logs::Recorded;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn files_that_are_no_recordings_say_where() {
    let folder = Folder::new();
    let cases = [
        ("", "line 1: it is empty"),
        ("hello\n", "line 1: expected value at line 1 column 1"),
        ("{\"lifeboot_recording\":2}\n", "line 1: format 2, and this knows 1"),
        (
            "{\"lifeboot_recording\":1}\n{\"at_us\":1,\"bytes\":\"0\"}\n",
            "line 2: these are no hexadecimal digits of bytes",
        ),
        (
            "{\"lifeboot_recording\":1}\n{\"at_us\":1}\n",
            "line 2: no variant of enum Event found in flattened data at line 1 column 11",
        ),
    ];
    for (text, words) in cases {
        folder.put("session.jsonl", text.as_bytes());
        let said = folder.failed("monitor --replay session.jsonl");
        let start = format!("error: session.jsonl is not a recording that this lifeboot can show: {words}\n  help: ");
        assert!(said.starts_with(&start), "{said}");
    }
    // One that a crash has cut short is shown as far as it goes.
    folder.put("session.jsonl", b"{\"lifeboot_recording\":1}\n{\"at_us\":1,\"byt");
    assert!(folder.done("monitor --replay session.jsonl").starts_with("the recording is over: 0 messages"));
}

/// A pipe with this output, which is lost and found again.
struct Scripted {
    says: Vec<Option<&'static [u8]>>,
    now: Duration,
}

impl Pipe for Scripted {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        self.now += wait;
        match self.says.pop() {
            Some(Some(bytes)) => {
                buffer[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            }
            Some(None) => Err(PipeError::Lost { port: "here".to_owned(), reason: "unplugged".to_owned() }),
            None => Ok(0),
        }
    }
    fn write(&mut self, _: &[u8]) -> Result<(), PipeError> {
        Ok(())
    }
    fn reconnect(&mut self) -> Result<(), PipeError> {
        Ok(())
    }
    fn now(&self) -> Duration {
        self.now
    }
    fn pause(&mut self, time: Duration) {
        self.now += time;
    }
}

/// A file that can be looked at.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_recording_has_the_bytes_and_what_happened_to_the_connection() {
    let file = Kept::default();
    let scripted = Scripted { says: vec![Some(b"two"), None, Some(b"one\n")], now: Duration::from_secs(7) };
    let mut pipe = Recorded::new(scripted, Some(Box::new(file.clone())));
    let mut buffer = [0; 16];
    pipe.read(&mut buffer, Duration::from_millis(1)).unwrap();
    pipe.read(&mut buffer, Duration::from_millis(1)).unwrap_err();
    pipe.pause(Duration::from_secs(1));
    pipe.reconnect().unwrap();
    pipe.read(&mut buffer, Duration::from_millis(1)).unwrap();
    pipe.read(&mut buffer, Duration::from_millis(1)).unwrap();
    pipe.finish().unwrap();
    assert_eq!(
        String::from_utf8(file.0.lock().unwrap().clone()).unwrap(),
        r#"{"lifeboot_recording":1}
{"at_us":1000,"bytes":"6f6e650a"}
{"at_us":2000,"lost":"the connection to here is lost: unplugged"}
{"at_us":1002000,"connected":true}
{"at_us":1003000,"bytes":"74776f"}
"#
    );
}

//! Malformed files of every kind, given to every command that reads them: each run ends by itself in reasonable time, in
//! 256 MiB of memory, and without a panic.

use crate::command_line::Folder;
use crate::encrypted_keys::{PASSPHRASE, chmod, crafted};
use crate::errors::arbitrary::{READERS, folder};
use crate::images::rich;
use crate::program::{DEFMT, LARGE, RODATA, RODATA_OFFSET};
use lifeboot_artifact::flash_file::Format;
use lifeboot_core::Slot;
use pkcs8::pkcs5::pbes2::{Kdf, ScryptParams};
use std::fmt::Write;
use std::process::{Command, Output};

/// Most memory of a command, in KiB: of its whole address space, so of any memory that it could use.
const MEMORY_KIB: u64 = 256 << 10;

/// Most seconds of a command that was built without optimisation, on a busy machine.
const TIMEOUT_S: u64 = 60;

/// Runs a command within these limits.
pub fn limited(folder: &Folder, line: &str) -> Output {
    let plain = folder.command(line);
    let mut command = Command::new("timeout");
    command.args([&TIMEOUT_S.to_string(), "sh", "-c", &format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"")]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(folder.0.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // No device of this machine takes part.
    command.env("LIFEBOOT_PORT", "tcp:127.0.0.1:1").stdin(std::process::Stdio::null()).output().unwrap()
}

fn check(folder: &Folder, name: &str, line: &str) {
    let output = limited(folder, line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {line}: {}\n{said}", output.status);
    assert!(!said.contains("panicked"), "{name}: {line}: {said}");
}

/// Runs every command that reads a file with this one in its place.
fn check_all(folder: &Folder, name: &str, bytes: &[u8], readers: &[&str]) {
    folder.put("damaged", bytes);
    chmod(folder, "damaged", 0o600);
    for reader in readers {
        check(folder, name, &reader.replace("FILE", "damaged"));
    }
}

/// Commands that read an ELF file.
const ELF: [&str; 7] = [
    "inspect FILE",
    "sign FILE --version 1.2.3 --key key.pem -o out",
    "sign a.elf --version 1.2.3 --key key.pem --relinked FILE -o out",
    "diff a.img a.img --elf-old FILE --elf-new a.elf",
    "provision FILE a.img -o out.hex",
    "flash FILE",
    "monitor --elf FILE --replay session.jsonl",
];

/// An ELF file with its table of sections moved to its end, and copies of one of its headers added.
fn with_sections(mut elf: Vec<u8>, copied: usize, count: u16) -> Vec<u8> {
    let half = |at: usize| u16::from_le_bytes([elf[at], elf[at + 1]]);
    let (start, old) = (u32::from_le_bytes(elf[0x20..0x24].try_into().unwrap()) as usize, half(0x30));
    let table = elf[start..start + usize::from(old) * 40].to_vec();
    let copy = table[copied * 40..][..40].to_vec();
    elf.resize(elf.len().next_multiple_of(4), 0);
    let moved = (elf.len() as u32).to_le_bytes();
    elf.extend(table);
    (old..count).for_each(|_| elf.extend(&copy));
    elf[0x20..0x24].copy_from_slice(&moved);
    elf[0x30..0x32].copy_from_slice(&count.to_le_bytes());
    elf
}

/// An ELF file whose program headers are at its end, and all the same.
fn with_segments(mut elf: Vec<u8>, count: u16) -> Vec<u8> {
    let start = u32::from_le_bytes(elf[0x1c..0x20].try_into().unwrap()) as usize;
    let mut copy = elf[start..start + 32].to_vec();
    // The whole file, at a length that leaves the header valid.
    let length = elf.len() as u32;
    copy[0x10..0x14].copy_from_slice(&length.to_le_bytes());
    copy[0x04..0x08].copy_from_slice(&0_u32.to_le_bytes());
    let moved = length.next_multiple_of(4);
    elf.resize(moved as usize, 0);
    (0..count).for_each(|_| elf.extend(&copy));
    elf[0x1c..0x20].copy_from_slice(&moved.to_le_bytes());
    elf[0x2c..0x2e].copy_from_slice(&count.to_le_bytes());
    elf
}

/// A program with this number of symbols more, which all have this name.
pub fn with_symbols(count: u32, name: &str, section: u32) -> Vec<u8> {
    let mut program = rich(LARGE, Slot::A);
    let flash = LARGE.payload_address(Slot::A);
    let first = program.symbols.len() + 1;
    for at in 0..count {
        program.symbol("a", Some(section), flash + RODATA_OFFSET + at % 0x20, 1 + at % 4);
    }
    program.symbol("_defmt_version_ = 4", None, 0, 0);
    program.symbol("_defmt_encoding_ = rzcobs", None, 0, 0);
    program.symbol(name, Some(section), flash + RODATA_OFFSET, 1);
    let mut elf = program.elf();
    let word = |elf: &[u8], at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().unwrap()) as usize;
    let headers = word(&elf, 0x20);
    // The table of the symbols has type 2, and 16 bytes for each of them; the name comes first.
    let table = (headers..elf.len()).step_by(40).find(|header| word(&elf, header + 4) == 2).unwrap();
    let symbols = word(&elf, table + 0x10);
    let named = symbols + (program.symbols.len()) * 16;
    let name = elf[named..named + 4].to_vec();
    for at in first..first + count as usize {
        elf[symbols + at * 16..][..4].copy_from_slice(&name);
    }
    elf
}

#[test]
fn elf_files_that_ask_for_gigabytes() {
    let folder = folder();
    let long = "x".repeat(1 << 20);
    let json = format!(
        r#"{{"package":"p","tag":"defmt_info","data":"{}","disambiguator":"1","crate_name":"c"}}"#,
        "y".repeat(1 << 20)
    );
    // A name of a hundred letters that is a megabyte once it is demangled.
    let nested = format!("_RI{}C1a{}E", "NvC1a1b", "INvC1a1bB_B_E".repeat(60));
    let mut records = with_symbols(1, "a", RODATA);
    records.resize(1 << 20, 0);
    let mut large = rich(LARGE, Slot::A).elf();
    large.resize(64 << 20, 0);
    // The header of a section with relocations is one of those behind the program's own six.
    let many = with_sections(records.clone(), 7, 60_000);
    for (name, bytes) in [
        ("symbols that share a long name", with_symbols(20_000, &long, RODATA)),
        ("messages that share a long name", with_symbols(20_000, &json, DEFMT)),
        ("symbols without end", with_symbols(300_000, "a", RODATA)),
        ("names that grow", with_symbols(10_000, &nested, RODATA)),
        ("sections that share a name", with_sections(records.clone(), 2, 60_000)),
        ("sections that share relocations", many),
        ("segments that share bytes", with_segments(records, 60_000)),
        ("as large as it may be, with nothing behind its end", large),
        ("nothing but a header", b"\x7fELF\x01\x01\x01".to_vec()),
    ] {
        check_all(&folder, name, &bytes, &ELF);
    }
}

#[test]
fn other_files_that_ask_for_gigabytes() {
    let folder = folder();
    folder.put("passphrase", PASSPHRASE.as_bytes());
    chmod(&folder, "passphrase", 0o600);
    let of = |command: &'static str| vec![command];
    let pem = |body: &str| format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes();
    let image = folder.bytes("a.img");
    let mut patches = image.clone();
    for _ in 0..(8 << 20) / 0x58 {
        patches.extend(b"LBPA\x01");
        patches.resize(patches.len() + 0x53, 0);
    }
    let mut hex = ":0100000000FF\n".repeat((15 << 20) / 14);
    let _ = writeln!(hex, ":00000001FF");
    let mut recording = "{\"lifeboot_recording\":1}\n".to_owned();
    recording.push_str(&"{\"at_us\":0,\"bytes\":\"\"}\n".repeat((30 << 20) / 23));
    let uf2 = crate::first_flash::first_flash(lifeboot_example_boards::BOARDS[2]).to_file(Format::Uf2).unwrap();
    let deep = |open: &str, count: usize| open.repeat(count).into_bytes();
    let keys = ["inspect a.img --key FILE", "sign a.elf --version 1.2.3 --key FILE -o out"];
    let cases: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("an image with patches without end", patches, of("inspect FILE")),
        ("Intel HEX, a byte a line", hex.clone().into_bytes(), of("flash FILE")),
        ("Intel HEX, a byte a line, of a bootloader", hex.into_bytes(), of("keys --bootloader FILE")),
        ("UF2, repeated", uf2.repeat((15 << 20) / uf2.len()), of("flash FILE")),
        ("a binary without end", vec![0xff; 15 << 20], of("flash FILE")),
        ("a recording without content", recording.into_bytes(), of("monitor --replay FILE")),
        (
            "a recording that is nested",
            [b"{\"lifeboot_recording\":1}\n".to_vec(), deep("[", 1 << 20)].concat(),
            of("monitor --replay FILE"),
        ),
        ("a state that is nested", deep("{\"a\":", 100_000), of("inspect a.img --against FILE")),
        ("a state that is no text", vec![0xff; 1 << 20], of("inspect a.img --against FILE")),
        ("a large key", pem(&"AAAA".repeat(200_000)), keys.to_vec()),
        ("a key that is nested", pem(&"MIID6DCC".repeat(100_000)), keys.to_vec()),
        ("keys without end", deep("-----BEGIN PUBLIC KEY-----", 39_000), keys.to_vec()),
        ("a passphrase without end", vec![b'a'; 1 << 20], of("keygen new.pem --passphrase-file FILE")),
    ];
    for (name, bytes, readers) in cases {
        check_all(&folder, name, &bytes, &readers);
    }
    for settings in [
        deep("[", 200_000),
        [b"key = ".to_vec(), deep("[", 200_000)].concat(),
        deep("a.", 200_000),
        deep("{a=", 200_000),
    ] {
        folder.put("lifeboot.toml", &settings);
        check(&folder, "settings", "sign a.elf -o out");
        check(&folder, "settings", "doctor");
    }
    folder.put("lifeboot.toml", b"");
    let salt = [9_u8; 16].as_slice().try_into().unwrap();
    let memory = ScryptParams { salt, cost_parameter: 1 << 17, block_size: 8, parallelization: 1, key_length: None };
    crafted(&folder, Kdf::Scrypt(memory));
    check(&folder, "a costly key", "sign a.elf --version 1.2.3 --key crafted.pem --passphrase-file passphrase");
}

/// Every byte of a file's beginning changed, and the file cut off, at places that differ from file to file.
#[test]
fn damaged_files() {
    let folder = folder();
    // xorshift (Marsaglia 2003), for places that are the same in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let uf2 = crate::first_flash::first_flash(lifeboot_example_boards::BOARDS[2]).to_file(Format::Uf2).unwrap();
    folder.put("first.uf2", &uf2);
    for name in [
        "a.elf",
        "a.img",
        "boot.elf",
        "key.pem",
        "key.pub.pem",
        "status.json",
        "first.hex",
        "first.uf2",
        "session.jsonl",
    ] {
        let whole = folder.bytes(name);
        for round in 0..12 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 3 {
                let place = random() % bytes.len().min(if round % 2 == 0 { 128 } else { usize::MAX });
                bytes[place] = [0, 0xff, random() as u8][random() % 3];
            }
            if round % 4 == 3 {
                bytes.truncate(random() % bytes.len());
            }
            let reader = READERS[random() % READERS.len()];
            let usual = match name {
                "a.elf" => ELF[random() % ELF.len()],
                "a.img" => "inspect FILE",
                "boot.elf" => "provision FILE a.img -o out.hex",
                "key.pem" => "sign a.elf --version 1.2.3 --key FILE -o out",
                "key.pub.pem" => "inspect a.img --key FILE",
                "status.json" => "inspect a.img --against FILE",
                "session.jsonl" => "monitor --replay FILE",
                _ => "keys --bootloader FILE",
            };
            check_all(&folder, name, &bytes, &[usual, reader]);
        }
    }
}

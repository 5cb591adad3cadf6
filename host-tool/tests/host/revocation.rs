//! Keys that an image revokes, as a signer names them and as files show them; and the keys of a bootloader's file.

use crate::command_line::{Folder, SIGN};
use crate::program::{LARGE, Program};
use crate::reported::line;
use lifeboot_artifact::hex;
use lifeboot_artifact::keys::PublicKey;
use lifeboot_project::key_files;
use std::fs;

/// A folder with more keys than one.
fn folder() -> Folder {
    let folder = Folder::new();
    ["old", "older", "oldest", "ancient"].iter().for_each(|name| drop(folder.done(&format!("keygen {name}.pem"))));
    folder
}

fn public(folder: &Folder, name: &str) -> PublicKey {
    key_files::public(&folder.0.path().join(format!("{name}.pub.pem"))).unwrap()
}

fn id(folder: &Folder, name: &str) -> String {
    hex(&public(folder, name).id())
}

/// The keys that an image file revokes, read from its bytes.
fn revoked(folder: &Folder, image: &str) -> Vec<String> {
    folder.bytes(image)[0x60..0x6c].chunks(4).map(hex).filter(|id| id != "00000000").collect()
}

#[test]
fn sign_names_keys_by_file_or_id_and_says_what_it_means() {
    let folder = folder();
    let [old, older] = ["old", "older"].map(|name| id(&folder, name));
    let said = folder.done(&format!("{SIGN} --revoke old.pub.pem --revoke {older} --revoke {old}"));
    let last = said.lines().last().unwrap();
    let meaning = "a device that confirms this image never again takes what is signed so; nothing undoes it";
    assert_eq!(last, format!("revokes {old}, {older}: {meaning}"));
    assert_eq!(revoked(&folder, "a.img"), [old.clone(), older.clone()]);
    // The signature covers it.
    assert!(
        folder
            .done("inspect a.img --key key.pub.pem")
            .contains(&format!("\nrevokes      {old}, {older} irreversibly, once it is"))
    );
    let mut bytes = folder.bytes("a.img");
    bytes[0x60] ^= 1;
    folder.put("b.img", &bytes);
    assert!(
        folder.failed("inspect b.img --key key.pub.pem").starts_with("error: the signature does not fit the image\n")
    );
    let report = line("inspect", &folder.run("inspect a.img --json"));
    assert_eq!(report["revokes"], serde_json::json!([old, older]));

    // Without one, nothing is printed, and the bytes are zero.
    assert!(!folder.done(SIGN).contains("revokes"));
    assert_eq!(revoked(&folder, "a.img"), [""; 0]);
    assert!(!folder.done("inspect a.img").contains("revokes"));
    folder.done(&format!("{SIGN} --revoke old.pub.pem -o b.img"));
    assert!(folder.done("diff a.img b.img").contains(&format!("revokes      no key -> {old}\n")));
}

#[test]
fn a_key_that_stays_elsewhere_signs_it_as_well() {
    let folder = folder();
    let sign = "sign a.elf --version 1.2.3 --public-key key.pub.pem --revoke old.pub.pem";
    let said = folder.done(&format!("{sign} --external-bytes bytes"));
    let old = id(&folder, "old");
    assert!(said.contains(&format!("\nrevokes {old}: ")), "{said}");
    let report = line("sign", &folder.run(&format!("{sign} --external-bytes bytes --json")));
    assert_eq!(report["revokes"], serde_json::json!([old]));
    let key = key_files::private(&folder.0.path().join("key.pem")).unwrap();
    folder.put("signature", &key.sign(&folder.bytes("bytes")));
    folder.done(&format!("{sign} --signature signature"));
    assert_eq!(revoked(&folder, "a.img"), std::slice::from_ref(&old));
    // To the byte what the key itself would have signed.
    folder.done("sign a.elf --version 1.2.3 --key key.pem --revoke old.pub.pem -o b.img");
    assert_eq!(folder.bytes("a.img"), folder.bytes("b.img"));
    let own =
        folder.failed("sign a.elf --version 1.2.3 --public-key key.pub.pem --revoke key.pub.pem --external-bytes x");
    assert!(own.contains("would revoke key ") && !folder.exists("x"), "{own}");
}

#[test]
fn the_environment_and_the_settings_name_them_too() {
    let folder = folder();
    fs::create_dir(folder.0.path().join("deep")).unwrap();
    let [old, older] = ["old", "older"].map(|name| id(&folder, name));
    folder.put("lifeboot.toml", format!("key = \"key.pem\"\nrevoke = \"old.pub.pem, {older}\"\n").as_bytes());
    let signed = |line: &str, variable: &str| {
        let mut command = folder.command(line);
        if !variable.is_empty() {
            command.env("LIFEBOOT_REVOKE", variable);
        }
        let output = command.current_dir(folder.0.path().join("deep")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        revoked(&folder, "a.img")
    };
    let sign = "sign ../a.elf --version 1.2.3";
    assert_eq!(signed(sign, ""), [old.clone(), older.clone()]);
    assert_eq!(signed(sign, "../older.pub.pem"), std::slice::from_ref(&older));
    assert_eq!(signed(&format!("{sign} --revoke ../old.pem"), &older), [old]);
}

#[test]
fn a_bootloaders_file_is_listed_as_it_was_built() {
    let folder = folder();
    let names = ["older", "key", "ancient", "old"];
    let keys = names.map(|name| public(&folder, name).to_bytes());
    folder.put("lifeboot-bootloader", &Program::bootloader(LARGE, &keys, false).elf());
    let report = line("keys", &folder.run("keys --bootloader lifeboot-bootloader old.pub.pem --key key.pem --json"));
    let listed: Vec<&str> = report["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(listed, names.map(|name| id(&folder, name)), "in their order");
    let files: Vec<Option<&str>> = report["keys"].as_array().unwrap().iter().map(|key| key["file"].as_str()).collect();
    assert_eq!(files, [None, Some("key.pub.pem"), None, Some("old.pub.pem")]);
    assert!(report["keys"].as_array().unwrap().iter().all(|key| key["state"] == "accepted"));
    // The same of what is flashed, in every format.
    folder.done(SIGN);
    let first = folder.done("keys --bootloader lifeboot-bootloader");
    for format in ["elf", "hex", "bin"] {
        folder.done(&format!("provision lifeboot-bootloader a.img -o first.{format}"));
        let same = folder.done(&format!("keys --bootloader first.{format}"));
        assert_eq!(same.replace(&format!("first.{format}"), "lifeboot-bootloader"), first);
    }
}

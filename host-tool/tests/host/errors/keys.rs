//! The list of errors: key files and passphrases.

use super::chapter::Chapter;
use crate::command_line::SIGN;
use crate::encrypted_keys::{PASSPHRASE, at_a_terminal, chmod, crafted, folder};
use crate::error_list::List;
use crate::key_files::{ELLIPTIC, OPENSSL_PUBLIC, WEAK};
use lifeboot_artifact::keys::KeyError;
use lifeboot_host_tool::Error;
use pkcs8::pkcs5::pbes2::Pbkdf2Params;

pub fn list(list: &mut List) {
    let mut chapter = Chapter::new(list, "Keys", folder());
    chapter.fails("A key of that name is there already", "keygen key.pem");
    chapter.fails("A new key, to stdout", "keygen -");
    chapter.folder.put("open.pem", &chapter.folder.bytes("key.pem"));
    chmod(&chapter.folder, "open.pem", 0o640);
    let sign = |key: &str| SIGN.replace("key.pem", key);
    chapter.fails("The key's file can be read by a group", &sign("open.pem"));
    chapter.folder.put("text.pem", b"no key");
    chapter.fails("A file that is no PEM file", &sign("text.pem"));
    chapter.fails("A public key where the private one is needed", &sign("key.pub.pem"));
    chapter
        .folder
        .put("openssh.pem", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");
    chmod(&chapter.folder, "openssh.pem", 0o600);
    chapter.fails("A key of openssh's own form", &sign("openssh.pem"));
    chapter.folder.put("damaged.pem", OPENSSL_PUBLIC.replace("JvM3", "Jv3").as_bytes());
    chapter.folder.done(SIGN);
    chapter.fails("A damaged key", "inspect a.img --key damaged.pem");
    chapter.folder.put("ec.pem", ELLIPTIC.as_bytes());
    chapter.fails("A key of another algorithm", "inspect a.img --key ec.pem");
    let two = [OPENSSL_PUBLIC.as_bytes(), &chapter.folder.bytes("key.pub.pem")].concat();
    chapter.folder.put("two.pem", &two);
    chapter.fails("A file with two keys", "inspect a.img --key two.pem");
    chapter.fails("Two keys to revoke in one file", &format!("{SIGN} --revoke two.pem"));
    chapter.folder.put("weak.pem", WEAK.as_bytes());
    chapter.fails("A key that proves nothing", "inspect a.img --key weak.pem");

    let revoke = |what: &str| format!("{SIGN} {what}");
    chapter.fails("The key that signs is to be revoked", &revoke("--revoke key.pub.pem"));
    let four = ["11111111", "22222222", "33333333", "44444444"].map(|id| format!("--revoke {id}")).join(" ");
    chapter.fails("More keys to revoke than an image can", &revoke(&four));
    chapter.fails("An id that no key has", &revoke("--revoke 00000000"));
    chapter.fails("A key to revoke that there is not", &revoke("--revoke 1234567"));
    chapter.fails("An epoch that would use up those of later images", &revoke("--epoch 4294967295"));
    chapter.folder.put("blank.bin", &[0xff; 64]);
    chapter.fails("Keys of a file that is no bootloader", "keys --bootloader blank.bin");
    chapter.fails("Keys of firmware", "keys --bootloader a.elf");

    chapter.folder.done("keygen secret.pem --encrypt --passphrase-file passphrase");
    let sign = sign("secret.pem");
    chapter.fails("An encrypted key, and no passphrase", &sign);
    chapter.fails("An encrypted private key where the public one is needed", "inspect a.img --key secret.pem");
    chapter.folder.put("wrong", b"open sesam\n");
    chmod(&chapter.folder, "wrong", 0o600);
    chapter.fails("The passphrase of another key", &format!("{sign} --passphrase-file wrong"));
    chmod(&chapter.folder, "wrong", 0o644);
    chapter.fails("The passphrase's file can be read by everybody", &format!("{sign} --passphrase-file wrong"));
    chapter.folder.put("empty", b"\n");
    chmod(&chapter.folder, "empty", 0o600);
    chapter.fails("The passphrase's file is empty", &format!("{sign} --passphrase-file empty"));
    crafted(&chapter.folder, Pbkdf2Params::hmac_sha256(100_000_000, &[9; 16]).unwrap().into());
    let line = SIGN.replace("key.pem", "crafted.pem") + " --passphrase-file passphrase";
    chapter.fails("An encrypted key that asks for minutes of work", &line);

    for (circumstances, line, typed) in [
        ("Another passphrase the second time", "keygen other.pem --encrypt", &[PASSPHRASE, "something else"][..]),
        ("Nothing typed", "keygen other.pem --encrypt", &[""]),
    ] {
        let (shown, status) = at_a_terminal(&chapter.folder, line, typed);
        let said = shown.split_once("error: ").unwrap().1;
        chapter.list.add_text(circumstances, line, &format!("error: {said}"), status.unwrap());
    }

    let terminal = Error::Terminal("No such device or address (os error 6)".to_owned());
    chapter.list.add_words("A terminal that nobody can type at", &terminal);
    chapter.list.add_words("A system without random numbers", &KeyError::Random);
}

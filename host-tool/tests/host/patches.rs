//! Patches in image files, by the commands that make and show them.

use crate::command_line::Folder;
use crate::flashing_commands;
use crate::images::rich;
use crate::program::*;
use crate::reported::lines;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;

/// A folder with the image of version 1.2.3 in `old.img`, another program in `c.elf`, and its image with a patch in `new.img`.
fn folder() -> Folder {
    let folder = flashing_commands::folder(LARGE);
    folder.done("sign a.elf --version 1.2.3 --key key.pem -o old.img");
    let mut changed = rich(LARGE, Slot::A);
    changed.put(RODATA, 0x10, b"changed");
    folder.put("c.elf", &changed.elf());
    folder.done("sign c.elf --version 1.3.0 --key key.pem --from old.img -o new.img");
    folder
}

#[test]
fn sign_puts_a_patch_into_the_file_and_inspect_shows_it() {
    let folder = folder();
    let [old, new] = ["old.img", "new.img"].map(|name| ImageFile::from_bytes(&folder.bytes(name)).unwrap());
    let [patch] = new.patches() else { panic!("{:?}", new.patches()) };
    let whole = [new.table(), new.payload()].concat();
    assert_eq!(patch.apply(&old, whole.len()).unwrap(), whole);
    assert_eq!((patch.from(), patch.digest()), (old.header().version, &old.header().digest));

    // The image itself is the same as without.
    folder.done("sign c.elf --version 1.3.0 --key key.pem -o plain.img");
    assert_eq!([&new.image_bytes()[..], b"LBMP", &new.board().map_bytes()].concat(), folder.bytes("plain.img"));
    let digits: String = lifeboot_artifact::hex(&old.header().digest).chars().take(8).collect();
    let line = format!("from 1.2.3 ({digits}…): {} bytes instead of {}", patch.bytes().len(), whole.len());
    let said = folder.done("sign c.elf --version 1.3.0 --key key.pem --from old.img -o new.img");
    assert!(said.contains(&format!("\npatch {line}\n")), "{said}");
    let said = folder.done("inspect new.img");
    assert!(said.contains(&format!("\npatch        {line}\n")), "{said}");
    let output = folder.run("inspect new.img --json");
    let report = &lines("inspect", &output)[0]["patches"][0];
    assert_eq!((&report["from"], &report["damaged"]), (&"1.2.3".into(), &false.into()));
}

#[test]
fn patches_from_more_than_one_image_go_into_one_file() {
    let folder = folder();
    folder.done("sign b.elf --bound --version 1.2.4 --key key.pem -o other.img");
    folder.done("sign c.elf --version 1.3.0 --key key.pem --from old.img --from other.img --from old.img -o new.img");
    let new = ImageFile::from_bytes(&folder.bytes("new.img")).unwrap();
    let from: Vec<String> = new.patches().iter().map(|patch| patch.from().to_string()).collect();
    assert_eq!(from, ["1.2.4", "1.2.3"], "one for each image");
}

#[test]
fn a_damaged_patch_is_shown_as_such_and_the_image_is_as_good_as_ever() {
    let folder = folder();
    let mut bytes = folder.bytes("new.img");
    *bytes.last_mut().unwrap() ^= 0x80;
    folder.put("new.img", &bytes);
    assert!(folder.done("inspect new.img --key key.pub.pem").contains("; damaged, and not used\n"));
    for (cut, reason) in [(1, "a patch in it is cut off"), (0, "there are bytes behind its end")] {
        let mut bytes = folder.bytes("new.img");
        bytes.truncate(bytes.len() - cut);
        bytes.extend(vec![0; 1 - cut]);
        folder.put("bad.img", &bytes);
        let said = folder.failed("inspect bad.img");
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn what_no_patch_can_be_made_from_is_named() {
    let folder = folder();
    folder.put("small.elf", &rich(SMALL, Slot::A).elf());
    folder.done("sign small.elf --version 1.0.0 --key key.pem -o small.img");
    let said = folder.failed("sign c.elf --version 1.3.0 --key key.pem --from small.img");
    assert!(said.contains(&format!("the image is for board {}, not {}", SMALL.name, LARGE.name)), "{said}");
    assert!(
        folder.failed("sign c.elf --version 1.3.0 --key key.pem --from a.elf").contains("a.elf: not an image file")
    );
    assert!(folder.failed("sign c.elf --version 1.3.0 --key key.pem --from none.img").contains("cannot read none.img"));
    assert!(folder.refused("push new.img --port x --whole --from old.img", 2).contains("cannot be used with"));
}

/// The first flash has no use for a patch.
#[test]
fn what_is_provisioned_is_the_image_alone() {
    let folder = folder();
    folder.done("sign c.elf --version 1.3.0 --key key.pem -o plain.img");
    for name in ["plain", "new"] {
        folder.done(&format!("provision lifeboot-bootloader {name}.img -o {name}.hex"));
    }
    assert_eq!(folder.bytes("plain.hex"), folder.bytes("new.hex"));
}

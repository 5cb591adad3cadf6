//! Both linkers that firmware authors use, rust-lld and GNU ld, with C and with Rust: what each makes of a program can be signed
//! without help, and rebased it is what the same linker makes for slot B.

use anyhow::{Context, Result, ensure};
use lifeboot_artifact::relocations::RelocationError;
use lifeboot_artifact::sign::{Program, SignError};
use lifeboot_core::Slot;
use lifeboot_tests::product::{self, MICROBIT, STM32F405, Target};
use lifeboot_tests::setup;
use std::fs;
use std::path::Path;
use std::process::Command;

/// C firmware and its linker script.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/linkers");

#[derive(Clone, Copy, Debug)]
enum Linker {
    /// As `arm-none-eabi-gcc` calls it.
    Gnu,
    /// rust-lld.
    Lld,
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn core(target: &Target) -> &'static str {
    if target.triple == "thumbv6m-none-eabi" { "-mcpu=cortex-m0" } else { "-mcpu=cortex-m4" }
}

/// Compiles and links the C firmware for both slots; the ELF files.
fn linked(target: &Target, linker: Linker, options: &[&str], script: &str) -> Result<[Vec<u8>; 2]> {
    let gcc = setup::arm_gcc()?;
    let folder = tempfile::tempdir()?;
    let object = folder.path().join("firmware.o");
    let compiler = ["-mthumb", "-O2", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-c"];
    let source = Path::new(SOURCES).join("firmware.c");
    succeed(Command::new(&gcc).arg(core(target)).args(compiler).args(options).arg(source).arg("-o").arg(&object))?;
    // Division, and Armv6-M's jump tables.
    let output = Command::new(&gcc).args([core(target), "-mthumb", "-print-libgcc-file-name"]).output()?;
    let library = String::from_utf8(output.stdout)?;
    let script = script.replace("INCLUDE memory.x", "");
    let link = |slot: Slot| -> Result<Vec<u8>> {
        let (map, elf) = (folder.path().join(format!("{slot}.x")), folder.path().join(format!("{slot}.elf")));
        fs::write(&map, format!("{}{script}", target.board.memory_x(slot)))?;
        let mut command = match linker {
            Linker::Gnu => Command::new(gcc.with_file_name("arm-none-eabi-ld")),
            Linker::Lld => product::rust_lld()?,
        };
        let arguments = ["--emit-relocs", "--nmagic", "--gc-sections", "-T"];
        succeed(command.args(arguments).arg(&map).arg(&object).arg(library.trim_end()).arg("-o").arg(&elf))?;
        Ok(fs::read(elf)?)
    };
    Ok([link(Slot::A)?, link(Slot::B)?])
}

fn script() -> String {
    fs::read_to_string(Path::new(SOURCES).join("link.x")).unwrap()
}

/// Signs without the relinked program's help, then with it. Returns the number of entries.
fn signed(target: &Target, [a, b]: &[Vec<u8>; 2]) -> Result<usize, SignError> {
    Program::read(a, target.board, false)?;
    Ok(Program::read_and_prove(a, target.board, b)?.table().len())
}

#[test]
fn c_firmware_is_rebased_to_what_either_linker_makes_for_slot_b() {
    for target in [&MICROBIT, &STM32F405] {
        for linker in [Linker::Gnu, Linker::Lld] {
            for (options, least) in [(&["-DWITH_DATA"][..], 20), (&["-DWITH_DATA", "-mslow-flash-data"], 20), (&[], 10)]
            {
                let is_m0 = target.triple == MICROBIT.triple;
                if is_m0 && options.contains(&"-mslow-flash-data") {
                    // Not for this core.
                    continue;
                }
                let entries = linked(target, linker, options, &script()).unwrap();
                let entries = signed(target, &entries);
                let what = format!("{}, {linker:?}, {options:?}", target.board.name);
                assert!(entries.as_ref().is_ok_and(|entries| *entries >= least), "{what}: {entries:?}");
            }
        }
    }
}

/// The example firmware, with its function in RAM that calls into flash.
#[test]
fn rust_firmware_that_gnu_ld_has_linked_is_rebased_to_what_it_makes_for_slot_b() {
    let linker = setup::arm_gcc().unwrap().with_file_name("arm-none-eabi-ld");
    for target in [&MICROBIT, &STM32F405] {
        let elf = |slot| fs::read(product::firmware_linked_by(&linker, target, slot).unwrap()).unwrap();
        let entries = signed(target, &Slot::BOTH.map(elf)).unwrap();
        assert!(entries > 100, "only {entries} relocations");
    }
}

/// The same mistake in either linker's words: a number that a script makes of two addresses.
#[test]
fn a_number_of_the_scripts_is_refused_or_written_as_one() {
    let uses = "extern const char _image_size; const char *const size = &_image_size;";
    for linker in [Linker::Gnu, Linker::Lld] {
        let with = |definition: &str| {
            let folder = tempfile::tempdir().unwrap();
            let header = folder.path().join("uses.h");
            fs::write(&header, format!("{uses}\n__attribute__((used)) static const char *const *keep = &size;\n"))
                .unwrap();
            let options = ["-include", header.to_str().unwrap()];
            let script = script().replace("KEEP(*(.vector_table))", "KEEP(*(.vector_table)) KEEP(*(.rodata.size))");
            linked(&STM32F405, linker, &options, &format!("{script}{definition}\n")).unwrap()
        };
        let as_number = with("_image_size = ABSOLUTE(SIZEOF(.text) + SIZEOF(.rodata));");
        assert!(signed(&STM32F405, &as_number).is_ok(), "{linker:?}");
        let looks_like_an_address = with("_image_size = ABSOLUTE(ADDR(.text) + 6);");
        let error = Program::read(&looks_like_an_address[0], STM32F405.board, false).unwrap_err();
        assert!(matches!(error, SignError::Relocation(RelocationError::NumberOrAddress(_))), "{linker:?}: {error}");
        let [a, b] = &looks_like_an_address;
        assert!(Program::read_and_prove(a, STM32F405.board, b).unwrap().is_proved(), "{linker:?}");
    }
}

//! Builds everything that is flashed, as a user would: bootloader and firmware by cargo, keys and images by the host
//! tool.

use crate::setup;
use anyhow::{Context, Result, bail, ensure};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::flash_file::Format;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_artifact::sign::{Options, Program};
use lifeboot_board::{BoardDescription, Verifier};
use lifeboot_core::KeyIds;
use lifeboot_core::image::Header;
use lifeboot_core::layout::Board;
use lifeboot_core::rebase::Kind;
use lifeboot_core::{Slot, Version};
use lifeboot_project::key_files;
use object::{Object, ObjectSection, ObjectSegment};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{env, fs};

/// A board, as cargo names it.
pub struct Target {
    /// Its flash map.
    pub board: &'static Board,
    /// Its feature of the example firmware, and the name of its board file.
    pub feature: &'static str,
    /// The bootloader's feature for its chip.
    pub chip: &'static str,
    /// Its compilation target.
    pub triple: &'static str,
}

/// The micro:bit.
pub const MICROBIT: Target = Target {
    board: &lifeboot_example_boards::MICROBIT,
    feature: "microbit",
    chip: "nrf51",
    triple: "thumbv6m-none-eabi",
};

/// The STM32F405.
pub const STM32F405: Target = Target {
    board: &lifeboot_example_boards::STM32F405,
    feature: "stm32f405",
    chip: "stm32f4",
    triple: "thumbv7em-none-eabi",
};

/// The Raspberry Pi Pico.
pub const PICO: Target =
    Target { board: &lifeboot_example_boards::PICO, feature: "pico", chip: "rp2040", triple: "thumbv6m-none-eabi" };

/// The verifier of bootloaders, and of what runs on the host, but for figures: the feature `compact` chooses it for all tests.
pub const VERIFIER: Verifier = if cfg!(feature = "compact") { Verifier::Compact } else { Verifier::Dalek };

/// The bootloader's feature that is on by default.
pub const RECOVERY: &str = "recovery";

/// The package of the example firmware.
const FIRMWARE: &str = "lifeboot-firmware-example";

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository")
}

/// Cargo's folder for what it builds.
pub fn target_folder() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The folder of everything that is made here.
pub fn output() -> Result<PathBuf> {
    let folder = target_folder().join("lifeboot");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// A throw-away key pair, made on first use, marked as a demo's.
pub fn demo_key(name: &str) -> Result<(PrivateKey, PathBuf)> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = locked(&MAKING);
    let folder = output()?.join("keys");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.pem"));
    if !path.exists() {
        key_files::generate(&path, true)?;
    }
    key_files::public(&key_files::public_path(&path))?;
    Ok((key_files::private(&path)?, key_files::public_path(&path)))
}

/// Builds the bootloader for these public key files; returns its ELF file, which later builds keep.
pub fn bootloader(target: &Target, public_keys: &[PathBuf]) -> Result<PathBuf> {
    bootloader_with(target, public_keys, &[])
}

/// As [`bootloader`], with these features beside the board's.
pub fn bootloader_with(target: &Target, public_keys: &[PathBuf], features: &[&str]) -> Result<PathBuf> {
    bootloader_of(VERIFIER, target, public_keys, &[&[RECOVERY], features].concat())
}

/// As [`bootloader`], with this verifier and of its features just these, so without [`RECOVERY`] if it is not among them.
pub fn bootloader_of(
    verifier: Verifier,
    target: &Target,
    public_keys: &[PathBuf],
    features: &[&str],
) -> Result<PathBuf> {
    let list = env::join_paths(public_keys)?;
    let mut name = format!("bootloader-{}", target.feature);
    for part in verifier.feature().iter().chain(features) {
        name.extend(["-", part]);
    }
    for key in public_keys {
        let file = key.file_stem().context("a key's file has a name")?;
        name.extend(["-", file.to_str().context("odd path")?]);
    }
    let list = list.to_str().context("odd path")?;
    let board = target.board_file_with(verifier)?;
    keep(name, || build_bootloader(&board, target, features, list))
}

/// Builds the bootloader for the board that another file describes, with the target's chip; its file gets this name.
pub fn bootloader_for(board: &Path, name: &str, target: &Target, public_key: &Path) -> Result<PathBuf> {
    let key = public_key.to_str().context("odd path")?;
    keep(format!("bootloader-{name}"), || build_bootloader(board, target, &[RECOVERY], key))
}

fn build_bootloader(board: &Path, target: &Target, features: &[&str], keys: &str) -> Result<PathBuf> {
    let arguments = ["--no-default-features", "--package", "lifeboot-bootloader"];
    let verifier = lifeboot_board::read(board)?.board.verifier;
    let features: Vec<_> =
        [target.chip].into_iter().chain(verifier.feature()).chain(features.iter().copied()).collect();
    let board = board.to_str().context("odd path")?;
    build_with(target, &arguments, &features, &[("LIFEBOOT_BOARD", board), ("LIFEBOOT_KEYS", keys)])
}

impl Target {
    /// Returns the board's file.
    pub fn board_file(&self) -> PathBuf {
        root().join("firmware-example/boards").join(self.feature).with_extension("toml")
    }

    /// Returns the board's file, with this verifier.
    fn board_file_with(&self, verifier: Verifier) -> Result<PathBuf> {
        if verifier == Verifier::default() {
            return Ok(self.board_file());
        }
        let file = output()?.join(format!("{}-{}.toml", self.feature, verifier.name()));
        let text = format!("verifier = \"{}\"\n{}", verifier.name(), fs::read_to_string(self.board_file())?);
        // An existing file is left alone, as another thread's build may be reading it.
        if fs::read_to_string(&file).ok().as_deref() != Some(&*text) {
            fs::write(&file, text)?;
        }
        Ok(file)
    }

    /// Returns what the board's file says.
    pub fn description(&self) -> Result<BoardDescription> {
        Ok(lifeboot_board::read(&self.board_file())?.board)
    }
}

/// Builds the example firmware, linked for `slot`, with these features beside the board's; returns its ELF file, which
/// later builds keep.
pub fn firmware(target: &Target, slot: Slot, features: &[&str]) -> Result<PathBuf> {
    let mut name = format!("firmware-{}-{slot}", target.feature);
    for feature in features {
        name.extend(["-", feature]);
    }
    let slot = slot.to_string();
    let features = [&[target.feature], features].concat();
    keep(name, || build_with(target, &["--package", FIRMWARE], &features, &[("LIFEBOOT_LINK_SLOT", &slot)]))
}

/// Builds the example firmware, linked for `slot` by this linker, which its name makes known to rustc.
pub fn firmware_linked_by(linker: &Path, target: &Target, slot: Slot) -> Result<PathBuf> {
    let linker = linker.to_str().context("odd path")?;
    let name = format!("firmware-{}-{slot}-linked-otherwise", target.feature);
    keep(name, || {
        let features = ["rustc", "--features", target.feature, "--target", target.triple, "--profile", "embedded"];
        let package = ["--package", FIRMWARE, "--", &format!("-Clinker={linker}")];
        setup::rust_target(target.triple)?;
        cargo(&[&features[..], &package].concat(), &[("LIFEBOOT_LINK_SLOT", &slot.to_string())])?;
        Ok(target_folder().join(target.triple).join("embedded").join(FIRMWARE))
    })
}

/// Builds the example firmware as one that takes no patches.
pub fn firmware_without_delta(target: &Target) -> Result<PathBuf> {
    let name = format!("firmware-{}-A-without-delta", target.feature);
    let package = ["--no-default-features", "--package", FIRMWARE];
    keep(name, || build_with(target, &package, &[target.feature], &[("LIFEBOOT_LINK_SLOT", "A")]))
}

/// Builds the program that is weighed with these features: what an updater adds to it.
pub fn with_updater(target: &Target, features: &[&str]) -> Result<PathBuf> {
    let name = format!("added-flash-{}-{}", target.feature, features.join("-").replace(',', "-"));
    let features = [&[target.feature], features].concat();
    keep(name, || build_with(target, &["--package", "lifeboot-added-flash"], &features, &[]))
}

/// Builds something and copies it to a file of its own, once a process. All variants are built in one folder, so each
/// is built and copied before the next. A caller whose file exists already does not wait for the others.
fn keep(name: String, build: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    static VARIANTS: Mutex<BTreeMap<PathBuf, Arc<Mutex<bool>>>> = Mutex::new(BTreeMap::new());
    static BUILDING: Mutex<()> = Mutex::new(());
    let kept = output()?.join(name + ".elf");
    let variant = locked(&VARIANTS).entry(kept.clone()).or_default().clone();
    let mut is_kept = locked(&variant);
    if !*is_kept {
        let _alone = locked(&BUILDING);
        // Whole in any case: another process may be reading the last one.
        let whole = kept.with_extension(process::id().to_string());
        let moved = fs::copy(build()?, &whole).and_then(|_| fs::rename(&whole, &kept));
        moved.with_context(|| format!("cannot keep {}", kept.display()))?;
        *is_kept = true;
    }
    Ok(kept)
}

/// A build that failed in another test has left nothing half-written in it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Builds the command-line tool, once a process; returns its file.
pub fn host_tool() -> Result<PathBuf> {
    static BUILT: Mutex<bool> = Mutex::new(false);
    let mut built = locked(&BUILT);
    if !*built {
        // As `cargo test` of the workspace has built it already, with the features that its tests want of what it depends on:
        // a small test makes cargo count those in. By itself, all that it depends on would be built once more.
        let incremental = env::var("CARGO_INCREMENTAL").ok();
        let same = incremental.as_deref().map(|value| ("CARGO_INCREMENTAL", value));
        cargo(&["build", "--workspace", "--bin", "lifeboot", "--test", "patch"], same.as_slice())?;
        *built = true;
    }
    Ok(target_folder().join("debug/lifeboot"))
}

/// Builds the compact verifier as a program that is only looked at: all of its functions, with no link-time optimisation, so
/// that the library holds machine code. Returns its ELF file.
pub fn compact_verifier(triple: &str) -> Result<PathBuf> {
    setup::rust_target(triple)?;
    // Apart from other builds, which make the same library of bitcode.
    let folder = output()?.join("compact-verifier");
    let target_folder = folder.to_str().context("odd path")?;
    let package = ["rustc", "--package", "lifeboot-compact", "--lib", "--target", triple, "--profile", "embedded"];
    let options = ["--config", "profile.embedded.lto=false", "--target-dir", target_folder];
    cargo(&[&package[..], &options].concat(), &[])?;
    let library = folder.join(triple).join("embedded/liblifeboot_compact.rlib");
    let elf = folder.join(triple).with_extension("elf");
    // What it calls of the core library is not linked: nothing that is proved calls it.
    let arguments = ["--unresolved-symbols=ignore-all", "--entry=0", "--whole-archive"];
    let linked =
        rust_lld()?.args(arguments).arg(&library).arg("-o").arg(&elf).output().context("cannot run rust-lld")?;
    ensure!(linked.status.success(), "rust-lld failed:\n{}", String::from_utf8_lossy(&linked.stderr));
    Ok(elf)
}

/// The linker that comes with the pinned toolchain, as rustc calls it.
pub fn rust_lld() -> Result<Command> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).current_dir(root()).output()?;
    let library = PathBuf::from(String::from_utf8(output.stdout)?.trim_end());
    let mut command = Command::new(library.with_file_name("bin").join("rust-lld"));
    command.args(["-flavor", "gnu"]);
    Ok(command)
}

/// Builds with these arguments, the last of which is the package.
fn build_with(target: &Target, arguments: &[&str], features: &[&str], environment: &[(&str, &str)]) -> Result<PathBuf> {
    setup::rust_target(target.triple)?;
    let features = features.join(",");
    let board = ["--features", &features, "--target", target.triple, "--profile", "embedded"];
    cargo(&[&["build"], arguments, &board].concat(), environment)?;
    let package = arguments.last().context("no package is named")?;
    Ok(target_folder().join(target.triple).join("embedded").join(package))
}

/// What of the environment is no matter of a build that a test starts: it would make another bootloader, or everything anew.
pub const NOT_FOR_BUILDS: [&str; 4] = [
    // They would replace the flags of .cargo/config.toml, which choose the compact SHA-2.
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    // It would make another bootloader.
    "CARGO_INCREMENTAL",
    // It is set where the tests' times are measured, and build scripts look at it.
    "RUSTC_BOOTSTRAP",
];

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    NOT_FOR_BUILDS.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Signs firmware.
pub fn sign(target: &Target, elf: &Path, version: Version, epoch: u32, key: &PrivateKey) -> Result<ImageFile> {
    sign_revoking(target, elf, (version, epoch), key, KeyIds::NONE)
}

/// Signs firmware that revokes keys with its confirm.
pub fn sign_revoking(
    target: &Target,
    elf: &Path,
    (version, epoch): (Version, u32),
    key: &PrivateKey,
    revokes: KeyIds,
) -> Result<ImageFile> {
    let release = Release { version, epoch, lowest_bootloader: lifeboot_core::info::FORMAT, schemas: (0, 0), revokes };
    let options = Options { board: target.board, release, bound: false };
    let elf = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    Ok(lifeboot_artifact::sign::sign(&elf, &options, key)?)
}

/// The same payload, properly signed, under the name of another board.
pub fn sign_for(board: &'static Board, image: &ImageFile, key: &PrivateKey) -> Result<ImageFile> {
    let Header { version, epoch, lowest_bootloader, schemas, revokes, .. } = *image.header();
    let release = Release { version, epoch, lowest_bootloader, schemas, revokes };
    let (payload, mut entries) = (image.payload().to_vec(), image.entries());
    // Not every core supports the others, and the image is refused because of its name.
    entries.retain(|entry| entry.kind == Kind::Word);
    let unsigned = UnsignedImage::new(board, Slot::A, payload, &entries, release, key.public().id())?;
    let signature = key.sign(&unsigned.bytes_to_sign());
    Ok(unsigned.with_signature(signature)?)
}

/// Proves that an image, rebased, equals the linker's output for slot B.
pub fn prove(target: &Target, linked_for_a: &Path, linked_for_b: &Path) -> Result<usize> {
    // Without the relinked program's help first.
    Program::read(&fs::read(linked_for_a)?, target.board, false)?;
    let program = Program::read_and_prove(&fs::read(linked_for_a)?, target.board, &fs::read(linked_for_b)?)?;
    Ok(program.table().len())
}

/// The content of flash after production: erased, then flashed with the file that `lifeboot provision` writes of
/// bootloader and image.
pub fn factory_flash(target: &Target, bootloader: &Path, image: &ImageFile) -> Result<Vec<u8>> {
    let elf = fs::read(bootloader).with_context(|| format!("cannot read {}", bootloader.display()))?;
    let first = FirstFlash::new(Bootloader::from_elf(&elf)?, image.clone())?;
    ensure!(first.board().fits(target.board), "{} is for another board", bootloader.display());
    Ok(FirstFlash::from_file(&first.to_file(Format::Elf)?)?.content())
}

/// Bytes of flash that a program takes: what is allocated and has bytes in the file.
pub fn flash_size(elf: &Path) -> Result<u64> {
    let elf = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let file = object::File::parse(&*elf)?;
    Ok(file.segments().map(|segment| segment.data().map_or(0, |data| data.len() as u64)).sum())
}

/// The address of a function or a section of a program.
pub fn address_of(elf: &Path, name: &str) -> Result<u32> {
    use object::ObjectSymbol;
    let elf = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let file = object::File::parse(&*elf)?;
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address());
    let section = || file.section_by_name(name).map(|section| section.address());
    Ok(symbol.or_else(section).with_context(|| format!("the program has no {name}"))? as u32)
}

/// The address of the only function of a Rust program whose name holds `part`.
pub fn function(elf: &Path, part: &str) -> Result<u32> {
    use object::ObjectSymbol;
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let file = object::File::parse(&*bytes)?;
    let named = |symbol: &object::Symbol| symbol.name().is_ok_and(|name| name.contains(part));
    let found: Vec<_> = file.symbols().filter(named).collect();
    match &found[..] {
        [one] => Ok(one.address() as u32),
        _ => bail!("{} functions of {} have {part} in their names, and not one", found.len(), elf.display()),
    }
}

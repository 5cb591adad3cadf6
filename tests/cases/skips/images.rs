//! Flash whose confirmed slot holds an image that must not start, as small as an image can be.

use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signer, SigningKey};
use lifeboot_artifact::image_file::table_bytes;
use lifeboot_core::KeyIds;
use lifeboot_core::image::{HEADER_LENGTH, Header, SIGNED_LENGTH};
use lifeboot_core::info::{FORMAT, key_id};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::record::Record;
use lifeboot_core::signature::Point;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::MICROBIT;
use lifeboot_tests::product::{self, STM32F405};
use lifeboot_tests::simulated_flash::SimulatedFlash;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

const BOARD: &Board = STM32F405.board;
/// Epoch of the image, and the floor that refuses it.
const EPOCH: u32 = 3;

/// The private keys that the bootloader trusts, and one that it does not. They are the same on each machine, since the
/// effect of a skipped instruction may depend on a key's numbers. With the first one, a skipped addition once made a
/// point that was known beforehand.
const FIRST: [u8; 32] = [
    0xda, 0xbe, 0x05, 0x7e, 0xff, 0x47, 0x54, 0xf5, 0x4b, 0x64, 0x7e, 0x02, 0xcb, 0x31, 0xe0, 0x3d, 0x63, 0xcb, 0xcf,
    0x90, 0x75, 0x81, 0x2d, 0xcb, 0x38, 0x80, 0xf7, 0xc9, 0xbf, 0x26, 0xee, 0xb9,
];
const SECOND: [u8; 32] = [2; 32];
const STRANGER: [u8; 32] = [3; 32];

/// How the bootloader under test computes signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// At once.
    AtOnce,
    /// With the feature `two-part-signature`.
    TwoParts,
}

/// An image's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badness {
    /// Nothing.
    None,
    /// The second half of its signature, S, is changed.
    Signature,
    /// The first half, R, is changed.
    SignaturePoint,
    /// A byte of its payload is changed.
    Payload,
    /// Its relocation table lists another place.
    Table,
    /// No key of the device signed it.
    UnknownKey,
    /// The key that signed it was revoked.
    RevokedKey,
    /// Its epoch is below the floor.
    Epoch,
    /// It is for another board.
    Board,
    /// A block of its payload that should equal the one before differs.
    Block,
    /// A word of its payload that should equal the one before differs.
    Run,
    /// Its signature would be right if the key were ignored: R is S·B.
    NoKey,
    /// Its signature is zeros, as unwritten memory.
    Zeros,
    /// R is changed in another way.
    OtherPoint,
    /// R is this point.
    MadeUp(Point),
}

impl Badness {
    pub const ALL: [Badness; 12] = [
        Badness::Signature,
        Badness::SignaturePoint,
        Badness::Payload,
        Badness::Table,
        Badness::UnknownKey,
        Badness::RevokedKey,
        Badness::Epoch,
        Badness::Board,
        Badness::Block,
        Badness::Run,
        Badness::NoKey,
        Badness::Zeros,
    ];

    /// Whether its signature is bad, so that skips while it is computed may make it good.
    pub fn is_of_signature(self) -> bool {
        matches!(self, Badness::Signature | Badness::SignaturePoint | Badness::NoKey | Badness::Zeros)
    }
}

/// The bootloader under test: it trusts two keys.
pub fn bootloader(form: Form) -> PathBuf {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = product::output().unwrap().join("skips");
    fs::create_dir_all(&folder).unwrap();
    let keys = [("first", FIRST), ("second", SECOND)].map(|(name, key)| {
        let (path, key) = (folder.join(format!("{name}.pub.pem")), SigningKey::from_bytes(&key).verifying_key());
        let pem = key.to_public_key_pem(LineEnding::LF).unwrap();
        // An existing file is left alone, as a newer one causes a rebuild.
        if fs::read_to_string(&path).ok().as_ref() != Some(&pem) {
            fs::write(&path, pem).unwrap();
        }
        path
    });
    let features: &[&str] = match form {
        Form::AtOnce => &[],
        Form::TwoParts => &["two-part-signature"],
    };
    product::bootloader_with(&STM32F405, &keys, features).unwrap()
}

/// Flash from production with such an image in slot A, and nothing in slot B.
pub fn flash_with(form: Form, badness: Badness) -> Vec<u8> {
    let mut flash = SimulatedFlash::new(BOARD);
    flash.put(0, &code(&fs::read(bootloader(form)).unwrap()));
    flash.put(BOARD.slot(Slot::A).start, &image(badness));
    let record = match badness {
        Badness::RevokedKey => Record {
            revoked: KeyIds::new(&[key_id(SigningKey::from_bytes(&SECOND).verifying_key().as_bytes())]).unwrap(),
            ..Record::FACTORY
        },
        Badness::Epoch => Record { epoch_floor: EPOCH + 1, ..Record::FACTORY },
        _ => return content(&mut flash),
    };
    // Three times, which makes it firm: the boot then writes nothing.
    let mut journal = Journal::open(&mut flash, BOARD);
    for _ in 0..3 {
        journal.change(&mut flash, |state| *state = record).unwrap();
    }
    content(&mut flash)
}

fn content(flash: &mut SimulatedFlash) -> Vec<u8> {
    use embedded_storage::nor_flash::ReadNorFlash;
    let mut bytes = vec![0; BOARD.slot(Slot::B).start as usize];
    flash.read(0, &mut bytes).unwrap();
    bytes
}

/// The flash content of a bootloader's file.
fn code(elf: &[u8]) -> Vec<u8> {
    use object::{Object, ObjectSegment};
    let file = object::File::parse(elf).unwrap();
    let mut bytes = vec![0xff; BOARD.bootloader.length as usize];
    for segment in file.segments() {
        let data = segment.data().unwrap();
        if !data.is_empty() {
            // By load address, which is that of execution here: the bootloader has no initialised data.
            bytes[(segment.address() - u64::from(BOARD.flash_address)) as usize..][..data.len()].copy_from_slice(data);
        }
    }
    bytes
}

/// Bytes of a payload that ends with zeros: two blocks of SHA-256.
const RUN_LENGTH: usize = 128;

fn image(badness: Badness) -> Vec<u8> {
    let start = BOARD.payload_address(Slot::A);
    let mut payload = [BOARD.ram.end(), start + 9, 0xe7fe_e7fe, start].map(u32::to_le_bytes).concat();
    match badness {
        Badness::Block => payload.resize(3 * BLOCK as usize, 0xff),
        Badness::Run => payload.resize(RUN_LENGTH, 0),
        _ => {}
    }
    let places = |last| [4, last].map(|offset| Entry { offset, kind: Kind::Word });
    let mut table = table_bytes(&places(12)).unwrap();
    let key = key_of(badness);
    let mut header = Header {
        header_length: BOARD.header_length as u16,
        board: BOARD.name_bytes(),
        version: Version { major: 1, minor: 0, patch: 0, build: 0 },
        epoch: EPOCH,
        link_address: start,
        payload_length: payload.len() as u32,
        table_length: table.len() as u32,
        digest: Sha256::new().chain_update(&payload).chain_update(&table).finalize().into(),
        lowest_bootloader: FORMAT,
        schemas: (0, 0),
        key_id: key_id(&key.verifying_key().to_bytes()),
        revokes: KeyIds::NONE,
        map_digest: BOARD.map_digest(),
    };
    match badness {
        Badness::Payload => payload[10] ^= 1,
        Badness::Block => payload[2 * BLOCK as usize] ^= 1,
        Badness::Run => payload[RUN_LENGTH - 40] ^= 1,
        Badness::Table => table = table_bytes(&places(8)).unwrap(),
        Badness::Board => header.board = MICROBIT.name_bytes(),
        _ => {}
    }
    assert_eq!(table.len(), header.table_length as usize);
    let mut bytes = header.to_bytes([0; 64]);
    let mut signature = key.sign(&bytes[..SIGNED_LENGTH]).to_bytes();
    match badness {
        Badness::Signature => signature[40] ^= 1,
        Badness::SignaturePoint => signature[7] ^= 1,
        Badness::OtherPoint => signature[9] ^= 1,
        Badness::NoKey => {
            let pair = SigningKey::from_bytes(&[7; 32]);
            signature = [pair.verifying_key().to_bytes(), pair.to_scalar().to_bytes()].concat().try_into().unwrap();
        }
        Badness::Zeros => signature = [0; 64],
        Badness::MadeUp(point) => signature[..32].copy_from_slice(&point),
        _ => {}
    }
    bytes[SIGNED_LENGTH..].copy_from_slice(&signature);

    let header_length = BOARD.header_length as usize;
    let mut image = vec![0xff; header_length + payload.len().next_multiple_of(BLOCK as usize)];
    image[..HEADER_LENGTH].copy_from_slice(&bytes);
    image[header_length..][..payload.len()].copy_from_slice(&payload);
    [image, table].concat()
}

fn key_of(badness: Badness) -> SigningKey {
    SigningKey::from_bytes(match badness {
        Badness::UnknownKey => &STRANGER,
        Badness::RevokedKey => &SECOND,
        _ => &FIRST,
    })
}

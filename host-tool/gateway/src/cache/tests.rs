use super::*;
use crate::digest::Algorithm;
use sha2::Digest as _;

fn bytes(seed: u8) -> Vec<u8> {
    (0..10_000u32).map(|index| (index * 7 + u32::from(seed)) as u8).collect()
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::new(Algorithm::Sha256, &lifeboot_artifact::hex(&sha2::Sha256::digest(bytes))).unwrap()
}

/// A server that breaks off after so many bytes of each request.
fn serve(
    bytes: &[u8],
    each: usize,
    from: u64,
    write: &mut dyn FnMut(&[u8], bool) -> io::Result<()>,
) -> Result<u64, DdiError> {
    let rest = &bytes[from as usize..];
    write(&rest[..each.min(rest.len())], false).unwrap();
    if each < rest.len() { Err(DdiError::Transport("broken off".to_owned())) } else { Ok(bytes.len() as u64) }
}

#[test]
fn a_download_goes_on_where_it_was_also_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, mut requests) = (bytes(1), Vec::new());
    let digest = digest(&bytes);
    let mut fetch = |each| {
        let cache = Cache::open(folder.path(), 100_000).unwrap();
        let fetched = cache.fetch(&digest, 10_000, &BTreeSet::new(), &mut |from, write| {
            requests.push(from);
            serve(&bytes, each, from, write)
        });
        (fetched, cache.contains(&digest))
    };
    assert!(matches!(fetch(2_000), (Err(CacheError::Download(DdiError::Transport(_))), false)));
    // A new process.
    assert!(matches!(fetch(5_000), (Ok(Fetched::Whole), true)));
    assert!(matches!(fetch(5_000), (Ok(Fetched::Whole), true)));
    assert_eq!(requests, [0, 2_000, 4_000, 6_000, 8_000], "and nothing was requested twice");
    assert_eq!(Cache::open(folder.path(), 1).unwrap().read(&digest).unwrap(), bytes);
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, digest) = (bytes(1), digest(&bytes(1)));
    fs::write(folder.path().join(format!("{digest}.part")), &bytes[..3000]).unwrap();
    let cache = Cache::open(folder.path(), 100_000).unwrap();
    let fetched = cache.fetch(&digest, 10_000, &BTreeSet::new(), &mut |from, write| {
        assert_eq!(from, 3000);
        write(&bytes[..5000], true).unwrap();
        write(&bytes[5000..], false).unwrap();
        Ok(10_000)
    });
    assert_eq!(fetched.unwrap(), Fetched::Whole);
}

#[test]
fn something_else_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), 100_000).unwrap();
    let wanted = digest(&bytes(1));
    let other = bytes(2);
    let fetched = cache.fetch(&wanted, 10_000, &BTreeSet::new(), &mut |from, write| serve(&other, 10_000, from, write));
    assert!(matches!(fetched, Err(CacheError::Digest(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // Nor what has changed on the disk.
    fs::write(folder.path().join(wanted.to_string()), &other).unwrap();
    assert!(!cache.contains(&wanted));
    assert!(cache.read(&wanted).is_err());
}

#[test]
fn a_second_thread_does_not_download_too() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), 100_000).unwrap();
    let (bytes, wanted) = (bytes(1), digest(&bytes(1)));
    let none = BTreeSet::new();
    let outer = cache.fetch(&wanted, 10_000, &none, &mut |from, write| {
        let inner = cache.fetch(&wanted, 10_000, &none, &mut |_, _| panic!("a second download"));
        assert_eq!(inner.unwrap(), Fetched::UnderWay);
        serve(&bytes, 10_000, from, write)
    });
    assert_eq!(outer.unwrap(), Fetched::Whole);
}

#[test]
fn room_is_made_but_not_of_what_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), 25_000).unwrap();
    let digests: Vec<Digest> = (0..4).map(|seed| digest(&bytes(seed))).collect();
    let fetch = |seed: u8, in_use: &[&Digest]| {
        let in_use = in_use.iter().map(|digest| (*digest).clone()).collect();
        let bytes = bytes(seed);
        cache.fetch(&digests[usize::from(seed)], 10_000, &in_use, &mut |from, write| serve(&bytes, 10_000, from, write))
    };
    for seed in 0..2 {
        fetch(seed, &[]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fetch(2, &[&digests[0]]).unwrap();
    let there: Vec<bool> = digests.iter().map(|digest| cache.contains(digest)).collect();
    assert_eq!(there, [true, false, true, false], "the oldest is in use");
    fetch(3, &[]).unwrap();
    assert!(!cache.contains(&digests[0]) && cache.contains(&digests[3]));
}

//! Whose files count. A `lifeboot.toml` decides which key signs and which command builds, so nobody but its user may decide what
//! is in it: the file of another owner is refused, as git does, and so is one that others may write, as ssh does.
//!
//! A group in which nobody else is may write: where each user has a group of their own, files are made so (umask 002).

#[cfg(unix)]
use crate::environment::variable;
use miette::Diagnostic;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file does not count.
#[derive(Debug, Error, Diagnostic)]
pub enum Distrust {
    /// It belongs to somebody whom the user need not trust.
    #[error("{} belongs to another user (id {owner}), and decides which key signs and what watch runs", .path.display())]
    #[diagnostic(help(
        "read it, and take it over: chown $USER {}; or put a lifeboot.toml of your own beside your Cargo.toml",
        .path.display()
    ))]
    OtherOwner {
        /// The file.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// Others may write it.
    #[error("{} can be written by others (mode {mode:04o}), and decides which key signs and what watch runs", .path.display())]
    #[diagnostic(help("{}", closed(path)))]
    OthersWrite {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may replace it.
    #[error(
        "{} can be replaced by others, who may write its folder {} (mode {mode:04o}), and decides which key signs and what watch runs",
        .path.display(),
        .folder.display()
    )]
    #[diagnostic(help("{}", closed(folder)))]
    OthersReplace {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
        /// The folder's permission bits.
        mode: u32,
    },
}

/// Returns how to keep others from writing; not every file's mode can be changed, as on a drive of another system.
fn closed(path: &Path) -> String {
    let path = path.display();
    format!(
        "read it, and see that nobody has changed it; then: chmod go-w {path}; or, if its mode cannot be changed, as on a mounted \
         Windows drive, keep the project elsewhere"
    )
}

/// The user whose files count.
pub(super) struct User {
    id: u32,
    /// Who became root by `sudo`.
    before_sudo: Option<u32>,
}

impl User {
    /// Returns the user who runs this process.
    #[cfg(unix)]
    pub(super) fn current() -> User {
        let before_sudo = variable("SUDO_UID").and_then(|id| id.to_str()?.parse().ok());
        User { id: rustix::process::geteuid().as_raw(), before_sudo }
    }

    /// Other systems do not say who a file's owner is.
    #[cfg(not(unix))]
    pub(super) fn current() -> User {
        User { id: 0, before_sudo: None }
    }

    /// Returns whether files of this owner count: the user's own, root's, and those of the user behind `sudo`.
    fn trusts(&self, owner: u32) -> bool {
        owner == self.id || owner == 0 || (self.id == 0 && self.before_sudo == Some(owner))
    }

    /// Checks a file, which is shown as `path`; a link, what it names, and the folders of both.
    ///
    /// # Errors
    /// [`Distrust`] if anyone else decides what is in it.
    pub(super) fn check(&self, place: &Path, path: &Path) -> Result<(), Distrust> {
        let behind = place.canonicalize().ok();
        for place in [Some(place), behind.as_deref()].into_iter().flatten() {
            let Ok(file) = place.symlink_metadata() else { continue };
            if let Some(owner) = owner(&file).filter(|owner| !self.trusts(*owner)) {
                return Err(Distrust::OtherOwner { path: path.to_owned(), owner });
            }
            // A link itself has no mode that counts, and what is no file is refused as that.
            if let Some(mode) = self.written_by_others(&file).filter(|_| file.is_file()) {
                return Err(Distrust::OthersWrite { path: path.to_owned(), mode });
            }
            let Some(folder) = place.parent().filter(|_| file.is_file() || file.is_symlink()) else { continue };
            let is_sticky = |mode: &u32| mode & STICKY != 0;
            let mode = folder.metadata().ok().and_then(|folder| self.written_by_others(&folder));
            // In a folder like /tmp, others replace only what is theirs.
            if let Some(mode) = mode.filter(|mode| !is_sticky(mode)) {
                return Err(Distrust::OthersReplace { path: path.to_owned(), folder: folder.to_owned(), mode });
            }
        }
        Ok(())
    }

    /// Returns the mode of a file that others than its owner and this user may write; `None` if none may, or if the system has no
    /// such bits.
    fn written_by_others(&self, file: &Metadata) -> Option<u32> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let mode = file.mode() & 0o7777;
            let is_private =
                || [file.uid(), self.id].into_iter().any(|user| is_private(file.gid(), user, &Names::read()));
            (mode & 0o002 != 0 || mode & 0o020 != 0 && !is_private()).then_some(mode)
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            None
        }
    }
}

/// The bit by which only their owners remove files from a folder.
const STICKY: u32 = 0o1000;

fn owner(file: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        Some(std::os::unix::fs::MetadataExt::uid(file))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

/// The users and groups that this machine knows by itself.
#[cfg(unix)]
struct Names {
    /// Lines of `/etc/passwd`: name, password, user, primary group, and more.
    users: String,
    /// Lines of `/etc/group`: name, password, group, members with commas.
    groups: String,
}

#[cfg(unix)]
impl Names {
    fn read() -> Names {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Names { users: text("/etc/passwd"), groups: text("/etc/group") }
    }
}

/// Returns whether a group is a user's own: it has the user's name or number, and nobody else is known to be in it.
#[cfg(unix)]
fn is_private(group: u32, user: u32, names: &Names) -> bool {
    let entry = |line: &'_ str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let is = |field: Option<&String>, number: u32| field.and_then(|field| field.parse().ok()) == Some(number);
    let users: Vec<_> = names.users.lines().map(entry).collect();
    let own = users.iter().find(|entry| is(entry.get(2), user)).and_then(|entry| entry.first());
    let entries: Vec<_> = names.groups.lines().map(entry).filter(|entry| is(entry.get(2), group)).collect();
    let is_named = own.is_some() && entries.iter().any(|entry| entry.first() == own);
    let others_primary = users.iter().any(|entry| is(entry.get(3), group) && !is(entry.get(2), user));
    let mut members = entries.iter().filter_map(|entry| entry.get(3)).flat_map(|members| members.split(','));
    let others = members.any(|member| !member.is_empty() && Some(member) != own.map(String::as_str));
    (group == user || is_named) && !others_primary && !others
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn users_whose_files_count() {
        let stranger = User { id: 4711, before_sudo: None };
        assert!(!stranger.trusts(4712) && stranger.trusts(4711) && stranger.trusts(0));
        let root = |before_sudo| User { id: 0, before_sudo };
        assert!(!root(None).trusts(4711) && root(Some(4711)).trusts(4711) && !root(Some(4711)).trusts(4712));
        // Only root becomes somebody by sudo.
        assert!(!User { id: 1, before_sudo: Some(4711) }.trusts(4711));
    }

    #[test]
    fn a_file_that_others_may_write_or_replace_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lifeboot.toml");
        fs::write(&file, "").unwrap();
        let check = |path: &Path| User::current().check(path, Path::new("lifeboot.toml"));
        for mode in [0o666, 0o646, 0o602, 0o777] {
            chmod(&file, mode);
            assert!(
                matches!(check(&file), Err(Distrust::OthersWrite { mode: found, .. }) if found == mode),
                "{mode:o}"
            );
        }
        for mode in [0o600, 0o644, 0o755, 0o444] {
            chmod(&file, mode);
            check(&file).unwrap();
        }
        chmod(folder.path(), 0o777);
        assert!(matches!(check(&file), Err(Distrust::OthersReplace { mode: 0o777, .. })));
        chmod(folder.path(), 0o1777);
        check(&file).unwrap();
        chmod(folder.path(), 0o755);
        // A link's own place and the place of what it names.
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        chmod(&open, 0o777);
        fs::write(open.join("lifeboot.toml"), "").unwrap();
        let link = folder.path().join("link.toml");
        symlink("open/lifeboot.toml", &link).unwrap();
        assert!(matches!(check(&link), Err(Distrust::OthersReplace { .. })));
        chmod(&open, 0o755);
        check(&link).unwrap();
        chmod(&open.join("lifeboot.toml"), 0o666);
        assert!(matches!(check(&link), Err(Distrust::OthersWrite { .. })));
    }

    #[test]
    fn a_group_of_one_s_own_may_write() {
        let names = |users: &str, groups: &str| Names { users: users.to_owned(), groups: groups.to_owned() };
        let users =
            "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbob:x:1001:100::/home/bob:/bin/sh\n";
        let known = names(users, "root:x:0:\nusers:x:100:\nada:x:1000:\nteam:x:2000:ada,bob\nbob:x:5000:bob\n");
        assert!(is_private(1000, 1000, &known) && is_private(0, 0, &known));
        assert!(is_private(5000, 1001, &known), "by its name");
        assert!(!is_private(100, 1001, &known) && !is_private(2000, 1000, &known) && !is_private(1000, 1001, &known));
        // Not where others are in it, by the list of members or by their first group.
        assert!(!is_private(1000, 1000, &names(users, "ada:x:1000:bob\n")));
        assert!(is_private(1000, 1000, &names(users, "ada:x:1000:ada\n")));
        let shared = users.replace("1001:100", "1001:1000");
        assert!(!is_private(1000, 1000, &names(&shared, "ada:x:1000:\n")));
        // A machine that takes its users from elsewhere.
        assert!(is_private(1000, 1000, &names("", "")) && !is_private(1000, 1001, &names("", "")));
    }
}

//! Lists of key ids: how headers and boot records name keys.

/// Maximum number of keys in a list: one fewer than a bootloader holds, since one key is always left.
pub const KEY_IDS: usize = 3;

/// The id of a key: the first bytes of the SHA-256 of the public key.
pub type KeyId = [u8; 4];

/// No key: unused places in a list.
const NO_KEY: KeyId = [0; 4];

/// The ids of up to [`KEY_IDS`] keys, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIds(pub(crate) [u8; 4 * KEY_IDS]);

impl KeyIds {
    /// No key.
    pub const NONE: KeyIds = KeyIds([0; 4 * KEY_IDS]);

    /// Returns the list of these keys; `None` if there are more than [`KEY_IDS`].
    pub fn new(ids: &[KeyId]) -> Option<Self> {
        let mut list = KeyIds::NONE;
        list.0.get_mut(..4 * ids.len())?.copy_from_slice(ids.as_flattened());
        Some(list)
    }

    /// Returns the ids.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.places().iter().copied().filter(|id| *id != NO_KEY)
    }

    /// Whether a key is in the list.
    pub fn contain(&self, id: KeyId) -> bool {
        id != NO_KEY && self.places().contains(&id)
    }

    /// Adds a key unless it is there already: in an unused place, else in that of a key for which `is_known` is false.
    /// If there is neither, nothing changes.
    pub fn add(&mut self, id: KeyId, is_known: impl Fn(KeyId) -> bool) {
        if self.contain(id) {
            return;
        }
        let unused = self.0.as_chunks_mut().0.iter_mut().find(|place| **place == NO_KEY || !is_known(**place));
        if let Some(place) = unused {
            *place = id;
        }
    }

    fn places(&self) -> &[KeyId] {
        self.0.as_chunks().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [KeyId; 5] = [[1; 4], [2; 4], [3; 4], [4; 4], [5; 4]];

    fn list(ids: &[KeyId]) -> KeyIds {
        KeyIds::new(ids).unwrap()
    }

    #[test]
    fn a_list_has_its_keys_and_no_others() {
        assert_eq!(KeyIds::new(&IDS[..4]), None);
        for length in 0..=KEY_IDS {
            let list = list(&IDS[..length]);
            assert!(list.ids().eq(IDS[..length].iter().copied()));
            for (at, id) in IDS.into_iter().enumerate() {
                assert_eq!(list.contain(id), at < length);
            }
            assert!(!list.contain(NO_KEY));
        }
    }

    #[test]
    fn a_key_is_added_once_and_instead_of_unknown_ones_only() {
        let added = |to: &[KeyId], id, unknown: &[KeyId]| {
            let mut list = list(to);
            list.add(id, |id| !unknown.contains(&id));
            list
        };
        let [a, b, c, d, _] = IDS;
        assert_eq!(added(&[a], b, &[]), list(&[a, b]));
        assert_eq!(added(&[a, b], a, &[a]), list(&[a, b]));
        assert_eq!(added(&[a, b, c], d, &[]), list(&[a, b, c]));
        assert_eq!(added(&[a, b, c], d, &[b]), list(&[a, d, c]));
        assert_eq!(added(&[NO_KEY, b, c], d, &[]), list(&[d, b, c]));
    }
}

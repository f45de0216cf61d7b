//! The operating system's randomness.

use std::cell::RefCell;

use aws_lc_rs::rand;
use usher_core::Entropy;

/// Randomness from the crypto library's generator, which the operating system seeds.
///
/// Ids are drawn ahead: a small draw costs the generator as much as a large one. Whatever is longer than an
/// id, such as a key, is drawn when it is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

/// The longest draw that is an id, in bytes: a UUID.
const ID_BYTES_MAX: usize = 16;

/// What a thread draws ahead, in bytes.
const AHEAD_BYTES: usize = 512;

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; AHEAD_BYTES], left: 0 }) };
}

/// Random bytes that nobody has got yet: the first `left` of them.
struct Ahead {
    bytes: [u8; AHEAD_BYTES],
    left: usize,
}

impl Ahead {
    /// Hands bytes out, and keeps nothing of them.
    fn fill(&mut self, bytes: &mut [u8]) {
        if self.left < bytes.len() {
            draw(&mut self.bytes);
            self.left = AHEAD_BYTES;
        }
        let ahead = self.bytes.iter_mut().take(self.left).rev();
        bytes.iter_mut().zip(ahead).for_each(|(to, from)| *to = std::mem::take(from));
        self.left -= bytes.len();
    }
}

impl Entropy for OsEntropy {
    /// # Panics
    ///
    /// When the generator fails: a predictable secret is worse than a dead request.
    fn fill(&self, bytes: &mut [u8]) {
        // A thread that ends has nothing ahead any more.
        let is_filled = bytes.len() <= ID_BYTES_MAX
            && AHEAD.try_with(|ahead| ahead.borrow_mut().fill(bytes)).is_ok();
        if !is_filled {
            draw(bytes);
        }
    }
}

fn draw(bytes: &mut [u8]) {
    assert!(rand::fill(bytes).is_ok(), "the random generator failed");
}

#[cfg(test)]
mod tests {
    use usher_core::EntropyExt as _;

    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(OsEntropy.bytes::<16>(), OsEntropy.bytes::<16>());
        assert_ne!(OsEntropy.bytes::<32>(), OsEntropy.bytes::<32>());
    }

    #[test]
    fn what_is_drawn_ahead_is_handed_out_once() {
        let mut ahead = Ahead { bytes: [0; AHEAD_BYTES], left: 0 };
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            let mut id = [0; 10];
            ahead.fill(&mut id);
            assert!(seen.insert(id), "{id:?} twice");
            assert!(ahead.bytes.iter().skip(ahead.left).all(|byte| *byte == 0));
        }
    }
}

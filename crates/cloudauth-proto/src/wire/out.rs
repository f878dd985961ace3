//! Where encoded bytes go: into memory, or through a short piece of it into a hash.

use alloc::vec;
use alloc::vec::Vec;

/// Somewhere to write to, so that nothing is written twice.
pub(crate) trait Out {
    /// Bytes to be written to from their beginning.
    fn room<const N: usize>(&mut self) -> &mut [u8; N];

    /// So many of them were written.
    fn advance(&mut self, length: usize);

    /// Writes a piece of any length.
    fn push(&mut self, piece: &[u8]);
}

/// Bytes in memory. Behind them there are zeros, to be written to.
#[derive(Clone, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// With these bytes, room for so many more, and what [`room`](Out::room) wants beyond them.
    pub(crate) fn behind(first: &[u8], more: usize) -> Self {
        let room = more + MOST;
        let mut bytes = Vec::with_capacity(first.len() + room);
        bytes.extend_from_slice(first);
        bytes.resize(first.len() + room, 0);
        Self {
            bytes,
            length: first.len(),
        }
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        let there = self.bytes.len() - self.length;
        self.bytes.reserve(more.saturating_sub(there));
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// From `start` to the end of the zeros.
    #[inline]
    pub(crate) fn from(&self, start: usize) -> &[u8] {
        &self.bytes[start..]
    }

    /// To at least `end`, and some more if that is allocated anyway.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        if self.bytes.capacity() == 0 {
            // Memory and zeros in one go.
            self.bytes = vec![0; end.max(FIRST)];
            return;
        }
        if self.bytes.capacity() < end {
            self.bytes.reserve((end - self.bytes.len()).max(FIRST));
        }
        let more = self.bytes.capacity().min(end + MORE);
        self.bytes.resize(more, 0);
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }
}

/// No room is larger than that.
const MOST: usize = 192;

/// Enough for most requests; allocators are fast up to 1 kB.
const FIRST: usize = 1000;

/// So many zeros are written at once: they stay in the nearest cache until they are overwritten.
const MORE: usize = 1024;

impl Out for Buffer {
    #[inline]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= MOST, "more than there may be") }
        if self.bytes.len().saturating_sub(self.length) < N {
            self.grow(self.length + N);
            return first_of(&mut self.bytes[self.length..]);
        }
        first_of(&mut self.bytes[self.length..])
    }

    #[inline]
    fn advance(&mut self, length: usize) {
        self.length += length;
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length + piece.len()) {
            room.copy_from_slice(piece);
        } else {
            self.bytes.truncate(self.length);
            self.bytes.extend_from_slice(piece);
        }
        self.length += piece.len();
    }
}

#[inline]
fn first_of<const N: usize>(bytes: &mut [u8]) -> &mut [u8; N] {
    match bytes.first_chunk_mut() {
        Some(room) => room,
        None => unreachable!("room was made"),
    }
}

/// Hands many small pieces on to a hash as whole blocks, one at a time: while the processor waits for
/// the rounds of one block it executes what writes the next ones.
pub(crate) struct Stage<U: FnMut(&[u8])> {
    update: U,
    held: [u8; SIZE],
    /// So many of those were handed over.
    done: usize,
    length: usize,
}

const SIZE: usize = 1024;

impl<U: FnMut(&[u8])> Stage<U> {
    pub(crate) fn new(update: U) -> Self {
        Self {
            update,
            held: [0; SIZE],
            done: 0,
            length: 0,
        }
    }

    /// To be called once, after the last piece.
    pub(crate) fn finish(mut self) {
        (self.update)(&self.held[self.done..self.length]);
    }

    #[inline(never)]
    fn hand_over_block(&mut self) {
        (self.update)(&self.held[self.done..self.done + BLOCK]);
        self.done += BLOCK;
    }

    /// Whole blocks of the hash, so that it does not have to put them together itself.
    #[cold]
    #[inline(never)]
    fn hand_over(&mut self) {
        let whole = self.length - self.length % BLOCK;
        (self.update)(&self.held[self.done..whole]);
        self.held.copy_within(whole..self.length, 0);
        self.length -= whole;
        self.done = 0;
    }

    #[cold]
    #[inline(never)]
    fn push_long(&mut self, mut piece: &[u8]) {
        while let Some(room) = self.held.get_mut(self.length..) {
            let (fits, rest) = piece.split_at(room.len().min(piece.len()));
            room[..fits.len()].copy_from_slice(fits);
            self.length += fits.len();
            if rest.is_empty() {
                return;
            }
            self.hand_over();
            piece = rest;
        }
    }
}

/// Of SHA-1, SHA-256 and SM3.
const BLOCK: usize = 64;

impl<U: FnMut(&[u8])> Out for Stage<U> {
    #[inline]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= SIZE - BLOCK, "more than there is") }
        if self.length > SIZE - N {
            self.hand_over();
        }
        first_of(&mut self.held[self.length..])
    }

    #[inline]
    fn advance(&mut self, length: usize) {
        self.length += length;
        // The last block stays: to read what was written a moment ago would be to wait for it.
        if self.length - self.done >= 2 * BLOCK {
            self.hand_over_block();
        }
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) {
        if let Some(room) = self.held.get_mut(self.length..self.length + piece.len()) {
            room.copy_from_slice(piece);
            self.length += piece.len();
        } else {
            self.push_long(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_every_length_go_through_a_stage_in_whole_blocks() {
        for length in 1..2 * SIZE {
            let mut handed_over: Vec<u8> = Vec::new();
            let mut written: Vec<u8> = Vec::new();
            let mut stage = Stage::new(|bytes| {
                assert_eq!(handed_over.len() % BLOCK, 0);
                handed_over.extend_from_slice(bytes);
            });
            for (byte, length) in (0..).zip([length, 1, length / 2, BLOCK]) {
                let piece = vec![byte; length];
                stage.push(&piece);
                written.extend_from_slice(&piece);
                *stage.room() = [byte + 100; MOST];
                stage.advance(length % MOST);
                written.extend_from_slice(&[byte + 100; MOST][..length % MOST]);
            }
            stage.finish();
            assert_eq!(handed_over, written);
        }
    }
}

//! The destinations of encoded bytes: memory, or a hash behind a short buffer.

use alloc::vec::Vec;
use core::mem;

use zeroize::Zeroize;

/// A destination of bytes, which encoders write to in place.
pub(crate) trait Sink {
    /// Room for the next `N` bytes.
    fn room<const N: usize>(&mut self) -> &mut [u8; N];

    /// Keeps the first `length` bytes of the room.
    fn advance(&mut self, length: usize);

    /// Writes a piece of any length.
    fn push(&mut self, piece: &[u8]);
}

/// Bytes in memory, followed by zeros as room for more.
#[derive(Clone, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    /// Whether they are wiped on drop.
    is_secret: bool,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.is_secret {
            self.bytes.zeroize();
        }
    }
}

impl Buffer {
    /// Makes a buffer that begins with the bytes of another one, with room for `more`.
    pub(crate) fn behind(first: &Self, more: usize) -> Self {
        let room = more + MOST;
        let mut bytes = Vec::with_capacity(first.length + room);
        bytes.extend_from_slice(first.as_bytes());
        bytes.resize(first.length + room, 0);
        Self {
            bytes,
            length: first.length,
            is_secret: first.is_secret,
        }
    }

    /// Bytes that are wiped on drop.
    pub(crate) fn secret(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len(),
            bytes,
            is_secret: true,
        }
    }

    /// Makes room for an encoded secret of `length` bytes, so that writing it moves nothing, and has the
    /// bytes wiped on drop.
    pub(crate) fn expect_secret(&mut self, length: usize) {
        // Each byte is encoded as up to three.
        let end = self.length + 3 * length + MOST;
        if self.bytes.len() < end {
            let mut bytes = Vec::with_capacity(end);
            bytes.extend_from_slice(self.as_bytes());
            bytes.resize(end, 0);
            if self.is_secret {
                self.bytes.zeroize();
            }
            self.bytes = bytes;
        }
        self.is_secret = true;
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

    /// The bytes from `start` to the end of the zeros.
    #[inline]
    pub(crate) fn from(&self, start: usize) -> &[u8] {
        &self.bytes[start..]
    }

    /// Extends the zeros to at least `end`, and further if that needs no allocation.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        if self.bytes.capacity() < end {
            self.bytes.reserve((end - self.bytes.len()).max(FIRST));
        }
        let more = self.bytes.capacity().min(end + MORE);
        self.bytes.resize(more, 0);
    }

    pub(crate) fn remove_last(&mut self) {
        self.length = self.length.saturating_sub(1);
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        mem::take(&mut self.bytes)
    }
}

/// The largest room.
const MOST: usize = 192;

/// The first allocation. It is enough for most requests, and allocators are fast up to 1 kB.
const FIRST: usize = 1000;

/// The number of zeros that are written ahead. They stay in the first-level cache until they are
/// overwritten.
const MORE: usize = 1024;

impl Sink for Buffer {
    #[inline]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= MOST, "exceeds the largest room") }
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
        None => unreachable!("there is room"),
    }
}

/// Collects many small pieces and passes them to a hash as whole blocks, one at a time: while the processor
/// waits for the rounds of one block, it executes the code that writes the next ones.
pub(crate) struct BlockBuffer<U: FnMut(&[u8])> {
    update: U,
    held: [u8; SIZE],
    /// The number of held bytes that have been passed to the hash.
    done: usize,
    length: usize,
}

const SIZE: usize = 1024;

impl<U: FnMut(&[u8])> BlockBuffer<U> {
    pub(crate) fn new(update: U) -> Self {
        Self {
            update,
            held: [0; SIZE],
            done: 0,
            length: 0,
        }
    }

    /// Passes the last bytes to the hash.
    pub(crate) fn finish(mut self) {
        (self.update)(&self.held[self.done..self.length]);
    }

    #[inline(never)]
    fn pass_block(&mut self) {
        (self.update)(&self.held[self.done..self.done + BLOCK]);
        self.done += BLOCK;
    }

    /// Passes whole blocks, which the hash does not have to copy.
    #[cold]
    #[inline(never)]
    fn pass_blocks(&mut self) {
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
            self.pass_blocks();
            piece = rest;
        }
    }
}

/// The block size of SHA-1, SHA-256 and SM3.
const BLOCK: usize = 64;

impl<U: FnMut(&[u8])> Sink for BlockBuffer<U> {
    #[inline]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= SIZE - BLOCK, "exceeds the buffer") }
        if self.length > SIZE - N {
            self.pass_blocks();
        }
        first_of(&mut self.held[self.length..])
    }

    #[inline]
    fn advance(&mut self, length: usize) {
        self.length += length;
        // The last block stays: reading bytes right after they were written would stall.
        if self.length - self.done >= 2 * BLOCK {
            self.pass_block();
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
    use alloc::vec;

    use super::*;

    #[test]
    fn pieces_of_every_length_are_passed_in_whole_blocks() {
        for length in 1..2 * SIZE {
            let mut passed: Vec<u8> = Vec::new();
            let mut written: Vec<u8> = Vec::new();
            let mut buffer = BlockBuffer::new(|bytes| {
                assert_eq!(passed.len() % BLOCK, 0);
                passed.extend_from_slice(bytes);
            });
            for (byte, length) in (0..).zip([length, 1, length / 2, BLOCK]) {
                let piece = vec![byte; length];
                buffer.push(&piece);
                written.extend_from_slice(&piece);
                *buffer.room() = [byte + 100; MOST];
                buffer.advance(length % MOST);
                written.extend_from_slice(&[byte + 100; MOST][..length % MOST]);
            }
            buffer.finish();
            assert_eq!(passed, written);
        }
    }
}

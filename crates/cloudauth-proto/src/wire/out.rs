//! Where encoded bytes go: into memory, or through a short piece of it into a hash.

use alloc::vec::Vec;
use core::ops::Range;

/// Somewhere to write to, so that nothing is written twice.
pub(crate) trait Out {
    /// At least so many bytes, at most [`MOST`], to be written to from their beginning.
    fn room(&mut self, length: usize) -> &mut [u8];

    /// So many of them were written.
    fn advance(&mut self, length: usize);

    /// Writes a piece of any length.
    fn push(&mut self, piece: &[u8]);
}

/// A piece of a [`Buffer`].
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    /// With what is behind it, if it is no longer than that: to copy more than there is takes less
    /// time than to find out how much there is.
    pub(crate) wide: Option<&'a [u8; WIDE]>,
}

pub(crate) const WIDE: usize = 32;

/// The largest room that may be asked for.
pub(crate) const MOST: usize = 512;

/// Bytes in memory. Behind them there are zeros, to be written to.
#[derive(Clone, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
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

    pub(crate) fn piece(&self, range: Range<usize>) -> Piece<'_> {
        let wide = self.bytes.get(range.start..).and_then(<[u8]>::first_chunk);
        Piece {
            wide: wide.filter(|_| range.len() <= WIDE),
            bytes: &self.bytes[range],
        }
    }

    /// To at least `end`, and some more if that is allocated anyway.
    #[cold]
    fn grow(&mut self, end: usize) {
        self.bytes.reserve(end - self.bytes.len());
        let more = self.bytes.capacity().min(end + 2 * MOST);
        self.bytes.resize(more, 0);
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }
}

impl Out for Buffer {
    #[inline]
    fn room(&mut self, length: usize) -> &mut [u8] {
        let end = self.length + length;
        if self.bytes.len() < end {
            self.grow(end);
        }
        &mut self.bytes[self.length..]
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

/// Hands many small pieces on as few large ones: a hash takes a long piece in much less time than
/// many short ones.
pub(crate) struct Stage<U: FnMut(&[u8])> {
    update: U,
    held: [u8; SIZE],
    length: usize,
}

const SIZE: usize = 2 * MOST;

impl<U: FnMut(&[u8])> Stage<U> {
    pub(crate) fn new(update: U) -> Self {
        Self {
            update,
            held: [0; SIZE],
            length: 0,
        }
    }

    /// To be called once, after the last piece.
    pub(crate) fn finish(mut self) {
        self.hand_over();
    }

    fn hand_over(&mut self) {
        (self.update)(&self.held[..self.length]);
        self.length = 0;
    }
}

impl<U: FnMut(&[u8])> Out for Stage<U> {
    fn room(&mut self, length: usize) -> &mut [u8] {
        if length > SIZE - self.length {
            self.hand_over();
        }
        &mut self.held[self.length..]
    }

    #[inline]
    fn advance(&mut self, length: usize) {
        self.length += length;
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) {
        if let Some(room) = self.held.get_mut(self.length..self.length + piece.len()) {
            room.copy_from_slice(piece);
            self.length += piece.len();
        } else {
            self.hand_over();
            (self.update)(piece);
        }
    }
}

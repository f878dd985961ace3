//! Signers of others, on requests of the same size.

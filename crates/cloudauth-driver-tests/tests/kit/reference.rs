pub(crate) fn seed() -> [u8; 32] {
    [7; 32]
}

//! The file with the generated secret.

use std::fs;

use crate::fixture::Fixture;
use crate::h5_backend::key_file::read_or_create;

#[test]
fn a_secret_is_generated_once_and_only_its_owner_can_read_it() {
    let fixture = Fixture::new();
    let path = fixture.folder.join("h5_backend.key");
    let generated = read_or_create(&path, &fixture.client()).unwrap();
    assert_eq!(generated.len(), 32);
    assert_eq!(read_or_create(&path, &fixture.client()).unwrap(), generated);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // An editor adds a line break.
    fs::write(&path, [&*generated, b"\n"].concat()).unwrap();
    assert_eq!(read_or_create(&path, &fixture.client()).unwrap(), generated);
}

#[test]
fn a_key_file_that_is_empty_cut_or_unreadable_is_named_and_not_replaced() {
    let fixture = Fixture::new();
    let path = fixture.folder.join("h5_backend.key");
    for broken in ["", "\n", &"x".repeat(31), &" ".repeat(64)] {
        fs::write(&path, broken).unwrap();
        let error = read_or_create(&path, &fixture.client()).unwrap_err();
        assert!(error.contains("h5_backend.key: has "), "{error}");
        assert!(error.contains("at least 32"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = read_or_create(&path, &fixture.client()).unwrap_err();
    assert!(error.contains("h5_backend.key: "), "{error}");
    let nowhere = fixture.folder.join("missing/h5_backend.key");
    let error = read_or_create(&nowhere, &fixture.client()).unwrap_err();
    assert!(error.contains("missing/h5_backend.key: "), "{error}");
}

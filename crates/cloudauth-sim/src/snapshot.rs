//! The state file: verifications, identifiers, scenes, callbacks that are still to be sent, and the
//! clock.
//!
//! Each line is a JSON object, a tab, and a hash of the object and of the line before, so that a line
//! that was changed, moved or cut is found. The first line names the version that wrote the file, the
//! last one the number of lines. Not kept: the log of requests, faults, nonces, uploaded files and
//! issued credentials.

use core::fmt;

use ring::digest;
use serde_json::{Value, json};

use crate::ids::hex;
use crate::world::World;

/// The version that writes a file and reads no other's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The form of the file. It grows with every change of what is kept.
const FORMAT: u64 = 1;

/// How many digits of a hash a line has.
const HASH_DIGITS: usize = 16;

/// The reason why a state file was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SnapshotError {
    /// The number of the line, from 1.
    line: usize,
    reason: String,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} {}", self.line, self.reason)
    }
}

impl core::error::Error for SnapshotError {}

/// The contents of the state file.
pub(crate) fn write(world: &World, clock_offset: i64) -> String {
    let first = json!({
        "cloudauth_sim": VERSION,
        "format": FORMAT,
        "clock_offset": clock_offset,
    });
    let mut text = String::new();
    let mut last_hash = String::new();
    let mut count = 1;
    let mut append = |record: &Value| {
        let record = record.to_string();
        last_hash = hash(&last_hash, &record);
        text.push_str(&record);
        text.push('\t');
        text.push_str(&last_hash);
        text.push('\n');
    };
    append(&first);
    for record in world.records() {
        append(&record);
        count += 1;
    }
    append(&json!({ "lines": count + 1 }));
    text
}

/// Reads the contents of a state file into a new world; returns the offset of the clock.
pub(crate) fn read(text: &str, world: &mut World) -> Result<i64, SnapshotError> {
    let error = |line: usize, reason: &str| SnapshotError {
        line,
        reason: reason.to_owned(),
    };
    let mut last_hash = String::new();
    let mut records = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let (record, stated) = line
            .rsplit_once('\t')
            .ok_or_else(|| error(number, "is cut, or not of a state file"))?;
        last_hash = hash(&last_hash, record);
        if stated != last_hash {
            return Err(error(number, "was changed, or a line before it is missing"));
        }
        let record: Value =
            serde_json::from_str(record).map_err(|_| error(number, "is not JSON"))?;
        records.push(record);
    }
    let count = records.len();
    let first = records.first().ok_or_else(|| error(1, "is missing"))?;
    if first["cloudauth_sim"] != VERSION || first["format"] != FORMAT {
        let written_by = first["cloudauth_sim"].as_str().unwrap_or("another program");
        let reason = format!("says that the file was written by {written_by}; this is {VERSION}");
        return Err(error(1, &reason));
    }
    let offset = first["clock_offset"].as_i64();
    let offset = offset.ok_or_else(|| error(1, "has no clock_offset"))?;
    let last = records.last().filter(|last| last["lines"] == count);
    if last.is_none() || !text.ends_with('\n') {
        return Err(error(count + 1, "and what follows it is missing"));
    }
    let inner = records.get(1..count.saturating_sub(1)).unwrap_or_default();
    for (record, number) in inner.iter().zip(2..) {
        let restored = world.restore_record(record);
        restored.ok_or_else(|| error(number, "has something that this version does not write"))?;
    }
    Ok(offset)
}

fn hash(before: &str, record: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{before}\n{record}").as_bytes());
    let mut text = hex(hash.as_ref());
    text.truncate(HASH_DIGITS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callbacks::CallbackFault;
    use crate::ids::Ids;
    use crate::orders::magic::{MagicEffect, magic_numbers};
    use crate::orders::{Identity, Order, OrderState};
    use crate::verdict::Verdict;

    fn order(number: &str) -> Order {
        Order {
            outer_order_no: number.to_owned(),
            scene_id: 7,
            return_url: "https://shop.example/\t\n张".to_owned(),
            product_code: "ID_PRO".to_owned(),
            callback: Some(crate::callbacks::CallbackTarget {
                url: "https://shop.example/called".to_owned(),
                token: Some("token".to_owned()),
            }),
            created_unix: 1_000,
            state: OrderState::Issued,
            identity: Some(Identity::new("张三", "1")),
            magic: None,
            wants_video: true,
            was_queried: true,
            is_deleted: false,
        }
    }

    /// A world with something of everything that is kept.
    fn world() -> World {
        let mut world = World::new();
        world.set_seed(9);
        world.add_scene(5);
        let orders = world.orders_mut();
        for (state, number) in [
            (OrderState::Issued, "a"),
            (OrderState::Opened, "b"),
            (OrderState::Abandoned, "c"),
        ] {
            let mut order = order(number);
            order.state = state;
            orders.open(order);
        }
        for row in magic_numbers() {
            let mut order = order("magic");
            order.magic = MagicEffect::of(&row.number);
            assert!(order.magic.is_some());
            orders.open(order);
        }
        let finished = orders.open(order("d"));
        let faults = [CallbackFault::Forged, CallbackFault::Repeated];
        let finish =
            world.finish_with_callback_faults(&finished, Verdict::NameMismatch, &faults, 1_001);
        assert!(finish.is_ok());
        world
    }

    #[test]
    fn everything_is_read_as_it_was_written() {
        let text = write(&world(), -5);
        let mut read_world = World::new();
        assert_eq!(read(&text, &mut read_world), Ok(-5));
        assert_eq!(write(&read_world, -5), text);
        // The next order has the identifier that it would have had.
        let next = |world: &mut World| world.orders_mut().open(order("next"));
        assert_eq!(next(&mut read_world), next(&mut world()));
        assert_eq!(read_world.orders().ids, Ids { seed: 9 });
        let identity = Identity::new("张三", "1");
        assert_eq!(
            read_world.orders().refusal_code(identity, 1_002),
            Some("417")
        );
        assert_eq!(read_world.take_due_callbacks(1_002).len(), 1);
    }

    #[test]
    fn a_file_that_was_changed_cut_or_written_by_another_version_is_refused_by_line() {
        let text = write(&world(), 0);
        let mut untouched = World::new();
        let mut refused = |text: &str| {
            let error = read(text, &mut untouched);
            error.expect_err("it was accepted").to_string()
        };
        let lines: Vec<_> = text.lines().collect();
        for at in 0..lines.len() {
            let mut changed = lines.clone();
            let edited = changed[at].replacen("{\"", "{ \"", 1);
            changed[at] = &edited;
            let error = refused(&format!("{}\n", changed.join("\n")));
            assert!(error.starts_with(&format!("line {} ", at + 1)), "{error}");

            let mut cut = lines[..at].to_vec();
            // So that the last line ends.
            cut.push("");
            let error = refused(&cut.join(
                "
",
            ));
            assert!(error.starts_with(&format!("line {} ", at + 1)), "{error}");

            let mut missing = lines.clone();
            missing.remove(at);
            if at + 1 < lines.len() {
                let error = refused(&format!("{}\n", missing.join("\n")));
                assert!(error.starts_with(&format!("line {} ", at + 1)), "{error}");
            }
        }
        for cut in (0..text.len()).step_by(97) {
            if let Some(cut) = text.get(..cut) {
                refused(cut);
            }
        }
        refused(&format!("{text}{}\n", lines[0]));

        let other = text.replacen(VERSION, "0.0.0", 1);
        // With the right hashes, as that version writes it.
        let records = other.lines().map(|line| line.split('\t').next().unwrap());
        let mut last = String::new();
        let mut rewritten = String::new();
        for record in records {
            last = hash(&last, record);
            rewritten += &[record, "\t", &last, "\n"].concat();
        }
        let error = refused(&rewritten);
        assert!(
            error.contains("line 1") && error.contains("0.0.0"),
            "{error}"
        );
        assert_eq!(write(&untouched, 0), write(&World::new(), 0));
    }
}

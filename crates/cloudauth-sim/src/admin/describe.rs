//! The description of the admin interface by itself.

use serde_json::{Value, json};

/// The kinds of faults.
pub(super) const FAULTS: [&str; 17] = [
    "refuse",
    "reset",
    "hang",
    "trickle",
    "status",
    "code_500",
    "throttle",
    "gateway",
    "garbage",
    "wrong_type",
    "empty",
    "truncate",
    "oversize",
    "skew",
    "close",
    "bad_tls",
    "custom",
];

/// A command: method, path below the interface, what it does, and the keys of its JSON body (of its
/// query for DELETE) with what they take.
pub(super) struct Command {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) does: &'static str,
    pub(super) keys: &'static [(&'static str, &'static str)],
}

pub(super) const COMMANDS: [Command; 7] = [
    Command {
        method: "POST",
        path: "/faults",
        does: "inject a fault",
        keys: &[
            ("fault", "its kind"),
            ("region", "cn-shanghai or cn-beijing; both without it"),
            (
                "action",
                "the only operation it applies to; every one without it",
            ),
            ("times", "a number of requests, or \"always\"; 1 without it"),
            ("status", "HTTP status of status, gateway and custom"),
            ("code", "code of gateway"),
            ("bytes", "size of oversize"),
            ("seconds", "how wrong the clock is under skew"),
            ("body", "body of custom"),
        ],
    },
    Command {
        method: "DELETE",
        path: "/faults",
        does: "clear the faults and open the ports",
        keys: &[("region", "cn-shanghai or cn-beijing; both without it")],
    },
    Command {
        method: "POST",
        path: "/clock",
        does: "move the clock",
        keys: &[("move_seconds", "forward, or back if negative")],
    },
    Command {
        method: "POST",
        path: "/finish",
        does: "finish a verification",
        keys: &[
            ("certify_id", "its certify ID"),
            (
                "sub_code",
                "the verdict, for example 204; 200, passed, without it",
            ),
        ],
    },
    Command {
        method: "POST",
        path: "/limits",
        does: "enforce the documented rate limits, or stop that",
        keys: &[("enforce", "true or false")],
    },
    Command {
        method: "POST",
        path: "/unlock",
        does: "unlock all identities",
        keys: &[],
    },
    Command {
        method: "GET",
        path: "/state",
        does: "what happened, in JSON",
        keys: &[],
    },
];

/// The keys of the body of a command that is posted.
pub(super) fn keys_of(path: &str) -> Vec<&'static str> {
    let mut posted = COMMANDS.iter().filter(|it| it.method == "POST");
    let command = posted.find(|it| it.path == path);
    let keys = command.map_or(&[][..], |it| it.keys);
    keys.iter().map(|(name, _)| *name).collect()
}

/// The interface at this path, in JSON.
pub(super) fn description(base: &str) -> Value {
    let commands = COMMANDS.iter().map(|it| {
        let keys = it.keys.iter();
        let keys = keys.map(|(name, takes)| ((*name).to_owned(), (*takes).into()));
        json!({
            "method": it.method,
            "path": format!("{base}{}", it.path),
            "does": it.does,
            "keys": Value::Object(keys.collect()),
        })
    });
    json!({
        "commands": commands.collect::<Vec<_>>(),
        "faults": FAULTS,
        "note": "POST needs content-type: application/json; browsers get the live page at this path",
    })
}

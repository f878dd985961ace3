//! Scenes: made, changed, listed and deleted. A scene that was never made here counts as configured, so that nobody
//! has to make one first; one that was made here and deleted does not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use super::search::object;
use super::{Business, Desk, Params, given};
use crate::time::timestamp;

/// More scenes than this and the oldest are forgotten.
const CAPACITY: usize = 1_000;

/// What is kept of a parameter of a scene.
const TEXT: usize = 256;

/// The first number given; the vendor's examples have ten digits.
const FIRST: i64 = 1_000_100_000;

#[derive(Default)]
pub(super) struct Scenes {
    made: BTreeMap<i64, Map<String, Value>>,
    deleted: BTreeSet<i64>,
    /// Deleted ones, oldest first.
    order: VecDeque<i64>,
}

impl Scenes {
    pub(super) fn is_deleted(&self, scene_id: i64) -> bool {
        self.deleted.contains(&scene_id)
    }

    fn delete(&mut self, scene_id: i64) {
        if self.made.remove(&scene_id).is_some() && self.deleted.insert(scene_id) {
            self.order.push_back(scene_id);
        }
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.deleted.remove(&oldest);
        }
    }
}

impl Desk {
    pub(super) fn create_scene(&mut self, params: &Params, now_unix: u64) -> Business {
        let next = i64::try_from(self.next()).unwrap_or_default();
        let scene_id = FIRST + next;
        let mut scene = kept(params);
        scene.insert("SceneId".to_owned(), scene_id.into());
        scene.insert("Status".to_owned(), 1.into());
        scene.insert("CreateTime".to_owned(), timestamp(now_unix).into());
        if self.scenes.made.len() >= CAPACITY {
            self.scenes.made.pop_first();
        }
        self.scenes.made.insert(scene_id, scene);
        answer(json!({ "SceneId": scene_id }))
    }

    /// Changes a scene; one that was not made here is left alone.
    pub(super) fn update_scene(&mut self, params: &Params, now_unix: u64) -> Business {
        if let Some(scene) = self.scenes.made.get_mut(&scene_id(params)) {
            scene.extend(kept(params));
            scene.insert("UpdateTime".to_owned(), timestamp(now_unix).into());
        }
        answer(json!({}))
    }

    pub(super) fn delete_scene(&mut self, params: &Params) -> Business {
        self.scenes.delete(scene_id(params));
        answer(json!({}))
    }

    pub(super) fn list_scenes(&self, params: &Params) -> Business {
        let wanted = given(params, "SceneId");
        let scenes = self.scenes.made.iter();
        let scenes = scenes.filter(|(id, _)| wanted.is_empty() || id.to_string() == wanted);
        let scenes: Vec<_> = scenes
            .map(|(_, scene)| Value::Object(scene.clone()))
            .collect();
        answer(json!({ "Scenes": scenes }))
    }
}

fn answer(members: Value) -> Business {
    Business {
        code: "200",
        members: object(members),
    }
}

fn scene_id(params: &Params) -> i64 {
    given(params, "SceneId").parse().unwrap_or_default()
}

/// Those that a list shows again: numbers as numbers.
fn kept(params: &Params) -> Map<String, Value> {
    const SHOWN: [&str; 12] = [
        "BindMiniProgram",
        "DegradeAppScheme",
        "DegradeSubCodes",
        "DegradeType",
        "DeviceRiskPlus",
        "MiniProgramName",
        "Platform",
        "ReturnPicCount",
        "ReturnVideoLength",
        "SceneName",
        "StoreImage",
        "UseDegrade",
    ];
    let named = params
        .iter()
        .filter(|(name, _)| SHOWN.contains(&name.as_str()));
    named
        .map(|(name, text)| {
            let text: String = text.chars().take(TEXT).collect();
            let number = text
                .parse::<i64>()
                .ok()
                .filter(|_| name.starts_with("Return"));
            (
                name.clone(),
                number.map_or_else(|| text.into(), Value::from),
            )
        })
        .collect()
}

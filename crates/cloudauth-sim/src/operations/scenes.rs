//! Scenes: created, updated, listed and deleted.
//!
//! A scene that was not created here counts as configured, so that tests need not create one. A scene
//! that was created here and deleted does not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use super::result::OperationResult;
use crate::dates::timestamp;
use crate::http::{Params, params::value};

/// With more scenes than this, the oldest are removed.
const CAPACITY: usize = 1_000;

/// How many characters of a parameter are stored.
const MAX_VALUE_CHARS: usize = 256;

/// Scene IDs begin after this one; the vendor's examples have ten digits.
const FIRST_SCENE_ID: i64 = 1_000_100_000;

/// The parameters that a list of scenes repeats.
const LISTED: [&str; 12] = [
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

#[derive(Default)]
pub(super) struct Scenes {
    created: BTreeMap<i64, Map<String, Value>>,
    deleted: BTreeSet<i64>,
    /// The deleted ones, oldest first.
    deleted_ages: VecDeque<i64>,
}

impl Scenes {
    pub(super) fn is_deleted(&self, scene_id: i64) -> bool {
        self.deleted.contains(&scene_id)
    }

    pub(super) fn is_created(&self, scene_id: i64) -> bool {
        self.created.contains_key(&scene_id)
    }

    /// Adds a scene as it was created elsewhere.
    pub(super) fn add(&mut self, scene_id: i64) {
        let mut scene = Map::new();
        scene.insert("SceneId".to_owned(), scene_id.into());
        scene.insert("Status".to_owned(), 1.into());
        self.created.insert(scene_id, scene);
    }

    pub(super) fn create(
        &mut self,
        params: &Params,
        number: u64,
        now_unix: u64,
    ) -> OperationResult {
        let scene_id = FIRST_SCENE_ID + i64::try_from(number).unwrap_or_default();
        let mut scene = listed_values(params);
        scene.insert("SceneId".to_owned(), scene_id.into());
        scene.insert("Status".to_owned(), 1.into());
        scene.insert("CreateTime".to_owned(), timestamp(now_unix).into());
        if self.created.len() >= CAPACITY {
            self.created.pop_first();
        }
        self.created.insert(scene_id, scene);
        OperationResult::new("200", json!({ "SceneId": scene_id }))
    }

    /// Updates a scene. An unknown one changes nothing.
    pub(super) fn update(&mut self, params: &Params, now_unix: u64) -> OperationResult {
        if let Some(scene) = self.created.get_mut(&scene_id(params)) {
            scene.extend(listed_values(params));
            scene.insert("UpdateTime".to_owned(), timestamp(now_unix).into());
        }
        OperationResult::new("200", json!({}))
    }

    /// Deletes a scene. An unknown one changes nothing.
    pub(super) fn delete(&mut self, params: &Params) -> OperationResult {
        let scene_id = scene_id(params);
        if self.created.remove(&scene_id).is_some() && self.deleted.insert(scene_id) {
            self.deleted_ages.push_back(scene_id);
        }
        if self.deleted_ages.len() > CAPACITY
            && let Some(oldest) = self.deleted_ages.pop_front()
        {
            self.deleted.remove(&oldest);
        }
        OperationResult::new("200", json!({}))
    }

    /// One record for each scene, created or deleted.
    pub(super) fn records(&self) -> impl Iterator<Item = Value> {
        let created = self.created.values();
        let created = created.map(|scene| json!({ "scene": scene }));
        let deleted = self.deleted_ages.iter();
        created.chain(deleted.map(|id| json!({ "deleted_scene": id })))
    }

    pub(super) fn restore(&mut self, record: &Value) -> Option<()> {
        let scene = record.as_object()?;
        let scene_id = scene.get("SceneId")?.as_i64()?;
        self.created.insert(scene_id, scene.clone());
        Some(())
    }

    pub(super) fn restore_deleted(&mut self, record: &Value) -> Option<()> {
        let scene_id = record.as_i64()?;
        self.deleted.insert(scene_id);
        self.deleted_ages.push_back(scene_id);
        Some(())
    }

    pub(super) fn list(&self, params: &Params) -> OperationResult {
        let wanted = value(params, "SceneId");
        let scenes = self.created.iter();
        let scenes = scenes.filter(|(id, _)| wanted.is_empty() || id.to_string() == wanted);
        let scenes: Vec<_> = scenes
            .map(|(_, scene)| Value::Object(scene.clone()))
            .collect();
        OperationResult::new("200", json!({ "Scenes": scenes }))
    }
}

fn scene_id(params: &Params) -> i64 {
    value(params, "SceneId").parse().unwrap_or_default()
}

/// The parameters to be listed. Counts and lengths become numbers.
fn listed_values(params: &Params) -> Map<String, Value> {
    let listed = params
        .iter()
        .filter(|(name, _)| LISTED.contains(&name.as_str()));
    listed
        .map(|(name, text)| {
            let text: String = text.chars().take(MAX_VALUE_CHARS).collect();
            let number = text
                .parse::<i64>()
                .ok()
                .filter(|_| name.starts_with("Return"));
            let value = number.map_or_else(|| text.into(), Value::from);
            (name.clone(), value)
        })
        .collect()
}

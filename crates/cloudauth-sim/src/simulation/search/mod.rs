//! An exhaustive search: everything that can happen in a small world, in every order.
//!
//! Each world has two endpoints, a few calls and bounds on what happens to them: how often an endpoint
//! goes down or up, calls are dropped, and the clock jumps. The search drives the core's own calls and
//! refreshes. A path is a list of choices, which is run again from the start each time, and states that
//! differ in nothing that can still matter are one. Shorter paths come first, so the first path that
//! violates a property is a shortest one. Backoffs are zero: their jitter would be random.
//!
//! When nothing is in progress, a new call is tried at each endpoint: what ended must not leave
//! anything behind that keeps it from succeeding at once.

mod action;
mod checks;
mod client;
mod fingerprint;
mod live_call;
mod monitors;
mod property;
mod replay;
mod small_world;
mod worlds;

use core::mem;
use std::collections::{BTreeMap, HashSet};

use action::{Action, LastCall};
pub use property::Property;
use replay::Replay;
pub use small_world::SmallWorld;
pub use worlds::small_worlds;

use super::explore::ScenarioError;

/// Counts and result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchResult {
    /// Different states.
    pub states: usize,
    /// Lists of choices that were run, each from the start.
    pub paths: u64,
    /// The length of the longest of them.
    pub depth: usize,
    /// Whether all states were reached, and not only as many as were allowed.
    pub is_complete: bool,
    /// A shortest path for each property that does not hold.
    pub violations: Vec<ShortestPath>,
}

/// A shortest path that violates a property.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShortestPath {
    /// The property.
    pub property: Property,
    /// The number of choices on it.
    pub length: usize,
    /// What happens, one line per choice or event.
    pub trace: String,
}

/// Searches a world, up to this many states.
///
/// ```
/// use cloudauth_sim::simulation::search::{search, small_worlds};
///
/// let worlds = small_worlds();
/// let name = "read, breakers HalfOpen, Closed";
/// let world = worlds.iter().find(|world| world.name() == name);
/// let result = search(world.ok_or("no such world")?, 1_000)?;
/// assert!(result.is_complete);
/// assert!(result.violations.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn search(world: &SmallWorld, max_states: usize) -> Result<SearchResult, ScenarioError> {
    let mut tree = Tree::default();
    let mut result = SearchResult::default();
    let mut shortest: BTreeMap<Property, Vec<Action>> = BTreeMap::new();
    let mut seen = HashSet::from([Replay::after(world, &[])?.fingerprint()]);
    let mut level = vec![None];
    'search: while !level.is_empty() {
        let mut next_level = Vec::new();
        for node in mem::take(&mut level) {
            let mut path = tree.path(node);
            let actions = Replay::after(world, &path)?.actions();
            for action in actions {
                if seen.len() >= max_states {
                    break 'search;
                }
                path.push(action);
                result.paths += 1;
                let replay = Replay::after(world, &path)?;
                let mut violated = replay.violated();
                if violated.is_none() && seen.insert(replay.fingerprint()) {
                    if replay.is_idle() {
                        violated = violated_by_last_call(world, &mut path, &mut result.paths)?;
                    }
                    if violated.is_none() {
                        next_level.push(Some(tree.add(node, action)));
                    }
                }
                result.depth = result.depth.max(path.len());
                if let Some(property) = violated {
                    shortest.entry(property).or_insert_with(|| path.clone());
                    path.truncate(tree.path(node).len() + 1);
                }
                path.pop();
            }
        }
        level = next_level;
    }
    result.states = seen.len();
    result.is_complete = seen.len() < max_states;
    for (property, path) in shortest {
        result.violations.push(ShortestPath {
            property,
            length: path.len(),
            trace: Replay::trace(world, &path)?,
        });
    }
    Ok(result)
}

/// Tries each last call, and adds the one that violates a property to the path.
fn violated_by_last_call(
    world: &SmallWorld,
    path: &mut Vec<Action>,
    paths: &mut u64,
) -> Result<Option<Property>, ScenarioError> {
    for (call, region) in LastCall::ALL {
        path.push(Action::Last(call, region));
        *paths += 1;
        let violated = Replay::after(world, path)?.violated();
        if violated.is_some() {
            return Ok(violated);
        }
        path.pop();
    }
    Ok(None)
}

/// The paths so far: each is another one and an action.
#[derive(Default)]
struct Tree(Vec<(Option<usize>, Action)>);

impl Tree {
    fn add(&mut self, parent: Option<usize>, action: Action) -> usize {
        self.0.push((parent, action));
        self.0.len() - 1
    }

    fn path(&self, mut node: Option<usize>) -> Vec<Action> {
        let mut path = Vec::new();
        while let Some(at) = node {
            let (parent, action) = self.0[at];
            path.push(action);
            node = parent;
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The fingerprints after each action.
    fn successors(world: &SmallWorld, path: &[Action]) -> Vec<(Action, u64)> {
        let actions = Replay::after(world, path).unwrap().actions();
        let after = |action| {
            let path = [path, &[action]].concat();
            let replay = Replay::after(world, &path).unwrap();
            (action, replay.fingerprint())
        };
        actions.into_iter().map(after).collect()
    }

    /// Compares the successors of all paths to the same state, up to this many states.
    fn assert_same_successors(name: &str, max_states: usize) {
        let worlds = small_worlds();
        let world = worlds.iter().find(|world| world.name() == name).unwrap();
        let mut first_paths = BTreeMap::from([(0, Vec::new())]);
        let mut queue = std::collections::VecDeque::from([Vec::new()]);
        let mut compared = 0;
        while let Some(path) = queue.pop_front() {
            for (action, fingerprint) in successors(world, &path) {
                let longer = [path.as_slice(), &[action]].concat();
                if let Some(first) = first_paths.get(&fingerprint) {
                    compared += 1;
                    let same = successors(world, first) == successors(world, &longer);
                    assert!(same, "{name}: {first:?} and {longer:?}");
                } else if first_paths.len() < max_states {
                    first_paths.insert(fingerprint, longer.clone());
                    queue.push_back(longer);
                }
            }
        }
        println!(
            "{name}: {compared} paths led to one of {} states",
            first_paths.len()
        );
        assert!(compared > max_states / 4, "{compared}");
    }

    #[test]
    fn paths_to_the_same_state_continue_alike() {
        for name in [
            "2 reads",
            "every classification, charge",
            "hedged read, read",
            "1 reads per second, 2 reads, late polls",
            "hedged look-up in Shanghai",
            "refresh Inline, 2 reads",
            "refresh Beside, read, charge",
            "2 reads, breakers HalfOpen, AlmostOpen",
            "2 reads, drops not released, breakers HalfOpen, HalfOpen",
        ] {
            assert_same_successors(name, 200);
        }
    }
}

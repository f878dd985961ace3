//! The exhaustive search, up to a bound for which there is time in every test run.

use cloudauth_sim::simulation::search::{Property, SmallWorld, search, small_worlds};

/// The whole search has no bound for most worlds: `cloudauth sim search`.
const MAX_STATES: usize = 60;

#[test]
fn every_property_holds_in_all_small_worlds() {
    let (mut states, mut paths, mut complete) = (0, 0, 0);
    let worlds = small_worlds();
    for world in &worlds {
        let result = search(world, MAX_STATES).unwrap();
        assert_eq!(result.violations, [], "{}", world.name());
        states += result.states;
        paths += result.paths;
        complete += usize::from(result.is_complete);
    }
    println!(
        "{} worlds, {complete} of them to their end: {states} states, {paths} paths",
        worlds.len()
    );
    assert!(complete > 0 && states > 5_000, "{complete}, {states}");
}

#[test]
fn a_search_without_a_bound_that_matters_reaches_all_states() {
    let worlds = small_worlds();
    let is_small = |name: &str| name == "read, breakers Open, Closed";
    let world = worlds.iter().find(|world| is_small(world.name()));
    let world = world.unwrap();
    let all = search(world, 100_000).unwrap();
    assert!(all.is_complete);
    let exact = search(world, all.states + 1).unwrap();
    assert_eq!(exact, all);
    let bounded = search(world, all.states).unwrap();
    assert!(!bounded.is_complete);
    assert!(bounded.paths <= all.paths);
}

#[test]
fn worlds_have_different_names() {
    let worlds = small_worlds();
    let mut names: Vec<_> = worlds.iter().map(SmallWorld::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), worlds.len());
}

#[test]
fn properties_are_different_sentences() {
    let mut sentences: Vec<_> = Property::ALL.iter().map(ToString::to_string).collect();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), Property::ALL.len());
}

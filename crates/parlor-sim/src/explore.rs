//! Walks through every state that a value can reach, breadth first.
//!
//! Small enough to be our own: the state is the value itself (`Clone + Eq + Hash`), an action is a number, and what is to
//! hold always and at the end are two functions. Because every action uses something up (a message, a promise, a
//! budget), the graph must be free of cycles, which is checked; so "eventually, whatever the order" is the same as "in
//! every state in which nothing more can happen".

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

type Hashed<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// What can be explored.
pub trait Explorable: Clone + Eq + Hash {
    /// Everything that can happen next: the state after it, and what the step itself has to say.
    fn steps(&self) -> Vec<Step<Self>>;
    /// What is wrong with this state, wherever it lies on a path.
    fn always(&self) -> Result<(), String>;
    /// What is wrong with this state, given that nothing more can happen.
    fn at_the_end(&self) -> Result<(), String>;
}

/// One thing that can happen.
#[derive(Clone, Debug)]
pub struct Step<S> {
    /// Its name, for the story of a failure.
    pub name: String,
    /// The state after it.
    pub state: S,
    /// What happened on the way and is worth knowing that it can: `glare`.
    pub sights: Vec<&'static str>,
}

/// What an exploration saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// States, each counted once.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// States in which nothing more can happen.
    pub ends: usize,
    /// How often each sight was seen.
    pub sights: Hashed<&'static str, usize>,
}

/// A state that should not be, with the steps that lead to it.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What is wrong.
    pub what: String,
    /// The shortest story that shows it.
    pub story: Vec<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.what)?;
        self.story.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}

/// Visits every reachable state.
///
/// # Errors
/// The first [`Violation`] found, which is one of the shortest; also when there are more than `states_max` states, or
/// when a state can be reached from itself.
pub fn explore<S: Explorable>(start: S, states_max: usize) -> Result<Report, Violation> {
    let mut search = Search::default();
    search.add(start, None);
    let mut report = Report::default();
    while let Some(state) = search.frontier.pop_front() {
        let place = search.successors.len();
        let fail = |what: String| Violation { what, story: search.story(place) };
        state.always().map_err(fail)?;
        let steps = state.steps();
        if steps.is_empty() {
            report.ends += 1;
            state.at_the_end().map_err(fail)?;
        }
        let mut successors = Vec::with_capacity(steps.len());
        for step in steps {
            report.steps += 1;
            for sight in step.sights {
                *report.sights.entry(sight).or_default() += 1;
            }
            successors.push(search.add(step.state, Some((place, step.name))));
        }
        search.successors.push(successors);
        if search.origins.len() > states_max {
            let what = format!("more than {states_max} states");
            return Err(Violation { what, story: search.story(place) });
        }
    }
    report.states = search.origins.len();
    match search.cycle() {
        Some(on_cycle) => Err(Violation {
            what: "a state can be reached from itself".to_owned(),
            story: search.story(on_cycle),
        }),
        None => Ok(report),
    }
}

struct Search<S> {
    /// States whose successors are not known yet, in order of their numbers.
    frontier: VecDeque<S>,
    /// The numbers of all states, by hash.
    known: Hashed<u64, usize>,
    /// From where each state was first reached, and how.
    origins: Vec<Option<(usize, String)>>,
    successors: Vec<Vec<usize>>,
}

impl<S> Default for Search<S> {
    fn default() -> Self {
        Self {
            frontier: VecDeque::new(),
            known: HashMap::default(),
            origins: Vec::new(),
            successors: Vec::new(),
        }
    }
}

impl<S: Hash> Search<S> {
    fn add(&mut self, state: S, origin: Option<(usize, String)>) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&state);
        if let Some(place) = self.known.get(&hash) {
            return *place;
        }
        let place = self.origins.len();
        self.known.insert(hash, place);
        self.origins.push(origin);
        self.frontier.push_back(state);
        place
    }

    fn story(&self, mut place: usize) -> Vec<String> {
        let mut steps = Vec::new();
        while let Some(Some((from, name))) = self.origins.get(place) {
            steps.push(name.clone());
            place = *from;
        }
        steps.reverse();
        steps
    }

    /// A state on a cycle, if there is one: what is left when states without predecessors are taken away (Kahn, 1962).
    fn cycle(&self) -> Option<usize> {
        let mut incoming = vec![0_usize; self.origins.len()];
        for successor in self.successors.iter().flatten() {
            if let Some(count) = incoming.get_mut(*successor) {
                *count += 1;
            }
        }
        let mut free: Vec<usize> =
            incoming.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| place).collect();
        while let Some(place) = free.pop() {
            for successor in self.successors.get(place).into_iter().flatten() {
                if let Some(count) = incoming.get_mut(*successor) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(*successor);
                    }
                }
            }
        }
        incoming.iter().position(|count| *count > 0)
    }
}

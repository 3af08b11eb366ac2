//! A planner that has warmed up allocates nothing, so a control loop never waits for memory.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use planners::{
    Budget, CandidateShape, DifferentiableModel, Method, PlannerConfig, RefinementConfig,
    RolloutError, RolloutModel, SearchSpace,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting the calls of each thread.
struct Counting;

fn count() {
    // A thread that is ending has no counter any more, and nothing left to measure.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

#[allow(unsafe_code, reason = "a global allocator cannot be written without")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Every action should be 0.3.
struct Constant;

impl RolloutModel for Constant {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        for (sequence, cost) in actions.chunks_exact(shape.sequence_len()).zip(costs) {
            *cost = sequence.iter().map(|action| (action - 0.3).powi(2)).sum();
        }
        Ok(())
    }

    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        Some(self)
    }
}

impl DifferentiableModel for Constant {
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError> {
        for (action, slope) in actions.iter().zip(gradients) {
            *slope = 2.0 * (action - 0.3);
        }
        self.evaluate(actions, shape, costs)
    }
}

#[test]
fn decisions_after_the_first_allocate_nothing() {
    for name in Method::NAMES.split(", ") {
        for refinement in [None, Some(RefinementConfig::default())] {
            let config = PlannerConfig {
                space: SearchSpace::new(30, 3, 5),
                method: name.parse().unwrap(),
                refinement,
            };
            let mut planner = config.build(1).unwrap();
            let mut decide = || {
                planner.inject(&[0.1; 90]).unwrap();
                planner.plan(&mut Constant, Budget::Configured).unwrap();
                planner
                    .refine(&mut Constant, Budget::Milliseconds(1.0))
                    .unwrap();
                planner.shift(5);
            };
            decide();
            let before = ALLOCATIONS.get();
            for _ in 0..5 {
                decide();
            }
            assert_eq!(ALLOCATIONS.get() - before, 0, "{config:?}");
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    let numbers = std::hint::black_box(vec![1_u8; 100]);
    assert_eq!(ALLOCATIONS.get() - before, 1);
    drop(numbers);
}

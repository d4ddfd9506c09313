//! What does a reading cost? The most memory that its thread held at one time, and the processor time of the thread:
//! the wall clock of a loaded machine says little.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a reading came to, and what it took.
pub struct Cost<T> {
    pub result: T,
    /// The most bytes on the heap at one time, beyond what was there before.
    pub memory: usize,
    /// Processor time, in nanoseconds.
    pub nanoseconds: u64,
}

/// Runs something on this thread.
pub fn measured<T>(run: impl FnOnce() -> T) -> Cost<T> {
    let before = LIVE.get();
    MOST.set(before);
    let begin = processor_time();
    let result = run();
    let nanoseconds = processor_time() - begin;
    let memory = usize::try_from(MOST.get() - before).unwrap();
    Cost { result, memory, nanoseconds }
}

/// The first number of the file is the time that the thread has run, in nanoseconds (Linux, `proc-schedstat`), as of its
/// last turn or the last tick of the clock: a few milliseconds ago at most.
fn processor_time() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse().unwrap()
}

thread_local! {
    /// Bytes that the thread has taken and not given back.
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: i64) {
    // The cells have no destructor, so that they can be used as long as the thread lives.
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    MOST.set(MOST.get().max(live));
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: everything is done by the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while the contents are moved.
        count(signed(size));
        count(-signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[test]
fn memory_and_time_are_noticed() {
    let cost = measured(|| {
        let held = vec![1_u8; 3_000_000];
        drop(vec![1_u8; 2_000_000]);
        (0..200_000_000_u64).fold(u64::from(held[17]), |sum, number| std::hint::black_box(sum ^ number))
    });
    assert!((5_000_000..5_100_000).contains(&cost.memory), "{} bytes", cost.memory);
    assert!(cost.nanoseconds > 1_000_000, "{} ns", cost.nanoseconds);
}

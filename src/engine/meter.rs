//! How much memory one statement holds of what all share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// A pool as one statement sees it: the shared one, and the most that the statement held of it.
#[derive(Debug)]
pub struct Meter {
    shared: Arc<dyn MemoryPool>,
    held: AtomicUsize,
    most: AtomicUsize,
}

impl Meter {
    /// A meter before a shared pool.
    pub fn new(shared: Arc<dyn MemoryPool>) -> Self {
        Self { shared, held: AtomicUsize::new(0), most: AtomicUsize::new(0) }
    }

    /// Most bytes that the statement held at a time, as the engine counts them: what is being read
    /// or encoded, and rows that pass through, are not among them.
    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed) as u64
    }

    fn add(&self, bytes: usize) {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(held, Ordering::Relaxed);
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(formatter)
    }
}

impl MemoryPool for Meter {
    fn name(&self) -> &str {
        "meter"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shared.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shared.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.grow(reservation, additional);
        self.add(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shared.shrink(reservation, shrink);
        self.held.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.shared.try_grow(reservation, additional)?;
        self.add(additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.shared.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.shared.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;

    #[test]
    fn the_most_that_one_statement_held_counts() {
        let shared: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1_000));
        let (one, other) =
            (Arc::new(Meter::new(Arc::clone(&shared))), Arc::new(Meter::new(Arc::clone(&shared))));
        let pool: Arc<dyn MemoryPool> = Arc::clone(&one) as _;
        let rows = MemoryConsumer::new("rows").register(&pool);
        let pool: Arc<dyn MemoryPool> = Arc::clone(&other) as _;
        let others = MemoryConsumer::new("others").register(&pool);
        rows.grow(300);
        others.try_grow(400).expect("memory");
        rows.shrink(200);
        rows.try_grow(150).expect("memory");
        assert_eq!((one.most(), other.most(), shared.reserved()), (300, 400, 650));
        assert!(rows.try_grow(400).is_err());
        assert_eq!(one.most(), 300);
        drop((rows, others));
        assert_eq!((shared.reserved(), one.held.load(Ordering::Relaxed)), (0, 0));
    }
}

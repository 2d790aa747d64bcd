//! The memory that all statements share: fair when it is scarce, generous while it is not.
//!
//! The engine's fair pool gives everyone who can go to disk the same share, whether the others
//! need theirs or not: with two statements of a few such steps, one that groups much goes to disk
//! with a tenth of the memory in use. Here it may have more, as long as a quarter stays free for
//! those who have not come to their share.

use std::fmt;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// A fair pool that lends what nobody uses.
#[derive(Debug)]
pub struct LendingPool {
    fair: FairSpillPool,
    limit: usize,
}

impl LendingPool {
    /// A pool of so many bytes.
    pub fn new(limit: usize) -> Self {
        Self { fair: FairSpillPool::new(limit), limit }
    }
}

impl fmt::Display for LendingPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fair.fmt(formatter)
    }
}

impl MemoryPool for LendingPool {
    fn name(&self) -> &str {
        "lending"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.fair.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.fair.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.fair.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.fair.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let wanted = self.fair.reserved().saturating_add(additional);
        let can_spill = reservation.consumer().can_spill();
        // The fair pool counts on everyone keeping to the share.
        if can_spill && wanted > self.limit {
            let name = reservation.consumer().name();
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{additional} more bytes for {name}: {wanted} would be more than {}",
                self.limit
            )));
        }
        match self.fair.try_grow(reservation, additional) {
            Err(_) if can_spill && wanted <= self.limit / 4 * 3 => {
                self.fair.grow(reservation, additional);
                Ok(())
            }
            result => result,
        }
    }

    fn reserved(&self) -> usize {
        self.fair.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.fair.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_nobody_uses_is_lent_but_for_a_quarter() {
        let pool: Arc<dyn MemoryPool> = Arc::new(LendingPool::new(1_000));
        let spiller = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (one, other, third) = (spiller("one"), spiller("other"), spiller("third"));
        let join = MemoryConsumer::new("join").register(&pool);
        // A third is fair; three quarters are lent.
        one.try_grow(700).expect("what nobody uses");
        assert!(one.try_grow(51).is_err());
        one.try_grow(50).expect("the last that is lent");
        // Who has not come to the share gets of the rest, and a join does.
        other.try_grow(100).expect("a part of the share");
        join.try_grow(100).expect("memory");
        third.try_grow(50).expect("the rest");
        assert_eq!(pool.reserved(), 1_000);
        assert!(third.try_grow(1).is_err());
        assert!(join.try_grow(1).is_err());
        one.shrink(700);
        third.try_grow(250).expect("its share");
        drop((one, other, third, join));
        assert_eq!(pool.reserved(), 0);
    }
}

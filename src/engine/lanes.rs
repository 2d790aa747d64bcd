//! Statements that run at the same time: as many as there are threads, each on its share of
//! them. Many statements of one thread each do less work than one statement of many: nothing
//! is exchanged between threads, and nothing is grouped twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

/// The threads of a run, shared by its statements.
#[derive(Debug)]
pub struct Lanes {
    threads: usize,
    free: Semaphore,
    /// Statements that run or wait.
    wanted: AtomicUsize,
}

impl Lanes {
    /// As many lanes as threads.
    pub fn new(threads: usize) -> Self {
        let free = Semaphore::new(threads);
        Self { threads, free, wanted: AtomicUsize::new(0) }
    }

    /// Statements that can run at the same time.
    pub fn count(&self) -> usize {
        self.threads
    }

    /// Announces a statement, so that those before it leave it a share of the threads.
    pub fn book(&self) -> Booking<'_> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        Booking { lanes: self }
    }
}

/// A statement that wants to run.
#[derive(Debug)]
pub struct Booking<'l> {
    lanes: &'l Lanes,
}

impl<'l> Booking<'l> {
    /// Waits for a lane.
    ///
    /// # Errors
    /// Never: the lanes are not closed.
    pub async fn enter(self) -> Result<Lane<'l>> {
        let lanes = self.lanes;
        // Whoever is ready too books before the threads are shared out.
        tokio::task::yield_now().await;
        let permit = lanes.free.acquire().await.map_err(closed)?;
        let wanted = lanes.wanted.load(Ordering::Relaxed).max(1);
        let threads = (lanes.threads / wanted).max(1);
        Ok(Lane { threads, _permit: permit, _booking: self })
    }

    /// Waits until nothing else runs.
    ///
    /// # Errors
    /// Never: the lanes are not closed.
    pub async fn enter_alone(self) -> Result<Lane<'l>> {
        let lanes = self.lanes;
        let all = lanes.threads.try_into().unwrap_or(u32::MAX);
        let permit = lanes.free.acquire_many(all).await.map_err(closed)?;
        Ok(Lane { threads: 1, _permit: permit, _booking: self })
    }
}

impl Drop for Booking<'_> {
    fn drop(&mut self) {
        self.lanes.wanted.fetch_sub(1, Ordering::Relaxed);
    }
}

fn closed(error: tokio::sync::AcquireError) -> Error {
    Error::bug("the lanes of statements were closed").because(error)
}

/// The right to run a statement.
#[derive(Debug)]
pub struct Lane<'l> {
    /// Threads that the statement should use.
    pub threads: usize,
    _permit: SemaphorePermit<'l>,
    _booking: Booking<'l>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn threads_are_shared_by_those_who_want_them() {
        let lanes = Lanes::new(4);
        let alone = lanes.book().enter().await.expect("a lane");
        assert_eq!(alone.threads, 4);
        let (one, two) = (lanes.book(), lanes.book());
        let one = one.enter().await.expect("a lane");
        let two = two.enter().await.expect("a lane");
        assert_eq!((one.threads, two.threads), (1, 1));
        drop((alone, one));
        assert_eq!(lanes.book().enter().await.expect("a lane").threads, 2);
    }

    #[tokio::test]
    async fn alone_means_that_nothing_else_runs() {
        let lanes = Lanes::new(2);
        let running = lanes.book().enter().await.expect("a lane");
        let alone = lanes.book().enter_alone();
        tokio::pin!(alone);
        assert!(futures::poll!(&mut alone).is_pending());
        drop(running);
        assert_eq!(alone.await.expect("a lane").threads, 1);
    }
}

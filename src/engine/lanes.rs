//! Statements that run at the same time: as many as there are threads, each on one of them.
//! Many statements of one thread each do less work than one statement of many: nothing is
//! exchanged between threads, and nothing is grouped twice. Of those that wait, the one with most
//! work behind it comes first: a long chain of statements that starts late ends alone.
//!
//! Small statements, of which a night has one after another, are planned for all threads, though they
//! hold one lane. Nothing of them goes to disk then: the engine's exchange between threads can wait
//! for itself for ever when it has to spill (apache/datafusion#24883). What finds too little memory
//! so begins again on one thread.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::errors::is_out_of_memory;
use crate::error::Result;

/// The threads of a run, shared by its statements.
#[derive(Debug)]
pub struct Lanes {
    count: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Lanes on which nothing runs.
    free: usize,
    /// Statements that wait, the first to come first.
    waiting: BTreeSet<Place>,
    arrivals: u64,
}

/// In a queue: by urgency, then by arrival.
type Place = (Reverse<usize>, u64);

impl Lanes {
    /// As many lanes as threads.
    pub fn new(threads: usize) -> Self {
        let state = State { free: threads, waiting: BTreeSet::new(), arrivals: 0 };
        Self { count: threads, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Statements that can run at the same time.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Runs a statement when there is a lane for it; the most urgent first.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn run<T>(
        &self,
        urgency: usize,
        statement: impl AsyncFn() -> Result<T>,
    ) -> Result<T> {
        let _lane = self.enter(urgency, 1).await;
        statement().await
    }

    /// Like [`run`](Self::run); a statement that found too little memory beside others runs
    /// once more when nothing else does.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn run_or_alone<T>(
        &self,
        urgency: usize,
        statement: impl AsyncFn() -> Result<T>,
    ) -> Result<T> {
        match self.run(urgency, &statement).await {
            Err(error) if self.count > 1 && is_out_of_memory(&error) => {
                tracing::info!("too little memory: once more, alone");
                let _lane = self.enter(usize::MAX, self.count).await;
                statement().await
            }
            result => result,
        }
    }

    /// Waits for its turn and so many free lanes.
    async fn enter(&self, urgency: usize, lanes: usize) -> Taken<'_> {
        // Whoever is ready too stands in the queue before the first is chosen.
        tokio::task::yield_now().await;
        Waiting::new(self, urgency).until_free(lanes).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, left when it is dropped.
struct Waiting<'l> {
    lanes: &'l Lanes,
    place: Place,
}

impl<'l> Waiting<'l> {
    fn new(lanes: &'l Lanes, urgency: usize) -> Self {
        let mut state = lanes.state();
        let place = (Reverse(urgency), state.arrivals);
        state.arrivals += 1;
        state.waiting.insert(place);
        Self { lanes, place }
    }

    /// Waits until it is the first and so many lanes are free, and takes them.
    async fn until_free(self, wanted: usize) -> Taken<'l> {
        loop {
            // Heard from here on, so that no change is missed between the look and the wait.
            let changed = self.lanes.changed.notified();
            {
                let mut state = self.lanes.state();
                if state.waiting.first() == Some(&self.place) && state.free >= wanted {
                    state.free -= wanted;
                    return Taken { lanes: self.lanes, count: wanted };
                }
            }
            changed.await;
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.lanes.state().waiting.remove(&self.place);
        self.lanes.changed.notify_waiters();
    }
}

/// Lanes that a statement has, given back when it is dropped.
struct Taken<'l> {
    lanes: &'l Lanes,
    count: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.lanes.state().free += self.count;
        self.lanes.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use datafusion::error::DataFusionError;

    use super::*;
    use crate::error::Error;

    #[tokio::test]
    async fn the_most_urgent_comes_first() {
        let lanes = Lanes::new(1);
        let running = lanes.enter(0, 1).await;
        let order = Mutex::new(Vec::new());
        let work = [1, 3, 2, 3].into_iter().enumerate().map(|(place, urgency)| {
            let order = &order;
            lanes.run(urgency, async move || {
                order.lock().expect("the list").push((urgency, place));
                Ok(())
            })
        });
        let all = futures::future::join_all(work);
        tokio::pin!(all);
        // Once to come, once to wait.
        assert!(futures::poll!(&mut all).is_pending());
        assert!(futures::poll!(&mut all).is_pending());
        drop(running);
        assert!(all.await.iter().all(Result::is_ok));
        let order = order.lock().expect("the list");
        assert_eq!(*order, [(3, 1), (3, 3), (2, 2), (1, 0)]);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_stops_nobody() {
        let lanes = Lanes::new(1);
        let running = lanes.enter(0, 1).await;
        {
            let first = lanes.enter(9, 1);
            tokio::pin!(first);
            assert!(futures::poll!(&mut first).is_pending());
            assert!(futures::poll!(&mut first).is_pending());
        }
        drop(running);
        assert_eq!(lanes.enter(0, 1).await.count, 1);
    }

    #[tokio::test]
    async fn alone_means_that_nothing_else_runs() {
        let lanes = Lanes::new(2);
        let running = lanes.enter(0, 1).await;
        let alone = lanes.enter(usize::MAX, 2);
        tokio::pin!(alone);
        assert!(futures::poll!(&mut alone).is_pending());
        assert!(futures::poll!(&mut alone).is_pending());
        // Nobody comes before it.
        let late = lanes.enter(5, 1);
        tokio::pin!(late);
        assert!(futures::poll!(&mut late).is_pending());
        assert!(futures::poll!(&mut late).is_pending());
        drop(running);
        drop(alone.await);
        assert_eq!(late.await.count, 1);
    }

    #[tokio::test]
    async fn a_statement_without_memory_runs_once_more_alone() {
        let lanes = Lanes::new(2);
        let full = || DataFusionError::ResourcesExhausted("full".to_owned());
        let calls = AtomicUsize::new(0);
        let done = lanes.run_or_alone(0, async || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            if call == 0 { Err(Error::from(full())) } else { Ok(lanes.state().free) }
        });
        assert_eq!(done.await.expect("the second time"), 0);
        let failed = lanes.run_or_alone(0, async || {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Error::bug("something else"))
        });
        assert!(failed.await.is_err());
        assert_eq!(calls.into_inner(), 3);
    }
}

//! Statements that run at the same time: as many as there are threads, each on its share of
//! them. Many statements of one thread each do less work than one statement of many: nothing
//! is exchanged between threads, and nothing is grouped twice. Of those that wait, the one with
//! most work behind it comes first: a long chain of statements that starts late ends alone.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::errors::is_out_of_memory;
use crate::error::Result;

/// The threads of a run, shared by its statements.
#[derive(Debug)]
pub struct Lanes {
    threads: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Lanes on which nothing runs.
    free: usize,
    /// Statements that run or wait.
    wanted: usize,
    /// Statements that wait, the first to come first.
    waiting: BTreeSet<Place>,
    arrivals: u64,
}

/// In a queue: by urgency, then by arrival.
type Place = (Reverse<usize>, u64);

impl Lanes {
    /// As many lanes as threads.
    pub fn new(threads: usize) -> Self {
        let state = State { free: threads, wanted: 0, waiting: BTreeSet::new(), arrivals: 0 };
        Self { threads, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Statements that can run at the same time.
    pub fn count(&self) -> usize {
        self.threads
    }

    /// Announces a statement, so that those before it leave it a share of the threads. Of
    /// statements that wait, the greatest urgency comes first.
    pub fn book(&self, urgency: usize) -> Booking<'_> {
        self.state().wanted += 1;
        Booking { lanes: self, urgency }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement that wants to run.
#[derive(Debug)]
pub struct Booking<'l> {
    lanes: &'l Lanes,
    urgency: usize,
}

impl<'l> Booking<'l> {
    /// Runs a statement when there is a lane for it, with its number of threads.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn run<T>(self, statement: impl AsyncFn(usize) -> Result<T>) -> Result<T> {
        let lane = self.enter().await;
        statement(lane.threads).await
    }

    /// Like [`run`](Self::run); a statement that found too little memory beside others runs
    /// once more when nothing else does.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn run_or_alone<T>(self, statement: impl AsyncFn(usize) -> Result<T>) -> Result<T> {
        let lanes = self.lanes;
        match self.run(&statement).await {
            Err(error) if lanes.threads > 1 && is_out_of_memory(&error) => {
                tracing::info!("too little memory: once more, alone");
                let lane = lanes.book(usize::MAX).enter_alone().await;
                statement(lane.threads).await
            }
            result => result,
        }
    }

    async fn enter(self) -> Lane<'l> {
        let lanes = self.lanes;
        // Whoever is ready too books before the threads are shared out.
        tokio::task::yield_now().await;
        Waiting::new(lanes, self.urgency).until_free(1).await;
        let threads = (lanes.threads / lanes.state().wanted.max(1)).max(1);
        Lane { lanes: 1, threads, booking: self }
    }

    /// Waits until nothing else runs; nobody comes before it.
    async fn enter_alone(self) -> Lane<'l> {
        let lanes = self.lanes;
        Waiting::new(lanes, usize::MAX).until_free(lanes.threads).await;
        Lane { lanes: lanes.threads, threads: 1, booking: self }
    }
}

impl Drop for Booking<'_> {
    fn drop(&mut self) {
        self.lanes.state().wanted -= 1;
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
    async fn until_free(self, wanted: usize) {
        loop {
            // Heard from here on, so that no change is missed between the look and the wait.
            let changed = self.lanes.changed.notified();
            {
                let mut state = self.lanes.state();
                if state.waiting.first() == Some(&self.place) && state.free >= wanted {
                    state.free -= wanted;
                    return;
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

/// The right to run a statement on some threads.
struct Lane<'l> {
    lanes: usize,
    threads: usize,
    booking: Booking<'l>,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let lanes = self.booking.lanes;
        lanes.state().free += self.lanes;
        lanes.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use datafusion::error::DataFusionError;

    use super::*;
    use crate::error::Error;

    #[tokio::test]
    async fn threads_are_shared_by_those_who_want_them() {
        let lanes = Lanes::new(4);
        let alone = lanes.book(0).enter().await;
        assert_eq!(alone.threads, 4);
        let (one, two) = (lanes.book(0), lanes.book(0));
        let one = one.enter().await;
        let two = two.enter().await;
        assert_eq!((one.threads, two.threads), (1, 1));
        drop((alone, one));
        assert_eq!(lanes.book(0).enter().await.threads, 2);
    }

    #[tokio::test]
    async fn the_most_urgent_comes_first() {
        let lanes = Lanes::new(1);
        let running = lanes.book(0).enter().await;
        let order = Mutex::new(Vec::new());
        let work = [1, 3, 2, 3].into_iter().enumerate().map(|(place, urgency)| {
            let order = &order;
            lanes.book(urgency).run(async move |_threads| {
                order.lock().expect("the list").push((urgency, place));
                Ok(())
            })
        });
        let all = futures::future::join_all(work);
        tokio::pin!(all);
        // Once to book, once to wait.
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
        let running = lanes.book(0).enter().await;
        {
            let first = lanes.book(9).enter();
            tokio::pin!(first);
            assert!(futures::poll!(&mut first).is_pending());
            assert!(futures::poll!(&mut first).is_pending());
        }
        drop(running);
        assert_eq!(lanes.book(0).enter().await.threads, 1);
    }

    #[tokio::test]
    async fn alone_means_that_nothing_else_runs() {
        let lanes = Lanes::new(2);
        let running = lanes.book(0).enter().await;
        let alone = lanes.book(0).enter_alone();
        tokio::pin!(alone);
        assert!(futures::poll!(&mut alone).is_pending());
        drop(running);
        assert_eq!(alone.await.threads, 1);
    }

    #[tokio::test]
    async fn a_statement_without_memory_runs_once_more_alone() {
        let lanes = Lanes::new(2);
        let full = || DataFusionError::ResourcesExhausted("full".to_owned());
        let calls = AtomicUsize::new(0);
        let done = lanes.book(0).run_or_alone(async |_threads| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            if call == 0 { Err(Error::from(full())) } else { Ok(lanes.state().free) }
        });
        assert_eq!(done.await.expect("the second time"), 0);
        let failed = lanes.book(0).run_or_alone(async |_threads| {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Error::bug("something else"))
        });
        assert!(failed.await.is_err());
        assert_eq!(calls.into_inner(), 3);
    }
}

use std::sync::{Mutex as Lock, PoisonError, mpsc};
use std::thread;

use super::{Campaign, CampaignStep, Misfit, Plan, Small, Totals};
use crate::engine::{End, Invalid};
use crate::explore::{Case, Exploration, Minimiser, Part, Recorded, Runner, Schedule, Stop, Watchdog};
use crate::mutex::Mutex;

/// Minimising a failing schedule stops after so many runs.
const RUNS_MAX: u64 = 20_000;

impl Campaign {
    /// Does what is left of it, on so many threads. Each step that is done is given to `keep`, one after another,
    /// before it counts; if it cannot be kept, that is the end. The watchdog, if there is one, is told of a handler
    /// that never returns.
    ///
    /// # Errors
    /// What in the setup cannot be, or what `keep` says.
    pub fn run<P: Mutex, E: From<Invalid>>(
        &mut self,
        case: &Case<P>,
        jobs: usize,
        watchdog: Option<Watchdog<'_>>,
        mut keep: impl FnMut(&Self, &CampaignStep) -> Result<(), E>,
    ) -> Result<(), E> {
        let plan = self.plan;
        let taken = self.taken.clone();
        let chunks = plan.own_chunks().filter(|chunk| !taken.contains(chunk));
        let mut take = |campaign: &mut Self, step: CampaignStep| -> Result<(), E> {
            keep(campaign, &step)?;
            campaign.take(step).unwrap_or_else(|misfit: Misfit| unreachable!("it was asked for: {misfit}"));
            Ok(())
        };
        let run_chunk = |chunk| run_chunk(&plan, case, watchdog, chunk);
        in_parallel::<_, E>(jobs, chunks, run_chunk, |step| take(self, step))?;
        let failing: Vec<(String, u64)> = self.unminimised().map(|(of, seed)| (of.to_owned(), seed)).collect();
        let make_small = |(of, seed)| make_small(case, watchdog, of, seed);
        in_parallel::<_, E>(jobs, failing.into_iter(), make_small, |step| take(self, step))
    }
}

/// Does the work on so many threads and takes what comes of it, in the order in which it is done.
fn in_parallel<T: Send, E: From<Invalid>>(
    jobs: usize,
    work: impl Iterator<Item = T> + Send,
    act: impl Fn(T) -> Result<CampaignStep, Invalid> + Sync,
    mut take: impl FnMut(CampaignStep) -> Result<(), E>,
) -> Result<(), E> {
    let work = Lock::new(work.fuse());
    let (sender, receiver) = mpsc::sync_channel(jobs);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, work, act) = (sender.clone(), &work, &act);
            scope.spawn(move || {
                let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
                // If nobody takes it, the others have failed.
                while let Some(item) = next() {
                    if sender.send(act(item)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        receiver.into_iter().try_for_each(|step| take(step?))
    })
}

fn run_chunk<P: Mutex>(
    plan: &Plan,
    case: &Case<P>,
    watchdog: Option<Watchdog<'_>>,
    chunk: u64,
) -> Result<CampaignStep, Invalid> {
    let range = plan.chunk(chunk);
    let mut exploration = Exploration::of(case.clone())
        .first_seed(plan.first_seed + range.start)
        .schedules(range.end - range.start)
        .stop(Stop::Never)
        .jobs(1);
    if let Some(watchdog) = watchdog {
        exploration = exploration.watchdog(watchdog);
    }
    Ok(CampaignStep::Chunk { chunk, totals: Totals::from(exploration.run()?) })
}

fn make_small<P: Mutex>(
    case: &Case<P>,
    watchdog: Option<Watchdog<'_>>,
    property: String,
    seed: u64,
) -> Result<CampaignStep, Invalid> {
    let (outcome, decisions) = Runner::new(case)?.record(seed);
    // The others are made small for themselves.
    let minimiser = Minimiser::new(case, &*property).max_runs(RUNS_MAX).watchdog(watchdog).seeds(0..0);
    let (part, decisions, violation, minimal) = match minimiser.run(&decisions)? {
        Some(small) => (small.part, small.decisions, Some(Recorded::from(&small.violation)), small.minimal),
        None => match outcome.end {
            End::Violated(violation) => (Part::default(), decisions, Some(Recorded::from(&violation)), false),
            _ => (Part::default(), decisions, None, false),
        },
    };
    let schedule = Schedule { violation, part, decisions, scenario: None };
    Ok(CampaignStep::Small(Box::new(Small { property, seed, minimal, schedule })))
}

use crate::model::ProcessId;

/// The quorum of a process: its row and its column in a grid of ⌈√`processes`⌉ columns, in the order of ids.
///
/// ```
/// use jeton::ProcessId;
/// use jeton::algorithms::maekawa::quorum;
/// // 0 1 2
/// // 3 4 5
/// // 6
/// let ids = |process| quorum(ProcessId::new(process), 7).iter().map(|p| p.get()).collect::<Vec<_>>();
/// assert_eq!(ids(0), [0, 1, 2, 3, 6]);
/// assert_eq!(ids(6), [0, 3, 6]);
/// ```
pub fn quorum(process: ProcessId, processes: u32) -> Vec<ProcessId> {
    let root = processes.isqrt();
    let columns = if root * root < processes { root + 1 } else { root };
    let (row, column) = (process.get() / columns, process.get() % columns);
    let along = (row * columns..((row + 1) * columns).min(processes)).filter(|&id| id % columns != column);
    let down = (column..processes).step_by(columns as usize);
    let mut members: Vec<u32> = along.chain(down).collect();
    members.sort_unstable();
    members.into_iter().map(ProcessId::new).collect()
}

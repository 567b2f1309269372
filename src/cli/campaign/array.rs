use super::super::Fault;
use crate::explore::Shard;

/// The part that the variables of the environment assign: those of a Slurm job array, or of an indexed Kubernetes job,
/// whose number of completions Kubernetes does not tell: it is in `JETON_SHARDS`. If there are none, all of it.
pub(super) fn shard(variable: impl Fn(&str) -> Option<String>) -> Result<Shard, Fault> {
    let number = |name: &str| -> Result<Option<u64>, Fault> {
        let parse =
            |text: String| text.parse().map_err(|_| Fault::new(format!("{name} is `{text}`, expected a whole number")));
        variable(name).map(parse).transpose()
    };
    let missing = |of: &str, name: &str| Fault::new(format!("{of} is set, but {name} is not: {ADVICE}"));
    if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
        let needed = |name| number(name)?.ok_or_else(|| missing("SLURM_ARRAY_TASK_ID", name));
        let (count, first) = (needed("SLURM_ARRAY_TASK_COUNT")?, needed("SLURM_ARRAY_TASK_MIN")?);
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let last = number("SLURM_ARRAY_TASK_MAX")?;
        let index = |task: u64| {
            let distance = task.checked_sub(first)?;
            if distance % step == 0 { Shard::new(distance / step + 1, count) } else { None }
        };
        let is_even = last.is_none_or(|last| index(last).is_some_and(|shard| shard.index() == count));
        return index(task).filter(|_| is_even).ok_or_else(|| {
            Fault::new(format!("the {count} tasks of this Slurm array are not evenly spaced from {first}: {ADVICE}"))
        });
    }
    if let Some(completion) = number("JOB_COMPLETION_INDEX")? {
        let count = number("JETON_SHARDS")?.ok_or_else(|| missing("JOB_COMPLETION_INDEX", "JETON_SHARDS"))?;
        let shard = completion.checked_add(1).and_then(|index| Shard::new(index, count));
        return shard.ok_or_else(|| {
            Fault::new(format!("JOB_COMPLETION_INDEX is {completion}, and JETON_SHARDS only {count}: {ADVICE}"))
        });
    }
    Ok(Shard::WHOLE)
}

const ADVICE: &str = "say with `--shard I/N` which part of how many this is";

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variables: &[(&str, &str)]) -> Result<String, String> {
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        shard(get).map(|shard| shard.to_string()).map_err(|Fault(problems)| problems.join("\n"))
    }

    fn slurm(task: &str, count: &str, min: &str, max: &str, step: &str) -> Result<String, String> {
        given(&[
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("SLURM_ARRAY_TASK_MIN", min),
            ("SLURM_ARRAY_TASK_MAX", max),
            ("SLURM_ARRAY_TASK_STEP", step),
        ])
    }

    #[test]
    fn without_variables_it_is_all() {
        assert_eq!(given(&[]), Ok("1/1".to_owned()));
        assert_eq!(given(&[("JETON_SHARDS", "4")]), Ok("1/1".to_owned()));
    }

    #[test]
    fn a_slurm_array_may_begin_anywhere_and_leap() {
        assert_eq!(slurm("0", "4", "0", "3", "1"), Ok("1/4".to_owned()));
        assert_eq!(slurm("4", "4", "1", "4", "1"), Ok("4/4".to_owned()));
        assert_eq!(slurm("7", "4", "1", "7", "2"), Ok("4/4".to_owned()));
    }

    #[test]
    fn an_uneven_slurm_array_is_refused() {
        // --array=1,2,6 and --array=1,5,9-12
        for told in [slurm("1", "3", "1", "6", "1"), slurm("6", "3", "1", "6", "1"), slurm("12", "6", "1", "12", "1")] {
            assert!(told.is_err_and(|why| why.contains("--shard")));
        }
        assert!(given(&[("SLURM_ARRAY_TASK_ID", "1")]).is_err_and(|why| why.contains("SLURM_ARRAY_TASK_COUNT is not")));
    }

    #[test]
    fn kubernetes_counts_from_zero_and_needs_the_number_of_parts() {
        assert_eq!(given(&[("JOB_COMPLETION_INDEX", "2"), ("JETON_SHARDS", "3")]), Ok("3/3".to_owned()));
        assert!(given(&[("JOB_COMPLETION_INDEX", "0")]).is_err_and(|why| why.contains("JETON_SHARDS is not")));
        assert!(given(&[("JOB_COMPLETION_INDEX", "3"), ("JETON_SHARDS", "3")]).is_err());
        assert!(given(&[("JOB_COMPLETION_INDEX", "x"), ("JETON_SHARDS", "3")]).is_err());
    }
}

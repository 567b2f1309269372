// What is asked of the processes, and what must hold of them.

use jeton::engine::{Agenda, Application, Observer, World};
use jeton::model::{Effect, Event};
use jeton::property::{always, eventually, sometimes};

/// Asks every process to elect, at a time of its own.
#[derive(Clone, Debug)]
struct Elections;

impl Application<ChangRoberts> for Elections {
    fn start(&mut self, _: ProcessId, _: &ChangRoberts, agenda: &mut Agenda<'_, Request>) {
        let after = agenda.span("elect", &(0..=20).into());
        agenda.request(after, Request::Elect);
    }

    fn indication(&mut self, _: ProcessId, _: &Indication, _: &mut Agenda<'_, Request>) {}

    /// It never has enough: the run ends when nothing is left to happen.
    fn settled(&self) -> bool {
        false
    }
}

fn properties() -> impl Observer<ChangRoberts> + Clone + Send + Sync {
    let one_leader = always("one_leader", |world: &World<ChangRoberts>, me: ProcessId| {
        let leads = |p: &ProcessId| world.is_up(*p) && world.process(*p).leads();
        match ProcessId::all(world.count()).filter(leads).find(|&other| other != me) {
            Some(other) if leads(&me) => Err(format!("{me} and {other} both lead")),
            _ => Ok(()),
        }
    });
    let leader_known = eventually(
        "leader_known",
        Ticks::new(1_000),
        |event: &Event<ChangRoberts>| matches!(event, Event::Request(Request::Elect)).then_some(()),
        |effect: &Effect<ChangRoberts>| matches!(effect, Effect::Indicate { .. }).then_some(()),
    );
    let first_leads =
        sometimes("p0_leads", |world: &World<ChangRoberts>, me: ProcessId| me.get() == 0 && world.process(me).leads());
    (one_leader, (leader_known, first_leads))
}

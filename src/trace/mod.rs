//! A run written down: one [`Record`] an event, in files that are the same byte for byte for the same seed, in a
//! [fingerprint](Fingerprint), and as a [diagram](Diagram) for people.
//!
//! This module is for whoever looks at runs. It sees them as an [`Observer`](crate::engine::Observer) does, and holds
//! plain data: what messages, timers, requests and indications are made of is JSON here. It must never know what an
//! algorithm is for: whoever draws a diagram says what is worth a [`Mark`].
//!
//! ```
//! use jeton::engine::{Idle, Setup, Simulation};
//! use jeton::trace::{Diagram, Ending, Header, Recorder, Trace};
//! # use jeton::{Context, Never, Process, ProcessId};
//! # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
//! # struct Greeter;
//! # #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
//! # enum Message { Hello }
//! # impl Process for Greeter {
//! #     type Config = ();
//! #     type Message = Message;
//! #     type Timer = Never;
//! #     type Request = Never;
//! #     type Indication = Never;
//! #     type Stable = ();
//! #     type Record = Never;
//! #     fn new(_me: ProcessId, _config: &()) -> Self { Greeter }
//! #     fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
//! #         if ctx.me().get() == 0 { ctx.send(ProcessId::new(1), Message::Hello); }
//! #     }
//! #     fn on_message(&mut self, _from: ProcessId, _message: Message, _ctx: &mut Context<'_, Self>) {}
//! # }
//! // Two processes of which the first greets the second at the start.
//! let mut simulation = Simulation::<Greeter>::new(Setup::new(2, ()))?;
//! let mut recorder = Recorder::new();
//! let outcome = simulation.run(7, &mut Idle, &mut recorder);
//! let records = recorder.finish();
//!
//! println!("{}", Diagram::new().render(2, &records, None));
//!
//! let trace = Trace { header: Header::new("greeting", 2).with_seed(7), records, ending: Ending::new(&outcome) };
//! let mut file = Vec::new();
//! trace.write(&mut file)?;
//! assert_eq!(Trace::read(&file[..])?, trace);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diagram;
mod file;
mod fingerprint;
mod reader;
mod record;
mod recorder;
mod state;

pub use diagram::{Diagram, Mark};
pub(crate) use diagram::{columns, ended, folds, name, phrase};
pub use file::{Ended, Ending, FORMAT, Header, Trace, VERSION, Writer};
pub use fingerprint::{Fingerprint, fingerprint};
pub use reader::{ReadError, Reader};
pub use record::{Copied, Effect, Kind, Loss, Record};
pub use recorder::{Follow, Recorder, Sink};
pub use state::State;

//! Carries out what the admin endpoint is told.

use std::sync::mpsc::sync_channel;

use serde_json::json;

use super::Shared;
use super::gate::Command;
use crate::admin::{self, Order, Wish};
use crate::reply::Reaction;
use crate::request::Incoming;

impl Shared {
    pub(super) fn administer(&self, request: &Incoming, is_local: bool) -> Reaction {
        let now_unix = self.now_unix();
        let wish = admin::read(request, is_local, &self.world(), now_unix);
        let reply = match wish {
            Wish::Show(reply) => reply,
            Wish::Do(order) => {
                let done = self.carry_out(order);
                let now_unix = self.now_unix();
                match done {
                    Ok(()) => admin::answer(200, &json!({ "now": now_unix }), now_unix),
                    Err(why) => admin::answer(409, &json!({ "error": why }), now_unix),
                }
            }
        };
        reply.answer()
    }

    fn carry_out(&self, order: Order) -> Result<(), String> {
        match order {
            Order::Inject {
                regions,
                action,
                fault,
                times,
            } => {
                for region in regions {
                    let mut world = self.world();
                    if !world.script_has_room(region) {
                        return Err("too many faults wait already".to_owned());
                    }
                    match &action {
                        Some(action) => world.inject_on(region, action, fault.clone(), times),
                        None => world.inject(region, fault.clone(), times),
                    }
                    if world.refuses(region) {
                        // It fails only if the simulator is stopping.
                        let _ = self.gate(region).send(Command::Close(None));
                    }
                }
            }
            Order::Heal { regions } => {
                for region in regions {
                    self.world().clear_faults_of(region);
                    // Nobody waits here: this is the thread that opens the ports.
                    let (done, _) = sync_channel(1);
                    let _ = self.gate(region).send(Command::Open(done));
                }
            }
            Order::MoveClock { seconds } => self.move_clock(seconds),
            Order::Finish {
                certify_id,
                verdict,
            } => {
                let finished = self.world().finish(&certify_id, verdict, self.now_unix());
                finished.map_err(|error| error.to_string())?;
            }
            Order::KeepLimits { are_kept } => self.world().keep_limits(are_kept),
            Order::Unlock => self.world().unlock_identities(),
        }
        Ok(())
    }
}

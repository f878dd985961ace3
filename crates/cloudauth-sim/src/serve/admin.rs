//! Executes the commands of the admin interface.

use serde_json::json;
use tokio::sync::oneshot;

use super::state::{ListenerCommand, ServerState};
use crate::admin::{self, AdminCommand, AdminRequest};
use crate::http::{IncomingRequest, Reaction};

/// Handles a request to the admin interface.
pub(super) async fn handle(
    state: &ServerState,
    request: &IncomingRequest,
    is_local: bool,
) -> Reaction {
    let now_unix = state.now_unix();
    let parsed = admin::parse(request, is_local, &state.access, &state.world(), now_unix);
    let response = match parsed {
        AdminRequest::Respond(response) => response,
        AdminRequest::Execute(command) => {
            let result = execute(state, command).await;
            // The command may have moved the clock.
            let now_unix = state.now_unix();
            match result {
                Ok(()) => admin::json_response(200, &json!({ "now_unix": now_unix }), now_unix),
                Err(message) => admin::error(409, &message, now_unix),
            }
        }
    };
    response.into_reaction()
}

async fn execute(state: &ServerState, command: AdminCommand) -> Result<(), String> {
    match command {
        AdminCommand::Inject {
            regions,
            action,
            fault,
            times,
        } => {
            for region in regions {
                let mut world = state.world();
                if !world.script().has_room(region) {
                    return Err("too many faults are waiting".to_owned());
                }
                match &action {
                    Some(action) => world.inject_for_action(region, action, fault.clone(), times),
                    None => world.inject(region, fault.clone(), times),
                }
                if world.refuses_connections(region) {
                    // Fails only if the simulator is stopping.
                    let _ = state.listener(region).send(ListenerCommand::Close(None));
                }
            }
        }
        AdminCommand::Restore { regions } => {
            let mut failures = Vec::new();
            for region in regions {
                state.world().clear_region_faults(region);
                let (done, opened) = oneshot::channel();
                let done = move |result| {
                    // Fails only if the connection of the command has ended.
                    let _ = done.send(result);
                };
                let _ = state
                    .listener(region)
                    .send(ListenerCommand::Open(Box::new(done)));
                // No answer means that the simulator is stopping.
                if let Ok(Err(error)) = opened.await {
                    failures.push(format!("{} stays closed: {error}", region.id()));
                }
            }
            if !failures.is_empty() {
                return Err(failures.join("; "));
            }
        }
        AdminCommand::MoveClock { seconds } => state.move_clock(seconds),
        AdminCommand::Finish {
            certify_id,
            verdict,
        } => {
            let finished = state.world().finish(&certify_id, verdict, state.now_unix());
            finished.map_err(|error| error.to_string())?;
        }
        AdminCommand::EnforceRateLimits { enforce } => state.world().enforce_rate_limits(enforce),
        AdminCommand::UnlockIdentities => state.world().unlock_identities(),
    }
    Ok(())
}

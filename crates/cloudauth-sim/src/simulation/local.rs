//! Files and programs on the simulated client's host, which credential sources read and run.

use core::time::Duration;
use std::collections::BTreeMap;

use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::SupplyError;

use super::clock::SimulatedClock;
use super::network::Network;
use crate::World;

/// The files and the program of the client's host.
#[derive(Debug, Default)]
pub(super) struct LocalSources {
    files: BTreeMap<String, Vec<u8>>,
    program: Program,
    provided: Option<Result<ProvidedCredentials, SupplyError>>,
}

/// The behaviour of every program.
#[derive(Debug)]
enum Program {
    /// Ends after this time with this output.
    Fixed(Duration, Result<Vec<u8>, SupplyError>),
    /// Prints credentials issued by the [`World`]. Takes one round trip on the link to the
    /// credential services, or hangs if the link is impaired.
    PrintsCredentials,
}

impl Default for Program {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO, Err(SupplyError::Missing))
    }
}

impl LocalSources {
    pub(super) fn put_file(&mut self, path: String, contents: Vec<u8>) {
        self.files.insert(path, contents);
    }

    pub(super) fn set_program(&mut self, takes: Duration, output: Result<Vec<u8>, SupplyError>) {
        self.program = Program::Fixed(takes, output);
    }

    pub(super) fn set_program_prints_credentials(&mut self) {
        self.program = Program::PrintsCredentials;
    }

    pub(super) fn set_provided(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        self.provided = Some(provided);
    }

    /// What the source of the caller's own provides.
    pub(super) fn provided(&self) -> Result<ProvidedCredentials, SupplyError> {
        self.provided.clone().unwrap_or(Err(SupplyError::Missing))
    }

    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, SupplyError> {
        self.files.get(path).cloned().ok_or(SupplyError::Missing)
    }

    /// Runs the program now: how long it takes, and its output. It is ended at `timeout`.
    pub(super) fn run_program(
        &self,
        timeout: Duration,
        world: &mut World,
        network: &mut Network,
        clock: &SimulatedClock,
    ) -> (Duration, Result<Vec<u8>, SupplyError>) {
        let (takes, output) = match &self.program {
            Program::Fixed(takes, output) => (*takes, output.clone()),
            Program::PrintsCredentials => {
                let (round_trip, impairment) = network.draw_credential_services(clock.elapsed());
                let takes = if impairment.is_some() {
                    Duration::MAX
                } else {
                    round_trip
                };
                (
                    takes,
                    Ok(world.external_program_output(clock.service_time())),
                )
            }
        };
        if takes > timeout {
            (timeout, Err(SupplyError::TimedOut))
        } else {
            (takes, output)
        }
    }
}

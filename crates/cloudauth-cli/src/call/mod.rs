//! `call`: calls any operation.

mod files;
mod pages;
mod record;
mod typed;

use std::path::PathBuf;

use cloudauth_proto::operation::{Listed, OperationMetadata};
use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::{Call, CallOptions, Effect, Endpoint, Flow, Reply};
use cloudauth_ureq::Client;
use serde_json::{Value, json};

use self::files::Files;
use self::record::Recorder;
use crate::attempts::exchange_fields;
use crate::error::{CommandError, CommandResult, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::operation;
use crate::output::{self, Output, OutputField};
use crate::parameters::Parameters;
use crate::service::ServiceArgs;

/// Call any operation; print its reply
///
/// Reads the parameters from standard input or from a file, a JSON object with the names that
/// `cloudauth ops ACTION` lists: `{"SceneId": 1000000006, "CertifyId": "sha2a8..."}`. They are not
/// options, because other users of the machine can see command lines. All parameters that are missing
/// or wrong are reported at once, and nothing is sent then.
///
/// The keys of the reply are the service's. It can contain names, ID numbers and links to pictures: where
/// stdout goes, they go.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"SceneId\": 1, \"CertifyId\": \"sha0\"}' | cloudauth call DescribeFaceVerify
  cloudauth call DescribeVerifySearchPageList --params search.json --all-pages | jq .reply.Items
  cloudauth call Id2MetaVerifyWithOCR --file CertFile=front.jpg --file CertNationalFile=back.jpg </dev/null")]
pub(crate) struct CallArgs {
    /// Operation, for example DescribeFaceVerify; `cloudauth ops` lists all
    #[arg(value_name = "ACTION", value_parser = operation::names(), ignore_case = true)]
    #[arg(hide_possible_values = true)]
    action: String,
    /// File with the parameters, a JSON object [default: standard input, unless that is a terminal]
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// File to upload for a field that takes one; repeat the option for more
    #[arg(long = "file", value_name = "FIELD=PATH")]
    files: Vec<std::ffi::OsString>,
    /// Get all pages, from the one in the parameters or the first one on; prints each as a reply of its own
    #[arg(long, conflicts_with = "files")]
    all_pages: bool,
    /// Check the parameters, and print what would be called, without sending anything
    #[arg(long)]
    dry_run: bool,
    /// Append the shape of each response to this file, a line of JSON each: status, names of headers, keys
    /// and types, and no value
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Endpoint of the platform that grants uploads and of the store, such as the simulator's [default:
    /// the vendor's]
    #[arg(long, value_name = "URL")]
    upload_endpoint: Option<Endpoint>,
    #[command(flatten)]
    service: ServiceArgs,
}

pub(crate) fn run(args: &CallArgs, output: &Output) -> CommandResult {
    let listed = operation::find(&args.action);
    let listed = listed.ok_or_else(|| usage(operation::similar(&args.action)))?;
    let files = Files::read(&args.files, listed)?;
    let parameters = input::parameters(Source::file_or_stdin("--params", args.params.as_deref()))?;
    let mut dispatch = Dispatch {
        listed,
        args,
        output,
        parameters: Some(Parameters::new(listed, parameters)),
        set: Vec::new(),
        files,
        result: Ok(Exit::Success),
    };
    ops::visit(&mut dispatch);
    dispatch.result
}

/// Calls the one operation that was named.
struct Dispatch<'c> {
    listed: &'static OperationMetadata,
    args: &'c CallArgs,
    output: &'c Output,
    parameters: Option<Parameters>,
    /// Names of the parameters.
    set: Vec<&'static str>,
    files: Files,
    result: CommandResult,
}

impl Visitor for Dispatch<'_> {
    fn operation<O: Listed + Sync>(&mut self) {
        if const { &O::METADATA }.action != self.listed.action {
            return;
        }
        let Some(parameters) = self.parameters.take() else {
            return;
        };
        self.set = parameters.names().collect();
        self.result = if self.args.all_pages {
            self.call_pages(parameters)
        } else {
            self.call::<O>(&parameters)
        };
    }
}

impl Dispatch<'_> {
    fn call<O: Listed + Sync>(&mut self, parameters: &Parameters) -> CommandResult {
        let operation = parameters.build::<O>(self.files.names())?;
        if self.args.dry_run {
            return Ok(self.print_plan());
        }
        let client = self.args.service.client()?;
        let recorder = Recorder::open(self.args.record.as_deref(), &self.listed.action)?;
        let (value, exchange) = if self.files.is_empty() {
            let call = Call::new(&operation, CallOptions::new())?;
            let reply = run_flow(&client, &recorder, call)?;
            reply_of::<O>(&reply, self.output)
        } else {
            let files = core::mem::take(&mut self.files);
            let upload = files::Uploader {
                client: &client,
                recorder: &recorder,
                endpoint: self.args.upload_endpoint.as_ref(),
            };
            upload.run(&self.listed.action, parameters, files, self.output)?
        };
        Ok(self.print(value, exchange.to_vec()))
    }

    /// Prints a reply. If nobody reads it, says on stderr what was carried out.
    fn print(&self, value: Value, exchange: Vec<OutputField>) -> Exit {
        let exit = match value.get("Passed") {
            Some(passed) => Exit::of_verdict(passed.as_str()),
            None => Exit::Success,
        };
        let certify_id = value
            .get("CertifyId")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let request_id = exchange.iter().find(|(key, _)| *key == "RequestId");
        let request_id = request_id
            .and_then(|(_, id)| id.as_str())
            .map(str::to_owned);
        let mut fields = vec![("reply", value)];
        fields.extend(exchange);
        self.output.fields(&fields);
        if self.output.has_failed() && self.listed.effect != Effect::ReadOnly {
            let action = &self.listed.action;
            let ids = [("CertifyId", certify_id), ("RequestId", request_id)];
            let ids = ids
                .into_iter()
                .filter_map(|(name, id)| Some(format!(", {name} {}", id?)));
            let ids = output::one_line(&ids.collect::<String>());
            output::to_stderr(&format!("{action} was carried out{ids}"));
        }
        exit
    }

    /// What would be called: names of parameters, and no value.
    fn print_plan(&self) -> Exit {
        let files = self.files.names().iter().copied();
        let set: Vec<&str> = self.set.iter().copied().chain(files).collect();
        self.output.fields(&[
            ("action", json!(self.listed.action)),
            ("effect", json!(self.listed.effect.as_str())),
            ("billing", json!(operation::billing(self.listed.effect))),
            ("parameters", json!(set)),
            ("sent", json!(false)),
        ]);
        Exit::Success
    }
}

/// A reply as JSON, and the fields of its exchange.
type CallReply = (Value, [OutputField; 3]);

/// Runs a flow, and records its responses if there is a recorder.
fn run_flow<F: Flow>(
    client: &Client,
    recorder: &Recorder,
    flow: F,
) -> Result<F::Output, CommandError> {
    let result = client.run(recorder.observe(flow));
    recorder.write()?;
    Ok(result?)
}

fn reply_of<O: Listed>(reply: &Reply<O::Response>, output: &Output) -> CallReply {
    let metadata = const { &O::METADATA };
    let value = typed::reply(&reply.raw, metadata.payload, metadata.response);
    (value, exchange_fields(reply, output))
}

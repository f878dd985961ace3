//! `--all-pages`: every page of a list.

use cloudauth_proto::operation::Listed;
use cloudauth_proto::ops;
use cloudauth_proto::pages::{Paged, Pages};

use super::record::Recorder;
use super::{Dispatch, reply_of, run_flow};
use crate::error::{CommandResult, usage};
use crate::exit::Exit;
use crate::operation::page_field;
use crate::parameters::Parameters;

/// Calls the operation with this name for all pages.
macro_rules! paged {
    ($($operation:ident)*) => {
        impl Dispatch<'_> {
            pub(super) fn call_pages(&self, mut parameters: Parameters) -> CommandResult {
                let action = &*self.listed.action;
                if let Some(field) = page_field(self.listed)
                    && parameters.get(field.name).is_none()
                {
                    parameters.set(field.name, "1".to_owned());
                }
                match action {
                    $(stringify!($operation) => {
                        self.send_pages(&parameters.build::<ops::$operation>(&[])?)
                    })*
                    _ => Err(usage(format!("--all-pages: {action} has no pages"))),
                }
            }
        }
    };
}

paged! {
    DescribeDeviceInfo
    DescribeInfoCheckExportRecord
    DescribeListFaceVerifyInfos
    DescribeMetaSearchPageList
    DescribeMetaStatisticsPageList
    DescribePageFaceVerifyData
    DescribeSmartStatisticsPageList
    DescribeVerifySearchPageList
    DescribeWhitelistSetting
    PageQueryWhiteListSetting
    QueryVerifyInvokeSatistic
}

impl Dispatch<'_> {
    fn send_pages<O: Listed + Paged>(&self, operation: &O) -> CommandResult {
        if self.args.dry_run {
            return Ok(self.print_plan());
        }
        let client = self.args.service.client()?;
        let recorder = Recorder::open(self.args.record.as_deref(), &self.listed.action)?;
        let mut pages = Pages::new(operation.clone());
        while let Some(reply) = run_flow(&client, &recorder, &mut pages)? {
            let (value, exchange) = reply_of::<O>(&reply, self.output);
            self.print(value, exchange.to_vec());
            if self.output.has_failed() {
                break;
            }
        }
        Ok(Exit::Success)
    }
}

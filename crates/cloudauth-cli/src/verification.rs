//! What `describe` and `watch` share: the query for a verdict, and the verdict's fields.

use cloudauth_proto::ops::{DescribeFaceVerify, DescribeFaceVerifyResponse};
use cloudauth_proto::{Reply, codes};
use serde_json::json;

use crate::output::OutputField;
use crate::service::{ServiceArgs, exchange_fields};

#[derive(Debug, clap::Args)]
pub(crate) struct VerificationArgs {
    /// ID of the scene that the verification was opened with
    #[arg(long)]
    scene_id: i64,
    /// CertifyId that `cloudauth init` printed
    #[arg(long)]
    certify_id: String,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

impl VerificationArgs {
    pub(crate) fn query(&self) -> DescribeFaceVerify {
        DescribeFaceVerify::new(self.scene_id, self.certify_id.as_str())
    }
}

pub(crate) fn verdict_fields(reply: &Reply<DescribeFaceVerifyResponse>) -> Vec<OutputField> {
    let verdict = &reply.value;
    let reason = verdict.sub_code.as_deref().and_then(codes::sub_code);
    let mut fields = vec![
        ("Passed", json!(verdict.passed)),
        ("SubCode", json!(verdict.sub_code)),
        ("reason", json!(reason.map(|meaning| meaning.english))),
        ("DeviceRisk", json!(verdict.device_risk)),
    ];
    fields.extend(exchange_fields(reply));
    fields
}

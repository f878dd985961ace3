//! Example parameters of every operation, with which it succeeds.

use serde_json::Value;

use super::catalogue::{OperationSpec, string};
use crate::http::Params;

/// Parameters of an operation that it accepts, about the verification with this certify ID.
pub(super) fn parameters(spec: OperationSpec, certify_id: &str) -> Params {
    let fields = spec.request().iter();
    let values = fields.filter_map(|field| {
        let name = string(&field["name"]);
        let value = value(spec, name, field, certify_id)?;
        Some((name.to_owned(), value))
    });
    values.collect()
}

fn value(spec: OperationSpec, name: &str, field: &Value, certify_id: &str) -> Option<String> {
    let has_picture = spec.has_parameter("FaceContrastPicture");
    let value = match (string(&field["type"]), name) {
        _ if spec.upload_fields().any(|field| field == name) => return None,
        (_, "CallbackUrl" | "EncryptType" | "OssBucketName" | "OssObjectName") => return None,
        (_, "CertifyId" | "FaceContrastPictureUrl") if has_picture => return None,
        (_, name) if name.starts_with("Source") || name.starts_with("Target") => {
            let rest = name.get("Source".len()..).unwrap_or_default();
            match rest {
                "FaceContrastPicture" | "ImageValue" => "/9j/4AAQSkZJRg==",
                "ImageType" => "FacePic",
                "Ip" => "192.0.2.1",
                _ => return None,
            }
        }
        (_, "SceneId") => "1000000006",
        ("integer", _) | (_, "CurrentPage" | "PageSize" | "ValidDay") => "2",
        ("boolean", _) => "true",
        ("list", _) => "[]",
        ("struct", _) | (_, "MetaInfo") => "{}",
        (_, "CertType") => "IDENTITY_CARD",
        (_, "CertNo" | "IdentifyNum" | "IdCardNumber") => "330103199001011230",
        (_, "CertName" | "UserName" | "Name") => "张三",
        (_, "Mobile" | "Mobiles") => "13800138000",
        (_, "ParamType") => "normal",
        (_, "DeleteAfterQuery") => "N",
        (_, "ProductCode") => "ID_PRO",
        (_, "OuterOrderNo") => "order1",
        (_, "Model") => "LIVENESS",
        (_, "CertifyId") => certify_id,
        _ => "1",
    };
    Some(value.to_owned())
}

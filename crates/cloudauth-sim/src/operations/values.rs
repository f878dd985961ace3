//! Values of reply fields from the documented lists: what an account in order, an ordinary face and an
//! active strategy have.

/// A value for a field: the operation, the end of the field's path, the value. The first row that
/// fits counts; an empty operation stands for every one.
const VALUES: [(&str, &str, &str); 38] = [
    ("AIGCFaceVerify", "Result", "N"),
    // Invented: no list and no example.
    ("AIGCFaceVerify", "Score", "3.204"),
    // 0 is "low risk" for forged faces and documents.
    ("", "ResultObject.Result", "0"),
    ("DescribeAuthVerify", "SpoofInfo", "N"),
    ("DescribeAuthVerify", "SpoofBackInfo", "N"),
    // Inferred: the code of face verifications.
    ("DescribeAuthVerify", "SubCode", "200"),
    ("", "FaceMask", "false"),
    ("", "FaceQuality", "HIGH"),
    ("", "Facetype", "Face"),
    ("", "Glasses", "None"),
    ("", "Respirator", "None"),
    ("", "IspName", "CMCC"),
    // On the network for 6 to 12 months.
    ("MobileOnlineTime", "TimeCode", "3"),
    ("", "StoreImage", "Y"),
    ("", "Platform", "WECHAT"),
    ("DescribeListFaceVerifyInfos", "Status", "1"),
    ("PageQueryWhiteListSetting", "Status", "VALID"),
    ("DescribeWhitelistSetting", "Status", "VALID"),
    ("QueryVerifyDownloadTask", "Status", "2"),
    ("DescribeInfoCheckExportRecord", "Status", "2"),
    (
        "DescribeInfoCheckExportRecord",
        "ProductType",
        "ID_CARD_2_META",
    ),
    ("QueryCustomizeFlowStrategy", "Status", "normal"),
    ("QueryCustomizeFlowStrategy", "FlowType", "ACCUMULATE"),
    ("QueryControlStrategy", "Status", "normal"),
    ("QueryControlStrategy", "BizType", "QPS"),
    ("QueryBlackListStrategy", "Status", "normal"),
    ("QueryBlackListStrategy", "ProductName", "id2meta"),
    ("QueryBlackListStrategy", "BizKey", "identifyNum"),
    ("DescribeMetaSearchPageList", "ApiName", "ID_CARD_2_META"),
    ("DescribeMetaSearchPageList", "Api", "ID_CARD_2_META"),
    ("DescribeMetaSearchPageList", "Request.VehicleType", "02"),
    ("DescribeMetaSearchPageList", "VehicleTypeName", "小型汽车"),
    ("DescribeMetaStatisticsList", "ApiName", "ID_CARD_2_META"),
    (
        "DescribeMetaStatisticsPageList",
        "ApiName",
        "ID_CARD_2_META",
    ),
    // No risk was found.
    ("", "RiskTag", ""),
    ("", "RiskTags", ""),
    ("", "ErrorCode", ""),
    ("", "FailReason", ""),
];

/// The risks that documents and faces are scored for, each with a score of an ordinary picture. Names
/// are documented, scores invented. An empty object would be no help: the vendor's C# SDK throws at it.
pub(super) fn risk_scores(action: &str) -> &'static [(&'static str, &'static str)] {
    match action {
        "CredentialProductVerifyV2" => &[("PS", "3.204"), ("LOW_QUALITY_PRODUCT", "1.07")],
        "CredentialVerify" => &[
            ("PS", "3.204"),
            ("SCREENSHOT", "1.07"),
            ("WEB_IMAGE", "0.5"),
        ],
        "CredentialVerifyV2" => &[
            ("PS", "3.204"),
            ("SCREENSHOT", "1.07"),
            ("WATERMARK", "0.5"),
        ],
        // The names of its risks are not documented.
        "DeepfakeDetect" => &[("DeepFake", "3.204")],
        _ => &[],
    }
}

/// The documented value of a field at this path.
pub(super) fn documented(action: &str, path: &str) -> Option<&'static str> {
    let fits = |end: &str| {
        let rest = path.strip_suffix(end);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let mut rows = VALUES.iter();
    let row = rows.find(|(of, end, _)| (of.is_empty() || *of == action) && fits(end));
    row.map(|(_, _, value)| *value)
}

//! White lists: people whom the risk checks let pass.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::{Json, operations};
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Puts somebody on the white list for some days.
    CreateWhitelistSetting(Once) -> CreateWhitelistSettingResponse {
        with { payload: None, settled_by: Some("DescribeWhitelistSetting") }
        requires {
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            query certify_id: String = "CertifyId",
            query lang: String = "Lang",
            query remark: Sensitive = "Remark",
            /// The scene.
            query scene_id: i64 = "SceneId",
            query source_ip: Sensitive = "SourceIp",
            /// For how many days.
            query valid_day: i32 = "ValidDay" [needed],
            query whitelist_type: String = "WhitelistType",
        }
    }

    /// Takes entries off the white list.
    DeleteWhitelistSetting(Set) -> DeleteWhitelistSettingResponse {
        with { payload: None }
        requires {
            query service_code: String = "ServiceCode",
            /// JSON text: the entries.
            query ids: String = "Ids",
        }
        accepts {
            query lang: String = "Lang",
            query source_ip: Sensitive = "SourceIp",
        }
    }

    /// Lists the white list, a page at a time.
    DescribeWhitelistSetting(Query) -> DescribeWhitelistSettingResponse {
        with { payload: None }
        requires {
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            query certify_id: String = "CertifyId",
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            query lang: String = "Lang",
            /// How many to a page.
            query page_size: i32 = "PageSize" [needed],
            /// The scene.
            query scene_id: i64 = "SceneId",
            query source_ip: Sensitive = "SourceIp",
            query status: String = "Status",
            query valid_end_date: i64 = "ValidEndDate",
            query valid_start_date: i64 = "ValidStartDate",
            query whitelist_type: String = "WhitelistType",
        }
    }

    /// Puts somebody on the white list for some days; the newer form.
    InsertWhiteListSetting(Once) -> InsertWhiteListSettingResponse {
        with { payload: None, settled_by: Some("PageQueryWhiteListSetting") }
        accepts {
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            query certify_id: String = "CertifyId",
            query remark: Sensitive = "Remark" max 32,
            /// The scene.
            query scene_id: i64 = "SceneId",
            query service_code: String = "ServiceCode",
            /// For how many days.
            query valid_day: i32 = "ValidDay",
        }
    }

    /// Takes entries off the white list; the newer form.
    RemoveWhiteListSetting(Set) -> RemoveWhiteListSettingResponse {
        with { payload: None }
        accepts {
            /// The entries.
            query ids: Json<Vec<i64>> = "Ids",
            query service_code: String = "ServiceCode",
        }
    }

    /// Lists the white list, a page at a time; the newer form.
    PageQueryWhiteListSetting(Query) -> PageQueryWhiteListSettingResponse {
        with { payload: None }
        accepts {
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            query certify_id: String = "CertifyId",
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage",
            /// How many to a page.
            query page_size: i32 = "PageSize",
            /// The scene.
            query scene_id: i64 = "SceneId",
            query service_code: String = "ServiceCode",
            query status: String = "Status",
            query valid_end_date: String = "ValidEndDate",
            query valid_start_date: String = "ValidStartDate",
        }
    }
}

replies! {
    /// What [`CreateWhitelistSetting`] answers.
    CreateWhitelistSettingResponse {
        result_object: Option<bool> = "ResultObject",
    }

    /// What [`DeleteWhitelistSetting`] answers.
    DeleteWhitelistSettingResponse {
        result_object: Option<bool> = "ResultObject",
    }

    /// What [`DescribeWhitelistSetting`] answers.
    DescribeWhitelistSettingResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<WhitelistEntry> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// An entry of the white list.
    WhitelistEntry {
        cert_no: Option<Sensitive> = "CertNo",
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        gmt_create: Option<String> = "GmtCreate",
        gmt_modified: Option<String> = "GmtModified",
        id: Option<i64> = "Id",
        remark: Option<Sensitive> = "Remark",
        scene_id: Option<i64> = "SceneId",
        status: Option<String> = "Status",
        valid_end_date: Option<String> = "ValidEndDate",
        valid_start_date: Option<String> = "ValidStartDate",
        whitelist_type: Option<String> = "WhitelistType",
    }

    /// What [`InsertWhiteListSetting`] answers.
    InsertWhiteListSettingResponse {
        result_object: Option<bool> = "ResultObject",
        success: Option<bool> = "Success",
    }

    /// What [`RemoveWhiteListSetting`] answers.
    RemoveWhiteListSettingResponse {
        result_object: Option<bool> = "ResultObject",
        success: Option<bool> = "Success",
    }

    /// What [`PageQueryWhiteListSetting`] answers.
    PageQueryWhiteListSettingResponse {
        current_page: Option<i64> = "CurrentPage",
        page_size: Option<i64> = "PageSize",
        result_object: Vec<WhiteListItem> = "ResultObject",
        success: Option<bool> = "Success",
        total_item: Option<i64> = "TotalItem",
        total_page: Option<i64> = "TotalPage",
    }

    /// An entry of the white list.
    WhiteListItem {
        cert_no: Option<Sensitive> = "CertNo",
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        gmt_create: Option<String> = "GmtCreate",
        gmt_modified: Option<String> = "GmtModified",
        id: Option<i64> = "Id",
        remark: Option<Sensitive> = "Remark",
        scene_id: Option<i64> = "SceneId",
        service_code: Option<String> = "ServiceCode",
        status: Option<String> = "Status",
        valid_end_date: Option<String> = "ValidEndDate",
        valid_start_date: Option<String> = "ValidStartDate",
    }
}

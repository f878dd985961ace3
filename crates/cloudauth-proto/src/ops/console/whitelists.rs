//! The white list: people whom the risk checks do not stop.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::{Json, operations};
use crate::secret::Sensitive;

operations! {
    /// Adds a person to the white list for some days.
    CreateWhitelistSetting(NotIdempotent) -> CreateWhitelistSettingResponse {
        with { payload: None, confirmed_by: Some("DescribeWhitelistSetting") }
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// Number of the document.
            query cert_no: Sensitive = "CertNo",
            /// ID of a verification of the person.
            query certify_id: String = "CertifyId",
            /// Language of the reply: `zh` or `en`.
            query lang: String = "Lang",
            /// Remark.
            query remark: Sensitive = "Remark",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// IP address of the caller; the service determines it by itself if unset.
            query source_ip: Sensitive = "SourceIp",
            /// Days of validity.
            query valid_day: i32 = "ValidDay" [needed],
            /// Kind of white list; its values are not documented.
            query whitelist_type: String = "WhitelistType",
        }
    }

    /// Deletes entries of the white list.
    DeleteWhitelistSetting(Idempotent) -> DeleteWhitelistSettingResponse {
        with { payload: None }
        requires {
            /// Service: `antcloudauth`.
            query service_code: String = "ServiceCode",
            /// IDs of the entries: a JSON list.
            query ids: String = "Ids",
        }
        accepts {
            /// Language of the reply: `zh` or `en`.
            query lang: String = "Lang",
            /// IP address of the caller; IPv4 or CIDR.
            query source_ip: Sensitive = "SourceIp",
        }
    }

    /// Lists the white list, a page at a time.
    DescribeWhitelistSetting(ReadOnly) -> DescribeWhitelistSettingResponse {
        with { payload: None }
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// Number of the document.
            query cert_no: Sensitive = "CertNo",
            /// ID of a verification of the person.
            query certify_id: String = "CertifyId",
            /// Page number, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            /// Language of the reply: `zh` or `en`.
            query lang: String = "Lang",
            /// Entries per page.
            query page_size: i32 = "PageSize" [needed],
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// IP address of the caller; the service determines it by itself if unset.
            query source_ip: Sensitive = "SourceIp",
            /// State: `VALID`, `INVALID` (out of its validity) or `DELETED`.
            query status: String = "Status",
            /// End of the validity, Unix time in milliseconds.
            query valid_end_date: i64 = "ValidEndDate",
            /// Start of the validity, Unix time in milliseconds.
            query valid_start_date: i64 = "ValidStartDate",
            /// Kind of white list; its values are not documented.
            query whitelist_type: String = "WhitelistType",
        }
    }

    /// Adds a person to the white list for some days: the newer form of [`CreateWhitelistSetting`].
    InsertWhiteListSetting(NotIdempotent) -> InsertWhiteListSettingResponse {
        with { payload: None, confirmed_by: Some("PageQueryWhiteListSetting") }
        accepts {
            /// Number of the document.
            query cert_no: Sensitive = "CertNo",
            /// ID of a verification of the person.
            query certify_id: String = "CertifyId",
            /// Remark, at most 32 characters.
            query remark: Sensitive = "Remark" max 32,
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// Service: `antcloudauth`.
            query service_code: String = "ServiceCode",
            /// Days of validity: 3, 7 or 30.
            query valid_day: i32 = "ValidDay",
        }
    }

    /// Deletes entries of the white list: the newer form of [`DeleteWhitelistSetting`].
    RemoveWhiteListSetting(Idempotent) -> RemoveWhiteListSettingResponse {
        with { payload: None }
        accepts {
            /// IDs of the entries.
            query ids: Json<Vec<i64>> = "Ids",
            /// Service: `antcloudauth`.
            query service_code: String = "ServiceCode",
        }
    }

    /// Lists the white list, a page at a time: the newer form of [`DescribeWhitelistSetting`].
    PageQueryWhiteListSetting(ReadOnly) -> PageQueryWhiteListSettingResponse {
        with { payload: None }
        accepts {
            /// Number of the document.
            query cert_no: Sensitive = "CertNo",
            /// ID of a verification of the person.
            query certify_id: String = "CertifyId",
            /// Page number, 1 by default.
            query current_page: i32 = "CurrentPage",
            /// Entries per page, 10 by default.
            query page_size: i32 = "PageSize",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// Service: `antcloudauth`.
            query service_code: String = "ServiceCode",
            /// State: `VALID`, `INVALID` (out of its validity) or `DELETE`.
            query status: String = "Status",
            /// End of the validity, Unix time in milliseconds, in a string.
            query valid_end_date: String = "ValidEndDate",
            /// Start of the validity, Unix time in milliseconds, in a string.
            query valid_start_date: String = "ValidStartDate",
        }
    }
}

replies! {
    /// Reply to [`CreateWhitelistSetting`].
    CreateWhitelistSettingResponse {
        /// Whether the entry was added.
        result_object: Option<bool> = "ResultObject",
    }

    /// Reply to [`DeleteWhitelistSetting`].
    DeleteWhitelistSettingResponse {
        /// Whether the entries were deleted.
        result_object: Option<bool> = "ResultObject",
    }

    /// Reply to [`DescribeWhitelistSetting`].
    DescribeWhitelistSettingResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<WhitelistEntry> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// Entry of the white list.
    WhitelistEntry {
        /// Number of the document.
        cert_no: Option<Sensitive> = "CertNo",
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Time of creation.
        gmt_create: Option<String> = "GmtCreate",
        /// Time of the last change.
        gmt_modified: Option<String> = "GmtModified",
        /// ID of the entry.
        id: Option<i64> = "Id",
        /// Remark.
        remark: Option<Sensitive> = "Remark",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// State: `VALID`, `INVALID` (out of its validity) or `DELETED`.
        status: Option<String> = "Status",
        /// End of the validity, as `YYYY-MM-DD HH:mm:ss`.
        valid_end_date: Option<String> = "ValidEndDate",
        /// Start of the validity, as `YYYY-MM-DD HH:mm:ss`.
        valid_start_date: Option<String> = "ValidStartDate",
        /// Kind of white list; its values are not documented.
        whitelist_type: Option<String> = "WhitelistType",
    }

    /// Reply to [`InsertWhiteListSetting`].
    InsertWhiteListSettingResponse {
        /// Whether the entry was added.
        result_object: Option<bool> = "ResultObject",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`RemoveWhiteListSetting`].
    RemoveWhiteListSettingResponse {
        /// Whether the entries were deleted.
        result_object: Option<bool> = "ResultObject",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`PageQueryWhiteListSetting`].
    PageQueryWhiteListSettingResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Entries of this page.
        result_object: Vec<WhiteListItem> = "ResultObject",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
        /// Number of entries on all pages.
        total_item: Option<i64> = "TotalItem",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Entry of the white list.
    WhiteListItem {
        /// Number of the document.
        cert_no: Option<Sensitive> = "CertNo",
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Time of creation.
        gmt_create: Option<String> = "GmtCreate",
        /// Time of the last change.
        gmt_modified: Option<String> = "GmtModified",
        /// ID of the entry.
        id: Option<i64> = "Id",
        /// Remark.
        remark: Option<Sensitive> = "Remark",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// Service.
        service_code: Option<String> = "ServiceCode",
        /// State: `VALID`, `INVALID` (out of its validity) or `DELETE`.
        status: Option<String> = "Status",
        /// End of the validity, as `YYYY-MM-DD HH:mm:ss`.
        valid_end_date: Option<String> = "ValidEndDate",
        /// Start of the validity, as `YYYY-MM-DD HH:mm:ss`.
        valid_start_date: Option<String> = "ValidStartDate",
    }
}

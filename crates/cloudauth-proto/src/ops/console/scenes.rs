//! Scenes, in which verifications are opened.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::operations;
use crate::ops::Done;
use crate::verify::YesNo;

operations! {
    /// Creates a scene for verifications.
    CreateAntCloudAuthScene(NotIdempotent) -> CreateAntCloudAuthSceneResponse {
        with { payload: None, confirmed_by: Some("DescribeListAntCloudAuthScenes") }
        requires {
            /// Name of the scene.
            query scene_name: String = "SceneName",
        }
        accepts {
            /// Binding of a mini program: `Y` or `N` (default).
            query bind_mini_program: String = "BindMiniProgram",
            /// Content of the uploaded verification file.
            query check_file_body: String = "CheckFileBody",
            /// Name of the uploaded verification file.
            query check_file_name: String = "CheckFileName",
            /// URL scheme of the iOS app to return to from a fallback check.
            query degrade_app_scheme: String = "DegradeAppScheme",
            /// `SubCode`s that lead to a fallback check.
            query degrade_sub_codes: String = "DegradeSubCodes",
            /// Kind of fallback check; its values are not documented.
            query degrade_type: String = "DegradeType",
            /// Enhanced detection of device risks: `Y` or `N`.
            query device_risk_plus: String = "DeviceRiskPlus",
            /// Name of the mini program.
            query mini_program_name: String = "MiniProgramName",
            /// Platform of the mini program: `WECHAT`, `ALIPAY` or `TIKTOK`.
            query platform: String = "Platform",
            /// Number of pictures of the face that are kept, 1 to 5.
            query return_pic_count: i64 = "ReturnPicCount",
            /// Length of the video that is kept, in seconds.
            query return_video_length: i64 = "ReturnVideoLength",
            /// Delivery of pictures and videos to the account's OSS bucket: `Y` or `N`.
            query store_image: YesNo = "StoreImage",
            /// Fallback check; its values are not documented.
            query use_degrade: String = "UseDegrade",
        }
    }

    /// Changes a scene for verifications.
    UpdateAntCloudAuthScene(Idempotent) -> Done {
        with { payload: None }
        requires {
            /// Scene ID.
            query scene_id: i64 = "SceneId",
        }
        accepts {
            /// Binding of a mini program: `Y` or `N` (default).
            query bind_mini_program: String = "BindMiniProgram",
            /// Content of the uploaded verification file.
            query check_file_body: String = "CheckFileBody",
            /// Name of the uploaded verification file.
            query check_file_name: String = "CheckFileName",
            /// URL scheme of the iOS app to return to from a fallback check.
            query degrade_app_scheme: String = "DegradeAppScheme",
            /// `SubCode`s that lead to a fallback check.
            query degrade_sub_codes: String = "DegradeSubCodes",
            /// Kind of fallback check; its values are not documented.
            query degrade_type: String = "DegradeType",
            /// Enhanced detection of device risks: `Y` or `N`.
            query device_risk_plus: String = "DeviceRiskPlus",
            /// Name of the mini program.
            query mini_program_name: String = "MiniProgramName",
            /// Platform of the mini program: `WECHAT`, `ALIPAY` or `TIKTOK`.
            query platform: String = "Platform",
            /// Number of pictures of the face that are kept, 1 to 5; with `StoreImage` only.
            query return_pic_count: i64 = "ReturnPicCount",
            /// Length of the video that is kept, 1 or 2 seconds; with `StoreImage` only.
            query return_video_length: i64 = "ReturnVideoLength",
            /// Name of the scene.
            query scene_name: String = "SceneName",
            /// Without effect (documented).
            query status: i32 = "Status",
            /// Delivery of pictures and videos to the account's OSS bucket: `Y` or `N` (default).
            query store_image: YesNo = "StoreImage",
            /// Fallback check; its values are not documented.
            query use_degrade: String = "UseDegrade",
        }
    }

    /// Deletes a scene for verifications.
    DeleteAntCloudAuthScene(Idempotent) -> Done {
        with { payload: None }
        requires {
            /// Scene ID.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Lists the scenes for verifications.
    DescribeListAntCloudAuthScenes(ReadOnly) -> DescribeListAntCloudAuthScenesResponse {
        with { payload: None }
        accepts {
            /// Scene ID.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Creates a scene of the enhanced products.
    CreateCloudauthstScene(NotIdempotent) -> CreateCloudauthstSceneResponse {
        with { payload: None, confirmed_by: Some("DescribeCloudauthstSceneList") }
        requires {
            /// Name of the scene.
            query scene_name: String = "SceneName",
            /// Product: `SMART_VERIFY`, `SMART_CARD`, `SMART_COMPARE`, `SMART_FLASH` or
            /// `SMART_DETECT`.
            query product_code: String = "ProductCode",
        }
        accepts {
            /// Delivery of pictures and videos to the account's OSS bucket: `Y` or `N`.
            query store_image: YesNo = "StoreImage",
        }
    }

    /// Deletes a scene of the enhanced products.
    DeleteCloudauthstScene(Idempotent) -> DeleteCloudauthstSceneResponse {
        with { payload: None }
        requires {
            /// Scene ID.
            query scene_id: String = "SceneId",
        }
    }

    /// Lists the scenes of the enhanced products.
    DescribeCloudauthstSceneList(ReadOnly) -> DescribeCloudauthstSceneListResponse {
        with { payload: None }
        accepts {
            /// Product code.
            query product_code: String = "ProductCode",
        }
    }

    /// Creates a configuration of the declaration of intent in a scene.
    CreateSceneConfig(NotIdempotent) -> Done {
        with { payload: None, confirmed_by: Some("QuerySceneConfigs") }
        requires {
            /// Scene ID.
            form scene_id: i64 = "sceneId",
            /// Kind of configuration. The vendor's example is `VOLUNTARY`; other values are not
            /// documented.
            form kind: String = "type",
            /// Configuration of the declaration of intent: a string that holds JSON.
            form config: String = "config",
        }
    }

    /// Changes a configuration of the declaration of intent in a scene.
    UpdateSceneConfig(Idempotent) -> Done {
        with { payload: None }
        requires {
            /// ID of the configuration.
            form id: i64 = "id",
            /// Scene ID.
            form scene_id: i64 = "sceneId",
            /// Configuration of the declaration of intent: a string that holds JSON.
            form config: String = "config",
        }
    }

    /// Deletes a configuration of the declaration of intent.
    DeleteSceneConfig(Idempotent) -> Done {
        with { payload: None }
        requires {
            /// ID of the configuration.
            form scene_config_id: i64 = "sceneConfigId",
        }
    }

    /// Lists the configurations of the declaration of intent.
    QuerySceneConfigs(ReadOnly) -> QuerySceneConfigsResponse {
        with { payload: None }
        requires {
            /// Kind of configuration. The vendor's example is `VOLUNTARY`; other values are not
            /// documented.
            query kind: String = "type",
        }
    }
}

replies! {
    /// Reply to [`CreateAntCloudAuthScene`].
    CreateAntCloudAuthSceneResponse {
        /// ID of the new scene.
        scene_id: Option<i64> = "SceneId",
    }

    /// Reply to [`DescribeListAntCloudAuthScenes`].
    DescribeListAntCloudAuthScenesResponse {
        /// Scenes.
        scenes: Vec<AntCloudAuthScene> = "Scenes",
    }

    /// Scene for verifications.
    AntCloudAuthScene {
        /// Application ID.
        app_id: Option<i64> = "AppId",
        /// Binding of a mini program: `Y` or `N` (default).
        bind_mini_program: Option<String> = "BindMiniProgram",
        /// Time of creation, Unix time in milliseconds.
        create_time: Option<String> = "CreateTime",
        /// Creator.
        creator: Option<String> = "Creator",
        /// URL scheme of the iOS app to return to from a fallback check.
        degrade_app_scheme: Option<String> = "DegradeAppScheme",
        /// `SubCode`s that lead to a fallback check.
        degrade_sub_codes: Option<String> = "DegradeSubCodes",
        /// Kind of fallback check; its values are not documented.
        degrade_type: Option<String> = "DegradeType",
        /// Enhanced detection of device risks: `Y` or `N`.
        device_risk_plus: Option<String> = "DeviceRiskPlus",
        /// Domain that is bound to the scene.
        domain: Option<String> = "Domain",
        /// Name of the mini program.
        mini_program_name: Option<String> = "MiniProgramName",
        /// Last editor.
        modifier: Option<String> = "Modifier",
        /// Platform of the mini program: `WECHAT`, `ALIPAY` or `TIKTOK`.
        platform: Option<String> = "Platform",
        /// Number of pictures of the face that are kept, 1 to 5.
        return_pic_count: Option<i64> = "ReturnPicCount",
        /// Length of the video that is kept, in seconds.
        return_video_length: Option<i64> = "ReturnVideoLength",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// Name of the scene.
        scene_name: Option<String> = "SceneName",
        /// State; 1 if the scene is enabled.
        status: Option<i64> = "Status",
        /// Delivery of pictures and videos to the account's OSS bucket: `Y` or `N`.
        store_image: Option<YesNo> = "StoreImage",
        /// Time of the last change, Unix time in milliseconds.
        update_time: Option<String> = "UpdateTime",
        /// Fallback check; its values are not documented.
        use_degrade: Option<String> = "UseDegrade",
    }

    /// Reply to [`CreateCloudauthstScene`].
    CreateCloudauthstSceneResponse {
        /// Whether the scene was created.
        result_object: Option<bool> = "ResultObject",
    }

    /// Reply to [`DeleteCloudauthstScene`].
    DeleteCloudauthstSceneResponse {
        /// Whether the scene was deleted.
        result_object: Option<bool> = "ResultObject",
    }

    /// Reply to [`DescribeCloudauthstSceneList`].
    DescribeCloudauthstSceneListResponse {
        /// Scenes.
        items: Vec<CloudauthstScene> = "Items",
    }

    /// Scene of the enhanced products.
    CloudauthstScene {
        /// Time of creation.
        gmt_create: Option<String> = "GmtCreate",
        /// Time of the last change.
        gmt_modified: Option<String> = "GmtModified",
        /// Product code.
        product_code: Option<String> = "ProductCode",
        /// Name of the product.
        product_name: Option<String> = "ProductName",
        /// Scene ID.
        scene_id: Option<String> = "SceneId",
        /// Name of the scene.
        scene_name: Option<String> = "SceneName",
        /// Delivery of pictures and videos to the account's OSS bucket: `Y` or `N`.
        store_image: Option<YesNo> = "StoreImage",
    }

    /// Reply to [`QuerySceneConfigs`].
    QuerySceneConfigsResponse {
        /// Configurations.
        scene_configs: Vec<SceneConfig> = "sceneConfigs",
    }

    /// Configuration of the declaration of intent in a scene.
    SceneConfig {
        /// Configuration of the declaration of intent: a string that holds JSON.
        config: Option<String> = "config",
        /// Time of creation.
        gmt_create: Option<String> = "gmtCreate",
        /// Time of the last change.
        gmt_modified: Option<String> = "gmtModified",
        /// ID of the configuration.
        id: Option<i64> = "id",
        /// Scene ID.
        scene_id: Option<i64> = "sceneId",
        /// Kind of configuration.
        kind: Option<String> = "type",
        /// Version of the configuration.
        version: Option<i64> = "version",
    }
}

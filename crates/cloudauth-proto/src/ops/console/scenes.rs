//! Scenes: what a verification is opened in.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::ops::Done;
use crate::reply::replies;

operations! {
    /// Makes a scene for verifications.
    CreateAntCloudAuthScene(Once) -> CreateAntCloudAuthSceneResponse {
        with { payload: None, settled_by: Some("DescribeListAntCloudAuthScenes") }
        requires {
            query scene_name: String = "SceneName",
        }
        accepts {
            query bind_mini_program: String = "BindMiniProgram",
            query check_file_body: String = "CheckFileBody",
            query check_file_name: String = "CheckFileName",
            query degrade_app_scheme: String = "DegradeAppScheme",
            query degrade_sub_codes: String = "DegradeSubCodes",
            query degrade_type: String = "DegradeType",
            query device_risk_plus: String = "DeviceRiskPlus",
            query mini_program_name: String = "MiniProgramName",
            query platform: String = "Platform",
            query return_pic_count: i64 = "ReturnPicCount",
            query return_video_length: i64 = "ReturnVideoLength",
            /// Whether pictures are kept.
            query store_image: String = "StoreImage",
            query use_degrade: String = "UseDegrade",
        }
    }

    /// Changes a scene for verifications.
    UpdateAntCloudAuthScene(Set) -> Done {
        with { payload: None }
        requires {
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
        accepts {
            query bind_mini_program: String = "BindMiniProgram",
            query check_file_body: String = "CheckFileBody",
            query check_file_name: String = "CheckFileName",
            query degrade_app_scheme: String = "DegradeAppScheme",
            query degrade_sub_codes: String = "DegradeSubCodes",
            query degrade_type: String = "DegradeType",
            query device_risk_plus: String = "DeviceRiskPlus",
            query mini_program_name: String = "MiniProgramName",
            query platform: String = "Platform",
            query return_pic_count: i64 = "ReturnPicCount",
            query return_video_length: i64 = "ReturnVideoLength",
            query scene_name: String = "SceneName",
            query status: i32 = "Status",
            query store_image: String = "StoreImage",
            query use_degrade: String = "UseDegrade",
        }
    }

    /// Deletes a scene for verifications.
    DeleteAntCloudAuthScene(Set) -> Done {
        with { payload: None }
        requires {
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Lists the scenes for verifications.
    DescribeListAntCloudAuthScenes(Query) -> DescribeListAntCloudAuthScenesResponse {
        with { payload: None }
        accepts {
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Makes a scene of the smart products.
    CreateCloudauthstScene(Once) -> CreateCloudauthstSceneResponse {
        with { payload: None, settled_by: Some("DescribeCloudauthstSceneList") }
        requires {
            query scene_name: String = "SceneName",
            /// The plan.
            query product_code: String = "ProductCode",
        }
        accepts {
            query store_image: String = "StoreImage",
        }
    }

    /// Deletes a scene of the smart products.
    DeleteCloudauthstScene(Set) -> DeleteCloudauthstSceneResponse {
        with { payload: None }
        requires {
            /// The scene.
            query scene_id: String = "SceneId",
        }
    }

    /// Lists the scenes of the smart products.
    DescribeCloudauthstSceneList(Query) -> DescribeCloudauthstSceneListResponse {
        with { payload: None }
        accepts {
            /// The plan.
            query product_code: String = "ProductCode",
        }
    }

    /// Gives a scene a setting.
    CreateSceneConfig(Once) -> Done {
        with { payload: None, settled_by: Some("QuerySceneConfigs") }
        requires {
            form scene_id: i64 = "sceneId",
            /// What kind of setting.
            form kind: String = "type",
            /// JSON text.
            form config: String = "config",
        }
    }

    /// Changes a setting of a scene.
    UpdateSceneConfig(Set) -> Done {
        with { payload: None }
        requires {
            form id: i64 = "id",
            form scene_id: i64 = "sceneId",
            /// JSON text.
            form config: String = "config",
        }
    }

    /// Deletes a setting of a scene.
    DeleteSceneConfig(Set) -> Done {
        with { payload: None }
        requires {
            form scene_config_id: i64 = "sceneConfigId",
        }
    }

    /// Lists the settings of scenes.
    QuerySceneConfigs(Query) -> QuerySceneConfigsResponse {
        with { payload: None }
        requires {
            /// What kind of setting.
            query kind: String = "type",
        }
    }
}

replies! {
    /// What [`CreateAntCloudAuthScene`] answers.
    CreateAntCloudAuthSceneResponse {
        scene_id: Option<i64> = "SceneId",
    }

    /// What [`DescribeListAntCloudAuthScenes`] answers.
    DescribeListAntCloudAuthScenesResponse {
        scenes: Vec<AntCloudAuthScene> = "Scenes",
    }

    /// A scene for verifications.
    AntCloudAuthScene {
        app_id: Option<i64> = "AppId",
        bind_mini_program: Option<String> = "BindMiniProgram",
        create_time: Option<String> = "CreateTime",
        creator: Option<String> = "Creator",
        degrade_app_scheme: Option<String> = "DegradeAppScheme",
        degrade_sub_codes: Option<String> = "DegradeSubCodes",
        degrade_type: Option<String> = "DegradeType",
        device_risk_plus: Option<String> = "DeviceRiskPlus",
        domain: Option<String> = "Domain",
        mini_program_name: Option<String> = "MiniProgramName",
        modifier: Option<String> = "Modifier",
        platform: Option<String> = "Platform",
        return_pic_count: Option<i64> = "ReturnPicCount",
        return_video_length: Option<i64> = "ReturnVideoLength",
        scene_id: Option<i64> = "SceneId",
        scene_name: Option<String> = "SceneName",
        status: Option<i64> = "Status",
        store_image: Option<String> = "StoreImage",
        update_time: Option<String> = "UpdateTime",
        use_degrade: Option<String> = "UseDegrade",
    }

    /// What [`CreateCloudauthstScene`] answers.
    CreateCloudauthstSceneResponse {
        result_object: Option<bool> = "ResultObject",
    }

    /// What [`DeleteCloudauthstScene`] answers.
    DeleteCloudauthstSceneResponse {
        result_object: Option<bool> = "ResultObject",
    }

    /// What [`DescribeCloudauthstSceneList`] answers.
    DescribeCloudauthstSceneListResponse {
        items: Vec<CloudauthstScene> = "Items",
    }

    /// A scene of the smart products.
    CloudauthstScene {
        gmt_create: Option<String> = "GmtCreate",
        gmt_modified: Option<String> = "GmtModified",
        product_code: Option<String> = "ProductCode",
        product_name: Option<String> = "ProductName",
        scene_id: Option<String> = "SceneId",
        scene_name: Option<String> = "SceneName",
        store_image: Option<String> = "StoreImage",
    }

    /// What [`QuerySceneConfigs`] answers.
    QuerySceneConfigsResponse {
        scene_configs: Vec<SceneConfig> = "sceneConfigs",
    }

    /// A setting of a scene.
    SceneConfig {
        /// JSON text.
        config: Option<String> = "config",
        gmt_create: Option<String> = "gmtCreate",
        gmt_modified: Option<String> = "gmtModified",
        id: Option<i64> = "id",
        scene_id: Option<i64> = "sceneId",
        kind: Option<String> = "type",
        version: Option<i64> = "version",
    }
}

//! The strings of the page in English and Chinese.

use crate::http::IncomingRequest;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The language in the query, else the first supported one of the browser, else English.
    pub(crate) fn of(request: &IncomingRequest) -> Self {
        let parse = |text: &str| {
            let main = text.trim().split(['-', ';']).next().unwrap_or_default();
            match main.to_ascii_lowercase().as_str() {
                "zh" => Some(Self::Chinese),
                "en" => Some(Self::English),
                _ => None,
            }
        };
        let mut query = request.query().split('&');
        let in_query = query.find_map(|pair| parse(pair.strip_prefix("lang=")?));
        let mut accepted = request
            .header_values("accept-language")
            .flat_map(|value| value.split(','));
        in_query
            .or_else(|| accepted.find_map(parse))
            .unwrap_or(Self::English)
    }

    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    pub(super) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// The other language: its `lang` parameter, its tag and its own name.
    pub(crate) const fn other(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::English => ("zh", "zh-CN", "中文"),
            Self::Chinese => ("en", "en", "English"),
        }
    }
}

/// A heading and a sentence.
pub(super) type PageMessage = (&'static str, &'static str);

pub(super) struct Texts {
    pub(super) title: &'static str,
    /// Two lines.
    pub(super) lead: (&'static str, &'static str),
    pub(super) order: &'static str,
    pub(super) scene: &'static str,
    pub(super) return_url: &'static str,
    pub(super) callback_url: &'static str,
    pub(super) none: &'static str,
    pub(super) valid_for: &'static str,
    pub(super) minutes: &'static str,
    pub(super) pass: &'static str,
    pub(super) failure_reason: &'static str,
    pub(super) fail: &'static str,
    pub(super) abandon_reason: &'static str,
    pub(super) abandon: &'static str,
    pub(super) not_documented: &'static str,
    pub(super) callback_faults: &'static str,
    pub(super) no_callback: &'static str,
    pub(super) repeated: &'static str,
    pub(super) held_back: &'static str,
    pub(super) forged: &'static str,
    pub(super) footer: &'static str,
    pub(super) go_back: &'static str,
    pub(super) going_back: PageMessage,
    pub(super) done: PageMessage,
    pub(super) unknown: PageMessage,
    pub(super) expired: PageMessage,
    pub(super) used: PageMessage,
    pub(super) no_choice: PageMessage,
    pub(super) wrong_method: PageMessage,
}

const ENGLISH: Texts = Texts {
    title: "Simulated verification",
    lead: ("No camera, no face, no fee.", "Choose the result."),
    order: "Order",
    scene: "Scene",
    return_url: "Return URL",
    callback_url: "Callback URL",
    none: "none",
    valid_for: "Valid for",
    minutes: "min",
    pass: "Pass",
    failure_reason: "Reason for failing",
    fail: "Fail",
    abandon_reason: "Reason for leaving",
    abandon: "Leave",
    not_documented: "not in the current documentation",
    callback_faults: "Callback faults",
    no_callback: "The order has no CallbackUrl: no callback is sent.",
    repeated: "Send it twice",
    held_back: "Send it after another order's callback (within 30 s)",
    forged: "Send a forged one first: wrong verdict, wrong token",
    footer: "This is a simulator, not Alibaba Cloud.",
    go_back: "Go back",
    going_back: ("Going back", "The verification is finished."),
    done: (
        "Done",
        "The verification is finished. You can close this page.",
    ),
    unknown: (
        "No such verification",
        "The address is wrong, or the simulator was restarted.",
    ),
    expired: (
        "Too late",
        "This page was valid for 30 minutes. Nothing was changed. Start again.",
    ),
    used: (
        "Already used",
        "This page can be submitted once, and was. Nothing was changed.",
    ),
    no_choice: ("Nothing chosen", "Go back and choose the result."),
    wrong_method: ("Not possible", "This page supports GET and POST only."),
};

const CHINESE: Texts = Texts {
    title: "模拟实人认证",
    lead: ("无需摄像头和人脸，不产生费用。", "请选择结果。"),
    order: "订单号",
    scene: "场景",
    return_url: "返回地址",
    callback_url: "回调地址",
    none: "无",
    valid_for: "有效期",
    minutes: "分钟",
    pass: "通过",
    failure_reason: "不通过的原因",
    fail: "不通过",
    abandon_reason: "退出的原因",
    abandon: "退出",
    not_documented: "现行文档未列出",
    callback_faults: "回调异常",
    no_callback: "该订单没有 CallbackUrl，不会发送回调。",
    repeated: "发送两次",
    held_back: "晚于另一订单的回调发送（最多 30 秒）",
    forged: "先发送伪造的回调：结果和令牌均不正确",
    footer: "这是模拟器，并非阿里云页面。",
    go_back: "返回",
    going_back: ("正在返回", "认证已结束。"),
    done: ("已完成", "认证已结束，你可以关闭本页。"),
    unknown: ("认证不存在", "地址有误，或模拟器已重新启动。"),
    expired: (
        "页面已过期",
        "本页有效期为 30 分钟。未作任何更改，请重新发起。",
    ),
    used: ("页面已使用", "本页只能提交一次，且已提交。未作任何更改。"),
    no_choice: ("未选择结果", "请返回并选择结果。"),
    wrong_method: ("无法处理", "本页仅支持 GET 和 POST。"),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_precedes_the_browser_s_languages_which_precede_english() {
        for (target, accepted, expected) in [
            ("/", "zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("/", "en-GB, zh", Language::English),
            ("/", "fr, ZH-hant;q=0.3", Language::Chinese),
            ("/", "fr", Language::English),
            ("/", "", Language::English),
            ("/?lang=en", "zh", Language::English),
            ("/?a=b&lang=zh", "en", Language::Chinese),
            ("/?lang=fr", "zh", Language::Chinese),
        ] {
            let headers = vec![("Accept-Language".to_owned(), accepted.to_owned())];
            let request = IncomingRequest::new("GET", target, headers, *b"");
            assert!(Language::of(&request) == expected, "{target} {accepted}");
        }
    }
}

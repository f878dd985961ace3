//! What the page says, in English and Chinese.

use crate::request::Incoming;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The language that the link at the top asks for, else the browser's first one that we have.
    pub(super) fn of(request: &Incoming) -> Self {
        let named = |text: &str| {
            let main = text.trim().split(['-', ';']).next().unwrap_or_default();
            match main.to_ascii_lowercase().as_str() {
                "zh" => Some(Self::Chinese),
                "en" => Some(Self::English),
                _ => None,
            }
        };
        let mut asked = request.query().split('&');
        let asked = asked.find_map(|pair| named(pair.strip_prefix("lang=")?));
        let mut preferred = request
            .header_values("accept-language")
            .flat_map(|value| value.split(','));
        asked
            .or_else(|| preferred.find_map(named))
            .unwrap_or(Self::English)
    }

    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// The other language: its `lang` parameter, its tag and its own name.
    pub(super) const fn other(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::English => ("zh", "zh-CN", "中文"),
            Self::Chinese => ("en", "en", "English"),
        }
    }
}

/// A heading and a sentence.
pub(super) type Notice = (&'static str, &'static str);

pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) order: &'static str,
    pub(super) scene: &'static str,
    pub(super) returns_to: &'static str,
    pub(super) calls_back: &'static str,
    pub(super) nowhere: &'static str,
    pub(super) valid_for: &'static str,
    pub(super) minutes: &'static str,
    pub(super) pass: &'static str,
    pub(super) or_fail: &'static str,
    pub(super) fail: &'static str,
    pub(super) or_leave: &'static str,
    pub(super) leave: &'static str,
    pub(super) not_documented: &'static str,
    pub(super) advanced: &'static str,
    pub(super) no_callback: &'static str,
    pub(super) repeated: &'static str,
    pub(super) held_back: &'static str,
    pub(super) forged: &'static str,
    pub(super) footer: &'static str,
    pub(super) go_back: &'static str,
    pub(super) going_back: Notice,
    pub(super) done: Notice,
    pub(super) unknown: Notice,
    pub(super) expired: Notice,
    pub(super) used: Notice,
    pub(super) no_choice: Notice,
    pub(super) wrong_method: Notice,
}

const ENGLISH: Words = Words {
    title: "Simulated verification",
    lead: "No camera, no face, no fee.<br>Choose how it ends.",
    order: "Order",
    scene: "Scene",
    returns_to: "Returns to",
    calls_back: "Calls back",
    nowhere: "nowhere",
    valid_for: "Valid for",
    minutes: "min",
    pass: "Pass",
    or_fail: "Reason for failing",
    fail: "Fail",
    or_leave: "Reason for leaving",
    leave: "Leave",
    not_documented: "not in the current documentation",
    advanced: "What goes wrong with the callback",
    no_callback: "The order has no CallbackUrl: nothing is sent.",
    repeated: "It comes twice",
    held_back: "Another order's callback overtakes it (30 s at most)",
    forged: "A forged one comes first: wrong verdict, wrong token",
    footer: "This is a simulator, not Alibaba Cloud.",
    go_back: "Go back",
    going_back: ("Going back", "The verification is over."),
    done: ("Done", "The verification is over. You can close this page."),
    unknown: (
        "No such verification",
        "The address is wrong, or the simulator was started again.",
    ),
    expired: (
        "Too late",
        "This page was valid for 30 minutes. Nothing was changed; start again.",
    ),
    used: (
        "Already used",
        "This page takes one submission and has had it. Nothing was changed.",
    ),
    no_choice: ("Nothing chosen", "Go back and choose how it ends."),
    wrong_method: ("Not possible", "This page takes GET and POST."),
};

const CHINESE: Words = Words {
    title: "模拟实人认证",
    lead: "无需摄像头和人脸，不产生费用。<br>请选择结果。",
    order: "订单号",
    scene: "场景",
    returns_to: "返回地址",
    calls_back: "回调地址",
    nowhere: "无",
    valid_for: "有效期",
    minutes: "分钟",
    pass: "通过",
    or_fail: "不通过的原因",
    fail: "不通过",
    or_leave: "退出的原因",
    leave: "退出",
    not_documented: "现行文档未列出",
    advanced: "回调异常",
    no_callback: "该订单没有 CallbackUrl，不会发送回调。",
    repeated: "回调两次",
    held_back: "晚于另一订单的回调（最多 30 秒）",
    forged: "先有伪造回调：结果和令牌均不对",
    footer: "这是模拟器，并非阿里云页面。",
    go_back: "返回",
    going_back: ("正在返回", "认证已结束。"),
    done: ("已完成", "认证已结束，可以关闭本页。"),
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
    fn the_link_comes_before_the_browser_and_the_browser_before_english() {
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
            let request = Incoming::new("GET", target, headers, *b"");
            assert!(Language::of(&request) == expected, "{target} {accepted}");
        }
    }
}

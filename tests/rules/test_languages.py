"""Which language, which words, and Traditional Chinese made of Simplified."""

from __future__ import annotations

import pytest

from fairroam.rules.languages import language_of, words_for, written_in
from fairroam.rules.traditional import in_traditional

NAMES = {"en": "Japan 10 GB", "zh-Hans": "日本 10 GB，全部流量"}


@pytest.mark.parametrize(
    ("code", "language"),
    [("zh-hant", "zh-Hant"), ("zh-Hans", "zh-Hans"), ("EN", "en"), ("ko", "en"), ("", "en")],
)
def test_a_code_names_a_language_of_ours(code, language):
    assert language_of(code) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Japan 10 GB"),
        ("zh-hans", "日本 10 GB，全部流量"),
        ("zh-Hant", "日本 10 GB，全部流量"),
        ("ko", "Japan 10 GB"),
    ],
)
def test_a_text_is_given_in_the_reader_s_language(language, text):
    assert words_for(NAMES, language) == text


def test_what_nobody_wrote_in_traditional_is_made_of_simplified_and_else_english():
    assert words_for({"en": "No data.", "zh-Hans": "没有数据网络。"}, "zh-Hant") == "沒有資料網路。"
    assert words_for({"en": "No data.", "zh-Hant": "沒有網路。"}, "zh-Hant") == "沒有網路。"
    assert words_for({"en": "No data."}, "zh-Hant") == "No data."
    assert words_for({}, "zh-Hant") == ""


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("注销账户", "註銷帳戶"),
        ("下载配置文件", "下載設定檔"),
        ("打开移动数据和数据漫游", "開啟行動數據和數據漫遊"),
        ("发到这个号码的短信", "發到這個門號的簡訊"),
        ("套餐的退款按规则计算", "方案的退款依規則計算"),
        ("我们提出的方案", "我們提出的提案"),
        ("银行转账，一到两个工作日到账", "銀行轉帳，一到兩個工作日到帳"),
        ("在“安全”里退出登录", "在「安全」裡登出"),
        ("订单只能在下单的浏览器里打开", "訂單只能在下單的瀏覽器裡開啟"),
        ("通过邮件发送；如果不能通过", "透過郵件傳送；如果不能通過"),
        ("请在周五前回复", "請在週五前回覆"),
        ("后来、皇后、公里、批准", "後來、皇后、公里、批准"),
        (
            '%(count)s 台设备：<a href="%(url)s">查看</a>',
            '%(count)s 台裝置：<a href="%(url)s">查看</a>',
        ),
        ("eSIM", "eSIM"),
    ],
)
def test_the_words_are_those_of_taiwan(simplified, traditional):
    assert in_traditional(simplified) == traditional


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我想退款，谢谢", "zh-Hans"),
        ("我想退款，謝謝", "zh-Hant"),
        ("我想退款", "zh-Hans"),  # written alike in both
        ("Refund, please", "en"),
        ("", "en"),
    ],
)
def test_a_letter_is_answered_in_the_language_it_was_written_in(text, language):
    assert written_in(text) == language

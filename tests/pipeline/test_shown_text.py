"""What users wrote is shown as it is: it moves no character of the page, and loads nothing."""

import pandas as pd
import pytest

from dti_assets.pipeline.checks import warning
from dti_assets.pipeline.metadata import escaped, markdown_table, readable, unescaped

NAMES = {
    "![x](http://tracker.invalid/a.png)": r"!\[x\](http://tracker.invalid/a.png)",
    "[click](javascript:alert)": r"\[click\](javascript:alert)",
    "<img src=x onerror=alert(1)>": r"\<img src=x onerror=alert(1)>",
    "a|b": r"a\|b",
    "*bold* and `code`": r"\*bold\* and \`code\`",
    "# head": r"\# head",
    "keyword_counts": "keyword_counts",
    "_leaning_": r"\_leaning\_",
    "浙江省2015年政府工作报告.txt": "浙江省2015年政府工作报告.txt",
    "C:\\[x]": r"C:\\\[x\]",
}


@pytest.mark.parametrize(("name", "shown"), NAMES.items())
def test_markdown_in_a_name_is_no_markdown(name: str, shown: str) -> None:
    assert escaped(name) == shown and unescaped(shown) == name


@pytest.mark.parametrize("mark", ["\x1b[31m", "\x07", "\u202e", "\u200b", "\x9b", "\u2066"])
def test_control_characters_are_shown(mark: str) -> None:
    assert readable(f"a{mark[0]}b") == "a\ufffdb"
    assert mark[0] not in escaped(f"a{mark}b")


def test_tables_and_findings_hold_what_users_wrote_escaped() -> None:
    table = markdown_table(pd.DataFrame({"file": ["a\nb|![x](y)"], "n": [1.5]}))
    assert table.splitlines()[-1] == r"| a b\|!\[x\](y) | 1.5 |"
    result = warning(["<b>x</b>.txt: damaged", "2015年 [a](b)"])
    text = str(result.metadata["sentences"].value)
    assert text == "- \\<b>x\\</b>.txt: damaged\n- 2015年 \\[a\\](b)"
    assert unescaped(text) == "- <b>x</b>.txt: damaged\n- 2015年 [a](b)"
    assert "<b>" not in str(result.description).replace("\\<", "")

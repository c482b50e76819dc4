"""The paper on which stand-ins print their pages: one frame for phones and desks, day and night."""

from __future__ import annotations

from html import escape
from string import Template

STYLE = """
:root { color-scheme: light dark; --paper: #faf7f0; --sheet: #fffdf8; --ink: #1d1b18;
  --soft: #6a645a; --line: #ddd6c8; --jade: #0b6b57; --on-jade: #fff; --amber: #8a5200;
  --amber-paper: #fdf0d8; }
@media (prefers-color-scheme: dark) { :root { --paper: #171612; --sheet: #201e1a; --ink: #ece7dc;
  --soft: #a79f91; --line: #3a362f; --jade: #5fc9ae; --on-jade: #08241d; --amber: #f0c274;
  --amber-paper: #33280f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: system-ui, "PingFang SC", "HarmonyOS Sans SC", "Noto Sans CJK SC",
  "Microsoft YaHei", sans-serif; text-autospace: normal; }
:lang(zh) { line-height: 1.7; }
main { max-width: 27rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
main.wide { max-width: 60rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
a { color: var(--jade); }
.banner { background: var(--amber-paper); color: var(--amber); text-align: center;
  padding: .5rem 1rem; font-size: .9rem; font-weight: 600; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.25rem; margin: 1rem 0; }
.soft { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.line { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.total { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .75rem; }
.total strong { font-size: 1.75rem; font-variant-numeric: tabular-nums; }
.refusal { border-left: .25rem solid var(--amber); background: var(--amber-paper);
  color: var(--amber); padding: .6rem .8rem; border-radius: .3rem; margin: 0 0 1rem; }
fieldset { border: 0; padding: 0; margin: 0 0 1rem; }
legend { padding: 0; font-weight: 600; margin-bottom: .5rem; }
label.choice { display: grid; grid-template-columns: 1.5rem 1fr; align-items: start; gap: .5rem;
  border: 1px solid var(--line); border-radius: .5rem; padding: .7rem; margin-bottom: .5rem;
  cursor: pointer; }
label.choice:has(:checked) { border-color: var(--jade); outline: 1px solid var(--jade); }
label.choice input { accent-color: var(--jade); width: 1.1rem; height: 1.1rem; margin: .2rem 0; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
button { width: 100%; min-height: 3rem; border: 0; border-radius: .5rem; font: inherit;
  font-weight: 600; background: var(--jade); color: var(--on-jade); cursor: pointer; }
:focus-visible { outline: 3px solid var(--jade); outline-offset: 2px; }
.back { display: block; text-align: center; padding: .75rem; }
"""
FRAME = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="data:,">
<style>$style</style>
$head</head>
<body>
$body
</body>
</html>
""")


def framed(*, language: str, title: str, body: str, head: str = "") -> str:
    """Return a whole HTML page; `body` and `head` are HTML, `title` is text."""
    return FRAME.substitute(
        language=escape(language), title=escape(title), style=STYLE, head=head, body=body
    )

"""Writes what the text kernels must know and JavaScript does not:

    python scripts/text-data/make.py

- src/engines/named-kernels/combining-marks.ts: characters whose canonical combining class is not 0, of this Python's Unicode
- src/compiler/sklearn/english-stop-words.ts: the words that `stop_words="english"` stands for, of this scikit-learn
"""

import sys
import textwrap
import unicodedata
from pathlib import Path

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

src = Path(__file__).resolve().parents[2] / "src"


def ranges():
    start = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.combining(chr(code)) != 0
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            yield start, code - 1
            start = None


def write(path, text):
    (src / path).write_text(text, encoding="utf-8")


numbers = ", ".join(f"{a:#x}, {b:#x}" for a, b in ranges())
write(
    "engines/named-kernels/combining-marks.ts",
    f"// Written by scripts/text-data/make.py.\n\n"
    f"/** First and last of each range of characters with a canonical combining class, Unicode {unicodedata.unidata_version}. */\n"
    f"// oxfmt-ignore\nexport const COMBINING_MARKS: readonly number[] = [\n"
    + textwrap.indent(textwrap.fill(numbers, 116), "  ")
    + ",\n]\n",
)
words = textwrap.fill(" ".join(sorted(ENGLISH_STOP_WORDS)), 112)
lines = " +\n  ".join(f"'{line}{'' if i == words.count(chr(10)) else ' '}'" for i, line in enumerate(words.split("\n")))
write(
    "compiler/sklearn/english-stop-words.ts",
    "// Written by scripts/text-data/make.py.\n\n"
    f'/** What scikit-learn\'s `stop_words="english"` stands for; the same in 1.2 to 1.9. */\n'
    f"export const ENGLISH_STOP_WORDS: readonly string[] = (\n  {lines}\n).split(' ')\n",
)

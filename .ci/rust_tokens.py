"""Tokens of Rust source, as far as the gates in this folder need them.

The lexer tells comments, documentation, strings, characters, lifetimes, numbers and identifiers
apart. It does not parse: whoever needs items finds them in the tokens. It reads every file that
rustc reads; on others it may return nonsense, but it ends.
"""

import re
from dataclasses import dataclass

# Kinds of tokens.
DOC = "doc"  # text of `///`, `//!`, `/** */`, `/*! */`, without the marks of the comment
COMMENT = "comment"  # any other comment
STRING = "string"  # value of a string literal; escapes are left as they are, but for line ends
CHAR = "char"
LIFETIME = "lifetime"
NUMBER = "number"
IDENT = "ident"  # keywords are identifiers, too; `r#type` is `type`
PUNCT = "punct"  # one character, but for `::`


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    line: int


# The order matters: the first alternative that matches wins.
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>//[^\n]*)
    | (?P<block_comment>/\*)
    | (?P<raw>(?:br|cr|r)(?P<hashes>\#*)")
    | (?P<string>[bc]?"(?:\\.|[^"\\])*"?)
    | (?P<char>b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]*\}|.)|[^\\'\n])')
    | (?P<lifetime>'[A-Za-z_]\w*)
    | (?P<number>\d\w*(?:\.\d\w*)?)
    | (?P<ident>(?:r\#)?[^\W\d]\w*)
    | (?P<punct>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(source):
    """Returns the tokens of a file, in their order."""
    out = []
    at, line = 0, 1
    while at < len(source):
        match = _TOKEN.match(source, at)
        kind, text, end = match.lastgroup, match.group(), match.end()
        if kind == "hashes":
            kind = "raw"
        if kind == "block_comment":
            end = _block_comment_end(source, at)
            text = source[at:end]
        elif kind == "raw":
            close = '"' + match.group("hashes")
            found = source.find(close, end)
            value = source[end:] if found < 0 else source[end:found]
            end = len(source) if found < 0 else found + len(close)
            text = source[at:end]
        if kind == "line_comment":
            # Four slashes are no documentation.
            if text.startswith("//!") or (text.startswith("///") and not text.startswith("////")):
                out.append(Token(DOC, text[3:], line))
            else:
                out.append(Token(COMMENT, text[2:], line))
        elif kind == "block_comment":
            is_doc = text.startswith(("/**", "/*!")) and not text.startswith(("/***", "/**/"))
            out.append(Token(DOC if is_doc else COMMENT, text[3 if is_doc else 2 : -2], line))
        elif kind == "raw":
            out.append(Token(STRING, value, line))
        elif kind == "string":
            value = text[text.index('"') + 1 :].removesuffix('"')
            # A backslash at the end of a line joins it with the next one, in the same place.
            out.append(Token(STRING, re.sub(r"\\\n\s*", "", value), line))
        elif kind == "ident":
            out.append(Token(IDENT, text.removeprefix("r#"), line))
        elif kind != "space":
            out.append(Token(kind, text, line))
        line += text.count("\n")
        at = end
    return out


def _block_comment_end(source, start):
    """Block comments nest."""
    depth, at = 0, start
    for match in re.compile(r"/\*|\*/").finditer(source, start):
        depth += 1 if match.group() == "/*" else -1
        at = match.end()
        if depth == 0:
            return at
    return len(source)


# Words that can begin an item or a statement. What else carries an attribute is a field, a variant
# or an arm, and ends at a comma.
_ITEM = frozenset(
    """async const enum extern fn impl let macro_rules mod pub static struct trait type union
    unsafe use""".split()
)


def without_tests(code):
    """Splits tokens: (those outside of `#[cfg(test)]` and `#[test]`, those inside)."""
    kept, tests = [], []
    at = 0
    while at < len(code):
        end = _attribute_end(code, at)
        if end is not None and _is_for_tests(code[at:end]):
            end = _item_end(code, end)
            tests += code[at:end]
        else:
            end = at + 1
            kept.append(code[at])
        at = end
    return kept, tests


def _is_text(code, at, text):
    return at < len(code) and code[at].kind in (PUNCT, IDENT) and code[at].text == text


def _attribute_end(code, at):
    """The end of the attribute that begins here, or None."""
    if not (_is_text(code, at, "#") and _is_text(code, at + 1, "[")):
        return None
    return matching(code, at + 1) + 1


def _is_for_tests(attribute):
    words = [token.text for token in attribute if token.kind == IDENT]
    return words in (["test"], ["cfg", "test"]) or words[:3] == ["cfg", "all", "test"]


def _item_end(code, at):
    """The end of the item, field or arm after an attribute."""
    while at < len(code):
        end = _attribute_end(code, at)
        if end is None and code[at].kind not in (DOC, COMMENT):
            break
        at = at + 1 if end is None else end
    is_item = at < len(code) and code[at].text in _ITEM
    is_use = False
    while at < len(code):
        text = code[at].text if code[at].kind in (PUNCT, IDENT) else ""
        is_use = is_use or text == "use"
        if text in ("(", "[", "{"):
            at = matching(code, at) + 1
            # The body ends an item; the braces of `use a::{b, c};` do not.
            if text == "{" and not is_use:
                return at
        elif text in (")", "]", "}"):
            return at
        elif text == ";" or (text == "," and not is_item):
            return at + 1
        else:
            at += 1
    return at


def matching(code, at):
    """The position of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        if code[i].kind == PUNCT:
            depth += (code[i].text in "([{") - (code[i].text in ")]}")
            if depth == 0:
                return i
    return len(code) - 1


def variants(code, at):
    """Positions of the variants of the enum whose keyword is at `at`."""
    while at < len(code) and code[at].text not in ("{", ";"):
        at += 1
    if at == len(code) or code[at].text == ";":
        return
    end = matching(code, at)
    at, is_start = at + 1, True
    while at < end:
        text = code[at].text if code[at].kind in (PUNCT, IDENT) else ""
        if text in ("(", "[", "{"):
            at = matching(code, at)
        elif is_start and code[at].kind == IDENT:
            yield at
            is_start = False
        elif text == ",":
            is_start = True
        at += 1


def self_test():
    """Raises AssertionError if a kind of token is not told from the others."""
    source = r'''
//! outer doc
//// no doc
/* a /* nested */ comment */
fn r#type<'a>(x: &'a str) -> char { 'x' } // "no string"
const A: &str = "a \" // no comment";
const B: &[u8] = br#"raw " text"#; /// doc
const C: (char, char, u8) = ('\'', '"', b'\\');
const D: [u8; 2] = [1..2, 1.0e5, 0x_ff];
const E: &str = "one \
    two";
'''
    all_tokens = tokens(source)
    of = lambda kind: [token.text for token in all_tokens if token.kind == kind]
    assert of(DOC) == [" outer doc", " doc"], of(DOC)
    assert of(COMMENT) == ["// no doc", " a /* nested */ comment ", ' "no string"'], of(COMMENT)
    assert of(STRING) == ['a \\" // no comment', 'raw " text', "one two"], of(STRING)
    assert of(CHAR) == ["'x'", r"'\''", "'\"'", r"b'\\'"], of(CHAR)
    assert of(LIFETIME) == ["'a", "'a"], of(LIFETIME)
    assert "type" in of(IDENT) and "no" not in of(IDENT)
    assert all_tokens[-1].line == 11, all_tokens[-1]

    source = """enum E<T> { /** doc */ #[x(y)] A(u8, T), B { c: u8 }, C = 1, D, }"""
    code = tokens(source)
    assert [code[at].text for at in variants(code, 0)] == ["A", "B", "C", "D"]

    source = """
use a::kept;
#[cfg(test)]
use a::{b, gone};
struct S { #[cfg(test)] gone: u8, kept: u8 }
#[cfg(all(test, unix))]
#[allow(x)]
fn gone<A, B>() -> [u8; 2] { gone() }
#[cfg(not(test))]
fn kept() {}
#[cfg(test)]
mod tests { #[test] fn gone() {} }
fn kept() {}
"""
    kept, tests = without_tests(tokens(source))
    count = lambda part, word: sum(token.text == word for token in part)
    assert (count(kept, "gone"), count(kept, "kept")) == (0, 4), kept
    assert (count(tests, "gone"), count(tests, "kept")) == (5, 0), tests

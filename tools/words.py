#!/usr/bin/env python3
"""Finds phrases that this project does not use, and checks its word list.

    words.py PHRASES WORDS FILE...

PHRASES has a line for each phrase: "phrase: what to write instead". WORDS is the
list of the words that are no common English. It must be sorted, and each of its
words must occur in one of the files. Prints FILE:LINE: and the mistake, and
exits with 1 if it has found one.
"""
import pathlib
import re
import sys

# Between two words of a phrase: spaces, an underscore, or the end of a line with
# what the next line begins with: a comment's mark, a string's quotation mark, or
# a patch's sign. An empty line separates paragraphs, so it is no such gap.
GAP = r"(?:[ \t_]+|[ \t]*\"?[ \t]*\\?\n[-+]?[ \t]*(?:/?\*+|//+|#+|>|\")?[ \t]*)"
COMMENT = "#"


def entries(path):
    """The lines of a list, without its comments."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith(COMMENT):
            yield number, line


def compile_phrases(path):
    """(pattern, phrase, what to write instead) of each line."""
    for _, line in entries(path):
        phrase, _, instead = line.partition(": ")
        words = [re.escape(word) for word in phrase.split()]
        pattern = r"(?<![A-Za-z])" + GAP.join(words) + r"(?![A-Za-z])"
        yield re.compile(pattern, re.IGNORECASE), phrase, instead


def find_phrases(path, text, phrases):
    """A mistake for each phrase in the text."""
    for pattern, phrase, instead in phrases:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: '{phrase}': write instead: {instead}"


def check_list(path, texts):
    """A mistake for each word that is out of order or not used."""
    everything = "\n".join(texts).lower()
    last = ""
    for number, word in entries(path):
        if word <= last:
            yield f"{path}:{number}: '{word}' must come before '{last}'"
        elif word.lower() not in everything:
            yield f"{path}:{number}: '{word}' is not used: remove it"
        last = word


def main():
    lists = [pathlib.Path(argument) for argument in sys.argv[1:3]]
    phrases = list(compile_phrases(lists[0]))
    texts, mistakes = [], []
    for path in map(pathlib.Path, sys.argv[3:]):
        try:
            text = path.read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            continue  # removed but not yet committed, or no text
        if path not in lists:
            texts.append(text)
            mistakes += find_phrases(path, text, phrases)
    mistakes += check_list(lists[1], texts)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())

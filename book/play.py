#!/usr/bin/env python3
"""Makes one HTML page from a recorded run: it needs no other file, and no network.

    play.py RUN.json [RIGHT.json] --sources DIR... --out FILE
            [--pitfall PATCH] [--titles TITLE...]

RUN is a recording: lab/trace/run.md describes it. With RIGHT, the page shows both
runs beside each other, up to where they part. The sources that a run names are
looked for in each DIR; a file with another SHA-256 is not the one that was
recorded, and is left out. --pitfall takes what the player says about the mistake
from the header of a patch in lab/pitfalls. There is a title for each recording.
"""

import argparse
import hashlib
import html
import json
import pathlib
import re
import sys

BUILT = pathlib.Path(__file__).resolve().parent / 'built'

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 0 auto; max-width: 92rem; padding: 0.5rem 0.75rem 1rem;
  font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
  background: light-dark(#fcfbf8, #12161c); color: light-dark(#1d2330, #e5e9f0) }}
h1 {{ display: inline; font-size: 1.1rem; margin: 0 0.8rem 0 0 }}
header {{ margin: 0 0 0.5rem; overflow-wrap: anywhere }}
</style>
<style>
{style}
</style>
</head>
<body>
<header><h1>{title}</h1> <code>{command}</code>, {system}</header>
<main>
<div class="player" id="player"><script type="application/json">{data}</script></div>
<noscript><p>To step through this recording, allow scripts on this page.</p></noscript>
</main>
<script>
{script}
</script>
</body>
</html>
"""


class Error(Exception):
    """What the user gets to read."""


def load(path):
    """A recording of the format that the player knows."""
    try:
        run = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise Error(f"cannot read '{path}': {error.strerror}") from error
    except ValueError as error:
        raise Error(f"'{path}' is no recording: {error}") from error
    if not isinstance(run, dict) or run.get('format') != 1:
        raise Error(f"'{path}' is no recording of format 1")
    return run


def candidates(directory, path):
    """The file, with each beginning of its path left out in turn."""
    parts = pathlib.PurePosixPath(path).parts
    for start in range(len(parts)):
        yield directory.joinpath(*parts[start:])


def find_source(directories, path, sha256):
    """The text of a source; None if no directory has it as it was recorded."""
    for directory in directories:
        for file in candidates(pathlib.Path(directory), path):
            data = file.read_bytes() if file.is_file() else b''
            if hashlib.sha256(data).hexdigest() == sha256:
                return data.decode(encoding='utf-8', errors='replace')
    return None


def sources_of(runs, directories):
    """The texts by their hashes, and the paths of those that are missing."""
    found, missing = {}, []
    for run in runs:
        for file in run['files']:
            text = find_source(directories, file['path'], file['sha256'])
            if text is None:
                missing.append(file['path'])
            else:
                found[file['sha256']] = text
    return found, missing


WORDS = {'Does': 'does', 'You will see': 'see', 'Rule': 'rule', 'Made by': 'made_by'}


def words_of(patch):
    """What the header of a pitfall's patch says, for the player."""
    header = re.split(r'^--- ', patch, maxsplit=1, flags=re.M)[0]
    fields = re.findall(r'^([A-Z][a-z ]*): (.*)$', header.replace('\n  ', ' '), re.M)
    return {WORDS[word]: text for word, text in fields if word in WORDS}


def for_script(value):
    """JSON that cannot end the element that it is in."""
    return json.dumps(value, ensure_ascii=False).replace('<', '\\u003c')


def page(runs, titles, sources, words):
    """The page. With two runs, the right one comes first."""
    data = {'view': 'beside' if len(runs) == 2 else 'alone',
            'runs': [{'title': title, 'run': run}
                     for title, run in zip(titles, runs)],
            'sources': sources}
    if words:
        data['words'] = words
    shown = runs[-1]
    script = (BUILT / 'player.js').read_text(encoding='utf-8')
    style = (BUILT / 'player.css').read_text(encoding='utf-8')
    return PAGE.format(
        title=html.escape(shown['program']), command=html.escape(shown['command']),
        system=html.escape(shown['system']), data=for_script(data),
        script=re.sub('</(?=script)', r'<\\/', script, flags=re.I),
        style=re.sub('</(?=style)', r'<\\/', style, flags=re.I))


def arguments(argv):
    parser = argparse.ArgumentParser(prog='play.py', allow_abbrev=False)
    parser.add_argument('run')
    parser.add_argument('right', nargs='?')
    parser.add_argument('--sources', nargs='+', default=[], metavar='DIR')
    parser.add_argument('--pitfall', metavar='PATCH')
    parser.add_argument('--titles', nargs='+', default=[], metavar='TITLE')
    parser.add_argument('--out', required=True, metavar='FILE')
    return parser.parse_args(argv)


def make(options):
    runs = [load(path) for path in (options.right, options.run) if path]
    titles = options.titles or [run['program'] for run in runs]
    if len(titles) != len(runs):
        raise Error(f'{len(runs)} recordings need {len(runs)} titles')
    sources, missing = sources_of(runs, options.sources)
    for path in missing:
        print(f"play.py: '{path}' is not as it was recorded: the page shows no "
              'source', file=sys.stderr)
    try:
        words = options.pitfall and words_of(
            pathlib.Path(options.pitfall).read_text(encoding='utf-8'))
        pathlib.Path(options.out).write_text(
            page(runs, titles, sources, words), encoding='utf-8')
    except OSError as error:
        raise Error(f"cannot use '{error.filename}': {error.strerror}") from error


def main(argv):
    try:
        make(arguments(argv))
    except Error as error:
        print(f'play.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Prints where a page is, and opens it in the browser if there is a screen:

    open.py PAGE.html RUN.json
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import webbrowser


def has_screen():
    return sys.platform in ('darwin', 'win32') or any(
        os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY'))


def is_wsl():
    return 'microsoft' in platform.release().lower()


def show(page):
    """From WSL, Windows opens the page with its own browser."""
    if is_wsl():
        path = subprocess.run(['wslpath', '-w', page], check=True, encoding='utf-8',
                              stdout=subprocess.PIPE).stdout.strip()
        # explorer.exe exits with 1 even if it has opened the page.
        subprocess.run(['explorer.exe', path], check=False)
    elif has_screen():
        webbrowser.open(page.as_uri())
    else:
        print('play: open it in a browser; it needs no network')


def main(page, run):
    with open(run, encoding='utf-8') as file:
        recorded = json.load(file)
    findings = sum(event['kind'] == 'finding' for event in recorded['events'])
    ended = {'exit': f'exit status {recorded["status"]}', 'crash': 'it crashed',
             'killed': 'it was ended'}[recorded['ended']]
    finder = 'explorer' if recorded['io'] == 'explorer' else 'checker'
    mistakes = f'{findings} mistake{"" if findings == 1 else "s"} found by the {finder}'
    print(f'play: {page}: {ended}, {mistakes}', flush=True)
    show(pathlib.Path(page).resolve())
    return 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'open: {error}')

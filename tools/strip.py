#!/usr/bin/env python3
"""Writes the paper strip "Whose is the request now?": docs/strip.svg and strip.pdf.

    strip.py [--check]

One list of shapes, drawn two times. The page is A4, on its side; the unit is a point.
"""

import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
WIDTH, HEIGHT = 842, 595
LEFT, TOP, CELL = 25, 90, 99

# What has happened, and the answer.
CELLS = [
    (['overlapped_pack', 'has returned'], ['main: it has', 'packed it']),
    (['ReadFile returns', 'FALSE, error 997'], ['the kernel: it is', 'in flight']),
    (['ReadFile returns', 'TRUE'], ['the kernel: a', 'packet comes']),
    (['ReadFile returns', 'FALSE, error 5'], ['the caller: no', 'packet comes']),
    (['The packet is', 'in the port'], ['no thread yet:', 'do not touch it']),
    (['A worker calls', 'the callback'], ['the callback:', 'it may free it']),
    (['The callback calls', 'ReadFile: 997'], ['the kernel: leave', 'the callback']),
    (['overlapped_free', 'has returned'], ['no owner: the', 'address is free']),
]


def shapes():
    """Texts, boxes, circles and a dashed line; y grows downwards."""
    yield 'text', 20, LEFT, 45, 'Whose is the request now?'
    yield ('text', 11, LEFT, 68, 'Cut out the strip, and fold the answers back. Put '
           'a coin on each circle in turn, and say who owns the request.')
    for number, (happened, answer) in enumerate(CELLS):
        x = LEFT + number * CELL
        yield 'box', x, TOP, CELL, 230
        yield 'text', 18, x + 8, TOP + 24, str(number + 1)
        for line, text in enumerate(happened):
            yield 'text', 9, x + 8, TOP + 45 + 13 * line, text
        yield 'circle', x + CELL / 2, TOP + 120, 32
        for line, text in enumerate(answer):
            yield 'text', 9, x + 8, TOP + 200 + 13 * line, text
    yield 'dashes', LEFT, TOP + 178, LEFT + CELL * len(CELLS)
    yield 'text', 9, LEFT, TOP + 250, 'The dashed line is the fold.'


def svg():
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="Helvetica, Arial, sans-serif">',
             '<title>Whose is the request now?</title>',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             '<g fill="none" stroke="#000">']
    texts = []
    for kind, *rest in shapes():
        if kind == 'text':
            size, x, y, text = rest
            texts.append(f'<text x="{x:g}" y="{y:g}" font-size="{size:g}">'
                         f'{text}</text>')
        elif kind == 'box':
            x, y, width, height = rest
            lines.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" '
                         f'height="{height:g}"/>')
        elif kind == 'circle':
            x, y, radius = rest
            lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')
        else:
            x, y, to = rest
            lines.append(f'<path d="M{x:g} {y:g}H{to:g}" stroke-dasharray="6 4"/>')
    return '\n'.join([*lines, '</g>', *texts, '</svg>', '']).encode()


def circle_in_pdf(x, y, radius):
    """Four curves; 0.5523 makes them a circle to the eye."""
    near = 0.5523
    corners = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]

    def at(dx, dy):
        return f'{x + radius * dx:.2f} {y + radius * dy:.2f}'

    curves = [f'{at(ax + near * bx, ay + near * by)} '
              f'{at(bx + near * ax, by + near * ay)} {at(bx, by)} c'
              for (ax, ay), (bx, by) in zip(corners, corners[1:])]
    return ' '.join([at(1, 0), 'm', *curves, 'S'])


def drawing():
    for kind, *rest in shapes():
        if kind == 'text':
            size, x, y, text = rest
            yield f'BT /F1 {size:g} Tf {x:g} {HEIGHT - y:g} Td ({text}) Tj ET'
        elif kind == 'box':
            x, y, width, height = rest
            yield f'{x:g} {HEIGHT - y - height:g} {width:g} {height:g} re S'
        elif kind == 'circle':
            x, y, radius = rest
            yield circle_in_pdf(x, HEIGHT - y, radius)
        else:
            x, y, to = rest
            yield f'[6 4] 0 d {x:g} {HEIGHT - y:g} m {to:g} {HEIGHT - y:g} l S [] 0 d'


def pdf():
    content = '\n'.join(drawing())
    objects = [
        '<< /Type /Catalog /Pages 2 0 R >>',
        '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] '
        '/Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
        '\n'.join([f'<< /Length {len(content)} >>', 'stream', content, 'endstream']),
        '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ]
    out, places = '%PDF-1.4\n', []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += '\n'.join([f'{number} 0 obj', text, 'endobj', ''])
    table = ''.join(f'{place:010} 00000 n \n' for place in places)
    size = len(objects) + 1
    return '\n'.join([f'{out}xref', f'0 {size}', f'0000000000 65535 f \n{table}trailer',
                      f'<< /Size {size} /Root 1 0 R >>', 'startxref', str(len(out)),
                      '%%EOF', '']).encode('ascii')


def main():
    stale = False
    for name, made in (('strip.svg', svg()), ('strip.pdf', pdf())):
        path = DOCS / name
        if path.exists() and path.read_bytes() == made:
            continue
        stale = True
        if '--check' in sys.argv[1:]:
            print(f'docs/{name} is out of date: type make docs')
        else:
            path.write_bytes(made)
    return stale and '--check' in sys.argv[1:]


if __name__ == '__main__':
    sys.exit(main())

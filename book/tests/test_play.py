"""play.py: which sources it takes, and what it writes."""

import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import tempfile
import unittest

BOOK = pathlib.Path(__file__).resolve().parent.parent


def load_play():
    spec = importlib.util.spec_from_file_location('play', BOOK / 'play.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


play = load_play()
SOURCE = 'int main(void); /* </script> */\n'


def recording(path='mine/main.c', text=SOURCE, **more):
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {'format': 1, 'program': 'step5-readfile', 'command': 'make play <5>',
            'system': 'Wine 8.0', 'files': [{'path': path, 'sha256': sha256}],
            'events': [], **more}


class PlayTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.top = pathlib.Path(self.directory.name)
        self.out = self.top / 'page.html'
        (self.top / 'mine').mkdir()
        (self.top / 'mine' / 'main.c').write_text(SOURCE)
        self.built = play.BUILT
        play.BUILT = self.top / 'built'
        play.BUILT.mkdir()
        (play.BUILT / 'player.js').write_text('let x = "</script>";')
        (play.BUILT / 'player.css').write_text('.player { color: red }')

    def tearDown(self):
        play.BUILT = self.built

    def save(self, name, run):
        path = self.top / name
        path.write_text(json.dumps(run))
        return str(path)

    def run_play(self, *arguments):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            status = play.main([*arguments, '--out', str(self.out)])
        return status, errors.getvalue()

    def data(self):
        page = self.out.read_text()
        start = page.index('application/json">') + len('application/json">')
        return json.loads(page[start:page.index('</script>', start)])

    def test_the_page_has_the_run_its_source_and_the_player(self):
        run = self.save('run.json', recording())
        self.assertEqual((0, ''), self.run_play(run, '--sources', str(self.top)))
        data = self.data()
        self.assertEqual('alone', data['view'])
        self.assertEqual([SOURCE], list(data['sources'].values()))
        self.assertEqual(recording(), data['runs'][0]['run'])
        page = self.out.read_text()
        self.assertIn('<code>make play &lt;5&gt;</code>', page)
        self.assertIn('.player { color: red }', page)

    def test_no_text_in_the_page_ends_a_script(self):
        run = self.save('run.json', recording())
        self.run_play(run, '--sources', str(self.top))
        page = self.out.read_text()
        self.assertEqual(page.count('<script'), page.count('</script>'))
        self.assertIn('<\\/script>', page)

    def test_the_right_run_comes_first(self):
        mine = self.save('mine.json', recording(program='mine'))
        right = self.save('right.json', recording(program='right'))
        self.run_play(mine, right, '--sources', str(self.top))
        data = self.data()
        self.assertEqual('beside', data['view'])
        self.assertEqual(['right', 'mine'], [run['title'] for run in data['runs']])

    def test_a_source_is_found_in_a_directory_that_its_path_names(self):
        run = self.save('run.json', recording('mine/main.c'))
        self.assertEqual(
            (0, ''), self.run_play(run, '--sources', str(self.top / 'mine')))

    def test_a_changed_source_is_left_out(self):
        run = self.save('run.json', recording(text='int other;\n'))
        status, errors = self.run_play(run, '--sources', str(self.top))
        self.assertEqual(0, status)
        self.assertEqual("play.py: 'mine/main.c' is not as it was recorded: the page "
                         "shows no source\n", errors)
        self.assertEqual({}, self.data()['sources'])

    def test_a_pitfall_explains_itself(self):
        patch = self.top / 'x.patch'
        patch.write_text('Does: Adds\n  one.\nYou will see: A crash.\nRule: 1. a\n'
                         'Made by: us\nRun: IO=wine\n\n--- main.c\nDoes: no\n')
        run = self.save('run.json', recording())
        self.run_play(run, run, '--pitfall', str(patch), '--sources', str(self.top))
        self.assertEqual({'does': 'Adds one.', 'see': 'A crash.', 'rule': '1. a',
                          'made_by': 'us'}, self.data()['words'])

    def test_a_failure_is_one_line(self):
        for text in ('', '[]', '{"format": 2}'):
            (self.top / 'bad.json').write_text(text)
            status, errors = self.run_play(str(self.top / 'bad.json'))
            self.assertEqual(1, status)
            self.assertIn('is no recording', errors)
            self.assertEqual(1, errors.count('\n'))
        status, errors = self.run_play(str(self.top / 'missing.json'))
        self.assertEqual(1, status)
        self.assertIn('No such file', errors)
        self.assertFalse(self.out.exists())

    def test_a_title_for_each_recording(self):
        run = self.save('run.json', recording())
        status, errors = self.run_play(run, '--titles', 'a', 'b')
        self.assertEqual((1, 'play.py: 1 recordings need 1 titles\n'),
                         (status, errors))


if __name__ == '__main__':
    unittest.main()

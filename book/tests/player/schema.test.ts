// Every recorded run, as its file has it, fits lab/trace/run.schema.json.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { files } from './runs.ts';

const schema = JSON.parse(
  readFileSync('../lab/trace/run.schema.json', 'utf8'),
) as object;
const fits = new Ajv2020().compile(schema);

for (const file of files)
  test(`${path.basename(file)} fits the schema`, () => {
    fits(JSON.parse(readFileSync(file, 'utf8')));
    assert.deepEqual(fits.errors ?? [], []);
  });

// Makes JavaScript of programs in TypeScript: Node.js 20 cannot run TypeScript.
import { build } from 'esbuild';

/** Each program becomes one file, which finds its packages in node_modules. The
 * options are esbuild's. */
export const bundle = (options) =>
  build({
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
    ...options,
  });

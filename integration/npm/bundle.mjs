// Makes one script of each example and what it imports, as the README advises: node bundle.mjs PACKAGES OUTPUT
// PACKAGES is a folder with what package-lock.json lists, installed there. A script NAME.js registers the method NAME.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ajvValidators, handlebarsTemplates } from './precompiled.mjs';

const [packages, output] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(packages, 'package.json'));
const examples = join(dirname(fileURLToPath(import.meta.url)), 'examples');
const generated = join(output, 'generated');

mkdirSync(generated, { recursive: true });
writeFileSync(join(generated, 'handlebars.cjs'), handlebarsTemplates(require));
writeFileSync(join(generated, 'ajv.cjs'), ajvValidators(require));

const names = readdirSync(examples).map((file) => basename(file, '.mjs'));
const { build } = require('esbuild');
await build({
  entryPoints: names.map((name) => ({ in: `example:${name}`, out: name })),
  outdir: output,
  bundle: true,
  format: 'iife',
  target: 'es2023',
  nodePaths: [join(packages, 'node_modules')],
  alias: { generated },
  logLevel: 'warning',
  plugins: [{
    name: 'entries',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^example:/ }, ({ path }) => ({ path: path.slice('example:'.length), namespace: 'entry' }));
      onLoad({ filter: /./, namespace: 'entry' }, ({ path }) => ({
        contents: `import example from './${path}.mjs'; madrpc.register('${path}', example);`,
        resolveDir: examples,
      }));
    },
  }],
});

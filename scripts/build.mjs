// Bundles Slipway into one file, dist/slipway.js: what the published package and the images run. Parts with native code
// stay packages beside it. The same sources give the same bytes.
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { root } from './setup.mjs'

/** Packages with native code, which no bundle can hold. */
const EXTERNAL = ['onnxruntime-node']

const { values } = parseArgs({
  options: {
    entry: { type: 'string', default: join(root, 'src/cli/main.ts') },
    out: { type: 'string', default: join(root, 'dist') },
  },
})
const out = resolve(values.out)
mkdirSync(out, { recursive: true })
const folder = mkdtempSync(join(out, '.build-'))
try {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    envDir: false,
    publicDir: false,
    ssr: { noExternal: true, external: EXTERNAL, target: 'node' },
    build: {
      ssr: resolve(values.entry),
      outDir: folder,
      emptyOutDir: true,
      target: 'node26',
      minify: false,
      sourcemap: false,
      license: { fileName: 'THIRD-PARTY-LICENSES.md' },
      rolldownOptions: {
        // most processes need a part only: what a part does not need is not compiled ahead
        optimization: { pifeForModuleWrappers: false },
        external: [...EXTERNAL, ...builtinModules, /^node:/],
        output: {
          format: 'es',
          entryFileNames: 'slipway.js',
          codeSplitting: false,
          // names stay, for stack traces; space and comments would be read at each start of each process
          minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
        },
      },
    },
  })
  // Each file appears whole, the program last.
  for (const name of ['THIRD-PARTY-LICENSES.md', 'slipway.js']) {
    chmodSync(join(folder, name), 0o644)
    renameSync(join(folder, name), join(out, name))
  }
  const { size } = statSync(join(out, 'slipway.js'))
  process.stderr.write(`built ${join(out, 'slipway.js')} (${(size / 1024).toFixed(0)} KiB)\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

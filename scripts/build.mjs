// Bundles Slipway into dist/: slipway.js, which starts everything, the parts of the program (parts.mjs), runner/ for code in
// Python and slipway.d.ts for code in TypeScript; what the published package and the images run. Packages with native code
// stay beside them. The same sources give the same bytes.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { createPartOf, joinParts } from './parts.mjs'
import { root } from './setup.mjs'

/** Packages with native code, which no bundle can hold. */
const EXTERNAL = ['onnxruntime-node']
/** What starts everything. */
const STARTER_FILE = 'slipway.js'

/** As the bundler calls the module that the program begins with; no file is left of it. */
const ENTRY = 'entry.js'

/** What runs code in Python; the program looks for it beside itself. */
const RUNNER = 'runner'

/** The types of what code in TypeScript imports. */
const TYPES = 'slipway.d.ts'

/**
 * Starts the program. V8's compiled form of it is kept beside it for processes that people wait for, which saves each of
 * them 15 to 20 ms, and one that tries a model 50; whoever can write there could change the program itself. Where nobody can,
 * nothing is kept.
 */
const STARTER = `// Starts Slipway, with what V8 made of it the last time where that could be kept.
const [command, kind] = process.argv.slice(2)
if (/^(serve|up|deploy)$/.test(command) || /^(runner|control|probation)$/.test(kind))
  process.getBuiltinModule('node:module').enableCompileCache(import.meta.dirname + '/.compiled')
`

const { values } = parseArgs({
  options: {
    entry: { type: 'string', default: join(root, 'src/cli/main.ts') },
    out: { type: 'string', default: join(root, 'dist') },
  },
})
const sources = readSources()
const used = usedOfBuiltins(sources)
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
    plugins: [builtinsOnDemand(used)],
    define: { SLIPWAY_BUILD: JSON.stringify(digestOf(sources)) },
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
        onLog: (level, log, print) => {
          if (log.code === 'IMPORT_IS_UNDEFINED') throw new Error(log.message)
          // parts are made by PARTS, not by what is imported how
          if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') print(level, log)
        },
        // most processes need a part only: what a part does not need is not compiled ahead
        optimization: { pifeForModuleWrappers: false },
        external: (id, importer) => EXTERNAL.includes(id) || (isBuiltin(id) && !isOnDemand(id, importer)),
        output: {
          format: 'es',
          entryFileNames: ENTRY,
          strictExecutionOrder: true,
          chunkFileNames: '[name].js',
          codeSplitting: {
            includeDependenciesRecursively: false,
            groups: [{ debugName: 'parts', name: createPartOf(root) }],
          },
          // names stay, for stack traces; space and comments would be read at each start of each process
          minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
        },
      },
    },
  })
  const bundled = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, withoutWideText(readFileSync(join(folder, name), 'utf8'))]),
  )
  const { parts, start } = joinParts(bundled, ENTRY)
  for (const name of bundled.keys()) rmSync(join(folder, name))
  for (const [name, text] of [...parts, [STARTER_FILE, STARTER + start + '\n']]) writeFileSync(join(folder, name), text)
  const runner = join(folder, RUNNER)
  cpSync(join(root, 'src/engines/python', RUNNER), runner, {
    recursive: true,
    filter: (path) => !path.endsWith('__pycache__'),
  })
  cpSync(join(root, 'src/engines/typescript', TYPES), join(folder, TYPES))
  rmSync(join(out, RUNNER), { recursive: true, force: true })
  renameSync(runner, join(out, RUNNER))
  // Each file appears whole, the one that starts the others last. Parts that are no more go.
  const names = ['THIRD-PARTY-LICENSES.md', TYPES, ...parts.keys(), STARTER_FILE]
  for (const name of names) {
    chmodSync(join(folder, name), 0o644)
    renameSync(join(folder, name), join(out, name))
  }
  for (const name of readdirSync(out)) if (name.endsWith('.js') && !names.includes(name)) rmSync(join(out, name))
  const sizes = [...parts].map(([name, text]) => `${name} ${(text.length / 1024).toFixed(0)} KiB`)
  process.stderr.write(`built ${join(out, STARTER_FILE)} (${sizes.join(', ')})\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Text of each source file by its path, in one order everywhere. */
function readSources() {
  const from = join(root, 'src')
  const paths = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test|\.fixture)\.(?:[jt]s|py)$/.test(entry.name))
    .map((entry) => relative(from, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(from, path), 'utf8')]))
}

/** What tells one build from every other. */
function digestOf(files) {
  return createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex')
}

/** What the sources import of Node's own modules: names by module, where all who import it name what they use. */
function usedOfBuiltins(files) {
  const used = new Map()
  const whole = new Set()
  for (const text of files.values())
    for (const [, names, id] of text.matchAll(/^import \{([^}]*)\} from '(node:[a-z0-9/_]+)'/gm))
      for (const name of names.split(',')) {
        const [exported] = name.trim().split(/\s+as\s+/)
        if (exported !== '' && !exported.startsWith('type ')) used.set(id, (used.get(id) ?? new Set()).add(exported))
      }
  for (const text of files.values())
    for (const [, id] of text.matchAll(/^import (?!type |\{)[^'"]*? from '(node:[a-z0-9/_]+)'/gm)) whole.add(id)
  for (const id of whole) used.delete(id)
  return used
}

/** Whether an import is one of our own sources'; what the bundler itself needs must be there before anything else. */
function isOnDemand(id, importer) {
  return used.has(id) && importer !== undefined && importer.startsWith(join(root, 'src'))
}

/**
 * Takes what is used of Node's own modules, when the first part that uses it is run. An `import` would take every export
 * of every module before anything runs, and some exports load a good deal of Node: 10 ms in each process.
 */
function builtinsOnDemand(used) {
  const prefix = '\0on-demand:'
  return {
    name: 'builtins-on-demand',
    enforce: 'pre',
    resolveId: (id, importer, { kind }) =>
      kind === 'import-statement' && isOnDemand(id, importer) ? prefix + id : undefined,
    load(id) {
      if (!id.startsWith(prefix)) return undefined
      const name = id.slice(prefix.length)
      const exports = [...used.get(name)].map((each) => `export const ${each} = builtin.${each}\n`)
      return `const builtin = process.getBuiltinModule(${JSON.stringify(name)})\n${exports.join('')}`
    },
  }
}

/** One character beyond ASCII would have all of the program held in two bytes for each character, and read more slowly. */
function withoutWideText(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

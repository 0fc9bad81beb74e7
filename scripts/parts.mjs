// The program's parts, each a file of dist/: what a process loads before it is ready is a part of its own, so that nobody
// who serves a model waits for what compiles one.
import { join } from 'node:path'

/** Name of each part, and the modules that it begins with; what they import is in it too, unless an earlier part has it. */
const PARTS = [
  [
    'program', // starts everything, and supervises
    [
      'src/cli/main.ts',
      'src/cli/run.ts',
      'src/cli/serve.ts',
      'src/server/locate-models.ts',
      'src/server/plan-model.ts',
      'src/server/sweep.ts',
    ],
  ],
  ['speaking', ['src/cli/curl-line.ts']], // the codecs, by which `serve` says what to try
  ['serving', ['src/server/runner.ts', 'src/server/grpc.ts', 'src/telemetry/tracer.ts']],
  [
    'platform', // of the platform's supervisor and runners, besides what a server has
    [
      'src/cli/up.ts',
      'src/server/platform/runner-part.ts',
      'src/server/platform/gate.ts',
      'src/server/platform/crews.ts',
    ],
  ],
  [
    'asking', // the command line of the platform
    [
      'src/cli/deploy.ts',
      'src/cli/apply.ts',
      'src/cli/get.ts',
      'src/cli/describe.ts',
      'src/cli/rollout.ts',
      'src/cli/undo.ts',
      'src/cli/label.ts',
      'src/cli/delete.ts',
      'src/cli/logs.ts',
      'src/cli/events.ts',
      'src/cli/audit.ts',
      'src/cli/top.ts',
      'src/cli/ca.ts',
    ],
  ],
  ['controlling', ['src/server/platform/control.ts', 'src/storage/s3.ts']],
  ['making', []], // all other commands and processes: reads, compiles and packs models
]

/** What control alone loads, when it is asked to. */
const OF_CONTROL = /\/src\/control\/|\/node_modules\/(@aws[\w-]*|@smithy|pg|pg-[\w-]+|pgpass|postgres-[\w-]+|kysely)\//

/** The part that a process starts with. */
export const FIRST_PART = PARTS[0][0]
const LAST_PART = PARTS.at(-1)[0]

/** For the bundler: the name of the part that a module is in. */
export function createPartOf(root) {
  let parts
  return (id, context) => {
    if (parts === undefined) {
      parts = new Map()
      for (const [part, paths] of PARTS)
        for (const each of closure(
          paths.map((path) => join(root, path)),
          context,
        ))
          if (!parts.has(each)) parts.set(each, part)
    }
    // builtins that a part asks for when it needs them: whoever is first has them for all
    if (id === '\0on-demand:node:stream') return FIRST_PART
    return parts.get(id) ?? (id.startsWith('\0rolldown') ? FIRST_PART : OF_CONTROL.test(id) ? 'controlling' : LAST_PART)
  }
}

function closure(ids, context) {
  const found = new Set(ids)
  for (const id of found) for (const each of context.getModuleInfo(id)?.importedIds ?? []) found.add(each)
  return found
}

/**
 * The bundler makes a file for each module that is imported on demand, which says in which part that is and initialises
 * it. Here the one who imports says so: each file more would cost each start half a millisecond.
 * @param {ReadonlyMap<string, string>} files text by file name, as they were bundled
 * @param {string} entry name of the file that the program began with
 * @returns the parts, and the statement that starts the program
 */
export function joinParts(files, entry) {
  const parts = new Map()
  const facades = new Map()
  let start
  for (const [name, text] of files) {
    const facade = facadeOf(text)
    if (facade === undefined) parts.set(name, text)
    else if (name === entry) start = facade
    else facades.set(name, facade)
  }
  if (start === undefined) throw new Error(`${entry} is not what the bundler was expected to write`)
  for (const [name, text] of parts)
    parts.set(
      name,
      text.replace(/\bimport\([`"']\.\/([\w.-]+)[`"']\)/g, (whole, target) => {
        const facade = facades.get(target)
        return facade === undefined ? whole : expressionOf(facade)
      }),
    )
  return { parts, start: `await ${expressionOf(start)}` }
}

/** What such a file imports from which part, what it calls and what it exports; undefined for a part. */
function facadeOf(text) {
  const [, theirs, source] =
    /^import\{(\w+)(?: as \w+)?\}from"(\.\/[\w.-]+)";export default \w+\(\);export\{\};?\s*$/.exec(text) ?? []
  // a package of CommonJS is what its one function returns
  if (theirs !== undefined) return { from: source, calls: [], exported: [['default', `${theirs}()`]] }
  const [, imports, from, calls, exported] =
    /^import\{([^}]*)\}from"(\.\/[\w.-]+)";((?:(?:await )?\w+\(\);)*)export\{([^}]*)\};?\s*$/.exec(text) ?? []
  if (imports === undefined) return undefined
  const byLocal = new Map(pairsOf(imports).map(([theirs, local]) => [local, theirs]))
  return {
    from,
    calls: [...calls.matchAll(/(\w+)\(\);/g)].map(([, local]) => byLocal.get(local)),
    exported: pairsOf(exported).map(([local, name]) => [name, byLocal.get(local)]),
  }
}

/** `a as b, c` as pairs. */
function pairsOf(list) {
  return list
    .split(',')
    .filter((each) => each !== '')
    .map((each) => {
      const [from, to = from] = each.trim().split(' as ')
      return [from, to]
    })
}

function expressionOf({ from, calls, exported }) {
  const members = exported.map(([name, theirs]) => `get ${name}(){return part.${theirs}}`)
  const results = [...calls.map((name) => `await part.${name}()`), `{${members.join(',')}}`]
  return `import(${JSON.stringify(from)}).then(async part=>(${results.join(',')}))`
}

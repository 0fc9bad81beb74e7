import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { MODE } from '../tar.ts'
import type { TarEntry } from '../tar.ts'

export interface PrecompileOptions {
  /** A Python of this machine, of the version that the image has. */
  readonly python: string
  readonly version: readonly [number, number]
  readonly isFreeThreaded: boolean
  /** Folder for what is made, under names of no meaning. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** Compiles without running; what does not compile, such as templates, is left as it is. */
const SCRIPT = `import json, py_compile, sys, sysconfig
if list(sys.version_info[:2]) != json.loads(sys.argv[1]) or bool(sysconfig.get_config_var("Py_GIL_DISABLED")) != (sys.argv[2] == "t"):
    sys.exit("it is Python %d.%d" % sys.version_info[:2])
for source, target, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, target, name, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError, UnicodeError):
        pass
`

/**
 * What Python would make of packages' modules at each start, made once. Modules are compiled, not run. The same Python
 * makes the same bytes; another release of it may make others.
 * @param entries files of packages, as they lie in the image
 * @throws {ServingError} `unsupported` when this machine's Python is of another version
 */
export async function precompile(
  entries: readonly (TarEntry & { readonly kind: 'file' })[],
  { python, version, isFreeThreaded, folder, signal }: PrecompileOptions,
): Promise<TarEntry[]> {
  const suffix = `cpython-${version.join('')}${isFreeThreaded ? 't' : ''}.pyc`
  const modules = entries
    .filter(({ path }) => path.endsWith('.py') && path.includes('/site-packages/'))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, from }, i) => ({
      from,
      shown: `/${path}`,
      made: join(folder, `compiled-${i}`),
      to: `${posix.dirname(path)}/__pycache__/${posix.basename(path, '.py')}.${suffix}`,
    }))
  const jobs = JSON.stringify(modules.map(({ from, made, shown }) => [from, made, shown]))
  await run(python, ['-s', '-W', 'ignore', '-c', SCRIPT, JSON.stringify(version), isFreeThreaded ? 't' : ''], {
    folder,
    input: jobs,
    signal,
    wanted: version.join('.'),
  })
  const found: TarEntry[] = []
  for (const { made, to } of modules) {
    const file = await stat(made).catch(() => undefined)
    if (file !== undefined) found.push({ kind: 'file', path: to, mode: MODE.file, from: made, sizeBytes: file.size })
  }
  return found
}

interface RunOptions {
  readonly folder: string
  readonly input: string
  readonly signal: AbortSignal
  readonly wanted: string
}

function run(python: string, args: readonly string[], { folder, input, signal, wanted }: RunOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // the order of sets must not hang on chance
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', PYTHONHASHSEED: '0', LANG: 'C.UTF-8' }
    const child = spawn(python, args, { cwd: folder, env, stdio: ['pipe', 'ignore', 'pipe'], signal })
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2048)))
    child.stdin.on('error', () => {}) // its end says why
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) return resolve()
      if (signal.aborted) return
      const why = words.trim().split('\n').at(-1) ?? ''
      reject(
        new ServingError(
          'unsupported',
          `${quote(python)} cannot compile for Python ${wanted} (${why}); name one of that version by --python, or leave --precompile out`,
        ),
      )
    })
  })
}

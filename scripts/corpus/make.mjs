// Makes the corpus: models of every kind, trained by each scikit-learn version in an environment of its own, with what the
// original library answers. Goes to .bench/corpus; the environments lie in .bench/corpus-venvs.
//   node scripts/corpus/make.mjs [--version 1.5.2]… [--filter text]
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../setup.mjs'

const { values: options } = parseArgs({
  options: { version: { type: 'string', multiple: true }, filter: { type: 'string', default: '' } },
})
const here = join(root, 'scripts/corpus')
const versions = JSON.parse(readFileSync(join(here, 'versions.json'), 'utf8'))

/** What every environment holds beside the versions above; named one by one, as xgboost would bring a GPU library along. */
const OTHERS = {
  joblib: '1.6.0',
  cloudpickle: '',
  lz4: '',
  threadpoolctl: '',
  packaging: '',
  narwhals: '',
  'python-dateutil': '',
  pytz: '',
  six: '',
  'sklearn-compat': '',
  tzdata: '',
}

for (const version of options.version ?? Object.keys(versions)) {
  try {
    const python = await makeEnvironment(version)
    const target = join(root, '.bench/corpus', version)
    await run(python, [join(here, 'generate.py'), target, options.filter])
  } catch (error) {
    process.stderr.write(`${version}: ${error.message}\n`)
    process.exitCode = 1
  }
}

/** The Python of a version's environment, made where it is not there or was made from other packages. */
async function makeEnvironment(version) {
  const wanted = { 'scikit-learn': version, ...versions[version], ...OTHERS }
  const packages = Object.entries(wanted).map(([name, of]) => (of === '' ? name : `${name}==${of}`))
  const folder = join(root, '.bench/corpus-venvs', version)
  const python = join(folder, 'bin/python')
  const stamp = join(folder, 'installed.txt')
  const fingerprint = packages.join('\n')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return python
  process.stderr.write(`making the environment of scikit-learn ${version}\n`)
  rmSync(folder, { recursive: true, force: true })
  await run(process.env.SLIPWAY_PYTHON3 ?? 'python3', ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', 'uv==0.13.8'])
  await run(python, ['-m', 'uv', 'pip', 'install', '--quiet', '--no-deps', '--python', python, ...packages])
  writeFileSync(stamp, fingerprint)
  return python
}

/** One process at a time, of little weight: whoever makes a corpus also works on the machine. */
function run(program, args) {
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    PYTHONHASHSEED: '0',
    UV_LINK_MODE: 'hardlink',
  }
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '15', program, ...args], { stdio: 'inherit', env })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}`))))
  })
}

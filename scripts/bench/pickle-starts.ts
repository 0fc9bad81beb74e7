/**
 * A logistic regression in the file that scikit-learn's users have, a pickle: how long Slipway and Python take from the
 * start of the process to the first right answer.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { UVICORN } from './peers.ts'
import { FOLDER, ROOT } from './paths.ts'
import { memoryBytes, proportionalBytes, treeOf } from './proc.ts'
import { QUIET_PYTHON, setUpPython } from './python.ts'
import type { Exchange } from './question.ts'
import type { StartFacts } from './results.ts'
import { tolerate, type Run } from './run.ts'
import { shuffledRounds } from './schedule.ts'
import { startServer, type ServerPlan } from './servers.ts'
import { START_SECONDS } from './starts.ts'

/** As the tables call it. */
const MODEL = 'logistic regression, .pkl'
const FILE = join(ROOT, 'test/models/demo/iris_logreg.pkl')
const PEER = join(import.meta.dirname, 'peers/fastapi-joblib')

/** Compiled models, of this alone. */
const DATA = join(FOLDER, 'data-pickle')

/** Servers that are started. */
const SERVERS = 2

/** Both take rows as TensorFlow Serving does, so both are asked the same. */
const EXCHANGE: Exchange = {
  path: '/v1/models/iris_logreg:predict',
  headers: { 'content-type': 'application/json' },
  body: '{"instances":[[5.8,2.8,5.1,2.4]]}',
  check: ({ status, text }) =>
    status === 200 && text === '{"predictions":["virginica"]}' ? undefined : `status ${status}: ${text.slice(0, 200)}`,
}
const exchanges = new Map([[1, EXCHANGE]])

/** What `measurePickleStarts` should take (s). */
export function pickleStartSeconds(starts: number): number {
  return (SERVERS * starts + 1) * START_SECONDS
}

/** Starts both in turn, again and again; Slipway once more before, when it reads and compiles the file. */
export async function measurePickleStarts(run: Run, entry: string): Promise<StartFacts[]> {
  const { starts, seed } = run.options
  const python = await tolerate(run, 'fastapi-joblib', 'set-up', () =>
    setUpPython({ name: 'fastapi-joblib', requirements: join(PEER, 'requirements.txt') }, FOLDER, run.signal),
  )
  const plans = [slipwayPlan(entry), ...(python === undefined ? [] : [pythonPlan(python)])]
  const facts = new Map<string, StartFacts>()
  run.timeline.begin(START_SECONDS, `${MODEL}: first start of Slipway`)
  rmSync(DATA, { recursive: true, force: true })
  const first = await tolerate(run, 'slipway', MODEL, () => startOnce(slipwayPlan(entry), run.signal))
  for (const [round, turns] of shuffledRounds(plans, starts, seed).entries())
    for (const plan of turns) {
      run.timeline.begin(START_SECONDS, `${MODEL}: start ${round + 1} of ${starts}: ${plan.name}`)
      const found = await tolerate(run, plan.name, `start with ${MODEL}`, () => startOnce(plan, run.signal))
      if (found === undefined) continue
      const { startMs = [] } = facts.get(plan.name) ?? {}
      const firstStartMs = plan.name === 'slipway' ? first?.startMs[0] : undefined
      facts.set(plan.name, { ...found, startMs: [...startMs, ...found.startMs], firstStartMs })
    }
  return [...facts.values()]
}

async function startOnce(plan: ServerPlan, signal: AbortSignal): Promise<StartFacts> {
  const server = await startServer(plan, signal)
  try {
    const tree = treeOf(server.pid)
    const memory = { memoryBytes: memoryBytes(tree), proportionalBytes: proportionalBytes(tree) }
    return { server: plan.name, model: MODEL, startMs: [server.startMs], firstStartMs: undefined, ...memory }
  } finally {
    await server.stop()
  }
}

function slipwayPlan(entry: string): ServerPlan {
  return {
    name: 'slipway',
    command: process.execPath,
    args: (port) => [entry, 'serve', FILE, '--port', `${port}`, '--data', DATA],
    env: (_port, [grpcPort]) => ({ SLIPWAY_GRPC_PORT: `${grpcPort}` }),
    exchanges,
    longestStartMs: 120_000,
    logFile: join(FOLDER, 'logs', 'slipway-pickle.log'),
  }
}

function pythonPlan(python: string): ServerPlan {
  return {
    name: 'fastapi-joblib',
    command: python,
    args: (port) => `-m uvicorn app:app --host 127.0.0.1 --port ${port} ${UVICORN}`.split(' '),
    cwd: PEER,
    env: () => ({ ...QUIET_PYTHON, MODEL_FILE: FILE }),
    exchanges,
    logFile: join(FOLDER, 'logs', 'fastapi-joblib.log'),
  }
}
